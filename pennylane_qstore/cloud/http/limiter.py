"""Client-side rate limit: one rate for all coroutines, halved after every 429."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pennylane_qstore.cloud.http.retry import LONGEST_RETRY_AFTER
from pennylane_qstore.errors import DeadlineError

# Requests that may leave together before they are spaced.
BURST = 5
# Seconds over which the pace is measured, and between two changes of it: the 429s of requests
# that were under way together are one sign, not many.
SETTLE = 1.0
# Requests a second. A 429 halves the pace, each second without one adds to it; past FREE there is
# nothing left to hold back.
SLOWEST, STEP, FREE = 0.2, 1.0, 50.0
# What a client that asks less is taken to have tried when it meets a 429.
QUIET = 10.0


@dataclass(frozen=True, slots=True)
class RequestRate:
    """How fast requests may leave.

    Attributes:
        rate: requests a second; infinite where nothing holds them back
        changed: when it was last changed, in seconds of the loop's clock
    """

    rate: float
    changed: float


def slowed(pace: RequestRate, measured: float, now: float) -> RequestRate:
    """Return the rate after a 429: half of what was tried, at most once every ``SETTLE`` seconds.

    Multiplicative decrease, as TCP does it: RFC 5681, section 3.1.

    Args:
        pace: so far
        measured: requests a second that did leave
        now: seconds of the loop's clock
    """
    if now - pace.changed < SETTLE and pace.rate < math.inf:
        return pace
    return RequestRate(max(min(pace.rate, max(measured, QUIET)) / 2, SLOWEST), now)


def recovered(pace: RequestRate, most: float, now: float) -> RequestRate:
    """Return the rate after a success: ``STEP`` more each ``SETTLE`` seconds, up to the limit.

    Args:
        pace: so far
        most: the user's limit, in requests a second; infinite where there is none
        now: seconds of the loop's clock
    """
    if pace.rate >= most or now - pace.changed < SETTLE:
        return pace
    rate = pace.rate + STEP
    return RequestRate(most if rate >= min(most, FREE) else rate, now)


class Limiter:
    """Gives requests their turns, first come first served; lives in one event loop.

    Attributes:
        pace: now
    """

    def __init__(
        self, most: float | None = None, on_slowed: Callable[[float], None] = lambda _: None
    ) -> None:
        """Begins at the user's limit.

        Args:
            most: requests a second that are never passed; None holds nothing back until a 429
            on_slowed: gets each new rate that a 429 brings
        """
        self._most = math.inf if most is None else most
        self.pace = RequestRate(self._most, -math.inf)
        self._on_slowed = on_slowed
        self._line = -math.inf  # the time at which an evenly spaced request would be due
        self._held_until = -math.inf
        self._left: deque[float] = deque(maxlen=1000)
        self._first = asyncio.Lock()  # of those that wait; it is handed on in order

    async def turn(self, deadline: float) -> None:
        """Waits until a request may leave.

        Raises:
            DeadlineError: its turn didn't come before the deadline
        """
        now = _now()
        try:
            async with asyncio.timeout_at(max(deadline, now)), self._first:
                # The pace may recover, or be slowed, while a request waits.
                for pause in iter(self._pause, 0.0):
                    await asyncio.sleep(min(pause, SETTLE))
                self._line = max(self._line, _now()) + 1 / self.pace.rate
        except TimeoutError:
            waited = _now() - now
            raise DeadlineError(
                f"a rate limit left it no turn in {waited:.1f} s", job_ids=[], waited=waited
            ) from None
        self._left.append(_now())

    def _pause(self) -> float:
        """Return the seconds until the next request may leave, at the present rate."""
        due = max(self._held_until, self._line - (BURST - 1) / self.pace.rate)
        return max(due - _now(), 0.0)

    def throttled(self, retry_after: float | None) -> None:
        """Slows everybody down after a 429, and holds them as long as the server asked.

        Args:
            retry_after: seconds, or None where the server named none
        """
        now = _now()
        recent = [left for left in self._left if left > now - SETTLE]
        pace = slowed(self.pace, len(recent) / SETTLE, now)
        if pace is not self.pace:
            self.pace, self._line = pace, max(self._line, now + (BURST - 1) / pace.rate)
            self._on_slowed(pace.rate)
        if retry_after is not None:
            held = now + min(retry_after, LONGEST_RETRY_AFTER)
            self._held_until = max(self._held_until, held)

    def answered(self) -> None:
        """Recovers a little, after a request that was answered."""
        self.pace = recovered(self.pace, self._most, _now())


def _now() -> float:
    return asyncio.get_running_loop().time()
