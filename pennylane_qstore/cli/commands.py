"""The shell's door: ``qstore train``, ``emulator``, ``jobs`` and ``estimate``."""

import argparse
import sys
from collections.abc import Sequence

from pennylane_qstore import train
from pennylane_qstore.cli import estimate, jobs
from pennylane_qstore.emulator.api import command as emulator
from pennylane_qstore.version import __version__

INTERRUPTED = 130  # what a shell reports for a process that SIGINT ended


def _train(args: argparse.Namespace) -> int:
    return train.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qstore", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    training = commands.add_parser("train", help="train a classifier of handwritten digits")
    train.add_arguments(training)
    training.set_defaults(run=_train)

    emulating = commands.add_parser("emulator", help="serve IonQ's API on this machine")
    emulator.add_arguments(emulating)
    emulating.set_defaults(run=emulator.run)

    journal = commands.add_parser("jobs", help="list, show, resume or cancel jobs")
    jobs.add_arguments(journal)
    journal.set_defaults(run=jobs.run)

    pricing = commands.add_parser("estimate", help="what circuits would cost")
    estimate.add_arguments(pricing)
    pricing.set_defaults(run=estimate.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and gives its exit code.

    Args:
        argv: the words after ``qstore``; None takes the process's

    Returns:
        what the command says, or 130 after a Ctrl-C
    """
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"qstore: {interrupt or 'interrupted'}\n")
        return INTERRUPTED
    return code
