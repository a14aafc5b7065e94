"""Jobs to outcomes over IonQ's REST API, concurrently, with an end to every wait."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pennylane_qstore.cloud import backend, cost, results
from pennylane_qstore.cloud.backend import Backend, Fidelities
from pennylane_qstore.cloud.batch import Batch, Order
from pennylane_qstore.cloud.cost import Price
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.cloud.journal import MEMORY, Entry, Journal, account
from pennylane_qstore.cloud.limiter import Limiter
from pennylane_qstore.cloud.policy import Policy
from pennylane_qstore.cloud.polling import Pattern
from pennylane_qstore.cloud.transport import Transport
from pennylane_qstore.cloud.watch import Watcher
from pennylane_qstore.errors import DeadlineError, RejectedError, UnavailableError
from pennylane_qstore.events import Listener, Slowed
from pennylane_qstore.outcomes import Outcomes

BACKENDS_TIMEOUT = 15.0  # seconds


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
        limiter = Limiter(self.policy.rate_limit, self._slowed)
        self._transport = Transport(
            base_url, api_key, pool_size=self.policy.connection_pool_size, limiter=limiter
        )
        self._watcher = Watcher(
            self._transport, self.policy.shortest_poll, at_once=self.policy.look_at_once
        )
        self._journal = journal or Journal(MEMORY, account(base_url, api_key))
        self._backends: dict[str, Backend] = {}

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r})"

    async def close(self) -> None:
        """Closes the connections and the journal."""
        await self._transport.close()
        self._journal.close()

    def known(self, name: str) -> Backend | None:
        """What the API said of a backend, from any thread; None before it was asked."""
        return self._backends.get(name)

    async def backend(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Backend:
        """What the API says of a backend, asked once.

        Args:
            name: such as "qpu.forte-1"
            max_wait: seconds for it

        Raises:
            RejectedError: there is none of that name
        """
        if name not in self._backends:
            deadline = _now() + min(max_wait, BACKENDS_TIMEOUT)
            try:
                listed = await self._transport.request("GET", "/backends", deadline=deadline)
            except DeadlineError as error:
                raise UnavailableError(
                    f"no backends from {self._transport.base_url}: {error}"
                ) from None
            found = self._backends[name] = backend.chosen(name, listed)
            if found.queue is not None:
                self._watcher.hearsay[name] = Pattern(found.queue, 0.0)
        return self._backends[name]

    async def fidelities(self, name: str, max_wait: float = BACKENDS_TIMEOUT) -> Fidelities | None:
        """How well a backend does, by its last characterization; None where it has none.

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

    async def run(
        self,
        jobs: Sequence[Job],
        settings: Mapping[str, Any],
        *,
        max_wait: float,
        listener: Listener,
        sharpen: bool | None = None,
        run: tuple[str, int] | None = None,
        budget: float | None = None,
        priced: bool = False,
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
            run: a named run and the step in it, or None
            budget: in the contract's unit: of the named run, or since this client was made
            priced: whether each job's cost is asked for

        Returns:
            the outcomes of each circuit, by its place in the batch

        Raises:
            QStoreError: the first that a job met; its ``partial`` holds what did arrive
        """
        self._learn(str(settings["backend"]))
        order = Order(
            settings,
            _now() + max_wait,
            sharpen,
            run,
            budget,
            self._made,
            priced or budget is not None,
        )
        batch = Batch(self._transport, self._watcher, self._journal, self.policy, order, listener)
        self._slower.add(listener)
        try:
            return await batch.run(jobs)
        finally:
            self._slower.discard(listener)

    async def estimate(
        self, jobs: Sequence[Job], settings: Mapping[str, Any], max_wait: float = BACKENDS_TIMEOUT
    ) -> Price:
        """What jobs would cost, by the API's own estimate; nothing is sent.

        Args:
            jobs: that would be sent
            settings: the fields that all of them share
            max_wait: seconds for it
        """
        order = Order(settings, _now() + max_wait)
        batch = Batch(
            self._transport, self._watcher, self._journal, self.policy, order, lambda _: None
        )
        return cost.total(await batch.estimates(jobs))

    async def acknowledge(self, run: str) -> None:
        """A checkpoint holds what a named run got so far."""
        self._journal.acknowledged(run)

    async def record(self, job_id: str, max_wait: float = BACKENDS_TIMEOUT) -> Mapping[str, Any]:
        """What the API says of a job now.

        Raises:
            CloudError: it is not there, or there is no sense in the answer
        """
        deadline = _now() + max_wait
        answer = await self._transport.request("GET", f"/jobs/{job_id}", deadline=deadline)
        return results.record_of(answer)

    async def resume(self, entry: Entry, max_wait: float) -> Any:
        """Waits for a job of the journal, and gives its probabilities as the API tells them.

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
        return await self._transport.request("GET", path, deadline=deadline)

    async def cancel(self, entries: Sequence[Entry], max_wait: float = BACKENDS_TIMEOUT) -> None:
        """Cancels jobs of the journal with one request."""
        ids = json.dumps({"ids": [entry.job_id for entry in entries]})
        await self._transport.request(
            "PUT", "/jobs/status/cancel", body=ids, deadline=_now() + max_wait
        )
        for entry in entries:
            self._journal.ended(entry.token, "canceled")

    def _learn(self, name: str) -> None:
        """What the journal saw of a backend, until this process has seen it itself."""
        if name not in self._watcher.patterns:
            pattern = self._journal.pattern(name)
            if pattern is not None:
                self._watcher.patterns[name] = pattern

    def _slowed(self, rate: float) -> None:
        for listener in self._slower:
            listener(Slowed(rate))


def _now() -> float:
    return asyncio.get_running_loop().time()
