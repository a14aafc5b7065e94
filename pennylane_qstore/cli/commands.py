"""Find the command that a command line names, and import that one alone."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pennylane_qstore.version import __version__

INTERRUPTED = 130  # the exit code that shells report after a SIGINT
_DESCRIPTION = "Train PennyLane circuits on IonQ's computers, and look after their jobs."
_COMMANDS = {
    "train": ("pennylane_qstore.train.examples.command", "train a classifier of pictures"),
    "emulator": ("pennylane_qstore.emulator.api.command", "serve IonQ's API on this machine"),
    "jobs": ("pennylane_qstore.cli.jobs", "list, show, resume or cancel jobs"),
    "estimate": ("pennylane_qstore.cli.estimate", "show what circuits would cost"),
}


class _CommandParser(argparse.ArgumentParser):
    """A command's parser, which imports the command when it is asked to parse."""

    def __init__(self, *args: Any, module: str | None = None, **kwargs: Any) -> None:
        """Make a parser without arguments.

        Args:
            args: of ``ArgumentParser``
            module: with ``add_arguments(parser)`` and ``run(args)``; None for parsers inside it
            kwargs: of ``ArgumentParser``
        """
        super().__init__(*args, **kwargs)
        self._module = module

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what ``ArgumentParser`` does, with the command's arguments."""
        if self._module is not None:
            command = import_module(self._module)
            self._module = None
            command.add_arguments(self)
            self.set_defaults(run=command.run)
        return super().parse_known_args(args, namespace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after ``qstore``; None takes the process's

    Returns:
        the exit code: the command's own, or 130 after a Ctrl-C
    """
    try:
        parser = argparse.ArgumentParser(prog="qstore", description=_DESCRIPTION)
        parser.add_argument("--version", action="version", version=__version__)
        commands = parser.add_subparsers(
            required=True, metavar="COMMAND", parser_class=_CommandParser
        )
        for name, (module, text) in _COMMANDS.items():
            commands.add_parser(name, help=text, module=module)
        args = parser.parse_args(argv)
        code: int = args.run(args)
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"qstore: {str(interrupt) or 'interrupted'}\n")
        return INTERRUPTED
    return code
