"""A client of IonQ's REST API: jobs to outcomes, concurrently, with a deadline for every wait."""

import asyncio
import functools
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pennylane_qstore.cloud import backend
from pennylane_qstore.cloud.backend import Backend, Fidelities
from pennylane_qstore.cloud.batch import JobBatch
from pennylane_qstore.cloud.http.bodies import MOST_OF_RESULTS
from pennylane_qstore.cloud.http.limiter import Limiter
from pennylane_qstore.cloud.http.loop import all_of, stopped
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.http.values import of_job
from pennylane_qstore.cloud.journal.journal import MEMORY, Journal, JournalEntry, account
from pennylane_qstore.cloud.results import results
from pennylane_qstore.cloud.submitting import cost
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.request_terms import Failover, Policy, RequestTerms
from pennylane_qstore.cloud.waiting.polling import QueueHistory
from pennylane_qstore.cloud.waiting.watch import Watcher
from pennylane_qstore.errors import CloudError, DeadlineError, RejectedError, UnavailableError
from pennylane_qstore.options import QPU
from pennylane_qstore.processes import Holder
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import Listener, Slowed
from pennylane_qstore.runs import RunStep

# Seconds: for an answer about backends, for one that isn't needed, and for which they are taken to
# hold.
BACKENDS_TIMEOUT, WITHOUT_IT, FRESH = 15.0, 3.0, 60.0


class Client:
    """A connection to the API with one key; all its coroutines run in one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        policy: Policy | None = None,
        *,
        journal: Journal | None = None,
    ) -> None:
        """Opens no connection yet; the first request does.

        Args:
            base_url: of the API, with its version
            api_key: IonQ's
            policy: how jobs are sent
            journal: of this account, which the client closes; None keeps it in memory
        """
        self.policy = Policy() if policy is None else policy
        self._made = time.time()
        self._slower: set[Listener] = set()
        limiter = self._limiter = Limiter(self.policy.rate_limit, self._slowed)
        self._transport = Transport(
            base_url, api_key, pool_size=self.policy.connection_pool_size, limiter=limiter
        )
        self._watcher = Watcher(
            self._transport, self.policy.shortest_poll, at_once=self.policy.look_at_once
        )
        self._journal = journal or Journal(MEMORY, account(base_url, api_key))
        self._backends: dict[str, tuple[Backend, float]] = {}
        self._asking: dict[str, asyncio.Task[Backend]] = {}

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r})"

    async def close(self) -> None:
        """Closes the connections and the journal."""
        await stopped(list(self._asking.values()))
        await self._transport.close()
        self._journal.close()

    def cached_backend(self, name: str, now: float) -> Backend | None:
        """Return what the API said of a backend within the last minute, from any thread, or None.

        Args:
            name: such as "qpu.forte-1"
            now: seconds of the loop's clock
        """
        cached, asked = self._backends.get(name, (None, -math.inf))
        return cached if now - asked < FRESH else None

    def cached_until(self, name: str) -> float:
        """Return until when ``cached_backend`` holds, in seconds of the loop's clock."""
        _, asked = self._backends.get(name, (None, -math.inf))
        return asked + FRESH

    async def backend(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Backend:
        """Return what the API says of a backend; it is asked again only after a minute.

        Args:
            name: such as "qpu.forte-1"
            max_wait: seconds for it

        Raises:
            RejectedError: there is none of that name
            UnavailableError: there was no answer
        """
        if (fresh := self.cached_backend(name, _now())) is not None:
            return fresh
        outdated, _ = self._backends.get(name, (None, -math.inf))
        if name not in self._asking:
            asking = asyncio.create_task(self._asked(name, min(max_wait, BACKENDS_TIMEOUT)))
            self._asking[name] = asking
            asking.add_done_callback(functools.partial(self._was_asked, name))
        try:
            answered = await asyncio.shield(self._asking[name])
        except UnavailableError:
            if outdated is None:
                raise
            answered = outdated  # for another minute
        self._backends[name] = answered, _now()
        self._learn(name)
        if answered.queue is not None:
            self._watcher.announced[name] = QueueHistory(answered.queue, 0.0)
        return answered

    def _was_asked(self, name: str, asking: asyncio.Task[Backend]) -> None:
        del self._asking[name]
        if not asking.cancelled():
            asking.exception()  # whoever asked may have gone

    async def _asked(self, name: str, max_wait: float) -> Backend:
        deadline = _now() + max_wait
        listing = self._transport.request("GET", "/backends", deadline=deadline)
        try:
            if name.startswith(QPU):
                listed, last = await all_of(listing, self._last_characterization(name))
            else:
                listed, last = await listing, {}
        except DeadlineError as error:
            raise UnavailableError(
                f"no backends from {self._transport.base_url}: {error}"
            ) from None
        machine = backend.chosen(name, listed)
        return replace(machine, coupled=backend.coupled(last, machine.qubits))

    async def _last_characterization(self, name: str) -> Mapping[str, Any]:
        """Return a machine's last characterization; empty if the API has none to give now."""
        path = f"/backends/{name}/characterizations"
        deadline = _now() + WITHOUT_IT
        try:
            answer = await self._transport.request("GET", path, deadline=deadline)
            return backend.last_of(answer)
        except (CloudError, DeadlineError):
            return {}

    async def fidelities(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Fidelities | None:
        """Return a backend's median fidelities by its last characterization, or None.

        Args:
            name: such as "qpu.forte-1"
            max_wait: seconds for it
        """
        path = f"/backends/{name}/characterizations"
        deadline = _now() + min(max_wait, BACKENDS_TIMEOUT)
        try:
            answer = await self._transport.request("GET", path, deadline=deadline)
        except RejectedError:
            return None
        return backend.characterized(answer)

    @property
    def is_slowed(self) -> bool:
        """Whether the server asked to slow down, and requests are still held back for it."""
        return self._limiter.pace.rate < (self.policy.rate_limit or math.inf)

    def per_circuit(self, name: str) -> float | None:
        """Return the seconds a circuit ran on a backend in earlier jobs, or None."""
        pattern = self._watcher.patterns.get(name)
        return None if pattern is None else pattern.per_circuit

    async def has_left(self, name: str) -> bool:
        """Return whether an earlier process left jobs on a backend that may be resumed."""
        return self.policy.resume and self._journal.has_left(name)

    async def is_left(
        self, job: Job, settings: Mapping[str, Any], run_step: RunStep | None
    ) -> bool:
        """Return whether an earlier process left this job, so that it would be resumed."""
        terms = RequestTerms(settings, _now(), run_step=run_step)
        return self._batch(terms, lambda _: None).submission.is_left(job)

    async def run(
        self,
        jobs: Sequence[Job],
        settings: Mapping[str, Any],
        *,
        max_wait: float,
        listener: Listener,
        sharpen: bool | None = None,
        run_step: RunStep | None = None,
        budget: float | None = None,
        failover: Failover | None = None,
    ) -> dict[int, Outcomes]:
        """Submits jobs together, waits for all of them, and fetches each once.

        A job that fails doesn't stop the others: they are waited for, and the error carries them.
        When this coroutine is cancelled, so are the jobs that are live, with one request.

        Args:
            jobs: what to run
            settings: the fields that all of them share
            max_wait: seconds for all of it
            listener: gets the events
            sharpen: whether debiased results are sharpened
            run_step: the batch's place in a named run, or None
            budget: in the contract's unit: of the named run, or since this client was made
            failover: to another backend, or None

        Returns:
            the outcomes of each circuit, by its place in the batch

        Raises:
            QStoreError: the first that a job met; its ``partial`` holds what did arrive
        """
        name = str(settings["backend"])
        self._learn(name)
        terms = RequestTerms(
            settings,
            _now() + max_wait,
            sharpen,
            run_step,
            budget,
            self._made,
            priced=name.startswith(QPU) or budget is not None,
            failover=failover,
        )
        self._slower.add(listener)
        try:
            return await self._batch(terms, listener).run(jobs)
        finally:
            self._slower.discard(listener)

    async def estimate(
        self, jobs: Sequence[Job], settings: Mapping[str, Any], max_wait: float = BACKENDS_TIMEOUT
    ) -> Price:
        """Return what jobs would cost, by the API's own estimate; nothing is sent.

        Args:
            jobs: that would be sent
            settings: the fields that all of them share
            max_wait: seconds for it
        """
        batch = self._batch(RequestTerms(settings, _now() + max_wait), lambda _: None)
        return cost.total(await batch.submission.estimates(jobs))

    def _batch(self, terms: RequestTerms, listener: Listener) -> JobBatch:
        return JobBatch(self._transport, self._watcher, self._journal, self.policy, terms, listener)

    async def hold_run(self, name: str) -> Holder | None:
        """Return the other live process that holds a named run, or None once the lease is taken."""
        return self._journal.hold_run(name)

    async def release_run(self, name: str) -> None:
        """Give back the lease on a named run."""
        self._journal.release_run(name)

    async def acknowledge(self, run: str) -> None:
        """Record that a checkpoint holds the results of a named run so far."""
        self._journal.acknowledged(run)

    async def record(self, job_id: str, max_wait: float = BACKENDS_TIMEOUT) -> Mapping[str, Any]:
        """Return the API's record of a job.

        Raises:
            CloudError: it is not there, or there is no sense in the answer
        """
        deadline = _now() + max_wait
        answer = await self._transport.request("GET", f"/jobs/{job_id}", deadline=deadline)
        return of_job(job_id, answer)

    async def resume(self, entry: JournalEntry, max_wait: float) -> Any:
        """Return the probabilities of a job of the journal, once it has ended.

        Args:
            entry: of a job that has an id
            max_wait: seconds

        Raises:
            JobError: it failed, was cancelled, or is lost
            DeadlineError: it has not ended by then
        """
        deadline = _now() + max_wait
        assert entry.job_id is not None
        record = await self._watcher.end_of(
            entry.job_id,
            backend=entry.backend,
            circuits=entry.circuits,
            deadline=deadline,
            age=max(time.time() - entry.created, 1.0),
        )
        self._journal.ended(entry.token, str(record["status"]))
        if record["status"] != "completed":
            raise results.failure(record)
        path = results.path_of(record, many=entry.circuits > 1)
        return await self._transport.request("GET", path, deadline=deadline, most=MOST_OF_RESULTS)

    async def cancel(
        self, entries: Sequence[JournalEntry], max_wait: float = BACKENDS_TIMEOUT
    ) -> None:
        """Cancels jobs of the journal with one request."""
        ids = json.dumps({"ids": [entry.job_id for entry in entries]})
        await self._transport.request(
            "PUT", "/jobs/status/cancel", body=ids, deadline=_now() + max_wait
        )
        for entry in entries:
            self._journal.ended(entry.token, "canceled")

    def _learn(self, name: str) -> None:
        """Take over the journal's polling pattern of a backend that this process hasn't used."""
        if name not in self._watcher.patterns:
            pattern = self._journal.pattern(name)
            if pattern is not None:
                self._watcher.patterns[name] = pattern

    def _slowed(self, rate: float) -> None:
        for listener in self._slower:
            listener(Slowed(rate))


def _now() -> float:
    return asyncio.get_running_loop().time()
