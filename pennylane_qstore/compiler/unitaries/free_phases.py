"""Choose free phases of amplitudes so that a state takes fewer entanglers."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Matrix, Reals

# Basis states of three qubits that differ in the first and the last.
_CORNERS = np.array([[0, 5], [1, 4], [2, 7], [3, 6]])


def two_entanglers(magnitudes: Reals) -> Matrix | None:
    """Phases with which three qubits take two entanglers, one with each neighbour of the middle.

    The two entanglers make Σ |aᵢ⟩|bᵢ⟩|cᵢ⟩ with b₀ and b₁ orthogonal. With M₀ and M₁ the matrices of
    the outer qubits where the middle one is 0 or 1, that is where the eigenvalues of M₀·M₁⁻¹ are
    λ₀·λ₁* = -1: where |det M₀| = |det M₁|, and one more real equation holds. The first
    takes a phase in each matrix, the second one between them.

    Args:
        magnitudes: shape (2, 2, 2), the middle qubit in the middle

    Returns:
        phase factors of the same shape, None if there are none
    """
    (x0, x1), (x2, x3) = magnitudes[:, 0]
    (y0, y1), (y2, y3) = magnitudes[:, 1]
    lowest = max(abs(x0 * x3 - x1 * x2), abs(y0 * y3 - y1 * y2))
    highest = min(x0 * x3 + x1 * x2, y0 * y3 + y1 * y2)
    if lowest > highest:
        return None
    size = (lowest + highest) / 2
    alpha, beta = _corner(x0 * x3, x1 * x2, size), _corner(y0 * y3, y1 * y2, size)
    first = x0 * x3 * np.exp(1j * alpha) - x1 * x2
    second = y0 * y3 * np.exp(1j * beta) - y1 * y2
    turn = np.exp(-0.5j * (np.angle(first) + np.angle(second)))
    # Re[turn·(p e^{iu} + q e^{-iu} - r e^{iv} - s e^{-iv})] = 0, by u and by v on their own
    sums = [
        x0 * y3 * np.exp(1j * beta) * turn + np.conj(x3 * np.exp(1j * alpha) * y0 * turn),
        x1 * y2 * turn + np.conj(x2 * y1 * turn),
    ]
    u, v = (np.pi / 2 - np.angle(total) for total in sums)
    angles = np.array([[[0, 0], [0, u - v]], [[0, alpha], [u + v, beta + 2 * u]]])
    return np.exp(1j * angles)


def paired(weights: Reals) -> NDArray[np.int_]:
    """Return an order of eight falling weights in which `two_entanglers` has a solution, if any.

    It does where of the four products of opposite corners none is greater than the others' sum.
    """
    products = weights[_PAIRINGS].prod(axis=2)
    excess = 2 * products.max(axis=1) - products.sum(axis=1)
    order = np.empty(len(weights), dtype=int)
    order[_CORNERS] = _PAIRINGS[int(excess.argmin())]
    return order


def _pairings(items: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    if not items:
        yield []
        return
    for partner in items[1:]:
        rest = [item for item in items[1:] if item != partner]
        for others in _pairings(rest):
            yield [(items[0], partner), *others]


def _corner(outer: float, inner: float, size: float) -> float:
    """Return the phase between two numbers whose difference has a given magnitude."""
    if outer * inner < tolerances.SMALLEST:
        return 0.0
    cosine = (outer**2 + inner**2 - size**2) / (2 * outer * inner)
    return float(np.arccos(np.clip(cosine, -1, 1)))


_PAIRINGS = np.array(list(_pairings(range(8))))
