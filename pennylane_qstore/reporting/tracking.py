"""Update a device's PennyLane tracker, with PennyLane's keys and our own."""

from collections.abc import Sequence
from typing import Any

from pennylane.devices import Tracker
from pennylane.tape import QuantumScript

from pennylane_qstore.reporting.events import Completed, Event, RanHere, Resumed, Submitted


def track_batch(tracker: Tracker) -> None:
    """Count a batch."""
    if tracker.active:
        tracker.update(batches=1)
        tracker.record()


def track_events(tracker: Tracker, events: Sequence[Event]) -> None:
    """Count jobs and circuits, and record the jobs' ids, backends and costs."""
    for event in events if tracker.active else ():
        told: dict[str, Any] = {}
        match event:
            case Submitted(job_id, circuits, backend):
                told = {"jobs": 1, "circuits": circuits, "job_ids": job_id, "backends": backend}
            case Resumed(job_id, circuits, _, backend):
                told = {"jobs_taken_up": 1, "circuits_taken_up": circuits}
                told |= {"job_ids": job_id, "backends": backend}
            case RanHere(circuits, backend):
                told = {"circuits": circuits, "backends": backend}
            case Completed(queue=queue, cost=cost):
                told = {"queue": queue, "cost": cost}
        told = {key: value for key, value in told.items() if value is not None}
        if told:
            tracker.update(**told)
            tracker.record()


def track_mitigation(tracker: Tracker, report: Any) -> None:
    """Record a mitigation report: circuits, whether its values were used, and the raw values."""
    if tracker.active:
        tracker.update(mitigation=report)
        tracker.record()


def track_results(
    tracker: Tracker,
    circuits: Sequence[QuantumScript],
    results: Sequence[Any],
    ran_on: Sequence[str],
) -> None:
    """Count tapes, and record their results, resources and backends."""
    if not tracker.active:
        return  # counting a tape's resources takes about as long as compiling it
    for tape, result, where in zip(circuits, results, ran_on, strict=True):
        rows = tape.batch_size or 1
        counted: dict[str, Any] = {"executions": rows, "results": result, "ran_on": where}
        if tape.shots:
            counted["shots"] = tape.shots.total_shots * rows
        tracker.update(**counted, resources=tape.specs["resources"])
        tracker.record()
