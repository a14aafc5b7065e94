"""``qstore train``, from the shell's words to an exit code; what went wrong is one line."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.train.examples.arguments import add_arguments, read_options
from pennylane_qstore.train.examples.options import TrainOptions

EXTRA_PACKAGES = ("sklearn", "matplotlib")


class MissingPackageError(QStoreError):
    """A package that only training needs is not installed."""


def run(args: argparse.Namespace) -> int:
    """Train as the arguments say.

    Args:
        args: parsed by a parser that :func:`add_arguments` has filled

    Returns:
        the exit code: 0, 1 when a job or the cloud failed, 2 when an option can't be
    """
    try:
        options = read_options(args)
        require_extra()
        session = f"{__package__}.{'session' if isinstance(options, TrainOptions) else 'classify'}"
        # scikit-learn and matplotlib take seconds to load: only now.
        if args.search:
            import_module(f"{__package__}.search").run_search(options, args.circuits)
        else:
            import_module(session).run_session(options)
    except (OptionError, MissingPackageError) as error:
        return complain(error, code=2)
    except QStoreError as error:
        return complain(error, code=1)
    return 0


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
    """Find out now, not after the training, that a package is missing.

    Raises:
        MissingPackageError: says how to install it
    """
    for package in EXTRA_PACKAGES:
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f"{package} is missing: pip install 'pennylane-qstore[train]'"
            ) from error


def complain(error: Exception, code: int) -> int:
    """Write one line about an error to stderr; give the exit code back."""
    sys.stderr.write(f"qstore train: {error}\n")
    return code
