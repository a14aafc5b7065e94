"""What was under way at a Ctrl-C, as the error that says what became of it."""

from collections.abc import Sequence

from pennylane_qstore.errors import Interrupted
from pennylane_qstore.reporting.events import Cancelled, Event, Submitted, Unanswered


def interrupted(events: Sequence[Event]) -> Interrupted:
    """A batch's events to the error of its interrupt."""
    submitted = [event.job_id for event in events if isinstance(event, Submitted)]
    cancelled = [i for event in events if isinstance(event, Cancelled) for i in event.job_ids]
    unanswered = sum(event.submits for event in events if isinstance(event, Unanswered))
    if cancelled:
        told = f"cancelled: {', '.join(cancelled)}"
    elif submitted:
        told = f"the cancellation had no answer; these may still run: {', '.join(submitted)}"
    else:
        told = "interrupted before any job was accepted"
    if unanswered:
        told += f"; {unanswered} submits had no answer yet and may have made jobs"
    return Interrupted(told, job_ids=cancelled or submitted)
