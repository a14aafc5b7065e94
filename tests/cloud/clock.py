"""An event loop whose clock jumps ahead when everybody waits: a day takes no time."""

import asyncio
import selectors


class _Selector(selectors.SelectSelector):
    """Sockets are served first; only when none has anything to say does time pass."""

    def __init__(self):
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        # What is on its way through the loopback device, or in a thread, gets a real moment.
        ready = super().select(0.00005 if timeout is not None else None)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop for a client and its server together, with real sockets between them."""

    def __init__(self):
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self._clock_resolution = 1e-6

    def time(self):
        return self._virtual.now

    def run(self, coroutine):
        return self.run_until_complete(coroutine)

    def finish(self):
        """Closes the loop, and fails if a task was left behind."""
        left = asyncio.all_tasks(self)
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()
        assert not left, left
