"""One training run from options to a picture: data, circuit, steps, test, curves."""

import numpy as np
import pennylane as qml
from rich.console import Console

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.data import Digits
from pennylane_qstore.train.model import first_weights, make_circuit, make_device
from pennylane_qstore.train.options import TrainOptions
from pennylane_qstore.train.plot import save_curves
from pennylane_qstore.train.progress import show_steps
from pennylane_qstore.train.trainer import accuracy, count_circuits, count_jobs, train


def run_session(options: TrainOptions) -> float:
    """Train, test, draw.

    Args:
        options: of the run

    Returns:
        the accuracy on the test set
    """
    console = Console(highlight=False)
    digits = load_data(options)
    device = make_device(options.wires, options.backend, options.seed)
    circuit = make_circuit(device, options.layers, options.shots)
    weights = first_weights(options.layers, options.wires, np.random.default_rng(options.seed))

    with qml.Tracker(device) as tracker:
        running = train(circuit, weights, digits.train, options, tracker)
        steps = show_steps(running, options.pace.steps, console)
        scores = circuit(steps[-1].weights, digits.test.features)  # the whole test set at once

    test_accuracy = accuracy(scores, digits.test.labels)
    save_curves(steps, test_accuracy, describe(options), options.plot)
    console.print(
        f"test accuracy {test_accuracy:.1%} on {len(scores)} digits; "
        f"{count_jobs(tracker)} jobs, {count_circuits(tracker)} circuits, "
        f"{steps[-1].seconds:.1f} s of training; curves in {options.plot}",
        soft_wrap=True,
    )
    return test_accuracy


def load_data(options: TrainOptions) -> Digits:
    """Load the digits the options name.

    Args:
        options: of the run

    Returns:
        both sets

    Raises:
        OptionError: when a batch would hold more digits than there are to learn from
    """
    digits = Digits.load(options.classes, options.wires, options.seed)
    n_samples = len(digits.train.labels)
    if options.batch_size > n_samples:
        raise OptionError("batch_size", options.batch_size, f"there are {n_samples} to learn from")
    return digits


def describe(options: TrainOptions) -> str:
    """The run in one line, for the picture."""
    first, second = options.classes
    shots = f"{options.shots} shots" if options.shots else "exact values"
    return (
        f"digits {first} and {second}: {options.optimizer}, {options.wires} wires, "
        f"{options.layers} layers, {shots}, {options.backend}"
    )
