"""How to call pytket, and what its circuits cost on IonQ's machines."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from pytket.circuit import Circuit, OpType
from pytket.passes import AutoRebase, FullPeepholeOptimise, GreedyPauliSimp, NormaliseTK2

from benchmarks.rivals import ENTANGLERS, Counts, Gates, Way
from pennylane_qstore.compiler.circuit.elements import Angle, Element, rotation
from pennylane_qstore.compiler.pulses.pulses import pulses
from pennylane_qstore.compiler.pulses.timelines import timelines

_NAMES = {
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


def ways(wires: int, machine: str) -> Iterator[Way]:
    """The optimisers of pytket, which have no IonQ gates: its own entanglers, and our pulses."""

    def read(gates: Gates) -> Any:
        circuit = Circuit(wires)
        for op in gates:
            angles = [float(value) / np.pi for value in op.data]
            circuit.add_gate(OpType.from_name(_NAMES[op.name]), angles, list(op.wires))
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
    found = timelines(elements, wires)
    two, one = pulses(found, entangler, found.values(np.zeros((1, 0)))).counts()
    return one, two
