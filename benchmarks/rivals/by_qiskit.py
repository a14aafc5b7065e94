"""How to call qiskit-ionq."""

from collections.abc import Callable, Iterator
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.transpiler import PassManager, PassManagerConfig, Target
from qiskit_ionq import GPI2Gate, GPIGate, MSGate, TrappedIonOptimizerPlugin, ZZGate
from qiskit_ionq import rewrite_rules as rules
from qiskit_ionq.ionq_equivalence_library import add_equivalences

from benchmarks.rivals import Counts, Gates, Way, counted

_NAMES = {
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


def ways(wires: int, machine: str) -> Iterator[Way]:
    """qiskit-ionq's target at its levels, then its rules, or all of it by its plug-in."""
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
            getattr(circuit, _NAMES[op.name])(*map(float, op.data), *op.wires)
        return circuit

    def count(circuit: Any) -> Counts:
        return counted(len(each.qubits) for each in circuit.data)

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
