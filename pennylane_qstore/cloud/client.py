"""Jobs to outcomes over IonQ's REST API, concurrently, with an end to every wait."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp

from pennylane_qstore.cloud import backend, results, retry
from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    JobError,
    QStoreError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.events import Cancelled, Listener, Submitted
from pennylane_qstore.outcomes import Outcomes
from pennylane_qstore.version import __version__

# Seconds. A request that takes longer is lost; asking again costs less than waiting on.
REQUEST_TIMEOUT, BACKENDS_TIMEOUT, CANCEL_TIMEOUT = 60.0, 15.0, 4.0
# A job may be unknown to a server's reading half for a moment after its writing half took it.
UNSEEN_FOR = 10.0
_NOT_FOUND = 404
_SUCCESS = range(200, 300)
_LARGE_BODY = 200_000  # bytes; parsed in a thread, so that polls of other jobs go on


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
        self._base_url = base_url
        self._api_key = api_key
        self._shortest_poll = shortest_poll
        self._clock = clock
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._backends: dict[str, Backend] = {}

    def __repr__(self) -> str:
        return f"Client({self._base_url!r})"

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def backend(self, name: str) -> Backend:
        """What the API says of a backend, asked once.

        Raises:
            RejectedError: there is none of that name
        """
        if name not in self._backends:
            deadline = self._clock() + BACKENDS_TIMEOUT
            try:
                listed = await self._request("GET", "/backends", deadline=deadline)
            except DeadlineError as error:
                raise UnavailableError(f"no backends from {self._base_url}: {error}") from None
            self._backends[name] = backend.chosen(name, listed)
        return self._backends[name]

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
        live: set[str] = set()

        async def one(job: Job) -> dict[int, Outcomes]:
            deadline = start + max_wait
            job_id = await self._submit(job.body(settings), deadline)
            live.add(job_id)
            listener(Submitted(job_id, len(job.circuits)))
            try:
                record = await self._wait(job_id, start, deadline)
                live.discard(job_id)
                return await self._fetch(job, record, sharpen, deadline)
            except DeadlineError as error:
                raise DeadlineError(
                    f"job {job_id} has no result after {max_wait:g} s ({error}); it goes on",
                    job_ids=[job_id],
                    waited=max_wait,
                ) from None

        tasks = [asyncio.create_task(one(job)) for job in jobs]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._cancel(live, listener)
            raise
        return _together(tasks, self._clock() - start)

    async def _submit(self, body: str, deadline: float) -> str:
        answer = await self._request("POST", "/jobs", body=body, deadline=deadline)
        job_id = answer.get("id") if isinstance(answer, Mapping) else None
        if not isinstance(job_id, str) or not job_id:
            raise UnknownOutcomeError(f"POST /jobs named no job: {str(answer)[:200]}")
        return job_id

    async def _wait(self, job_id: str, start: float, deadline: float) -> Mapping[str, Any]:
        seen = False
        while True:
            try:
                record = await self._request("GET", f"/jobs/{job_id}", deadline=deadline)
            except RejectedError as error:
                gone = seen or self._clock() - start > UNSEEN_FOR
                if error.status != _NOT_FOUND or gone:
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
            waited = self._clock() - start
            pause = retry.poll_interval(waited, self._shortest_poll)
            await self._pause(pause, deadline, f"it is {status}")

    async def _pause(self, seconds: float, deadline: float, why: str) -> None:
        """Sleeps, but not past the deadline."""
        left = deadline - self._clock()
        if left <= 0:
            raise DeadlineError(f"time is up: {why}", job_ids=[], waited=0.0)
        await self._sleep(min(seconds, left))

    async def _fetch(
        self, job: Job, record: Mapping[str, Any], sharpen: bool | None, deadline: float
    ) -> dict[int, Outcomes]:
        params = {} if sharpen is None else {"sharpen": str(sharpen).lower()}
        path = results.results_path(job, record)
        answer = await self._request("GET", path, params=params, deadline=deadline)
        return results.joined(job, record, answer)

    async def _cancel(self, job_ids: set[str], listener: Listener) -> None:
        if not job_ids:
            return
        body = json.dumps({"ids": sorted(job_ids)})
        deadline = self._clock() + CANCEL_TIMEOUT
        await self._request("PUT", "/jobs/status/cancel", body=body, deadline=deadline)
        listener(Cancelled(tuple(sorted(job_ids))))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        body: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Sends a request until it is answered for good; ``retry`` says what is tried again."""
        for attempt in itertools.count(1):
            try:
                return await self._attempt(method, path, body, params or {}, deadline)
            except CloudError as error:
                if not retry.is_retried(error):
                    raise
                pause = retry.delay(attempt, error, random.uniform)
                await self._pause(pause, deadline, str(error))
        raise AssertionError("never reached")

    async def _attempt(
        self, method: str, path: str, body: str | None, params: Mapping[str, str], deadline: float
    ) -> Any:
        changes = method == "POST"
        left = max(deadline - self._clock(), 0.001)
        try:
            async with self._opened().request(
                method,
                self._base_url + path,
                data=body,
                params=params,
                allow_redirects=False,  # the key goes to the host it is meant for
                timeout=aiohttp.ClientTimeout(total=min(REQUEST_TIMEOUT, left)),
            ) as response:
                raw = await response.read()
        except aiohttp.ClientConnectorError as error:  # before a byte was sent
            raise UnavailableError(self._told(method, path, str(error))) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = self._told(method, path, str(error) or type(error).__name__)
            raise (UnknownOutcomeError if changes else UnavailableError)(reason) from None
        return await self._answer(method, path, response, raw)

    async def _answer(
        self, method: str, path: str, response: aiohttp.ClientResponse, raw: bytes
    ) -> Any:
        changes = method == "POST"
        if response.status not in _SUCCESS:
            raise retry.error_of(
                response.status,
                self._told(method, path, f"{response.status} {_message(raw)}"),
                changes=changes,
                retry_after=retry.retry_after(response.headers.get("Retry-After"), time.time()),
                request_id=response.headers.get("x-request-id"),
            )
        try:
            if len(raw) > _LARGE_BODY:
                return await asyncio.to_thread(json.loads, raw)
            return json.loads(raw)
        except ValueError:
            reason = self._told(method, path, f"no JSON: {raw[:200]!r}")
            raise (UnknownOutcomeError if changes else UnavailableError)(reason) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={
                    "Authorization": f"apiKey {self._api_key}",
                    "Content-Type": "application/json",
                    "User-Agent": f"pennylane-qstore/{__version__}",
                },
                trust_env=True,
            )
        return self._session

    def _told(self, method: str, path: str, reason: str) -> str:
        """An error's text; a server that repeats the key doesn't get it printed."""
        return f"{method} {path} answered {reason}".replace(self._api_key, "…")


def _message(raw: bytes) -> str:
    """An error body to its message, in whatever form it came."""
    try:
        body = json.loads(raw)
    except ValueError:
        return raw[:200].decode(errors="replace")
    if not isinstance(body, Mapping):
        return str(body)[:200]
    return ": ".join(str(body[key]) for key in ("error", "message") if body.get(key))[:500]


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
    if len(late) > 1:
        job_ids = [job_id for error in late for job_id in error.job_ids]
        message = f"{len(late)} jobs have no result after {waited:.3g} s: {', '.join(job_ids)}"
        errors = [DeadlineError(message, job_ids=job_ids, waited=waited)]
    for error in errors:
        if isinstance(error, QStoreError):
            error.partial = found
        raise error
    return found
