"""PennyLane's Rotosolve, whose parameters take one job each."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any, TypeVar

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane import math
from pennylane.fourier import reconstruct

from pennylane_qstore.gathering.gather import gather
from pennylane_qstore.gathering.replay import replay as replayed
from pennylane_qstore.pennylane_private import restrict_to_univariate, validate_rotosolve_inputs

T = TypeVar("T")

Frequencies = Mapping[str, Mapping[tuple[int, ...], Any]]


class RotosolveOptimizer(qml.RotosolveOptimizer):
    """PennyLane's :class:`~pennylane.RotosolveOptimizer`, with one job a parameter.

    The points at which the cost is measured for a parameter go together, and the cost before the
    step with those of the first parameter. Both optimizers take the same path.

    Args:
        substep_optimizer: finds the minimum along a parameter of several frequencies: "brute",
            "shgo", or a function
        substep_kwargs: its keyword arguments
        replay: whether a cost function that calls QNodes one after another, as in a list
            comprehension, is run twice so that they go together; see
            :func:`~pennylane_qstore.replay`

    **Example**

    >>> opt, frequencies = RotosolveOptimizer(), {"weights": {(0,): 1, (1,): 1}}
    >>> with qml.Tracker(dev) as tracker:
    ...     weights, value = opt.step_and_cost(circuit, weights, nums_frequency=frequencies)
    >>> tracker.totals["jobs"]
    2
    """

    def __init__(
        self,
        substep_optimizer: str | Callable[..., Any] = "brute",
        substep_kwargs: dict[str, Any] | None = None,
        *,
        replay: bool = False,
    ) -> None:
        super().__init__(substep_optimizer, substep_kwargs)
        self.replay = replay

    def step_and_cost(
        self,
        objective_fn: Callable[..., Any],
        *args: Any,
        nums_frequency: Frequencies | None = None,
        spectra: Frequencies | None = None,
        shifts: Frequencies | None = None,
        full_output: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Updates the trainable arguments by one step, and gives the cost before it.

        Args:
            objective_fn: a function of one value, or a QNode
            args: its arguments
            nums_frequency: by an argument's name and a parameter's index: how many integer
                frequencies it has
            spectra: by the same: its frequencies, where they aren't 1, 2, …
            shifts: by the same: where the cost is measured, for parameters with ``spectra``
            full_output: whether the lowest cost that each substep expects is given too
            kwargs: its keyword arguments

        Returns:
            the new arguments, a single one without a list; the cost before the step; and the list
            of costs, if asked for

        Raises:
            ValueError: nothing is trainable, or a parameter has neither a number of frequencies
                nor a spectrum
        """
        function = objective_fn.func if isinstance(objective_fn, qml.QNode) else objective_fn
        trained = {
            name: math.requires_grad(arg)
            for name, arg in zip(signature(function).parameters, args, strict=False)
        }
        numbers, spectra = nums_frequency or {}, spectra or {}
        validate_rotosolve_inputs(trained, args, numbers, spectra)

        fn = replayed(objective_fn) if self.replay else objective_fn
        values: list[Any] = list(args)
        lowest: list[Any] = []
        costs: list[Any] = []
        for place, (name, is_trained) in enumerate(trained.items()):
            for index in np.ndindex(math.shape(args[place])) if is_trained else ():
                parameter = _Parameter(
                    place, name, index, numbers.get(name, {}).get(index),
                    spectra.get(name, {}).get(index), shifts,
                )  # fmt: skip
                values[place], low, cost = self._substep(
                    fn, parameter, values, kwargs, first=not costs
                )
                costs.append(cost)
                lowest.append(low)
        moved = values[0] if len(values) == 1 else values
        return (moved, costs[0], lowest) if full_output else (moved, costs[0])

    def _substep(
        self,
        objective_fn: Callable[..., Any],
        parameter: "_Parameter",
        values: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        first: bool,
    ) -> tuple[Any, Any, Any]:
        """Return a parameter's argument at its minimum, the cost there, and the cost before.

        The cost before is one of the three points that a sine needs. A parameter of several
        frequencies needs others, so there it is None but for the first one.
        """
        place, index, frequency = parameter.place, parameter.index, parameter.frequency

        def asked(fn: Callable[..., Any]) -> tuple[Any, Any]:
            cost = fn(*values, **kwargs) if first or frequency is not None else None
            if frequency is None:
                return parameter.reconstructed(fn)(*values, f0=cost, **kwargs), cost
            along = restrict_to_univariate(fn, place, index, list(values), kwargs)
            return self.min_analytic(along, frequency, cost), cost

        found, cost = _together(objective_fn, asked)
        if frequency is None:
            along = found[parameter.name][index]
            lowest, low = self._min_numeric(along, parameter.frequencies)
            move = lowest - values[place][index]
        else:
            move, low = found
        return math.scatter_element_add(values[place], index, move), low, cost


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One trainable number, and how the cost depends on it.

    Attributes:
        place: of its argument
        name: of its argument
        index: in its argument
        number: of integer frequencies, or None
        spectrum: its frequencies, or None
        shifts: where to measure, as a user says it
    """

    place: int
    name: str
    index: tuple[int, ...]
    number: int | None
    spectrum: Any
    shifts: Any

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """All frequencies, the zero included."""
        if self.spectrum is None:
            return np.arange(float((self.number or 0) + 1))
        return np.array(self.spectrum, dtype=float)

    @property
    def frequency(self) -> float | None:
        """The only frequency; None where there are several."""
        if self.number is not None:
            return 1.0 if self.number == 1 else None
        positive = self.frequencies[self.frequencies > 0]
        return float(positive[0]) if len(positive) == 1 else None

    def reconstructed(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return PennyLane's reconstruction of a function along this parameter."""
        numbers = None if self.number is None else {self.name: {self.index: self.number}}
        spectra = None if self.spectrum is None else {self.name: {self.index: self.frequencies}}
        return reconstruct(fn, {self.name: (self.index,)}, numbers, spectra, self.shifts)


def _together(fn: Callable[..., Any], asked: Callable[[Callable[..., Any]], T]) -> T:
    """Return what a caller makes of a function's values, with all points in one batch.

    Args:
        fn: gives one value
        asked: calls the function that it is given, and makes something of the values
    """
    signed = fn.func if isinstance(fn, qml.QNode) else fn
    points: list[Callable[[], Any]] = []

    @functools.wraps(signed)
    def noted(*args: Any, **kwargs: Any) -> float:
        points.append(partial(fn, *args, **kwargs))
        return 0.0

    asked(noted)
    values = iter(gather(points))

    @functools.wraps(signed)
    def answered(*_args: Any, **_kwargs: Any) -> Any:
        return next(values)

    return asked(answered)
