"""Checks that IonQ runs after it accepted a job: the job then fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.simulation.circuit import Circuit, Structure
from pennylane_qstore.emulator.simulation.noise import Model
from pennylane_qstore.emulator.simulation.pauli import LARGEST_MATRIX, MOST_TERMS, is_feasible


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed.

    Attributes:
        code: one of IonQ's failure codes
        message: what happened
    """

    code: str
    message: str


def preflight(
    circuits: Sequence[Circuit], backend: Backend, model: Model | None = None
) -> Failure | None:
    """Find the first reason why an accepted job will fail.

    Args:
        circuits: the job's circuits
        backend: where they will run
        model: noise model of a simulator, which has that machine's qubits and native gates

    Returns:
        The failure, or None if the job can run.
    """
    native = backend.native_gates if model is None else model.native
    most = backend.qubits if model is None else min(model.qubits, backend.qubits)
    shapes = {id(circuit.structure): circuit.structure for circuit in circuits}
    refused = {key: _unsupported(shape, native, backend) for key, shape in shapes.items()}
    for place, circuit in enumerate(circuits):
        failure = refused[id(circuit.structure)] or _too_large(circuit, most, backend)
        if failure is not None:
            where = f"Circuit {place}: " if len(circuits) > 1 else ""
            return Failure(failure.code, where + failure.message)
    return None


def _too_large(circuit: Circuit, most: int, backend: Backend) -> Failure | None:
    if circuit.qubits <= most:
        return None
    message = f"The circuit has {circuit.qubits} qubits; {backend.name} has {most}."
    return Failure("NotEnoughQubits", message)


def _unsupported(structure: Structure, native: Sequence[str], backend: Backend) -> Failure | None:
    if not structure.gates:
        return Failure("InvalidInput", "The circuit is empty.")
    for gate in structure.gates:
        if structure.gateset == "native" and gate.name not in (*native, "nop"):
            return Failure("UnsupportedGate", f"{gate.name!r} is not native to {backend.name}.")
        if gate.terms and not is_feasible(gate.terms):
            return Failure(
                "QuantumCircuitComplexityError",
                f"A pauliexp may have {MOST_TERMS} terms here, and on more than "
                f"{LARGEST_MATRIX} qubits they must commute.",
            )
    return None
