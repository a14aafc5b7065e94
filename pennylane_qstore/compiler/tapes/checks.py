"""Refuse invalid tapes: non-unitary matrices, and parameters that aren't finite numbers."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.operators.angles import ANGLES, PLAIN
from pennylane_qstore.compiler.operators.decompositions import WIDEST_MATRIX
from pennylane_qstore.compiler.operators.gate_set import has_rule
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
        if _is_sound(op):
            continue
        problem = next(filter(None, map(_problem, _parts(op))), None)
        if problem:
            raise CompileError(f"operation {place}, {op.name} on {op.wires.tolist()}, {problem}")
    return [tape], lambda results: results[0]


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
    values = [to_numpy(value) for value in op.data]
    is_angle = type(op) in ANGLES
    for value in values:
        problem = _problem_of_value(value, is_angle=is_angle)
        if problem:
            return problem
    if is_angle:
        return _problem_of_shape(op, values)
    if isinstance(op, qml.ops.Exp):
        return _problem_of_exponent(op)
    if isinstance(op, qml.QubitUnitary | qml.DiagonalQubitUnitary):
        return _problem_of_matrix(op, values[0])
    if has_rule(op) or op.has_decomposition or not op.has_matrix or len(op.wires) > WIDEST_MATRIX:
        return None
    return _not_unitary(to_numpy(op.matrix()))  # such as an observable's, or a sum's


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


def _problem_of_exponent(op: qml.ops.Exp) -> str | None:
    """Return what is wrong with an exponential of a Hermitian operator: a real exponent."""
    real = np.abs(to_numpy(op.coeff).real).max(initial=0)
    if op.base.is_verified_hermitian is not True or real <= tolerances.GIVEN_MATRIX:
        return None
    return f"is not unitary: its exponent has a real part of {real:.2g}"


def _problem_of_matrix(op: Operator, matrix: NDArray[Any]) -> str | None:
    if matrix.dtype.kind not in "fiubc":
        return "has a matrix that is no array of numbers"
    return _not_unitary(matrix, diagonal=isinstance(op, qml.DiagonalQubitUnitary))


def _not_unitary(matrix: NDArray[Any], *, diagonal: bool = False) -> str | None:
    """Return what is wrong with a matrix, or with a diagonal, that should be unitary."""
    if diagonal:
        apart = np.abs(np.abs(matrix) - 1)
    else:
        product = matrix @ np.swapaxes(matrix.conj(), -1, -2)
        apart = np.abs(product - np.eye(matrix.shape[-1]))
    if apart.max(initial=0) > tolerances.GIVEN_MATRIX:
        return f"has a matrix that is not unitary: it is {apart.max():.2g} away"
    return None
