"""One step of an operator's decomposition to the gate set: our rule, or else PennyLane's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.exceptions import DecompositionUndefinedError
from pennylane.operation import Operator

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, Element
from pennylane_qstore.compiler.circuit.one_qubit import zxz
from pennylane_qstore.compiler.operators.gate_set import CONTROLLED_X, SAME
from pennylane_qstore.compiler.operators.rules import elements_of
from pennylane_qstore.compiler.operators.unitarity import WIDEST_MATRIX, why_not_unitary
from pennylane_qstore.errors import CompileError
from pennylane_qstore.tensors import to_numpy

_CLIFFORDS: dict[str, Callable[[Any], Operator]] = {
    "X": qml.X,
    "Y": qml.Y,
    "Z": qml.Z,
    "H": qml.Hadamard,
    "S": qml.S,
    "SDG": lambda wires: qml.adjoint(qml.S(wires)),
    "SX": qml.SX,
    "SXDG": lambda wires: qml.adjoint(qml.SX(wires)),
    "CX": qml.CNOT,
    "CZ": qml.CZ,
    "SWAP": qml.SWAP,
}
_MAY_BE_SPARSE = (qml.QubitUnitary, qml.StatePrep, qml.AmplitudeEmbedding)
_ROTATIONS = {
    **{"X": qml.RX, "Y": qml.RY, "Z": qml.RZ},
    **{"XX": qml.IsingXX, "YY": qml.IsingYY, "ZZ": qml.IsingZZ},
}
# A gate G with G·P·G† = Q, for two different letters P and Q.
_TURNS = {
    **{"XZ": "H", "ZX": "H", "XY": "S", "YX": "SDG", "ZY": "SXDG", "YZ": "SX"},
}


def decomposition(op: Operator) -> Sequence[Operator]:
    """Decompose an operator by one step, up to a global phase.

    Returns:
        operators that are nearer to the gate set, in order

    Raises:
        DecompositionUndefinedError: nobody knows a decomposition, and it has no small matrix
        CompileError: the operator isn't unitary
    """
    problem = why_not_unitary(op)
    if problem is not None:
        raise CompileError(f"{op.name} on {op.wires.tolist()}, {problem}")
    replaced = _replaced(op)
    if replaced is not op:
        return [replaced]
    elements = elements_of(op)
    if elements is not None:
        return [gate for element in elements for gate in _gates(element, op)]
    try:
        found = op.decomposition()
    except DecompositionUndefinedError:
        if not op.has_matrix or len(op.wires) > WIDEST_MATRIX:
            raise
        return [qml.QubitUnitary(op.matrix(), op.wires)]
    # PennyLane's power of an exponential is one operator, not a list of them.
    found = [found] if isinstance(found, Operator) else found
    return [qml.QubitUnitary(op.matrix(), op.wires)] if _leads_back(found, op) else found


def _leads_back(found: Sequence[Operator], op: Operator) -> bool:
    """Return whether a decomposition is one operator that decomposes to the first again.

    In PennyLane 0.46 a ControlledQubitUnitary and a controlled QubitUnitary on several wires do.
    """
    if len(found) != 1 or len(op.wires) > WIDEST_MATRIX or not isinstance(op, qml.ops.Controlled):
        return False
    again = found[0].decomposition() if found[0].has_decomposition else []
    return len(again) == 1 and type(again[0]) is type(op) and again[0].wires == op.wires


def _replaced(op: Operator) -> Operator:
    """Return an operator in a form that has rules: dense, and of our classes; or as it is."""
    if isinstance(op, qml.SparseHamiltonian):
        return qml.QubitUnitary(to_numpy(op.matrix()), op.wires)
    if isinstance(op, _MAY_BE_SPARSE) and any(hasattr(value, "toarray") for value in op.data):
        return _dense(op)
    if isinstance(op, qml.ops.Prod) and any(map(why_not_unitary, op.operands)):
        return qml.QubitUnitary(op.matrix(), op.wires)  # which is unitary as a whole
    return _own(op)


def on_pairs(op: Operator) -> Sequence[Operator]:
    """Return a gate of the gate set as gates on at most two wires."""
    return decomposition(op) if op.name in CONTROLLED_X else [op]


def _own(op: Operator) -> Operator:
    """Return an operator with PennyLane-IonQ's operations replaced by ours; any other as it is."""
    if type(op) in SAME:
        return SAME[type(op)](*op.data, wires=op.wires)
    if isinstance(op, qml.ops.Prod):
        operands = [_own(operand) for operand in op.operands]
        same = all(one is other for one, other in zip(operands, op.operands, strict=True))
        return op if same else qml.prod(*operands)
    if isinstance(op, qml.ops.Adjoint | qml.ops.Pow | qml.ops.Controlled):
        base = _own(op.base)
        return op if base is op.base else _with_base(op, base)
    return op


def _with_base(op: Operator, base: Operator) -> Operator:
    """Return an adjoint, a power or a controlled operator with another base."""
    if isinstance(op, qml.ops.Adjoint):
        return qml.adjoint(base)
    if isinstance(op, qml.ops.Pow):
        return qml.pow(base, op.z)
    return qml.ctrl(
        base,
        op.control_wires,
        control_values=op.control_values,
        work_wires=op.work_wires,
        work_wire_type=op.work_wire_type,
    )


def _dense(op: Operator) -> Operator:
    """Return an operator with arrays for sparse data; a state is given as a row of a matrix."""
    values = list(map(to_numpy, op.data))
    rows = [value[0] if np.shape(value)[:1] == (1,) else value for value in values]
    return type(op)(*rows, wires=op.wires)


def _gates(element: Element, op: Operator) -> list[Operator]:
    """Return an element as gates on an operator's wires, with its parameters put in."""
    wires = [op.wires[qubit] for qubit in element.qubits]
    if isinstance(element, Clifford):
        return [_CLIFFORDS[element.name](wires)]
    if isinstance(element, Constant):
        axes = (qml.RZ, qml.RX, qml.RZ)
        return [gate(angle, wires) for gate, angle in zip(axes, zxz(element.matrix), strict=True)]
    letters = "".join(letter for _, letter in element.word)
    value = _value(element.angle, op.data)
    if letters in _ROTATIONS:
        return [_ROTATIONS[letters](value, wires)]
    # Of two letters, the second as the first between two turns.
    turn = _CLIFFORDS[_TURNS[letters]](wires[1])
    core = _ROTATIONS[letters[0] * 2](value, wires)
    return [qml.adjoint(turn, lazy=False), core, turn]


def _value(angle: Angle, data: Sequence[Any]) -> Any:
    value: Any = angle.const
    for index, slope in angle.terms:
        value = value + slope * data[index]
    return value
