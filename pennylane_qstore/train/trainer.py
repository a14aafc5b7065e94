"""Samples and weights to better weights, step by step."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore import QNSPSAOptimizer
from pennylane_qstore.train.data import Samples
from pennylane_qstore.train.options import TrainOptions

# How far SPSA and QN-SPSA look to each side, in radians. Smaller, and shot noise hides the slope.
LOOK = 0.2
# What is added to QN-SPSA's metric. Smaller, and it takes noise for directions to run along.
REGULARIZATION = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to; seconds, jobs and circuits count from the start.

    Attributes:
        number: from 1
        loss: mean square error of the scores the optimizer asked for in this step
        accuracy: share of those scores with the right sign
        seconds: since the first step began
        jobs: sent so far
        circuits: run so far
        weights: after the step
    """

    number: int
    loss: float
    accuracy: float
    seconds: float
    jobs: int
    circuits: int
    weights: Any = field(repr=False, compare=False)


class SquareLoss:
    """Mean square error to one batch's labels, with a memory of the scores it has seen.

    Watching a training so costs no circuit of its own.
    """

    def __init__(self, labels: Any) -> None:
        self.labels = labels
        self.seen: list[Any] = []

    def __call__(self, scores: Any) -> Any:
        """The loss of a batch of scores, in any PennyLane interface."""
        self.seen.extend(qml.math.unwrap([scores]))
        return qml.math.mean((scores - self.labels) ** 2)

    @property
    def mean(self) -> float:
        """The loss, averaged over the scores seen."""
        return float(np.mean((np.array(self.seen) - self.labels) ** 2))

    @property
    def accuracy(self) -> float:
        """The accuracy, averaged over the scores seen."""
        return float(np.mean([accuracy(scores, self.labels) for scores in self.seen]))


def accuracy(scores: Any, labels: Any) -> float:
    """The share of scores whose sign is the label's.

    Args:
        scores: between -1 and +1
        labels: -1 or +1

    Returns:
        between 0 and 1
    """
    return float(np.mean(np.where(np.asarray(scores) > 0, 1, -1) == labels))


def train(
    circuit: Any, weights: Any, samples: Samples, options: TrainOptions, tracker: Any
) -> Iterator[Step]:
    """Train a circuit, one batch a step.

    Args:
        circuit: ``circuit(weights, features)``, one score a sample
        weights: to start from
        samples: to learn from
        options: how
        tracker: an active ``qml.Tracker`` of the circuit's device

    Yields:
        each step as soon as it is done
    """
    rng = np.random.default_rng(options.seed)
    update = make_update(circuit, options)
    start = time.perf_counter()
    for number in range(1, options.pace.steps + 1):
        batch = samples.draw(options.batch_size, rng)
        loss = SquareLoss(batch.labels)
        with numpy_seed(int(rng.integers(2**32))):
            weights = update(weights, batch.features, loss)
        yield Step(
            number=number,
            loss=loss.mean,
            accuracy=loss.accuracy,
            seconds=time.perf_counter() - start,
            jobs=count_jobs(tracker),
            circuits=count_circuits(tracker),
            weights=weights,
        )


def make_update(circuit: Any, options: TrainOptions) -> Callable[[Any, Any, SquareLoss], Any]:
    """One optimizer step as a function from weights, features and loss to new weights.

    Args:
        circuit: the QNode
        options: which optimizer, and its step

    Returns:
        the function
    """
    if options.optimizer == "qnspsa":
        natural = QNSPSAOptimizer(
            stepsize=options.pace.stepsize,
            regularization=REGULARIZATION,
            finite_diff_step=LOOK,
            blocking=False,
            seed=options.seed,
        )
        # QN-SPSA takes the QNode itself, because it also measures the metric of its states.
        return lambda weights, features, loss: natural.step(
            circuit, weights, features=features, loss=loss
        )
    plain = make_spsa(options) if options.optimizer == "spsa" else make_adam(options)
    return lambda weights, features, loss: plain.step(
        lambda weights: loss(circuit(weights, features)), weights
    )


def make_spsa(options: TrainOptions) -> Any:
    """PennyLane's SPSA, its gain set so that the first step has the length asked for."""
    stability = 0.1 * options.pace.steps
    alpha = 0.602
    gain = options.pace.stepsize * (stability + 1) ** alpha
    return qml.SPSAOptimizer(A=stability, a=gain, alpha=alpha, c=LOOK)


def make_adam(options: TrainOptions) -> Any:
    """PennyLane's Adam, fed by parameter-shift gradients."""
    return qml.AdamOptimizer(options.pace.stepsize)


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed ``np.random``, where PennyLane's SPSA draws from, and put it back afterwards."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


def count_jobs(tracker: Any) -> int:
    """Jobs so far; on a device that has none, batches."""
    return int(tracker.totals.get("jobs", tracker.totals.get("batches", 0)))


def count_circuits(tracker: Any) -> int:
    """Circuits so far, under the device's own name or PennyLane's."""
    return int(tracker.totals.get("circuits", tracker.totals.get("executions", 0)))
