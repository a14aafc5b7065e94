"""What each step of a training came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model did on some samples.

    Attributes:
        loss: the mean over them
        accuracy: share of them that it got right
        gradient: length of the loss's gradient, where it is known
    """

    loss: float
    accuracy: float
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to; seconds, jobs, circuits, queue and cost count from the start.

    Attributes:
        number: from 1
        loss: of the batch, averaged over the scores that the optimizer asked for
        accuracy: share of those scores that were right
        seconds: since the first step began, without the time between a kill and its resume
        jobs: sent so far
        circuits: run so far
        weights: after the step
        epoch: from 1
        queue: seconds that jobs waited over there
        cost: that jobs were charged
        gradient: length of the gradient; None where it isn't tracked or the optimizer has none
        validation: what the weights after the step do on samples kept aside; None where unasked
    """

    number: int
    loss: float
    accuracy: float
    seconds: float
    jobs: int
    circuits: int
    weights: Any = field(repr=False, compare=False)
    epoch: int = 1
    queue: float = 0.0
    cost: float = 0.0
    gradient: float | None = None
    validation: Measured | None = None


_NUMBERS = [each.name for each in fields(Step) if each.name not in ("weights", "validation")]


def table(steps: Sequence[Step]) -> dict[str, Any]:
    """Steps to columns of numbers, nan where there is none; without the weights.

    Args:
        steps: in order
    """
    columns = {name: [getattr(step, name) for step in steps] for name in _NUMBERS}
    for name in ("loss", "accuracy"):
        columns[f"validation_{name}"] = [
            None if step.validation is None else getattr(step.validation, name) for step in steps
        ]
    return {name: np.array(column, np.float64) for name, column in columns.items()}


def from_table(columns: dict[str, Any]) -> list[Step]:
    """Columns of numbers to steps, whose weights are None."""
    steps = []
    for row in range(len(columns["number"])):
        values = {name: columns[name][row].item() for name in _NUMBERS}
        for name in ("number", "jobs", "circuits", "epoch"):
            values[name] = int(values[name])
        if np.isnan(values["gradient"]):
            values["gradient"] = None
        loss, right = (columns[f"validation_{name}"][row].item() for name in ("loss", "accuracy"))
        validation = None if np.isnan(loss) else Measured(loss, right)
        steps.append(Step(weights=None, validation=validation, **values))
    return steps
