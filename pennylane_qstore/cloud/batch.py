"""Run one batch of jobs: submit, wait, fetch, and account for each job once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennylane_qstore.cloud.http import retry
from pennylane_qstore.cloud.http.loop import all_of, stopped
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.journal.journal import Journal
from pennylane_qstore.cloud.results.cancel import cancel, unqueued
from pennylane_qstore.cloud.results.fetch import fetch, salvage
from pennylane_qstore.cloud.results.results import together
from pennylane_qstore.cloud.submitting import cost
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.request_terms import Policy, RequestTerms
from pennylane_qstore.cloud.submitting.submission import Sent, Submission
from pennylane_qstore.cloud.waiting import polling
from pennylane_qstore.cloud.waiting.watch import Watcher
from pennylane_qstore.errors import (
    CloudError,
    JobError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import (
    Cancelled,
    Completed,
    Listener,
    Repeated,
    SplitInTwo,
    Unanswered,
)

# Seconds: after an interrupt there is little time left for a submit; and for what a job did cost.
LAST_SUBMIT, COST_TIMEOUT = 1.5, 10.0
_TOO_LARGE = 413


@dataclass(slots=True)
class JobBatch:
    """Jobs under way; used for one run.

    Attributes:
        transport: to the API
        watcher: looks at live jobs
        journal: what was sent
        policy: how it is sent
        terms: what the jobs share
        listener: gets the events
        submission: submits them
    """

    transport: Transport
    watcher: Watcher
    journal: Journal
    policy: Policy
    terms: RequestTerms
    listener: Listener
    submission: Submission = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _live: dict[str, str] = field(init=False, default_factory=dict)  # job ids by token
    _accepted: set[str] = field(init=False, default_factory=set)  # job ids
    _served: list[str] = field(init=False, default_factory=list)  # tokens
    _submits: set[asyncio.Task[Sent]] = field(init=False, default_factory=set)
    _dry: dict[str, Price] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.policy.max_jobs_in_flight)
        self.submission = Submission(
            self.transport, self.journal, self.policy, self.terms, self.listener
        )

    async def run(self, jobs: Sequence[Job]) -> dict[int, Outcomes]:
        """Runs jobs together; a job that fails doesn't stop the others.

        When this coroutine is cancelled, so are the jobs that are live, with one request.

        Args:
            jobs: what to run

        Returns:
            the outcomes of each circuit that ran here, by its place in the batch

        Raises:
            QStoreError: the first that a job met; its ``partial`` holds what did arrive
        """
        start = _now()
        await self.submission.check_budget(jobs)
        tasks = [asyncio.create_task(self._answers(job)) for job in jobs]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            await self._interrupt(tasks)
            raise
        waiting = self.submission.waiting
        self.journal.released([token for token in waiting if token not in self._served])
        self.journal.delivered(self._served)
        found = together(tasks, round(_now() - start, 3))
        if self.terms.is_free:
            raise cost.dry_run(cost.total(self._dry.values()), list(self._dry))
        return found

    async def _answers(self, job: Job) -> dict[int, Outcomes]:
        """Return a job's outcomes; resubmit circuits without one as often as the policy says."""
        found: dict[int, Outcomes] = {}
        for left in range(self.policy.retry_failed_circuits, -1, -1):
            try:
                return found | await self._fitted(job, asyncio.Event())
            except JobError as error:
                found.update(error.partial)
                error.partial = found
                if found.keys() >= set(job.indices):
                    return found
                if not left or not retry.is_repeated(error):
                    raise
                job = job.only([index for index in job.indices if index not in found])
                self.listener(Repeated(len(job.circuits), str(error)))
        raise AssertionError("never reached")

    async def _fitted(self, job: Job, accepted: asyncio.Event) -> dict[int, Outcomes]:
        """Return a job's outcomes; halve the job if the server finds it too large.

        Args:
            job: to run
            accepted: is set when the server took the job, or a part of it
        """
        try:
            return await self._once(job, accepted)
        except RejectedError as error:
            if error.status != _TOO_LARGE or len(job.circuits) == 1:
                raise
        except CloudError as error:
            if self.terms.failover is None or not retry.may_fail_over(error):
                raise
            await self.terms.failover.run(job, error)
            return {}
        self.listener(SplitInTwo(len(job.circuits)))
        return await self._halves(job, accepted)

    async def _halves(self, job: Job, accepted: asyncio.Event) -> dict[int, Outcomes]:
        """Return the outcomes of a job in two parts; the second follows when the first was taken.

        So a server that finds everything too large is asked as often as a job can be halved.
        """
        first, second = job.halves()
        tasks = [asyncio.create_task(self._fitted(first, accepted))]
        went = asyncio.create_task(accepted.wait())
        try:
            await asyncio.wait([*tasks, went], return_when=asyncio.FIRST_COMPLETED)
            is_elsewhere = tasks[0].done() and tasks[0].exception() is None
            if accepted.is_set() or is_elsewhere:
                tasks.append(asyncio.create_task(self._fitted(second, asyncio.Event())))
                await asyncio.wait(tasks)
        except asyncio.CancelledError:
            await stopped(tasks)
            raise
        finally:
            await stopped([went])
        return together(tasks, 0.0)

    async def _once(self, job: Job, accepted: asyncio.Event) -> dict[int, Outcomes]:
        async with self._slots:
            sent = await self._sent(job)
            accepted.set()
            record = await self._ended(sent, job)
        if record["status"] != "completed":
            raise await salvage(
                self.transport,
                job,
                record,
                is_exact=self.terms.is_exact,
                deadline=self.terms.deadline,
            )
        if self.terms.is_free:
            price = await self._charged(sent, dry=True)
            self._dry[str(sent.job_id)] = price or Price(0.0, "usd")
            self._served.append(sent.token)
            return {}
        return await self._fetched(sent, job, record)

    async def _ended(self, sent: Sent, job: Job) -> Mapping[str, Any]:
        """Return the record of a job once it has completed, failed or been cancelled."""
        end = self.watcher.end_of(
            str(sent.job_id),
            backend=self.terms.backend,
            circuits=len(job.circuits),
            deadline=self.terms.deadline,
            age=sent.age,
            listener=self.listener,
        )
        is_given_up = False
        try:
            failover = self.terms.failover
            if failover is None or failover.queue_timeout is None:
                record = await end
            else:
                record, is_given_up = await unqueued(
                    self.transport,
                    str(sent.job_id),
                    end,
                    most=failover.queue_timeout - sent.age,
                    deadline=self.terms.deadline,
                )
        except JobError as error:  # it is not there, and nobody should look for it again
            self._live.pop(sent.token, None)
            self.journal.ended(sent.token, error.status)
            raise
        self._live.pop(sent.token, None)
        queue, execution = _took(record)
        status = str(record["status"])
        self.journal.ended(sent.token, status, queue=queue, execution=execution)
        if is_given_up and status == "canceled":
            raise UnavailableError(f"job {sent.job_id} was still queued, and is cancelled")
        return record

    async def _fetched(
        self, sent: Sent, job: Job, record: Mapping[str, Any]
    ) -> dict[int, Outcomes]:
        """Return the outcomes of a completed job, and write down its cost."""
        terms = self.terms
        fetching = fetch(
            self.transport,
            job,
            record,
            sharpen=terms.sharpen,
            is_exact=terms.is_exact,
            deadline=terms.deadline,
        )
        try:
            if terms.priced:
                outcomes, price = await all_of(fetching, self._charged(sent))
            else:
                outcomes, price = await fetching, None
        except (RejectedError, UnavailableError):  # the answer is still over there
            raise
        except (JobError, CloudError):  # what there is of it reaches the caller, in the error
            self._served.append(sent.token)
            raise
        self._served.append(sent.token)
        value, unit = (None, None) if price is None else (price.value, price.unit)
        self.listener(Completed(str(sent.job_id), *_took(record), value, unit))
        return outcomes

    async def _charged(self, sent: Sent, *, dry: bool = False) -> Price | None:
        """Return what a job did cost, or None if the API doesn't say."""
        deadline = min(self.terms.deadline, _now() + COST_TIMEOUT)
        try:
            answer = await self.transport.request(
                "GET", f"/jobs/{sent.job_id}/cost", deadline=deadline
            )
            price = cost.charged(answer, estimate=dry)
        except Exception:  # noqa: BLE001  no result is given up for its price
            return None  # what it may cost stays reserved
        if price is not None and not dry:
            self.journal.paid(sent.token, price.value, price.unit)
        return price

    async def _sent(self, job: Job) -> Sent:
        """Return a submitted job; the submit is a task of its own that an interrupt lets finish."""
        task = asyncio.create_task(self._submit(job))
        self._submits.add(task)
        try:
            return await asyncio.shield(task)
        finally:
            if task.done():
                self._submits.discard(task)

    async def _submit(self, job: Job) -> Sent:
        sent = await self.submission.submit(job)
        self._live[sent.token] = str(sent.job_id)
        self._accepted.add(str(sent.job_id))
        return sent

    async def _interrupt(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Stops waiting, and cancels everything that is live over there with one request."""
        await stopped(tasks)
        await self._last_submits()
        self.journal.released(list(self.submission.waiting))
        ids = sorted(set(self._live.values()))
        ended = tuple(sorted(self._accepted - set(ids)))
        if ended:
            self.listener(Cancelled((), ended))
        if not ids:
            return
        await cancel(self.transport, ids, urgent=True)
        self.listener(Cancelled(tuple(ids)))
        for token in self._live:
            self.journal.ended(token, "canceled")

    async def _last_submits(self) -> None:
        """Submits that were under way at an interrupt, if they are answered soon."""
        if not self._submits:
            return
        done, lost = await asyncio.wait(self._submits, timeout=LAST_SUBMIT)
        await stopped(lost)
        unknown = [task for task in done if isinstance(task.exception(), UnknownOutcomeError)]
        if lost or unknown:
            self.listener(Unanswered(len(lost) + len(unknown)))


def _took(record: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the seconds that a job was queued, and those that it ran, as the server says."""
    return (
        polling.seconds_between(record.get("submitted_at"), record.get("started_at")),
        polling.seconds_between(record.get("started_at"), record.get("completed_at")),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
