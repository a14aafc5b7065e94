"""Run a batch on several backends, with failover."""

import asyncio
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.http.loop import all_of, stopped
from pennylane_qstore.cloud.submitting import cost
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import MAX_CIRCUITS, Job
from pennylane_qstore.cloud.submitting.request_terms import Failover
from pennylane_qstore.errors import DryRun, OptionError, QStoreError, UnavailableError
from pennylane_qstore.fleet import scheduling
from pennylane_qstore.fleet.local_backend import LocalBackend
from pennylane_qstore.fleet.member import Member, Terms
from pennylane_qstore.fleet.members import Members
from pennylane_qstore.fleet.planning import Failed, MemberJobs, Planning, View, view, viewed
from pennylane_qstore.fleet.remote import Clients, Remote
from pennylane_qstore.fleet.work import Ran, Work
from pennylane_qstore.options import Options
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import Listener, Moved
from pennylane_qstore.runs import RunStep

# Seconds: for an answer about a backend where there are others, and for which one that gave none,
# or is away, isn't asked again.
_LOOK, _PEACE = 5.0, 30.0


class Fleet:
    """The members of a device that has several, and how a batch is run on them.

    Attributes:
        members: in the order they were listed, the fallback last
        labels: their names; two of one name, for two keys, are numbered
        clients: their connections
        max_wait: seconds for a batch
    """

    def __init__(self, members: Members) -> None:
        """Opens no connection yet."""
        self._listed = members
        self.clients = Clients()
        self.max_wait = members.max_wait
        fallback = [] if members.fallback is None else [members.fallback]
        self.members: list[Member] = [
            Remote(each, self.clients, is_fallback=each in fallback)
            if isinstance(each, Options)
            else LocalBackend(each, members.first, is_fallback=each in fallback)
            for each in (*members.all, *fallback)
        ]
        self._warmed: loop.Loop | None = None
        self._silent: dict[int, tuple[QStoreError, float]] = {}
        self._names = members.names
        self.labels = [
            f"{name} ({self._names[: place + 1].count(name)})"
            if self._names.count(name) > 1
            else name
            for place, name in enumerate(self._names)
        ]

    @property
    def exact(self) -> bool:
        """Whether a tape without shots can run on some member."""
        return any(member.exact for member in self.members)

    @property
    def on_qpu(self) -> bool:
        """Whether a quantum computer is among them."""
        return any(member.on_qpu for member in self.members)

    @property
    def _patience(self) -> float:
        """Seconds for an answer about a member."""
        return self.max_wait if len(self.members) == 1 else _LOOK

    def plan(
        self,
        work: Work,
        indices: Collection[int],
        failed: Failed | None = None,
        run_step: RunStep | None = None,
    ) -> list[MemberJobs]:
        """Return circuits placed on members; not to be called in the loop's own thread.

        Args:
            work: the batch
            indices: of the circuits
            failed: why members couldn't run them, in the order they were tried
            run_step: the batch's place in a named run, or None

        Raises:
            NoBackendError: none of several members can take them
            QStoreError: the only one can't
        """
        most = MAX_CIRCUITS if self._listed.first.submission == "batch" else 1
        views = self._views()
        planning = Planning(self.members, self.labels, views, failed or {}, most)
        groups = [(None, indices)] if failed else self._routed(work, indices)
        return [
            part
            for wanted, group in groups
            for part in planning.parts(work, group, wanted, run_step)
        ]

    def warm(self) -> None:
        """Begins to ask what the backends are, while tapes are still being compiled.

        So the connection that a batch goes through is open, and the answer there, when it is ready.
        """
        running = loop.current()
        if self._warmed is not running:
            self._warmed = running
            for member in self.members:
                member.connect()
                running.start(view(member, self._patience))

    def leading(self) -> tuple[Member, Backend]:
        """Return the first member that answers, which tapes are shown as compiled for.

        Raises:
            QStoreError: that of the first, where none is
        """
        for member in self.members:
            member.connect()
        if len(self.members) == 1:  # it may be away, and yet be compiled for
            member = self.members[0]
            machine = member.cached() or loop.current().run(member.machine(self.max_wait))
            return member, machine
        views = self._views()
        for member, each in zip(self.members, views, strict=True):
            if isinstance(each, View):
                return member, each.machine
        raise next(each for each in views if isinstance(each, QStoreError))

    def _views(self) -> list[View | QStoreError]:
        """Return what is known of each member; a silent one isn't asked again for a while."""
        for member in self.members:
            member.connect()
        known = [(member, member.cached()) for member in self.members]
        views = [viewed(member, machine) for member, machine in known if machine is not None]
        if len(views) == len(self.members):
            return views
        return loop.current().run(self._looked())

    async def _looked(self) -> list[View | QStoreError]:
        now = asyncio.get_running_loop().time()
        silent = {i: error for i, (error, since) in self._silent.items() if now - since < _PEACE}

        async def one(place: int, member: Member) -> View | QStoreError:
            if place in silent:
                return silent[place]
            found = await view(member, self._patience)
            if isinstance(found, UnavailableError) and len(self.members) > 1:
                self._silent[place] = found, now
            return found

        return await all_of(*(one(*each) for each in enumerate(self.members)))

    def _routed(
        self, work: Work, indices: Collection[int]
    ) -> Iterable[tuple[int | None, Collection[int]]]:
        """Return circuits by the member that the user's rule sends them to."""
        route = self._listed.route
        if route is None:
            return [(None, indices)]
        chosen = [self._place_of(route(tape)) for tape in work.tapes]
        groups: dict[int | None, list[int]] = {}
        for index in indices:
            groups.setdefault(chosen[work.places[index].tape], []).append(index)
        return groups.items()

    def _place_of(self, name: str | None) -> int | None:
        if name is None:
            return None
        if name not in self._names:
            listed = ", ".join(self._names)
            raise OptionError("route", name, f"it gave none of the backends {listed}, nor None")
        return self._names.index(name)

    def estimate(self, work: Work) -> Price:
        """Return what a batch would cost where it would be placed now, by the API's estimates."""
        prices = []
        for part in self.plan(work, range(len(work))):
            member = self.members[part.member]
            if isinstance(member, Remote):
                asked = member.client().estimate(part.jobs, member.settings)
                prices.append(loop.current().run(asked))
        return cost.total(prices)

    def run(self, work: Work, listener: Listener, run_step: RunStep | None) -> dict[int, Ran]:
        """Return each circuit's outcomes and where it ran, by the circuit's index.

        Args:
            work: the batch
            listener: gets the events
            run_step: the batch's place in a named run, or None

        Raises:
            QStoreError: its ``partial`` holds what ran, by index
            KeyboardInterrupt: what was live has been cancelled
        """
        parts = self.plan(work, range(len(work)), run_step=run_step)
        for cut in {part.cut for part in parts if part.cut is not None}:
            listener(cut)
        return loop.current().run(self._run(parts, work, listener, run_step))

    async def _run(
        self,
        parts: Sequence[MemberJobs],
        work: Work,
        listener: Listener,
        run_step: RunStep | None,
    ) -> dict[int, Ran]:
        terms = Terms(asyncio.get_running_loop().time() + self.max_wait, listener, run_step)
        batch = _FleetBatch(self, work, terms, self._listed.queue_timeout)
        try:
            await batch.run(parts, {})
        except QStoreError as error:
            error.partial = batch.found
            raise
        return batch.found


class _FleetBatch:
    """One batch under way; lives in the loop."""

    def __init__(
        self, placed_on: Fleet, work: Work, terms: Terms, queue_timeout: float | None
    ) -> None:
        self._fleet, self._work, self._terms = placed_on, work, terms
        self._queue_timeout = queue_timeout
        self.found: dict[int, Ran] = {}

    async def run(self, parts: Sequence[MemberJobs], failed: Failed) -> None:
        """Return each circuit's outcomes and where it ran, by the circuit's index.

        Raises:
            QStoreError: the first that a part met
        """
        tasks = [asyncio.create_task(self._part(part, failed)) for part in parts]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            await stopped(tasks)
            raise
        errors = [error for task in tasks if (error := task.exception()) is not None]
        if errors:
            raise _first_of(errors)

    async def _part(self, part: MemberJobs, failed: Failed) -> None:
        member = self._fleet.members[part.member]
        failover = None
        if part.can_fail_over:
            run_elsewhere = functools.partial(self._fail_over, part.member, failed)
            failover = Failover(run_elsewhere, scheduling.PATIENCE, self._queue_timeout)
        try:
            found = await member.run(self._work, part.target, part.jobs, self._terms, failover)
        except QStoreError as error:
            self._keep(part, error.partial)
            error.partial = {}
            raise
        self._keep(part, found)

    def _keep(self, part: MemberJobs, found: Mapping[int, Outcomes]) -> None:
        member = self._fleet.members[part.member]
        self.found |= self._work.ran(part.target, found, member)

    async def _fail_over(self, place: int, failed: Failed, job: Job, error: QStoreError) -> None:
        """Runs a job that a member couldn't run on another."""
        failed = {**failed, place: error}
        parts = await asyncio.to_thread(
            self._fleet.plan, self._work, job.indices, failed, self._terms.run_step
        )
        labels = self._fleet.labels
        for part in parts:
            circuits = sum(len(each.circuits) for each in part.jobs)
            self._terms.listener(Moved(circuits, labels[place], labels[part.member], str(error)))
        await self.run(parts, failed)


def _first_of(errors: Sequence[BaseException]) -> BaseException:
    """Return the first error, with the others; of dry runs, one with the price of all."""
    first, *others = errors
    if others and all(isinstance(error, DryRun) for error in errors):
        dry = [error for error in errors if isinstance(error, DryRun)]
        price = cost.total(Price(error.price, error.unit) for error in dry)
        return cost.dry_run(price, [job_id for error in dry for job_id in error.job_ids])
    if isinstance(first, QStoreError):
        first.others = (*first.others, *others)
        for other in others:
            first.add_note(f"and: {other}")
    return first
