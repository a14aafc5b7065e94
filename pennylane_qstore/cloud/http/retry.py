"""Decide whether and when to retry a request: functions of values, no I/O."""

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from pennylane_qstore.cloud.http.values import in_utc
from pennylane_qstore.errors import (
    CloudError,
    JobError,
    RateLimitError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)

# Seconds. A lost poll costs nothing but time, so the first retry comes soon.
FIRST_DELAY, LONGEST_DELAY, LONGEST_RETRY_AFTER = 0.25, 5.0, 120.0
# Statuses of a GET that pass: conflict, time-out, too early, and what peers' clients retry too.
_PASSING = {408, 409, 425}
_SERVER_FAULT = 500
_UNAUTHORIZED = {401, 403}
_RATE_LIMIT = 429
# API v0.4, failure.code: what the same circuit would meet again.
_LASTING = {
    "CompilationError",
    "ContractExpiredError",
    "InvalidInput",
    "NotEnoughQubits",
    "PreflightError",
    "QuantumCircuitComplexityError",
    "QuotaExhaustedError",
    "TooLongPredictedExecutionTime",
    "TooManyControls",
    "TooManyGates",
    "TooManyShots",
    "UnsupportedGate",
}


def error_of(
    status: int,
    message: str,
    *,
    changes: bool,
    retry_after: float | None = None,
    request_id: str | None = None,
) -> CloudError:
    """Return the error that an HTTP status stands for.

    Args:
        status: of the answer
        message: the error's text
        changes: whether the request would have changed something over there
        retry_after: seconds the server asked to wait
        request_id: the server's name for the request
    """
    about: dict[str, Any] = {"status": status, "request_id": request_id}
    if status in _UNAUTHORIZED:
        return UnauthorizedError(message, **about)
    if status == _RATE_LIMIT:
        return RateLimitError(message, retry_after=retry_after, **about)
    if status >= _SERVER_FAULT or status in _PASSING:
        return (UnknownOutcomeError if changes else UnavailableError)(message, **about)
    return RejectedError(message, **about)


def is_retried(error: BaseException) -> bool:
    """Return whether the same request may be sent again: it can't have changed anything."""
    return isinstance(error, RateLimitError | UnavailableError)


def is_repeated(error: JobError) -> bool:
    """Return whether circuits that a job lost may get a result if they are sent again."""
    return error.status in {"failed", "completed"} and error.code not in _LASTING


def delay(
    attempt: int,
    error: CloudError,
    uniform: Callable[[float, float], float],
    *,
    exhausted: bool = False,
) -> float:
    """Return the seconds before the next attempt: what the server asked for, or full jitter.

    Full jitter: uniform between nothing and min(5, 0.25·2ⁿ) after n attempts, from AWS,
    "Exponential Backoff And Jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    Args:
        attempt: how many were made, at least one
        error: of the last one
        uniform: draws a number between two, such as ``random.uniform``
        exhausted: whether the retry quota is used up; then the pause is long, but never the end:
            giving up would lose a paid job
    """
    asked = getattr(error, "retry_after", None)
    if asked is not None:  # "at once" would be a busy loop
        return float(min(max(asked, FIRST_DELAY), LONGEST_RETRY_AFTER))
    if exhausted:
        return uniform(LONGEST_DELAY / 2, LONGEST_DELAY)
    return uniform(0.0, min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempt, 10)))


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None if it says nothing.

    Args:
        header: its text
        now: seconds since the epoch
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = in_utc(parsedate_to_datetime(header)).timestamp() - now
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return None if math.isnan(seconds) else max(seconds, 0.0)


def may_fail_over(error: CloudError) -> bool:
    """Return whether a job that met an error may be sent to another backend.

    Too many requests, or no answer to a submit that can't have arrived. Never where a job is known
    by its id, nor where the outcome of a submit is unknown.
    """
    return isinstance(error, UnavailableError | RateLimitError) and not error.job_ids


# From botocore's standard mode, retries/quota: a bucket of 500; a retry costs 14, or 5 where the
# server only asked to slow down; a success gives back what its last retry cost, or else one.
CAPACITY, RETRY_COST, THROTTLED_COST, REFUND = 500, 14, 5, 1


class Quota:
    """A bucket that retries draw from and successes fill.

    Attributes:
        left: what is in it
    """

    def __init__(self) -> None:
        self.left = CAPACITY

    def spend(self, cost: int) -> bool:
        """Return whether the cost of a retry was taken out of the bucket."""
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def refund(self, cost: int) -> None:
        """Puts back after a success.

        Args:
            cost: of the request's last retry, 0 where there was none
        """
        self.left = min(self.left + (cost or REFUND), CAPACITY)
