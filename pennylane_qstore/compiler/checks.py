"""What a tape must not have: matrices that are no unitaries, and values that are no numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from pennylane_qstore.errors import CompileError

# What PennyLane itself lets pass as unitary.
_TOLERANCE = 1e-6


@qml.transform
def refuse_broken_matrices(tape: QuantumScript) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Refuses a unitary whose matrix isn't one, before anything is made of it.

    Raises:
        CompileError: names the operation, its place in the tape, and what is wrong with it
    """
    for place, op in enumerate(tape.operations):
        wrong = _wrong(op)
        if wrong:
            raise CompileError(f"operation {place}, {op.name} on {op.wires.tolist()}, {wrong}")
    return [tape], lambda results: results[0]


def _wrong_exponent(op: qml.ops.Exp) -> str | None:
    """What is wrong with an exponential: a Hermitian operator needs an imaginary multiple."""
    coefficient = np.asarray(qml.math.toarray(qml.math.unwrap([op.coeff])[0]))
    real = np.abs(np.real(coefficient)).max(initial=0)
    if op.base.is_verified_hermitian is not True or real <= _TOLERANCE:
        return None
    return f"is not unitary: its exponent has a real part of {real:.2g}"


def _wrong(op: Operator) -> str | None:
    if isinstance(op, qml.ops.Exp):
        return _wrong_exponent(op)
    base = op.base if isinstance(op, qml.ops.SymbolicOp) else op
    if not isinstance(base, qml.QubitUnitary | qml.DiagonalQubitUnitary):
        return None
    value = base.data[0]
    value = value.toarray() if hasattr(value, "toarray") else value
    matrix: NDArray[Any] = np.asarray(qml.math.toarray(qml.math.unwrap([value])[0]))
    if matrix.dtype.kind not in "fiubc":
        return "has a matrix that is no array of numbers"
    if not np.isfinite(matrix).all():
        return "has a matrix with values that are not finite"
    if isinstance(base, qml.DiagonalQubitUnitary):
        apart = np.abs(np.abs(matrix) - 1)
    else:
        product = matrix @ np.swapaxes(matrix.conj(), -1, -2)
        apart = np.abs(product - np.eye(matrix.shape[-1]))
    if apart.max(initial=0) > _TOLERANCE:
        return f"has a matrix that is not unitary: it is {apart.max():.2g} away"
    return None
