"""Fetch a finished job's outcomes once, and ask its children for what is missing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pennylane_qstore.cloud.http.loop import all_of
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.results import results
from pennylane_qstore.cloud.results.results import Lost
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.waiting.polling import PAGE
from pennylane_qstore.cloud.waiting.watch import late
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    JobError,
    QStoreError,
    RejectedError,
    UnavailableError,
)
from pennylane_qstore.programs.outcomes import Outcomes

T = TypeVar("T")

# Seconds before an answer that makes no sense is asked for again.
PAUSES = (0.5, 2.0)
_NOT_FOUND = 404
# Children that are asked for one by one, where the answer for all leaves them out.
_MOST_CHILDREN = 50
# Pages of a failed job's completed children: as many as a full job has.
_PAGES = 200


async def fetch(
    transport: Transport,
    job: Job,
    record: Mapping[str, Any],
    *,
    sharpen: bool | None,
    deadline: float,
) -> dict[int, Outcomes]:
    """Return the outcomes of a completed job's circuits, by place in the batch.

    Args:
        transport: to the API
        job: what was sent
        record: of the job, from a list or by itself
        sharpen: whether debiased results are sharpened
        deadline: in seconds of the loop's clock

    Raises:
        JobError: circuits without a result; its ``partial`` holds the others
        CloudError: the answer is not what the API promises
        DeadlineError: there was no time to fetch it
    """
    params = [] if sharpen is None else [("sharpen", str(sharpen).lower())]
    path = results.path_of(record, many=len(job.circuits) > 1)
    job_id = str(record["id"])

    def probabilities(answer: Any) -> Mapping[str, Any]:
        return results.probabilities_of(job, job_id, answer)

    try:
        reading = _read(transport, path, probabilities, deadline, params)
        if _is_whole(record, job):
            answer = await reading
        else:
            answer, record = await all_of(reading, _whole(transport, job, record, deadline))
        found, lost = results.joined(job, record, answer)
        if not lost:
            return found
        return await _completed(transport, job, record, found, lost, params, deadline)
    except DeadlineError as error:
        raise late(job_id, f"it is completed, but {error}") from None
    except CloudError as error:
        error.job_ids = error.job_ids or (job_id,)
        raise


async def _read(
    transport: Transport,
    path: str,
    read: Callable[[Any], T],
    deadline: float,
    params: Sequence[tuple[str, str]] = (),
) -> T:
    """Return an answer as ``read`` understands it; ask again, a few times, if it can't.

    Raises:
        CloudError: what ``read`` raised at last
    """
    for pause in PAUSES:
        try:
            return read(await transport.request("GET", path, params=params, deadline=deadline))
        except RejectedError as error:
            if error.status != _NOT_FOUND:  # what has just ended may not be everywhere yet
                raise
        except UnavailableError:
            raise
        except CloudError:
            pass
        await asyncio.sleep(pause)
    return read(await transport.request("GET", path, params=params, deadline=deadline))


def _is_whole(record: Mapping[str, Any], job: Job) -> bool:
    """Return whether a record has the ids of the job's children, if it has any."""
    listed = record.get("child_job_ids")
    many = len(job.circuits) > 1
    return not many or (isinstance(listed, list) and len(listed) == len(job.circuits))


async def _whole(
    transport: Transport, job: Job, record: Mapping[str, Any], deadline: float
) -> Mapping[str, Any]:
    """Return the record with its children's ids, which a list leaves out."""
    if _is_whole(record, job):
        return record

    def read(answer: Any) -> Mapping[str, Any]:
        whole = {**results.record_of(answer), "id": record["id"]}
        results.children(job, whole)
        return whole

    return await _read(transport, f"/jobs/{record['id']}", read, deadline)


async def _completed(
    transport: Transport,
    job: Job,
    record: Mapping[str, Any],
    found: dict[int, Outcomes],
    lost: Mapping[int, Lost],
    params: list[tuple[str, str]],
    deadline: float,
) -> dict[int, Outcomes]:
    """Return all outcomes: what the answer left out is asked of the children."""
    still: dict[int, Lost] = {}
    code = None
    for index, each in lost.items():
        if len(still) >= _MOST_CHILDREN:
            still[index] = each
            continue
        path = f"/jobs/{each.child}"
        try:
            child = await _read(transport, path, results.record_of, deadline)
            if child.get("status") == "completed":
                found[index] = await _outcomes(transport, job, each.child, deadline, params)
                continue
        except (CloudError, DeadlineError):
            still[index] = each
            continue
        code, reason = results.why(child)
        still[index] = Lost(each.child, f"{each.why}, it is {child.get('status')}: {reason}")
    if still:
        error = results.incomplete(record, still, code)
        error.partial = found
        raise error
    return found


async def _outcomes(
    transport: Transport,
    job: Job,
    child: str,
    deadline: float,
    params: Sequence[tuple[str, str]] = (),
) -> Outcomes:
    """Return one child's outcomes, from its own results."""
    path = f"/jobs/{child}/results/probabilities"
    return await _read(
        transport, path, lambda answer: results.outcomes(answer, job, child), deadline, params
    )


async def salvage(
    transport: Transport, job: Job, record: Mapping[str, Any], *, deadline: float
) -> JobError:
    """Return the error of a failed or cancelled job, with what its children did give.

    Args:
        transport: to the API
        job: what was sent
        record: of the job
        deadline: in seconds of the loop's clock
    """
    error = results.failure(record)
    if len(job.circuits) > 1:
        try:
            record = await _whole(transport, job, record, deadline)
            error.partial = await _children(transport, job, record, deadline)
        except QStoreError:
            pass  # the job's own error matters more
    return error


async def _children(
    transport: Transport, job: Job, record: Mapping[str, Any], deadline: float
) -> dict[int, Outcomes]:
    ids = results.children(job, record)
    index_of = dict(zip(ids, job.indices, strict=True))
    found: dict[int, Outcomes] = {}
    following: str | None = None
    for _ in range(_PAGES):
        params = [
            ("parent_job_id", str(record["id"])),
            ("status", "completed"),
            ("limit", str(PAGE)),
            *([] if following is None else [("next", following)]),
        ]
        answer = await transport.request("GET", "/jobs", params=params, deadline=deadline)
        rows = answer.get("jobs") if isinstance(answer, Mapping) else None
        listed = rows if isinstance(rows, list) else []
        done = [
            str(row["id"])
            for row in listed
            if isinstance(row, Mapping)
            and str(row.get("id")) in index_of
            and row.get("status") == "completed"
        ]
        answers = await asyncio.gather(
            *(_outcomes(transport, job, child, deadline) for child in done), return_exceptions=True
        )
        for child, outcomes in zip(done, answers, strict=True):
            if not isinstance(outcomes, BaseException):
                found[index_of[child]] = outcomes
        following = answer.get("next") if isinstance(answer, Mapping) else None
        if not isinstance(following, str) or not listed:
            break
    return found
