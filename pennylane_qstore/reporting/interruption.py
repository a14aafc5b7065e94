"""The error of a Ctrl-C: what was cancelled, what had ended, and what may still run."""

from collections.abc import Sequence

from pennylane_qstore.errors import Interrupted
from pennylane_qstore.reporting.events import Cancelled, Event, Resumed, Submitted, Unanswered


def interrupted(events: Sequence[Event]) -> Interrupted:
    """Return the error of an interrupted batch, from its events."""
    sent = [event.job_id for event in events if isinstance(event, Submitted | Resumed)]
    endings = [event for event in events if isinstance(event, Cancelled)]
    cancelled = [job_id for event in endings for job_id in event.job_ids]
    ended = [job_id for event in endings for job_id in event.ended]
    running = [job_id for job_id in sent if job_id not in {*cancelled, *ended}]
    unanswered = sum(event.submits for event in events if isinstance(event, Unanswered))
    parts = []
    if cancelled:
        parts.append(f"cancelled: {', '.join(cancelled)}")
    if running:
        parts.append(f"the cancellation had no answer; these may still run: {', '.join(running)}")
    if not parts:
        parts.append(
            f"these jobs had ended by themselves: {', '.join(ended)}"
            if ended
            else "interrupted before any job was accepted"
        )
    if unanswered:
        parts.append(f"{unanswered} submits had no answer yet and may have made jobs")
    return Interrupted("; ".join(parts), job_ids=[*cancelled, *running])
