"""One place where circuits run: a backend of IonQ's, or a PennyLane device of this machine."""

import asyncio
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_qstore import embedded
from pennylane_qstore.cloud import fleet, job, loop
from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.fleet import Standing
from pennylane_qstore.cloud.job import Job
from pennylane_qstore.cloud.journal import MEMORY, Journal, account
from pennylane_qstore.cloud.order import Elsewhere
from pennylane_qstore.cloud.policy import policy_of
from pennylane_qstore.compiler import Target
from pennylane_qstore.compiler.bound import operations
from pennylane_qstore.errors import CompileError
from pennylane_qstore.events import Listener, RanHere
from pennylane_qstore.members import Local
from pennylane_qstore.options import EMULATOR, Options
from pennylane_qstore.outcomes import Outcomes
from pennylane_qstore.work import Work

# A state of more qubits fills the memory of most machines.
_WIDEST_LOCAL = 28


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch is run under, wherever.

    Attributes:
        deadline: in seconds of the loop's clock
        listener: is told what happens
        run: a named run and the step in it, or None
    """

    deadline: float
    listener: Listener
    run: tuple[str, int] | None = None

    @property
    def left(self) -> float:
        """Seconds until the deadline; to be asked in the loop."""
        return self.deadline - asyncio.get_running_loop().time()


class Member(Protocol):
    """Where circuits run.

    Attributes:
        name: as the user listed it
        is_fallback: whether it gets only what no other member can run
        on_qpu: whether it is a quantum computer, which costs money
        exact: whether it answers with exact probabilities
    """

    name: str
    is_fallback: bool

    @property
    def on_qpu(self) -> bool: ...  # noqa: D102

    @property
    def exact(self) -> bool: ...  # noqa: D102

    def connect(self) -> None:
        """Opens what it needs; not in the loop's own thread."""
        ...

    async def machine(self, max_wait: float) -> Backend:
        """What is known of it, after so many seconds at most."""
        ...

    def target(self, machine: Backend) -> Target:
        """What tapes are compiled to for it."""
        ...

    def standing(self, machine: Backend) -> Standing:
        """What jobs are shared out by."""
        ...

    def measured(self, machine: Backend) -> float | None:
        """Seconds a circuit ran, where batches may be cut by it; None where they are not."""
        ...

    async def has_left(self) -> bool:
        """Whether earlier processes may have left jobs there, to be taken up."""
        ...

    async def left(self, jobs: Sequence[Job], run: tuple[str, int] | None) -> bool:
        """Whether they left these jobs."""
        ...

    async def run(
        self, work: Work, target: Target, jobs: Sequence[Job], terms: Terms, way: Elsewhere | None
    ) -> dict[int, Outcomes]:
        """Runs jobs, and gives the outcomes of their programs by index."""
        ...


class Clients:
    """The connections of one device: one for each key and address, in each event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: weakref.WeakKeyDictionary[loop.Loop, dict[tuple[str, str], Client]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, running: loop.Loop, options: Options) -> Client:
        """The connection for a member in a loop; a fork has a loop, and so connections, anew."""
        if options.backend == EMULATOR:
            key = embedded.server(running).url, "emulator"
        else:
            assert options.base_url is not None
            assert options.api_key is not None
            key = options.base_url, options.api_key
        with self._lock:
            clients = self._clients.setdefault(running, {})
            if key not in clients:
                journal = Journal(options.journal or MEMORY, account(*key))
                client = clients[key] = Client(*key, policy_of(options), journal=journal)
                weakref.finalize(self, running.close_soon, client.close)
            return clients[key]

    def all(self, running: loop.Loop) -> list[Client]:
        """Those that there are in a loop."""
        with self._lock:
            return list(self._clients.get(running, {}).values())


class Remote:
    """A backend behind IonQ's API, or the emulator's."""

    def __init__(self, options: Options, clients: Clients, *, is_fallback: bool = False) -> None:
        self.name = options.backend
        self.is_fallback = is_fallback
        self.options = options
        self.settings = job.settings(options)
        self._clients = clients

    @property
    def on_qpu(self) -> bool:
        """Whether it is a quantum computer, which costs money."""
        return self.options.on_qpu

    @property
    def exact(self) -> bool:
        """Whether it answers with exact probabilities."""
        return self.options.exact

    def client(self) -> Client:
        """Its connection, in the process's loop."""
        return self._clients.of(loop.current(), self.options)

    def connect(self) -> None:
        """Opens the connection; not in the loop's own thread, in which an emulator starts."""
        self.client()

    async def machine(self, max_wait: float) -> Backend:
        """What the API says of it, asked again only after a minute.

        Args:
            max_wait: seconds for the answer

        Raises:
            CloudError: it isn't there, or there is no answer
        """
        return await self.client().backend(self.settings["backend"], max_wait)

    def target(self, machine: Backend) -> Target:
        """What tapes are compiled to for it."""
        options = self.options
        mitigation = options.error_mitigation or {}
        qis = options.gateset == "qis"
        return Target(
            "qis" if qis else machine.entangler(options.noise_model),
            options.optimization,
            # IonQ checks the symmetries of the circuit that it gets.
            options.measurement_aware and not mitigation.get("symmetry_verification"),
            # Sharpening votes on whole bit strings.
            bool(options.sharpen),
            options.verify,
        )

    def standing(self, machine: Backend) -> Standing:
        """What jobs are shared out by: its queue, as the API tells, and what earlier jobs took."""
        per_circuit = self.client().per_circuit(machine.name)
        return Standing(
            self.on_qpu,
            machine.queue or 0.0,
            fleet.PER_CIRCUIT if per_circuit is None else per_circuit,
            self.is_fallback,
        )

    def measured(self, machine: Backend) -> float | None:
        """Seconds a circuit ran, where batches may be cut by it; None where they are not."""
        options, client = self.options, self.client()
        if not options.adaptive or options.on_qpu or client.is_slowed:
            return None
        return client.per_circuit(machine.name)

    async def has_left(self) -> bool:
        """Whether earlier processes may have left jobs there, to be taken up."""
        return await self.client().has_left(self.settings["backend"])

    async def left(self, jobs: Sequence[Job], run: tuple[str, int] | None) -> bool:
        """Whether they left these jobs."""
        client = self.client()
        return all([await client.is_left(each, self.settings, run) for each in jobs])

    async def run(
        self, work: Work, target: Target, jobs: Sequence[Job], terms: Terms, way: Elsewhere | None
    ) -> dict[int, Outcomes]:
        """Sends jobs, and gives the outcomes of their programs by index.

        Raises:
            QStoreError: see the tree in ``pennylane_qstore.errors``
        """
        del work, target
        return await self.client().run(
            jobs,
            self.settings,
            max_wait=terms.left,
            listener=terms.listener,
            sharpen=self.options.sharpen,
            run=terms.run,
            budget=self.options.budget,
            elsewhere=way,
        )


class Here:
    """A PennyLane device of this machine, which gives exact probabilities."""

    on_qpu = False
    exact = True

    def __init__(self, local: Local, shared: Options, *, is_fallback: bool = False) -> None:
        self.name = local.backend
        self.is_fallback = is_fallback
        self._shared = shared

    def connect(self) -> None:
        """There is nothing to connect to."""

    async def machine(self, max_wait: float) -> Backend:
        """As wide as its states fit into memory.

        Raises:
            CompileError: a dry run, which it has none of
        """
        del max_wait
        if self._shared.dry_run:
            raise CompileError(f"{self.name} is on this machine, where nothing is priced")
        return Backend(self.name, _WIDEST_LOCAL, None)

    def target(self, machine: Backend) -> Target:
        """Textbook gates, which every device has."""
        del machine
        options = self._shared
        return Target("qis", options.optimization, options.measurement_aware, verify=options.verify)

    def standing(self, machine: Backend) -> Standing:
        """It has no queue."""
        del machine
        return Standing(on_qpu=False, is_fallback=self.is_fallback)

    def measured(self, machine: Backend) -> float | None:
        """It runs one circuit after the other."""
        del machine
        return None

    async def has_left(self) -> bool:
        """Nothing outlives the process here."""
        return False

    async def left(self, jobs: Sequence[Job], run: tuple[str, int] | None) -> bool:
        """Nothing outlives the process here."""
        del jobs, run
        return False

    async def run(
        self, work: Work, target: Target, jobs: Sequence[Job], terms: Terms, way: Elsewhere | None
    ) -> dict[int, Outcomes]:
        """Runs circuits in a thread, and gives the outcomes of their programs by index."""
        del way
        indices = [index for each in jobs for index in each.indices]
        found = await asyncio.to_thread(self._outcomes, work, target, indices)
        terms.listener(RanHere(len(found), self.name))
        return found

    def _outcomes(self, work: Work, target: Target, indices: Sequence[int]) -> dict[int, Outcomes]:
        groups = work.programs(target, indices)
        wires = range(max(programs.qubits for programs, _, _ in groups))
        device = qml.device(self.name, wires=len(wires))
        order = [index for _, _, own in groups for index in own]
        # PennyLane's first wire is the first bit, and IonQ's qubit 0 the last.
        tapes = [
            QuantumScript(
                operations(programs.row(row), wires),
                [qml.probs(wires=list(reversed(range(programs.qubits))))],
            )
            for programs, _, own in groups
            for row in range(len(own))
        ]
        found = qml.execute(tapes, device, diff_method=None)
        return {index: _outcomes(p) for index, p in zip(order, found, strict=True)}


def _outcomes(probabilities: Any) -> Outcomes:
    weights = np.clip(np.asarray(probabilities, dtype=np.float64), 0, None)
    states = np.flatnonzero(weights)
    return Outcomes(states.astype(np.int64), weights[states] / weights.sum())
