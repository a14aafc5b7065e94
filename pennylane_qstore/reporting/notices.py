"""Report events that a user should read at once, through the standard logging."""

import logging

from pennylane_qstore.reporting.events import (
    Adopted,
    Cut,
    Event,
    Moved,
    Repeated,
    Resent,
    Resumed,
    Slowed,
    SplitInTwo,
)

logger = logging.getLogger("pennylane_qstore")


def notice(event: Event) -> str | None:
    """Return a line on an event that a user should read; None for an expected one."""
    text = None
    match event:
        case Resumed(job_id, circuits, age, _):
            text = (
                f"job {job_id} ({circuits} circuits), sent {age:.0f} s ago by a wait that is over, "
                "is resumed: it is not paid again"
            )
        case Adopted(job_id):
            text = f"the reply to a submit was lost, but its job {job_id} is there: it is adopted"
        case Resent():
            text = "the reply to a submit was lost, and there is no job: it is sent again"
        case SplitInTwo(circuits):
            text = f"a job of {circuits} circuits is too large for the server (413): it is halved"
        case Repeated(circuits, reason):
            text = f"{circuits} circuits are sent again: {reason}"
        case Moved(circuits, backend, to, reason):
            text = f"{circuits} circuits go from {backend} to {to}: {reason}"
        case Slowed(rate):
            text = f"the server asks to slow down (429): {rate:.2g} requests a second from now on"
    return text


def tell(event: Event) -> None:
    """Log an event: a notice as a warning, which Python shows by default; a plan as info."""
    if isinstance(event, Cut):
        logger.info(
            "%d circuits go as %d jobs: a circuit ran for %.3g s",
            event.circuits,
            event.jobs,
            event.per_circuit,
        )
    text = notice(event)
    if text is not None:
        logger.warning(text)
