"""Jobs and their states, from submission to the end."""

import threading
import uuid
from collections.abc import Callable

from pennylane_qstore.emulator.intake.preflight import Failure
from pennylane_qstore.emulator.intake.request import MULTI, JobRequest
from pennylane_qstore.emulator.service.clock import Clock
from pennylane_qstore.emulator.service.faults import MISSING_CHILD, SHUFFLED, Fault
from pennylane_qstore.emulator.service.links import EXACT, MANY, MEASURED, Result
from pennylane_qstore.emulator.service.settings import BY_GATES
from pennylane_qstore.emulator.simulation.answer import Answer
from pennylane_qstore.emulator.simulation.circuit import Circuit, CircuitGroup

STATUSES = ("submitted", "ready", "started", "completed", "failed", "canceled")
FINAL = ("completed", "failed", "canceled")
CANCELED = Failure("SystemCancel", "The job was canceled.")


class Job:
    """One job; used only from the event loop's thread.

    Attributes:
        id: a UUID
        number: its number in order of submission, from 0
        order: the request
        parent: the multi-circuit job that it belongs to, or None
        place: its place among that job's circuits
        children: the jobs of a multi-circuit job's circuits, in circuit order
        groups: the circuits by structure; released when the job ends
        status: one of `STATUSES`
        failure: why it failed or was cancelled
        answer: the results of a completed job; a child shares its parent's
        stop: set to end the simulation early
        clock: the source of time
        moments: seconds since 1970 when it was "submitted", "started", and "ended"
        predicted: predicted seconds of waiting and of running, at its submission
        faults: the injected faults that affect it
        contract: how it is priced, one of the settings' contracts
        changed: called with the job at every new status; not for a child
    """

    __slots__ = (
        "answer",
        "changed",
        "children",
        "clock",
        "contract",
        "failure",
        "faults",
        "groups",
        "id",
        "moments",
        "number",
        "order",
        "parent",
        "place",
        "predicted",
        "status",
        "stop",
    )

    def __init__(
        self,
        order: JobRequest,
        number: int,
        clock: Clock,
        groups: tuple[CircuitGroup, ...] = (),
        parent: "Job | None" = None,
        place: int = 0,
        contract: str = BY_GATES,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.number = number
        self.order = order
        self.parent = parent
        self.place = place
        self.groups = groups
        self.status = "submitted"
        self.failure: Failure | None = None
        self.answer: Answer | None = None
        self.stop: threading.Event = threading.Event() if parent is None else parent.stop
        self.clock = clock
        self.contract = contract
        self.moments: dict[str, float] = {"submitted": clock.now()}
        self.predicted = (0.0, 0.0)
        self.faults: tuple[Fault, ...] = ()
        self.changed: Callable[[Job], None] = lambda _: None
        self.children: list[Job] = []
        if parent is None and order.type == MULTI:
            self.children = [
                Job(order, number + 1 + i, clock, (), self, i, contract)
                for i in range(len(order.circuits))
            ]

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status in FINAL

    @property
    def results(self) -> tuple[Result, ...]:
        """The results that can be fetched once it is completed."""
        if self.order.dry_run:
            return ()
        if self.children:
            return MANY
        return EXACT if self.order.is_exact else MEASURED

    @property
    def circuit(self) -> Circuit:
        """The circuit of a job that has only one."""
        return self.order.circuits[self.place]

    @property
    def gates(self) -> tuple[int, int]:
        """Numbers of one-qubit gates and of larger gates, over all its circuits."""
        return self.order.gates if self.parent is None else self.circuit.structure.counts

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of a kind that affects it, if any."""
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def advance(self, status: str) -> None:
        """Change the status of the job and its children now; an ended job stays as it is."""
        self.enter(status, self.clock.now())

    def enter(self, status: str, moment: float) -> None:
        """Change the status at a moment, in seconds since 1970."""
        if self.is_final:
            return
        self.status = status
        if status == "started":
            self.moments["started"] = moment
        if self.is_final:
            self.moments["ended"] = moment
            self.groups = ()
        for child in self.children:
            child.enter(status, moment)
        if self.parent is None:
            self.changed(self)

    def complete(self, answer: Answer | None) -> None:
        """End as completed; a dry run has no answer."""
        for job in (self, *self.children):
            job.answer = None if job.is_final else answer
        self.advance("completed")

    def fail(self, failure: Failure) -> None:
        """End as failed."""
        self._end("failed", failure)

    def cancel(self) -> None:
        """End as canceled; a job that has ended stays as it is."""
        if self.parent is None:
            self.stop.set()
        self._end("canceled", CANCELED)

    def _end(self, status: str, failure: Failure) -> None:
        for job in (self, *self.children):
            job.failure = job.failure if job.is_final else failure
        self.advance(status)

    def kept_children(self) -> "list[Job]":
        """Return the children whose results are sent, in the order they are sent."""
        missing = self.fault(MISSING_CHILD)
        kept = [
            child
            for child in self.children
            if child.status == "completed" and (missing is None or child.place != missing.child)
        ]
        return kept[::-1] if self.fault(SHUFFLED) else kept

    def together(self) -> bytes:
        """Return the JSON text of the completed children's probabilities."""
        assert self.answer is not None, "it is completed, and no dry run"
        kept = self.kept_children()
        if kept == self.children:
            return self.answer.text
        texts = [f'"{c.id}":'.encode() + self.answer.probabilities(c.place) for c in kept]
        return b"{%b}" % b",".join(texts)

    def packed(self) -> bytes:
        """Return the exact probabilities, of all completed children, as arrays."""
        assert self.answer is not None, "it is completed, and no dry run"
        if not self.children:
            return self.answer.packed([(None, self.place)])
        return self.answer.packed((child.id, child.place) for child in self.kept_children())
