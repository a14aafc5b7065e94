"""The interface of a fleet's members: IonQ's backends and devices of this machine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.request_terms import Failover
from pennylane_qstore.compiler import Target
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import Listener
from pennylane_qstore.runs import RunStep


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that a batch's jobs share on any member.

    Attributes:
        deadline: in seconds of the loop's clock
        listener: gets the events
        run_step: the batch's place in a named run, or None
    """

    deadline: float
    listener: Listener
    run_step: RunStep | None = None

    @property
    def left(self) -> float:
        """Seconds until the deadline; to be read in the event loop."""
        return self.deadline - asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """The state of a fleet's member when jobs are shared out.

    Attributes:
        on_qpu: whether it is a quantum computer
        queue: seconds that a job waits for it
        per_circuit: seconds that a circuit of earlier jobs ran on it, or None without any
        is_fallback: whether it gets only what no other member can run
    """

    on_qpu: bool
    queue: float = 0.0
    per_circuit: float | None = None
    is_fallback: bool = False

    @property
    def tier(self) -> tuple[bool, bool]:
        """Sort key: quantum computers first, then simulators, then the fallback."""
        return self.is_fallback, not self.on_qpu


class Member(Protocol):
    """A backend or device that runs circuits.

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
        """Open connections; not to be called in the event loop's thread."""
        ...

    def cached(self) -> Backend | None:
        """Return its cached description or None; not to be called in the event loop's thread."""
        ...

    async def machine(self, max_wait: float) -> Backend:
        """Return its description, within so many seconds."""
        ...

    def target(self, machine: Backend) -> Target:
        """Return its compile target."""
        ...

    def standing(self, machine: Backend) -> BackendStatus:
        """Return its state, by which jobs are shared out."""
        ...

    def measured(self, machine: Backend) -> float | None:
        """Seconds a circuit ran, where batches may be cut by it; None where they are not."""
        ...

    async def has_left(self) -> bool:
        """Whether earlier processes may have left jobs there, to be resumed."""
        ...

    async def left(self, jobs: Sequence[Job], run_step: RunStep | None) -> bool:
        """Whether they left these jobs."""
        ...

    async def run(
        self,
        work: Work,
        target: Target,
        jobs: Sequence[Job],
        terms: Terms,
        failover: Failover | None,
    ) -> dict[int, Outcomes]:
        """Runs jobs, and gives the outcomes of their programs by index."""
        ...
