"""What an emulator's page and log file show: its requests, jobs and backends."""

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pennylane_qstore.emulator.api.view import charged, price
from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.service.archive import OWNER_ONLY
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.lifecycle import JobRunner

MOST_ROWS = 50
# Seconds over which requests are counted.
SPAN = 10.0
LAST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and the status of its response; no headers, since they hold the key.

    Attributes:
        at: time of arrival, in seconds since 1970
        method: HTTP method
        path: path and query
        status: status of the response; 0 if there was none
        milliseconds: time until the response
        received: bytes of the request's body
        faults: kinds of the injected faults
    """

    at: float
    method: str
    path: str
    status: int
    milliseconds: float
    received: int
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the request as a line of the log file, before encoding."""
        return asdict(self)


class Log:
    """A log file: a line of JSON for each request."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        # Fails now, not at the first request, if it can't be written.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY))

    def write(self, logged: LoggedRequest) -> None:
        """Append a line and flush it, so that a reader who follows the file sees it."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(logged.to_json()) + "\n")


class Monitor:
    """Counts requests and jobs, and notifies listeners of them.

    Attributes:
        runner: the runner of the jobs
        on_request: called with every request
        on_job: called with a job at every new status
    """

    def __init__(self, runner: JobRunner) -> None:
        self.runner = runner
        self.on_request: list[Callable[[LoggedRequest], None]] = []
        self.on_job: list[Callable[[Job], None]] = []
        self._since = time.monotonic()
        self._recent: deque[float] = deque()
        self._last_requests: deque[LoggedRequest] = deque(maxlen=LAST_REQUESTS)
        self._requests = 0
        self._spent = 0.0
        self._news: set[asyncio.Event] = set()
        runner.changed = self.changed

    def record(self, logged: LoggedRequest) -> None:
        """Record a request, and notify the listeners."""
        now = time.monotonic()
        self._requests += 1
        self._recent.append(now)
        self._forget(now)
        self._last_requests.append(logged)
        for listener in self.on_request:
            listener(logged)
        self._tell()

    def changed(self, job: Job) -> None:
        """Record a job's new status, and notify the listeners."""
        if job.status == "completed":
            self._spent += charged(job)
        for listener in self.on_job:
            listener(job)
        self._tell()

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """Register a watcher for the length of a `with` block.

        Yields:
            An event that is set whenever a request came or a job changed.
        """
        news = asyncio.Event()
        news.set()
        self._news.add(news)
        try:
            yield news
        finally:
            self._news.discard(news)

    def snapshot(self) -> dict[str, Any]:
        """Return everything that the page shows."""
        now = time.monotonic()
        self._forget(now)
        span = min(SPAN, max(1.0, now - self._since))
        jobs = list(self.runner.store.submitted())
        live = [job for job in jobs if not job.is_final]
        return {
            "profile": self.runner.profile.name,
            "time_scale": self.runner.profile.scale,
            "uptime": round(now - self._since, 1),
            "requests": self._requests,
            "requests_per_second": round(len(self._recent) / span, 1),
            "spent": round(self._spent, 2),
            "faults": self.runner.faults.to_json(),
            "backends": [self._backend(backend, live) for backend in self.runner.backends.values()],
            "jobs": [summary(job) for job in jobs[: -MOST_ROWS - 1 : -1]],
            "last_requests": [logged.to_json() for logged in reversed(self._last_requests)],
        }

    def _backend(self, backend: Backend, live: list[Job]) -> dict[str, Any]:
        name = backend.name
        mine = [job for job in live if job.order.backend.name == name]
        away = self.runner.faults.is_unavailable(name)
        return {
            "name": name,
            "status": "unavailable" if away else backend.status,
            "waiting": sum(job.status != "started" for job in mine),
            "running": sum(job.status == "started" for job in mine),
            "wait_ms": self.runner.waiting_ms(name),
        }

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] < now - SPAN:
            self._recent.popleft()

    def _tell(self) -> None:
        for news in self._news:
            news.set()


def summary(job: Job) -> dict[str, Any]:
    """Return what a line of the page or of the terminal shows of a job."""
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
