"""Z strings: what diagonal observables are sums of, and what outcomes say about them.

A function of n bits is a sum of 2ⁿ Z strings, by the Walsh-Hadamard transform; mitigation needs no
more of a circuit than the mean of each string.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.programs.outcomes import Outcomes

Reals = NDArray[np.float64]


def signs(states: NDArray[np.int64], words: Sequence[int]) -> Reals:
    """Evaluate Z strings on basis states.

    Args:
        states: integers, qubit 0 the least significant bit, shape (n_states,)
        words: each string's qubits, as integers

    Returns:
        1 or -1, shape (n_words, n_states)
    """
    odd = np.bitwise_count(states & np.array(words, dtype=np.int64)[:, None]) & 1
    return 1.0 - 2.0 * odd


def means(outcomes: Outcomes, words: Sequence[int]) -> Reals:
    """Return the mean of each Z string over a circuit's outcomes, shape (n_words,)."""
    return signs(outcomes.states, words) @ outcomes.weights / outcomes.total


def coefficients(values: Reals) -> Reals:
    """Write a function of n bits as a sum of Z strings.

    Args:
        values: of each basis state, shape (2ⁿ,); bit j of the index is bit j of the state

    Returns:
        the coefficient of each string, whose qubits are the bits of its index; shape (2ⁿ,)
    """
    return transform(values) / len(values)


def transform(values: Reals) -> Reals:
    """Return the Walsh-Hadamard transform of 2ⁿ numbers, which is its own inverse times 2ⁿ."""
    values = np.array(values, dtype=float)
    width = 1
    while width < len(values):
        pairs = values.reshape(-1, 2, width)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        width *= 2
    return values


def nearest_probabilities(values: Reals) -> Reals:
    """Project numbers that sum to about one onto probabilities, by least squares.

    Smolin, Gambetta and Smith, arXiv 1106.5458.

    Args:
        values: shape (n,)

    Returns:
        numbers of at least 0 whose sum is 1
    """
    falling = np.sort(values)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(values) + 1)
    last = np.flatnonzero(falling > excess)[-1]
    return np.maximum(values - excess[last], 0)
