"""Time that a test moves."""

import asyncio

import pytest

from pennylane_qstore.emulator.service.clock import RealClock, VirtualClock, stamp


def test_sleepers_wake_in_order():
    """Whoever sleeps is woken when its time has come, the first first, and sees that time."""

    async def session():
        clock, seen = VirtualClock(1000.0), []

        async def sleeper(name, *naps):
            for nap in naps:
                await clock.sleep(nap)
                seen.append((name, clock.now()))

        tasks = [asyncio.create_task(sleeper("a", 5, 5)), asyncio.create_task(sleeper("b", 7, 10))]
        await clock.advance(10)
        assert seen == [("a", 1005), ("b", 1007), ("a", 1010)]
        assert clock.now() == 1010
        await clock.advance(7)
        assert seen[3:] == [("b", 1017)]
        await asyncio.gather(*tasks)

    asyncio.run(session())


def test_a_sleeper_that_was_cancelled():
    """A cancelled sleep is passed over."""

    async def session():
        clock = VirtualClock()
        task = asyncio.create_task(clock.sleep(1))
        await asyncio.sleep(0)
        task.cancel()
        await clock.advance(2)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(session())


@pytest.mark.parametrize("clock", [RealClock(), VirtualClock()])
def test_no_time_takes_none(clock):
    """Sleeping for 0 seconds or less returns at once."""
    asyncio.run(asyncio.wait_for(clock.sleep(0), 5))
    asyncio.run(asyncio.wait_for(clock.sleep(-1), 5))


def test_a_stamp_is_iso_8601_to_the_millisecond():
    """A moment is written as the API writes it."""
    assert stamp(1_781_210_825.44) == "2026-06-11T20:47:05.440Z"
