"""Time, jobs, circuits and cost of a training, over all processes it took."""

import time
from typing import Any

_COUNTED = ("seconds", "jobs", "circuits", "queue", "cost")


class Meter:
    """Counts from the start of a training, whichever process that was in.

    Attributes:
        tracker: an active ``qml.Tracker`` of the device, or None where nothing is sent
    """

    def __init__(self, tracker: Any = None) -> None:
        self.tracker = tracker
        self._before = dict.fromkeys(_COUNTED, 0.0)
        self._start: float | None = None
        self._told = 0

    def start(self) -> None:
        """The time begins to run."""
        self._start = time.perf_counter()

    def now(self) -> dict[str, Any]:
        """Seconds, jobs, circuits, queue and cost so far."""
        totals: dict[str, Any] = {} if self.tracker is None else self.tracker.totals
        here = {
            "seconds": 0.0 if self._start is None else time.perf_counter() - self._start,
            "jobs": count_jobs(totals),
            "circuits": count_circuits(totals),
            "queue": float(totals.get("queue", 0.0)),
            "cost": float(totals.get("cost", 0.0)),
        }
        counted = {name: self._before[name] + here[name] for name in _COUNTED}
        return counted | {name: int(counted[name]) for name in ("jobs", "circuits")}

    def job_ids(self) -> list[str]:
        """The ids of the jobs since this was last asked."""
        history: dict[str, Any] = {} if self.tracker is None else self.tracker.history
        ids = list(history.get("job_ids", []))
        new, self._told = ids[self._told :], len(ids)
        return new

    def restore(self, counted: dict[str, Any]) -> None:
        """Adds what earlier processes counted."""
        self._before = {name: float(counted[name]) for name in _COUNTED}


def count_jobs(totals: dict[str, Any]) -> int:
    """Jobs so far, with those taken up from a killed process; on other devices, batches."""
    return _counted(totals, "jobs", "batches")


def count_circuits(totals: dict[str, Any]) -> int:
    """Circuits so far, under the device's own name or PennyLane's."""
    return _counted(totals, "circuits", "executions")


def _counted(totals: dict[str, Any], name: str, otherwise: str) -> int:
    own = [totals[key] for key in (name, f"{name}_taken_up") if key in totals]
    return int(sum(own) if own else totals.get(otherwise, 0))
