"""The one event loop, in one daemon thread, for the whole process."""

import asyncio
import atexit
import concurrent.futures
import functools
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds that a Ctrl-C leaves a coroutine to cancel its jobs and clean up.
GRACE = 5.0


class Loop:
    """An event loop in a daemon thread, so that callers may be in Jupyter or in any thread."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.asyncio_loop = asyncio.new_event_loop()
        self._closing: list[concurrent.futures.Future[None]] = []
        self._thread = threading.Thread(target=self._serve, name="qstore-loop", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.asyncio_loop)
        self.asyncio_loop.run_forever()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine to its end and gives its result to the calling thread.

        A KeyboardInterrupt cancels the coroutine and waits a few seconds for it to clean up; a
        second one leaves at once.

        Raises:
            RuntimeError: called from the loop's own thread, which would wait for itself
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the qstore loop's own thread can't wait for the loop")
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        task: list[asyncio.Task[T]] = []

        def start() -> None:
            task.append(self.asyncio_loop.create_task(coroutine))
            task[0].add_done_callback(lambda done: _hand_over(done, future))

        self.asyncio_loop.call_soon_threadsafe(start)
        try:
            return future.result()
        except KeyboardInterrupt:
            self.asyncio_loop.call_soon_threadsafe(lambda: task and task[0].cancel())
            concurrent.futures.wait([future], timeout=GRACE)
            raise

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Starts a coroutine that nobody waits for, and whose errors nobody needs to know."""
        asyncio.run_coroutine_threadsafe(coroutine, self.asyncio_loop)

    def close_soon(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs a closing coroutine; the process waits for it only at its exit.

        A fork has no thread that could run it: what it inherited is its parent's to close.
        """
        if self.pid == os.getpid():
            self._closing.append(asyncio.run_coroutine_threadsafe(close(), self.asyncio_loop))

    def finish(self) -> None:
        """Waits a moment for what is closing."""
        concurrent.futures.wait(self._closing, timeout=1.0)


def _hand_over(task: asyncio.Task[T], future: concurrent.futures.Future[T]) -> None:
    if task.cancelled():
        future.set_exception(concurrent.futures.CancelledError())
    elif (error := task.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


_lock = threading.Lock()


@functools.cache
def _of_process(pid: int) -> Loop:
    loop = Loop(pid)
    atexit.register(loop.finish)
    return loop


def current() -> Loop:
    """The process's loop, started when first asked for, and anew after a fork."""
    with _lock:
        return _of_process(os.getpid())
