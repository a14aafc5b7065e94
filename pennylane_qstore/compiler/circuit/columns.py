"""Read an operation's parameters as checked arrays, one value a circuit of the batch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pennylane.operation import Operator

from pennylane_qstore.errors import CompileError
from pennylane_qstore.tensors import to_numpy

Column = NDArray[np.float64]


def columns(op: Operator, place: int, batch: int | None = None) -> list[Column]:
    """Return an operation's parameters as float arrays of shape () or (batch,).

    Args:
        op: the operation
        place: its index in the tape, for the error
        batch: of the tape, or None where it isn't broadcast

    Raises:
        CompileError: a parameter that is complex, not finite, not a number, or of another shape
    """
    # PennyLane 0.46 has the control values of a MultiControlledX among its data.
    found = [_column(value, op, place) for value in (op.data if op.num_params else ())]
    for column in found:
        if column.shape not in {(), (batch,)}:
            raise CompileError(
                f"operation {place}, {op}, has angles of shape {column.shape} in a tape "
                f"{'that is not broadcast' if batch is None else f'of {batch} circuits'}"
            )
    return found


def _column(parameter: object, op: Operator, place: int) -> Column:
    values = to_numpy(parameter)
    if np.iscomplexobj(values):
        if np.any(values.imag):
            raise CompileError(f"operation {place}, {op}, has a complex angle: {values}")
        values = values.real
    try:
        values = values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise CompileError(f"operation {place}, {op}, has an angle that is no number") from error
    if not np.isfinite(values).all():
        raise CompileError(f"operation {place}, {op}, has an angle that is not finite: {values}")
    return values


def tabled(numbers: Sequence[Column | float], batch: int) -> NDArray[np.float64]:
    """Return columns of shape () or (batch,) side by side, shape (batch, n_columns)."""
    table = np.empty((batch, len(numbers)))
    for slot, column in enumerate(numbers):
        table[:, slot] = column
    return table


def sliced(indices: Sequence[int] | NDArray[np.int_]) -> slice | NDArray[np.int_]:
    """Return indices as a slice where they follow one another, which spares a copy."""
    found = np.asarray(indices, dtype=int)
    if len(found) and np.array_equal(found, np.arange(found[0], found[0] + len(found))):
        return slice(int(found[0]), int(found[-1]) + 1)
    return found
