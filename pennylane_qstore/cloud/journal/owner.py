"""Name this process, and tell whether another process is still alive."""

import glob
import hashlib
import os
import platform
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none: there, only processes of this machine are known
    fcntl = None  # type: ignore[assignment]

# Seconds after which nobody asks for the lock of a process that is gone: no job is as old.
_FORGOTTEN = 86_400.0
# Descriptors of this process's own locks, which are open as long as it lives.
_held: dict[tuple[str, str], int] = {}


class Lease:
    """This process's name in a journal, and a lock beside it that ends with the process.

    A number of a process means something in its own container only. A lock of the kernel's, on a
    file that all of them see, tells of each whether it is alive.

    Attributes:
        name: of this process
    """

    def __init__(self, journal: str | None) -> None:
        """Locks nothing yet.

        Args:
            journal: path of the file beside which locks are, or None for a journal of this process
        """
        self._journal = None if journal is None else os.path.abspath(journal)
        self.name = own()

    def hold(self) -> None:
        """Locks this process's own file, for as long as the process is there."""
        key = (str(self._journal), self.name)
        if fcntl is None or self._journal is None or key in _held:
            return
        with suppress(OSError):  # a file system without locks, or without room
            _held[key] = os.open(self._lock(self.name), os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.lockf(_held[key], fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._sweep(self._journal)

    def is_alive(self, owner: str | None) -> bool:
        """Return whether a process may still run.

        Args:
            owner: its name
        """
        if owner is None or owner == self.name:  # one's own lock is no hindrance to oneself
            return owner is not None
        free = None if self._journal is None else _freed(self._lock(owner))
        return is_alive(owner) if free is None else not free

    def _sweep(self, journal: str) -> None:
        """Removes old locks that nobody holds, so that they don't pile up."""
        here = Path(journal)
        for lock in here.parent.glob(f"{glob.escape(here.name)}.*.lock"):
            with suppress(OSError):
                if lock.stat().st_mtime < time.time() - _FORGOTTEN:
                    _freed(lock)

    def _lock(self, owner: str) -> Path:
        digest = hashlib.blake2b(owner.encode(), digest_size=8).hexdigest()
        return Path(f"{self._journal}.{digest}.lock")


def _freed(lock: Path) -> bool | None:
    """Return whether nobody held a lock, whose file is removed then; None if it doesn't tell."""
    if fcntl is None:
        return None
    try:
        with lock.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.unlink()
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


@cache
def _machine() -> str:
    """Return a name of this machine and of the space in which its process numbers hold."""
    try:
        space = str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        space = ""
    return f"{platform.node()}/{space}"


def own() -> str:
    """Return this process's name, distinct from later processes of the same number."""
    pid = os.getpid()
    return f"{_machine()}|{pid}|{_started(pid)}"


def is_alive(owner: str | None) -> bool:
    """Return whether a process may still run.

    Of another machine's nothing is known here: they count as alive.
    """
    if owner is None:
        return False
    try:
        machine, pid, started = owner.rsplit("|", 2)
        number = int(pid)
    except ValueError:
        return True
    if machine != _machine():
        return True
    return _exists(number) and _started(number) == started


def _exists(pid: int) -> bool:
    if not hasattr(os, "kill") or os.name == "nt":
        return True  # there, a signal 0 would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _started(pid: int) -> str:
    """Return when a process started, where the system tells; "gone" for a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone" if Path("/proc/self/stat").exists() else ""
    return "gone" if fields[0] in "ZX" else fields[19]
