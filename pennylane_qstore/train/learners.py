"""Learners: what one step of a training does, for a QNode or for a loss with its own gradient."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from inspect import signature
from typing import Any, Protocol

import numpy as np
import pennylane as qml

from pennylane_qstore.device.receivers import recorded
from pennylane_qstore.errors import OptionError
from pennylane_qstore.optimize.gradients import grad_fn
from pennylane_qstore.tensors import to_numpy
from pennylane_qstore.train.checkpoint import attributes, restore_attributes
from pennylane_qstore.train.history import Measured
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.shots import ShotSchedule, VarianceDriven

# From weights and samples: loss and accuracy, and the loss's derivatives by the weights.
OwnGradient = Callable[[Any, Samples], tuple[Measured, Any]]


class Learner(Protocol):
    """Takes the steps of a training; ``Trainer`` calls it."""

    @property
    def weights(self) -> Any:
        """The trained weights."""

    @weights.setter
    def weights(self, value: Any) -> None: ...

    def step(self, batch: Samples) -> Measured:
        """Take one optimizer step, and return loss and accuracy on its batch."""

    def measure(self, samples: Samples) -> Measured:
        """Return loss and accuracy on samples, without a step."""

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as values that a checkpoint can keep."""

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""


# From scores and labels, both of shape (samples,): each sample's loss, shape (samples,).
SampleLoss = Callable[[Any, Any], Any]


def square_error(scores: Any, labels: Any) -> Any:
    """Return each sample's squared distance of score and label, shape (samples,)."""
    return (scores - labels) ** 2


class BatchLoss:
    """The mean loss of one batch, which records the scores that it receives.

    So loss and accuracy of a step need no circuits of their own.

    Attributes:
        labels: of the batch, shape (samples,)
        scores: arrays of shape (samples,), one for each evaluation
    """

    def __init__(
        self,
        labels: Any,
        sample_loss: SampleLoss = square_error,
        class_weights: Mapping[Any, float] | None = None,
    ) -> None:
        """Record no scores yet.

        Args:
            labels: of the batch, shape (samples,)
            sample_loss: of each sample
            class_weights: weight of each label in the mean; None, and a label that is missing, is 1
        """
        self.labels = labels
        self.scores: list[Any] = []
        self._sample_loss = sample_loss
        weights = np.array([(class_weights or {}).get(label, 1.0) for label in np.asarray(labels)])
        self._weights = weights / weights.mean()

    def __call__(self, scores: Any) -> Any:
        """Return the loss of scores of any PennyLane interface."""
        if not recorded():  # else the scores are placeholders
            self.scores.append(to_numpy(scores))
        return qml.math.mean(self._weights * self._sample_loss(scores, self.labels))

    def measured(self, gradient: float | None = None) -> Measured:
        """Return loss and accuracy, averaged over the recorded scores."""
        return Measured(
            float(np.mean([self._mean(scores) for scores in self.scores])),
            float(np.mean([accuracy(scores, self.labels) for scores in self.scores])),
            gradient,
        )

    def _mean(self, scores: Any) -> float:
        return float(np.mean(self._weights * to_numpy(self._sample_loss(scores, self.labels))))


def accuracy(scores: Any, labels: Any) -> float:
    """Return the fraction of scores that have the sign of their label (-1 or +1)."""
    return float(np.mean(np.where(np.asarray(scores) > 0, 1, -1) == labels))


class CircuitLearner:
    """A circuit ``circuit(weights, features)`` with one score per sample, and an optimizer.

    Attributes:
        circuit: a QNode
        weights: an array of PennyLane's NumPy, trainable
        optimizer: PennyLane's, or one with the same ``step``
        weight_decay: fraction of the weights that each step subtracts (decoupled, as in AdamW)
        track_gradient: whether the gradient's length is recorded; SPSA and QN-SPSA have none
        shots: schedule of each step's shots; None leaves them to the circuit
        sample_loss: ``sample_loss(scores, labels)``, one value per sample
        class_weights: weight of each label in the mean loss, or None
        max_gradient: length to which longer gradients are cut, or None
        stepsizes: maps a step's number, from 0, to a step size; None keeps the optimizer's

    **Example**

    A loss of your own, rare labels that count three times, and steps that become shorter:

    >>> learner = CircuitLearner(
    ...     circuit, weights, qml.AdamOptimizer(), sample_loss=lambda s, y: qml.math.abs(s - y),
    ...     class_weights={1: 3.0}, stepsizes=lambda step: 0.2 / (1 + step / 10), max_gradient=1.0,
    ... )
    """

    def __init__(  # noqa: PLR0913  they are options, by name
        self,
        circuit: Any,
        weights: Any,
        optimizer: Any,
        *,
        weight_decay: float = 0.0,
        track_gradient: bool = False,
        shots: ShotSchedule | None = None,
        seed: int = 1,
        sample_loss: SampleLoss = square_error,
        class_weights: Mapping[Any, float] | None = None,
        max_gradient: float | None = None,
        stepsizes: Callable[[int], float] | None = None,
    ) -> None:
        """Set up the learner.

        Args:
            circuit: a QNode
            weights: initial ones, an array of PennyLane's NumPy
            optimizer: takes the steps
            weight_decay: fraction of the weights that each step subtracts
            track_gradient: whether the gradient's length is recorded
            shots: schedule of each step's shots
            seed: of SPSA's perturbations
            sample_loss: ``sample_loss(scores, labels)``, one value per sample, in any interface
            class_weights: weight of each label in the mean loss; a label that is missing has 1
            max_gradient: length to which longer gradients are cut
            stepsizes: maps a step's number, from 0, to a step size

        Raises:
            OptionError: the schedule of shots needs gradients, a weight or length isn't positive,
                or the optimizer has no gradient to cut or no step size to set
        """
        self.circuit, self.weights, self.optimizer = circuit, weights, optimizer
        if isinstance(shots, VarianceDriven):
            raise OptionError(
                "shots", shots, "this learner gives it no gradients: use another schedule"
            )
        if max_gradient is not None and not (max_gradient > 0 and self._has_gradient):
            raise OptionError("max_gradient", max_gradient, "more than 0, of an optimizer with one")
        if stepsizes is not None and not hasattr(optimizer, "stepsize"):
            raise OptionError("stepsizes", stepsizes, "this optimizer has no stepsize to set")
        if not all(0 < weight < math.inf for weight in (class_weights or {}).values()):
            raise OptionError("class_weights", class_weights, "use positive numbers")
        self.weight_decay, self.track_gradient, self.shots = weight_decay, track_gradient, shots
        self.sample_loss, self.class_weights = sample_loss, class_weights
        self.max_gradient, self.stepsizes, self._steps = max_gradient, stepsizes, 0
        self._rng = np.random.default_rng([seed, 1])

    def step(self, batch: Samples) -> Measured:
        """Return loss and accuracy on a batch, after one step on its loss."""
        loss = BatchLoss(batch.labels, self.sample_loss, self.class_weights)
        if self.stepsizes is not None:
            self.optimizer.stepsize = self.stepsizes(self._steps)
        gradient: list[float] = []
        with numpy_seed(int(self._rng.integers(2**32))):
            self.weights = self._stepped(batch, loss, gradient)
        if self.shots is not None:
            self.shots.advance()
        self.weights = (1 - self.weight_decay) * self.weights
        self._steps += 1
        return loss.measured(gradient[0] if gradient else None)

    def _stepped(self, batch: Samples, loss: BatchLoss, gradient: list[float]) -> Any:
        circuit = self.circuit if self.shots is None else self.shots.on(self.circuit)
        if isinstance(self.optimizer, qml.QNSPSAOptimizer):
            # It needs the QNode itself, because it also measures the metric of its states.
            given = {"features": batch.features, "loss": loss}
            if self.optimizer.blocking:  # measures the loss, of which step() would warn
                return self.optimizer.step_and_cost(circuit, self.weights, **given)[0]
            return self.optimizer.step(circuit, self.weights, **given)

        def objective(weights: Any) -> Any:
            return loss(circuit(weights, batch.features))

        if not self._has_gradient:
            return self.optimizer.step(objective, self.weights)
        both = grad_fn(objective)

        def slopes(weights: Any) -> Any:
            value = both(weights)
            length = float(np.linalg.norm(value))
            if self.track_gradient:
                gradient.append(length)
            if self.max_gradient is not None and length > self.max_gradient:
                return value * (self.max_gradient / length)
            return value

        return self.optimizer.step(objective, self.weights, grad_fn=slopes)

    @property
    def _has_gradient(self) -> bool:
        return "grad_fn" in signature(self.optimizer.step).parameters

    def measure(self, samples: Samples) -> Measured:
        """Return loss and accuracy on samples, which run as one batch."""
        loss = BatchLoss(samples.labels, self.sample_loss, self.class_weights)
        loss(self.circuit(self.weights, samples.features))
        return loss.measured()

    def state(self) -> dict[str, Any]:
        """Return the weights, the optimizer's state, and the random generator."""
        return {
            "weights": self.weights,
            "optimizer": attributes(self.optimizer),
            "rng": deepcopy(self._rng),
            "shots": None if self.shots is None else self.shots.step,
            "steps": self._steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights, self._rng = state["weights"], state["rng"]
        restore_attributes(self.optimizer, state["optimizer"])
        if self.shots is not None:
            self.shots.step = state["shots"] or 0
        self._steps = state.get("steps", 0)  # earlier versions had no schedules


class GradientLearner:
    """A loss and gradient that are functions of weights and samples, and an optimizer.

    Attributes:
        weights: a flat array
        optimizer: PennyLane's, one with ``apply_grad``
        weight_decay: fraction of the weights that each step subtracts (decoupled, as in AdamW)
    """

    def __init__(
        self,
        gradient: OwnGradient,
        measured: Callable[[Any, Samples], Measured],
        weights: Any,
        optimizer: Any,
        *,
        weight_decay: float = 0.0,
        stepsizes: Callable[[int], float] | None = None,
        paces: Any = 1.0,
    ) -> None:
        """Set up the learner.

        Args:
            gradient: ``gradient(weights, samples)`` returns what was measured, and the gradient
            measured: ``measured(weights, samples)`` returns loss and accuracy
            weights: initial ones
            optimizer: takes the steps
            weight_decay: fraction of the weights that each step subtracts
            stepsizes: maps a step's number, from 0, to a step size; None keeps the optimizer's
            paces: factor of the optimizer's step, for each weight or for all; 0 freezes a weight
        """
        self.weights = qml.numpy.array(weights, requires_grad=True)
        self.optimizer, self.weight_decay = optimizer, weight_decay
        self._gradient, self._measured = gradient, measured
        self._stepsizes, self._paces, self._steps = stepsizes, paces, 0

    def step(self, batch: Samples) -> Measured:
        """Return loss and accuracy on a batch, after one step on its loss."""
        if self._stepsizes is not None:
            self.optimizer.stepsize = self._stepsizes(self._steps)
        measured, gradient = self._gradient(np.asarray(self.weights), batch)
        (stepped,) = self.optimizer.apply_grad((gradient,), (self.weights,))
        step = stepped - self.weights - self.weight_decay * self.weights
        self.weights = self.weights + self._paces * step
        self._steps += 1
        return Measured(measured.loss, measured.accuracy, float(np.linalg.norm(gradient)))

    def measure(self, samples: Samples) -> Measured:
        """Return loss and accuracy on samples."""
        return self._measured(np.asarray(self.weights), samples)

    def state(self) -> dict[str, Any]:
        """Return the weights, the number of steps, and the optimizer's state."""
        return {
            "weights": self.weights,
            "steps": self._steps,
            "optimizer": attributes(self.optimizer),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights, self._steps = state["weights"], state["steps"]
        restore_attributes(self.optimizer, state["optimizer"])


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed ``np.random``, which PennyLane's SPSA draws from, and restore it afterwards.

    Args:
        seed: of the block

    Yields:
        nothing
    """
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
