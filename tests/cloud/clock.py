"""A clock that only goes forward when somebody sleeps."""

import asyncio


class FakeClock:
    """Time in seconds, and a list of the sleeps that made it pass."""

    def __init__(self):
        self.now = 0.0
        self.sleeps = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
