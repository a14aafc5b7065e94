"""Reads OpenQASM 3 in a process of its own, with limits of time and memory."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

from pennylane_qstore.emulator.intake.qasm import Program
from pennylane_qstore.emulator.intake.qasm_size import ProgramError

SECONDS = 30.0
MEGABYTES = 2048
# Runs the reader alone: empty packages stand for those above it, whose imports take a second.
STARTER = """
import sys, types
for name, path in zip(("pennylane_qstore", "pennylane_qstore.emulator"), sys.argv[2:]):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 20,) * 2)
except (ImportError, ValueError, OSError):
    pass  # there are no limits of memory here
from pennylane_qstore.emulator.intake.qasm import main
main()
"""


class ProgramReader:
    """Reads programs one after another; its process starts with the first.

    A program that takes too long, or ends the process, fails, and the next one gets a new process.
    """

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_closed = False

    def read(self, text: str) -> Program:
        """Return the gates, qubits and measured bits of a program.

        Raises:
            ProgramError: the program can't be run, or reading it goes beyond a limit
        """
        with self._lock:
            body = self._ask(text)
        if "error" in body:
            raise ProgramError(body["error"])
        registers = tuple((name, tuple(bits)) for name, bits in body["registers"])
        return Program(body["gates"], body["qubits"], body["bits"], registers)

    def close(self) -> None:
        """End the process; a program that is being read fails."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()
        with self._lock:
            self._end()

    def _ask(self, text: str) -> dict[str, Any]:
        if self._process is None and not self._is_closed:
            self._process = _start(self._megabytes)
        process = self._process
        if process is None:
            raise ProgramError("The emulator is being closed.")
        is_late = threading.Event()

        def stop() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        answer = ""
        try:
            with contextlib.suppress(OSError):
                requests = cast(IO[str], process.stdin)
                requests.write(json.dumps(text) + "\n")
                requests.flush()
                answer = cast(IO[str], process.stdout).readline()
        finally:
            timer.cancel()
        if answer.endswith("\n"):
            return cast(dict[str, Any], json.loads(answer))
        self._end()
        if is_late.is_set():
            raise ProgramError(f"Reading the program took more than {self._seconds:g} s.")
        raise ProgramError(f"Reading the program takes more than {self._megabytes} MB.")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError):
                self._process.communicate()
            self._process = None


def _start(megabytes: int) -> "subprocess.Popen[str]":
    """Return a process that reads programs."""
    emulator = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(megabytes), str(emulator.parent), str(emulator)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
