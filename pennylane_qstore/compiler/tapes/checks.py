"""What a tape must not have: matrices that are no unitaries, and values that are no numbers."""

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
    """Refuses values that are no finite numbers, and unitaries that are none.

    It comes before anything is made of them, so that the place is that in the user's tape.

    Raises:
        CompileError: names the operation, its place in the tape, and what is wrong with it
    """
    for place, op in enumerate(tape.operations):
        if _is_sound(op):
            continue
        wrong = next(filter(None, map(_wrong, _parts(op))), None)
        if wrong:
            raise CompileError(f"operation {place}, {op.name} on {op.wires.tolist()}, {wrong}")
    return [tape], lambda results: results[0]


def _is_sound(op: Operator) -> bool:
    """Whether an operation is one of the many that are quickly seen to be right."""
    values = op.data
    return (
        type(op) in PLAIN
        and _FLOATS.issuperset(map(type, values))
        and all(map(math.isfinite, values))
    )


def _parts(op: Operator) -> Iterator[Operator]:
    """The operations that one is made of: bases and factors; one that is made of none is itself."""
    if isinstance(op, qml.ops.Adjoint | qml.ops.Pow | qml.ops.Controlled):
        yield from _parts(op.base)
    elif isinstance(op, qml.ops.Prod):
        for operand in op.operands:
            yield from _parts(operand)
    else:
        yield op


def _wrong(op: Operator) -> str | None:
    values = [to_numpy(value) for value in op.data]
    is_angle = type(op) in ANGLES
    for value in values:
        told = _wrong_value(value, is_angle=is_angle)
        if told:
            return told
    if is_angle:
        return _wrong_shape(op, values)
    if isinstance(op, qml.ops.Exp):
        return _wrong_exponent(op)
    if isinstance(op, qml.QubitUnitary | qml.DiagonalQubitUnitary):
        return _wrong_matrix(op, values[0])
    if has_rule(op) or op.has_decomposition or not op.has_matrix or len(op.wires) > WIDEST_MATRIX:
        return None
    return _apart(to_numpy(op.matrix()))  # such as an observable's, or a sum's


def _wrong_value(value: NDArray[Any], *, is_angle: bool) -> str | None:
    """What is wrong with a parameter: with its first number that can't be."""
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


def _wrong_shape(op: Operator, values: Sequence[NDArray[Any]]) -> str | None:
    """Angles that are neither one circuit's nor a batch's."""
    for value, ndim in zip(values, op.ndim_params, strict=True):
        if value.ndim not in {ndim, ndim + 1}:
            return f"has angles of shape {value.shape}, where {ndim} dimensions are one circuit's"
    return None


def _wrong_exponent(op: qml.ops.Exp) -> str | None:
    """What is wrong with an exponential: a Hermitian operator needs an imaginary multiple."""
    real = np.abs(to_numpy(op.coeff).real).max(initial=0)
    if op.base.is_verified_hermitian is not True or real <= tolerances.GIVEN_MATRIX:
        return None
    return f"is not unitary: its exponent has a real part of {real:.2g}"


def _wrong_matrix(op: Operator, matrix: NDArray[Any]) -> str | None:
    if matrix.dtype.kind not in "fiubc":
        return "has a matrix that is no array of numbers"
    return _apart(matrix, diagonal=isinstance(op, qml.DiagonalQubitUnitary))


def _apart(matrix: NDArray[Any], *, diagonal: bool = False) -> str | None:
    """What is wrong with a matrix, or with the diagonal of one, that should be unitary."""
    if diagonal:
        apart = np.abs(np.abs(matrix) - 1)
    else:
        product = matrix @ np.swapaxes(matrix.conj(), -1, -2)
        apart = np.abs(product - np.eye(matrix.shape[-1]))
    if apart.max(initial=0) > tolerances.GIVEN_MATRIX:
        return f"has a matrix that is not unitary: it is {apart.max():.2g} away"
    return None
