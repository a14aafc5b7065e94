"""Train a circuit on two digits, test it, and draw its curves."""

from functools import partial
from typing import Any

import numpy as np
import pennylane as qml
from rich.console import Console

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.digits.circuit import first_weights, make_circuit
from pennylane_qstore.train.examples.digits.dataset import Digits
from pennylane_qstore.train.examples.interruption import check, keeping_curves
from pennylane_qstore.train.examples.optimizers import circuits_per_sample, make_optimizer
from pennylane_qstore.train.examples.options import DefaultSteps, TrainOptions, counted
from pennylane_qstore.train.examples.plot import save_curves
from pennylane_qstore.train.examples.progress import show_steps
from pennylane_qstore.train.examples.setup import make_device, named_run, saving
from pennylane_qstore.train.history import Step
from pennylane_qstore.train.learners import CircuitLearner, accuracy
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Plan, Trainer


def run_session(options: TrainOptions) -> float:
    """Train a circuit, test it, and draw its curves.

    Args:
        options: of the training

    Returns:
        the accuracy on the test set, from 0 to 1
    """
    console = Console(highlight=False)
    digits = Digits.load(options.classes, options.wires, options.seed)
    device = make_device(options.wires, options.backend, options.seed, **options.device)
    circuit = make_circuit(device, options.layers, options.shots, options.entanglement)

    with named_run(options.name) as run, qml.Tracker(device) as tracker:
        trainer = make_trainer(circuit, digits.train, options, tracker, run)
        with keeping_curves(trainer, options, partial(_draw, options)):
            steps = show_steps(trainer, trainer.plan.steps, console, options.log_interval)
            if trainer.result is None:
                scores = circuit(trainer.learner.weights, digits.test.features)  # one batch
                trainer.finish({"test_accuracy": accuracy(scores, digits.test.labels)})
            assert trainer.result is not None
            test_accuracy: float = trainer.result["test_accuracy"]
            _draw(options, steps, test_accuracy)
        total = trainer.counted()
    console.print(
        f"test accuracy {test_accuracy:.1%} on {len(digits.test)} digits; "
        f"{counted(total['jobs'], 'job')}, {total['circuits']} circuits, "
        f"{steps[-1].seconds:.1f} s of training; curves in {options.plot}",
        soft_wrap=True,
    )
    return test_accuracy


def _draw(options: TrainOptions, steps: list[Step], test_accuracy: float | None = None) -> None:
    save_curves(steps, test_accuracy, options.title, options.plot)


def make_trainer(
    circuit: Any, samples: Samples, options: TrainOptions, tracker: Any, run: Any = None
) -> Trainer:
    """Make the trainer that the options describe.

    Args:
        circuit: ``circuit(weights, features)``, one score for each sample
        samples: to learn from; those for validation are taken from them
        options: of the training
        tracker: an active ``qml.Tracker`` of the circuit's device
        run: the named run that the training is in, or None

    Returns:
        the trainer, before its first step

    Raises:
        OptionError: a batch that is larger than the samples, or a limit below one sample's circuits
    """
    layers, wires = options.layers, len(circuit.device.wires)
    weights = first_weights(layers, wires, np.random.default_rng(options.seed))
    samples, validation = samples.split(options.validation, options.seed)
    size = _batch_size(options, weights.size)
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
        max_gradient=options.max_gradient,
        seed=options.seed,
    )
    return Trainer(
        learner,
        samples,
        Plan(steps, size, options.seed, patience=options.patience),
        validation=validation,
        callbacks=[check],
        meter=Meter(tracker),
        saving=saving(options, circuit.device, run),
    )


def _batch_size(options: TrainOptions, n_weights: int) -> int:
    """Return the samples of a step: as asked for, or fewer within the limit of circuits."""
    if options.max_circuits is None:
        return options.batch_size
    per_sample = circuits_per_sample(options.optimizer, n_weights)
    if options.max_circuits < per_sample:
        raise OptionError(
            "max_circuits",
            options.max_circuits,
            f"{options.optimizer} runs {per_sample} circuits for one sample",
        )
    return min(options.batch_size, options.max_circuits // per_sample)
