"""The body of POST /jobs, checked and read into a job request."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennylane_qstore.emulator.intake.backends import BACKENDS, Backend
from pennylane_qstore.emulator.intake.preflight import Failure, preflight
from pennylane_qstore.emulator.intake.qasm import ProgramError, read_program
from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.circuit import Circuit, CircuitGroup, MalformedError
from pennylane_qstore.emulator.simulation.gates import GATESETS
from pennylane_qstore.emulator.simulation.noise import MODELS

# Limits from IonQ's API reference, version 0.4.
MOST_CIRCUITS = 5_000
MOST_GATES = 150_000
MOST_SHOTS = 1_000_000
DEFAULT_SHOTS = 100
DEBIASING_SHOTS = 500

SINGLE, MULTI, QASM = "ionq.circuit.v1", "ionq.multi-circuit.v1", "ionq.qasm3.v1"
NOT_EMULATED = ("quantum-function", "qctrl.qaoa.v1")
IDEAL = "ideal"
MOST_SEED = 2**31 - 1
NAME = re.compile(r"[A-Za-z0-9 _-]*")


class UnknownBackendError(LookupError):
    """A backend that doesn't exist: a 404."""


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
        return None if model == IDEAL else model

    @property
    def is_exact(self) -> bool:
        """Whether the result is exact probabilities rather than frequencies of shots."""
        return self.backend.is_simulator and self.model is None

    @property
    def debiasing(self) -> bool:
        """Whether debiasing was requested."""
        return bool(_mitigation(self.settings).get("debiasing"))


def read_order(
    raw: bytes, known: Collection[str] = ()
) -> tuple[JobRequest, tuple[CircuitGroup, ...]]:
    """Read the body of POST /jobs, whatever its content type.

    Args:
        raw: the body
        known: the noise models whose rates are known

    Returns:
        The request without its numbers, and its circuits with them, by structure.
    """
    body = read_object(raw)
    kind = _type(body.get("type"))
    backend = _backend(body.get("backend"))
    shots = _shots(body.get("shots"))
    settings = _settings(body.get("settings"), backend, shots)
    noise = _noise(body.get("noise"), known) if backend.is_simulator else None
    name, session, dry_run = _name(body), _text(body, "session_id"), _dry_run(body)
    metadata = _metadata(body.get("metadata"))
    reader = CircuitReader()
    circuits, failure = _read_input(body.get("input"), kind, reader)
    groups = reader.groups()
    model = None if noise is None else MODELS.get(noise["model"])
    order = JobRequest(
        type=kind,
        backend=backend,
        shots=shots,
        name=circuits[0].name if kind == SINGLE and name is None else name,
        metadata=metadata,
        session_id=session,
        settings=settings,
        noise=noise,
        dry_run=dry_run,
        circuits=circuits,
        qubits=max(circuit.qubits for circuit in circuits),
        gates=_sum_of_gates(circuits),
        failure=failure or preflight(circuits, backend, model),
        raw=raw,
    )
    return order, groups


def read_object(raw: bytes) -> dict[str, Any]:
    """Return a request body that must be a JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"The body is not JSON: {error}.", "body") from error
    if not isinstance(body, dict):
        raise MalformedError("The body must be a JSON object.", "body")
    return body


def _type(kind: object) -> str:
    if isinstance(kind, str) and kind in (SINGLE, MULTI, QASM):
        return kind
    why = "is not emulated" if kind in NOT_EMULATED else "is not a type of job"
    raise MalformedError(f'"type" {str(kind)[:40]!r} {why}.', "type")


def _backend(name: object) -> Backend:
    if not isinstance(name, str):
        raise MalformedError('"backend" must be a string.', "backend")
    backend = BACKENDS.get(name)
    if backend is None:
        raise UnknownBackendError(f"Backend {name[:40]!r} was not found.")
    if backend.status == "retired":
        raise MalformedError(f"Backend {name!r} is retired.", "backend")
    return backend


def _shots(shots: object) -> int:
    """Return the number of shots; cirq-ionq writes it as a string."""
    if shots is None:
        return DEFAULT_SHOTS
    if isinstance(shots, str) and re.fullmatch("[0-9]{1,7}", shots):
        shots = int(shots)
    if type(shots) is not int or not 1 <= shots <= MOST_SHOTS:
        raise MalformedError(f'"shots" must be a whole number from 1 to {MOST_SHOTS}.', "shots")
    return shots


def _mitigation(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return settings.get("error_mitigation") or {}


def _settings(settings: object, backend: Backend, shots: int) -> dict[str, Any]:
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise MalformedError('"settings" must be an object.', "settings")
    for part in ("error_mitigation", "compilation"):
        if not isinstance(settings.get(part) or {}, dict):
            raise MalformedError(f'"settings.{part}" must be an object.', f"settings.{part}")
    debiasing = _mitigation(settings).get("debiasing")
    if debiasing and not backend.is_simulator and shots < DEBIASING_SHOTS:
        raise MalformedError(
            f"To turn on debiasing, you must request at least {DEBIASING_SHOTS} shots.", "shots"
        )
    return settings


def _noise(noise: object, known: Collection[str]) -> dict[str, Any]:
    """Return the noise model, and its seed if there is one."""
    if noise is None:
        return {"model": IDEAL}
    if not isinstance(noise, dict):
        raise MalformedError('"noise" must be an object.', "noise")
    model, seed = noise.get("model") or IDEAL, noise.get("seed")
    if not isinstance(model, str) or model not in (IDEAL, *MODELS):
        names = ", ".join((IDEAL, *MODELS))
        raise MalformedError(f'"noise.model" must be one of {names}.', "noise.model")
    if model not in (IDEAL, *known):
        raise MalformedError(
            f"Noise model {model!r} is not emulated: its rates are not published.", "noise.model"
        )
    if seed is not None and (type(seed) is not int or not 0 <= seed <= MOST_SEED):
        raise MalformedError(
            f'"noise.seed" must be a whole number from 0 to {MOST_SEED}.', "noise.seed"
        )
    return {"model": model} if seed is None else {"model": model, "seed": seed}


def _text(body: Mapping[str, Any], key: str) -> str | None:
    text = body.get(key)
    if text is not None and not isinstance(text, str):
        raise MalformedError(f'"{key}" must be a string.', key)
    return text


def _name(body: Mapping[str, Any]) -> str | None:
    name = _text(body, "name")
    if name is not None and not NAME.fullmatch(name):
        raise MalformedError('"name" may have letters, digits, spaces, "-" and "_".', "name")
    return name


def _dry_run(body: Mapping[str, Any]) -> bool:
    dry_run = body.get("dry_run") or False
    if not isinstance(dry_run, bool):
        raise MalformedError('"dry_run" must be true or false.', "dry_run")
    return dry_run


def _metadata(metadata: object) -> dict[str, str] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise MalformedError('"metadata" must be an object of strings.', "metadata")
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise MalformedError(f'"metadata.{key}" must be a string.', f"metadata.{key}")
    return metadata


def _read_input(
    entry: object, kind: str, reader: CircuitReader
) -> tuple[tuple[Circuit, ...], Failure | None]:
    """Return a job's circuits, and why an OpenQASM program can't be run."""
    if kind != QASM:
        return _circuits(entry, kind, reader), None
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), str):
        raise MalformedError('"input.data" must be a program in OpenQASM 3.', "input.data")
    try:
        program = read_program(entry["data"])
    except ProgramError as error:
        circuit = reader.read([], "input.data", "qis", None)
        return (circuit,), Failure("PreflightError", str(error))
    gates, qubits, bits = program.gates, program.qubits, program.bits
    return (reader.read(gates, "input.data", "qis", qubits, bits=bits),), None


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
        where = "input.circuit"
        return (reader.read(entry["circuit"], where, gateset, qubits, _text(entry, "name")),)
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
    """Return one circuit of a multi-circuit job, with the defaults of the job's `input`."""
    return reader.read(
        circuit["circuit"],
        f"{where}.circuit",
        _gateset(circuit, where, gateset),
        _qubits(circuit, where, qubits),
        _text(circuit, "name"),
    )


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
