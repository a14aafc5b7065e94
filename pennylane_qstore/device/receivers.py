"""Who takes the batches that a thread's QNodes send: their devices, or a gathering in between."""

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
        """The place of its next batch in the named run that this process is in."""
        ...

    def execute_each(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None
    ) -> list[Answer]:
        """One answer a batch, in order."""
        ...

    def made_up(self, tapes: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Results of the right form for some tapes, out of nothing."""
        ...


@dataclass(frozen=True, slots=True)
class TapeBatch:
    """What one call of a device's ``execute`` asks for.

    Attributes:
        device: that it is for
        tapes: through with the preprocessing
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
        """One answer a batch, in order; called in the thread that it receives for."""
        ...


class _Thread(threading.local):
    """What a thread has for itself.

    Attributes:
        receiver: of its batches; None where their devices take them
    """

    receiver: "Receiver | None" = None


thread = _Thread()


def current() -> Receiver | None:
    """Who receives this thread's batches; None where their devices do."""
    return thread.receiver


@contextmanager
def receiving(receiver: Receiver | None) -> Iterator[None]:
    """Has a receiver take this thread's batches; None has their devices take them."""
    before = current()
    thread.receiver = receiver
    try:
        yield
    finally:
        thread.receiver = before


def recorded() -> bool:
    """Whether this thread's batches get answers that are made up."""
    receiver = current()
    return receiver is not None and receiver.records


def answered(answer: Answer) -> tuple[Any, ...]:
    """An answer's results.

    Raises:
        Exception: the one that it is
    """
    if isinstance(answer, Exception):
        raise answer
    return answer
