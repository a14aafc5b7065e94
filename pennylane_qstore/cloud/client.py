"""Jobs to outcomes over IonQ's REST API, concurrently, with an end to every wait."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pennylane_qstore.cloud import backend, results, retry
from pennylane_qstore.cloud.backend import Backend, Fidelities
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.cloud.transport import Transport
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    JobError,
    QStoreError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.events import Cancelled, Listener, Submitted, Unanswered
from pennylane_qstore.outcomes import Outcomes

# Seconds. After an interrupt there is little time left for a submit and for the cancellation.
BACKENDS_TIMEOUT, LAST_SUBMIT, CANCEL_TIMEOUT = 15.0, 1.5, 3.0
# A job may be unknown to a server's reading half for a moment after its writing half took it.
UNSEEN_FOR = 10.0
_NOT_FOUND = 404


class Client:
    """A connection to the API with one key; all its coroutines run in one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        shortest_poll: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Opens nothing yet; the first request does.

        Args:
            base_url: of the API, with its version
            api_key: IonQ's
            shortest_poll: the shortest time between two looks at a job, in seconds
            clock: tells the time, in seconds
            sleep: waits, in seconds
        """
        self._transport = Transport(base_url, api_key, clock=clock, sleep=sleep)
        self._shortest_poll = shortest_poll
        self._clock = clock
        self._sleep = sleep
        self._backends: dict[str, Backend] = {}

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r})"

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def backend(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Backend:
        """What the API says of a backend, asked once.

        Args:
            name: such as "qpu.forte-1"
            max_wait: seconds for it

        Raises:
            RejectedError: there is none of that name
        """
        if name not in self._backends:
            deadline = self._clock() + min(max_wait, BACKENDS_TIMEOUT)
            try:
                listed = await self._transport.request("GET", "/backends", deadline=deadline)
            except DeadlineError as error:
                raise UnavailableError(
                    f"no backends from {self._transport.base_url}: {error}"
                ) from None
            self._backends[name] = backend.chosen(name, listed)
        return self._backends[name]

    async def fidelities(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Fidelities | None:
        """How well a backend does, by its last characterization; None where it has none.

        Args:
            name: such as "qpu.forte-1"
            max_wait: seconds for it
        """
        path = f"/backends/{name}/characterizations"
        deadline = self._clock() + min(max_wait, BACKENDS_TIMEOUT)
        try:
            answer = await self._transport.request("GET", path, deadline=deadline)
        except RejectedError:
            return None
        return backend.characterized(answer)

    async def run(
        self,
        jobs: Sequence[Job],
        settings: Mapping[str, Any],
        *,
        max_wait: float,
        listener: Listener,
        sharpen: bool | None = None,
    ) -> dict[int, Outcomes]:
        """Submits jobs together, waits for all of them, and fetches each once.

        A job that fails doesn't stop the others: they are waited for, and the error carries them.
        When this coroutine is cancelled, so are the jobs that are live, with one request.

        Args:
            jobs: what to run
            settings: the fields that all of them share
            max_wait: seconds for all of it
            listener: is told what happens
            sharpen: whether debiased results are sharpened

        Returns:
            the outcomes of each circuit, by its place in the batch

        Raises:
            QStoreError: the first that a job met; its ``partial`` holds what did arrive
        """
        start = self._clock()
        deadline = start + max_wait
        live: set[str] = set()
        submits: set[asyncio.Task[str]] = set()

        async def one(job: Job) -> dict[int, Outcomes]:
            submit = asyncio.create_task(self._submit(job.body(settings), deadline))
            submits.add(submit)
            job_id = await asyncio.shield(submit)
            submits.discard(submit)
            live.add(job_id)
            listener(Submitted(job_id, len(job.circuits)))
            record = await self._wait(job_id, deadline)
            live.discard(job_id)
            return await self._fetch(job, record, sharpen, deadline)

        tasks = [asyncio.create_task(one(job)) for job in jobs]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            live |= await self._last_submits(submits, listener)
            await self._cancel(live, listener)
            raise
        return _together(tasks, max_wait)

    async def _last_submits(self, submits: set[asyncio.Task[str]], listener: Listener) -> set[str]:
        """The jobs of submits that were under way at an interrupt, if they are answered soon."""
        if not submits:
            return set()
        done, lost = await asyncio.wait(submits, timeout=LAST_SUBMIT)
        for task in lost:
            task.cancel()
        await asyncio.gather(*lost, return_exceptions=True)
        found = {task.result() for task in done if task.exception() is None}
        unknown = [task for task in done if isinstance(task.exception(), UnknownOutcomeError)]
        for job_id in found:
            listener(Submitted(job_id, 0))
        if lost or unknown:
            listener(Unanswered(len(lost) + len(unknown)))
        return found

    async def _submit(self, body: str, deadline: float) -> str:
        answer = await self._transport.request("POST", "/jobs", body=body, deadline=deadline)
        job_id = answer.get("id") if isinstance(answer, Mapping) else None
        if not isinstance(job_id, str) or not re.fullmatch(r"[\w-]+", job_id):
            raise UnknownOutcomeError(f"POST /jobs named no job: {str(answer)[:200]}")
        return job_id

    async def _wait(self, job_id: str, deadline: float) -> Mapping[str, Any]:
        """Looks at a job until it ends; gives its record."""
        submitted = self._clock()
        seen = False
        while True:
            waited = self._clock() - submitted
            try:
                record = await self._transport.request("GET", f"/jobs/{job_id}", deadline=deadline)
            except DeadlineError as error:
                raise _late(job_id, str(error)) from None
            except RejectedError as error:
                if error.status != _NOT_FOUND or seen or waited > UNSEEN_FOR:
                    raise JobError(f"job {job_id} is lost: {error}", job_id=job_id) from error
                record = {"status": "submitted"}
            else:
                seen = True
            status = record.get("status") if isinstance(record, Mapping) else None
            if not isinstance(status, str):
                raise CloudError(
                    f"GET /jobs/{job_id} answered no status: {str(record)[:200]}", job_ids=[job_id]
                )
            if status == "completed":
                return {**record, "id": job_id}
            if status in {"failed", "canceled"}:
                raise results.failure({**record, "id": job_id})
            left = deadline - self._clock()
            if left <= 0:
                raise _late(job_id, f"it is {status}")
            pause = retry.poll_interval(self._clock() - submitted, self._shortest_poll)
            await self._sleep(min(pause, left))

    async def _fetch(
        self, job: Job, record: Mapping[str, Any], sharpen: bool | None, deadline: float
    ) -> dict[int, Outcomes]:
        params = {} if sharpen is None else {"sharpen": str(sharpen).lower()}
        path = results.results_path(job, record)
        try:
            answer = await self._transport.request("GET", path, params=params, deadline=deadline)
        except DeadlineError as error:
            raise _late(str(record["id"]), f"it is completed, but {error}") from None
        return results.joined(job, record, answer)

    async def _cancel(self, job_ids: set[str], listener: Listener) -> None:
        if not job_ids:
            return
        body = json.dumps({"ids": sorted(job_ids)})
        deadline = self._clock() + CANCEL_TIMEOUT
        await self._transport.request("PUT", "/jobs/status/cancel", body=body, deadline=deadline)
        listener(Cancelled(tuple(sorted(job_ids))))


def _late(job_id: str, why: str) -> DeadlineError:
    return DeadlineError(
        f"job {job_id} has no result and time is up: {why}", job_ids=[job_id], waited=0.0
    )


def _together(
    tasks: Sequence[asyncio.Task[dict[int, Outcomes]]], waited: float
) -> dict[int, Outcomes]:
    """All jobs' outcomes, or the first error with what did arrive."""
    found: dict[int, Outcomes] = {}
    errors: list[BaseException] = []
    for task in tasks:
        error = task.exception()
        if error is None:
            found.update(task.result())
        else:
            errors.append(error)
            found.update(getattr(error, "partial", {}))
    late = [error for error in errors if isinstance(error, DeadlineError)]
    if late:
        job_ids = [job_id for error in late for job_id in error.job_ids]
        message = f"after {waited:g} s: {'; '.join(map(str, late))}"
        errors = [DeadlineError(message, job_ids=job_ids, waited=waited)]
    for error in errors:
        if isinstance(error, QStoreError):
            error.partial = found
        raise error
    return found
