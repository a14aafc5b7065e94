"""The body of POST /jobs, checked and read into a job request."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pennylane_qstore.emulator.intake import fields
from pennylane_qstore.emulator.intake.backends import BACKENDS, Backend, backend_of
from pennylane_qstore.emulator.intake.preflight import Failure, preflight
from pennylane_qstore.emulator.intake.qasm import Program, read_program
from pennylane_qstore.emulator.intake.qasm_size import ProgramError
from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.circuit import Circuit, CircuitGroup, MalformedError
from pennylane_qstore.emulator.simulation.gates import GATESETS
from pennylane_qstore.emulator.simulation.noise import MODELS

# Limits from IonQ's API reference, version 0.4.
MOST_CIRCUITS = 5_000
MOST_GATES = 150_000

SINGLE, MULTI, QASM = "ionq.circuit.v1", "ionq.multi-circuit.v1", "ionq.qasm3.v1"
NOT_EMULATED = ("quantum-function", "qctrl.qaoa.v1")
# The fields of IonQ's schema (OpenAPI document of 2026-09-02), where it allows no others. cirq-ionq
# sends `lang`, and qiskit-ionq the qubits of a program, though the schema has neither.
JOB_FIELDS = (
    "type",
    "backend",
    "input",
    "shots",
    "name",
    "metadata",
    "session_id",
    "settings",
    "dry_run",
    "noise",
    "lang",
)
CIRCUIT_FIELDS = ("circuit", "gateset", "qubits", "name", "registers")
PROGRAM_FIELDS = ("data", "qubits")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A checked request for a job.

    Attributes:
        type: the job's type
        backend: where it will run
        shots: number of shots
        name: the job's name
        metadata: echoed unchanged
        session_id: echoed unchanged
        settings: echoed unchanged
        noise: echoed; None on a QPU
        dry_run: whether it is checked and priced, but not run
        circuits: its circuits in the order submitted
        qubits: number of qubits of the largest circuit
        gates: numbers of one-qubit gates and of larger gates, over all circuits
        failure: why the job will fail after it was accepted
        raw: the request's body
    """

    type: str
    backend: Backend
    shots: int
    name: str | None
    metadata: Mapping[str, str] | None
    session_id: str | None
    settings: Mapping[str, Any]
    noise: Mapping[str, Any] | None
    dry_run: bool
    circuits: tuple[Circuit, ...]
    qubits: int
    gates: tuple[int, int]
    failure: Failure | None
    raw: bytes = field(repr=False)

    @property
    def model(self) -> str | None:
        """The noise model; None on a QPU and on the ideal simulator."""
        model = None if self.noise is None else self.noise["model"]
        return None if model == fields.IDEAL else model

    @property
    def is_exact(self) -> bool:
        """Whether the result is exact probabilities rather than frequencies of shots."""
        return self.backend.is_simulator and self.model is None

    @property
    def debiasing(self) -> bool:
        """Whether debiasing was requested."""
        return bool(fields.mitigation(self.settings).get("debiasing"))


def read_request(
    raw: bytes,
    known: Collection[str] = (),
    backends: Mapping[str, Backend] = BACKENDS,
    programs: Callable[[str], Program] = read_program,
) -> tuple[JobRequest, tuple[CircuitGroup, ...]]:
    """Read the body of POST /jobs, whatever its content type.

    Args:
        raw: the body
        known: the noise models whose rates are known
        backends: the backends by name
        programs: reads a program in OpenQASM 3

    Returns:
        The request without its numbers, and its circuits with them, by structure.
    """
    body = fields.read_object(raw)
    kind = _type(body.get("type"))
    fields.check_fields(body, JOB_FIELDS)
    backend = _backend(body.get("backend"), backends)
    shots = fields.read_shots(body.get("shots"))
    settings = fields.read_settings(body.get("settings"), backend, shots)
    # A QPU ignores the noise of a valid request.
    noise: Mapping[str, Any] | None = fields.read_noise(
        body.get("noise"), known if backend.is_simulator else MODELS
    )
    if not backend.is_simulator:
        noise = None
    name = fields.read_name(body)
    reader = CircuitReader()
    circuits, failure = _read_input(body.get("input"), kind, reader, programs)
    groups = reader.groups()
    model = None if noise is None else MODELS.get(noise["model"])
    order = JobRequest(
        type=kind,
        backend=backend,
        shots=shots,
        name=circuits[0].name if kind == SINGLE and name is None else name,
        metadata=fields.read_metadata(body.get("metadata")),
        session_id=fields.read_text(body, "session_id"),
        settings=settings,
        noise=noise,
        dry_run=fields.read_dry_run(body),
        circuits=circuits,
        qubits=max(circuit.qubits for circuit in circuits),
        gates=_sum_of_gates(circuits),
        failure=failure or preflight(circuits, backend, model),
        raw=raw,
    )
    return order, groups


def _type(kind: object) -> str:
    if isinstance(kind, str) and kind in (SINGLE, MULTI, QASM):
        return kind
    why = "is not emulated" if kind in NOT_EMULATED else "is not a type of job"
    raise MalformedError(f'"type" {str(kind)[:40]!r} {why}.', "type")


def _backend(name: object, backends: Mapping[str, Backend]) -> Backend:
    if not isinstance(name, str):
        raise MalformedError('"backend" must be a string.', "backend")
    backend = backend_of(name, backends)
    if backend.status == "retired":
        raise MalformedError(f"Backend {name!r} is retired.", "backend")
    return backend


def _read_input(
    entry: object, kind: str, reader: CircuitReader, programs: Callable[[str], Program]
) -> tuple[tuple[Circuit, ...], Failure | None]:
    """Return a job's circuits, and why an OpenQASM program can't be run."""
    if kind != QASM:
        return _circuits(entry, kind, reader), None
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), str):
        raise MalformedError('"input.data" must be a program in OpenQASM 3.', "input.data")
    fields.check_fields(entry, PROGRAM_FIELDS, "input")
    try:
        program = programs(entry["data"])
    except ProgramError as error:
        circuit = reader.read([], "input.data", "qis", None)
        return (circuit,), Failure("PreflightError", str(error))
    circuit = reader.read(program.gates, "input.data", "qis", program.qubits, bits=program.bits)
    return (replace(circuit, registers=program.registers),), None


def _circuits(entry: object, kind: str, reader: CircuitReader) -> tuple[Circuit, ...]:
    """Return the circuits of a job's `input`."""
    if not isinstance(entry, dict):
        raise MalformedError('"input" must be an object.', "input")
    if "circuit" in entry and "circuits" in entry:
        raise MalformedError(
            '"input" can\'t have both "circuit" and "circuits".', "input.circuit", "input.circuits"
        )
    gateset, qubits = _gateset(entry, "input", None), _qubits(entry, "input", None)
    if kind == SINGLE:
        _check_gates([entry])
        return (_circuit(entry, "input", gateset, qubits, reader),)
    circuits = entry.get("circuits")
    if not isinstance(circuits, list) or not circuits:
        raise MalformedError('"input.circuits" must be an array of circuits.', "input.circuits")
    if len(circuits) > MOST_CIRCUITS:
        raise MalformedError(
            f"A job may have {MOST_CIRCUITS} circuits, not {len(circuits)}.", "input.circuits"
        )
    _check_gates(circuits)
    return tuple(
        _circuit(circuit, f"input.circuits[{place}]", gateset, qubits, reader)
        for place, circuit in enumerate(circuits)
    )


def _circuit(
    circuit: Mapping[str, Any], where: str, gateset: str, qubits: int | None, reader: CircuitReader
) -> Circuit:
    """Return one circuit, with the defaults of the job's `input`."""
    fields.check_fields(circuit, CIRCUIT_FIELDS, where)
    result = reader.read(
        circuit["circuit"],
        f"{where}.circuit",
        _gateset(circuit, where, gateset),
        _qubits(circuit, where, qubits),
        fields.read_text(circuit, "name"),
    )
    if circuit.get("registers") is None:
        return result
    registers = fields.read_registers(circuit["registers"], result.qubits, f"{where}.registers")
    return replace(result, registers=registers)


def _sum_of_gates(circuits: Sequence[Circuit]) -> tuple[int, int]:
    counts = [circuit.structure.counts for circuit in circuits]
    return sum(one for one, _ in counts), sum(more for _, more in counts)


def _check_gates(circuits: Sequence[Any]) -> None:
    for place, circuit in enumerate(circuits):
        if not isinstance(circuit, dict) or not isinstance(circuit.get("circuit"), list):
            raise MalformedError(f'Circuit {place} needs "circuit", an array of gates.', "input")
    total = sum(len(circuit["circuit"]) for circuit in circuits)
    if total > MOST_GATES:
        raise MalformedError(f"A job may have {MOST_GATES} gates, not {total}.", "input")


def _gateset(entry: Mapping[str, Any], where: str, parent: str | None) -> str:
    gateset = entry.get("gateset") or parent
    if not isinstance(gateset, str) or gateset not in GATESETS:
        raise MalformedError(f'"{where}.gateset" must be "qis" or "native".', f"{where}.gateset")
    return gateset


def _qubits(entry: Mapping[str, Any], where: str, parent: int | None) -> int | None:
    qubits = entry.get("qubits")
    if qubits is None:
        return parent
    if type(qubits) is not int or qubits < 1:
        raise MalformedError(f'"{where}.qubits" must be 1 or more.', f"{where}.qubits")
    return qubits
