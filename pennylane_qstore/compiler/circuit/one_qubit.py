"""Recognise a one-qubit matrix as a rotation or Clifford gates, and find its Euler angles."""

import math

import numpy as np

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Constant,
    Element,
    Matrix,
    Rotation,
)
from pennylane_qstore.compiler.circuit.paulis import Word, one_qubit_gates

_PAULIS = {
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def one_qubit_elements(constant: Constant) -> tuple[Element, ...] | None:
    """Return the rotation or Clifford gates that a constant is up to a global phase, or None."""
    if len(constant.qubits) > 1:
        return None
    (qubit,) = constant.qubits
    matrix = constant.matrix / np.sqrt(np.linalg.det(constant.matrix) + 0j)
    parts = {letter: float(np.trace(p @ matrix).imag / -2) for letter, p in _PAULIS.items()}
    across = sorted(parts, key=lambda letter: abs(parts[letter]))
    if abs(parts[across[1]]) < tolerances.PAULI_PART:
        letter = across[2]
        angle = 2 * math.atan2(parts[letter], float(np.trace(matrix).real / 2))
        return (Rotation(((qubit, letter),), Angle(angle)),)
    x, z = _image(matrix, "X"), _image(matrix, "Z")
    if x is None or z is None:
        return None
    return tuple(Clifford(name, (qubit,)) for name in one_qubit_gates()[x, z])


def _image(matrix: Matrix, letter: str) -> Word | None:
    """Return the Pauli word U†·P·U for a unitary U, or None where it is no Pauli word."""
    image = matrix.conj().T @ _PAULIS[letter] @ matrix
    for other, pauli in _PAULIS.items():
        part = np.trace(pauli @ image).real / 2
        if abs(abs(part) - 1) < tolerances.PAULI_PART:
            word = Word.of([(0, other)])
            return word if part > 0 else word.negated()
    return None


def zxz(matrix: Matrix) -> tuple[float, float, float]:
    """Return the angles of RZ, RX, RZ, in radians and in this order, of a 2x2 unitary."""
    special = matrix / np.sqrt(np.linalg.det(matrix.astype(complex)))
    stays, moves = special[1, 1], 1j * special[1, 0]
    total = 2 * np.angle(stays) if abs(stays) > tolerances.MATRIX_ELEMENT else 0.0
    difference = 2 * np.angle(moves) if abs(moves) > tolerances.MATRIX_ELEMENT else 0.0
    tilt = 2 * np.arctan2(abs(moves), abs(stays))
    return float(total - difference) / 2, float(tilt), float(total + difference) / 2
