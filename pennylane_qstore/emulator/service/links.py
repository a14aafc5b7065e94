"""The results a finished job offers, their links in both generations, and their bodies."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pennylane_qstore.emulator.intake.fields import ALL_QUBITS
from pennylane_qstore.emulator.simulation.answer import Answer
from pennylane_qstore.emulator.simulation.measure import Counts


@dataclass(frozen=True, slots=True)
class Result:
    """One kind of result.

    Attributes:
        format: its name among the descriptors of the newer generation
        artifact_id: its artifact id
        link: its name among the links of the older generation; None if it has none
        path: path of that link, below the job's own
    """

    format: str
    artifact_id: str
    link: str | None = None
    path: str | None = None


def _of(kind: str, path: str | None = None) -> Result:
    name = f"ionq.result.{kind}.json"
    return Result(f"{name}.v1", kind, path and path.split("/")[1], path)


PROBABILITIES = _of("probabilities", "results/probabilities")
HISTOGRAM = _of("histogram", "results/histogram")
SHOTS = _of("shots", "results/shots")
AGGREGATED = _of("probabilities-aggregate", "results/probabilities/aggregated")
PROBABILITIES_2 = Result("ionq.result.probabilities.json.v2", "probabilities-v2")
HISTOGRAM_2 = Result("ionq.result.histogram.json.v2", "histogram-v2")
SHOTS_2 = Result("ionq.result.shots.json.v2", "shots-v2")

EXACT = (PROBABILITIES, PROBABILITIES_2)
MEASURED = (PROBABILITIES, HISTOGRAM, SHOTS, PROBABILITIES_2, HISTOGRAM_2, SHOTS_2)
MANY = (AGGREGATED,)


def links(job_id: str, results: Iterable[Result], generations: str) -> dict[str, Any]:
    """Return the `results` of a job; "both" generations are in one object, as IonQ sends them."""
    body: dict[str, Any] = {}
    for result in results:
        if result.link is not None and generations != "new":
            body[result.link] = {"url": f"/v0.4/jobs/{job_id}/{result.path}"}
        if generations != "old":
            body[result.format] = descriptor(result.artifact_id, result.format)
    return body


def descriptor(artifact_id: str, form: str) -> dict[str, str]:
    """Return the descriptor of an artifact."""
    return {"id": artifact_id, "format": form, "media_type": "application/json"}


@dataclass(frozen=True, slots=True)
class ResultSource:
    """What the body of a result is built from.

    Attributes:
        answer: the job's results
        place: the circuit's place in the job
        bits: number of qubits or bits that are measured
        registers: names of the circuit's registers, and the qubit of each bit
        random: returns the generator that orders the shots, the same each time
    """

    answer: Answer
    place: int
    bits: int
    registers: tuple[tuple[str, tuple[int | None, ...]], ...]
    random: Callable[[], np.random.Generator]

    @property
    def counts(self) -> Counts:
        """The circuit's counts."""
        return self.answer.counts[self.place]


def write(result: Result, source: ResultSource) -> bytes:
    """Return the body of one circuit's result."""
    if result is PROBABILITIES:
        return source.answer.probabilities(source.place)
    return json.dumps(_WRITERS[result.artifact_id](source)).encode()


def _probabilities_2(source: ResultSource) -> dict[str, Any]:
    flat = json.loads(source.answer.probabilities(source.place))
    return {"probabilities": {"registers": _by_register(flat, source)}}


def _histogram_2(source: ResultSource) -> dict[str, Any]:
    return {"histogram": {"registers": _by_register(source.counts.histogram(), source)}}


def _shots_2(source: ResultSource) -> dict[str, Any]:
    """Return the bits of each shot, the first bit of a register first."""
    shots = map(int, source.counts.shots(source.random()))
    registers = _registers(source)
    return {
        "shots": [
            {"registers": {name: _bits(state, qubits) for name, qubits in registers}}
            for state in shots
        ]
    }


def _registers(source: ResultSource) -> Sequence[tuple[str, Sequence[int | None]]]:
    return (ALL_QUBITS, range(source.bits)), *source.registers


def _bits(state: int, qubits: Sequence[int | None]) -> list[int]:
    return [0 if qubit is None else state >> qubit & 1 for qubit in qubits]


def _by_register(flat: dict[str, Any], source: ResultSource) -> dict[str, dict[str, Any]]:
    """Return values by bit string, summed for each register.

    The first bit is the rightmost: IonQ's documents don't say which end is the first.
    """
    registers: dict[str, dict[str, Any]] = {}
    for name, qubits in _registers(source):
        values = registers[name] = {}
        for state, value in flat.items():
            key = "".join(map(str, reversed(_bits(int(state), qubits))))
            values[key] = values.get(key, 0) + value
    return registers


_WRITERS: dict[str, Callable[[ResultSource], Any]] = {
    HISTOGRAM.artifact_id: lambda source: source.counts.histogram(),
    SHOTS.artifact_id: lambda source: source.counts.shots(source.random()),
    PROBABILITIES_2.artifact_id: _probabilities_2,
    HISTOGRAM_2.artifact_id: _histogram_2,
    SHOTS_2.artifact_id: _shots_2,
}
