"""Name this process, tell whether another process is still alive, and hold leases on names."""

import atexit
import glob
import hashlib
import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none: there, only processes of this machine are known
    fcntl = None  # type: ignore[assignment]

# Descriptors of the lock files of this process, by path; each is open as long as the process is.
_files: dict[str, int] = {}
# At the end of the name of a process that holds its lock: once that is free, it is gone.
_LOCKED = "|locked"


class Owner:
    """This process's name in a journal, and a lock beside it that ends with the process.

    A process number means something in its own container only. A lock of the kernel's, on a file
    that all of them see, tells of each process whether it is alive. All processes share one lock
    file, in which each locks a byte of its own (POSIX record locks); the last one removes it.

    Attributes:
        name: of this process, which says whether its lock tells of it
    """

    def __init__(self, journal: str | None) -> None:
        """Lock nothing yet.

        Args:
            journal: path of the file beside which the lock is, or None for a journal in memory
        """
        self._journal = None if journal is None else os.path.abspath(journal)
        self.name = own()

    def hold(self) -> None:
        """Lock this process's byte, for as long as the process is there."""
        if fcntl is None or self._journal is None:
            return
        path = f"{self._journal}.lock"
        with suppress(OSError):  # a file system without locks, or without room
            while not (path in _files and _is_at(_files[path], path)):
                if path not in _files:
                    atexit.register(_let_go, path, os.getpid())
                    _sweep(self._journal)
                _files[path] = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
                self.name = own()
                fcntl.lockf(_files[path], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(self.name))
            self.name = own() + _LOCKED

    def is_alive(self, owner: str | None) -> bool:
        """Return whether a process may still run.

        Args:
            owner: its name
        """
        if owner is None or self.is_me(owner):  # one's own lock is no hindrance to oneself
            return owner is not None
        self.hold()
        file = _files.get(f"{self._journal}.lock")
        name = owner.removesuffix(_LOCKED)
        if file is None or fcntl is None or name == owner:
            return is_alive(name)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(name))
            fcntl.lockf(file, fcntl.LOCK_UN, 1, _byte(name))
        except (BlockingIOError, PermissionError):
            return True
        except OSError:
            return is_alive(name)
        return False

    def is_me(self, owner: str | None) -> bool:
        """Return whether a name is this process's, with its lock or without."""
        return owner is not None and owner.removesuffix(_LOCKED) == own()


def _byte(owner: str) -> int:
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=6).digest(), "big")


def _is_at(file: int, path: str) -> bool:
    """Return whether an open file still is the one at a path."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False


def _let_go(path: str, pid: int) -> None:
    """Release this process's lock; remove the file if no other process holds one in it."""
    if pid != os.getpid():  # a fork's inherited file is its parent's
        return
    with suppress(OSError, KeyError):
        file = _files.pop(path)
        with suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, path):
                os.unlink(path)
        os.close(file)


def _sweep(journal: str) -> None:
    """Remove the lock files, one a process, that an earlier version left beside a journal."""
    for lock in Path(journal).parent.glob(f"{glob.escape(Path(journal).name)}.*.lock"):
        with suppress(OSError), lock.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.unlink()


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lease.

    Attributes:
        pid: its number
        host: its machine
        since: when the lease began, in seconds since the epoch
    """

    pid: int
    host: str
    since: float

    @classmethod
    def of(cls, owner: str, since: float) -> "Holder":
        """Return the holder that gave itself a name as ``own`` does."""
        machine, pid, _ = [*owner.removesuffix(_LOCKED).rsplit("|", 2), "", ""][:3]
        return cls(int(pid) if pid.isdigit() else 0, machine.partition("/")[0], since)

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {since}"


class Lease:
    """A name that one live process holds at a time, by a lock on a file.

    The kernel ends the lock with the process, however it ends.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Hold nothing yet.

        Args:
            folder: where the file is
            name: that is held
        """
        digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=12).hexdigest()
        self._path = folder / f"{digest}.lock"
        self._file: int | None = None

    def take(self) -> Holder | None:
        """Return the other live process that holds the lease, or None once it is taken.

        Without file locks, or without room for the file, it returns None.
        """
        if fcntl is None:
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            while True:
                file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except (BlockingIOError, PermissionError):
                    return _holder(file)
                except BaseException:
                    os.close(file)
                    raise
                if _is_at(file, str(self._path)):
                    break
                os.close(file)  # its holder has just removed it
            self._file = file
            os.ftruncate(file, 0)
            os.write(file, json.dumps({"owner": own(), "since": time.time()}).encode())
        except OSError:
            return None
        return None

    def release(self) -> None:
        """Give the lease back; nothing happens where it isn't held."""
        if self._file is not None:
            with suppress(OSError):
                if _is_at(self._file, str(self._path)):
                    self._path.unlink()
            os.close(self._file)
            self._file = None


def _holder(file: int) -> Holder:
    """Return who wrote a lease's file, which is closed."""
    try:
        text = os.pread(file, 4096, 0)
        written = json.loads(text)
        return Holder.of(str(written["owner"]), float(written["since"]))
    except (OSError, ValueError, KeyError, TypeError):  # it is being written now
        return Holder(0, "this machine", time.time())
    finally:
        os.close(file)


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
