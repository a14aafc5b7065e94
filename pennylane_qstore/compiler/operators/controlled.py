"""Decompose controlled operators to elements, in the basis in which the base is diagonal."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Constant,
    Element,
    Matrix,
    adjoint,
    rotation,
)
from pennylane_qstore.compiler.operators.cnot_ladders import onto_last
from pennylane_qstore.compiler.operators.multi_controlled import Phases, controlled_diagonal
from pennylane_qstore.tensors import to_numpy

_HALF_TURN = Angle(math.pi)
# Our circuits grow faster with the controls than PennyLane's, which are the shorter ones from five
# controls on where there are wires to work on, and from three on where those are in |0⟩.
MOST_CONTROLS_BY_RULE = 10
_MOST_WITH_WORK_WIRES, _MOST_WITH_CLEAN_ONES = 4, 2
# A base that is a Pauli word, a phase where the word is -1, or a rotation about it.
_PAULIS = {"PauliX": "X", "PauliY": "Y", "PauliZ": "Z"}
_PHASES = {"PhaseShift": "Z", "U1": "Z"}
_ROTATIONS = {
    **{"RX": "X", "RY": "Y", "RZ": "Z"},
    **{"IsingXX": "XX", "IsingYY": "YY", "IsingZZ": "ZZ"},
}


class _Diagonal(NamedTuple):
    """G†·diag·G.

    Attributes:
        before: G
        phases: the diagonal
        qubit: that it acts on
    """

    before: Sequence[Element]
    phases: Phases
    qubit: int


def controlled(op: Operator) -> list[Element] | None:
    """A controlled operator's elements, its wires as qubits 0, 1, … and its parameters open.

    Returns:
        elements, up to a global phase; None for a base that is neither a rotation about a Pauli
        word nor on one wire, and where PennyLane's own decomposition is the shorter one.
    """
    controls = range(len(op.control_wires))
    if len(controls) > _most_controls(op):
        return None
    parts = _diagonals(op.base, len(controls))
    if parts is None:
        return None
    values = enumerate(op.control_values)
    flips = [Clifford("X", (qubit,)) for qubit, value in values if not value]
    elements: list[Element] = [*flips]
    for before, phases, qubit in parts:
        elements += [*before, *controlled_diagonal(phases, controls, qubit), *adjoint(before)]
    return [*elements, *flips]


def matrix_of(op: Operator) -> Matrix:
    """Return an operator's matrix as complex numbers, for parameters of any interface."""
    values = list(map(to_numpy, op.data))
    is_real = all(value.dtype.kind in "fiu" for value in values)
    # An exponential's coefficients are not all in its data, and come as they are.
    if values and is_real and not isinstance(op, qml.ops.SymbolicOp):
        op = bind_new_parameters(op, [value.astype(np.float64) for value in values])
    return to_numpy(op.matrix()).astype(complex)


def _most_controls(op: Operator) -> int:
    if not op.work_wires:
        return MOST_CONTROLS_BY_RULE
    return _MOST_WITH_CLEAN_ONES if op.work_wire_type == "zeroed" else _MOST_WITH_WORK_WIRES


def _diagonals(op: Operator, first: int) -> list[_Diagonal] | None:
    """Factor a gate into diagonal gates, each in its own basis.

    Args:
        op: the gate
        first: its first qubit

    Returns:
        the factors in order; None for a gate that isn't known here
    """
    if op.name == "Rot":
        return [_about(axis, first, _turned(_open(i))) for i, axis in enumerate("ZYZ")]
    found = _diagonal(op, first)
    return None if found is None else [found]


def _diagonal(op: Operator, first: int) -> _Diagonal | None:
    if op.name in _PAULIS:
        return _about(_PAULIS[op.name], first, Phases(Angle(), _HALF_TURN))
    if op.name in _PHASES:
        return _about(_PHASES[op.name], first, Phases(Angle(), _open()))
    if word := _word(op):
        return _about(word, first, _turned(_open()))
    if op.name == "Hadamard":
        tilt = rotation([(first, "Y")], Angle(-math.pi / 4))
        return _Diagonal([tilt], Phases(Angle(), _HALF_TURN), first)
    # Any other gate on one wire by its values, a U3 say: PennyLane rounds those near special ones.
    if len(op.wires) == 1 and op.batch_size is None and op.has_matrix:
        return _diagonalised(matrix_of(op), first)
    return None


def _open(index: int = 0) -> Angle:
    return Angle(0.0, ((index, 1.0),))


def _turned(angle: Angle) -> Phases:
    return Phases(angle.scaled(-0.5), angle.scaled(0.5))


def _word(op: Operator) -> str:
    """Return the Pauli word that an operator rotates about; empty for any other operator."""
    if isinstance(op, qml.MultiRZ):
        return "Z" * len(op.wires)
    word = op.hyperparameters["pauli_word"] if isinstance(op, qml.PauliRot) else ""
    return _ROTATIONS.get(op.name, word.strip("I") and word)


def _about(letters: str, first: int, phases: Phases) -> _Diagonal:
    """Return a diagonal with phases for a word's two eigenspaces, that of -1 the second one."""
    word = [(qubit, letter) for qubit, letter in enumerate(letters, first) if letter != "I"]
    return _Diagonal(onto_last(word), phases, word[-1][0])


def _diagonalised(matrix: Matrix, qubit: int) -> _Diagonal:
    """Return a 2x2 unitary as a diagonal in the basis of its eigenvectors."""
    if max(abs(matrix[0, 1]), abs(matrix[1, 0])) < tolerances.MATRIX_ELEMENT:
        return _Diagonal((), _phases(matrix), qubit)
    # Up to its phase a unitary is cos - i·sin·(Hermitian); eigh's eigenvectors are orthogonal.
    special = matrix / np.sqrt(np.linalg.det(matrix) + 0j)
    _, vectors = np.linalg.eigh(1j * (special - special.conj().T))
    inverse = vectors.conj().T
    return _Diagonal([Constant((qubit,), inverse)], _phases(inverse @ matrix @ vectors), qubit)


def _phases(diagonal: Matrix) -> Phases:
    zero, one = np.angle(np.diag(diagonal)).tolist()
    return Phases(Angle(zero), Angle(one))
