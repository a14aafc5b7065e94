"""Split a broadcast tape into one tape a circuit, for operations that take one value at a time."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pennylane as qml
from pennylane import math
from pennylane.operation import Operator
from pennylane.ops import Adjoint, CompositeOp, Controlled, Evolution, Exp, Pow, SProd
from pennylane.ops.functions import bind_new_parameters
from pennylane.ops.op_math import ChangeOpBasis
from pennylane.tape import QuantumScript


def expand(tape: QuantumScript) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Split a broadcast tape into one tape a circuit.

    PennyLane's own ``broadcast_expand`` drops the control values of a controlled operation, and
    fails on composite ones; here these are taken apart by what they are made of.

    Returns:
        one tape a circuit, and what stacks their results as those of the broadcast tape
    """
    tapes = [
        QuantumScript([_row(op, row) for op in tape.operations], tape.measurements, tape.shots)
        for row in range(tape.batch_size)
    ]

    def stack(results: Sequence[Any]) -> Any:
        if tape.shots.has_partitioned_shots:
            copies = range(tape.shots.num_copies)
            return tuple(_stacked([result[i] for result in results], tape) for i in copies)
        return _stacked(results, tape)

    return tapes, stack


def _stacked(rows: Sequence[Any], tape: QuantumScript) -> Any:
    if len(tape.measurements) == 1:
        return _column(rows)
    return tuple(_column(column) for column in zip(*rows, strict=True))


def _column(values: Sequence[Any]) -> Any:
    return list(values) if isinstance(values[0], dict) else math.stack(values)


def _row(op: Operator, row: int) -> Operator:
    """Return one circuit's operation of a possibly batched one."""
    return op if op.batch_size is None else _share(op, row)


@functools.singledispatch
def _share(op: Operator, row: int) -> Operator:
    """Return one circuit's operation of a batched one."""
    parts, settings = op._flatten()  # noqa: SLF001  PennyLane's pytree protocol
    if any(isinstance(part, Operator) for part in _flat(parts)):
        return type(op)._unflatten(_part(parts, row), settings)  # noqa: SLF001
    values = [
        value if math.ndim(value) == ndim else value[row]
        for value, ndim in zip(op.data, op.ndim_params, strict=True)
    ]
    return bind_new_parameters(op, values)


def _flat(parts: Any) -> Iterator[Any]:
    """Yield what is in nested tuples and lists."""
    if isinstance(parts, tuple | list):
        for part in parts:
            yield from _flat(part)
    else:
        yield parts


def _part(part: Any, row: int) -> Any:
    """Return one circuit's value of a part of an operation: its operators, and its own numbers."""
    if isinstance(part, tuple | list):
        return type(part)([_part(each, row) for each in part])
    if isinstance(part, Operator):
        return _row(part, row)
    return part[row] if math.ndim(part) else part


@_share.register
def _(op: Controlled, row: int) -> Operator:
    controls = {"control_values": op.control_values, "work_wires": op.work_wires}
    return qml.ctrl(_row(op.base, row), op.control_wires, **controls)


@_share.register
def _(op: Adjoint, row: int) -> Operator:
    return qml.adjoint(_row(op.base, row))


@_share.register
def _(op: Pow, row: int) -> Operator:
    return qml.pow(_row(op.base, row), math.asarray(op.z)[row] if math.ndim(op.z) else op.z)


@_share.register
def _(op: ChangeOpBasis, row: int) -> Operator:
    return ChangeOpBasis(*[_row(operand, row) for operand in reversed(op.operands)])


@_share.register
def _(op: CompositeOp, row: int) -> Operator:
    return type(op)(*[_row(operand, row) for operand in op.operands])


@_share.register
def _(op: SProd, row: int) -> Operator:
    return qml.s_prod(_scalar(op, row), _row(op.base, row))


@_share.register
def _(op: Exp, row: int) -> Operator:
    return type(op)(_row(op.base, row), _scalar(op, row))


@_share.register
def _(op: Evolution, row: int) -> Operator:
    (time,) = op.data
    return Evolution(_row(op.base, row), time[row] if math.ndim(time) else time)


def _scalar(op: SProd | Exp, row: int) -> Any:
    return op.scalar[row] if math.ndim(op.scalar) else op.scalar
