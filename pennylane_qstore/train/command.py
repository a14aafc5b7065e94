"""The shell's words to a training run, and what went wrong to one line."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.train.options import PACES, TrainOptions

EXTRA_PACKAGES = ("sklearn", "matplotlib")


class MissingPackageError(QStoreError):
    """A package that only training needs is not installed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``qstore train`` to a parser.

    Args:
        parser: of the command itself or of a subcommand
    """
    default = TrainOptions()
    steps = ", ".join(f"{name} {pace.steps}" for name, pace in PACES.items())
    stepsizes = ", ".join(f"{name} {pace.stepsize}" for name, pace in PACES.items())

    add = parser.add_argument
    add("--optimizer", choices=list(PACES), default=default.optimizer, help="(%(default)s)")
    add("--steps", type=int, help=f"optimizer steps ({steps})")
    add("--batch-size", type=int, default=default.batch_size, help="samples a step (%(default)s)")
    add("--shots", type=int, default=default.shots,
        help="shots a circuit; 0 for exact values, on simulators (%(default)s)")  # fmt: skip
    add("--wires", type=int, default=default.wires, help="qubits, one feature each (%(default)s)")
    add("--layers", type=int, default=default.layers, help="layers of gates (%(default)s)")
    add("--classes", type=int, nargs="+", default=default.classes, metavar="DIGIT",
        help="the two digits to tell apart (0 1)")  # fmt: skip
    add("--seed", type=int, default=default.seed, help="of all that is drawn (%(default)s)")
    add("--stepsize", type=float, help=f"length of a step ({stepsizes})")
    add("--backend", default=default.backend,
        help="emulator (no key needed), simulator or qpu.NAME (%(default)s)")  # fmt: skip
    add("--plot", type=Path, default=default.plot, metavar="FILE.png",
        help="picture of the training (%(default)s)")  # fmt: skip


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
        # PennyLane, scikit-learn and matplotlib take seconds to load: only now.
        import_module("pennylane_qstore.train.session").run_session(options)
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


def read_options(args: argparse.Namespace) -> TrainOptions:
    """Take the training options out of parsed arguments.

    Args:
        args: may hold other commands' arguments as well

    Returns:
        the options, checked
    """
    values = {field.name: getattr(args, field.name) for field in fields(TrainOptions)}
    return TrainOptions(**values | {"classes": tuple(args.classes)})


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
