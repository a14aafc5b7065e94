"""Refuse invalid tapes: non-unitary matrices, and parameters that aren't finite numbers."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.operators.angles import ANGLES, PLAIN
from pennylane_qstore.compiler.operators.unitarity import why_not_unitary
from pennylane_qstore.errors import CompileError
from pennylane_qstore.tensors import to_numpy

_FLOATS = frozenset({float, np.float64})


@qml.transform
def refuse_broken_values(tape: QuantumScript) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Refuse values that aren't finite numbers, and operations that aren't unitary.

    It comes before anything is made of them, so that the place is that in the user's tape.

    Returns:
        the tape as it is, and a function that returns its result

    Raises:
        CompileError: names the operation, its place in the tape, and what is wrong with it
    """
    for place, op in enumerate(tape.operations):
        if not _is_sound(op):
            _refuse_if_broken(place, op)
    return [tape], lambda results: results[0]


def refuse_given_matrices(tape: QuantumScript) -> None:
    """Refuse what a gradient transform would decompose wrongly, or fail on.

    PennyLane expands operations with trainable matrices ahead of the device's preprocessing.

    Raises:
        CompileError: names the operation and its place in the tape
    """
    for place, op in enumerate(tape.operations):
        if type(op) not in PLAIN and type(op) not in ANGLES:
            _refuse_if_broken(place, op)
            if type(op) is qml.ops.Exp and op.batch_size is not None:
                raise CompileError(
                    f"operation {place}, {op.name} on {op.wires.tolist()}, has a batch of "
                    "coefficients, which PennyLane's gradient transforms don't take: use "
                    "qml.evolve, or diff_method=None"
                )


def _refuse_if_broken(place: int, op: Operator) -> None:
    problem = next(filter(None, map(_problem, _parts(op))), None) or why_not_unitary(op)
    if problem:
        raise CompileError(f"operation {place}, {op.name} on {op.wires.tolist()}, {problem}")


def _is_sound(op: Operator) -> bool:
    """Return whether an operation is a plain gate with finite floats, which is quickly seen."""
    values = op.data
    return (
        type(op) in PLAIN
        and _FLOATS.issuperset(map(type, values))
        and all(map(math.isfinite, values))
    )


def _parts(op: Operator) -> Iterator[Operator]:
    """Yield the operations that one is made of: bases and factors, or itself."""
    if isinstance(op, qml.ops.Adjoint | qml.ops.Pow | qml.ops.Controlled):
        yield from _parts(op.base)
    elif isinstance(op, qml.ops.Prod):
        for operand in op.operands:
            yield from _parts(operand)
    else:
        yield op


def _problem(op: Operator) -> str | None:
    """Return what is wrong with an operation's values, or None."""
    values = [to_numpy(value) for value in op.data]
    is_angle = type(op) in ANGLES
    problems = (_problem_of_value(value, is_angle=is_angle) for value in values)
    problem = next(filter(None, problems), None)
    return _problem_of_shape(op, values) if is_angle and not problem else problem


def _problem_of_value(value: NDArray[Any], *, is_angle: bool) -> str | None:
    """Return what is wrong with a parameter, naming its first bad number."""
    what = "an angle" if is_angle else "a value"
    if value.dtype.kind not in "fc":
        number = not is_angle or value.dtype.kind in "iub"
        return None if number else f"has {what} that is no number: {value}"
    finite = np.isfinite(value)
    if not finite.all():
        return f"has {what} that is not finite: {value[~finite][0]}"
    if is_angle and np.iscomplexobj(value) and value.imag.any():
        return f"has {what} that is complex: {value[value.imag != 0][0]}"
    return None


def _problem_of_shape(op: Operator, values: Sequence[NDArray[Any]]) -> str | None:
    """Return what is wrong with angles whose shape is neither one circuit's nor a batch's."""
    for value, ndim in zip(values, op.ndim_params, strict=True):
        if value.ndim not in {ndim, ndim + 1}:
            return f"has angles of shape {value.shape}, where {ndim} dimensions are one circuit's"
    return None
