"""Decide which member of a fleet runs which circuits of a batch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.compiler import Target
from pennylane_qstore.errors import (
    CompileError,
    NoBackendError,
    QStoreError,
    UnavailableError,
)
from pennylane_qstore.fleet import scheduling
from pennylane_qstore.fleet.member import BackendStatus, Member
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.reporting.events import Cut
from pennylane_qstore.runs import RunStep

# Why members can't run something, by their places in the fleet, in the order they were tried.
Failed = Mapping[int, QStoreError]


@dataclass(frozen=True, slots=True)
class View:
    """The state of a member when a batch is placed.

    Attributes:
        machine: as the API tells
        target: what tapes are compiled to for it
        standing: what jobs are shared out by
        measured: seconds that a circuit ran, where batches may be cut by it
        away: that it takes nothing new now, or None
    """

    machine: Backend
    target: Target
    standing: BackendStatus
    measured: float | None = None
    away: UnavailableError | None = None


@dataclass(frozen=True, slots=True)
class MemberJobs:
    """Jobs for one member.

    Attributes:
        member: its place in the fleet
        target: that they are compiled for
        jobs: for it
        can_fail_over: whether another member could take them
        cut: that they are a batch which was cut, or None
    """

    member: int
    target: Target
    jobs: tuple[Job, ...]
    can_fail_over: bool
    cut: Cut | None = None


async def view(member: Member, max_wait: float) -> View | QStoreError:
    """Return what is known of a member, or why nothing is.

    Args:
        member: of a fleet
        max_wait: seconds for the answer
    """
    try:
        return viewed(member, await member.machine(max_wait))
    except QStoreError as error:
        return error


def viewed(member: Member, machine: Backend) -> View | QStoreError:
    """Return what is known of a member that answered, or why it can't be used.

    Args:
        member: of a fleet
        machine: what it says of itself
    """
    try:
        target, standing = member.target(machine), member.standing(machine)
        return View(machine, target, standing, member.measured(machine), machine.away())
    except QStoreError as error:
        return error


class Planning:
    """One placement of circuits; not for the loop's own thread."""

    def __init__(
        self,
        members: Sequence[Member],
        labels: Sequence[str],
        views: Sequence[View | QStoreError],
        failed: Failed,
        most_circuits: int,
    ) -> None:
        """Places nothing yet.

        Args:
            members: of the fleet
            labels: their names
            views: what is known of each, or why it can't be used
            failed: why members couldn't run the same circuits
            most_circuits: in one job
        """
        self._members, self._labels, self._most = members, labels, most_circuits
        self._views = {i: each for i, each in enumerate(views) if isinstance(each, View)}
        unknown = {i: each for i, each in enumerate(views) if isinstance(each, QStoreError)}
        away = {i: each.away for i, each in self._views.items() if each.away is not None}
        self._away = [place for place in away if place not in failed]
        self._tried = list(failed)
        self._left_there: dict[int, bool] = {}
        self._failed = {**unknown, **away, **failed}
        self._standings = [
            each.standing if isinstance(each, View) else BackendStatus(member.on_qpu)
            for member, each in zip(members, views, strict=True)
        ]

    def parts(
        self,
        work: Work,
        indices: Collection[int],
        wanted: int | None,
        run_step: RunStep | None,
    ) -> list[MemberJobs]:
        """Return circuits as parts of the batch, each for one member.

        Args:
            work: the batch
            indices: of the circuits
            wanted: the member that the user's rule chose, or None
            run_step: the batch's place in a named run, or None

        Raises:
            NoBackendError: none of several members can take them
            QStoreError: the only one can't
        """
        left = [place for place in self._views if place not in self._failed]
        lead = self._next(left, wanted)
        if lead is None:
            lead = next(filter(self._has_left, self._away), None)
        if lead is None:
            raise self._nobody({})
        seen = self._views[lead]
        jobs, packed_for = self._jobs(work, lead, indices), seen.target
        cut = None
        if seen.measured is not None and len(jobs) > 1:
            cut = Cut(len(indices), len(jobs), seen.measured)
        able = [[i for i in left if self._refusal(i, each) is None] for each in jobs]
        if self._tried or wanted is not None:
            chosen = [self._next(each, wanted) for each in able]
        else:
            sizes = [(len(each.circuits), own) for each, own in zip(jobs, able, strict=True)]
            chosen = scheduling.share(sizes, self._standings)
        found: dict[tuple[int, bool], list[Job]] = {}
        for each, place, candidates in zip(jobs, chosen, able, strict=True):
            there = self._where_left(work, each, candidates, run_step)
            chosen_place = place if there is None else there
            part = self._settled(work, each, candidates, chosen_place, packed_for)
            found.setdefault((part.member, part.can_fail_over), []).extend(part.jobs)
        return [
            MemberJobs(place, self._views[place].target, tuple(own), can_fail_over, cut)
            for (place, can_fail_over), own in found.items()
        ]

    def _next(self, able: Collection[int], wanted: int | None) -> int | None:
        if self._tried:
            return scheduling.next_backend(self._tried, able, self._standings)
        if wanted is None:
            return scheduling.share([(1, able)], self._standings)[0]
        if wanted in able:
            return wanted
        return scheduling.next_backend([wanted], able, self._standings)

    def _jobs(self, work: Work, place: int, indices: Collection[int]) -> list[Job]:
        seen = self._views[place]
        return work.jobs(seen.target, indices, self._most, seen.measured)

    def _refusal(self, place: int, job: Job) -> str | None:
        """Return why a member can't take a job, as far as it tells before compiling for it."""
        machine = self._views[place].machine
        if job.shots is None and not self._members[place].exact:
            return f"a tape without shots can't run on {machine.name}"
        return machine.too_wide(job.qubits)

    def _where_left(
        self, work: Work, job: Job, able: Sequence[int], run_step: RunStep | None
    ) -> int | None:
        """Return the member at which an earlier process left a job, which is paid already.

        It may have gone away since then: its answer may be there all the same.
        """
        candidates = [*able, *self._away]
        if self._tried or (len(candidates) == 1 and not self._away):
            return None
        for place in filter(self._has_left, candidates):
            jobs = self._jobs(work, place, job.indices)
            if loop.current().run(self._members[place].left(jobs, run_step)):
                return place
        return None

    def _has_left(self, place: int) -> bool:
        """Return whether earlier processes may have left anything with a member."""
        if place not in self._left_there:
            self._left_there[place] = loop.current().run(self._members[place].has_left())
        return self._left_there[place]

    def _settled(
        self,
        work: Work,
        job: Job,
        able: Collection[int],
        place: int | None,
        packed_for: Target,
    ) -> MemberJobs:
        """Return a job as its member takes it, or as the next one does where that can't."""
        tried, refused = list(self._tried), {}
        while place is not None:
            target = self._views[place].target
            refusal = self._views[place].machine.refusal(
                programs for programs, _, _ in work.programs(target, job.indices)
            )
            if refusal is None:
                jobs = [job] if target == packed_for else self._jobs(work, place, job.indices)
                following = scheduling.next_backend([*tried, place], able, self._standings)
                return MemberJobs(place, target, tuple(jobs), following is not None)
            tried, refused[place] = [*tried, place], CompileError(refusal)
            place = scheduling.next_backend(tried, able, self._standings)
        for other in self._views.keys() - self._failed.keys() - refused.keys():
            refused[other] = CompileError(self._refusal(other, job) or "it can't follow the others")
        raise self._nobody(refused)

    def _nobody(self, refused: Failed) -> QStoreError:
        """Return the error of circuits that no member can run."""
        failed = {**self._failed, **refused}
        if len(self._members) == 1:
            return failed[0]
        named = {self._labels[place]: failed[place] for place in sorted(failed)}
        told = "; ".join(f"{name}: {error}" for name, error in named.items())
        return NoBackendError(f"no backend can run it: {told}", errors=named)
