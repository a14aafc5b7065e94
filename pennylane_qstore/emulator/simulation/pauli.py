"""Time evolution under sums of Pauli strings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.gates import Numbers
from pennylane_qstore.emulator.simulation.register import Register

# Non-commuting terms are exponentiated as one matrix: 256 x 256 a circuit.
LARGEST_MATRIX = 8
MOST_TERMS = 1_000


def commute(terms: Sequence[str]) -> bool:
    """Return whether all Pauli strings commute: each pair differs in an even number of places."""
    letters = np.array([list(term) for term in terms])
    x, z = np.isin(letters, ("X", "Y")) * 1.0, np.isin(letters, ("Z", "Y")) * 1.0
    differing = x @ z.T + z @ x.T
    return not (differing % 2).any()


def is_feasible(terms: Sequence[str]) -> bool:
    """Return whether the exponential of these terms can be computed exactly."""
    if len(terms) > MOST_TERMS:
        return False
    return len(terms[0]) <= LARGEST_MATRIX or commute(terms)


def evolve(
    register: Register,
    targets: Sequence[int],
    terms: Sequence[str],
    coefficients: Numbers,
    time: Numbers,
) -> None:
    """Apply exp(-i time sum_k coefficients[k] terms[k]).

    Args:
        register: the state, changed in place
        targets: its qubits; the rightmost letter of a term acts on the first
        terms: Pauli strings
        coefficients: shape (terms, batch)
        time: shape (batch,)
    """
    register.settle(targets)
    if commute(terms):
        for term, coefficient in zip(terms, coefficients, strict=True):
            _rotate(register, targets, term, coefficient * time)
    else:
        _exponentiate(register, targets, terms, coefficients * time)


def _rotate(register: Register, targets: Sequence[int], term: str, angle: Numbers) -> None:
    """Apply exp(-i angle P) = cos(angle) - i sin(angle) P."""
    partner, factor = _action(term, [register.order.index(q) for q in targets], register.order)
    turned = register.amplitudes[partner]
    turned *= factor[:, None]
    turned *= -1j * np.sin(angle)
    register.amplitudes *= np.cos(angle) + 0j
    register.amplitudes += turned


def _action(
    term: str, places: Sequence[int], order: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.complex128]]:
    """Return `partner` and `factor` such that (P psi)[k] = factor[k] psi[partner[k]]."""
    flips = sum(1 << p for p, x in zip(places, reversed(term), strict=True) if x in "XY")
    signs = sum(1 << p for p, x in zip(places, reversed(term), strict=True) if x in "YZ")
    partner = np.arange(1 << len(order), dtype=np.int64) ^ flips
    odd = np.bitwise_count(partner & signs) & 1
    # Y|0> = i|1> and Y|1> = -i|0>
    return partner, 1j ** (term.count("Y") % 4) * (1.0 - 2.0 * odd)


def exponential(terms: Sequence[str], angles: Numbers) -> NDArray[np.complex128]:
    """Return exp(-i sum_k angles[k] terms[k]), shape (batch, d, d); angles: (terms, batch)."""
    width = len(terms[0])
    size = 1 << width
    total = np.zeros((angles.shape[1], size, size), dtype=np.complex128)
    for term, angle in zip(terms, angles, strict=True):
        partner, factor = _action(term, range(width), range(width))
        total[:, np.arange(size), partner] += angle[:, None] * factor
    values, vectors = np.linalg.eigh(total)
    return (vectors * np.exp(-1j * values)[:, None, :]) @ vectors.conj().swapaxes(1, 2)


def _exponentiate(
    register: Register, targets: Sequence[int], terms: Sequence[str], angles: Numbers
) -> None:
    """Apply exp(-i sum_k angles[k] terms[k]) by eigenvectors, one matrix for each circuit."""
    width = len(targets)
    size = 1 << width
    unitary = exponential(terms, angles)
    joined, batch = len(register.order), register.amplitudes.shape[1]
    tensor = register.amplitudes.reshape(*[2] * joined, batch)
    # The last target is the highest bit of the matrix's index.
    axes = [joined - 1 - register.order.index(q) for q in reversed(targets)]
    tensor = np.moveaxis(tensor, (joined, *axes), range(width + 1))
    moved = unitary @ tensor.reshape(batch, size, -1)
    back = np.moveaxis(moved.reshape(tensor.shape), range(width + 1), (joined, *axes))
    register.amplitudes = np.ascontiguousarray(back).reshape(-1, batch)
