"""One training run from options to a picture: data, circuit, steps, test, curves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pennylane as qml
from rich.console import Console

from pennylane_qstore import runs
from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.digits import Digits
from pennylane_qstore.train.examples.model import first_weights, make_circuit, make_device
from pennylane_qstore.train.examples.optimizers import (
    DefaultSteps,
    circuits_a_sample,
    make_optimizer,
)
from pennylane_qstore.train.examples.options import RunOptions, TrainOptions
from pennylane_qstore.train.examples.plot import save_curves
from pennylane_qstore.train.examples.progress import show_steps
from pennylane_qstore.train.learners import CircuitLearner, accuracy
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Plan, Saving, Trainer


def run_session(options: TrainOptions) -> float:
    """Train, test, draw.

    Args:
        options: of the run

    Returns:
        the accuracy on the test set
    """
    console = Console(highlight=False)
    digits = Digits.load(options.classes, options.wires, options.seed)
    device = make_device(options.wires, options.backend, options.seed)
    circuit = make_circuit(device, options.layers, options.shots, options.entanglement)

    with named_run(options.name) as run, qml.Tracker(device) as tracker:
        trainer = make_trainer(circuit, digits.train, options, tracker, run)
        steps = show_steps(trainer, trainer.plan.steps, console, options.log_interval)
        if trainer.result is None:
            scores = circuit(trainer.learner.weights, digits.test.features)  # all of it at once
            test_accuracy = accuracy(scores, digits.test.labels)
            trainer.finish({"test_accuracy": test_accuracy})
        counted = trainer.counted()

    assert trainer.result is not None
    test_accuracy = trainer.result["test_accuracy"]
    save_curves(steps, test_accuracy, describe(options), options.plot)
    console.print(
        f"test accuracy {test_accuracy:.1%} on {len(digits.test)} digits; "
        f"{counted['jobs']} jobs, {counted['circuits']} circuits, "
        f"{steps[-1].seconds:.1f} s of training; curves in {options.plot}",
        soft_wrap=True,
    )
    return float(test_accuracy)


def make_trainer(
    circuit: Any, samples: Samples, options: TrainOptions, tracker: Any, run: Any = None
) -> Trainer:
    """A trainer of a circuit, as the options say.

    Args:
        circuit: ``circuit(weights, features)``, one score a sample
        samples: to learn from
        options: how
        tracker: an active ``qml.Tracker`` of the circuit's device
        run: the named run that it is in, or None
    """
    layers, wires = options.layers, len(circuit.device.wires)
    weights = first_weights(layers, wires, np.random.default_rng(options.seed))
    samples, aside = split(samples, options.validation, options.seed)
    size = batch_size(options, weights.size)
    if size > len(samples):
        raise OptionError("batch_size", size, f"there are {len(samples)} to learn from")
    steps = options.pace.steps
    if options.epochs is not None:
        steps = options.epochs * (len(samples) // size)
    pace = DefaultSteps(steps, options.pace.stepsize)
    learner = CircuitLearner(
        circuit,
        weights,
        make_optimizer(options.optimizer, pace, momentum=options.momentum, seed=options.seed),
        weight_decay=options.weight_decay,
        track_gradient=options.track_gradient,
        seed=options.seed,
    )
    return Trainer(
        learner,
        samples,
        Plan(steps, size, options.seed, patience=options.patience),
        validation=aside,
        meter=Meter(tracker),
        saving=saving(options, circuit.device, run),
    )


def batch_size(options: TrainOptions, n_weights: int) -> int:
    """Samples a step: as asked for, or as many as the limit of circuits has room for.

    Raises:
        OptionError: it has no room for one
    """
    if options.max_circuits is None:
        return options.batch_size
    each = circuits_a_sample(options.optimizer, n_weights)
    if options.max_circuits < each:
        raise OptionError(
            "max_circuits", options.max_circuits, f"{options.optimizer} runs {each} for one sample"
        )
    return min(options.batch_size, options.max_circuits // each)


def split(samples: Samples, share: float, seed: int) -> tuple[Samples, Samples | None]:
    """Samples to learn from, and a share of them kept aside; None for no share."""
    if not share:
        return samples, None
    order = np.random.default_rng([seed, 2]).permutation(len(samples))
    n_aside = max(1, round(share * len(samples)))
    return samples[order[n_aside:]], samples[order[:n_aside]]


def saving(options: RunOptions, device: Any, run: runs.Run | None) -> Saving | None:
    """Where the run is kept; None for a training without a name."""
    if options.checkpoint is None:
        return None
    return Saving(
        options.checkpoint, options.checkpoint_every, options.resume, options.kept, device, run
    )


@contextmanager
def named_run(name: str | None) -> Iterator[runs.Run | None]:
    """The run of a name; none without one."""
    if name is None:
        yield None
        return
    with runs.run(name) as run:
        yield run


def describe(options: TrainOptions) -> str:
    """The run in one line, for the picture."""
    first, second = options.classes
    shots = f"{options.shots} shots" if options.shots else "exact values"
    return (
        f"digits {first} and {second}: {options.optimizer}, {options.wires} wires, "
        f"{options.layers} layers, {shots}, {options.backend}"
    )
