"""Two-qubit matrices of elements, and elements of two-qubit matrices."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    PAIR,
    Angle,
    Clifford,
    Constant,
    Element,
    Matrix,
    Reals,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.weyl import PAULIS, SWAP, Weyl

LETTERS = "IXYZ"
# The Pauli words on two qubits, 4·(letter of the first) + (letter of the second).
WORDS: Matrix = weyl.kron(PAULIS[:, None], PAULIS[None]).reshape(16, 4, 4)
_IDENTITY = np.eye(2, dtype=complex)
_SX: Matrix = (PAULIS[0] * (1 + 1j) + PAULIS[1] * (1 - 1j)) / 2
CLIFFORDS: dict[str, Matrix] = {
    "X": PAULIS[1],
    "Y": PAULIS[2],
    "Z": PAULIS[3],
    "H": (PAULIS[1] + PAULIS[3]) / np.sqrt(2),
    "S": np.diag([1, 1j]).astype(complex),
    "SDG": np.diag([1, -1j]).astype(complex),
    "SX": _SX,
    "SXDG": _SX.conj(),
    "CX": np.eye(4, dtype=complex)[[0, 1, 3, 2]],
    "CZ": np.diag([1, 1, 1, -1]).astype(complex),
    "SWAP": SWAP,
}


def matrices(qubits: tuple[int, ...], elements: Iterable[Element], params: Reals) -> Matrix:
    """Return the unitaries (B, 4, 4) of elements on two qubits for parameters (B, P).

    Args:
        qubits: the first is the left tensor factor
        elements: in order
        params: in radians
    """
    unitaries = np.tile(np.eye(4, dtype=complex), (len(params), 1, 1))
    for element in elements:
        unitaries = _lifted(qubits, element, params) @ unitaries
    return unitaries


def between(
    qubits: tuple[int, ...],
    left: Sequence[Matrix],
    angles: Sequence[float],
    right: Sequence[Matrix],
) -> list[Element]:
    """Return constants on one qubit around rotations about XX, YY and ZZ.

    Args:
        qubits: the first is the left tensor factor
        left: the gates applied last, on both qubits
        angles: about XX, YY and ZZ, in radians
        right: the gates applied first, on both qubits, or none
    """
    rotations = [
        rotation(((qubits[0], letter), (qubits[1], letter)), Angle(value))
        for letter, value in zip("XYZ", angles, strict=True)
        if abs(value) > tolerances.COORDINATE
    ]
    if not rotations and right:
        return _constants(qubits, [a @ b for a, b in zip(left, right, strict=True)])
    before = _constants(qubits, right) if right else []
    return [*before, *rotations, *_constants(qubits, left)]


def on_both(qubits: tuple[int, ...], element: Element) -> Matrix:
    """Return an element's matrix on a pair of qubits, or the Pauli word that it rotates about."""
    if isinstance(element, Rotation):
        return WORDS[word_of(qubits, element)]
    places = tuple(qubits.index(qubit) for qubit in element.qubits)
    return (
        _clifford(element.name, places)
        if isinstance(element, Clifford)
        else on_pair(element.matrix, places)
    )


def resolved(qubits: tuple[int, ...], found: Weyl) -> list[Element]:
    """Return a decomposition as constants on one qubit around rotations about XX, YY and ZZ.

    Args:
        qubits: the first is the left tensor factor
        found: of one unitary; its phase is left out
    """
    return between(qubits, found.left, (-2 * found.coordinates).tolist(), found.right)


def word_of(qubits: tuple[int, ...], element: Rotation) -> int:
    """Return the index of a rotation's word on a pair of qubits."""
    return sum(LETTERS.index(p) * 4 ** (1 - qubits.index(qubit)) for qubit, p in element.word)


def _lifted(qubits: tuple[int, ...], element: Element, params: Reals) -> Matrix:
    """Return an element on two qubits as a matrix (4, 4) or (B, 4, 4)."""
    matrix = on_both(qubits, element)
    if not isinstance(element, Rotation):
        return matrix
    half = element.angle.at(params)[:, None, None] / 2
    turned: Matrix = np.cos(half) * WORDS[0] - 1j * np.sin(half) * matrix
    return turned


def on_pair(matrix: Matrix, places: tuple[int, ...]) -> Matrix:
    """Return a matrix on places (0,), (1,), (0, 1) or (1, 0) of a pair as a 4x4 matrix."""
    if len(places) == PAIR:
        return matrix if places == (0, 1) else SWAP @ matrix @ SWAP
    return weyl.kron(matrix, _IDENTITY) if places == (0,) else weyl.kron(_IDENTITY, matrix)


def _constants(qubits: tuple[int, ...], gates: Sequence[Matrix]) -> list[Element]:
    """Return gates on one qubit each as elements, without those that are a phase."""
    return [
        Constant((qubit,), gate)
        for qubit, gate in zip(qubits, gates, strict=True)
        if max(abs(gate[0, 1]), abs(gate[1, 0]), abs(gate[0, 0] - gate[1, 1]))
        > tolerances.MATRIX_ELEMENT
    ]


@cache
def _clifford(name: str, places: tuple[int, ...]) -> Matrix:
    return on_pair(CLIFFORDS[name], places)
