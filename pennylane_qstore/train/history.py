"""The results of each step of a training."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Measured:
    """Loss and accuracy of a model on some samples.

    Attributes:
        loss: the mean over the samples
        accuracy: fraction of the samples that are classified correctly, 0 to 1
        gradient: length of the loss's gradient, or None if it isn't known
    """

    loss: float
    accuracy: float
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The results of one step; seconds, jobs, circuits, queue and cost count from the first step.

    Attributes:
        number: from 1
        loss: of the batch, averaged over the scores that the optimizer asked for
        accuracy: fraction of those scores that were right, 0 to 1
        seconds: since the first step began, without the time between a kill and its resume
        jobs: sent so far; None without a meter that has a tracker
        circuits: run so far; None without a meter that has a tracker
        weights: after the step
        epoch: from 1
        queue: seconds that jobs waited at IonQ; None without a meter that has a tracker
        cost: charged for jobs so far; None without a meter that has a tracker
        gradient: length of the gradient; None if it isn't tracked or the optimizer has none
        validation: loss and accuracy of the weights after the step on samples kept aside, or None
    """

    number: int
    loss: float
    accuracy: float
    seconds: float
    jobs: int | None
    circuits: int | None
    weights: Any = field(repr=False, compare=False)
    epoch: int = 1
    queue: float | None = None
    cost: float | None = None
    gradient: float | None = None
    validation: Measured | None = None


_COLUMNS = [each.name for each in fields(Step) if each.name not in ("weights", "validation")]
_INTEGERS = {"number", "jobs", "circuits", "epoch"}
_VALIDATION = ("loss", "accuracy")


def table(steps: Sequence[Step]) -> dict[str, Any]:
    """Return the steps as columns, each of shape (steps,), nan for None; without the weights."""
    columns = {name: [getattr(step, name) for step in steps] for name in _COLUMNS}
    for name in _VALIDATION:
        columns[f"validation_{name}"] = [
            None if step.validation is None else getattr(step.validation, name) for step in steps
        ]
    return {name: np.array(column, np.float64) for name, column in columns.items()}


def from_table(columns: dict[str, Any]) -> list[Step]:
    """Return the steps of columns that ``table`` made; their weights are None."""

    def value(name: str, row: int) -> Any:
        number = columns[name][row].item()
        if np.isnan(number):
            return None
        return int(number) if name in _INTEGERS else number

    steps = []
    for row in range(len(columns["number"])):
        loss, accuracy = (value(f"validation_{name}", row) for name in _VALIDATION)
        validation = None if loss is None else Measured(loss, accuracy)
        values = {name: value(name, row) for name in _COLUMNS}
        steps.append(Step(weights=None, validation=validation, **values))
    return steps
