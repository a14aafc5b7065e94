"""The receiver of a thread's batches: it takes them in place of the QNodes' devices."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pennylane.tape import QuantumScript

from pennylane_qstore.runs import RunStep

# One batch's results, in the order of its tapes, or the error that it ended with.
Answer = tuple[Any, ...] | Exception


class Redrawable(tuple[Any, ...]):
    """A batch's results, which can be computed again from outcomes that are drawn again.

    Attributes:
        redo: computes them, by the seed of the draw
    """

    redo: Callable[[int], tuple[Any, ...]]

    def again(self, seed: int) -> tuple[Any, ...]:
        """Return the results of outcomes that are drawn from the measured ones.

        Args:
            seed: of the draw
        """
        return self.redo(seed)


class Executor(Protocol):
    """A device that runs the batches of several callers as one."""

    def next_step(self) -> RunStep | None:
        """Return its next batch's place in this process's named run, or None without one."""
        ...

    def execute_each(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None
    ) -> list[Answer]:
        """Return one answer per batch, in order."""
        ...

    def made_up(self, tapes: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Return random results of the right shapes and types."""
        ...


@dataclass(frozen=True, slots=True)
class TapeBatch:
    """The tapes of one call of a device's ``execute``.

    Attributes:
        device: that it is for
        tapes: that have been through the preprocessing
    """

    device: Executor
    tapes: tuple[QuantumScript, ...]


class Receiver(Protocol):
    """Takes batches in a device's place.

    Attributes:
        records: whether its answers are made up
    """

    records: bool

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return one answer per batch, in order; called in the thread whose batches they are."""
        ...


class _Thread(threading.local):
    """A thread's receiver.

    Attributes:
        receiver: of its batches; None where their devices take them
    """

    receiver: "Receiver | None" = None


thread = _Thread()


def current() -> Receiver | None:
    """Return the receiver of this thread's batches; None where their devices run them."""
    return thread.receiver


@contextmanager
def receiving(receiver: Receiver | None) -> Iterator[None]:
    """Let a receiver take this thread's batches inside the block; None: their devices do."""
    before = current()
    thread.receiver = receiver
    try:
        yield
    finally:
        thread.receiver = before


def recorded() -> bool:
    """Return whether this thread's batches get made-up answers."""
    receiver = current()
    return receiver is not None and receiver.records


def answered(answer: Answer) -> tuple[Any, ...]:
    """Return an answer's results.

    Raises:
        Exception: the answer, where it is an error
    """
    if isinstance(answer, Exception):
        raise answer
    return answer
