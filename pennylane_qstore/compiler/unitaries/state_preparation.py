"""Prepare constant states with few entanglers, by their Schmidt decompositions.

A state of two halves is Σ σᵢ |uᵢ⟩|vᵢ⟩. The weights σᵢ are prepared on as many qubits of one half as
it takes to count them, CNOTs copy these to the other half, and an isometry on each half makes |uᵢ⟩
and |vᵢ⟩ of the basis state |i⟩ (Plesch and Brukner, arXiv:1003.5760). A diagonal commutes with the
CNOTs' controls and targets alike, so that one half may leave one to the other.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    PAIR,
    Angle,
    Clifford,
    Constant,
    Element,
    Matrix,
    rotation,
)
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.free_phases import paired, two_entanglers
from pennylane_qstore.compiler.unitaries.isometries import bits_of, completed, isometry
from pennylane_qstore.compiler.unitaries.shannon import constant

# Schmidt weights, falling, by the qubits on the smaller side of a cut.
Spectra = dict[tuple[int, ...], NDArray[np.float64]]

_TRIPLE = 3
_MOST_CUTS = 3
# How many entanglers an isometry takes where nothing is special, by (qubits, those it starts from):
# a complex one, and a real one.
_COMPLEX = {(1, 0): 0, (1, 1): 0, (2, 0): 1, (2, 1): 2, (2, 2): 3}
_COMPLEX |= {(3, 0): 3, (3, 1): 7, (3, 2): 12, (3, 3): 16, (4, 1): 19, (5, 1): 67}
_REAL = _COMPLEX | {(2, 2): 2, (3, 1): 5, (3, 2): 9, (3, 3): 11, (4, 1): 14, (5, 1): 50}


def prepare(state: NDArray[np.complex128], *, magnitudes_only: bool = False) -> list[Element]:
    """A state to elements that make it of |0…0⟩, up to a global phase.

    Args:
        state: 2^n amplitudes, not all zero, qubit 0 in the most significant bit; normalised here
        magnitudes_only: whether only the squares of the amplitudes' magnitudes matter

    Returns:
        elements on qubits 0 to n - 1, with constant angles, each on one or two of them

    Raises:
        ValueError: the number of amplitudes is no power of two, or they are zero or not finite
    """
    amplitudes = np.asarray(state, dtype=complex).reshape(-1)
    count = max(len(amplitudes).bit_length() - 1, 0)
    norm = np.linalg.norm(amplitudes)
    if len(amplitudes) != 1 << count or not np.isfinite(norm) or norm == 0:
        raise ValueError(
            f"a state has 2^n finite amplitudes, not all zero; not {len(amplitudes)} of norm {norm}"
        )
    amplitudes = _simple(amplitudes / norm)
    qubits = range(count)
    if not magnitudes_only:
        return _made(amplitudes, qubits)
    return _of_magnitudes(amplitudes, qubits)


def _simple(amplitudes: Matrix) -> Matrix:
    """Return real amplitudes where only a global phase makes them complex."""
    largest = amplitudes[np.abs(amplitudes).argmax()]
    turned = amplitudes * (abs(largest) / largest)
    return turned.real + 0j if np.abs(turned.imag).max() < tolerances.IMAGINARY_PART else turned


def entanglers(elements: Iterable[Element]) -> int:
    """Return how many entanglers elements take, each on its own."""
    joint = [element for element in elements if len(element.qubits) == PAIR]
    matrices = [element.matrix for element in joint if isinstance(element, Constant)]
    others = sum(not isinstance(e, Constant) and getattr(e, "name", "") != "SWAP" for e in joint)
    if not matrices:
        return others
    found = weyl.decompose_batch(np.array(matrices))
    counts = np.minimum(
        weyl.entanglers(found, tolerances.CONSTANT_COORDINATE),
        weyl.mirrored_entanglers(found, tolerances.CONSTANT_COORDINATE),
    )
    return others + int(counts.sum())


def _of_magnitudes(amplitudes: Matrix, qubits: Sequence[int]) -> list[Element]:
    """Return a state of these magnitudes: real, unless a complex one takes fewer entanglers."""
    magnitudes = np.abs(amplitudes).astype(complex)
    plain = _made(magnitudes, qubits, left=True)
    if len(qubits) == _TRIPLE and entanglers(plain) > PAIR:
        tensor = magnitudes.real.reshape(2, 2, 2)
        for middle in range(_TRIPLE):
            phases = two_entanglers(np.moveaxis(tensor, middle, 1))
            if phases is not None:
                better = tensor * np.moveaxis(phases, 1, middle)
                return _made(better.reshape(-1), qubits, left=True)
    if len(qubits) > 1 and _estimate(amplitudes) < _estimate(magnitudes):
        return min(plain, _made(amplitudes, qubits, left=True), key=entanglers)
    return plain


def _estimate(state: Matrix) -> float:
    """Return about how many entanglers a state takes."""
    return min(_costs(state, _spectra(_as_tensor(state))).values())


def _made(state: Matrix, qubits: Sequence[int], *, left: bool = False) -> list[Element]:
    """Return elements that prepare a state; with left, up to a diagonal."""
    if not qubits:
        return []
    if len(qubits) == 1:
        return constant(qubits, completed(state.reshape(2, 1)))
    tensor = _as_tensor(state)
    spectra = _spectra(tensor)
    for places, weights in spectra.items():
        if weights[1] < tolerances.SINGULAR_VALUE:
            return _apart(tensor, qubits, places, left=left)
    found = [
        _joined(tensor, qubits, places, ordered=ordered, left=left)
        for places, ordered in _promising(state, spectra)
    ]
    return min(found, key=entanglers) if len(found) > 1 else found[0]


def _apart(
    tensor: Matrix, qubits: Sequence[int], places: Sequence[int], *, left: bool
) -> list[Element]:
    """Return a product state's elements: each factor on its own."""
    first, _, second = np.linalg.svd(_as_matrix(tensor, places), full_matrices=False)
    own = [qubits[place] for place in places]
    other = [qubit for qubit in qubits if qubit not in own]
    return [*_made(first[:, 0], own, left=left), *_made(second[0], other, left=left)]


def _spectra(tensor: Matrix) -> Spectra:
    """Return the Schmidt weights for every way to cut the qubits in two."""
    count = tensor.ndim
    spectra: Spectra = {}
    for size in range(1, count // 2 + 1):
        cuts = [
            places for places in combinations(range(count), size) if 2 * size < count or 0 in places
        ]
        stacked = np.array([_as_matrix(tensor, places) for places in cuts])
        spectra |= dict(zip(cuts, np.linalg.svd(stacked, compute_uv=False), strict=True))
    return spectra


def _costs(state: Matrix, spectra: Spectra) -> dict[tuple[int, ...], float]:
    """Return about how many entanglers a state takes along each cut."""
    count = len(state).bit_length() - 1
    table = _COMPLEX if np.iscomplex(state).any() else _REAL
    costs = {}
    for places, weights in spectra.items():
        bits = bits_of(int((weights > tolerances.SINGULAR_VALUE).sum()))
        size = len(places)
        sides = [(size, bits), (count - size, bits)]
        costs[places] = sum(table.get(side, bits * 21 * 4.0 ** (side[0] - 4)) for side in sides)
        costs[places] += max(2 * bits - 1, bits)
        if table is _COMPLEX:
            costs[places] -= 1 < bits == size  # a diagonal goes to the other side
    return costs


def _promising(state: Matrix, spectra: Spectra) -> list[tuple[tuple[int, ...], bool]]:
    """Return the cuts to try, and whether to order the weights by their vectors."""
    costs = _costs(state, spectra)
    cuts = sorted(costs, key=lambda places: (costs[places], -len(places)))
    orders = (
        [False, True]
        if 2 * int((np.abs(state) < tolerances.SINGULAR_VALUE).sum()) >= len(state)
        else [False]
    )
    if len(orders) == 1 and all(
        weights[-1] > tolerances.SINGULAR_VALUE for weights in spectra.values()
    ):
        cuts = cuts[: _TRIPLE if len(state) == 1 << _TRIPLE else 1]
    close = [places for places in cuts[:_MOST_CUTS] if costs[places] < 1.5 * costs[cuts[0]]]
    return [(places, ordered) for places in close for ordered in orders]


def _joined(
    tensor: Matrix,
    qubits: Sequence[int],
    places: Sequence[int],
    *,
    ordered: bool,
    left: bool,
) -> list[Element]:
    """Return a state's elements by its Schmidt decomposition along a cut.

    Args:
        tensor: the state, an axis for each qubit
        qubits: where it is made
        places: of the qubits on the smaller side
        ordered: whether basis states are counted in the order of the vectors' largest elements
        left: whether a diagonal may be left out at the end
    """
    own = [qubits[place] for place in places]
    other = [qubit for qubit in qubits if qubit not in own]
    first, weights, second = _decomposed(_as_matrix(tensor, places))
    bits = bits_of(len(weights))
    if ordered:
        order = np.argsort(np.abs(first).argmax(axis=0), kind="stable")
    else:
        order = paired(weights) if bits == _TRIPLE else np.arange(len(weights))
    first, weights, second = first[:, order], weights[order], second[:, order]
    phases = np.ones(len(weights), dtype=complex)
    if np.iscomplex(tensor).any():
        phases = _free_phases(weights)
    else:
        weights[0] *= _handed(first) * _handed(second)
    one = isometry(first, own, left=left, right=True)
    two = isometry(second * one.right / phases, other, left=left)
    target = np.asarray(weights * phases, dtype=complex)
    return [*_weighted(target, one.carriers, two.carriers), *one.elements, *two.elements]


def _handed(vectors: Matrix) -> float:
    """Return -1 and take the reflection out of real vectors that span the space; 1 if none."""
    if vectors.shape[0] != vectors.shape[1] or np.linalg.det(vectors).real > 0:
        return 1.0
    vectors[:, 0] = -vectors[:, 0]
    return -1.0


def _free_phases(weights: NDArray[np.float64]) -> Matrix:
    """Return phases that make a vector of weights cheap to prepare."""
    if len(weights) == 1 << _TRIPLE:
        phases = two_entanglers(weights.reshape(2, 2, 2))
        if phases is not None:
            return phases.reshape(-1)
    return np.ones(len(weights), dtype=complex)


def _weighted(weights: Matrix, one: Sequence[int], two: Sequence[int]) -> list[Element]:
    """Return elements that make Σ weights[i] |i⟩|i⟩ on two registers."""
    if len(one) == 1:
        # exp(-i x YX)|00> = cos x |00> + sin x |11>
        angle = float(np.arctan2(weights[1].real, weights[0].real))
        return [rotation([(one[0], "Y"), (two[0], "X")], Angle(2 * angle))]
    copies = [Clifford("CX", pair) for pair in zip(one, two, strict=True)]
    return [*_made(weights, one), *copies]


def _decomposed(matrix: Matrix) -> tuple[Matrix, NDArray[np.float64], Matrix]:
    """Return the factors of Σ weights[i] first[:, i]⊗second[:, i], with 2^k terms."""
    first, weights, second = np.linalg.svd(matrix)
    count = 1 << bits_of(int((weights > tolerances.SINGULAR_VALUE).sum()))
    first, weights, second = first[:, :count], weights[:count], second[:count].T
    start = 0
    for end in range(1, count + 1):
        if end < count and weights[start] - weights[end] < tolerances.SINGULAR_VALUE:
            continue
        if end - start > 1:  # equal weights let their vectors be chosen
            turn = _towards_basis(first[:, start:end])
            first[:, start:end] = first[:, start:end] @ turn
            second[:, start:end] = second[:, start:end] @ turn.conj()
        start = end
    return first, weights, second


def _towards_basis(vectors: Matrix) -> Matrix:
    """Return a unitary that makes orthonormal vectors of the same span with many zeros."""
    rows = vectors.conj().copy()
    chosen = []
    for _ in range(rows.shape[1]):
        pivot = int(np.linalg.norm(rows, axis=1).round(9).argmax())
        chosen.append(vectors[pivot].conj())
        direction = rows[pivot] / np.linalg.norm(rows[pivot])
        rows = rows - np.outer(rows @ direction.conj(), direction)
    turn, triangle = np.linalg.qr(np.array(chosen).T)
    return turn * (triangle.diagonal() / np.abs(triangle.diagonal()))


def _as_tensor(state: Matrix) -> Matrix:
    """Return a state with an axis for each qubit."""
    return state.reshape((2,) * (len(state).bit_length() - 1))


def _as_matrix(tensor: Matrix, places: Sequence[int]) -> Matrix:
    """Return a state as a matrix whose row is the basis state of some qubits."""
    moved = np.moveaxis(tensor, list(places), range(len(places)))
    return moved.reshape(1 << len(places), -1)
