"""Submit the jobs of a batch within the budget; write every step to the journal."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from pennylane_qstore.cloud.http.loop import all_of
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.journal.journal import Journal, JournalEntry, Request
from pennylane_qstore.cloud.submitting import cost
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.posting import adopt, submit
from pennylane_qstore.cloud.submitting.request_terms import Policy, RequestTerms
from pennylane_qstore.errors import BudgetError, QStoreError, UnknownOutcomeError
from pennylane_qstore.reporting.events import Listener, Resumed, Submitted


@dataclass(slots=True)
class Sent:
    """A job that is waited for.

    Attributes:
        token: in its metadata
        job_id: IonQ's; None before it is there
        age: seconds since it was sent
    """

    token: str
    job_id: str | None = None
    age: float = 0.0


@dataclass(slots=True)
class Submission:
    """Submits the jobs of one batch.

    Attributes:
        transport: to the API
        journal: what was sent
        policy: how it is sent
        terms: what the jobs share
        listener: gets the events
        waiting: tokens of the jobs that this batch waits for
    """

    transport: Transport
    journal: Journal
    policy: Policy
    terms: RequestTerms
    listener: Listener
    waiting: set[str] = field(init=False, default_factory=set)

    async def submit(self, job: Job) -> Sent:
        """Return a submitted job: resumed from an earlier process, or posted now.

        Raises:
            UnknownOutcomeError: it is not certain whether there is a job
            QStoreError: there is none
        """
        request = self._request(job)
        entry = None
        if self.policy.resume:
            entry = self.journal.claim(request)
        else:
            self.journal.intend(request)
        sent = Sent(request.token if entry is None else entry.token)
        self.waiting.add(sent.token)
        if entry is not None:
            await self._resume(entry, sent, job)
        if sent.job_id is None:
            await self._reserve(job, sent)
            await self._post(job, sent)
            self.listener(Submitted(str(sent.job_id), len(job.circuits), self.terms.backend))
        return sent

    async def estimates(self, jobs: Sequence[Job]) -> list[Price]:
        """Return what each job would cost, by the API's own estimate of our gates."""

        async def one(job: Job) -> Price:
            params = cost.question(job, self.terms.settings)
            deadline = self.terms.deadline
            answer = await self.transport.request(
                "GET", "/jobs/estimate", params=params, deadline=deadline
            )
            return cost.estimated(answer)

        return await all_of(*(one(job) for job in jobs))

    async def check_budget(self, jobs: Sequence[Job]) -> None:
        """Refuses a batch that would cost more than is left, before any of it is sent.

        Raises:
            BudgetError: it would
        """
        budget = self.terms.budget
        if budget is None or self.terms.is_free:
            return
        run = None if self.terms.run_step is None else self.terms.run_step.run
        committed = self.journal.committed(self.terms.since, run)
        estimate = cost.total(await self.estimates([job for job in jobs if not self.is_left(job)]))
        if committed + estimate.value > budget:
            raise _over(estimate, budget, committed)

    def is_left(self, job: Job) -> bool:
        """Return whether an earlier process left a job that would be resumed, paid already."""
        return self.policy.resume and self.journal.has(self._request(job))

    def _request(self, job: Job) -> Request:
        run_step = self.terms.run_step
        return Request(
            token=uuid.uuid4().hex,
            digest=job.digest(self.terms.settings),
            backend=self.terms.backend,
            shots=job.shots,
            circuits=len(job.circuits),
            place=None if run_step is None else (*run_step, job.indices[0]),
        )

    async def _reserve(self, job: Job, sent: Sent) -> None:
        """Takes what a job may cost out of the budget, across all processes of the journal."""
        budget = self.terms.budget
        if budget is None or self.terms.is_free:
            return
        try:
            (estimate,) = await self.estimates([job])
            committed = self.journal.reserve(
                sent.token, estimate.value, estimate.unit, budget=budget, since=self.terms.since
            )
            if committed is not None:
                raise _over(estimate, budget, committed)
        except QStoreError:
            self._refused(sent)
            raise

    async def _post(self, job: Job, sent: Sent) -> None:
        failover = self.terms.failover
        try:
            sent.job_id = await submit(
                self.transport,
                job.body(self.terms.settings, sent.token),
                sent.token,
                deadline=self.terms.deadline,
                patience=None if failover is None else failover.patience,
                on_unknown=self.policy.on_unknown,
                listener=self.listener,
            )
        except UnknownOutcomeError:
            raise  # its intent stays open: it may be there
        except QStoreError:
            self._refused(sent)
            raise
        self.journal.accepted(sent.token, sent.job_id)

    def _refused(self, sent: Sent) -> None:
        self.waiting.discard(sent.token)
        self.journal.ended(sent.token, "refused")

    async def _resume(self, entry: JournalEntry, sent: Sent, job: Job) -> None:
        """Go on with the job of an earlier process, if its submit arrived."""
        job_id, age = await adopt(self.transport, entry, deadline=self.terms.deadline)
        if job_id is None:
            return
        sent.job_id, sent.age = job_id, age
        self.journal.accepted(entry.token, job_id)
        self.listener(Resumed(job_id, len(job.circuits), age, self.terms.backend))


def _over(estimate: Price, budget: float, committed: float) -> BudgetError:
    return BudgetError(
        f"it would cost {estimate}, and of the budget of {budget:g} {estimate.unit} "
        f"{committed:.2f} is spent or reserved: nothing of it was sent",
        estimate=estimate.value,
        budget=budget,
        committed=committed,
    )
