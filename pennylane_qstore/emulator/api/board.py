"""What goes on in an emulator, for those who watch it."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pennylane_qstore.emulator.api.view import charged, price
from pennylane_qstore.emulator.intake.backends import BACKENDS
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.lifecycle import Workshop

MOST_ROWS = 50
# Seconds over which requests are counted.
SPAN = 10.0
LAST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request and its answer; nothing of its headers, where the key is.

    Attributes:
        at: seconds since 1970
        method: such as "GET"
        path: with the query
        status: of the answer; 0 where there was none
        milliseconds: until the answer
        received: bytes of the request's body
        faults: the kinds of those that struck
    """

    at: float
    method: str
    path: str
    status: int
    milliseconds: float
    received: int
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As in a log."""
        return asdict(self)


class Log:
    """A file with a line of JSON for each request."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._path.touch()  # what can't be written should be known before the first request

    def write(self, asked: LoggedRequest) -> None:
        """Appends a line, at once: whoever follows the file sees it."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asked.to_json()) + "\n")


class Board:
    """Tells watchers of requests and jobs.

    Attributes:
        workshop: where the jobs are
        on_request: is told of every request
        on_job: is told of every job's new status
    """

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.on_request: list[Callable[[LoggedRequest], None]] = []
        self.on_job: list[Callable[[Job], None]] = []
        self._since = time.monotonic()
        self._recent: deque[float] = deque()
        self._asked: deque[LoggedRequest] = deque(maxlen=LAST_REQUESTS)
        self._requests = 0
        self._spent = 0.0
        self._news: set[asyncio.Event] = set()
        workshop.changed = self.changed

    def asked(self, asked: LoggedRequest) -> None:
        """Notes a request."""
        now = time.monotonic()
        self._requests += 1
        self._recent.append(now)
        self._forget(now)
        self._asked.append(asked)
        for listener in self.on_request:
            listener(asked)
        self._tell()

    def changed(self, job: Job) -> None:
        """Notes a job's new status."""
        if job.status == "completed":
            self._spent += charged(job)
        for listener in self.on_job:
            listener(job)
        self._tell()

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever there is something new."""
        news = asyncio.Event()
        news.set()
        self._news.add(news)
        try:
            yield news
        finally:
            self._news.discard(news)

    def snapshot(self) -> dict[str, Any]:
        """Everything a page shows."""
        now = time.monotonic()
        self._forget(now)
        span = min(SPAN, max(1.0, now - self._since))
        jobs = list(self.workshop.store.submitted())
        live = [job for job in jobs if not job.is_final]
        return {
            "profile": self.workshop.profile.name,
            "time_scale": self.workshop.profile.scale,
            "uptime": round(now - self._since, 1),
            "requests": self._requests,
            "requests_per_second": round(len(self._recent) / span, 1),
            "spent": round(self._spent, 2),
            "faults": self.workshop.faults.to_json(),
            "backends": [self._backend(name, live) for name in BACKENDS],
            "jobs": [summary(job) for job in jobs[: -MOST_ROWS - 1 : -1]],
            "asked": [asked.to_json() for asked in reversed(self._asked)],
        }

    def _backend(self, name: str, live: list[Job]) -> dict[str, Any]:
        mine = [job for job in live if job.order.backend.name == name]
        away = self.workshop.faults.is_unavailable(name)
        return {
            "name": name,
            "status": "unavailable" if away else BACKENDS[name].status,
            "waiting": sum(job.status != "started" for job in mine),
            "running": sum(job.status == "started" for job in mine),
            "wait_ms": self.workshop.waiting_ms(name),
        }

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] < now - SPAN:
            self._recent.popleft()

    def _tell(self) -> None:
        for news in self._news:
            news.set()


def summary(job: Job) -> dict[str, Any]:
    """A job in a line."""
    order, moments = job.order, job.moments
    now = job.clock.now()
    began = moments.get("started")
    return {
        "id": job.id,
        "name": order.name,
        "type": order.type,
        "backend": order.backend.name,
        "noise": order.model,
        "status": job.status,
        "circuits": len(order.circuits),
        "qubits": order.qubits,
        "gates": sum(order.gates),
        "shots": None if order.is_exact else order.shots,
        "cost": price(job),
        "failure": None if job.failure is None else f"{job.failure.code}: {job.failure.message}",
        "faults": [fault.kind for fault in job.faults],
        "waited": round((began or moments.get("ended", now)) - moments["submitted"], 3),
        "ran": None if began is None else round(moments.get("ended", now) - began, 3),
    }
