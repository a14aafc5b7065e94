"""Learners: what one step of a training does, for a QNode or for a loss with its own gradient."""

from collections.abc import Callable, Iterator
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


class SquareLoss:
    """Mean square error to one batch's labels, which records the scores that it receives.

    So loss and accuracy of a step need no circuits of their own.

    Attributes:
        labels: of the batch, shape (samples,)
        scores: arrays of shape (samples,), one for each evaluation
    """

    def __init__(self, labels: Any) -> None:
        self.labels = labels
        self.scores: list[Any] = []

    def __call__(self, scores: Any) -> Any:
        """Return the loss of scores of any PennyLane interface."""
        if not recorded():  # else the scores are placeholders
            self.scores.append(to_numpy(scores))
        return qml.math.mean((scores - self.labels) ** 2)

    def measured(self, gradient: float | None = None) -> Measured:
        """Return loss and accuracy, averaged over the recorded scores."""
        return Measured(
            float(np.mean((np.array(self.scores) - self.labels) ** 2)),
            float(np.mean([accuracy(scores, self.labels) for scores in self.scores])),
            gradient,
        )


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
    """

    def __init__(
        self,
        circuit: Any,
        weights: Any,
        optimizer: Any,
        *,
        weight_decay: float = 0.0,
        track_gradient: bool = False,
        shots: ShotSchedule | None = None,
        seed: int = 1,
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

        Raises:
            OptionError: the schedule needs gradients
        """
        self.circuit, self.weights, self.optimizer = circuit, weights, optimizer
        if isinstance(shots, VarianceDriven):
            raise OptionError(
                "shots", shots, "this learner gives it no gradients: use another schedule"
            )
        self.weight_decay, self.track_gradient, self.shots = weight_decay, track_gradient, shots
        self._rng = np.random.default_rng([seed, 1])

    def step(self, batch: Samples) -> Measured:
        """Return loss and accuracy on a batch, after one step on its square loss."""
        loss = SquareLoss(batch.labels)
        gradient: list[float] = []
        with numpy_seed(int(self._rng.integers(2**32))):
            self.weights = self._stepped(batch, loss, gradient)
        if self.shots is not None:
            self.shots.advance()
        self.weights = (1 - self.weight_decay) * self.weights
        return loss.measured(gradient[0] if gradient else None)

    def _stepped(self, batch: Samples, loss: SquareLoss, gradient: list[float]) -> Any:
        circuit = self.circuit if self.shots is None else self.shots.on(self.circuit)
        if isinstance(self.optimizer, qml.QNSPSAOptimizer):
            # It needs the QNode itself, because it also measures the metric of its states.
            given = {"features": batch.features, "loss": loss}
            if self.optimizer.blocking:  # measures the loss, of which step() would warn
                return self.optimizer.step_and_cost(circuit, self.weights, **given)[0]
            return self.optimizer.step(circuit, self.weights, **given)

        def objective(weights: Any) -> Any:
            return loss(circuit(weights, batch.features))

        if "grad_fn" not in signature(self.optimizer.step).parameters:
            return self.optimizer.step(objective, self.weights)
        both = grad_fn(objective)

        def slopes(weights: Any) -> Any:
            value = both(weights)
            if self.track_gradient:
                gradient.append(float(np.linalg.norm(value)))
            return value

        return self.optimizer.step(objective, self.weights, grad_fn=slopes)

    def measure(self, samples: Samples) -> Measured:
        """Return loss and accuracy on samples, which run as one batch."""
        loss = SquareLoss(samples.labels)
        loss(self.circuit(self.weights, samples.features))
        return loss.measured()

    def state(self) -> dict[str, Any]:
        """Return the weights, the optimizer's state, and the random generator."""
        return {
            "weights": self.weights,
            "optimizer": attributes(self.optimizer),
            "rng": deepcopy(self._rng),
            "shots": None if self.shots is None else self.shots.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights, self._rng = state["weights"], state["rng"]
        restore_attributes(self.optimizer, state["optimizer"])
        if self.shots is not None:
            self.shots.step = state["shots"] or 0


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
