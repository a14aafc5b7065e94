"""Other compilers for IonQ's gates, each as a function of a textbook circuit.

Install them with ``pip install -e .[rivals]``; one that isn't there is left out. Every rival gets
the best of the ways to call it that are given here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pennylane_qstore.compiler.chains import chains
from pennylane_qstore.compiler.circuit import Angle, Element, rotation
from pennylane_qstore.compiler.pulses import Fold, folded, pulses

Gates = Sequence[Operator]
Counts = tuple[int, int]
ENTANGLERS = {"forte": "zz", "aria": "ms"}
_REPEATS, _ENOUGH = 3, 2.0  # a way is timed that often, unless that takes so many seconds


@dataclass(frozen=True, slots=True)
class Found:
    """What a compiler makes of a circuit.

    Attributes:
        counts: (one-qubit, two-qubit) gates
        seconds: the best time to compile it
        way: how the compiler was called
    """

    counts: Counts
    seconds: float
    way: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Another compiler.

    Attributes:
        name: its package
        module: what is imported
        ways: (wires, machine) to the ways to call it: by name, what to prepare a circuit with,
            what to compile that with, and what counts the gates of the outcome
    """

    name: str
    module: str
    ways: Callable[[int, str], "Iterator[Way]"]

    @property
    def is_installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.module) is not None

    def best(self, gates: Gates, wires: int, machine: str) -> Found:
        """The fewest two-qubit gates, then one-qubit gates, of all its ways."""
        found = [way.run(gates) for way in self.ways(wires, machine)]
        return min(found, key=lambda each: (each.counts[1], each.counts[0], each.seconds))


@dataclass(frozen=True, slots=True)
class Way:
    """One way to call a compiler.

    Attributes:
        name: of the way
        read: gates to the compiler's own circuit; not timed
        compile: that circuit to the outcome; timed
        count: the outcome to its counts; not timed
    """

    name: str
    read: Callable[[Gates], Any]
    compile: Callable[[Any], Any]
    count: Callable[[Any], Counts]

    def run(self, gates: Gates) -> Found:
        """Compiles a few times and keeps the best time."""
        seconds, outcome = timed(lambda: self.compile(self.read(gates)), _REPEATS)
        reading, _ = timed(lambda: self.read(gates), _REPEATS)
        return Found(self.count(outcome), max(0.0, seconds - reading), self.name)


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The best wall time of a few calls, in seconds, and what the last of them gave."""
    best = total = 0.0
    outcome = None
    for repeat in range(repeats):
        start = perf_counter()
        outcome = call()
        spent = perf_counter() - start
        best = min(best, spent) if repeat else spent
        total += spent
        if total > _ENOUGH:
            break
    return best, outcome


def _counts(sizes: Mapping[int, int]) -> Counts:
    return sizes.get(1, 0), sizes.get(2, 0)


# How the rivals name PennyLane's gates; an angle in radians is given first.
_CIRQ = {
    "Hadamard": "H",
    "PauliX": "X",
    "PauliZ": "Z",
    "T": "T",
    "CNOT": "CNOT",
    "SWAP": "SWAP",
}
_QISKIT = {
    "Hadamard": "h",
    "PauliX": "x",
    "PauliZ": "z",
    "T": "t",
    "Adjoint(T)": "tdg",
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "PhaseShift": "p",
    "CNOT": "cx",
    "SWAP": "swap",
    "ControlledPhaseShift": "cp",
    "IsingXX": "rxx",
    "IsingYY": "ryy",
    "IsingZZ": "rzz",
}
_PYTKET = {
    "Hadamard": "H",
    "PauliX": "X",
    "PauliZ": "Z",
    "T": "T",
    "Adjoint(T)": "Tdg",
    "RX": "Rx",
    "RY": "Ry",
    "RZ": "Rz",
    "PhaseShift": "U1",
    "CNOT": "CX",
    "SWAP": "SWAP",
    "ControlledPhaseShift": "CU1",
    "IsingXX": "XXPhase",
    "IsingYY": "YYPhase",
    "IsingZZ": "ZZPhase",
}


def _cirq_ways(wires: int, machine: str) -> Iterator[Way]:
    """cirq-ionq's gate sets, as documented and with two-qubit blocks merged before."""
    import cirq
    import cirq_ionq

    qubits = cirq.LineQubit.range(wires)
    powers = {"PhaseShift": cirq.Z, "ControlledPhaseShift": cirq.CZ}
    ising = {"IsingXX": cirq.XX, "IsingYY": cirq.YY, "IsingZZ": cirq.ZZ}
    rotations = {"RX": cirq.rx, "RY": cirq.ry, "RZ": cirq.rz}

    def gate(op: Operator) -> Any:
        if op.name == "Adjoint(T)":
            return cirq.T**-1
        if op.name in rotations:
            return rotations[op.name](op.data[0])
        if op.name in powers:
            return powers[op.name] ** (op.data[0] / np.pi)
        if op.name in ising:  # (P⊗P)**t is exp(-iπt/2 P⊗P) up to a phase
            return ising[op.name] ** (op.data[0] / np.pi)
        return getattr(cirq, _CIRQ[op.name])

    def read(gates: Gates) -> Any:
        return cirq.Circuit(gate(op)(*(qubits[wire] for wire in op.wires)) for op in gates)

    def count(circuit: Any) -> Counts:
        return _counts(Counter(len(op.qubits) for op in circuit.all_operations()))

    native = {"forte": cirq_ionq.ForteNativeGateset, "aria": cirq_ionq.AriaNativeGateset}[machine]

    def plain(circuit: Any) -> Any:
        return cirq.optimize_for_target_gateset(circuit, gateset=native())

    def merged(circuit: Any) -> Any:
        return plain(cirq.merge_k_qubit_unitaries(circuit, k=2))

    yield Way("as documented", read, plain, count)
    yield Way("blocks merged", read, merged, count)


def _qiskit_ways(wires: int, machine: str) -> Iterator[Way]:
    """qiskit-ionq's target at its levels, then its rules, or all of it by its plug-in."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit import Parameter
    from qiskit.transpiler import PassManager, PassManagerConfig, Target
    from qiskit_ionq import GPI2Gate, GPIGate, MSGate, TrappedIonOptimizerPlugin, ZZGate
    from qiskit_ionq import rewrite_rules as rules
    from qiskit_ionq.ionq_equivalence_library import add_equivalences

    add_equivalences()
    phases = [Parameter(name) for name in ("a", "b", "c")]
    target = Target(num_qubits=wires)
    entangler = ZZGate(phases[0]) if machine == "forte" else MSGate(*phases)
    for gate in (GPIGate(phases[0]), GPI2Gate(phases[0]), entangler):
        target.add_instruction(gate)
    polish = PassManager(
        [
            rules.CancelGPI2Adjoint(),
            rules.CancelGPIAdjoint(),
            rules.GPI2TwiceIsGPI(),
            rules.CommuteGPIsThroughMS(),
            rules.CommuteGPIsThroughZZ(),
            rules.CompactMoreThanThreeSingleQubitGates(),
            rules.FuseConsecutiveZZ(),
            rules.FuseConsecutiveMS(),
        ]
    )

    def read(gates: Gates) -> Any:
        circuit = QuantumCircuit(wires)
        for op in gates:
            getattr(circuit, _QISKIT[op.name])(*map(float, op.data), *op.wires)
        return circuit

    def count(circuit: Any) -> Counts:
        return _counts(Counter(len(each.qubits) for each in circuit.data))

    def at(level: int) -> Callable[[Any], Any]:
        return lambda circuit: polish.run(
            transpile(circuit, target=target, optimization_level=level)
        )

    plugin = TrappedIonOptimizerPlugin().pass_manager(PassManagerConfig(target=target), 3)

    def plugged(circuit: Any) -> Any:
        return plugin.run(transpile(circuit, target=target, optimization_level=3))

    yield Way("O1, rules", read, at(1), count)
    yield Way("O3, rules", read, at(3), count)
    yield Way("O3, plug-in", read, plugged, count)


def _pytket_ways(wires: int, machine: str) -> Iterator[Way]:
    """The optimisers of pytket, which have no IonQ gates: its own entanglers, and our pulses."""
    from pytket.circuit import Circuit, OpType
    from pytket.passes import AutoRebase, FullPeepholeOptimise, GreedyPauliSimp, NormaliseTK2

    def read(gates: Gates) -> Any:
        circuit = Circuit(wires)
        for op in gates:
            angles = [float(value) / np.pi for value in op.data]
            circuit.add_gate(OpType.from_name(_PYTKET[op.name]), angles, list(op.wires))
        return circuit

    def count(circuit: Any) -> Counts:
        elements = [
            element
            for command in circuit.get_commands()
            for element in _from_pytket(command, OpType)
        ]
        return _with_our_pulses(elements, wires, ENTANGLERS[machine])

    peephole = FullPeepholeOptimise(target_2qb_gate=OpType.TK2)

    def by(*passes: Any) -> Callable[[Any], Any]:
        def run(circuit: Any) -> Any:
            for each in (*passes, peephole, NormaliseTK2(), AutoRebase({OpType.TK1, OpType.TK2})):
                each.apply(circuit)
            return circuit

        return run

    words = (AutoRebase({OpType.CX, OpType.Rz, OpType.Rx, OpType.H}), GreedyPauliSimp())
    yield Way("FullPeephole", read, by(), count)
    yield Way("FullPeephole twice", read, by(FullPeepholeOptimise()), count)
    yield Way("GreedyPauliSimp", read, by(*words), count)


def _from_pytket(command: Any, types: Any) -> list[Element]:
    """TK1 and TK2, by their definitions in pytket's manual, in half turns."""
    qubits = [qubit.index[0] for qubit in command.qubits]
    kind = command.op.type
    angles = [np.pi * float(value) for value in command.op.params]
    if kind == types.TK1:  # RZ(a)·RX(b)·RZ(c), the last one first in time
        return [
            rotation([(qubits[0], letter)], Angle(angle))
            for letter, angle in zip("ZXZ", angles[::-1], strict=True)
        ]
    if kind == types.TK2:
        return [
            rotation(zip(qubits, 2 * letter, strict=True), Angle(angle))
            for letter, angle in zip("XYZ", angles, strict=True)
            if not np.isclose(angle, 0, atol=1e-9)
        ]
    raise ValueError(f"pytket left a {kind}")


def _with_our_pulses(elements: Sequence[Element], wires: int, entangler: str) -> Counts:
    """The counts of a constant circuit whose entanglers are as they are."""
    found = chains(elements, wires)
    samples = found.values(np.zeros((1, 0)))
    rest = folded(found, samples[0])
    negative = rest.angle[:, 0] < 0 if entangler == "zz" else np.zeros(len(rest.odd), dtype=bool)
    fold = Fold(tuple(rest.odd[:, 0].tolist()), tuple(negative.tolist()))
    two, one = pulses(found, entangler, fold, samples).counts()
    return one, two


RIVALS = (
    Rival("cirq-ionq", "cirq_ionq", _cirq_ways),
    Rival("qiskit-ionq", "qiskit_ionq", _qiskit_ways),
    Rival("pytket", "pytket", _pytket_ways),
)
