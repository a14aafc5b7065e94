"""Fetch a finished job's outcomes once, and ask its children for what is missing."""

import asyncio
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pennylane_qstore.cloud.http.bodies import MOST_BYTES, MOST_OF_A_LIST, most_of_results
from pennylane_qstore.cloud.http.loop import all_of
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.http.values import of_job
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
# Children that are asked for at the same time, where the answer for all leaves them out; if none of
# them has a result, the others aren't asked.
_WAVE = 50
# Pages of a failed job's completed children: as many as a full job has.
_PAGES = 200
# Answers of a server that has no sharpened results.
_UNABLE = frozenset({400, 404, 405, 410, 422})


@dataclass(frozen=True, slots=True)
class _Answers:
    """Where a job's answers come from.

    Attributes:
        transport: to the API
        job: what was sent
        is_exact: whether all outcomes may have a probability, whatever the shots
        deadline: in seconds of the loop's clock
        params: of the query
    """

    transport: Transport
    job: Job
    is_exact: bool
    deadline: float
    params: Sequence[tuple[str, str]] = ()

    async def read(
        self,
        path: str,
        read: Callable[[Any], T],
        most: int = MOST_BYTES,
        params: Sequence[tuple[str, str]] = (),
    ) -> T:
        """Return an answer as ``read`` understands it; ask again, a few times, if it can't.

        Raises:
            CloudError: what ``read`` raised at last, or when there is no time to ask again
        """

        async def once() -> T:
            answer = await self.transport.request(
                "GET", path, params=params, deadline=self.deadline, most=most
            )
            return read(answer)

        for pause in PAUSES:
            try:
                return await once()
            except UnavailableError:
                raise
            except CloudError as error:
                # What has just ended may not be everywhere yet.
                lasts = isinstance(error, RejectedError) and error.status != _NOT_FOUND
                if lasts or _now() + pause >= self.deadline:
                    raise
            await asyncio.sleep(pause)
        return await once()

    def most(self, circuits: int) -> int:
        """Return the bytes that the results of some circuits may have."""
        shots = None if self.is_exact else self.job.shots
        return most_of_results(circuits, self.job.qubits, shots)

    async def record(self, job_id: str) -> Mapping[str, Any]:
        """Return what the API says of a job."""
        return await self.read(f"/jobs/{job_id}", functools.partial(of_job, job_id))

    async def outcomes(self, job_id: str) -> Outcomes:
        """Return the outcomes of one circuit, from its own job's results."""
        return await self.read(
            f"/jobs/{job_id}/results/probabilities",
            lambda answer: results.outcomes(answer, self.job, job_id),
            self.most(1),
            self.params,
        )

    async def with_children(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the record with its children's ids, which a list leaves out."""
        if _has_children(record, self.job):
            return record
        job_id = str(record["id"])

        def read(answer: Any) -> Mapping[str, Any]:
            whole = {**of_job(job_id, answer), "id": job_id}
            results.children(self.job, whole)
            return whole

        return await self.read(f"/jobs/{job_id}", read)


async def fetch(
    transport: Transport,
    job: Job,
    record: Mapping[str, Any],
    *,
    sharpen: bool | None,
    is_exact: bool,
    deadline: float,
) -> dict[int, Outcomes]:
    """Return the outcomes of a completed job's circuits, by place in the batch.

    Args:
        transport: to the API
        job: what was sent
        record: of the job, from a list or by itself
        sharpen: whether debiased results are sharpened
        is_exact: whether all outcomes may have a probability, whatever the shots
        deadline: in seconds of the loop's clock

    Raises:
        JobError: circuits without a result; its ``partial`` holds the others
        CloudError: the answer is not what the API promises
        DeadlineError: there was no time to fetch it
    """
    params = () if sharpen is None else (("sharpen", str(sharpen).lower()),)
    answers = _Answers(transport, job, is_exact, deadline, params)
    job_id = str(record["id"])
    try:
        if sharpen is not None:
            return await _sharpened(answers, record)
        return await _joined(answers, record)
    except DeadlineError as error:
        raise late(job_id, f"it is completed, but {error}") from None
    except CloudError as error:
        error.job_ids = error.job_ids or (job_id,)
        raise


async def _joined(answers: _Answers, record: Mapping[str, Any]) -> dict[int, Outcomes]:
    """Return all circuits' outcomes, from one answer for all of them."""
    job, job_id = answers.job, str(record["id"])
    many = len(job.circuits) > 1
    reading = answers.read(
        results.path_of(record, many=many),
        lambda answer: results.probabilities_of(job, job_id, answer),
        answers.most(len(job.circuits)),
    )
    if not many or _has_children(record, job):
        answer = await reading
    else:
        answer, record = await all_of(reading, answers.with_children(record))
    outcomes, lost = results.joined(job, record, answer)
    return await _completed(answers, record, outcomes, lost) if lost else outcomes


async def _sharpened(answers: _Answers, record: Mapping[str, Any]) -> dict[int, Outcomes]:
    """Return all circuits' outcomes, each from its own results: only these can be sharpened.

    Raises:
        RejectedError: the server has none
    """
    job, job_id = answers.job, str(record["id"])
    try:
        if len(job.circuits) == 1:
            return {job.indices[0]: await answers.outcomes(job_id)}
        record = await answers.with_children(record)
        ids = results.children(job, record)
        first = await answers.outcomes(ids[0])  # before thousands are asked for in vain
    except RejectedError as error:
        if error.status not in _UNABLE:
            raise
        raise RejectedError(
            f"job {job_id} is completed, but the server has no results of it with sharpen="
            f"{answers.params[0][1]} ({error}); ask again with sharpen=None, which is not paid "
            "again",
            job_ids=[job_id],
            status=error.status,
            request_id=error.request_id,
        ) from None
    lost = {i: Lost(child, "") for i, child in zip(job.indices, ids, strict=True)}
    del lost[job.indices[0]]
    return await _completed(answers, record, {job.indices[0]: first}, lost)


def _has_children(record: Mapping[str, Any], job: Job) -> bool:
    """Return whether a record has an id for each circuit's own job."""
    listed = record.get("child_job_ids")
    return isinstance(listed, list) and len(listed) == len(job.circuits)


async def _completed(
    answers: _Answers,
    record: Mapping[str, Any],
    outcomes: dict[int, Outcomes],
    lost: Mapping[int, Lost],
) -> dict[int, Outcomes]:
    """Return all outcomes: what is missing is asked of the children, many at the same time.

    Raises:
        JobError: circuits without a result
    """
    still: dict[int, Lost] = {}
    code = None
    for wave in _waves(list(lost.items())):
        if len(still) >= _WAVE:
            still.update(wave)
            continue
        asked = await all_of(*(_asked(answers, each) for _, each in wave))
        for (index, _), (gained, loss, failure) in zip(wave, asked, strict=True):
            if gained is not None:
                outcomes[index] = gained
            else:
                still[index], code = loss, failure or code
    if still:
        error = results.incomplete(record, still, code)
        error.partial = outcomes
        raise error
    return outcomes


async def _asked(answers: _Answers, lost: Lost) -> tuple[Outcomes | None, Lost, str | None]:
    """Return a child's outcomes, or why it has none and IonQ's code for that."""
    try:
        child = await answers.record(lost.child)
        if child["status"] == "completed":
            return await answers.outcomes(lost.child), lost, None
    except (CloudError, DeadlineError) as error:
        why = lost.why or f"child {lost.child} has no result: {error}"
        return None, Lost(lost.child, why), None
    code, reason = results.why(child)
    why = f"{lost.why or 'without a result'}, it is {child['status']}: {reason}"
    return None, Lost(lost.child, why), code


async def salvage(
    transport: Transport,
    job: Job,
    record: Mapping[str, Any],
    *,
    is_exact: bool,
    deadline: float,
) -> JobError:
    """Return the error of a failed or cancelled job, with what its children did give.

    Args:
        transport: to the API
        job: what was sent
        record: of the job
        is_exact: whether all outcomes may have a probability, whatever the shots
        deadline: in seconds of the loop's clock
    """
    error = results.failure(record)
    if len(job.circuits) > 1:
        answers = _Answers(transport, job, is_exact, deadline)
        try:
            record = await answers.with_children(record)
            error.partial = await _children(answers, record)
        except QStoreError:
            pass  # the job's own error matters more
    return error


async def _children(answers: _Answers, record: Mapping[str, Any]) -> dict[int, Outcomes]:
    """Return the outcomes of those children that did complete, by place in the batch."""
    job = answers.job
    index_of = dict(zip(results.children(job, record), job.indices, strict=True))
    outcomes: dict[int, Outcomes] = {}
    following: str | None = None
    visited: set[str] = set()
    while len(visited) < _PAGES:
        params = [
            ("parent_job_id", str(record["id"])),
            ("status", "completed"),
            ("limit", str(PAGE)),
            *([] if following is None else [("next", following)]),
        ]
        page = await answers.transport.request(
            "GET", "/jobs", params=params, deadline=answers.deadline, most=MOST_OF_A_LIST
        )
        rows = page.get("jobs") if isinstance(page, Mapping) else None
        listed = rows if isinstance(rows, list) else []
        done = [
            row["id"]
            for row in listed
            if isinstance(row, Mapping)
            and isinstance(row.get("id"), str)
            and row["id"] in index_of
            and row.get("status") == "completed"
        ]
        gained = await asyncio.gather(*map(answers.outcomes, done), return_exceptions=True)
        for child, each in zip(done, gained, strict=True):
            if not isinstance(each, BaseException):
                outcomes[index_of[child]] = each
        following = page.get("next") if isinstance(page, Mapping) else None
        if not isinstance(following, str) or not listed or following in visited:
            break
        visited.add(following)
    return outcomes


def _waves(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield items in groups that are asked for together."""
    for start in range(0, len(items), _WAVE):
        yield items[start : start + _WAVE]


def _now() -> float:
    return asyncio.get_running_loop().time()
