"""The command line: ``qstore train``, ``emulator``, ``jobs`` and ``estimate``."""

import os
import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]

INTERRUPTED = 130  # the exit code that shells report after a SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after ``qstore``; None takes the process's, and from then on a Ctrl-C has no
            traceback: before the command runs it ends the process, after it it ends it sooner

    Returns:
        the exit code: the command's own, or 130 after a Ctrl-C
    """
    if argv is not None:
        return _run(argv)
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from pennylane_qstore.cli import commands  # noqa: F401, PLC0415

    signal.signal(signal.SIGINT, before)
    code = _run(argv)
    sys.stdout.flush()
    signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    return code


def _run(argv: Sequence[str] | None) -> int:
    from pennylane_qstore.cli import commands  # noqa: PLC0415  it takes a moment

    return commands.main(argv)
