"""The results a finished job offers, their links in both generations, and their bodies."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

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
REGISTER = "output_all"


def links(job_id: str, results: Iterable[Result]) -> dict[str, Any]:
    """Return the `results` of a job: both generations in one object, as the live service sends."""
    body: dict[str, Any] = {}
    for result in results:
        if result.link is not None:
            body[result.link] = {"url": f"/v0.4/jobs/{job_id}/{result.path}"}
        body[result.format] = {
            "id": result.artifact_id,
            "format": result.format,
            "media_type": "application/json",
        }
    return body


@dataclass(frozen=True, slots=True)
class ResultSource:
    """What the body of a result is built from.

    Attributes:
        answer: the job's results
        place: the circuit's place in the job
        bits: number of qubits or bits that are measured
        random: returns the generator that orders the shots, the same each time
    """

    answer: Answer
    place: int
    bits: int
    random: Callable[[], np.random.Generator]

    @property
    def counts(self) -> Counts:
        """The circuit's counts."""
        return self.answer.counts[self.place]


def write(result: Result, sheet: ResultSource) -> bytes:
    """Return the body of one circuit's result."""
    if result is PROBABILITIES:
        return sheet.answer.probabilities(sheet.place)
    return json.dumps(_WRITERS[result.artifact_id](sheet)).encode()


def _probabilities_2(sheet: ResultSource) -> dict[str, Any]:
    flat = json.loads(sheet.answer.probabilities(sheet.place))
    return {"probabilities": {"registers": {REGISTER: _padded(flat, sheet.bits)}}}


def _histogram_2(sheet: ResultSource) -> dict[str, Any]:
    flat = sheet.counts.histogram()
    return {"histogram": {"registers": {REGISTER: _padded(flat, sheet.bits)}}}


def _shots_2(sheet: ResultSource) -> dict[str, Any]:
    """Return the bits of each shot, the first qubit first."""
    shots = map(int, sheet.counts.shots(sheet.random()))
    return {
        "shots": [
            {"registers": {REGISTER: [state >> bit & 1 for bit in range(sheet.bits)]}}
            for state in shots
        ]
    }


def _padded(flat: dict[str, Any], bits: int) -> dict[str, Any]:
    """Return states as bit strings, qubit 0 rightmost: the documents don't say which end."""
    return {f"{int(state):0{bits}b}": value for state, value in flat.items()}


_WRITERS: dict[str, Callable[[ResultSource], Any]] = {
    HISTOGRAM.artifact_id: lambda sheet: sheet.counts.histogram(),
    SHOTS.artifact_id: lambda sheet: sheet.counts.shots(sheet.random()),
    PROBABILITIES_2.artifact_id: _probabilities_2,
    HISTOGRAM_2.artifact_id: _histogram_2,
    SHOTS_2.artifact_id: _shots_2,
}
