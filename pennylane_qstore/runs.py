"""Named runs: a training that is killed and restarted gets the answers it had, not new jobs."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import platformdirs

from pennylane_qstore.errors import OptionError
from pennylane_qstore.processes import Holder, Lease

_lock = threading.Lock()
# At most one; not empty while a process is in a run.
under_way: list["Run"] = []


class RunStep(NamedTuple):
    """A batch's place in a named run.

    Attributes:
        run: name of the run
        step: how many batches were sent in it before, since its last checkpoint
    """

    run: str
    step: int


class RunJournal(Protocol):
    """A device's journal, as far as named runs need it."""

    def hold_run(self, name: str) -> Holder | None:
        """Return the other live process that holds a run, or None once the lease is taken."""
        ...

    def release_run(self, name: str) -> None:
        """Give back the lease on a run."""
        ...

    def acknowledge_run(self, name: str) -> None:
        """Record that a checkpoint holds the answers of a run."""
        ...


class Run:
    """A training under a name, from one checkpoint to the next.

    Attributes:
        name: by which the journal knows it
        step: the next batch's number, counted since the last checkpoint, or as the checkpoint says
    """

    def __init__(self, name: str) -> None:
        """Hold no lease yet."""
        self.name = name
        self.step = 0
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._lease = _lease(name)
        self._journals: list[RunJournal] = []

    def next_step(self, journal: RunJournal) -> RunStep:
        """Return the place of one more batch.

        Args:
            journal: of the device that the batch is for; it takes part in the run from now on

        Raises:
            OptionError: another live process is in the run
        """
        with self._lock:
            if self._pid != os.getpid():  # a fork: its parent is in the run
                self._pid, self._lease, self._journals = os.getpid(), _lease(self.name), []
                self.hold()
            if journal not in self._journals:
                holder = journal.hold_run(self.name)
                if holder is not None:
                    journal.release_run(self.name)  # what it may have taken of several journals
                self._check(holder)
                self._journals.append(journal)
            step, self.step = self.step, self.step + 1
            return RunStep(self.name, step)

    def acknowledge(self, step: int = 0) -> None:
        """Say that a checkpoint holds all answers so far: none of them is replayed any more.

        Call it right after the checkpoint is on disk.

        Args:
            step: the number to count on from. Whoever keeps ``run.step`` in the checkpoint, gives
                it here, and sets it when the checkpoint is loaded, is safe from a kill just before
                this call too: answers from before the checkpoint have other numbers
        """
        with self._lock:
            journals, self.step = list(self._journals), step
        for journal in journals:
            journal.acknowledge_run(self.name)

    def hold(self) -> None:
        """Take the lease on the name in the user's state folder.

        Raises:
            OptionError: another live process holds it
        """
        self._check(self._lease.take())

    def release(self) -> None:
        """Give back every lease that this process holds on the name."""
        if self._pid == os.getpid():
            for journal in self._journals:
                journal.release_run(self.name)
            self._lease.release()

    def _check(self, holder: Holder | None) -> None:
        if holder is not None:
            raise OptionError(
                "name",
                self.name,
                f"{holder} is in this run, and two in one run would pay for each step twice; "
                "wait for it, end it, or use another name",
            )


@contextmanager
def run(name: str) -> Iterator[Run]:
    """Run batches under a name, whose answers stay replayable until a checkpoint holds them.

    A process that is killed and started again at its last checkpoint asks for the same batches in
    the same order: each that was answered before is answered from the same job, and not paid
    again. Needs the device's journal. The name is a lease: as long as a process is in the run, no
    other one can enter it; the lease of a process that was killed has ended.

    **Example**

    >>> import pennylane as qml
    >>> import pennylane_qstore as qstore
    >>> dev = qml.device("qstore.ionq", wires=1, journal="journal.sqlite")
    >>> circuit = qml.QNode(lambda: qml.expval(qml.Z(0)), dev)
    >>> with qstore.run("training") as run:
    ...     value = circuit()
    ...     # write the checkpoint here, with run.step in it
    ...     run.acknowledge(run.step)

    Args:
        name: of the training, the same when it is started again

    Yields:
        the run, which counts its batches

    Raises:
        OptionError: the name is empty or can't be encoded, another run is under way in this
            process, or another live process is in this run
    """
    if not isinstance(name, str) or not name or not _is_text(name):
        raise OptionError("name", name, "use a text that names the run")
    with _lock:
        if under_way:
            raise OptionError("name", name, f"the run {under_way[0].name!r} is under way")
        entered = Run(name)
        entered.hold()
        under_way[:] = [entered]
    try:
        yield entered
    finally:
        with _lock:
            under_way.clear()
        entered.release()


def current() -> Run | None:
    """Return the run that this process is in, or None."""
    with _lock:
        return under_way[0] if under_way else None


def _lease(name: str) -> Lease:
    folder = platformdirs.user_state_path("pennylane-qstore", appauthor=False) / "runs"
    return Lease(folder, name)


def _is_text(name: str) -> bool:
    """Return whether a name can be written to a journal: lone surrogates can't, nor a NUL."""
    try:
        return "\0" not in name and bool(name.encode())
    except UnicodeEncodeError:
        return False
