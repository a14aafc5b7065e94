"""One batch of jobs to outcomes: all of them sent, waited for, fetched once, and accounted for."""

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennylane_qstore.cloud import cost, polling, retry
from pennylane_qstore.cloud.cost import Price
from pennylane_qstore.cloud.fetch import fetch, salvage
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.cloud.journal import Entry, Journal, Request
from pennylane_qstore.cloud.policy import Policy
from pennylane_qstore.cloud.submit import adopt, submit
from pennylane_qstore.cloud.transport import Transport
from pennylane_qstore.cloud.watch import Watcher
from pennylane_qstore.errors import (
    BudgetError,
    CloudError,
    DeadlineError,
    DryRun,
    JobError,
    QStoreError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.events import (
    Cancelled,
    Completed,
    Listener,
    Repeated,
    Split,
    Submitted,
    TakenUp,
    Unanswered,
)
from pennylane_qstore.outcomes import Outcomes

# Seconds. After an interrupt there is little time left for a submit and for the cancellation.
LAST_SUBMIT, CANCEL_TIMEOUT = 1.5, 3.0
COST_TIMEOUT = 10.0
_TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Order:
    """What all jobs of a batch share.

    Attributes:
        settings: the fields of the POST
        deadline: in seconds of the loop's clock
        sharpen: whether debiased results are sharpened
        run: a named run and the step in it, or None
        budget: what all jobs since ``since``, or of the named run, may cost
        since: in seconds since the epoch
        priced: whether each job's cost is asked for when it has ended
    """

    settings: Mapping[str, Any]
    deadline: float
    sharpen: bool | None = None
    run: tuple[str, int] | None = None
    budget: float | None = None
    since: float = 0.0
    priced: bool = False


@dataclass(slots=True)
class _Sent:
    """A job that this batch waits for."""

    token: str
    job_id: str | None = None
    age: float = 0.0


@dataclass(slots=True)
class Batch:
    """Jobs under way; used for one run.

    Attributes:
        transport: to the API
        watcher: looks at live jobs
        journal: what was sent
        policy: how it is sent
        order: what the jobs share
        listener: is told what happens
    """

    transport: Transport
    watcher: Watcher
    journal: Journal
    policy: Policy
    order: Order
    listener: Listener
    _slots: asyncio.Semaphore = field(init=False)
    _live: dict[str, str] = field(init=False, default_factory=dict)  # job ids by token
    _waiting: set[str] = field(init=False, default_factory=set)  # tokens
    _served: list[str] = field(init=False, default_factory=list)  # tokens
    _submits: set[asyncio.Task[_Sent]] = field(init=False, default_factory=set)
    _dry: dict[str, Price] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.policy.max_jobs_in_flight)

    async def run(self, jobs: Sequence[Job]) -> dict[int, Outcomes]:
        """Runs jobs together; a job that fails doesn't stop the others.

        When this coroutine is cancelled, so are the jobs that are live, with one request.

        Args:
            jobs: what to run

        Returns:
            the outcomes of each circuit, by its place in the batch

        Raises:
            QStoreError: the first that a job met; its ``partial`` holds what did arrive
        """
        start = _now()
        await self._check_budget(jobs)
        tasks = [asyncio.create_task(self._answers(job)) for job in jobs]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            await self._interrupt(tasks)
            raise
        self.journal.released([token for token in self._waiting if token not in self._served])
        self.journal.delivered(self._served)
        found = together(tasks, round(_now() - start, 3))
        if self.order.settings.get("dry_run"):
            raise self._dry_run()
        return found

    async def estimates(self, jobs: Sequence[Job]) -> list[Price]:
        """What each job would cost, by the API's own estimate of our gates."""

        async def one(job: Job) -> Price:
            params = cost.question(job, self.order.settings)
            deadline = self.order.deadline
            answer = await self.transport.request(
                "GET", "/jobs/estimate", params=params, deadline=deadline
            )
            return cost.estimated(answer)

        return list(await asyncio.gather(*(one(job) for job in jobs)))

    async def _check_budget(self, jobs: Sequence[Job]) -> None:
        """Refuses a batch that would cost more than is left, before any of it is sent."""
        budget = self.order.budget
        if budget is None or self.order.settings.get("dry_run"):  # which costs nothing
            return
        run = None if self.order.run is None else self.order.run[0]
        committed = self.journal.committed(self.order.since, run)
        estimate = cost.total(await self.estimates([job for job in jobs if self._is_new(job)]))
        if committed + estimate.value > budget:
            raise _over(estimate, budget, committed)

    def _is_new(self, job: Job) -> bool:
        """Whether a job would be paid for: what is taken up has been reserved already."""
        return not (self.policy.resume and self.journal.has(self._request(job)))

    def _dry_run(self) -> DryRun:
        price = cost.total(self._dry.values())
        return DryRun(
            f"nothing ran: it would cost {price}; dry jobs: {', '.join(self._dry)}",
            price=price.value,
            unit=price.unit,
            job_ids=list(self._dry),
        )

    async def _answers(self, job: Job) -> dict[int, Outcomes]:
        """A job's outcomes; circuits without one are sent again as often as the policy says."""
        found: dict[int, Outcomes] = {}
        for left in range(self.policy.retry_failed_circuits, -1, -1):
            try:
                return found | await self._fitted(job)
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

    async def _fitted(self, job: Job) -> dict[int, Outcomes]:
        """A job's outcomes; one that the server finds too large goes on as two."""
        try:
            return await self._once(job)
        except RejectedError as error:
            if error.status != _TOO_LARGE or len(job.circuits) == 1:
                raise
        self.listener(Split(len(job.circuits)))
        halves = [asyncio.create_task(self._fitted(half)) for half in job.halves()]
        try:
            await asyncio.wait(halves)
        except asyncio.CancelledError:
            await _stopped(halves)
            raise
        return together(halves, 0.0)

    async def _once(self, job: Job) -> dict[int, Outcomes]:
        async with self._slots:
            sent = await self._sent(job)
            record = await self._ended(sent, job)
        if record["status"] != "completed":
            raise await salvage(self.transport, job, record, deadline=self.order.deadline)
        if self.order.settings.get("dry_run"):
            price = await self._charged(sent, dry=True)
            self._dry[str(sent.job_id)] = price or Price(0.0, "usd")
            self._served.append(sent.token)
            return {}
        return await self._fetched(sent, job, record)

    async def _ended(self, sent: _Sent, job: Job) -> Mapping[str, Any]:
        """The record of a job that has ended, whichever way."""
        try:
            record = await self.watcher.end_of(
                str(sent.job_id),
                backend=str(self.order.settings["backend"]),
                circuits=len(job.circuits),
                deadline=self.order.deadline,
                age=sent.age,
            )
        except JobError as error:  # it is not there, and nobody should look for it again
            self._live.pop(sent.token, None)
            self.journal.ended(sent.token, error.status)
            raise
        self._live.pop(sent.token, None)
        queue, execution = _took(record)
        status = str(record["status"])
        self.journal.ended(sent.token, status, queue=queue, execution=execution)
        return record

    async def _fetched(
        self, sent: _Sent, job: Job, record: Mapping[str, Any]
    ) -> dict[int, Outcomes]:
        """The outcomes of a completed job, and what it did cost."""
        try:
            fetching = fetch(
                self.transport,
                job,
                record,
                sharpen=self.order.sharpen,
                deadline=self.order.deadline,
            )
            if self.order.priced:
                found, price = await asyncio.gather(fetching, self._charged(sent))
            else:
                found, price = await fetching, None
        except (RejectedError, UnavailableError):  # the answer is still over there
            raise
        except (JobError, CloudError):  # what there is of it reaches the caller, in the error
            self._served.append(sent.token)
            raise
        self._served.append(sent.token)
        value, unit = (None, None) if price is None else (price.value, price.unit)
        self.listener(Completed(str(sent.job_id), *_took(record), value, unit))
        return found

    async def _charged(self, sent: _Sent, *, dry: bool = False) -> Price | None:
        """What a job did cost; None where the API doesn't say."""
        deadline = min(self.order.deadline, _now() + COST_TIMEOUT)
        try:
            answer = await self.transport.request(
                "GET", f"/jobs/{sent.job_id}/cost", deadline=deadline
            )
        except (CloudError, DeadlineError):
            return None  # what it may cost stays reserved
        price = cost.charged(answer, estimate=dry)
        if price is not None and not dry:
            self.journal.paid(sent.token, price.value, price.unit)
        return price

    async def _sent(self, job: Job) -> _Sent:
        """Submits a job, in a task of its own: an interrupt lets it finish."""
        task = asyncio.create_task(self._submit(job))
        self._submits.add(task)
        try:
            return await asyncio.shield(task)
        finally:
            if task.done():
                self._submits.discard(task)

    async def _submit(self, job: Job) -> _Sent:
        """A job to its id: of an earlier process, or posted now."""
        request = self._request(job)
        entry = None
        if self.policy.resume:
            entry = self.journal.claim(request)
        else:
            self.journal.intend(request)
        sent = _Sent(request.token if entry is None else entry.token)
        self._waiting.add(sent.token)
        if entry is not None:
            await self._take_up(entry, sent, job)
        if sent.job_id is None:
            await self._reserve(job, sent)
            await self._post(job, sent)
            self.listener(Submitted(str(sent.job_id), len(job.circuits)))
        self._live[sent.token] = str(sent.job_id)
        return sent

    def _request(self, job: Job) -> Request:
        run = self.order.run
        return Request(
            token=uuid.uuid4().hex,
            digest=job.digest(self.order.settings),
            backend=str(self.order.settings["backend"]),
            shots=job.shots,
            circuits=len(job.circuits),
            place=None if run is None else (*run, job.indices[0]),
        )

    async def _reserve(self, job: Job, sent: _Sent) -> None:
        """Takes what a job may cost out of the budget, across all processes of the journal."""
        budget = self.order.budget
        if budget is None or self.order.settings.get("dry_run"):  # which costs nothing
            return
        try:
            (estimate,) = await self.estimates([job])
            committed = self.journal.reserve(
                sent.token, estimate.value, estimate.unit, budget=budget, since=self.order.since
            )
            if committed is not None:
                raise _over(estimate, budget, committed)
        except QStoreError:
            self._waiting.discard(sent.token)
            self.journal.ended(sent.token, "refused")
            raise

    async def _post(self, job: Job, sent: _Sent) -> None:
        try:
            sent.job_id = await submit(
                self.transport,
                job.body(self.order.settings, sent.token),
                sent.token,
                deadline=self.order.deadline,
                on_unknown=self.policy.on_unknown,
                listener=self.listener,
            )
        except UnknownOutcomeError:
            raise  # its intent stays open: it may be there
        except QStoreError:
            self._waiting.discard(sent.token)
            self.journal.ended(sent.token, "refused")
            raise
        self.journal.accepted(sent.token, sent.job_id)

    async def _take_up(self, entry: Entry, sent: _Sent, job: Job) -> None:
        """Goes on with the job of an earlier process, if its submit arrived."""
        job_id, age = await adopt(self.transport, entry, deadline=self.order.deadline)
        if job_id is None:
            return
        sent.job_id, sent.age = job_id, age
        self.journal.accepted(entry.token, job_id)
        self.listener(TakenUp(job_id, len(job.circuits), age))

    async def _interrupt(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Stops waiting, and cancels everything that is live over there with one request."""
        await _stopped(tasks)
        await self._last_submits()
        self.journal.released(list(self._waiting))
        if not self._live:
            return
        ids = sorted(set(self._live.values()))
        await self.transport.request(
            "PUT",
            "/jobs/status/cancel",
            body=json.dumps({"ids": ids}),
            deadline=_now() + CANCEL_TIMEOUT,
            urgent=True,
        )
        self.listener(Cancelled(tuple(ids)))
        for token in self._live:
            self.journal.ended(token, "canceled")

    async def _last_submits(self) -> None:
        """Submits that were under way at an interrupt, if they are answered soon."""
        if not self._submits:
            return
        done, lost = await asyncio.wait(self._submits, timeout=LAST_SUBMIT)
        await _stopped(list(lost))
        unknown = [task for task in done if isinstance(task.exception(), UnknownOutcomeError)]
        if lost or unknown:
            self.listener(Unanswered(len(lost) + len(unknown)))


def _over(estimate: Price, budget: float, committed: float) -> BudgetError:
    return BudgetError(
        f"it would cost {estimate}, and of the budget of {budget:g} {estimate.unit} "
        f"{committed:.2f} is spent or reserved: nothing of it was sent",
        estimate=estimate.value,
        budget=budget,
        committed=committed,
    )


def together(
    tasks: Sequence[asyncio.Task[dict[int, Outcomes]]], waited: float
) -> dict[int, Outcomes]:
    """All jobs' outcomes, or the first error with what did arrive.

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
    """The same errors, with those of one deadline as one that names all jobs, first."""
    late = [error for error in errors if isinstance(error, DeadlineError)]
    if not late:
        return list(errors)
    job_ids = [job_id for error in late for job_id in error.job_ids]
    message = f"after {waited:g} s: {'; '.join(map(str, late))}"
    together = DeadlineError(message, job_ids=job_ids, waited=waited)
    return [together, *(error for error in errors if not isinstance(error, DeadlineError))]


def _took(record: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Seconds that a job was queued, and that it ran, as the server tells."""
    return (
        polling.seconds_between(record.get("submitted_at"), record.get("started_at")),
        polling.seconds_between(record.get("started_at"), record.get("completed_at")),
    )


async def _stopped(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _now() -> float:
    return asyncio.get_running_loop().time()
