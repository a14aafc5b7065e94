"""One rate for all, slower after a 429: as tables, and in a loop whose time jumps."""

import asyncio
import math

import numpy as np
import pytest

from pennylane_qstore.cloud.http.limiter import (
    BURST,
    FREE,
    SLOWEST,
    Limiter,
    RequestRate,
    recovered,
    slowed,
)
from pennylane_qstore.errors import DeadlineError


@pytest.mark.parametrize(
    ("pace", "measured", "now", "after"),
    [
        (RequestRate(math.inf, -math.inf), 20.0, 5.0, RequestRate(10.0, 5.0)),
        (RequestRate(math.inf, -math.inf), 0.0, 5.0, RequestRate(5.0, 5.0)),
        (RequestRate(8.0, 0.0), 20.0, 5.0, RequestRate(4.0, 5.0)),
        (RequestRate(8.0, 0.0), 3.0, 5.0, RequestRate(4.0, 5.0)),
        (RequestRate(8.0, 4.5), 20.0, 5.0, RequestRate(8.0, 4.5)),
        (RequestRate(SLOWEST, 0.0), 20.0, 5.0, RequestRate(SLOWEST, 5.0)),
    ],
)
def test_a_429_halves_the_pace_once_a_second(pace, measured, now, after):
    """Half of what was tried; 429s that come together are one sign; there is a floor."""
    assert slowed(pace, measured, now) == after


@pytest.mark.parametrize(
    ("pace", "most", "now", "after"),
    [
        (RequestRate(2.0, 0.0), math.inf, 1.0, 3.0),
        (RequestRate(2.0, 0.5), math.inf, 1.0, 2.0),
        (RequestRate(9.5, 0.0), 10.0, 1.0, 10.0),
        (RequestRate(10.0, 0.0), 10.0, 9.0, 10.0),
        (RequestRate(FREE, 0.0), math.inf, 1.0, math.inf),
    ],
)
def test_success_adds_a_little_each_second(pace, most, now, after):
    """Up to the user's limit; without one, the limit goes when it no longer holds anything back."""
    assert recovered(pace, most, now).rate == after


def leave(virtual, limiter, count, deadline=math.inf):
    """When that many requests that come together may leave, in seconds from now."""

    async def all_of_them():
        loop, left = asyncio.get_running_loop(), []
        start = loop.time()

        async def one():
            await limiter.turn(deadline)
            left.append(loop.time() - start)

        await asyncio.gather(*(one() for _ in range(count)))
        return left

    return virtual.run(all_of_them())


def test_without_a_limit_nobody_waits(virtual):
    """All requests leave at once until a server complains."""
    assert max(leave(virtual, Limiter(), 500)) == 0


def test_a_users_limit_is_never_passed(virtual):
    """However many come at once, any second has at most the limit and a burst."""
    left = np.array(leave(virtual, Limiter(10.0), 100))
    assert (np.diff(left) >= 0).all()
    for start in left:
        assert ((left >= start) & (left < start + 1 - 1e-9)).sum() <= 10 + BURST
    assert left[-1] == pytest.approx((100 - BURST) / 10)


def test_retry_after_holds_everybody(virtual):
    """What the server asks of one request, all of them keep."""
    limiter = Limiter()
    virtual.run(_call(lambda: limiter.throttled(7.0)))
    assert min(leave(virtual, limiter, 3)) == pytest.approx(7.0)


def test_an_absurd_retry_after_is_capped(virtual):
    """A server that asks for a year gets two minutes."""
    limiter = Limiter()
    virtual.run(_call(lambda: limiter.throttled(3e7)))
    assert leave(virtual, limiter, 1)[0] == pytest.approx(120.0)


def test_a_turn_that_does_not_come_in_time_is_refused(virtual):
    """Nobody waits longer than until the deadline."""
    limiter, begun = Limiter(0.1), virtual.time()
    with pytest.raises(DeadlineError, match="rate limit"):
        leave(virtual, limiter, 20, deadline=begun + 5)
    assert virtual.time() - begun == pytest.approx(5)


def test_nobody_is_refused_at_a_pace_that_recovers(virtual):
    """A line that would be too long at the pace of now has its turns when that is over."""
    limiter = Limiter()
    leave(virtual, limiter, 1)
    for _ in range(12):
        virtual.run(_call(lambda: limiter.throttled(None)))
        virtual.run(asyncio.sleep(1.5))
    assert limiter.pace.rate == SLOWEST

    async def all_of_them():
        async def one():
            await limiter.turn(asyncio.get_running_loop().time() + 60.0)
            limiter.answered()

        await asyncio.gather(*(one() for _ in range(200)))

    virtual.run(all_of_them())  # at the slowest pace it would take a thousand seconds


def test_it_slows_down_and_recovers(virtual):
    """After a 429 requests are spaced; after enough answers they are free again."""
    rates = []
    limiter = Limiter(on_slowed=rates.append)
    leave(virtual, limiter, 40)
    virtual.run(_call(lambda: limiter.throttled(None)))
    assert rates == [20.0]
    spaced = leave(virtual, limiter, 21)
    assert spaced[-1] == pytest.approx(1.05, abs=0.3)

    async def answers():
        for _ in range(40):
            await asyncio.sleep(1.0)
            limiter.answered()

    virtual.run(answers())
    assert limiter.pace.rate == math.inf


@pytest.mark.parametrize("before", [0, 1, BURST, 40])
def test_a_429_takes_the_burst_back(virtual, before):
    """After it, requests leave one by one at the new rate, also the first few of them."""
    limiter = Limiter()
    leave(virtual, limiter, before) if before else None
    virtual.run(_call(lambda: limiter.throttled(None)))
    spaced = leave(virtual, limiter, BURST + 3)
    assert np.diff(spaced) == pytest.approx(1 / limiter.pace.rate, rel=1e-6)


def test_a_second_429_takes_the_burst_back_again(virtual):
    """A rate that stood still for long enough to save up a burst loses it."""
    limiter = Limiter()
    for _ in range(2):
        virtual.run(asyncio.sleep(60.0))
        virtual.run(_call(lambda: limiter.throttled(None)))
    assert np.diff(leave(virtual, limiter, BURST + 1)).min() > 0.9 / limiter.pace.rate


async def _call(work):
    work()
