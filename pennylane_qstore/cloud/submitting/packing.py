"""Pack programs into jobs under the API's limits; each job is the body of one POST."""

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pennylane_qstore.errors import CompileError
from pennylane_qstore.options import EMULATOR, SIMULATOR, Options
from pennylane_qstore.programs.program import Programs

# API v0.4, POST /jobs: more is refused with 400 or 413. A body may have 10 MB; the rest of it,
# around the circuits, has half a megabyte left.
MAX_CIRCUITS, MAX_GATES, MAX_BYTES = 5_000, 150_000, 9_500_000
MAX_SHOTS = 1_000_000
# What stands around a circuit in the list of a job's circuits.
_AROUND = '{"circuit":},'
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
        """Return the POST's JSON text; a single circuit is the API's single-circuit job.

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
        """Return 32 characters that stand for what is sent, in every process, token left out."""
        shared = {**settings, "gateset": self.gateset, "qubits": self.qubits, "shots": self.shots}
        digest = hashlib.blake2b(json.dumps(shared, sort_keys=True).encode(), digest_size=16)
        for circuit in self.circuits:
            digest.update(circuit.encode())
            digest.update(b",")
        return digest.hexdigest()

    def halves(self) -> tuple["Job", "Job"]:
        """Return the job in two, each with half of the circuits."""
        middle = len(self.circuits) // 2
        return self._part(range(middle)), self._part(range(middle, len(self.circuits)))

    def shares(self, circuits: int) -> list["Job"]:
        """Return the job as several with equal circuits, so that none has more shots than allowed.

        Args:
            circuits: in the batch; the copies of a circuit have its index, and that plus multiples
                of this number
        """
        shots = self.shots or 0
        count = -(-shots // MAX_SHOTS)
        if count <= 1:
            return [self]
        return [
            replace(
                self,
                shots=shots // count + (copy < shots % count),
                indices=tuple(index + copy * circuits for index in self.indices),
            )
            for copy in range(count)
        ]

    def only(self, indices: Collection[int]) -> "Job":
        """Return the job with only those circuits that have these places in the batch."""
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
    """Return the fields of a POST that all jobs of a device share."""
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
        fields["noise"] = {"model": options.noise_name}
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
    """Return programs and their shots as few jobs as the API's limits allow.

    Args:
        batch: programs, each with the shots of its circuits
        most_circuits: in one job
        indices: of the circuits, in their order in the batch; None counts through them

    Raises:
        CompileError: a single circuit that is over a limit by itself
    """
    groups: dict[tuple[int | None, str], _Circuits] = {}
    counted_on = iter(itertools.count() if indices is None else indices)
    for programs, shots in batch:
        key = shots, programs.gateset
        group = groups.get(key) or groups.setdefault(key, _Circuits([], [], [], []))
        group.add(programs, list(itertools.islice(counted_on, len(programs))))
    return [
        _job(part, shots, gateset)
        for (shots, gateset), group in groups.items()
        for part in group.parts(most_circuits)
    ]


class _Circuits(NamedTuple):
    """Circuits of equal shots and gate set: columns of equal length."""

    indices: list[int]
    texts: list[str]
    gates: list[tuple[int, int]]
    qubits: list[int]

    def add(self, programs: Programs, indices: Sequence[int]) -> None:
        """Add circuits of one structure.

        Raises:
            CompileError: one is over a limit by itself
        """
        texts, counted = programs.bodies(), programs.gate_counts()
        gates = counted["1q"], counted["2q"]
        longest = max(map(len, texts), default=0)
        if sum(gates) > MAX_GATES or longest > MAX_BYTES:
            index = next(i for i, text in zip(indices, texts, strict=True) if len(text) == longest)
            raise CompileError(
                f"circuit {index} has {sum(gates)} gates in {longest} bytes; IonQ takes at most "
                f"{MAX_GATES} gates and {MAX_BYTES} bytes a job"
            )
        self.indices.extend(indices)
        self.texts.extend(texts)
        self.gates.extend([gates] * len(texts))
        self.qubits.extend([programs.qubits] * len(texts))

    def parts(self, most_circuits: int) -> Iterator["_Circuits"]:
        """Yield the circuits in order, in parts that each fit into one job."""
        sizes = [len(text) + len(_AROUND) for text in self.texts]
        counts = list(map(sum, self.gates))
        start = gates = size = 0
        if len(counts) <= most_circuits and sum(counts) <= MAX_GATES and sum(sizes) <= MAX_BYTES:
            yield self
            return
        for place, (count, length) in enumerate(zip(counts, sizes, strict=True)):
            if place > start and (
                place - start == most_circuits
                or gates + count > MAX_GATES
                or size + length > MAX_BYTES
            ):
                yield self._cut(start, place)
                start, gates, size = place, 0, 0
            gates, size = gates + count, size + length
        yield self._cut(start, len(counts))

    def _cut(self, start: int, stop: int) -> "_Circuits":
        indices, texts, gates, qubits = self
        return _Circuits(
            indices[start:stop], texts[start:stop], gates[start:stop], qubits[start:stop]
        )


def _job(part: _Circuits, shots: int | None, gateset: str) -> Job:
    return Job(
        circuits=tuple(part.texts),
        indices=tuple(part.indices),
        qubits=max(part.qubits),
        gateset=gateset,
        shots=shots,
        gates=tuple(part.gates),
    )
