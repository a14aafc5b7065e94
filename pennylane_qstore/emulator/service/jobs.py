"""Jobs: what each is in, from its submission to its end."""

import threading
import uuid
from collections.abc import Callable

from pennylane_qstore.emulator.intake.preflight import Failure
from pennylane_qstore.emulator.intake.request import MULTI, JobRequest
from pennylane_qstore.emulator.service.clock import Clock
from pennylane_qstore.emulator.service.faults import MISSING_CHILD, SHUFFLED, Fault
from pennylane_qstore.emulator.service.links import EXACT, MANY, MEASURED, Result
from pennylane_qstore.emulator.simulation.answer import Answer
from pennylane_qstore.emulator.simulation.circuit import Circuit, CircuitGroup

STATUSES = ("submitted", "ready", "started", "completed", "failed", "canceled")
FINAL = ("completed", "failed", "canceled")
CANCELED = Failure("SystemCancel", "The job was canceled.")


class Job:
    """One job. Lives on the event loop, and nowhere else.

    Attributes:
        id: a UUID
        number: the how-manieth job of the server this is
        order: what was asked for
        parent: the job of many circuits this is one of, or None
        place: which of them
        children: the jobs of a job's circuits, in circuit order
        groups: the circuits; forgotten when the job ends
        status: one of `STATUSES`
        failure: why it did not complete
        answer: the results, where it did; a child's are its parent's
        stop: set when nobody waits for the results any more
        clock: tells it the time
        moments: seconds since 1970 when it was "submitted", "started", and "ended"
        predicted: seconds that it would wait and run, as far as was known at its submission
        faults: what goes wrong with it
        changed: is told of every new status; not of a child's
    """

    __slots__ = (
        "answer",
        "changed",
        "children",
        "clock",
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
        self.moments: dict[str, float] = {"submitted": clock.now()}
        self.predicted = (0.0, 0.0)
        self.faults: tuple[Fault, ...] = ()
        self.changed: Callable[[Job], None] = lambda _: None
        self.children: list[Job] = []
        if parent is None and order.type == MULTI:
            self.children = [
                Job(order, number + 1 + i, clock, parent=self, place=i)
                for i in range(len(order.circuits))
            ]

    @property
    def is_final(self) -> bool:
        """Whether nothing will change it any more."""
        return self.status in FINAL

    @property
    def results(self) -> tuple[Result, ...]:
        """What can be fetched once it is completed."""
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
        """One-qubit gates and larger gates, of all its circuits."""
        return self.order.gates if self.parent is None else self.circuit.structure.counts

    def fault(self, kind: str) -> Fault | None:
        """The fault of a kind that struck it, if one did."""
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def advance(self, status: str) -> None:
        """Goes on to a status now, and so do its children; an end is for ever."""
        self.enter(status, self.clock.now())

    def enter(self, status: str, moment: float) -> None:
        """Goes on to a status at a moment, in seconds since 1970."""
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
        """Ends well; a dry run without results."""
        for job in (self, *self.children):
            job.answer = None if job.is_final else answer
        self.advance("completed")

    def fail(self, failure: Failure) -> None:
        """Ends badly."""
        self._end("failed", failure)

    def cancel(self) -> None:
        """Ends because it was asked to; does nothing to a job that has ended."""
        if self.parent is None:
            self.stop.set()
        self._end("canceled", CANCELED)

    def _end(self, status: str, failure: Failure) -> None:
        for job in (self, *self.children):
            job.failure = job.failure if job.is_final else failure
        self.advance(status)

    def together(self) -> bytes:
        """The JSON text of all children's probabilities; one that did not complete is missing."""
        assert self.answer is not None, "it is completed, and no dry run"
        missing = self.fault(MISSING_CHILD)
        kept = [
            child
            for child in self.children
            if child.status == "completed" and (missing is None or child.place != missing.child)
        ]
        if self.fault(SHUFFLED):
            kept.reverse()
        elif len(kept) == len(self.children):
            return self.answer.text
        texts = [f'"{c.id}":'.encode() + self.answer.probabilities(c.place) for c in kept]
        return b"{%b}" % b",".join(texts)
