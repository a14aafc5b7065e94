"""When to try again, and how often, as tables."""

import random

import pytest

from pennylane_qstore.cloud.http import retry
from pennylane_qstore.errors import (
    RateLimitError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("status", "on_get", "on_post"),
    [
        (400, RejectedError, RejectedError),
        (401, UnauthorizedError, UnauthorizedError),
        (403, UnauthorizedError, UnauthorizedError),
        (404, RejectedError, RejectedError),
        (408, UnavailableError, UnknownOutcomeError),
        (409, UnavailableError, UnknownOutcomeError),
        (413, RejectedError, RejectedError),
        (425, UnavailableError, UnknownOutcomeError),
        (429, RateLimitError, RateLimitError),
        (500, UnavailableError, UnknownOutcomeError),
        (503, UnavailableError, UnknownOutcomeError),
        (520, UnavailableError, UnknownOutcomeError),
        (529, UnavailableError, UnknownOutcomeError),
    ],
)
def test_a_status_is_an_error_that_knows_whether_to_retry(status, on_get, on_post):
    """The same status is safe to retry on a GET, and an unknown outcome on a POST."""
    assert type(retry.error_of(status, "", changes=False)) is on_get
    assert type(retry.error_of(status, "", changes=True)) is on_post


def test_only_what_cannot_have_arrived_is_retried():
    """Rate limits and lost GETs are retried; unknown outcomes and refusals never."""
    assert retry.is_retried(RateLimitError(""))
    assert retry.is_retried(UnavailableError(""))
    assert not retry.is_retried(UnknownOutcomeError(""))
    assert not retry.is_retried(RejectedError(""))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """A Retry-After header is read in both its forms; what says nothing is nothing."""
    assert retry.retry_after(header, NOW) == seconds


@pytest.mark.parametrize("attempt", [1, 2, 5, 60, 10_000])
def test_a_delay_is_drawn_below_a_bound(attempt):
    """Full jitter: anything between nothing and a bound of at most five seconds."""
    bounds = []
    retry.delay(attempt, UnavailableError(""), lambda low, high: bounds.append((low, high)) or 0.0)
    ((low, high),) = bounds
    assert low == 0
    assert high == min(5, 0.25 * 2 ** min(attempt, 10))


def test_the_server_decides_how_long_up_to_a_bound():
    """Retry-After wins over the jitter, but an absurd one is capped."""
    assert retry.delay(1, RateLimitError("", retry_after=9), random.uniform) == 9
    assert retry.delay(1, RateLimitError("", retry_after=1e9), random.uniform) == 120


@pytest.mark.parametrize("asked", [0, 0.0, -0.0, 1e-12, 0.2, 5e-324])
@pytest.mark.parametrize("attempt", [1, 2, 1_000])
def test_at_once_is_no_busy_loop(asked, attempt):
    """Who asks to be asked again at once is asked four times a second at most."""
    error = RateLimitError("", retry_after=asked)
    assert retry.delay(attempt, error, lambda low, _: low) == 0.25


def test_a_server_that_is_down_uses_it_up():
    """After some dozens of retries without a success, there is nothing left."""
    quota = retry.Quota()
    retries = 0
    while quota.spend(retry.RETRY_COST):
        retries += 1
    assert retries == retry.CAPACITY // retry.RETRY_COST
    assert not quota.spend(retry.RETRY_COST)


def test_successes_fill_it_again():
    """A success gives back its last retry's price, or one; never more than there is room for."""
    quota = retry.Quota()
    quota.spend(retry.RETRY_COST)
    quota.refund(retry.RETRY_COST)
    quota.refund(0)
    assert quota.left == retry.CAPACITY
    while quota.spend(retry.RETRY_COST):
        pass
    low = quota.left
    quota.refund(0)
    assert quota.left == low + 1
