"""A finished job's id to its outcomes: fetched once, and what is missing looked for."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pennylane_qstore.cloud import results
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.cloud.polling import PAGE
from pennylane_qstore.cloud.results import Lost
from pennylane_qstore.cloud.transport import Transport
from pennylane_qstore.cloud.watch import late
from pennylane_qstore.errors import CloudError, DeadlineError, JobError, QStoreError
from pennylane_qstore.outcomes import Outcomes

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
    """The outcomes of a completed job's circuits, by place in the batch.

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
    path = results.results_path(job, record)
    try:
        answer, record = await asyncio.gather(
            transport.request("GET", path, params=params, deadline=deadline),
            _whole(transport, job, record, deadline),
        )
        found, lost = results.joined(job, record, answer)
        if not lost:
            return found
        return await _completed(transport, job, record, found, lost, params, deadline)
    except DeadlineError as error:
        raise late(str(record["id"]), f"it is completed, but {error}") from None
    except CloudError as error:
        error.job_ids = error.job_ids or (str(record["id"]),)
        raise


async def _whole(
    transport: Transport, job: Job, record: Mapping[str, Any], deadline: float
) -> Mapping[str, Any]:
    """The record with its children's ids, which a list leaves out."""
    if len(job.circuits) == 1 or "child_job_ids" in record:
        return record
    found = await transport.request("GET", f"/jobs/{record['id']}", deadline=deadline)
    return {**(found if isinstance(found, Mapping) else {}), "id": record["id"]}


async def _completed(
    transport: Transport,
    job: Job,
    record: Mapping[str, Any],
    found: dict[int, Outcomes],
    lost: Mapping[int, Lost],
    params: list[tuple[str, str]],
    deadline: float,
) -> dict[int, Outcomes]:
    """What the answer for all circuits left out, from the children themselves."""
    still: dict[int, Lost] = {}
    code = None
    for index, each in lost.items():
        if len(still) >= _MOST_CHILDREN:
            still[index] = each
            continue
        path = f"/jobs/{each.child}"
        try:
            child = await transport.request("GET", path, deadline=deadline)
            if isinstance(child, Mapping) and child.get("status") == "completed":
                answer = await transport.request(
                    "GET", f"{path}/results/probabilities", params=params, deadline=deadline
                )
                found[index] = results.outcomes(answer, job, each.child)
                continue
        except (CloudError, DeadlineError):
            still[index] = each
            continue
        told = child if isinstance(child, Mapping) else {}
        code, reason = results.why(told)
        still[index] = Lost(each.child, f"{each.why}, it is {told.get('status')}: {reason}")
    if still:
        error = results.incomplete(record, still, code)
        error.partial = found
        raise error
    return found


async def salvage(
    transport: Transport, job: Job, record: Mapping[str, Any], *, deadline: float
) -> JobError:
    """A job that failed or was cancelled to its error, with what its children did give.

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
            and row.get("id") in index_of
            and row.get("status") == "completed"
        ]
        answers = await asyncio.gather(
            *(
                transport.request("GET", f"/jobs/{child}/results/probabilities", deadline=deadline)
                for child in done
            ),
            return_exceptions=True,
        )
        for child, histogram in zip(done, answers, strict=True):
            if not isinstance(histogram, BaseException):
                found[index_of[child]] = results.outcomes(histogram, job, child)
        following = answer.get("next") if isinstance(answer, Mapping) else None
        if following is None or not listed:
            break
    return found
