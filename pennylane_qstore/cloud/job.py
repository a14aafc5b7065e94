"""Programs packed under the API's limits into jobs, each the body of one POST."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.errors import CompileError
from pennylane_qstore.options import EMULATOR, SIMULATOR, Options
from pennylane_qstore.program import Programs

# API v0.4, POST /jobs: more is refused with 400 or 413. A body may have 10 MB; the rest of it,
# around the circuits, has half a megabyte left.
MAX_CIRCUITS, MAX_GATES, MAX_BYTES = 5_000, 150_000, 9_500_000
MAX_SHOTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """Circuits that share shots and settings, to be sent with one POST.

    Attributes:
        circuits: each circuit's gates as JSON text
        indices: each circuit's place in the batch
        qubits: of the largest circuit
        gateset: "native" or "qis"
        shots: of each circuit, or None where the backend is exact
    """

    circuits: tuple[str, ...]
    indices: tuple[int, ...]
    qubits: int
    gateset: str
    shots: int | None

    def body(self, settings: Mapping[str, Any]) -> str:
        """The POST's JSON text; a single circuit is the API's single-circuit job.

        Args:
            settings: the fields that all jobs of a device share
        """
        many = len(self.circuits) > 1
        head = {"type": "ionq.multi-circuit.v1" if many else "ionq.circuit.v1", **settings}
        if self.shots is not None:
            head["shots"] = self.shots
        if many:
            circuits = ",".join(f'{{"circuit":{circuit}}}' for circuit in self.circuits)
            listed = f'"circuits":[{circuits}]'
        else:
            listed = f'"circuit":{self.circuits[0]}'
        source = f'{{"gateset":"{self.gateset}","qubits":{self.qubits},{listed}}}'
        return f'{json.dumps(head)[:-1]},"input":{source}}}'


def settings(options: Options) -> dict[str, Any]:
    """The fields of a POST that all jobs of a device share."""
    fields: dict[str, Any] = {
        "backend": SIMULATOR if options.backend == EMULATOR else options.backend
    }
    if options.job_name is not None:
        fields["name"] = options.job_name
    if options.metadata is not None:
        fields["metadata"] = dict(options.metadata)
    if options.session_id is not None:
        fields["session_id"] = options.session_id
    if options.error_mitigation is not None:
        fields["settings"] = {"error_mitigation": dict(options.error_mitigation)}
    if options.noise_model is not None:
        fields["noise"] = {"model": options.noise_model}
        if options.noise_seed is not None:
            fields["noise"]["seed"] = options.noise_seed
    return fields


def pack(batch: Sequence[tuple[Programs, int | None]]) -> list[Job]:
    """Programs with their shots to as few jobs as the API's limits allow.

    Args:
        batch: programs, each with the shots of its circuits; circuit indices count through them

    Raises:
        CompileError: a single circuit that is over a limit by itself
    """
    groups: dict[tuple[int | None, str], list[_Circuit]] = {}
    for circuit in _circuits(batch):
        groups.setdefault((circuit.shots, circuit.gateset), []).append(circuit)
    return [_job(part) for group in groups.values() for part in _parts(group)]


@dataclass(frozen=True, slots=True)
class _Circuit:
    index: int
    text: str
    gates: int
    qubits: int
    gateset: str
    shots: int | None


def _circuits(batch: Sequence[tuple[Programs, int | None]]) -> Iterator[_Circuit]:
    index = 0
    for programs, shots in batch:
        gates = len(programs.gates)
        for text in programs.bodies():
            if gates > MAX_GATES or len(text) > MAX_BYTES:
                raise CompileError(
                    f"circuit {index} has {gates} gates in {len(text)} bytes; IonQ takes at most "
                    f"{MAX_GATES} gates and {MAX_BYTES} bytes a job"
                )
            yield _Circuit(index, text, gates, programs.qubits, programs.gateset, shots)
            index += 1


def _parts(circuits: Sequence[_Circuit]) -> Iterator[list[_Circuit]]:
    part: list[_Circuit] = []
    gates = size = 0
    for circuit in circuits:
        length = len(circuit.text) + len('{"circuit":},')
        full = (
            len(part) == MAX_CIRCUITS
            or gates + circuit.gates > MAX_GATES
            or size + length > MAX_BYTES
        )
        if part and full:
            yield part
            part, gates, size = [], 0, 0
        part.append(circuit)
        gates += circuit.gates
        size += length
    if part:
        yield part


def _job(part: Sequence[_Circuit]) -> Job:
    return Job(
        circuits=tuple(circuit.text for circuit in part),
        indices=tuple(circuit.index for circuit in part),
        qubits=max(circuit.qubits for circuit in part),
        gateset=part[0].gateset,
        shots=part[0].shots,
    )
