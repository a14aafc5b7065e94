"""The events of a batch, as frozen dataclasses."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that the server accepted.

    Attributes:
        job_id: IonQ's id
        circuits: how many circuits are in it
        backend: that it was sent to
    """

    job_id: str
    circuits: int
    backend: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job's status, read from the API.

    Attributes:
        job_id: IonQ's id
        status: that it has, in IonQ's words
        left: seconds to its expected end, or None where nothing is known
    """

    job_id: str
    status: str
    left: float | None


@dataclass(frozen=True, slots=True)
class RanHere:
    """Circuits that a local PennyLane device ran, without a job.

    Attributes:
        circuits: how many
        backend: the device's name
    """

    circuits: int
    backend: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Circuits that move from a backend that couldn't run them to another.

    Attributes:
        circuits: how many
        backend: that couldn't run them
        to: where they go
        reason: why they couldn't be run
    """

    circuits: int
    backend: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A batch that is sent as several concurrent jobs, because earlier jobs ran long enough.

    Attributes:
        circuits: how many
        jobs: into how many it is cut
        per_circuit: seconds that a circuit of earlier jobs ran
    """

    circuits: int
    jobs: int
    per_circuit: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Jobs that a cancellation was sent for.

    Attributes:
        job_ids: IonQ's ids
        ended: ids of the batch's other jobs, which had ended by themselves
    """

    job_ids: tuple[str, ...]
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Submits that were given up before the server answered: they may have made jobs.

    Attributes:
        submits: how many
    """

    submits: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """A job that an earlier process sent, or an earlier wait left, and that is waited for again.

    Attributes:
        job_id: IonQ's id
        circuits: how many circuits are in it
        age: seconds since it was sent
        backend: that it was sent to
    """

    job_id: str
    circuits: int
    age: float
    backend: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """A job whose submit had no answer, and that was found in the list of jobs.

    Attributes:
        job_id: IonQ's id
    """

    job_id: str


@dataclass(frozen=True, slots=True)
class Resent:
    """A submit that surely made no job, and is sent again.

    Attributes:
        token: that the job would have had in its metadata
    """

    token: str


@dataclass(frozen=True, slots=True)
class SplitInTwo:
    """A job that the server refused as too large (413), and that is sent as two.

    Attributes:
        circuits: how many it had
    """

    circuits: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """Circuits without a result that are sent again.

    Attributes:
        circuits: how many
        reason: why they have none
    """

    circuits: int
    reason: str


@dataclass(frozen=True, slots=True)
class Slowed:
    """A 429 that slowed all requests down.

    Attributes:
        rate: requests a second, from now on
    """

    rate: float


@dataclass(frozen=True, slots=True)
class Completed:
    """A job that completed.

    Attributes:
        job_id: IonQ's id
        queue: seconds it waited over there, or None
        execution: seconds it ran, or None
        cost: that was charged, or None where it isn't known
        unit: of the cost
    """

    job_id: str
    queue: float | None
    execution: float | None
    cost: float | None = None
    unit: str | None = None


Event = (
    Submitted
    | Waiting
    | RanHere
    | Moved
    | Cut
    | Cancelled
    | Unanswered
    | Resumed
    | Adopted
    | Resent
    | SplitInTwo
    | Repeated
    | Slowed
    | Completed
)
Listener = Callable[[Event], None]
