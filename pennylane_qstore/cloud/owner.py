"""Which process this is, and whether another one is still alive."""

import os
import platform
from functools import cache
from pathlib import Path


@cache
def _machine() -> str:
    """This machine, and the space in which its process numbers mean something."""
    try:
        space = str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        space = ""
    return f"{platform.node()}/{space}"


def own() -> str:
    """This process, told apart from later ones of the same number by its start."""
    pid = os.getpid()
    return f"{_machine()}|{pid}|{_started(pid)}"


def is_alive(owner: str | None) -> bool:
    """Whether a process that gave itself that name may still run.

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
    """When a process started, where the system tells; a zombie no longer runs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone" if Path("/proc/self/stat").exists() else ""
    return "gone" if fields[0] in "ZX" else fields[19]
