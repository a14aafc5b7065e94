"""The command line: ``qstore train``, ``emulator``, ``jobs`` and ``estimate``."""

from pennylane_qstore.cli.commands import main

__all__ = ["main"]
