"""Many callers, one batch: callables that call QNodes, run so that their circuits go together.

Each callable has a thread of its own. A device's ``execute`` parks there instead of sending, and
the next thread goes on; when all are parked or done, everything that was asked for is one batch.
Only one thread runs at a time, in the order of the callables, so that there is no timer, no race,
and random numbers are drawn in the same order every time.
"""

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pennylane_qstore.device.delivery import deliver
from pennylane_qstore.device.receivers import (
    Answer,
    Receiver,
    TapeBatch,
    current,
    receiving,
    recorded,
)
from pennylane_qstore.pennylane_private import (
    carrier,
    is_in_jax_callback,
    is_recording,
    isolate,
)

T = TypeVar("T")
Item = TypeVar("Item")

MAX_WORKERS = 4096  # threads that live at the same time; what is beyond them is another wave
STACK_BYTES = 2 << 20
_starting = threading.Lock()  # the size of stacks is a setting of the process


def gather(thunks: Iterable[Callable[[], T]], *, return_exceptions: bool = False) -> list[T]:
    """Run callables that call QNodes, so that all their circuits share one batch.

    ``gather([lambda: circuit(x), lambda: circuit(y)])`` is one job. What a callable asks for after
    it got its first results goes with what the others ask for then: there are as many batches as
    the callable with the most calls makes. Gradients and further gathers inside take part. Devices
    other than this package's run their circuits at once, as ever. Callables must not wait for each
    other, and threads that they start by themselves are not gathered.

    Inside a derivative (``qml.grad`` of a function that gathers) only the forward calls share a
    batch, because autograd goes back through them one by one; ``qstore.value_and_grad`` makes that
    one batch as well. A QNode inside a function that ``jax.jit`` has compiled, or inside another
    QNode's function, sends its circuits at once.

    Args:
        thunks: callables without arguments; 4,096 of them run at a time, and more in waves, each
            of which has batches of its own
        return_exceptions: whether an error stands in the list in its callable's place, instead of
            being raised; a KeyboardInterrupt and its like are always raised

    Returns:
        what the callables returned, in order

    Raises:
        TypeError: one can't be called
        RuntimeError: called while a circuit is being recorded, as in a QNode's function
        Exception: the first callable's that failed, after all have come to their end

    **Example**

    >>> with qml.Tracker(dev) as tracker:
    ...     values = qstore.gather([lambda: circuit(weights), lambda: circuit(2 * weights)])
    >>> len(values), tracker.totals["jobs"]
    (2, 1)
    """
    waiting = list(thunks)
    for index, thunk in enumerate(waiting):
        if not callable(thunk):
            raise TypeError(f"callable {index} of gather is {thunk!r}, which can't be called")
    if is_recording():
        raise RuntimeError(
            "gather inside a circuit that is being recorded: call it outside of QNodes' functions "
            "and of queuing contexts"
        )
    isolate()
    carrying = carrier()
    waiting = [carrying(thunk) for thunk in waiting]
    done: list[_Worker] = []
    while len(done) < len(waiting):
        workers = _started(waiting[len(done) : len(done) + MAX_WORKERS])
        _run(workers)
        done += workers
    for worker in done:
        fatal = worker.error is not None and not isinstance(worker.error, Exception)
        if worker.error is not None and (fatal or not return_exceptions):
            raise worker.error
    results: list[Any] = [each.result if each.error is None else each.error for each in done]
    return results


def map(fn: Callable[[Item], T], items: Iterable[Item]) -> list[T]:
    """Call a function for each item, with the circuits of all items in one batch.

    ``map(fn, items)`` is ``[fn(item) for item in items]`` with the circuits of all items sent
    together; see :func:`gather`.

    Args:
        fn: calls QNodes; may be one
        items: one argument each

    Returns:
        one value an item, in order

    **Example**

    >>> with qml.Tracker(dev) as tracker:
    ...     values = qstore.map(lambda x: circuit(weights, x), features)
    >>> len(values), tracker.totals["jobs"]
    (4, 1)
    """
    return gather([functools.partial(fn, item) for item in items])


class _Abandoned(BaseException):
    """Ends a callable whose gathering has come to its end without it."""


class _Worker:
    """A callable in a thread of its own, which runs only while its gathering waits for it."""

    result: Any = None
    error: BaseException | None = None
    running = False
    finished = False
    abandoned = False

    def __init__(self, thunk: Callable[[], Any]) -> None:
        self._thunk = thunk
        self.records = recorded()
        self.batches: Sequence[TapeBatch] = ()
        self.answers: Sequence[Answer] = ()
        self._turn, self._back = threading.Lock(), threading.Lock()
        self._turn.acquire()
        self._back.acquire()
        self._has_thread = False
        self._outer = current()

    def start(self) -> None:
        """Starts the thread, which waits for its turn."""
        self._has_thread = True
        threading.Thread(target=self._serve, name="qstore-gather", daemon=True).start()

    def without_thread(self) -> None:
        """Has the callable run in the gathering's own thread, where its calls can't be parked."""
        self._has_thread = False

    def proceed(self) -> None:
        """Lets the callable run, until it is parked or done."""
        self.batches = ()
        self.running = True
        if not self._has_thread:
            self._serve()
            self.running = False
            return
        self._turn.release()
        self._back.acquire()
        self.running = False

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return the answers, for which the callable waits in its own thread."""
        if self.abandoned:
            raise _Abandoned
        if not self._has_thread or _must_not_wait():
            with receiving(self._outer if not self._has_thread else self._outermost()):
                return deliver(batches)
        self.batches = batches
        self._back.release()
        self._turn.acquire()
        if self.abandoned:
            raise _Abandoned
        return list(self.answers)

    def _outermost(self) -> Receiver | None:
        """Return the receiver of batches that must not wait in a gathering."""
        outer = self._outer
        while isinstance(outer, _Worker):
            outer = outer._outer  # noqa: SLF001  another one of the same class
        return outer

    def abandon(self) -> None:
        """Has the callable end at its next call, or at the one that it is parked in."""
        self.abandoned = True
        if not (self.running or self.finished):
            self._turn.release()

    def _serve(self) -> None:
        if self._has_thread:
            self._turn.acquire()
        try:
            if not self.abandoned:
                with receiving(self):
                    self.result = self._thunk()
        except BaseException as error:  # noqa: BLE001  it is the caller's
            self.error = error
        self.finished = True
        self._back.release()


def _started(thunks: Sequence[Callable[[], Any]]) -> list[_Worker]:
    """Return workers for as many callables as the machine has threads for, at least one."""
    workers: list[_Worker] = []
    with _starting:
        before = threading.stack_size(STACK_BYTES)
        try:
            for thunk in thunks:
                worker = _Worker(thunk)
                worker.start()
                workers.append(worker)
        except RuntimeError:  # no thread is left
            if not workers:  # one callable can do without
                worker.without_thread()
                workers.append(worker)
        finally:
            threading.stack_size(before)
    return workers


def _run(workers: Sequence[_Worker]) -> None:
    """Runs workers to their end, and sends what they are parked for, all in one, each round."""
    live = workers
    try:
        while live:
            for worker in live:
                worker.proceed()
            live = [worker for worker in live if not worker.finished]
            answers = iter(deliver([batch for worker in live for batch in worker.batches]))
            for worker in live:
                worker.answers = [next(answers) for _ in worker.batches]
    except BaseException:  # a Ctrl-C above all
        for worker in workers:
            worker.abandon()
        raise


def _must_not_wait() -> bool:
    """Return whether another callable would wait for what this thread holds.

    It records a circuit, under PennyLane's lock; or it is inside a function that JAX has compiled,
    which no other thread can enter before its first run is over.
    """
    return is_recording() or is_in_jax_callback()
