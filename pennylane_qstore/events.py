"""What happened to a batch, as frozen events."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that the server took.

    Attributes:
        job_id: IonQ's id
        circuits: how many circuits are in it
    """

    job_id: str
    circuits: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Jobs that a cancellation was sent for.

    Attributes:
        job_ids: IonQ's ids
    """

    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Submits that were given up before the server answered: they may have made jobs.

    Attributes:
        submits: how many
    """

    submits: int


Event = Submitted | Cancelled | Unanswered
Listener = Callable[[Event], None]
