"""Search the depth and entanglement that learn best, within a budget of circuits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, log2
from typing import Any

import pennylane as qml
from rich.console import Console
from rich.table import Table

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.digits import train_digits
from pennylane_qstore.train.examples.digits.circuit import make_circuit
from pennylane_qstore.train.examples.digits.dataset import Digits
from pennylane_qstore.train.examples.optimizers import circuits_per_sample
from pennylane_qstore.train.examples.options import (
    ENTANGLEMENTS,
    ClassifierOptions,
    RunOptions,
    TrainOptions,
)
from pennylane_qstore.train.examples.pictures import train_pictures
from pennylane_qstore.train.examples.pictures.dataset import load_pictures
from pennylane_qstore.train.examples.setup import make_device
from pennylane_qstore.train.history import Measured
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Trainer

_VALIDATION = 0.2  # of the samples, if no other fraction is given


@dataclass(slots=True)
class Trial:
    """A candidate and its training so far.

    Attributes:
        layers: of the circuit
        entanglement: of a layer
        trainer: trains the candidate
        circuits_per_step: circuits of a step
        validation: samples to measure the candidate on, one circuit each
        circuits: run so far
        measured: the last result on the validation samples; None before the first
    """

    layers: int
    entanglement: str
    trainer: Trainer
    circuits_per_step: int
    validation: Samples
    circuits: int = 0
    measured: Measured | None = None

    def advance(self, circuits: int) -> None:
        """Train, and measure, with at most so many circuits."""
        steps = (circuits - len(self.validation)) // self.circuits_per_step
        n_before = len(self.trainer.history)
        self.trainer.plan = replace(self.trainer.plan, steps=n_before + steps)
        self.trainer.fit()
        self.measured = self.trainer.learner.measure(self.validation)
        self.circuits += steps * self.circuits_per_step + len(self.validation)

    @property
    def loss(self) -> float:
        """The loss on the validation samples; infinite before the first measurement."""
        return float("inf") if self.measured is None else self.measured.loss


def search(trials: Sequence[Trial], budget: int) -> list[Trial]:
    """Successive halving (Jamieson and Talwalkar, arXiv:1502.07943).

    Each round has an equal part of the budget. All candidates train in the first; after each
    round, the better half stays, until one is left.

    Args:
        trials: one for each candidate, before their first steps
        budget: circuits that may run in all

    Returns:
        the trials, the best first: ordered by the round they reached, then by their loss

    Raises:
        OptionError: the budget is too small for one step of each candidate
    """
    rounds = max(1, ceil(log2(len(trials))))
    per_round = budget // rounds
    least = max(trial.circuits_per_step + len(trial.validation) for trial in trials)
    if per_round // len(trials) < least:
        needed = rounds * len(trials) * least
        raise OptionError("circuits", budget, f"a step of each candidate needs {needed}")
    remaining, dropped = list(trials), list[Trial]()
    for _ in range(rounds):
        for trial in remaining:
            trial.advance(per_round // len(remaining))
        remaining.sort(key=lambda trial: trial.loss)
        half = ceil(len(remaining) / 2)
        dropped = remaining[half:] + dropped
        remaining = remaining[:half]
    return remaining + dropped


def depths(most: int) -> list[int]:
    """Return 1, 2, 4, … below a number of layers, and that number."""
    return sorted({2**power for power in range(most.bit_length()) if 2**power < most} | {most})


def run_search(options: RunOptions, budget: int) -> list[Trial]:
    """Search for the options of a training, and print the candidates and the best one.

    Args:
        options: of the training; no candidate has more layers
        budget: circuits that may run in all

    Returns:
        the trials, the best first
    """
    console = Console(highlight=False)
    options = replace(options, name=None, resume=False, patience=None,
                      validation=options.validation or _VALIDATION)  # fmt: skip
    assert isinstance(options, TrainOptions | ClassifierOptions)
    make = _digits_trials if isinstance(options, TrainOptions) else _picture_trials
    device, make_trial = make(options)
    with qml.Tracker(device) as tracker:
        trials = [
            make_trial(layers, entanglement, tracker)
            for layers, entanglement in product(depths(options.layers), ENTANGLEMENTS)
        ]
        trials = search(trials, budget)
    _show(trials, console)
    best = trials[0]
    console.print(
        f"best: --layers {best.layers} --entanglement {best.entanglement}; "
        f"{sum(trial.circuits for trial in trials)} of {budget} circuits",
        soft_wrap=True,
    )
    return trials


_Maker = Callable[[int, str, Any], Trial]  # of layers, entanglement, tracker


def _digits_trials(options: Any) -> tuple[Any, _Maker]:
    """Return the device, and a function that makes the trials of two digits."""
    digits = Digits.load(options.classes, options.wires, options.seed)
    device = make_device(options.wires, options.backend, options.seed, **options.device)

    def trial(layers: int, entanglement: str, tracker: Any) -> Trial:
        candidate = replace(options, layers=layers, entanglement=entanglement)
        circuit = make_circuit(device, layers, options.shots, entanglement)
        trainer = train_digits.make_trainer(circuit, digits.train, candidate, tracker)
        per_sample = circuits_per_sample(options.optimizer, trainer.learner.weights.size)
        return _trial(layers, entanglement, trainer, per_sample)

    return device, trial


def _picture_trials(options: Any) -> tuple[Any, _Maker]:
    """Return a device, and a function that makes the trials of ten classes.

    They run on the statevector simulator, where a sample's gradient counts as one circuit.
    """
    pictures, notice = load_pictures(options.data, options.seed)
    if notice is not None:
        Console(highlight=False).print(notice, soft_wrap=True)
    pictures = pictures.reduced(train_pictures.FEATURES)

    def trial(layers: int, entanglement: str, tracker: Any) -> Trial:
        candidate = replace(options, layers=layers, entanglement=entanglement)
        classifier = train_pictures.make_classifier(candidate, pictures)
        trainer = train_pictures.make_trainer(classifier, pictures.train, candidate, None, tracker)
        return _trial(layers, entanglement, trainer, 1)

    return qml.device("default.qubit"), trial


def _trial(layers: int, entanglement: str, trainer: Trainer, per_sample: int) -> Trial:
    # The search measures by itself, where the budget has room.
    validation, trainer.validation = trainer.validation, None
    assert validation is not None
    per_step = per_sample * trainer.batches.size
    return Trial(layers, entanglement, trainer, per_step, validation)


def _show(trials: Sequence[Trial], console: Console) -> None:
    """Print a row for each trial."""
    table = Table("layers", "entanglement", "weights", "steps", "circuits", "loss", "accuracy")
    for trial in trials:
        assert trial.measured is not None
        table.add_row(
            str(trial.layers),
            trial.entanglement,
            str(trial.trainer.learner.weights.size),
            str(len(trial.trainer.history)),
            str(trial.circuits),
            f"{trial.measured.loss:.3f}",
            f"{trial.measured.accuracy:.1%}",
        )
    console.print(table)
