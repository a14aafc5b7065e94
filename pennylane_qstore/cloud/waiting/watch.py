"""Watch all live jobs together until they end, with as few requests as needed."""

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pennylane_qstore.cloud.http.bodies import MOST_OF_A_LIST
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.http.values import shown
from pennylane_qstore.cloud.waiting import polling
from pennylane_qstore.cloud.waiting.polling import PAGE, QueueHistory
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    JobError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
)
from pennylane_qstore.reporting.events import Event, Listener, Waiting

# A job may be unknown to a server's reading half for a moment after its writing half took it.
UNSEEN_FOR = 10.0
FINAL = frozenset({"completed", "failed", "canceled"})
_NOT_FOUND = 404
# Answers about another job, before a server isn't believed any more.
_STRANGERS = 2
# What the API's states mean.
_WORDS = {"submitted": "submitted", "ready": "queued", "started": "running"}


def _nothing(event: Event) -> None:
    """Ignore an event: the listener where nobody listens."""


@dataclass(eq=False, slots=True)
class _Watched:
    job_id: str
    backend: str
    circuits: int
    since: float
    deadline: float
    end: asyncio.Future[Mapping[str, Any]]
    due: float = 0.0
    record: Mapping[str, Any] = field(default_factory=dict)
    predicted: float | None = None
    listener: Listener = _nothing
    seen: bool = False
    missed: float | None = None  # since when the server doesn't know it
    strangers: int = 0  # answers about another job


class Watcher:
    """Looks at all live jobs together; lives in one event loop.

    Attributes:
        patterns: what earlier jobs took, by backend
        announced: what the API says of a backend's queue, until there is a pattern
    """

    def __init__(self, transport: Transport, shortest: float, *, at_once: bool = False) -> None:
        """Looks at nothing yet.

        Args:
            transport: to the API
            shortest: the shortest time between two looks, in seconds
            at_once: whether the first look at a job doesn't wait
        """
        self._transport = transport
        self._shortest = shortest
        self._at_once = at_once
        self._live: dict[str, _Watched] = {}
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.patterns: dict[str, QueueHistory] = {}
        self.announced: dict[str, QueueHistory] = {}

    async def end_of(
        self,
        job_id: str,
        *,
        backend: str,
        circuits: int,
        deadline: float,
        age: float = 0.0,
        listener: Listener = _nothing,
    ) -> Mapping[str, Any]:
        """Return the record of a job once it has ended, with or without results.

        Args:
            job_id: IonQ's
            backend: that it runs on
            circuits: in it
            deadline: in seconds of the loop's clock
            age: seconds since it was submitted
            listener: gets an event after each look

        Raises:
            DeadlineError: it has not ended by then
            JobError: it was deleted, or was never there
        """
        now = _now()
        watched = _Watched(
            job_id, backend, circuits, now - age, deadline, asyncio.Future(), now, listener=listener
        )
        if self._at_once and not age:
            await self._look([watched])
            if watched.end.done():
                return watched.end.result()
        elif not age:  # an older job may have ended long ago
            watched.due = self._next(watched, now)
        self._live[job_id] = watched
        self._new.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
            self._task.add_done_callback(self._broke_off)
        try:
            return await watched.end
        finally:
            del self._live[job_id]
            if not self._live and self._task is not None:
                self._task.cancel()
                self._task = None

    def _broke_off(self, task: asyncio.Task[None]) -> None:
        """Nobody waits for a look that won't come."""
        error = None if task.cancelled() else task.exception()
        for each in self._live.values() if error is not None else ():
            _end(each, CloudError(f"job {each.job_id} is watched no more: {error!r}"))

    def _expected(self, watched: _Watched) -> float | None:
        """Return the seconds from a job's submission to its expected end, or None."""
        pattern = self.patterns.get(watched.backend) or self.announced.get(watched.backend)
        return polling.expected_end(watched.record, pattern, watched.circuits)

    def _next(self, watched: _Watched, now: float) -> float:
        expected = self._expected(watched)
        pause = polling.interval(now - watched.since, expected, self._shortest)
        return min(now + pause, max(watched.deadline, now))

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as looks:
            await self._start(looks)

    async def _start(self, looks: asyncio.TaskGroup) -> None:
        """Starts the looks that are due, for ever."""
        while True:
            self._new.clear()
            pending = [each for each in self._live.values() if not each.end.done()]
            due = min((each.due for each in pending), default=math.inf)
            if due > _now():
                await _wait(self._new, None if math.isinf(due) else due)
                continue
            for page in polling.pages(((each.due, each) for each in pending), _now()):
                for each in page:
                    each.due = math.inf  # until this look is over; the others don't wait for it
                looks.create_task(self._looked(page))

    async def _looked(self, page: list[_Watched]) -> None:
        try:
            await self._look(page)
        except Exception as error:  # noqa: BLE001  the other jobs' looks go on
            for each in page:
                _end(each, _senseless(each.job_id, error))
        self._new.set()

    async def _look(self, page: list[_Watched]) -> None:
        """Asks for a page of jobs with one request, and ends the waits of those that ended."""
        deadline = min(each.deadline for each in page)
        try:
            found = await self._rows([each.job_id for each in page], deadline)
        except DeadlineError as error:
            self._late(page, str(error))
            return
        except CloudError as error:
            for each in page:
                _end(each, _named(error, each.job_id))
            return
        for each in page:
            if each.job_id in found or len(page) == 1:
                self._update(each, found.get(each.job_id))
            else:
                await self._missing(each)

    async def _missing(self, each: _Watched) -> None:
        """A job that a list leaves out is asked for by its name: a list may lag."""
        try:
            found = await self._rows([each.job_id], each.deadline)
        except DeadlineError as error:
            self._late([each], str(error))
        except CloudError as error:
            _end(each, _named(error, each.job_id))
        else:
            self._update(each, found.get(each.job_id))

    async def _rows(self, job_ids: list[str], deadline: float) -> dict[str, Mapping[str, Any]]:
        """Return what the API says of jobs, by id; those that it doesn't know are left out."""
        if len(job_ids) == 1:
            return await self._one(job_ids[0], deadline)
        params = [("limit", str(PAGE)), *(("ids", job_id) for job_id in job_ids)]
        try:
            answer = await self._transport.request(
                "GET", "/jobs", params=params, deadline=deadline, most=MOST_OF_A_LIST
            )
        except (UnauthorizedError, UnavailableError):
            raise
        except CloudError:  # no bulk looks, or too large a page; each job is asked for by itself
            answer = None
        rows = answer.get("jobs") if isinstance(answer, Mapping) else None
        return {
            row["id"]: row
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and isinstance(row.get("id"), str)
        }

    async def _one(self, job_id: str, deadline: float) -> dict[str, Mapping[str, Any]]:
        try:
            record = await self._transport.request("GET", f"/jobs/{job_id}", deadline=deadline)
        except RejectedError as error:
            if error.status == _NOT_FOUND:
                return {}
            raise
        return {job_id: record if isinstance(record, Mapping) else {}}

    def _update(self, each: _Watched, record: Mapping[str, Any] | None) -> None:
        """Take note of what the API says of a job; nonsense ends the wait of that job alone."""
        try:
            self._take_note(each, record)
        except Exception as error:  # noqa: BLE001  whatever a server may say
            _end(each, _senseless(each.job_id, error))

    def _take_note(self, each: _Watched, record: Mapping[str, Any] | None) -> None:
        now = _now()
        if record is not None and record.get("id", each.job_id) != each.job_id:
            each.strangers += 1
            if each.strangers > _STRANGERS:
                about = shown(record["id"])
                message = f"asked for job {each.job_id}, the server answers with job {about}"
                _end(each, CloudError(message, job_ids=[each.job_id]))
        elif record is None:
            # One answer may come from a part of the server that lags behind the others.
            each.missed = now if each.missed is None else each.missed
            if now - (each.missed if each.seen else each.since) > UNSEEN_FOR:
                gone = "is gone" if each.seen else "was never there"
                message = f"job {each.job_id} is lost: the server says 404, it {gone}"
                _end(each, JobError(message, job_id=each.job_id, status="lost"))
                return
        else:
            each.seen, each.missed, each.record = True, None, record
            each.predicted = polling.predicted_end(record) or each.predicted
            status = str(record.get("status"))
            expected = self._expected(each)
            left = None if expected is None else each.since + expected - now
            each.listener(Waiting(each.job_id, status, left))
            if status in FINAL:
                self._learn(each)
                if not each.end.done():
                    each.end.set_result({**record, "id": each.job_id})
                return
        if now >= each.deadline:
            self._late([each], _state(each))
        each.due = self._next(each, now)

    def _learn(self, each: _Watched) -> None:
        pattern = self.patterns.get(each.backend)
        found = polling.learned(pattern, each.record, each.circuits, each.predicted)
        if found is not None:
            self.patterns[each.backend] = found

    def _late(self, page: Iterable[_Watched], why: str) -> None:
        """Ends the waits that are over; the others go on."""
        now = _now()
        last = min(each.deadline for each in page)
        for each in page:
            if each.deadline <= max(now, last):
                _end(each, late(each.job_id, why))
            else:
                each.due = self._next(each, now)


def late(job_id: str, why: str) -> DeadlineError:
    """Return the error of one job that has no result in time."""
    message = f"job {job_id} has no result and time is up: {why}"
    return DeadlineError(message, job_ids=[job_id], waited=0.0)


def _state(each: _Watched) -> str:
    if not each.seen:
        return "the server doesn't know it yet"
    status = each.record.get("status")
    if not isinstance(status, str):
        return f"it has no status: {shown(each.record)}"
    return f"it is {_WORDS.get(status, shown(status))}"


def _senseless(job_id: str, error: Exception) -> CloudError:
    return CloudError(f"job {job_id} has an answer without sense: {error!r}", job_ids=[job_id])


def _named(error: CloudError, job_id: str) -> CloudError:
    """Return an error about a look as the same error about a job."""
    named: CloudError = error.__class__(
        f"job {job_id}: {error}", job_ids=[job_id], status=error.status, request_id=error.request_id
    )
    return named


def _end(each: _Watched, error: Exception) -> None:
    if not each.end.done():
        each.end.set_exception(error)


async def _wait(event: asyncio.Event, until: float | None) -> None:
    try:
        async with asyncio.timeout_at(until):
            await event.wait()
    except TimeoutError:
        pass


def _now() -> float:
    return asyncio.get_running_loop().time()
