"""Count time, jobs, circuits and cost of a training, over all processes that it took."""

import time
from typing import Any

_COUNTED = ("jobs", "circuits", "queue", "cost")
_INTEGERS = ("jobs", "circuits")


class Meter:
    """Counts from the start of a training, whichever process that was in.

    Attributes:
        tracker: an active ``qml.Tracker`` of the device; None counts the time alone
    """

    def __init__(self, tracker: Any = None) -> None:
        """Make a meter that hasn't started.

        Args:
            tracker: an active ``qml.Tracker`` of the device that the training runs on
        """
        self.tracker = tracker
        self._seconds_before = 0.0
        self._counted_before: dict[str, float | None] = dict.fromkeys(_COUNTED, 0.0)
        self._start: float | None = None
        self._n_reported = 0

    def start(self) -> None:
        """Start to count the time."""
        self._start = time.perf_counter()

    def now(self) -> dict[str, Any]:
        """Return seconds, jobs, circuits, queue (seconds) and cost so far.

        All but the seconds are None if they aren't known, in this process or in one before it.
        """
        seconds = 0.0 if self._start is None else time.perf_counter() - self._start
        counts = self._counts()
        totals: dict[str, Any] = {"seconds": self._seconds_before + seconds}
        for name, before in self._counted_before.items():
            count = counts[name]
            totals[name] = None if before is None or count is None else before + count
        return totals | {n: int(totals[n]) for n in _INTEGERS if totals[n] is not None}

    def _counts(self) -> dict[str, float | None]:
        if self.tracker is None:
            return dict.fromkeys(_COUNTED)
        totals = self.tracker.totals
        # Jobs whose server says nothing of queue or cost; without jobs, there is none of either.
        untold = None if totals.keys() & {"jobs", "jobs_taken_up"} else 0.0
        return {
            "jobs": count_jobs(totals),
            "circuits": count_circuits(totals),
            "queue": totals.get("queue", untold),
            "cost": totals.get("cost", untold),
        }

    def job_ids(self) -> list[str]:
        """Return the ids of the jobs since the last call."""
        history: dict[str, Any] = {} if self.tracker is None else self.tracker.history
        ids = list(history.get("job_ids", []))
        new, self._n_reported = ids[self._n_reported :], len(ids)
        return new

    def restore(self, counted: dict[str, Any]) -> None:
        """Add what earlier processes counted, as ``now`` returned it."""
        self._seconds_before = float(counted["seconds"])
        self._counted_before = {name: counted[name] for name in _COUNTED}


def count_jobs(totals: dict[str, Any]) -> int:
    """Return the jobs in a tracker's totals, resumed ones included; batches on other devices."""
    return _count(totals, "jobs", "batches")


def count_circuits(totals: dict[str, Any]) -> int:
    """Return the circuits in a tracker's totals, or PennyLane's executions on other devices."""
    return _count(totals, "circuits", "executions")


def _count(totals: dict[str, Any], name: str, otherwise: str) -> int:
    counts = [totals[key] for key in (name, f"{name}_taken_up") if key in totals]
    return int(sum(counts) if counts else totals.get(otherwise, 0))
