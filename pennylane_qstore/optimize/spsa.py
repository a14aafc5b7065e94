"""PennyLane's SPSA, whose step is one job."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore.gathering.gather import gather
from pennylane_qstore.gathering.replay import replay as replayed


class SPSAOptimizer(qml.SPSAOptimizer):
    """PennyLane's :class:`~pennylane.SPSAOptimizer`, whose step is one job.

    Both evaluations, and the cost where it is asked for, go together. Random numbers (drawn from
    ``np.random``) and arithmetic are PennyLane's: both optimizers take the same path.

    Args:
        maxiter: the number of steps that are planned
        alpha: how fast steps get shorter
        gamma: how fast the look to both sides gets shorter
        c: how far the first look goes
        A: how many steps the first ones are held back for; None takes a tenth of ``maxiter``
        a: the length of steps; None takes one that moves parameters by about 0.05 at first
        num_directions: directions a step, over which the gradient is averaged
        replay: whether a cost function that calls QNodes one after another, as in a list
            comprehension, is run twice so that they go together; see
            :func:`~pennylane_qstore.replay`

    Raises:
        TypeError: neither ``maxiter`` nor ``A`` is given
        ValueError: ``num_directions`` is less than 1

    **Example**

    >>> opt = SPSAOptimizer(maxiter=100)
    >>> for _ in range(100):
    ...     weights, loss = opt.step_and_cost(circuit, weights)
    """

    def __init__(
        self,
        maxiter: int | None = None,
        alpha: float = 0.602,
        gamma: float = 0.101,
        c: float = 0.2,
        A: float | None = None,  # noqa: N803  PennyLane's
        a: float | None = None,
        *,
        num_directions: int = 1,
        replay: bool = False,
    ) -> None:
        super().__init__(maxiter, alpha, gamma, c, A, a)
        if num_directions < 1:
            raise ValueError(f"num_directions={num_directions}: use 1 or more")
        self.num_directions = num_directions
        self.replay = replay

    def step_and_cost(
        self, objective_fn: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Updates the trainable arguments by one step, and gives the cost before it.

        Args:
            objective_fn: a function of one value, or a QNode
            args: its arguments
            kwargs: its keyword arguments

        Returns:
            the new arguments, a single one without a list, and the cost before the step
        """
        gradient, cost = self._looked(objective_fn, args, kwargs, with_cost=True)
        return self._moved(gradient, args), cost

    def step(self, objective_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Updates the trainable arguments by one step.

        Args:
            objective_fn: a function of one value, or a QNode
            args: its arguments
            kwargs: its keyword arguments

        Returns:
            the new arguments, a single one without a list
        """
        return self._moved(self.compute_grad(objective_fn, args, kwargs), args)

    def compute_grad(
        self, objective_fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        """The gradient as this step estimates it.

        Args:
            objective_fn: a function of one value, or a QNode
            args: its arguments
            kwargs: its keyword arguments

        Returns:
            an array for each trainable argument

        Raises:
            ValueError: the function gives more than one value
        """
        return self._looked(objective_fn, args, kwargs, with_cost=False)[0]

    def _moved(self, gradient: Sequence[Any], args: Sequence[Any]) -> Any:
        moved = self.apply_grad(gradient, args)
        self.k += 1
        return moved[0] if len(moved) == 1 else moved

    def _looked(
        self,
        objective_fn: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        with_cost: bool,
    ) -> tuple[tuple[Any, ...], Any]:
        """Return the gradient, and the cost if it is needed, with all evaluations in one batch."""
        ck = self.c / self.k**self.gamma
        directions = [_direction(args) for _ in range(self.num_directions)]
        points = [
            [
                arg + sign * ck * direction[i] if i in direction else arg
                for i, arg in enumerate(args)
            ]
            for direction in directions
            for sign in (1, -1)
        ]
        if with_cost:
            points.append(list(args))
        fn = replayed(objective_fn) if self.replay else objective_fn
        values = gather([partial(fn, *point, **kwargs) for point in points])
        for value in values:
            _refuse_many(value)
        gradients = [
            [(plus - minus) / (2 * ck * move) for move in direction.values()]
            for direction, plus, minus in zip(directions, values[::2], values[1::2], strict=False)
        ]
        means = tuple(sum(each) / self.num_directions for each in zip(*gradients, strict=True))
        return means, values[-1] if with_cost else None


def _direction(args: Sequence[Any]) -> dict[int, Any]:
    """Return a move of +1 or -1 in each trainable number, by the argument's index."""
    return {
        i: np.random.choice([-1, 1], size=arg.shape)
        for i, arg in enumerate(args)
        if getattr(arg, "requires_grad", False)
    }


def _refuse_many(value: Any) -> None:
    if qml.math.size(value) > 1:
        raise ValueError(
            "The objective function must be a scalar function for the gradient to be computed, and "
            f"gave values of shape {qml.math.shape(value)}."
        )
