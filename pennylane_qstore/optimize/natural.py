"""PennyLane's natural gradient, whose step is one job."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import pennylane as qml

from pennylane_qstore.errors import OptionError
from pennylane_qstore.gathering.gather import gather
from pennylane_qstore.optimize.gradients import value_and_grad
from pennylane_qstore.pennylane_private import reshape_and_regularize

Metric = Literal["measured", "classical"]


class QNGOptimizer(qml.QNGOptimizer):
    """PennyLane's :class:`~pennylane.QNGOptimizer`, whose step is one job.

    Metric, value and gradient go together. All three are PennyLane's, so that both optimizers take
    the same path.

    Args:
        stepsize: length of a step
        approx: of the metric: "block-diag", "diag", or None for all of it
        lam: what is added to the metric's diagonal
        metric: "measured" by circuits of their own, in the step's job; or "classical", exact, from
            a simulation of the circuit on this machine, which needs no circuit

    Raises:
        OptionError: another ``metric``

    **Example**

    >>> opt = QNGOptimizer(stepsize=0.1, metric="classical")
    >>> weights, value = opt.step_and_cost(circuit, weights)
    """

    def __init__(
        self,
        stepsize: float = 0.01,
        approx: str | None = "block-diag",
        lam: float = 0,
        *,
        metric: Metric = "measured",
    ) -> None:
        super().__init__(stepsize, approx, lam)
        self.metric = _checked(metric)
        self.metric_tensor: Any = None

    def step_and_cost(
        self,
        qnode: Any,
        *args: Any,
        grad_fn: Callable[..., Any] | None = None,
        recompute_tensor: bool = True,
        metric_tensor_fn: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        """Updates the trainable arguments by one step, and gives the value before it.

        Args:
            qnode: of one value
            args: its arguments
            grad_fn: of the gradient; None takes the QNode's own, in the same batch as its value
            recompute_tensor: whether the metric is found anew
            metric_tensor_fn: of the metric; None takes the QNode's
            kwargs: the QNode's keyword arguments

        Returns:
            the new arguments, a single one without a tuple, and the value before the step

        Raises:
            ValueError: ``qnode`` is no QNode, and no ``metric_tensor_fn`` is given
        """
        if not isinstance(qnode, qml.QNode) and metric_tensor_fn is None:
            raise ValueError(
                "The objective function must be encoded as a single QNode for the natural gradient "
                "to be automatically computed. Otherwise, metric_tensor_fn must be explicitly "
                "provided to the optimizer."
            )
        thunks: list[Callable[[], Any]] = [partial(_gradient, qnode, grad_fn, args, kwargs)]
        if recompute_tensor or self.metric_tensor is None:
            find_metric = metric_tensor_fn or self._metric_of(qnode)
            thunks.append(partial(find_metric, *args, **kwargs))
        found: list[Any] = gather(thunks)
        (value, gradient), *metrics = found
        for metric in metrics:
            self.metric_tensor = (
                tuple(reshape_and_regularize(each, self.lam) for each in metric)
                if isinstance(metric, tuple)
                else reshape_and_regularize(metric, self.lam)
            )
        one = sum(getattr(arg, "requires_grad", False) for arg in args) == 1
        moved = self.apply_grad((gradient,) if one else gradient, args)
        if value is None:
            value = qnode(*args, **kwargs)
        return moved[0] if len(moved) == 1 else moved, value

    def _metric_of(self, qnode: Any) -> Callable[..., Any]:
        if self.metric == "measured":
            return qml.metric_tensor(qnode, approx=self.approx)
        if self.approx is None:
            return qml.adjoint_metric_tensor(_twin(qnode))
        return qml.metric_tensor(_twin(qnode), approx=self.approx)


class MomentumQNGOptimizer(QNGOptimizer, qml.MomentumQNGOptimizer):
    """PennyLane's :class:`~pennylane.MomentumQNGOptimizer`, whose step is one job.

    Args:
        stepsize: length of a step
        momentum: how much of the last step goes into this one
        approx: of the metric: "block-diag", "diag", or None for all of it
        lam: what is added to the metric's diagonal
        metric: "measured" or "classical", see :class:`QNGOptimizer`

    Raises:
        OptionError: another ``metric``

    **Example**

    >>> opt = MomentumQNGOptimizer(stepsize=0.1, momentum=0.5)
    >>> with qml.Tracker(dev) as tracker:
    ...     weights, value = opt.step_and_cost(circuit, weights)
    >>> tracker.totals["jobs"]
    1
    """

    def __init__(
        self,
        stepsize: float = 0.01,
        momentum: float = 0.9,
        approx: str | None = "block-diag",
        lam: float = 0,
        *,
        metric: Metric = "measured",
    ) -> None:
        qml.MomentumQNGOptimizer.__init__(self, stepsize, momentum, approx, lam)
        self.metric = _checked(metric)


def _checked(metric: Metric) -> Metric:
    if metric not in {"measured", "classical"}:
        raise OptionError("metric", metric, 'use "measured" or "classical"')
    return metric


def _gradient(
    qnode: Any,
    grad_fn: Callable[..., Any] | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> tuple[Any, Any]:
    """Return value and gradient; no value if the given gradient function has none."""
    if grad_fn is None:
        return value_and_grad(qnode)(*args, **kwargs)
    gradient = grad_fn(*args, **kwargs)
    return getattr(grad_fn, "forward", None), gradient


def _twin(qnode: Any) -> Any:
    """Return the same QNode on an exact simulator."""
    twin = qnode.update(device=qml.device("default.qubit"), diff_method="best")
    return qml.set_shots(twin, None)
