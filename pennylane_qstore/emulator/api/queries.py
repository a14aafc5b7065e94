"""Query strings read into checked values."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api.context import SETTINGS
from pennylane_qstore.emulator.intake.backends import Backend, backend_of
from pennylane_qstore.emulator.intake.request import SINGLE
from pennylane_qstore.emulator.service.jobs import STATUSES
from pennylane_qstore.emulator.service.store import JobFilter
from pennylane_qstore.emulator.simulation.circuit import MalformedError

MOST_ROWS = 25
MOST_CHARACTERIZATIONS = 10
LARGEST_WHOLE = 2**31 - 1


def backend(request: web.Request, name: str) -> Backend:
    """Return the backend of a name, or raise UnknownBackendError."""
    return backend_of(name, request.app[SETTINGS].backends)


def whole(
    request: web.Request, key: str, default: int, least: int = 0, most: int = LARGEST_WHOLE
) -> int:
    """Return a whole number; values above `most` are reduced to it."""
    text = request.query.get(key)
    if text is None:
        return default
    # Nine digits fit into int32, and int() of a million digits would take its time.
    if not (text.isascii() and text.isdigit() and len(text) < len(str(LARGEST_WHOLE))):
        raise _invalid(key, text)
    if int(text) < least:
        raise _invalid(key, text)
    return min(int(text), most)


def listed(request: web.Request, key: str) -> list[str] | None:
    """Return all values of a key, repeated or separated by commas; None if the key is absent."""
    if key not in request.query:
        return None
    return [value for text in request.query.getall(key) for value in text.split(",") if value]


def truth(request: web.Request, key: str) -> bool:
    """Return a truth value, in any case: pennylane-ionq writes Python's True and False."""
    text = request.query.get(key, "false").lower()
    if text not in ("true", "false"):
        raise _invalid(key, text)
    return text == "true"


def day(request: web.Request, key: str) -> date:
    """Return a date such as 2026-01-31."""
    text = request.query.get(key, "")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _invalid(key, text) from error


def choice(request: web.Request, key: str, choices: Sequence[str], default: str) -> str:
    """Return a word, which must be one of the choices."""
    text = request.query.get(key, default)
    if text not in choices:
        raise _invalid(key, text)
    return text


def wanted(request: web.Request) -> JobFilter:
    """Return the filters of GET /jobs."""
    statuses = listed(request, "status")
    if statuses is not None and not set(statuses) <= set(STATUSES):
        raise _invalid("status", request.query["status"])
    return JobFilter(
        ids=_ids(listed(request, "ids")),
        parent=request.query.get("parent_job_id"),
        statuses=statuses,
        targets=listed(request, "target"),
        session=request.query.get("session_id"),
        submitter=request.query.get("submitter_id"),
        before=whole(request, "next", 0) if "next" in request.query else None,
    )


def estimate_context(request: web.Request) -> dict[str, Any]:
    """Return the query of GET /jobs/estimate, with its defaults filled in."""
    if "backend" not in request.query:
        raise _invalid("backend", "")
    return {
        "backend": backend(request, request.query["backend"]).name,
        "type": request.query.get("type", SINGLE),
        "qubits": whole(request, "qubits", 25),
        "shots": whole(request, "shots", 1000),
        "1q_gates": whole(request, "1q_gates", 0),
        "2q_gates": whole(request, "2q_gates", 0),
        "error_mitigation": truth(request, "error_mitigation"),
    }


def _ids(ids: Sequence[str] | None) -> Sequence[str] | None:
    for job_id in ids or ():
        try:
            uuid.UUID(job_id)
        except ValueError as error:
            raise _invalid("ids", job_id) from error
    return ids


def _invalid(key: str, text: str) -> MalformedError:
    return MalformedError(f'"{key}" was invalid: {text[:40]!r}.', key, source="query")
