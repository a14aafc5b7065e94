"""What can learn: a QNode or a circuit's twin with one of PennyLane's optimizers."""

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

# Weights and samples to loss, accuracy and the loss's derivatives by the weights.
OwnGradient = Callable[[Any, Samples], tuple[Measured, Any]]


class Learner(Protocol):
    """What a trainer drives."""

    @property
    def weights(self) -> Any:
        """What is learned."""

    @weights.setter
    def weights(self, value: Any) -> None: ...

    def step(self, batch: Samples) -> Measured:
        """One optimizer step; what the model did on the batch while it was made."""

    def measure(self, samples: Samples) -> Measured:
        """What the model does on samples, without learning from them."""

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, in values that a checkpoint keeps."""

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as a state says."""


class SquareLoss:
    """Mean square error to one batch's labels, with a memory of the scores it has seen.

    Watching a training so costs no circuit of its own.
    """

    def __init__(self, labels: Any) -> None:
        self.labels = labels
        self.seen: list[Any] = []

    def __call__(self, scores: Any) -> Any:
        """The loss of a batch of scores, in any PennyLane interface."""
        if not recorded():  # else they are made up
            self.seen.append(to_numpy(scores))
        return qml.math.mean((scores - self.labels) ** 2)

    def measured(self, gradient: float | None = None) -> Measured:
        """Loss and accuracy, averaged over the scores seen."""
        return Measured(
            float(np.mean((np.array(self.seen) - self.labels) ** 2)),
            float(np.mean([accuracy(scores, self.labels) for scores in self.seen])),
            gradient,
        )


def accuracy(scores: Any, labels: Any) -> float:
    """The share of scores whose sign is the label's.

    Args:
        scores: between -1 and +1
        labels: -1 or +1

    Returns:
        between 0 and 1
    """
    return float(np.mean(np.where(np.asarray(scores) > 0, 1, -1) == labels))


class CircuitLearner:
    """A circuit ``circuit(weights, features)`` with one score a sample, and an optimizer.

    Attributes:
        circuit: a QNode
        weights: an array of PennyLane's NumPy, trainable
        optimizer: PennyLane's, or one with the same ``step``
        weight_decay: share of the weights that each step takes off (decoupled, as in AdamW)
        track_gradient: whether gradients are measured; SPSA's and QN-SPSA's stay inside them
        shots: of each step, by a rule; None leaves them to the circuit
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
        self.circuit, self.weights, self.optimizer = circuit, weights, optimizer
        if isinstance(shots, VarianceDriven):
            raise OptionError(
                "shots", shots, "this learner shows it no gradients: use a fixed rule"
            )
        self.weight_decay, self.track_gradient, self.shots = weight_decay, track_gradient, shots
        self._rng = np.random.default_rng([seed, 1])

    def step(self, batch: Samples) -> Measured:
        """One step on the square loss of a batch."""
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
            # It takes the QNode itself, because it also measures the metric of its states.
            given = {"features": batch.features, "loss": loss}
            if self.optimizer.blocking:  # which measures the loss, and step() would warn of that
                return self.optimizer.step_and_cost(circuit, self.weights, **given)[0]
            return self.optimizer.step(circuit, self.weights, **given)

        def objective(weights: Any) -> Any:
            return loss(circuit(weights, batch.features))

        if "grad_fn" not in signature(self.optimizer.step).parameters:
            return self.optimizer.step(objective, self.weights)
        both = grad_fn(objective)

        def slopes(weights: Any) -> Any:
            found = both(weights)
            if self.track_gradient:
                gradient.append(float(np.linalg.norm(found)))
            return found

        return self.optimizer.step(objective, self.weights, grad_fn=slopes)

    def measure(self, samples: Samples) -> Measured:
        """Loss and accuracy on samples, all in one batch."""
        loss = SquareLoss(samples.labels)
        loss(self.circuit(self.weights, samples.features))
        return loss.measured()

    def state(self) -> dict[str, Any]:
        """Weights, the optimizer's memory, and where the chance stands."""
        return {
            "weights": self.weights,
            "optimizer": attributes(self.optimizer),
            "rng": deepcopy(self._rng),
            "shots": None if self.shots is None else self.shots.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as a state says."""
        self.weights, self._rng = state["weights"], state["rng"]
        restore_attributes(self.optimizer, state["optimizer"])
        if self.shots is not None:
            self.shots.step = state["shots"] or 0


class GradientLearner:
    """Anything whose loss and gradient are a function of weights and samples, and an optimizer.

    Attributes:
        weights: a flat array
        optimizer: PennyLane's, one that goes by gradients
        weight_decay: share of the weights that each step takes off (decoupled, as in AdamW)
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
        """Sets the learner up.

        Args:
            gradient: weights and samples to what was measured and the gradient
            measured: weights and samples to what was measured
            weights: to start from
            optimizer: that takes the steps
            weight_decay: share of the weights that each step takes off
            stepsizes: a step's number, from 0, to the optimizer's step size; None leaves it alone
            paces: share of the optimizer's step that each weight takes: 0 freezes it
        """
        self.weights = qml.numpy.array(weights, requires_grad=True)
        self.optimizer, self.weight_decay = optimizer, weight_decay
        self._gradient, self._measured = gradient, measured
        self._stepsizes, self._paces, self._steps = stepsizes, paces, 0

    def step(self, batch: Samples) -> Measured:
        """One step on the loss of a batch."""
        if self._stepsizes is not None:
            self.optimizer.stepsize = self._stepsizes(self._steps)
        measured, gradient = self._gradient(np.asarray(self.weights), batch)
        (stepped,) = self.optimizer.apply_grad((gradient,), (self.weights,))
        step = stepped - self.weights - self.weight_decay * self.weights
        self.weights = self.weights + self._paces * step
        self._steps += 1
        return Measured(measured.loss, measured.accuracy, float(np.linalg.norm(gradient)))

    def measure(self, samples: Samples) -> Measured:
        """Loss and accuracy on samples."""
        return self._measured(np.asarray(self.weights), samples)

    def state(self) -> dict[str, Any]:
        """Weights, steps taken, and the optimizer's memory."""
        return {
            "weights": self.weights,
            "steps": self._steps,
            "optimizer": attributes(self.optimizer),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as a state says."""
        self.weights, self._steps = state["weights"], state["steps"]
        restore_attributes(self.optimizer, state["optimizer"])


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed ``np.random``, where PennyLane's SPSA draws from, and put it back afterwards."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
