"""Run the batches of a device that has one backend."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import MAX_SHOTS, Job
from pennylane_qstore.compiler import Target
from pennylane_qstore.errors import CompileError, QStoreError
from pennylane_qstore.fleet.member import Terms
from pennylane_qstore.fleet.members import Members
from pennylane_qstore.fleet.remote import Clients, Remote
from pennylane_qstore.fleet.work import Ran, Work
from pennylane_qstore.options import Options
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import Cut, Listener
from pennylane_qstore.runs import RunStep

if TYPE_CHECKING:
    from pennylane_qstore.fleet.several_backends import Fleet


class OneBackend:
    """The one backend of a device: a batch is compiled, packed and sent, and nothing is placed.

    ``Fleet`` has the same methods for several backends.

    Attributes:
        members: the backend, as the only member
        clients: its connections
        exact: whether it answers with exact probabilities
        on_qpu: whether it is a quantum computer
    """

    def __init__(self, options: Options) -> None:
        """Open no connection yet."""
        self.clients = Clients()
        self._backend = Remote(options, self.clients)
        self.members = [self._backend]
        self.exact, self.on_qpu = self._backend.exact, self._backend.on_qpu
        self._max_wait = float(options.max_wait or 0.0)
        self._most_circuits = None if options.submission == "batch" else 1
        self._warmed: loop.Loop | None = None
        self._adaptive = options.adaptive
        # The loop, what is known of the backend there, its target, and until when that holds.
        self._cached: tuple[loop.Loop, Backend, Target, float] | None = None

    def warm(self) -> None:
        """Ask what the backend is while tapes are still being compiled.

        Then the connection is open, and the answer there, when the batch is ready.
        """
        running = loop.current()
        if self._warmed is not running:
            self._warmed = running
            self._backend.connect()
            running.start(self._backend.machine(self._max_wait))

    def leading(self) -> tuple[Remote, Backend]:
        """Return the backend and what the API says of it, asked at most once a minute.

        Raises:
            CloudError: it isn't there, or there is no answer
        """
        backend = self._backend
        machine = backend.cached() or loop.current().run(backend.machine(self._max_wait))
        return backend, machine

    def estimate(self, work: Work) -> Price:
        """Return what a batch would cost, by the API's own estimate."""
        _, jobs, _ = self._packed(work, None)
        return loop.current().run(self._backend.client().estimate(jobs, self._backend.settings))

    def run(self, work: Work, listener: Listener, run_step: RunStep | None) -> dict[int, Ran]:
        """Run a batch.

        Args:
            work: the batch
            listener: gets the events
            run_step: the batch's place in a named run, or None

        Returns:
            each circuit's outcomes and where it ran, by the circuit's index

        Raises:
            QStoreError: its ``partial`` holds what ran, by index
            KeyboardInterrupt: what was live has been cancelled
        """
        target, jobs, cut = self._packed(work, run_step)
        if cut is not None:
            listener(cut)
        running = loop.current()
        terms = Terms(running.asyncio_loop.time() + self._max_wait, listener, run_step)
        backend = self._backend
        try:
            outcomes = running.run(backend.run(work, target, jobs, terms, None))
        except QStoreError as error:
            error.partial = work.ran(target, _merged(error.partial, jobs, len(work)), backend)
            raise
        return work.ran(target, _merged(outcomes, jobs, len(work)), backend)

    def _known(self) -> tuple[Backend, Target]:
        """Return what the API says of the backend, and what is compiled for it.

        Raises:
            CloudError: it isn't there, or there is no answer
        """
        running = loop.current()
        cached = self._cached
        if cached is not None:
            of, machine, target, until = cached
            if of is running and running.asyncio_loop.time() < until:
                return machine, target
        backend, machine = self.leading()
        target = backend.target(machine)
        self._cached = running, machine, target, backend.cached_until()
        return machine, target

    def _packed(self, work: Work, run_step: RunStep | None) -> tuple[Target, list[Job], Cut | None]:
        """Return a batch as jobs, with their target, and whether the batch was cut to make them.

        Raises:
            CompileError: the backend can't run it
            UnavailableError: the backend is away, and no earlier process left these jobs there
        """
        backend = self._backend
        machine, target = self._known()
        away = None if machine.status in {None, "available"} else machine.away()
        if away is not None and not loop.current().run(backend.has_left()):
            raise away
        for programs, shots, _ in work.compiled(target):
            refusal = None
            if programs.qubits > machine.qubits or machine.coupled is not None:
                refusal = machine.refusal([programs])
            if shots is None and not self.exact:
                refusal = f"a tape without shots can't run on {machine.name}"
            if refusal is not None:
                raise CompileError(refusal)
        per_circuit = backend.measured(machine) if self._adaptive else None
        jobs = work.jobs(target, None, self._most_circuits, per_circuit)
        if max((job.shots or 0 for job in jobs), default=0) > MAX_SHOTS:
            if self.exact:  # which needs no shots for its probabilities
                jobs = [replace(job, shots=min(job.shots or 0, MAX_SHOTS)) for job in jobs]
            jobs = [share for job in jobs for share in job.shares(len(work))]
        if away is not None and not loop.current().run(backend.left(jobs, run_step)):
            raise away
        cut = None
        if per_circuit is not None and len(jobs) > 1:
            cut = Cut(len(work), len(jobs), per_circuit)
        return target, jobs, cut


def _merged(
    outcomes: Mapping[int, Outcomes], jobs: Sequence[Job], circuits: int
) -> Mapping[int, Outcomes]:
    """Return circuits' outcomes, those of one that was sent several times for its shots as one.

    A circuit of which a copy is missing is left out.
    """
    if all(job.indices[0] < circuits for job in jobs):
        return outcomes
    shots = {index: job.shots or 0 for job in jobs for index in job.indices}
    copies: dict[int, list[int]] = {}
    for index in shots:
        copies.setdefault(index % circuits, []).append(index)
    return {
        circuit: Outcomes.merged([outcomes[i] for i in indices], [shots[i] for i in indices])
        for circuit, indices in copies.items()
        if all(index in outcomes for index in indices)
    }


def backends_of(members: Members) -> "OneBackend | Fleet":
    """Return what runs a device's batches: one backend, or a fleet of several.

    Args:
        members: of the device
    """
    if len(members.names) == 1 and members.route is None:
        return OneBackend(members.first)
    from pennylane_qstore.fleet.several_backends import Fleet  # noqa: PLC0415  only where it is needed

    return Fleet(members)
