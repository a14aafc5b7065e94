"""Decompose constant isometries, whose other inputs are |0⟩, into one- and two-qubit elements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.linalg import cossin

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    PAIR,
    Clifford,
    Constant,
    Element,
    Matrix,
    Reals,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.multiplexed import demultiplexed, selected
from pennylane_qstore.compiler.unitaries.shannon import (
    Phases,
    after_selected_ry,
    balanced_later,
    constant,
    opposite,
    signs,
    unitary,
)

_Z = np.array([1.0, -1.0])
# Combinations of two matrices; a coincidence of singular values in one is none in another.
_MIXTURES = ((0.8, 0.6), (0.6, -0.8j), (0.28, 0.96j))


class Isometry(NamedTuple):
    """An isometry as diag(left)·(elements on |0…0⟩, but for the carriers)·diag(right).

    Attributes:
        elements: in order
        carriers: the qubits that hold its input, the most significant bit first
        left: phase factors by basis state of all qubits; 1 unless they were free
        right: phase factors by basis state of the carriers; likewise
    """

    elements: list[Element]
    carriers: tuple[int, ...]
    left: Phases
    right: Phases


def isometry(
    columns: Matrix, qubits: Sequence[int], *, left: bool = False, right: bool = False
) -> Isometry:
    """Return elements that make orthonormal columns of the carriers' basis states.

    Args:
        columns: shape (2^m, 2^k) with 1 ≤ k ≤ m
        qubits: m, the first is the left tensor factor
        left: whether a diagonal may be left out at the end
        right: whether one may be left out at the start
    """
    rows, inputs = columns.shape
    if rows == inputs:
        found = unitary(columns, qubits, left=left, right=right)
        return Isometry(found.elements, tuple(qubits), found.left, found.right)
    peeled = _peeled(columns, qubits)
    if peeled is not None:
        return peeled
    if len(qubits) == PAIR:
        elements, carrier = _from_one_to_two(columns, (qubits[0], qubits[1]))
        return Isometry(elements, (carrier,), np.ones(rows, complex), np.ones(inputs, complex))
    return _by_cosines_and_sines(columns, qubits, left=left, right=right)


def _peeled(columns: Matrix, qubits: Sequence[int]) -> Isometry | None:
    """Return a circuit that makes some qubits of fewer at the end, or None."""
    rows, inputs = columns.shape
    tensor = columns.reshape((2,) * len(qubits) + (inputs,))
    for places in _subsets(len(qubits)):
        size = 1 << len(places)
        moved = np.moveaxis(tensor, places, range(len(places)))
        outer, weights, inner = np.linalg.svd(moved.reshape(size, -1), full_matrices=False)
        bits = bits_of(int((weights > tolerances.SINGULAR_VALUE).sum()))
        if bits == len(places) or (bits == 0 and len(places) > 1):
            continue
        chosen = [qubits[place] for place in places]
        rest = [qubit for qubit in qubits if qubit not in chosen]
        kept = 1 << bits
        if not bits:  # a qubit in a state of its own
            last = constant(chosen, completed(outer[:, :1]))
            carriers: tuple[int, ...] = ()
        else:
            made = isometry(outer[:, :kept], chosen)
            last, carriers = made.elements, made.carriers
        smaller = (weights[:kept, None] * inner[:kept]).reshape(-1, inputs)
        first = isometry(smaller, [*carriers, *rest])
        return Isometry(
            [*first.elements, *last],
            first.carriers,
            np.ones(rows, complex),
            np.ones(inputs, complex),
        )
    return None


def _subsets(size: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, size):
        yield from combinations(range(size), count)


def _from_one_to_two(columns: Matrix, qubits: tuple[int, int]) -> tuple[list[Element], int]:
    """Return elements of one entangler if a qubit selects the other's state, else of two."""
    tensor = columns.reshape(2, 2, 2)
    for carrier in (1, 0):
        found = _selecting(tensor if carrier else tensor.transpose(1, 0, 2))
        if found is None:
            continue
        matrix, turn = found
        pair = (qubits[1 - carrier], qubits[carrier])
        return [*constant((qubits[carrier],), turn), Constant(pair, matrix)], qubits[carrier]
    matrix = np.concatenate([columns, completed(columns)[:, 2:]], axis=1)
    delta = weyl.without_diagonal(matrix[None], "right").delta[0]
    # exp(iδ Z⊗Z) turns the carrier about Z, as the other qubit is in |0⟩.
    turned = matrix * np.exp(1j * delta * np.kron(_Z, _Z))
    turn = np.diag(np.exp(-1j * delta * _Z))
    return [*constant(qubits[1:], turn), Constant(qubits, turned)], qubits[1]


def _selecting(tensor: Matrix) -> tuple[Matrix, Matrix] | None:
    """Finds |i⟩ → |aᵢ⟩|bᵢ⟩ after a turn of the carrier, with b₀ and b₁ orthogonal.

    Args:
        tensor: axes of a, of b, of the input

    Returns:
        the unitary on a and b, and the turn of b before it
    """
    for mixture in _MIXTURES:
        basis, _, turn = np.linalg.svd(np.tensordot(mixture, tensor, axes=1))
        inner = basis.conj().T @ tensor @ turn.conj().T
        if (
            max(np.abs(inner[:, 0, 1]).max(), np.abs(inner[:, 1, 0]).max())
            < tolerances.COMMON_BASIS
        ):
            break
    else:
        return None
    states = inner.diagonal(axis1=1, axis2=2)
    matrix = np.zeros((2, 2, 2, 2), dtype=complex)
    for bit in range(2):
        own = completed(states[:, bit : bit + 1] / np.linalg.norm(states[:, bit]))
        matrix[:, :, :, bit] = own[:, None, :] * basis[None, :, bit, None]
    return matrix.reshape(4, 4), turn


def _by_cosines_and_sines(
    columns: Matrix, qubits: Sequence[int], *, left: bool, right: bool
) -> Isometry:
    """Return (A₀⊕A₁)·(selected RY of the first qubit, from |0⟩)·W, with W on the carriers."""
    rows, inputs = columns.shape
    half = rows // 2
    (a0, a1), theta, (inner, _) = cossin(completed(columns), p=half, q=inputs, separate=True)
    a1 = np.roll(a1, inputs, axis=1)  # the columns that meet the sines come last
    if inputs == half and opposite(a0, a1):
        a1[:, -1], theta[-1] = -a1[:, -1], -theta[-1]
    if inputs < half:
        return _with_idle(a0, a1, theta, inner, qubits, left=left, right=right)
    rest = qubits[1:]
    first = unitary(inner, rest, left=True, right=right)
    second = after_selected_ry(a0 * first.left, a1 * first.left, 2 * theta, qubits, left=left)
    return Isometry([*first.elements, *second.elements], tuple(rest), second.left, first.right)


def _with_idle(
    a0: Matrix,
    a1: Matrix,
    theta: Reals,
    inner: Matrix,
    qubits: Sequence[int],
    *,
    left: bool,
    right: bool,
) -> Isometry:
    """Return the same where more qubits start in |0⟩, so that few columns of A₀ and A₁ matter."""
    target, rest = qubits[0], qubits[1:]
    half, inputs = len(a0), len(inner)
    # The other columns are as alike as they can be.
    outer, _, turn = np.linalg.svd(a1[:, inputs:].conj().T @ a0[:, inputs:])
    a1 = np.concatenate([a1[:, :inputs], a1[:, inputs:] @ outer @ turn], axis=1)
    if opposite(a0, a1):
        a1[:, -1] = -a1[:, -1]
    places = range(bits_of(inputs))  # stand for the carriers until these are known
    first = unitary(inner, places, left=True, right=right)
    turns = selected("Y", len(places), places, 2 * theta, drop=True)
    front = [*first.elements, *turns.elements]
    scale = np.ones(half, dtype=complex)
    scale[:inputs] = first.left
    a0, a1 = a0 * scale, a1 * scale
    if turns.dropped is not None:
        a1 = a1 * np.tile(signs(places, turns.dropped), half // inputs)
    a1, edge, before = balanced_later(a0, a1, len(places), len(places) - 1, left=left)
    front += before
    parts = demultiplexed(a0, a1)
    last = unitary(parts.outer, rest, right=True)
    middle = isometry((last.right[:, None] * parts.inner)[:, :inputs], rest)
    rotations = selected("Z", target, rest, parts.angles)
    names = dict(enumerate([*middle.carriers, target]))
    return Isometry(
        [*renamed(front, names), *middle.elements, *rotations.elements, *last.elements],
        middle.carriers,
        np.tile(last.left, 2) * np.concatenate([np.ones(half), edge.conj()]),
        first.right,
    )


def renamed(elements: Iterable[Element], names: Mapping[int, int]) -> list[Element]:
    """Return elements on other qubits."""
    moved: list[Element] = []
    for element in elements:
        if isinstance(element, Rotation):
            word = [(names[qubit], letter) for qubit, letter in element.word]
            moved.append(rotation(word, element.angle))
        elif isinstance(element, Clifford):
            moved.append(Clifford(element.name, tuple(names[q] for q in element.qubits)))
        else:
            moved.append(Constant(tuple(names[q] for q in element.qubits), element.matrix))
    return moved


def completed(columns: Matrix) -> Matrix:
    """Return a unitary whose first columns are these."""
    count = columns.shape[1]
    outer, _, inner = np.linalg.svd(columns)
    found = outer.copy()
    found[:, :count] = outer[:, :count] @ inner
    return found


def bits_of(size: int) -> int:
    """Return how many bits it takes to count to a size."""
    return max(size - 1, 0).bit_length()
