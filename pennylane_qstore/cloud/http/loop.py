"""The process's event loop in one daemon thread, and coroutines that run together in it."""

import asyncio
import atexit
import concurrent.futures
import functools
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sequence
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
        self._inherited: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: weakref.WeakKeyDictionary[threading.Thread, asyncio.Task[Any]]
        self._tasks = weakref.WeakKeyDictionary()
        self._interrupted: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._thread = threading.Thread(target=self._serve, name="qstore-loop", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.asyncio_loop)
        self.asyncio_loop.run_forever()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return the result of a coroutine to the calling thread.

        A KeyboardInterrupt, or whatever else a signal's handler raises meanwhile, cancels the
        coroutine and waits a few seconds for it to clean up; a second one leaves at once.

        Raises:
            RuntimeError: called from the loop's own thread, which would wait for itself
        """
        caller = threading.current_thread()
        if caller is self._thread:
            coroutine.close()
            raise RuntimeError("the qstore loop's own thread can't wait for the loop")
        # A plain lock: a signal finds it taken or not, and nothing in between.
        ended = threading.Lock()
        ended.acquire()
        tasks: list[asyncio.Task[T]] = []

        def start() -> None:
            tasks.append(self.asyncio_loop.create_task(coroutine))
            self._tasks[caller] = tasks[0]
            tasks[0].add_done_callback(lambda _: ended.release())
            if caller in self._interrupted:
                tasks[0].cancel()

        def stop() -> None:
            if tasks:
                tasks[0].cancel()
            else:  # the signal came before it was started
                coroutine.close()
                ended.release()

        try:
            self.asyncio_loop.call_soon_threadsafe(start)
            ended.acquire()
        except BaseException:
            if not (tasks and tasks[0].done()):
                self.asyncio_loop.call_soon_threadsafe(stop)
                ended.acquire(timeout=GRACE)
            raise
        if tasks[0].cancelled():
            if caller in self._interrupted:
                raise KeyboardInterrupt
            raise concurrent.futures.CancelledError
        return tasks[0].result()

    def interrupt(self, caller: threading.Thread) -> None:
        """Does to a thread that waits for a coroutine what a Ctrl-C does to the main thread.

        A thread that doesn't wait yet is interrupted as soon as it does.
        """
        self._interrupted.add(caller)
        self.asyncio_loop.call_soon_threadsafe(self._cancel, caller)

    def _cancel(self, caller: threading.Thread) -> None:
        if caller in self._tasks:
            self._tasks[caller].cancel()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Starts a coroutine that nobody waits for, and whose errors nobody needs to know."""
        asyncio.run_coroutine_threadsafe(coroutine, self.asyncio_loop)

    def close_soon(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs a closing coroutine; the process waits for it only at its exit.

        A fork has no thread that could run it: what it inherited is its parent's to close.
        """
        if self.pid == os.getpid():
            self._closing.append(asyncio.run_coroutine_threadsafe(close(), self.asyncio_loop))
        else:  # collected, it would warn, and release its parent's locks
            self._inherited.append(close)

    def finish(self) -> None:
        """Waits a moment for what is closing."""
        concurrent.futures.wait(self._closing, timeout=1.0)


_lock = threading.Lock()


@functools.cache
def _of_process(pid: int) -> Loop:
    loop = Loop(pid)
    atexit.register(loop.finish)
    return loop


def current() -> Loop:
    """Return the process's loop, started when first asked for, and anew after a fork."""
    with _lock:
        return _of_process(os.getpid())


async def all_of(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the results of coroutines that run together, in order.

    Where one fails, the others are stopped, and its error is raised when they are.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await stopped(tasks)


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits until they have ended."""
    left: Sequence[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
