"""Recognise tapes that were folded to scale their noise: U U† U, by PennyLane, Catalyst or mitiq.

The optimiser would take the folds out again. So the tape before folding is compiled, and its
program is folded instead.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pennylane as qml
from pennylane.operation import Operator, StatePrepBase
from pennylane.tape import QuantumScript

from pennylane_qstore.tensors import to_numpy

_SELF_INVERSE = (
    *(qml.X, qml.Y, qml.Z, qml.Hadamard, qml.CNOT, qml.CY, qml.CZ, qml.CH, qml.SWAP),
    *(qml.Toffoli, qml.CCZ, qml.CSWAP, qml.MultiControlledX),
)
_NEGATED = (
    *(qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.U1, qml.IsingXX, qml.IsingYY, qml.IsingZZ),
    *(qml.IsingXY, qml.MultiRZ, qml.PauliRot, qml.CRX, qml.CRY, qml.CRZ, qml.ControlledPhaseShift),
    *(qml.SingleExcitation, qml.DoubleExcitation),
)
# The fraction of gates that random folding leaves folded at least, where it is taken for folding.
_MOSTLY = 0.5


class Unfolded(NamedTuple):
    """A tape before folding.

    Attributes:
        tape: that was folded
        scale: how many times as many gates on two or more wires the folded one has; of all gates,
            where there are none
    """

    tape: QuantumScript
    scale: float


def unfold(tape: QuantumScript, *, values: bool = True) -> Unfolded | None:
    """Find the tape that was folded.

    Args:
        tape: maybe folded as a whole, U (U† U)ⁿ and the end once more in part, or gate by gate,
            G (G† G)ⁿ
        values: whether parameters are compared, or classes and wires alone

    Returns:
        the tape before, or None where this one isn't folded
    """
    operations = list(tape.operations)
    start = 0
    while start < len(operations) and isinstance(operations[start], StatePrepBase):
        start += 1
    folded = operations[start:]
    base = (
        _by_gate(folded, least=1.0, values=values)
        or _whole(folded, values=values)
        or _by_gate(folded, least=_MOSTLY, values=values)
    )
    if base is None:
        return None
    before = tape.copy(
        operations=[*operations[:start], *base], trainable_params=tape.trainable_params
    )
    return Unfolded(before, _weight(folded) / _weight(base))


def _weight(operations: Sequence[Operator]) -> int:
    several = sum(len(op.wires) > 1 for op in operations)
    return several or len(operations)


def _whole(ops: Sequence[Operator], *, values: bool) -> list[Operator] | None:
    """Return U of U (U† U)ⁿ, then the last m gates' inverses and these gates."""
    for size in range(1, len(ops)):
        if not is_inverse(ops[size - 1], ops[size], values=values):
            continue
        if _is_fold_of(ops, size, values=values):
            return list(ops[:size])
    return None


def _is_fold_of(ops: Sequence[Operator], size: int, *, values: bool) -> bool:
    place, base = size, ops[:size]
    while place < len(ops):
        part = min(size, (len(ops) - place) // 2)
        if (len(ops) - place) % 2 or part == 0:
            return False
        there = ops[place : place + part]
        back = ops[place + part : place + 2 * part]
        ends = base[size - part :]
        if not all(is_inverse(a, b, values=values) for a, b in zip(ends[::-1], there, strict=True)):
            return False
        if not all(_is_same(a, b, values=values) for a, b in zip(ends, back, strict=True)):
            return False
        place += 2 * part
    return True


def _by_gate(ops: Sequence[Operator], *, least: float, values: bool) -> list[Operator] | None:
    """Return the gates G of G (G† G)ⁿ, where at least this fraction of the gates is folded."""
    base, place, pairs = [], 0, 0
    while place < len(ops):
        gate = ops[place]
        base.append(gate)
        place += 1
        folded = False
        while (
            place + 1 < len(ops)
            and is_inverse(gate, ops[place], values=values)
            and _is_same(gate, ops[place + 1], values=values)
        ):
            place += 2
            folded = True
        pairs += folded
    return base if pairs and pairs >= least * len(base) else None


def _is_same(one: Operator, other: Operator, *, values: bool) -> bool:
    """Return whether two operations are equal; without values, of equal classes and wires."""
    if one is other:
        return True
    if type(one) is not type(other) or one.name != other.name or one.wires != other.wires:
        return False
    if one.hyperparameters.keys() != other.hyperparameters.keys():
        return False
    return not values or _agree(one, other, 1.0)


def is_inverse(one: Operator, other: Operator, *, values: bool = True) -> bool:
    """Return whether an operation undoes another one, as folding libraries write it.

    Args:
        one: an operation
        other: its adjoint, the same gate where that is its own inverse, or the gate of the negative
            parameter
        values: whether parameters are compared
    """
    if isinstance(other, qml.ops.Adjoint):
        return _is_same(other.base, one, values=values)
    if isinstance(one, qml.ops.Adjoint):
        return _is_same(one.base, other, values=values)
    if type(one) is not type(other) or one.wires != other.wires:
        return False
    if isinstance(one, _SELF_INVERSE):
        return True
    if not isinstance(one, _NEGATED):
        return False
    # A rotation by zero is its own negative, which says nothing.
    return not values or (_agree(one, other, -1.0) and any(map(np.any, map(to_numpy, one.data))))


def _agree(one: Operator, other: Operator, sign: float) -> bool:
    if len(one.data) != len(other.data):
        return False
    return all(
        a is b or np.array_equal(to_numpy(a) * sign, to_numpy(b))
        for a, b in zip(one.data, other.data, strict=True)
    )
