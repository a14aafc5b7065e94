"""Depths and entanglements to the one that learns best, within a budget of circuits."""

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

_ASIDE = 0.2  # of the samples, where nothing else is asked for


@dataclass(slots=True)
class Trial:
    """A candidate under way.

    Attributes:
        layers: of the circuit
        entanglement: of a layer
        trainer: of it
        circuits_a_step: that a step costs
        aside: samples that it is measured on, a circuit each
        circuits: that it has cost so far
        measured: on the samples kept aside, last; None before the first time
    """

    layers: int
    entanglement: str
    trainer: Trainer
    circuits_a_step: int
    aside: Samples
    circuits: int = 0
    measured: Measured | None = None

    def advance(self, circuits: int) -> None:
        """Trains on, and measures, for no more than a number of circuits."""
        steps = (circuits - len(self.aside)) // self.circuits_a_step
        begun = len(self.trainer.history)
        self.trainer.plan = replace(self.trainer.plan, steps=begun + steps)
        self.trainer.fit()
        self.measured = self.trainer.learner.measure(self.aside)
        self.circuits += steps * self.circuits_a_step + len(self.aside)

    @property
    def loss(self) -> float:
        """On the samples kept aside."""
        return float("inf") if self.measured is None else self.measured.loss


def search(trials: Sequence[Trial], budget: int) -> list[Trial]:
    """Successive halving (Jamieson and Talwalkar, arXiv:1502.07943).

    All train for a share of the budget; the better half goes on with the next share, until one is
    left.

    Args:
        trials: one a candidate, none begun
        budget: of circuits, which is never passed

    Returns:
        the trials, the best first: those that went further before those that were left behind

    Raises:
        OptionError: the budget has no room for a step of each
    """
    rounds = max(1, ceil(log2(len(trials))))
    share = budget // rounds
    least = max(trial.circuits_a_step + len(trial.aside) for trial in trials)
    if share // len(trials) < least:
        needed = rounds * len(trials) * least
        raise OptionError("circuits", budget, f"a step of each candidate needs {needed}")
    left, behind = list(trials), list[Trial]()
    for _ in range(rounds):
        for trial in left:
            trial.advance(share // len(left))
        left.sort(key=lambda trial: trial.loss)
        half = ceil(len(left) / 2)
        behind = left[half:] + behind
        left = left[:half]
    return left + behind


def depths(most: int) -> list[int]:
    """1, 2, 4, and so on, up to a number of layers, and that number."""
    return sorted({2**power for power in range(most.bit_length()) if 2**power < most} | {most})


def run_search(options: RunOptions, budget: int) -> list[Trial]:
    """Search as the options say, and print what was found.

    Args:
        options: of the training that the search is for; its layers are the most
        budget: of circuits

    Returns:
        the trials, the best first
    """
    console = Console(highlight=False)
    options = replace(options, name=None, resume=False, patience=None,
                      validation=options.validation or _ASIDE)  # fmt: skip
    assert isinstance(options, TrainOptions | ClassifierOptions)
    make = digits_trials if isinstance(options, TrainOptions) else picture_trials
    device, trial_of = make(options)
    with qml.Tracker(device) as tracker:
        trials = [
            trial_of(layers, entanglement, tracker)
            for layers, entanglement in product(depths(options.layers), ENTANGLEMENTS)
        ]
        found = search(trials, budget)
    show(found, console)
    best = found[0]
    console.print(
        f"best: --layers {best.layers} --entanglement {best.entanglement}; "
        f"{sum(trial.circuits for trial in found)} of {budget} circuits",
        soft_wrap=True,
    )
    return found


Maker = Callable[[int, str, Any], Trial]


def digits_trials(options: Any) -> tuple[Any, Maker]:
    """Circuits that learn two digits on the device."""
    digits = Digits.load(options.classes, options.wires, options.seed)
    device = make_device(options.wires, options.backend, options.seed)

    def trial(layers: int, entanglement: str, tracker: Any) -> Trial:
        asked = replace(options, layers=layers, entanglement=entanglement)
        circuit = make_circuit(device, layers, options.shots, entanglement)
        trainer = train_digits.make_trainer(circuit, digits.train, asked, tracker)
        each = circuits_per_sample(options.optimizer, trainer.learner.weights.size)
        return _trial(layers, entanglement, trainer, each)

    return device, trial


def picture_trials(options: Any) -> tuple[Any, Maker]:
    """Classifiers that learn ten classes on their twins: a sample's gradient is one circuit."""
    pictures, notice = load_pictures(options.data, options.seed)
    if notice is not None:
        Console(highlight=False).print(notice, soft_wrap=True)
    pictures = pictures.reduced(train_pictures.FEATURES)

    def trial(layers: int, entanglement: str, tracker: Any) -> Trial:
        asked = replace(options, layers=layers, entanglement=entanglement)
        classifier = train_pictures.make_classifier(asked, pictures)
        trainer = train_pictures.make_trainer(classifier, pictures.train, asked, None, tracker)
        return _trial(layers, entanglement, trainer, 1)

    return qml.device("default.qubit"), trial


def _trial(layers: int, entanglement: str, trainer: Trainer, each: int) -> Trial:
    aside, trainer.validation = trainer.validation, None
    assert aside is not None
    return Trial(layers, entanglement, trainer, each * trainer.batches.size, aside)


def show(trials: Sequence[Trial], console: Console) -> None:
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
