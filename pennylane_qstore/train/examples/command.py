"""``qstore train``: read the options, train, and say in one line what went wrong."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from rich.console import Console

from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.options import Options
from pennylane_qstore.train.examples.arguments import add_arguments, read_options
from pennylane_qstore.train.examples.interruption import (
    EXIT_CODE,
    ending_the_process,
    hint,
    interruptible,
)
from pennylane_qstore.train.examples.options import RunOptions, TrainOptions

EXTRA_PACKAGES = ("sklearn", "matplotlib")


class MissingPackageError(QStoreError):
    """A package that only training needs is not installed."""


def run(args: argparse.Namespace) -> int:
    """Train as the arguments say.

    Args:
        args: parsed by a parser that :func:`add_arguments` has filled

    Returns:
        the exit code: 0; 1 if a job or the cloud failed; 2 if an option can't be used; 130 after a
        Ctrl-C
    """
    options = None
    try:
        with ending_the_process("stopped before the first step"):
            options = read_options(args)
            Options(backend=options.backend)  # refuses a backend, and one without its key, at once
            session = _load(args, options)
        with interruptible():
            if args.search:
                session.run_search(options, args.circuits)
            else:
                session.run_session(options)
    except KeyboardInterrupt as interrupt:
        return _complain(str(interrupt) or f"stopped; {hint(options)}", EXIT_CODE)
    except (OptionError, MissingPackageError) as error:
        return _complain(error, code=2)
    except QStoreError as error:
        return _complain(error, code=1)
    return 0


def _load(args: argparse.Namespace, options: RunOptions) -> Any:
    """Return the module that trains; what takes seconds to import is imported here."""
    console = Console(highlight=False)
    title = f"search within {args.circuits} circuits" if args.search else options.title
    console.print(title, soft_wrap=True)
    if options.resume and options.checkpoint and not options.checkpoint.exists():
        console.print(f"there is no {options.checkpoint} yet: this training begins anew")
    with console.status("loading PennyLane and scikit-learn ..."):
        require_extra()
        data = "digits" if isinstance(options, TrainOptions) else "pictures"
        return import_module(f"{__package__}.{'search' if args.search else f'{data}.train_{data}'}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``qstore train`` on its own.

    Args:
        argv: the arguments; None takes the shell's

    Returns:
        the exit code
    """
    parser = argparse.ArgumentParser(prog="qstore train", description="Train a classifier.")
    add_arguments(parser)
    return run(parser.parse_args(argv))


def require_extra() -> None:
    """Import the packages that only training needs, before any time is spent.

    Raises:
        MissingPackageError: one is not installed; says how to install it
    """
    for package in EXTRA_PACKAGES:
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f"{package} is missing: pip install 'pennylane-qstore[train]'"
            ) from error


def _complain(error: object, code: int) -> int:
    """Return the exit code, after one line about the error on stderr."""
    sys.stderr.write(f"qstore train: {error}\n")
    return code
