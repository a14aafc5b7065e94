"""Programs packed under the API's limits into jobs, each the body of one POST."""

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pennylane_qstore.errors import CompileError
from pennylane_qstore.options import EMULATOR, SIMULATOR, Options
from pennylane_qstore.programs.program import Programs

# API v0.4, POST /jobs: more is refused with 400 or 413. A body may have 10 MB; the rest of it,
# around the circuits, has half a megabyte left.
MAX_CIRCUITS, MAX_GATES, MAX_BYTES = 5_000, 150_000, 9_500_000
MAX_SHOTS = 1_000_000
# The field of a job's metadata by which it is found again.
TOKEN = "qstore_token"


@dataclass(frozen=True, slots=True)
class Job:
    """Circuits that share shots and settings, to be sent with one POST.

    Attributes:
        circuits: each circuit's gates as JSON text
        indices: each circuit's place in the batch
        qubits: of the largest circuit
        gateset: "native" or "qis"
        shots: of each circuit, or None where the backend is exact
        gates: of each circuit: one-qubit gates, larger gates
    """

    circuits: tuple[str, ...]
    indices: tuple[int, ...]
    qubits: int
    gateset: str
    shots: int | None
    gates: tuple[tuple[int, int], ...]

    def body(self, settings: Mapping[str, Any], token: str | None = None) -> str:
        """The POST's JSON text; a single circuit is the API's single-circuit job.

        Args:
            settings: the fields that all jobs of a device share
            token: kept with the job, so that it can be found again
        """
        many = len(self.circuits) > 1
        head = {"type": "ionq.multi-circuit.v1" if many else "ionq.circuit.v1", **settings}
        if self.shots is not None:
            head["shots"] = self.shots
        if token is not None:
            head["metadata"] = {**head.get("metadata", {}), TOKEN: token}
        if many:
            circuits = ",".join(f'{{"circuit":{circuit}}}' for circuit in self.circuits)
            listed = f'"circuits":[{circuits}]'
        else:
            listed = f'"circuit":{self.circuits[0]}'
        source = f'{{"gateset":"{self.gateset}","qubits":{self.qubits},{listed}}}'
        return f'{json.dumps(head)[:-1]},"input":{source}}}'

    def digest(self, settings: Mapping[str, Any]) -> str:
        """What is sent, in 32 characters: the same in every process, and without the token."""
        shared = {**settings, "gateset": self.gateset, "qubits": self.qubits, "shots": self.shots}
        digest = hashlib.blake2b(json.dumps(shared, sort_keys=True).encode(), digest_size=16)
        for circuit in self.circuits:
            digest.update(circuit.encode())
            digest.update(b",")
        return digest.hexdigest()

    def halves(self) -> tuple["Job", "Job"]:
        """The job in two, each with half of the circuits."""
        middle = len(self.circuits) // 2
        return self._part(range(middle)), self._part(range(middle, len(self.circuits)))

    def only(self, indices: Collection[int]) -> "Job":
        """The job with only those circuits that have these places in the batch."""
        wanted = set(indices)
        return self._part([place for place, i in enumerate(self.indices) if i in wanted])

    def _part(self, places: Iterable[int]) -> "Job":
        places = list(places)
        return replace(
            self,
            circuits=tuple(self.circuits[place] for place in places),
            indices=tuple(self.indices[place] for place in places),
            gates=tuple(self.gates[place] for place in places),
        )


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
    if options.dry_run:
        fields["dry_run"] = True
    return fields


def pack(
    batch: Sequence[tuple[Programs, int | None]],
    most_circuits: int = MAX_CIRCUITS,
    indices: Iterable[int] | None = None,
) -> list[Job]:
    """Programs with their shots to as few jobs as the API's limits allow.

    Args:
        batch: programs, each with the shots of its circuits
        most_circuits: in one job
        indices: of the circuits, in their order in the batch; None counts through them

    Raises:
        CompileError: a single circuit that is over a limit by itself
    """
    groups: dict[tuple[int | None, str], list[_PackedCircuit]] = {}
    for circuit in _circuits(batch, itertools.count() if indices is None else indices):
        groups.setdefault((circuit.shots, circuit.gateset), []).append(circuit)
    return [_job(part) for group in groups.values() for part in _parts(group, most_circuits)]


@dataclass(frozen=True, slots=True)
class _PackedCircuit:
    index: int
    text: str
    gates: tuple[int, int]
    qubits: int
    gateset: str
    shots: int | None


def _circuits(
    batch: Sequence[tuple[Programs, int | None]], indices: Iterable[int]
) -> Iterator[_PackedCircuit]:
    counted_on = iter(indices)
    for programs, shots in batch:
        counted = programs.gate_counts()
        gates = (counted["1q"], counted["2q"])
        for text in programs.bodies():
            index = next(counted_on)
            if sum(gates) > MAX_GATES or len(text) > MAX_BYTES:
                raise CompileError(
                    f"circuit {index} has {sum(gates)} gates in {len(text)} bytes; IonQ takes at "
                    f"most {MAX_GATES} gates and {MAX_BYTES} bytes a job"
                )
            yield _PackedCircuit(index, text, gates, programs.qubits, programs.gateset, shots)


def _parts(
    circuits: Sequence[_PackedCircuit], most_circuits: int
) -> Iterator[list[_PackedCircuit]]:
    part: list[_PackedCircuit] = []
    gates = size = 0
    for circuit in circuits:
        length = len(circuit.text) + len('{"circuit":},')
        full = (
            len(part) == most_circuits
            or gates + sum(circuit.gates) > MAX_GATES
            or size + length > MAX_BYTES
        )
        if part and full:
            yield part
            part, gates, size = [], 0, 0
        part.append(circuit)
        gates += sum(circuit.gates)
        size += length
    if part:
        yield part


def _job(part: Sequence[_PackedCircuit]) -> Job:
    return Job(
        circuits=tuple(circuit.text for circuit in part),
        indices=tuple(circuit.index for circuit in part),
        qubits=max(circuit.qubits for circuit in part),
        gateset=part[0].gateset,
        shots=part[0].shots,
        gates=tuple(circuit.gates for circuit in part),
    )
