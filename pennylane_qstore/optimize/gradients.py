"""Gradients that need one job: a value with its gradient, and SPSA's as one array of angles."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane import math
from pennylane.gradients.finite_difference import finite_diff_coeffs
from pennylane.ops.qubit.attributes import supports_broadcasting
from pennylane.tape import QuantumScript

from pennylane_qstore.gathering.replay import replay
from pennylane_qstore.pennylane_private import (
    all_zero_grad,
    assert_no_trainable_tape_batching,
    choose_trainable_param_indices,
    contract_qjac_with_cjac,
    expand_for_spsa,
    find_and_validate_gradient_methods,
    no_trainable_grad,
    of_each_shot_copy,
    rademacher_sampler,
)
from pennylane_qstore.tensors import do

Values = NDArray[np.float64]


class value_and_grad:  # noqa: N801  a function to its users, as PennyLane's is
    """A function's value and gradient, with all circuits of both in one batch.

    PennyLane's autograd runs the circuits of the value, and then those of the gradient. Here the
    function runs twice, as with :func:`~pennylane_qstore.replay`, so that both are one job. It may
    call several QNodes, one after another.

    Args:
        fn: a scalar function of PennyLane's or NumPy's arrays that calls QNodes
        argnums: the arguments to differentiate; None takes those with ``requires_grad=True``

    **Example**

    >>> value, gradient = value_and_grad(circuit)(weights)
    """

    def __init__(self, fn: Callable[..., Any], argnums: int | Sequence[int] | None = None) -> None:
        self._run = replay(partial(_value_and_grad, fn, argnums))

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return the value, and the gradient as ``qml.grad`` returns it."""
        return self._run(*args, **kwargs)

    @property
    def forward(self) -> Any:
        """What PennyLane's optimizers look for: they need :class:`grad_fn` instead.

        Raises:
            TypeError: always
        """
        raise TypeError(
            "value_and_grad gives a value and a gradient, grad_fn= of an optimizer a gradient "
            "alone: use grad_fn=qstore.grad_fn(fn)"
        )


class grad_fn:  # noqa: N801  a function to its users, as qml.grad is
    """A function to its gradient, for the ``grad_fn=`` of PennyLane's optimizers.

    What ``qml.grad`` is to them, but value and gradient are one batch.

    Args:
        fn: a scalar function of PennyLane's or NumPy's arrays that calls QNodes
        argnums: the arguments to differentiate; None takes those with ``requires_grad=True``

    Attributes:
        forward: the function's value at its last arguments; None before the first

    **Example**

    >>> opt = qml.AdamOptimizer()
    >>> weights, value = opt.step_and_cost(loss, weights, grad_fn=grad_fn(loss))
    """

    forward: Any = None

    def __init__(self, fn: Callable[..., Any], argnums: int | Sequence[int] | None = None) -> None:
        self._both = value_and_grad(fn, argnums)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the gradient as ``qml.grad`` returns it."""
        self.forward, gradient = self._both(*args, **kwargs)
        return gradient


def _value_and_grad(
    fn: Callable[..., Any], argnums: int | Sequence[int] | None, *args: Any, **kwargs: Any
) -> tuple[Any, Any]:
    derivative = qml.grad(fn, argnums=argnums)
    gradient = derivative(*args, **kwargs)
    return derivative.forward, gradient


@partial(
    qml.transform,
    expand_transform=expand_for_spsa,
    classical_cotransform=contract_qjac_with_cjac,
    final_transform=True,
)
def spsa_grad(  # noqa: PLR0913, PLR0917  PennyLane's arguments
    tape: QuantumScript,
    argnum: int | Sequence[int] | None = None,
    h: float = 1e-5,
    approx_order: int = 2,
    n: int = 1,
    strategy: str = "center",
    f0: Any = None,
    validate_params: bool = True,
    num_directions: int = 1,
    sampler: Callable[..., Values] = rademacher_sampler,
    sampler_rng: np.random.Generator | int | None = None,
) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """PennyLane's ``spsa_grad``, with the circuits of all directions as one broadcast tape.

    The same arguments, the same directions and the same estimate; but the shifted angles are an
    array from here to the job, not a tape for each circuit. Give it to a QNode as
    ``diff_method=qstore.spsa_grad`` with ``gradient_kwargs={"num_directions": 20, "h": 0.2}``, in
    any interface. A tape with operations that can't be broadcast is PennyLane's to do.

    Args:
        tape: or a QNode
        argnum: indices of the trainable parameters to differentiate; None takes all
        h: how far to look along a direction, in radians; with shots, about 0.2 drowns their noise
        approx_order: of the finite difference
        n: of the derivative
        strategy: "center", "forward" or "backward"
        f0: the tape's results where they are known, for a strategy that needs them
        validate_params: whether parameters that nothing depends on are left out
        num_directions: how many random directions are averaged over
        sampler: draws a direction: ``sampler(indices, num_params, repetition, rng=rng)``
        sampler_rng: or its seed; None is seeded from ``np.random``

    Returns:
        the tape to run, and what makes the gradient of its results

    Raises:
        NotImplementedError: a trainable parameter is itself a batch

    **Example**

    >>> settings = {"num_directions": 20, "h": 0.2}
    >>> node = circuit.update(diff_method=qstore.spsa_grad, gradient_kwargs=settings)
    >>> qml.grad(node)(weights).shape
    (2,)
    """
    assert_no_trainable_tape_batching(tape, "SPSA")
    if argnum is None and not tape.trainable_params:
        return no_trainable_grad(tape)
    measured = [m.obs for m in tape.measurements if m.obs is not None]
    of_gates = all(tape.par_info[place]["op"] not in measured for place in tape.trainable_params)
    if f0 is not None or not of_gates or not all(map(_can_be_broadcast, tape.operations)):
        return qml.gradients.spsa_grad(
            tape, argnum, h, approx_order, n, strategy, f0, validate_params, num_directions,
            sampler, sampler_rng,
        )  # fmt: skip
    chosen = choose_trainable_param_indices(tape, argnum)
    methods = dict.fromkeys(chosen, "F")
    if validate_params:
        methods = find_and_validate_gradient_methods(tape, "numeric", chosen)
    if all(method == "0" for method in methods.values()):
        return all_zero_grad(tape)
    width = len(tape.trainable_params)
    indices = [i for i in range(width) if methods.get(i, "0") != "0"]
    if sampler_rng is None:  # from NumPy's own state, which a replay puts back
        sampler_rng = int(np.random.randint(2**31))
    rng = np.random.default_rng(sampler_rng)
    directions = np.array([sampler(indices, width, i, rng=rng) for i in range(num_directions)])
    coefficients, shifts = finite_diff_coeffs(n=n, approx_order=approx_order, strategy=strategy)
    moves = (h * np.asarray(shifts)[:, None, None] * directions).reshape(-1, width)
    inverse = np.divide(1, directions, out=np.zeros_like(directions), where=directions != 0)
    weights = np.asarray(coefficients)[:, None, None] / h**n * inverse / num_directions
    moves, weights = _merged(moves, weights.reshape(-1, width))
    contracted = partial(_contracted, weights=weights, tape=tape)
    post = partial(of_each_shot_copy, shots=tape.shots, single_shot_batch_fn=contracted)
    return [_moved(tape, moves)], post


def _can_be_broadcast(op: Any) -> bool:
    return not op.data or op in supports_broadcasting


def _merged(moves: Values, weights: Values) -> tuple[Values, Values]:
    """Return moves and their weights; the unmoved tape is there once, for all directions."""
    still = ~moves.any(axis=1)
    if not still.any():
        return moves, weights
    moved = (np.zeros_like(moves[:1]), moves[~still])
    return np.concatenate(moved), np.vstack([weights[still].sum(axis=0), weights[~still]])


def _moved(tape: QuantumScript, moves: Values) -> QuantumScript:
    """A tape, once for each move of its trainable parameters, as one broadcast tape.

    Args:
        tape: may be broadcast, but not in its trainable parameters
        moves: radians, shape (n_moves, n_trainable)

    Returns:
        a tape whose batch has the moves as its slow axis, and the tape's own batch as its fast one
    """
    batch = tape.batch_size or 1
    params = tape.get_parameters(trainable_only=False)
    for move, place in zip(moves.T, tape.trainable_params, strict=True):
        params[place] = params[place] + math.convert_like(np.repeat(move, batch), params[place])
    if tape.batch_size is not None:
        for place, (info, value) in enumerate(zip(tape.par_info, params, strict=True)):
            if place not in tape.trainable_params and info["op"].batch_size is not None:
                params[place] = math.concatenate([value] * len(moves))
    return tape.bind_new_parameters(params, list(range(len(params))))


def _contracted(results: Sequence[Any], weights: Values, tape: QuantumScript) -> Any:
    """Return the gradient, in PennyLane's form, from the results of a moved tape."""
    of_measurements = results[0] if len(tape.measurements) > 1 else results
    batch = () if tape.batch_size is None else (tape.batch_size,)
    gradients = []
    for result in of_measurements:
        shape = (len(weights), *batch, *math.shape(result)[1:])
        values = do("reshape", result, shape)
        slopes = math.tensordot(math.convert_like(weights.T, values), values, axes=[[1], [0]])
        parts = tuple(slopes[i] for i in range(len(tape.trainable_params)))
        gradients.append(parts[0] if len(parts) == 1 else parts)
    return gradients[0] if len(tape.measurements) == 1 else tuple(gradients)
