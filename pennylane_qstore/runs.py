"""Named runs: a training that is killed and restarted gets the answers it had, not new jobs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pennylane_qstore.errors import OptionError

_lock = threading.Lock()
_current: list["Run"] = []


class RunStep(NamedTuple):
    """A batch's place in a named run.

    Attributes:
        run: name of the run
        step: how many batches were sent in it before, since its last checkpoint
    """

    run: str
    step: int


class Run:
    """A training under a name, from one checkpoint to the next.

    Attributes:
        name: by which the journal knows it
        step: the next batch's number, counted since the last checkpoint, or as the checkpoint says
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.step = 0
        self._acknowledge: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def next_step(self, acknowledge: Callable[[str], None]) -> RunStep:
        """Return the place of one more batch.

        Args:
            acknowledge: tells the journal of its device that a checkpoint holds a run
        """
        with self._lock:
            step, self.step = self.step, self.step + 1
            if acknowledge not in self._acknowledge:
                self._acknowledge.append(acknowledge)
            return RunStep(self.name, step)

    def acknowledge(self, step: int = 0) -> None:
        """Says that a checkpoint holds all answers so far: none of them is replayed any more.

        Call it right after the checkpoint is on disk.

        Args:
            step: the number to count on from. Whoever keeps ``run.step`` in the checkpoint, gives
                it here, and sets it when the checkpoint is loaded, is safe from a kill just before
                this call too: answers from before the checkpoint have other numbers
        """
        with self._lock:
            told, self.step = list(self._acknowledge), step
        for acknowledge in told:
            acknowledge(self.name)


@contextmanager
def run(name: str) -> Iterator[Run]:
    """Runs batches under a name, whose answers stay replayable until a checkpoint holds them.

    A process that is killed and started again at its last checkpoint asks for the same batches in
    the same order: each that was answered before is answered from the same job, and not paid
    again. Needs the device's journal.

    Args:
        name: of the training, the same when it is started again

    Raises:
        OptionError: the name is empty, or another run is under way in this process
    """
    if not isinstance(name, str) or not name:
        raise OptionError("name", name, "use a text that names the run")
    with _lock:
        if _current:
            raise OptionError("name", name, f"the run {_current[0].name!r} is under way")
        entered = Run(name)
        _current.append(entered)
    try:
        yield entered
    finally:
        with _lock:
            _current.clear()


def current() -> Run | None:
    """Return the run that this process is in, or None."""
    with _lock:
        return _current[0] if _current else None
