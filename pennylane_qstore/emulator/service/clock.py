"""The emulator's clock: real time, or virtual time for tests."""

import asyncio
import heapq
import time
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

# Rounds of the event loop in which woken tasks run until they wait again.
ROUNDS = 50


class Clock(Protocol):
    """Interface of a clock: the time, and waiting."""

    def now(self) -> float:
        """Return seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""


class RealClock:
    """The computer's clock."""

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds; return at once for 0."""
        if seconds > 0:
            await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that advances only when a test moves it, so that an hour takes no time.

    It belongs to one event loop.
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        """Begins at the first second of 2026.

        Args:
            start: seconds since 1970
        """
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved forward by a number of seconds."""
        if seconds <= 0:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move the clock forward, and wake the sleepers in the order of their times."""
        end = self._now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._now = end

    async def _settle(self) -> None:
        for _ in range(ROUNDS):
            await asyncio.sleep(0)


def stamp(seconds: float) -> str:
    """Return a moment, in seconds since 1970, as the API writes it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
