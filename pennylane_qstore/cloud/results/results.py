"""Check a finished job's answer, join it to the circuits by child id, and merge jobs."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.cloud.http.values import is_id, is_name, shown
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.errors import CloudError, DeadlineError, JobError, QStoreError
from pennylane_qstore.programs.arrays import Distribution
from pennylane_qstore.programs.outcomes import Outcomes

_FORMATS = {
    False: "ionq.result.probabilities.json.v1",
    True: "ionq.result.probabilities-aggregate.json.v1",
}


def path_of(record: Mapping[str, Any], *, many: bool) -> str:
    """Return where a finished job's probabilities are, below the API's base URL.

    The server's link comes first, then its artifact descriptor, then the documented place. A link
    is used by its path alone, and only if that is below the job's own: the key goes to no other
    host and to no other path.

    Args:
        record: the answer of ``GET /jobs/{id}``
        many: whether it is a job of many circuits
    """
    links = record.get("results")
    links = links if isinstance(links, Mapping) else {}
    link = links.get("probabilities")
    url = link.get("url") if isinstance(link, Mapping) else None
    own = f"/jobs/{record['id']}"
    if isinstance(url, str) and (linked := re.fullmatch(r"/v[\d.]+(/jobs/[^/]+)/(.+)", url)):
        base, rest = linked.groups()
        if base == own and all(map(is_name, rest.split("/"))):
            return f"{own}/{rest}"
    descriptor = links.get(_FORMATS[many])
    if isinstance(descriptor, Mapping) and is_name(descriptor.get("id")):
        return f"{own}/artifacts/{descriptor['id']}"
    return f"{own}/results/probabilities{'/aggregated' if many else ''}"


@dataclass(frozen=True, slots=True)
class Lost:
    """A circuit of a completed job without a result.

    Attributes:
        child: IonQ's id of the circuit's own job
        why: it has none
    """

    child: str
    why: str


def probabilities_of(job: Job, job_id: str, answer: Any) -> Mapping[str, Any] | Distribution:
    """Return the answer of a job's probabilities, if it is a map of them.

    Raises:
        CloudError: it is none
    """
    if len(job.circuits) == 1 and isinstance(answer, Distribution):
        outcomes(answer, job, job_id)
        return answer
    if not isinstance(answer, Mapping):
        raise CloudError(f"job {job_id} answered no map of probabilities", job_ids=[job_id])
    if len(job.circuits) == 1:
        outcomes(answer, job, job_id)
    return answer


def joined(
    job: Job, record: Mapping[str, Any], answer: Any
) -> tuple[dict[int, Outcomes], dict[int, Lost]]:
    """A finished job's probabilities to the outcomes of each circuit, by place in the batch.

    Children are joined by ``child_job_ids``, which stand in the order of the circuits; the order
    of the answer's keys is nobody's promise.

    Args:
        job: what was sent
        record: the answer of ``GET /jobs/{id}``
        answer: the probabilities

    Returns:
        the outcomes that are there, and the circuits that have none

    Raises:
        CloudError: the answer is not what the API promises
    """
    job_id = str(record["id"])
    if len(job.circuits) == 1:
        return {job.indices[0]: outcomes(answer, job, job_id)}, {}
    found: dict[int, Outcomes] = {}
    lost: dict[int, Lost] = {}
    for index, child in zip(job.indices, children(job, record), strict=True):
        try:
            found[index] = outcomes(answer[child], job, child)
        except KeyError:
            lost[index] = Lost(child, f"child {child} has no result")
        except CloudError as malformed:
            lost[index] = Lost(child, str(malformed))
    return found, lost


def children(job: Job, record: Mapping[str, Any]) -> list[str]:
    """Return the ids of a job's children, in the order of its circuits.

    Raises:
        CloudError: they are not one for each circuit
    """
    listed = record.get("child_job_ids")
    ids = [child for child in listed if is_id(child)] if isinstance(listed, list) else []
    right = len(job.circuits)
    if not isinstance(listed, list) or not len(listed) == len(ids) == len(set(ids)) == right:
        count = len(listed) if isinstance(listed, list) else "no"
        odd = "" if not isinstance(listed, list) or count != right else ", some of them no ids"
        raise CloudError(
            f"job {record['id']} has {count} children for {right} circuits{odd}",
            job_ids=[str(record["id"])],
        )
    return ids


def incomplete(
    record: Mapping[str, Any], lost: Mapping[int, Lost], code: str | None = None
) -> JobError:
    """Return the error of a completed job of which some circuits have no result."""
    first = next(iter(lost.values()))
    return JobError(
        f"job {record['id']} is completed, but {len(lost)} of its circuits have no result: "
        f"{first.why}",
        job_id=str(record["id"]),
        code=code,
        status="completed",
    )


def outcomes(histogram: Any, job: Job, job_id: str) -> Outcomes:
    """Return one circuit's probabilities as outcomes, checked.

    Raises:
        CloudError: they are none
    """
    try:
        if isinstance(histogram, Distribution):
            return Outcomes.from_arrays(histogram.states, histogram.probabilities, job.qubits)
        return Outcomes.from_json(histogram, job.qubits)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CloudError(
            f"job {job_id} answered no probabilities: {error}", job_ids=[job_id]
        ) from None


def failure(record: Mapping[str, Any]) -> JobError:
    """Return the error of a job that ended without results, in IonQ's words."""
    code, reason = why(record)
    return JobError(
        f"job {record['id']} on {record.get('backend')} was {record['status']}: {reason}",
        job_id=str(record["id"]),
        code=code,
        status=str(record["status"]),
    )


def why(record: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return IonQ's code and words for why a job ended without results."""
    told = record.get("failure")
    fields = told if isinstance(told, Mapping) else {}
    code, message = fields.get("code"), fields.get("message") or fields.get("error")
    reason = ": ".join(shown(part) for part in (code, message) if part) or "no reason was given"
    return shown(code) if code else None, reason


def together(
    tasks: Sequence[asyncio.Task[dict[int, Outcomes]]], waited: float
) -> dict[int, Outcomes]:
    """Return all jobs' outcomes, merged.

    Args:
        tasks: that are done
        waited: seconds
    """
    found: dict[int, Outcomes] = {}
    errors: list[BaseException] = []
    for task in tasks:
        error = task.exception()
        if error is None:
            found.update(task.result())
        else:
            errors.append(error)
            found.update(getattr(error, "partial", {}))
    if not errors:
        return found
    first, *others = _of_one_wait(errors, waited)
    if isinstance(first, QStoreError):
        first.partial, first.others = found, (*first.others, *others)
        for other in others:
            first.add_note(f"and: {other}")
    raise first


def _of_one_wait(errors: Sequence[BaseException], waited: float) -> list[BaseException]:
    """Return the same errors, with those of one deadline merged into one, first."""
    late = [error for error in errors if isinstance(error, DeadlineError)]
    if not late:
        return list(errors)
    job_ids = [job_id for error in late for job_id in error.job_ids]
    message = f"after {waited:g} s: {'; '.join(map(str, late))}"
    together = DeadlineError(message, job_ids=job_ids, waited=waited)
    return [together, *(error for error in errors if not isinstance(error, DeadlineError))]
