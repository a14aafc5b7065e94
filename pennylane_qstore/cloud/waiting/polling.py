"""Decide when to poll a job again, from predictions and earlier jobs: no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pennylane_qstore.cloud.http.values import moment, seconds

T = TypeVar("T")

# Seconds. Up to SETTLED, a job that is expected to be long is looked at rarely; up to MINUTE its
# end is noticed within a tenth of its length, whatever was expected; after it looks are dear.
SETTLED, MINUTE, LONGEST = 5.0, 60.0, 180.0
# A page of ``GET /jobs``.
PAGE = 25
_NEWEST = 0.5  # how much of an average the newest observation is
# How far off, as a ratio: a pattern of one job is taken to be, and a good prediction may be.
_UNTRIED, _GOOD = 1.25, 1.02


@dataclass(frozen=True, slots=True)
class QueueHistory:
    """What earlier jobs on a backend took.

    Attributes:
        queue: seconds from submission to start
        per_circuit: seconds of execution for a circuit
        predicted_error: how far off the server's prediction was, as a ratio of at least one; None
            where it made none
        own_error: how far off this pattern was; None where there was none
    """

    queue: float
    per_circuit: float
    predicted_error: float | None = None
    own_error: float | None = None

    def expected(self, circuits: int) -> float:
        """Return the seconds from submission to the end of a job of that many circuits."""
        return self.queue + self.per_circuit * circuits


def interval(elapsed: float, expected: float | None, shortest: float) -> float:
    """Return the seconds until a job is looked at again.

    A tenth of what it has taken so far, so that the end of a job of up to a minute is noticed
    within a tenth of its length, whatever was expected. Two things save looks, and one aims them:

    - what is expected to take longer is looked at only each time its age has doubled, in its first
      five seconds;
    - after a minute the pause is two thirds of the age, at most three minutes; and what is then
      expected to go on is looked at when six tenths of the rest have passed,
      at most six minutes;
    - a look never comes after the expected end, but at it.

    Once a job has outlasted what was expected of it, a tenth of its age counts again, up to the
    minute. So a job of ten minutes is looked at about forty times, rarely more where the
    expectation is wrong, and some sixty times where there is none at all.

    Args:
        elapsed: seconds since it was submitted
        expected: seconds from the submission to its end, or None where nothing is known
        shortest: the shortest interval, in seconds
    """
    tenth = max(elapsed / 10, shortest)
    pause = tenth if elapsed < MINUTE else min(elapsed * 2 / 3, LONGEST)
    rest = (expected or 0.0) - elapsed
    if rest <= 0:
        return pause
    if elapsed < SETTLED:
        pause = max(tenth, min(elapsed, SETTLED - elapsed))
    elif elapsed >= MINUTE:
        pause = max(tenth, min(0.6 * rest, 2 * LONGEST))
    return max(min(pause, rest), shortest)


def pages(jobs: Iterable[tuple[float, T]], now: float) -> list[list[T]]:
    """Return the jobs of the next look in pages: all that are due, and as many as have room.

    Args:
        jobs: each with the time at which it is due
        now: in the same clock
    """
    ranked = sorted(jobs, key=lambda each: each[0])
    due = sum(moment <= now for moment, _ in ranked)
    asked = ranked[: -(-due // PAGE) * PAGE]
    return [[job for _, job in asked[i : i + PAGE]] for i in range(0, len(asked), PAGE)]


def expected_end(
    record: Mapping[str, Any] | None, pattern: QueueHistory | None, circuits: int
) -> float | None:
    """Return the seconds from a job's submission to its expected end, or None.

    The server's prediction, or the pattern of earlier jobs: whichever was nearer the last time
    that both could be judged; but a prediction that was good is always taken, because it knows how
    long jobs of another size take. A job that has started is expected to take its predicted
    execution from there.

    Args:
        record: the job, as the API last told of it
        pattern: of earlier jobs on its backend
        circuits: in the job
    """
    predicted = _predicted(record or {})
    own = None if pattern is None else pattern.expected(circuits)
    if predicted is None or own is None or pattern is None:
        return own if predicted is None else predicted
    if pattern.predicted_error is None:
        return own
    own_error = _UNTRIED if pattern.own_error is None else pattern.own_error
    return predicted if pattern.predicted_error <= max(own_error, _GOOD) else own


def learned(
    pattern: QueueHistory | None, record: Mapping[str, Any], circuits: int, predicted: float | None
) -> QueueHistory | None:
    """Return the history after one more job: an average in which each new job counts for half.

    Args:
        pattern: so far
        record: a job that has ended
        circuits: in the job
        predicted: the server's prediction for it, in seconds from submission to end, if it made one
    """
    queue = seconds_between(record.get("submitted_at"), record.get("started_at"))
    execution = seconds_between(record.get("started_at"), record.get("completed_at"))
    if queue is None or execution is None:
        return pattern
    new = QueueHistory(queue, execution / max(circuits, 1))
    total = queue + execution
    off = None if predicted is None else _ratio(predicted, total)
    if pattern is None:
        return QueueHistory(new.queue, new.per_circuit, off)
    return QueueHistory(
        pattern.queue + _NEWEST * (new.queue - pattern.queue),
        pattern.per_circuit + _NEWEST * (new.per_circuit - pattern.per_circuit),
        off,
        _ratio(pattern.expected(circuits), total),
    )


def predicted_end(record: Mapping[str, Any]) -> float | None:
    """Return the server's prediction of a job's end, in seconds from its submission, or None."""
    return _predicted(record)


def _predicted(record: Mapping[str, Any]) -> float | None:
    wait = seconds(record.get("predicted_wait_time_ms"))
    execution = seconds(record.get("predicted_execution_duration_ms"))
    started = seconds_between(record.get("submitted_at"), record.get("started_at"))
    if started is not None:
        return None if execution is None else started + execution
    if wait is None and execution is None:
        return None
    return (wait or 0.0) + (execution or 0.0)


def seconds_between(first: Any, last: Any) -> float | None:
    """Return the seconds between two of the API's times, at least 0, or None."""
    try:
        passed = moment(last) - moment(first)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(passed.total_seconds(), 0.0)


def _ratio(guess: float, truth: float) -> float:
    guess, truth = max(guess, 1e-3), max(truth, 1e-3)
    return max(guess / truth, truth / guess)
