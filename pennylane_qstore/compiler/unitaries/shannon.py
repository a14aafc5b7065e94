"""Decompose constant unitaries into two-qubit unitaries: the quantum Shannon decomposition.

As in Shende, Bullock and Markov (quant-ph/0406176), the cosine-sine decomposition gives two
selected unitaries around a selected RY; each of these is two unitaries around a selected RZ, and so
on. Three things make it cheaper. A two-qubit unitary that may differ by a diagonal takes two
entanglers, and the diagonal commutes with what its qubits select, up to the next unitary. One gate
of a selected RY merges into its neighbour. And a partial entangler balances the eigenvalues of two
selected two-qubit unitaries, so that their RZ takes two entanglers instead of four.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cossin

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    PAIR,
    Angle,
    Constant,
    Element,
    Matrix,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.multiplexed import SIZE, balancing, demultiplexed, selected

Z_LAST = np.array([1.0, -1.0, 1.0, -1.0])
Phases = NDArray[np.complex128]


class ShannonSynthesis(NamedTuple):
    """A unitary as diag(left)·(elements)·diag(right), up to a global phase.

    Attributes:
        elements: in order
        left: phase factors by basis state; 1 unless they were free
        right: likewise
    """

    elements: list[Element]
    left: Phases
    right: Phases


def unitary(
    matrix: Matrix, qubits: Sequence[int], *, left: bool = False, right: bool = False
) -> ShannonSynthesis:
    """Return elements on one and two qubits for a unitary.

    Args:
        matrix: of size 2^len(qubits)
        qubits: the first is the left tensor factor
        left: whether a diagonal may be left out at the end
        right: whether one may be left out at the start
    """
    ones = np.ones(len(matrix), dtype=complex)
    if len(qubits) == 1:
        return ShannonSynthesis(constant(qubits, matrix), ones, ones)
    if right and not left:
        found = unitary(matrix.conj().T, qubits, left=True)
        return ShannonSynthesis(inverse(found.elements), ones, found.left.conj())
    if len(qubits) == PAIR:
        if not left:
            return ShannonSynthesis(constant(qubits, matrix), ones, ones)
        diagonal = _spared(matrix)
        return ShannonSynthesis(constant(qubits, diagonal.conj()[:, None] * matrix), diagonal, ones)
    return _by_cosines_and_sines(matrix, qubits, left=left, right=right)


def _spared(matrix: Matrix) -> Phases:
    """Return the diagonal without which a 4x4 unitary takes the fewest entanglers, at most two."""
    own = weyl.decompose(matrix).coordinates
    generic = weyl.without_diagonal(matrix[None]).delta
    # Where the diagonal is along one of the axes, it can take that coordinate away.
    diagonals = np.exp(
        1j * np.concatenate([[0.0, np.pi / 4], generic, own, -own])[:, None] * weyl.ZZ_SIGNS
    )
    found = weyl.decompose_batch(diagonals[:, :, None] * matrix)
    counts = np.minimum(
        weyl.entanglers(found, tolerances.CONSTANT_COORDINATE),
        weyl.mirrored_entanglers(found, tolerances.CONSTANT_COORDINATE),
    )
    return diagonals[int(counts.argmin())].conj()


def constant(qubits: Sequence[int], matrix: Matrix) -> list[Element]:
    """Return a constant as an element, or nothing for a phase."""
    size = len(matrix)
    if np.abs(matrix - matrix[0, 0] * np.eye(size)).max() < tolerances.GLOBAL_PHASE:
        return []
    return [Constant(tuple(qubits), matrix)]


def inverse(elements: Iterable[Element]) -> list[Element]:
    """Return the inverse of elements with constant angles whose named gates are CX and CZ."""
    undone: list[Element] = []
    for element in reversed(list(elements)):
        if isinstance(element, Rotation):
            undone.append(Rotation(element.word, element.angle.scaled(-1)))
        elif isinstance(element, Constant):
            undone.append(Constant(element.qubits, element.matrix.conj().T))
        else:
            undone.append(element)
    return undone


def _by_cosines_and_sines(
    matrix: Matrix, qubits: Sequence[int], *, left: bool, right: bool
) -> ShannonSynthesis:
    """Return (A₀⊕A₁)·(selected RY)·(B₀⊕B₁), selected by the first qubit but for the RY."""
    half = len(matrix) // 2
    (a0, a1), theta, (b0, b1) = cossin(matrix, p=half, q=half, separate=True)
    if opposite(a0, a1):
        a1[:, -1], theta[-1], b1[-1] = -a1[:, -1], -theta[-1], -b1[-1]
    start = np.ones(half, dtype=complex)
    between: list[Element] = []
    if half == SIZE and not demultiplexed(b0, b1).is_balanced:
        if right:
            edge = balancing(b1.conj().T @ b0)
            b1, start = b1 * edge, edge.conj()
        else:
            edge = balancing(b0 @ b1.conj().T, Z_LAST)
            b1, between = edge[:, None] * b1, junction(qubits[0], qubits[-1], edge.conj())
    inner = two_unitaries(b0, b1, qubits, left=True)
    a0, a1 = a0 * inner.left[:half], a1 * inner.left[:half]
    outer = after_selected_ry(a0, a1, 2 * theta, qubits, left=left)
    elements = [*inner.elements, *between, *outer.elements]
    return ShannonSynthesis(elements, outer.left, np.concatenate([np.ones(half), start]))


def after_selected_ry(
    a0: Matrix,
    a1: Matrix,
    angles: NDArray[np.float64],
    qubits: Sequence[int],
    *,
    left: bool,
) -> ShannonSynthesis:
    """Return (a0⊕a1)·(RY of the first qubit, selected by the others)."""
    half = len(a0)
    turns = selected("Y", qubits[0], qubits[1:], angles, drop=True)
    elements = turns.elements
    if turns.dropped is not None:
        a1 = a1 * signs(qubits[1:], turns.dropped)
    a1, edge, before = balanced_later(a0, a1, qubits[0], qubits[-1], left=left)
    found = two_unitaries(a0, a1, qubits, left=left)
    diagonal = found.left * np.concatenate([np.ones(half), edge.conj()])
    return ShannonSynthesis([*elements, *before, *found.elements], diagonal, found.right)


def balanced_later(
    a0: Matrix, a1: Matrix, target: int, other: int, *, left: bool
) -> tuple[Matrix, Phases, list[Element]]:
    """Unitaries that a qubit selects, the second one changed so that the two are balanced.

    Args:
        a0: where the qubit is 0
        a1: where it is 1
        target: the qubit
        other: the last one that they act on
        left: whether a diagonal may be left over after them

    Returns:
        the second one; the diagonal that it is now too much by; and what makes up for it before
        them, if that is where it stands
    """
    edge = np.ones(len(a0), dtype=complex)
    if len(a0) != SIZE or demultiplexed(a0, a1).is_balanced:
        return a1, edge, []
    if left:
        edge = balancing(a0 @ a1.conj().T)
        return edge[:, None] * a1, edge, []
    inner = balancing(a1.conj().T @ a0, Z_LAST)
    return a1 * inner, edge, junction(target, other, inner.conj())


def two_unitaries(
    first: Matrix, second: Matrix, qubits: Sequence[int], *, left: bool
) -> ShannonSynthesis:
    """Return first⊕second, selected by the first qubit; a diagonal on the others may be free."""
    parts = demultiplexed(first, second)
    inner = unitary(parts.inner, qubits[1:], left=True)
    turns = selected("Z", qubits[0], qubits[1:], parts.angles)
    outer = unitary(parts.outer * inner.left, qubits[1:], left=left)
    elements = [*inner.elements, *turns.elements, *outer.elements]
    return ShannonSynthesis(
        elements, np.tile(outer.left, 2), np.ones(2 * len(first), dtype=complex)
    )


def junction(target: int, other: int, diagonal: Phases) -> list[Element]:
    """Return exp(iεZ) on a qubit where the target is 1, for the diagonal of exp(iεZ)."""
    angle = float(np.angle(diagonal[0]))
    if abs(angle) < tolerances.JUNCTION_ANGLE:
        return []
    return [
        rotation([(other, "Z")], Angle(-angle)),
        rotation([(target, "Z"), (other, "Z")], Angle(angle)),
    ]


def opposite(first: Matrix, second: Matrix) -> bool:
    """Return whether two matrices are real and one of them has a reflection more."""
    if np.iscomplex(first).any() or np.iscomplex(second).any():
        return False
    return bool((np.linalg.det(first) * np.linalg.det(second)).real < 0)


def signs(qubits: Sequence[int], qubit: int) -> Phases:
    """Return the diagonal of Z on one of some qubits."""
    signs = np.ones((2,) * len(qubits))
    np.moveaxis(signs, list(qubits).index(qubit), 0)[1] = -1
    return signs.reshape(-1).astype(complex)
