"""Find the job of a submit whose reply was lost, among the rows of the list of jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from pennylane_qstore.cloud.http.values import moment
from pennylane_qstore.cloud.submitting.packing import TOKEN
from pennylane_qstore.errors import UnknownOutcomeError

# Seconds before each look. A server that answered has done with the request; one that didn't may
# still be at work on it, and is given longer.
ANSWERED, UNANSWERED = (0.5, 1.0, 2.0, 4.0), (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# Seconds by which this machine's clock and the server's may differ.
SKEW = 7200.0
# A submit that was surely lost is sent again, but a way that loses every reply is no way.
RESENDS = 2
# Pages of a list before it is given up: the children of two full jobs.
PAGES = 400


def looks(error: UnknownOutcomeError, age: float = 0.0) -> tuple[float, ...]:
    """Return the seconds to wait before each look for a job whose submit ended so.

    Args:
        error: that it ended with
        age: seconds since it was sent; after a long time one look is enough
    """
    if age > sum(UNANSWERED):
        return (0.0,)
    refused = error.status is not None and error.status >= 400  # noqa: PLR2004  an HTTP error
    return ANSWERED if refused else UNANSWERED


def job_of(token: str, rows: Sequence[Any]) -> str | None:
    """Return the job with a token among the rows of ``GET /jobs``, or None.

    A child carries its parent's metadata, and names its parent: either tells the job.
    """
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        metadata = row.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get(TOKEN) == token:
            job_id = row.get("parent_job_id") or row.get("id")
            if isinstance(job_id, str):
                return job_id
    return None


def unlabelled(rows: Sequence[Any], sent_at: float) -> list[str]:
    """Return the jobs among rows that carry no metadata and may be as young as a submit.

    Args:
        rows: of one page
        sent_at: when it was sent, in seconds since the epoch
    """
    return [
        row["id"]
        for row in rows
        if isinstance(row, Mapping)
        and isinstance(row.get("id"), str)
        and not row.get("parent_job_id")
        and not isinstance(row.get("metadata"), Mapping)
        and not _is_older(row, sent_at)
    ]


def reach_back(rows: Sequence[Any], sent_at: float) -> bool:
    """Return whether rows, newest first, go back to before a submit.

    Args:
        rows: of one page
        sent_at: when it was sent, in seconds since the epoch
    """
    times = [_submitted(row) for row in rows]
    known = [time for time in times if time is not None]
    falling = known == sorted(known, reverse=True)
    return bool(known) and falling and known[-1] < sent_at - SKEW


def _is_older(row: Mapping[str, Any], sent_at: float) -> bool:
    submitted = _submitted(row)
    return submitted is not None and submitted < sent_at - SKEW


def _submitted(row: Any) -> float | None:
    """Return when a job was submitted, in seconds since the epoch, or None."""
    try:
        return moment(row["submitted_at"]).timestamp()
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
