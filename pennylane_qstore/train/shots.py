"""Shot schedules: few shots for early steps, more where shot noise would hide the slope."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore.errors import OptionError
from pennylane_qstore.gathering.replay import replay
from pennylane_qstore.tensors import to_numpy

MOST = 1_000_000  # IonQ's limit for a circuit


class ShotSchedule:
    """The shots of each step, for a training with any optimizer.

    Attributes:
        step: number of the current step, from 0

    **Example**

    >>> schedule = geometric(100, factor=1.05, most=2000)
    >>> for _ in range(100):
    ...     weights = opt.step(schedule.on(circuit), weights)
    ...     schedule.advance()
    """

    def __init__(self, rule: Callable[[int], float]) -> None:
        """Start at step 0.

        Args:
            rule: maps a step's number to its shots, which are rounded up
        """
        self.step = 0
        self._rule = rule
        self._set: tuple[Any, int, Any] | None = None

    @property
    def shots(self) -> int:
        """The shots of this step's circuits.

        Raises:
            OptionError: the rule gives less than 1, or more than IonQ's limit
        """
        shots = math.ceil(self._rule(self.step))
        if not 1 <= shots <= MOST:
            raise OptionError("shots", shots, f"step {self.step} needs 1 to {MOST:,}")
        return shots

    def advance(self) -> None:
        """Go to the next step."""
        self.step += 1

    def on(self, qnode: Any) -> Any:
        """Return a QNode with this step's shots, the same object while they are the same."""
        if self._set is None or self._set[:2] != (qnode, self.shots):
            self._set = qnode, self.shots, qml.set_shots(qnode, self.shots)
        return self._set[2]


def constant(shots: int) -> ShotSchedule:
    """Return a schedule with the same shots in each step."""
    return ShotSchedule(lambda _: shots)


def stepped(milestones: Mapping[int, int]) -> ShotSchedule:
    """Make a schedule whose shots change at given steps.

    Args:
        milestones: the first step of each stage, and its shots, as {0: 100, 50: 1000}

    Returns:
        the schedule

    Raises:
        OptionError: no stage begins at step 0
    """
    if 0 not in milestones:
        raise OptionError("milestones", dict(milestones), "the first stage begins at step 0")
    begins = sorted(milestones)
    return ShotSchedule(lambda step: milestones[max(b for b in begins if b <= step)])


def geometric(first: int, factor: float, most: int = MOST) -> ShotSchedule:
    """Make a schedule whose shots grow by a factor with each step.

    Args:
        first: shots of step 0
        factor: from one step to the next, at least 1
        most: shots of any step

    Returns:
        the schedule

    Raises:
        OptionError: the factor is less than 1
    """
    if factor < 1:
        raise OptionError("factor", factor, "use 1 or more")
    ceiling = math.log(most / first) / math.log(factor) if factor > 1 else math.inf
    return ShotSchedule(lambda step: most if step >= ceiling else first * factor**step)


class VarianceDriven(ShotSchedule):
    """Shots from the variance of the last gradients.

    The rule of gCANS (Gu, Lowe, Dub, Coles and Arrasmith, arXiv:2108.10434, equation 8), which
    PennyLane's ``ShotAdaptiveOptimizer`` applies to each parameter: the shots with the largest
    expected decrease of the loss per shot. All circuits of a step have the mean of its parameters'
    shots. The variance is measured between parts of the shots (a shot vector). Variance and slope
    are averaged over steps.

    Attributes:
        least: shots of any step, at least
        most: shots of any step, at most
        parts: of a step's shots, whose gradients are compared
        memory: weight of earlier steps in the averages

    **Example**

    >>> schedule = VarianceDriven(least=20, most=2000, stepsize=0.1, lipschitz=3.0)
    >>> gradient = schedule.grad_fn(circuit)
    >>> for _ in range(100):
    ...     weights, loss = opt.step_and_cost(circuit, weights, grad_fn=gradient)
    ...     schedule.advance()
    """

    def __init__(
        self, least: int, most: int, *, stepsize: float, lipschitz: float,
        parts: int = 10, memory: float = 0.9,
    ) -> None:  # fmt: skip
        """Start with the fewest shots.

        Args:
            least: shots of any step, at least
            most: shots of any step, at most
            stepsize: of the optimizer
            lipschitz: Lipschitz constant of the gradient: for an observable, the sum of the
                absolute values of its coefficients
            parts: of a step's shots, whose gradients are compared; at least 2
            memory: weight of earlier steps in the averages, from 0 to less than 1

        Raises:
            OptionError: a step size for which the rule has no solution, or fewer shots than parts
        """
        super().__init__(lambda _: self._wanted)
        if not 0 < stepsize < 2 / lipschitz:
            raise OptionError("stepsize", stepsize, f"the rule needs less than {2 / lipschitz:.4g}")
        if not 2 <= parts <= least <= most:  # noqa: PLR2004  a variance needs two
            raise OptionError("least", least, f"use {parts} (its parts) to {most} (the most)")
        self.least, self.most, self.parts, self.memory = least, most, parts, memory
        self._gain = 2 * lipschitz * stepsize / (2 - lipschitz * stepsize)
        self._wanted = float(least)
        self._slope: Any = 0.0
        self._variance: Any = 0.0
        self._n_observed = 0

    def observe(self, gradients: Any) -> None:
        """Update the averages, and with them the shots of the next steps.

        Args:
            gradients: each from an equal part of this step's shots, shape (parts, …)
        """
        flat = np.asarray(gradients, dtype=float).reshape(len(gradients), -1)
        of_a_shot = flat.var(axis=0, ddof=1) * (self.shots / len(flat))
        self._n_observed += 1
        self._slope = self.memory * self._slope + (1 - self.memory) * flat.mean(axis=0)
        self._variance = self.memory * self._variance + (1 - self.memory) * of_a_shot
        bias = 1 - self.memory**self._n_observed
        spread = np.sqrt(self._variance / bias).sum()
        steepness = ((self._slope / bias) ** 2).sum()
        wanted = self._gain * spread**2 / flat.shape[1] / max(steepness, 1e-12)
        self._wanted = float(np.clip(wanted, self.least, self.most))

    def grad_fn(self, qnode: Any) -> Callable[..., Any]:
        """Make a QNode's gradient function, with this step's shots; it updates the averages.

        Args:
            qnode: with one value

        Returns:
            a function for an optimizer's ``grad_fn=``; value and gradient are one job
        """
        return _Observed(self, qnode)


class _Observed:
    """A gradient function by parts of the shots; ``forward`` is the value at its last call."""

    forward: Any = None

    def __init__(self, schedule: VarianceDriven, qnode: Any) -> None:
        self._schedule, self._qnode = schedule, qnode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the gradient by each trainable argument, as ``qml.grad`` does."""
        parts = self._schedule.parts
        vector = qml.set_shots(self._qnode, [-(-self._schedule.shots // parts)] * parts)

        def of_parts(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            recorded: list[Any] = []

            def values(*args: Any, **kwargs: Any) -> Any:
                stacked = qml.math.stack(vector(*args, **kwargs))
                recorded.append(to_numpy(stacked))
                return stacked

            return qml.jacobian(values)(*args, **kwargs), recorded[0]

        jacobians, values = replay(of_parts)(*args, **kwargs)
        self.forward = np.mean(values)
        each = jacobians if isinstance(jacobians, tuple) else (jacobians,)
        self._schedule.observe(np.hstack([np.reshape(one, (parts, -1)) for one in each]))
        means = tuple(np.mean(one, axis=0) for one in each)
        return means if isinstance(jacobians, tuple) else means[0]
