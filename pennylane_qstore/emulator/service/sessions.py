"""Sessions: reserved time on a machine, with limits."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.intake.fields import check_fields
from pennylane_qstore.emulator.service.clock import Clock, stamp
from pennylane_qstore.emulator.service.settings import ORGANIZATION_ID, PROJECT_ID, SUBMITTER_ID
from pennylane_qstore.emulator.simulation.circuit import MalformedError

DEFAULT_MINUTES = 60
LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a session; it ends at the first one reached.

    Attributes:
        jobs: number of jobs submitted; None for no limit
        minutes: time since it was created
        cost: estimated cost of its jobs in US dollars; None for no limit
    """

    jobs: int | None
    minutes: float
    cost: float | None


@dataclass(slots=True)
class Session:
    """One session.

    Attributes:
        id: a UUID
        backend: the machine it reserves
        limits: the limits at which it ends
        created: seconds since 1970
        started: when the first job was submitted, or None
        ended: when it ended, or None
        jobs: number of jobs submitted
        cost: their estimated cost, in US dollars
    """

    backend: str
    limits: Limits
    created: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float | None = None
    ended: float | None = None
    jobs: int = 0
    cost: float = 0.0

    @property
    def expires(self) -> float:
        """When its time ends, in seconds since 1970."""
        return self.created + 60 * self.limits.minutes

    def to_json(self) -> dict[str, Any]:
        """Return the answer to GET /sessions/{id}."""
        limits = {
            "job_count_limit": self.limits.jobs,
            "duration_limit_min": self.limits.minutes,
            "cost_limit": None
            if self.limits.cost is None
            else {"unit": "usd", "value": self.limits.cost},
            "expires_at": stamp(self.expires),
        }
        return {
            "id": self.id,
            "created_at": stamp(self.created),
            "organization_id": ORGANIZATION_ID,
            "backend": self.backend,
            "project_id": PROJECT_ID,
            "creator_id": SUBMITTER_ID,
            "ended_at": None if self.ended is None else stamp(self.ended),
            "ender_id": None if self.ended is None else SUBMITTER_ID,
            "settings": {key: value for key, value in limits.items() if value is not None},
            "active": self.ended is None,
            "status": self.status,
            "started_at": None if self.started is None else stamp(self.started),
        }

    @property
    def status(self) -> str:
        """One of "created", "started" and "ended"."""
        if self.ended is not None:
            return "ended"
        return "created" if self.started is None else "started"


class Sessions:
    """The sessions of one server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def create(self, backend: Backend, settings: Mapping[str, Any] | None) -> Session:
        """Return a new session, with `settings` as in the request."""
        if backend.is_simulator or backend.status != "available":
            raise MalformedError(f"Backend {backend.name!r} takes no sessions.", "backend")
        session = Session(backend.name, _limits(settings or {}), self._clock.now())
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """Return the session of an id, ended if its time is up; None if there is none."""
        session = self._sessions.get(session_id)
        if session is not None and self._clock.now() >= session.expires:
            self._end(session, session.expires)
        return session

    def all(self) -> list[Session]:
        """Return every session, the newest first."""
        return [session for name in reversed(self._sessions) if (session := self.find(name))]

    def admit(self, session_id: str, backend: str, cost: float) -> None:
        """Count a job and its cost towards a session.

        Raises:
            MalformedError: the session doesn't exist, has ended, is for another backend, or is full
        """
        session = self.find(session_id)
        if session is None or session.status == "ended":
            raise MalformedError("The session was not found, or has ended.", "session_id")
        if session.backend != backend:
            raise MalformedError(f"The session is for {session.backend}.", "session_id")
        limits = session.limits
        if limits.cost is not None and session.cost + cost > limits.cost:
            raise MalformedError(
                f"The job costs {cost:.2f} usd; of the session's limit of {limits.cost:.2f} usd, "
                f"{session.cost:.2f} usd are spoken for.",
                "session_id",
            )
        if limits.jobs is not None and session.jobs >= limits.jobs:
            raise MalformedError(
                f"The session has had the {limits.jobs} jobs that it may have.", "session_id"
            )
        session.started = session.started or self._clock.now()
        session.jobs += 1
        session.cost += cost

    def end(self, session: Session) -> None:
        """End a session now; one that has ended stays as it is."""
        self._end(session, self._clock.now())

    def _end(self, session: Session, moment: float) -> None:
        session.ended = session.ended or moment


def _limits(settings: Mapping[str, Any]) -> Limits:
    check_fields(settings, ("job_count_limit", "duration_limit_min", "cost_limit"), "settings")
    cost = settings.get("cost_limit")
    if isinstance(cost, dict):
        check_fields(cost, ("value", "unit"), "settings.cost_limit")
    if cost is not None and not (isinstance(cost, dict) and cost.get("unit", "usd") == "usd"):
        raise MalformedError('"settings.cost_limit" must be in usd.', "settings.cost_limit")
    jobs = _positive(settings, "job_count_limit")
    minutes = _positive(settings, "duration_limit_min")
    return Limits(
        None if jobs is None else int(jobs),
        DEFAULT_MINUTES if minutes is None else minutes,
        None if cost is None else _positive(cost, "value"),
    )


def _positive(settings: Mapping[str, Any], key: str) -> float | None:
    value = settings.get(key)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value < LARGEST:
        raise MalformedError(f'"settings.{key}" must be more than 0.', f"settings.{key}")
    return float(value)
