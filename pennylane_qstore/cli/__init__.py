"""The command line: ``qstore train``, ``emulator``, ``jobs`` and ``estimate``."""

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after ``qstore``; None takes the process's

    Returns:
        the exit code: the command's own, or 130 after a Ctrl-C
    """
    from pennylane_qstore.cli import commands  # noqa: PLC0415  a Ctrl-C may come while it loads

    return commands.main(argv)
