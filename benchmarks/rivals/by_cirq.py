"""How to call cirq-ionq."""

from collections.abc import Iterator
from typing import Any

import cirq
import cirq_ionq
import numpy as np
from pennylane.operation import Operator

from benchmarks.rivals import Counts, Gates, Way, counted

_NAMES = {
    "Hadamard": "H",
    "PauliX": "X",
    "PauliZ": "Z",
    "T": "T",
    "CNOT": "CNOT",
    "SWAP": "SWAP",
}


def ways(wires: int, machine: str) -> Iterator[Way]:
    """cirq-ionq's gate sets, as documented and with two-qubit blocks merged before."""
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
        return getattr(cirq, _NAMES[op.name])

    def read(gates: Gates) -> Any:
        return cirq.Circuit(gate(op)(*(qubits[wire] for wire in op.wires)) for op in gates)

    def count(circuit: Any) -> Counts:
        return counted(len(op.qubits) for op in circuit.all_operations())

    native = {"forte": cirq_ionq.ForteNativeGateset, "aria": cirq_ionq.AriaNativeGateset}[machine]

    def plain(circuit: Any) -> Any:
        return cirq.optimize_for_target_gateset(circuit, gateset=native())

    def merged(circuit: Any) -> Any:
        return plain(cirq.merge_k_qubit_unitaries(circuit, k=2))

    yield Way("as documented", read, plain, count)
    yield Way("blocks merged", read, merged, count)
