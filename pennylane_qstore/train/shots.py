"""How many shots a step takes: few while steps are long, more where noise would hide the slope."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore.errors import OptionError
from pennylane_qstore.gathering.replay import replay
from pennylane_qstore.tensors import to_numpy

MOST = 1_000_000  # that IonQ takes a circuit


class ShotSchedule:
    """Shots by the step, for a training with any optimizer.

    Attributes:
        step: from 0

    **Example**

    >>> schedule = geometric(100, factor=1.05, most=2000)
    >>> for _ in range(100):
    ...     weights = opt.step(schedule.on(circuit), weights)
    ...     schedule.advance()
    """

    def __init__(self, rule: Callable[[int], float]) -> None:
        """Begins at step 0.

        Args:
            rule: a step's number to its shots, which are rounded up
        """
        self.step = 0
        self._rule = rule
        self._set: tuple[Any, int, Any] | None = None

    @property
    def shots(self) -> int:
        """Of this step's circuits.

        Raises:
            OptionError: the rule gives less than 1, or more than IonQ takes
        """
        shots = math.ceil(self._rule(self.step))
        if not 1 <= shots <= MOST:
            raise OptionError("shots", shots, f"step {self.step} needs 1 to {MOST:,}")
        return shots

    def advance(self) -> None:
        """Goes on to the next step."""
        self.step += 1

    def on(self, qnode: Any) -> Any:
        """A QNode with this step's shots; the same object for as long as they are the same.

        Args:
            qnode: any QNode; its own shots don't matter
        """
        if self._set is None or self._set[:2] != (qnode, self.shots):
            self._set = qnode, self.shots, qml.set_shots(qnode, self.shots)
        return self._set[2]


def constant(shots: int) -> ShotSchedule:
    """The same shots in every step.

    Args:
        shots: of each circuit
    """
    return ShotSchedule(lambda _: shots)


def stepped(milestones: Mapping[int, int]) -> ShotSchedule:
    """Shots that change at some steps.

    Args:
        milestones: the first step of each stage, and its shots, as {0: 100, 50: 1000}

    Raises:
        OptionError: nothing is said of step 0
    """
    if 0 not in milestones:
        raise OptionError("milestones", dict(milestones), "the first stage begins at step 0")
    begins = sorted(milestones)
    return ShotSchedule(lambda step: milestones[max(b for b in begins if b <= step)])


def geometric(first: int, factor: float, most: int = MOST) -> ShotSchedule:
    """Shots that grow by a factor with each step.

    Args:
        first: of step 0
        factor: from one step to the next
        most: of any step

    Raises:
        OptionError: the factor is less than 1
    """
    if factor < 1:
        raise OptionError("factor", factor, "use 1 or more")
    ceiling = math.log(most / first) / math.log(factor) if factor > 1 else math.inf
    return ShotSchedule(lambda step: most if step >= ceiling else first * factor**step)


class VarianceDriven(ShotSchedule):
    """Shots from the noise that the last gradients had.

    The rule of gCANS (Gu, Lowe, Dub, Coles and Arrasmith, arXiv:2108.10434, equation 8), which
    PennyLane's ``ShotAdaptiveOptimizer`` has by parameter: the shots that win most, for each one
    spent, on the way down. All circuits of a step take the mean of its parameters' shots. The
    noise is seen between parts of the shots (a shot vector), and both noise and slope are averaged
    over steps.

    Attributes:
        parts: of a step's shots, whose gradients are compared

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
        """Begins with the least.

        Args:
            least: shots of any step
            most: shots of any step
            stepsize: of the optimizer
            lipschitz: how fast the gradient can change: for an observable, the sum of the absolute
                values of its coefficients
            parts: to compare; at least 2
            memory: share of what was seen before in the averages, between 0 and 1

        Raises:
            OptionError: a stepsize for which the rule has no answer, or fewer shots than parts
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
        self._seen = 0

    def observe(self, gradients: Any) -> None:
        """Learns from gradients that parts of the shots gave, for the steps to come.

        Args:
            gradients: each from an equal part of this step's shots, shape (parts, …)
        """
        flat = np.asarray(gradients, dtype=float).reshape(len(gradients), -1)
        of_a_shot = flat.var(axis=0, ddof=1) * (self.shots / len(flat))
        self._seen += 1
        self._slope = self.memory * self._slope + (1 - self.memory) * flat.mean(axis=0)
        self._variance = self.memory * self._variance + (1 - self.memory) * of_a_shot
        begun = 1 - self.memory**self._seen
        spread = np.sqrt(self._variance / begun).sum()
        steepness = ((self._slope / begun) ** 2).sum()
        wanted = self._gain * spread**2 / flat.shape[1] / max(steepness, 1e-12)
        self._wanted = float(np.clip(wanted, self.least, self.most))

    def grad_fn(self, qnode: Any) -> Callable[..., Any]:
        """A QNode to its gradient with this step's shots, which is learned from.

        Args:
            qnode: of one value

        Returns:
            what an optimizer's ``grad_fn=`` takes; value and gradient are one job
        """
        return _Observed(self, qnode)


class _Observed:
    """A gradient in parts; its ``forward`` is the value."""

    forward: Any = None

    def __init__(self, schedule: VarianceDriven, qnode: Any) -> None:
        self._schedule, self._qnode = schedule, qnode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient by each trainable argument, as ``qml.grad`` gives it."""
        parts = self._schedule.parts
        vector = qml.set_shots(self._qnode, [-(-self._schedule.shots // parts)] * parts)

        def of_parts(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            seen: list[Any] = []

            def values(*args: Any, **kwargs: Any) -> Any:
                stacked = qml.math.stack(vector(*args, **kwargs))
                seen.append(to_numpy(stacked))
                return stacked

            return qml.jacobian(values)(*args, **kwargs), seen[0]

        jacobians, values = replay(of_parts)(*args, **kwargs)
        self.forward = np.mean(values)
        each = jacobians if isinstance(jacobians, tuple) else (jacobians,)
        self._schedule.observe(np.hstack([np.reshape(one, (parts, -1)) for one in each]))
        means = tuple(np.mean(one, axis=0) for one in each)
        return means if isinstance(jacobians, tuple) else means[0]
