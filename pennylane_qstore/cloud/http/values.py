"""Read values of the API's answers: what can't be read as advice counts as None."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pennylane_qstore.errors import CloudError

# A larger number of anything is nonsense: milliseconds, dollars, qubits.
_ABSURD = 1e15
# Ids that may stand in an address: never a path, and never "..".
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,200}")


def moment(text: str) -> datetime:
    """Return a time of the API as a moment with a zone, UTC where it has none.

    Raises:
        TypeError: it is no text
        ValueError: it is no time
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(time: datetime) -> datetime:
    """Return the same moment with a zone, UTC where it has none."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def number(value: Any) -> float | None:
    """Return a number as a float, or None if it is none, not finite, or absurdly large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_ABSURD < value < _ABSURD and not math.isnan(value) else None


def seconds(milliseconds: Any) -> float | None:
    """Return positive milliseconds as seconds, or None: zero says nothing."""
    value = number(milliseconds)
    return value / 1e3 if value is not None and value > 0 else None


def is_id(value: Any) -> bool:
    """Return whether a value is an id that may stand in an address."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_name(value: Any) -> bool:
    """Return whether a value is one part of an address, such as an artifact's id."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def of_job(job_id: str, answer: Any) -> Mapping[str, Any]:
    """Return the answer of ``GET /jobs/{id}``, if it is that job.

    Raises:
        CloudError: it is none, or another one
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("status"), str):
        raise CloudError(f"the server answered no job: {shown(answer)}", job_ids=[job_id])
    if answer.get("id", job_id) != job_id:
        raise CloudError(
            f"asked for job {job_id}, the server answered with job {shown(answer['id'])}",
            job_ids=[job_id],
        )
    return answer


def shown(answer: Any) -> str:
    """Return the first 200 characters of an answer that makes no sense."""
    try:
        return str(answer)[:200]
    except (RecursionError, ValueError):  # nested too deeply, or an endless number
        return "something too large to show"
