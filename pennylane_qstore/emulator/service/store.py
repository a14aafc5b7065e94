"""The jobs of one server: stored, found, listed, and the oldest dropped."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pennylane_qstore.emulator.intake.request import JobRequest
from pennylane_qstore.emulator.service.clock import Clock
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.settings import SUBMITTER_ID
from pennylane_qstore.emulator.simulation.circuit import CircuitGroup

# Bytes that the finished jobs of a store may take, and bytes counted for each child.
MOST_BYTES = 1 << 29
CHILD_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list holds; None means all.

    Attributes:
        ids: only these jobs, children included
        parent: only children of this job
        statuses: only jobs in one of these statuses
        targets: only jobs on one of these backends
        session: only jobs of this session
        submitter: only jobs submitted by this person
        before: only jobs submitted before the job of this number
    """

    ids: Collection[str] | None = None
    parent: str | None = None
    statuses: Collection[str] | None = None
    targets: Collection[str] | None = None
    session: str | None = None
    submitter: str | None = None
    before: int | None = None

    def admits(self, job: Job) -> bool:
        """Return whether a job passes the filter."""
        return (
            (self.statuses is None or job.status in self.statuses)
            and (self.targets is None or job.order.backend.name in self.targets)
            and (self.session is None or job.order.session_id == self.session)
            and (self.submitter in (None, SUBMITTER_ID))
            and (self.before is None or job.number < self.before)
        )


class Store:
    """All jobs that weren't deleted or dropped.

    Attributes:
        keep: how many finished jobs are stored; children don't count
        dropped: called with every job that is deleted or dropped
    """

    def __init__(self, keep: int, clock: Clock, contract: str) -> None:
        self.keep = keep
        self._contract = contract
        self.dropped: Callable[[Job], None] = lambda _: None
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._parents: dict[str, Job] = {}
        self._finished: dict[str, int] = {}
        self._held = 0  # the sum of these
        self._live: dict[str, Job] = {}
        self._numbers = 0

    def add(self, order: JobRequest, groups: tuple[CircuitGroup, ...]) -> Job:
        """Return a new job, stored with its children."""
        job = Job(order, self._numbers, self._clock, groups, contract=self._contract)
        self.put(job)
        return job

    def put(self, job: Job) -> None:
        """Store an existing job and its children."""
        self._numbers = max(self._numbers, job.number + 1 + len(job.children))
        self._parents[job.id] = job
        if not job.is_final:
            self._live[job.id] = job
        self._jobs.update((each.id, each) for each in (job, *job.children))

    def find(self, job_id: str) -> Job | None:
        """Return the job of an id; None if there is none."""
        return self._jobs.get(job_id)

    def page(self, wanted: JobFilter, limit: int) -> tuple[list[Job], int | None]:
        """Return the newest jobs that pass a filter, and the next cursor; None at the end."""
        found = list(islice(filter(wanted.admits, self._newest_first(wanted)), limit + 1))
        rows = found[:limit]
        return rows, rows[-1].number if len(found) > limit else None

    def delete(self, job: Job) -> None:
        """Cancel a job and remove it, with its children."""
        job.cancel()
        for each in (job, *job.children):
            self._jobs.pop(each.id, None)
        self._parents.pop(job.id, None)
        self._live.pop(job.id, None)
        self._held -= self._finished.pop(job.id, 0)
        self.dropped(job)

    def finished(self, job: Job) -> None:
        """Record that a job has ended, and drop the oldest ones beyond the limits."""
        self._live.pop(job.id, None)
        if job.id not in self._parents:
            return
        held = len(job.order.raw) + (0 if job.answer is None else job.answer.weight)
        held += CHILD_BYTES * (1 + len(job.children))
        self._held += held - self._finished.get(job.id, 0)
        self._finished[job.id] = held
        while len(self._finished) > 1 and (
            len(self._finished) > self.keep or self._held > MOST_BYTES
        ):
            self.delete(self._parents[next(iter(self._finished))])

    def submitted(self) -> Iterator[Job]:
        """Return an iterator over all jobs that are no children."""
        return iter(list(self._parents.values()))

    def unfinished(self) -> Iterator[Job]:
        """Return an iterator over the jobs that haven't ended."""
        return iter(list(self._live.values()))

    def _newest_first(self, wanted: JobFilter) -> Iterable[Job]:
        """Return the newest jobs first; children only if their parent or ids are given."""
        if wanted.ids is not None:
            found = {job_id: self._jobs[job_id] for job_id in wanted.ids if job_id in self._jobs}
            return sorted(found.values(), key=lambda job: -job.number)
        if wanted.parent is not None:
            parent = self._jobs.get(wanted.parent)
            return (
                []
                if parent is None
                else [child for child in reversed(parent.children) if child.id in self._jobs]
            )
        return reversed(self._parents.values())
