"""Jobs: what each is in, and what the API says of it."""

import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pennylane_qstore.emulator.answer import Answer, Counts
from pennylane_qstore.emulator.backends import now
from pennylane_qstore.emulator.circuit import Circuit, Group
from pennylane_qstore.emulator.order import MULTI, SINGLE, Order
from pennylane_qstore.emulator.preflight import Failure
from pennylane_qstore.emulator.prices import cost

STATUSES = ("submitted", "ready", "started", "completed", "failed", "canceled")
FINAL = ("completed", "failed", "canceled")
CANCELED = Failure("SystemCancel", "The job was canceled.")

PROJECT_ID = "944904d6-2e30-4cfb-8bc4-04afaabcdd42"
SUBMITTER_ID = "64b03577072d45001c85e9c4"


@dataclass(frozen=True, slots=True)
class Result:
    """One of a job's results.

    Attributes:
        link: its name among the links of the older generation
        path: where it is, below the job's own address
        format: its name among the descriptors of the newer generation
        artifact_id: its id there
    """

    link: str
    path: str
    format: str
    artifact_id: str


PROBABILITIES = Result(
    "probabilities",
    "results/probabilities",
    "ionq.result.probabilities.json.v1",
    "probabilities",
)
HISTOGRAM = Result("histogram", "results/histogram", "ionq.result.histogram.json.v1", "histogram")
SHOTS = Result("shots", "results/shots", "ionq.result.shots.json.v1", "shots")
AGGREGATED = Result(
    "probabilities",
    "results/probabilities/aggregated",
    "ionq.result.probabilities-aggregate.json.v1",
    "probabilities-aggregate",
)


class Job:
    """One job, from its submission to its end. Lives on the event loop, and nowhere else.

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
    """

    __slots__ = (
        "answer",
        "children",
        "completed_at",
        "failure",
        "groups",
        "id",
        "number",
        "order",
        "parent",
        "place",
        "started_at",
        "status",
        "stop",
        "submitted_at",
    )

    def __init__(
        self,
        order: Order,
        number: int,
        groups: tuple[Group, ...] = (),
        parent: "Job | None" = None,
        place: int = 0,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.number = number
        self.order = order
        self.parent = parent
        self.place = place
        self.groups = groups
        self.children: list[Job] = []
        self.status = "submitted"
        self.failure: Failure | None = None
        self.answer: Answer | None = None
        self.stop: threading.Event = threading.Event() if parent is None else parent.stop
        self.submitted_at: str = now() if parent is None else parent.submitted_at
        self.started_at: str | None = None
        self.completed_at: str | None = None
        if parent is None and order.type == MULTI:
            self.children = [
                Job(order, number + 1 + i, parent=self, place=i) for i in range(len(order.circuits))
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
            return (AGGREGATED,)
        if self.order.backend.is_exact:
            return (PROBABILITIES,)
        return PROBABILITIES, HISTOGRAM, SHOTS

    @property
    def circuit(self) -> Circuit:
        """The circuit of a job that has only one."""
        return self.order.circuits[self.place]

    @property
    def gates(self) -> tuple[int, int]:
        """One-qubit gates and larger gates, of all its circuits."""
        return self.order.gates if self.parent is None else self.circuit.structure.counts

    def advance(self, status: str) -> None:
        """Goes on to a status now."""
        self.enter(status, now())

    def enter(self, status: str, moment: str) -> None:
        """Goes on to a status at a moment, and so do its children; an end is for ever."""
        if self.is_final:
            return
        self.status = status
        if status == "started":
            self.started_at = moment
        if self.is_final:
            self.completed_at = moment
            self.groups = ()
        for child in self.children:
            child.enter(status, moment)

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
        self._end("canceled", CANCELED)
        if self.parent is None:
            self.stop.set()

    def _end(self, status: str, failure: Failure) -> None:
        for job in (self, *self.children):
            job.failure = job.failure if job.is_final else failure
        self.advance(status)

    def probabilities(self) -> bytes:
        """The JSON text of its probabilities; a parent's has no place for a canceled child."""
        assert self.answer is not None, "it is completed, and no dry run"
        if not self.children:
            return self.answer.probabilities(self.place)
        if all(child.status == "completed" for child in self.children):
            return self.answer.text
        texts = [
            f'"{child.id}":'.encode() + child.probabilities()
            for child in self.children
            if child.status == "completed"
        ]
        return b"{%b}" % b",".join(texts)

    def counts(self) -> Counts:
        """What the machine measured."""
        assert self.answer is not None, "it is completed, and no dry run"
        return self.answer.counts[self.place]

    def to_row(self) -> dict[str, Any]:
        """The job as it stands in a list."""
        order = self.order
        row = {
            "id": self.id,
            "status": self.status,
            "type": order.type if self.parent is None else SINGLE,
            "backend": order.backend.name,
            "dry_run": order.dry_run,
            "cost_model": "2QGE_operations",
            "submitter_id": SUBMITTER_ID,
            "project_id": PROJECT_ID,
            "parent_job_id": None if self.parent is None else self.parent.id,
            "session_id": order.session_id,
            "metadata": order.metadata,
            "name": order.name if self.parent is None else self.circuit.name,
            "submitted_at": self.submitted_at,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "predicted_execution_duration_ms": 0,
            "predicted_wait_time_ms": 0,
            "execution_duration_ms": self._duration_ms(),
            "failure": None if self.failure is None else self.failure.to_json(),
            "settings": order.settings,
            "stats": self._stats(),
            "output": {},
            "results": self._links() if self.status == "completed" and self.results else None,
        }
        if order.noise is not None:
            row["noise"] = order.noise
        if not order.backend.is_exact:
            row["shots"] = order.shots
        return row

    def to_json(self) -> dict[str, Any]:
        """The answer to GET /jobs/{id}."""
        return {**self.to_row(), "child_job_ids": [c.id for c in self.children] or None}

    def to_cost(self) -> dict[str, Any]:
        """The answer to GET /jobs/{id}/cost."""
        order = self.order
        value = cost(order.backend, self.gates, order.shots, order.debiasing)
        price = {"value": value, "unit": "usd"}
        charged = self.status == "completed" and not order.dry_run
        told: dict[str, Any] = {"dry_run": order.dry_run, "estimated_cost": price}
        return {**told, "cost": price} if charged else told

    def _duration_ms(self) -> int | None:
        """How long it really took: nobody should wait as long as a machine would need."""
        if self.started_at is None or self.completed_at is None:
            return None
        took = datetime.fromisoformat(self.completed_at) - datetime.fromisoformat(self.started_at)
        return round(took.total_seconds() * 1000)

    def _stats(self) -> dict[str, Any]:
        one, more = self.gates
        return {
            "qubits": self.order.qubits if self.parent is None else self.circuit.qubits,
            "circuits": len(self.children) or 1,
            "gate_counts": {"1q": one, "2q": more},
        }

    def _links(self) -> dict[str, Any]:
        """Both generations of links in one object, as the live service sends them."""
        links: dict[str, Any] = {}
        for result in self.results:
            links[result.link] = {"url": f"/v0.4/jobs/{self.id}/{result.path}"}
            links[result.format] = {
                "id": result.artifact_id,
                "format": result.format,
                "media_type": "application/json",
            }
        return links
