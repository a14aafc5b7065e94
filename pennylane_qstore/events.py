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


Event = Submitted | Cancelled
Listener = Callable[[Event], None]
