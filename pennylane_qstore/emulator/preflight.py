"""Circuits and a backend to what makes their job fail after it was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from pennylane_qstore.emulator.backends import Backend
from pennylane_qstore.emulator.circuit import Circuit, Structure
from pennylane_qstore.emulator.pauli import LARGEST_MATRIX, MOST_TERMS, is_feasible


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed.

    Attributes:
        code: one of IonQ's failure codes
        message: what happened
    """

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As in a job; `error` is the older name that qiskit, cirq and pennylane-ionq read."""
        return {"code": self.code, "message": self.message, "error": self.message}


def preflight(circuits: Sequence[Circuit], backend: Backend) -> Failure | None:
    """What IonQ finds only after it took the job."""
    shapes = {id(circuit.structure): circuit.structure for circuit in circuits}
    refused = {key: _unsupported(shape, backend) for key, shape in shapes.items()}
    for place, circuit in enumerate(circuits):
        failure = refused[id(circuit.structure)] or _too_large(circuit, backend)
        if failure is not None:
            where = f"Circuit {place}: " if len(circuits) > 1 else ""
            return Failure(failure.code, where + failure.message)
    return None


def _too_large(circuit: Circuit, backend: Backend) -> Failure | None:
    if circuit.qubits <= backend.qubits:
        return None
    asked = f"{circuit.qubits} qubits were asked for"
    return Failure("NotEnoughQubits", f"{asked}; {backend.name} has {backend.qubits}.")


def _unsupported(structure: Structure, backend: Backend) -> Failure | None:
    if not structure.gates:
        return Failure("InvalidInput", "The circuit is empty.")
    for gate in structure.gates:
        if structure.gateset == "native" and gate.name not in (*backend.native_gates, "nop"):
            return Failure("UnsupportedGate", f"{gate.name!r} is not native to {backend.name}.")
        if gate.terms and not is_feasible(gate.terms):
            return Failure(
                "QuantumCircuitComplexityError",
                f"A pauliexp may have {MOST_TERMS} terms here, and on more than "
                f"{LARGEST_MATRIX} qubits they must commute.",
            )
    return None
