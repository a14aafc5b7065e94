"""Z strings carry all that diagonal observables say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.mitigation.words import (
    coefficients,
    means,
    nearest_probabilities,
    signs,
    transform,
)
from pennylane_qstore.programs.outcomes import Outcomes


@given(st.integers(1, 5), st.integers(0, 999))
def test_a_function_of_bits_is_the_sum_of_its_strings(qubits, seed):
    """The Walsh-Hadamard transform against its definition."""
    values = np.random.default_rng(seed).normal(size=1 << qubits)
    states = np.arange(1 << qubits)
    found = coefficients(values) @ signs(states, states.tolist())
    assert np.allclose(found, values, atol=1e-12)
    assert np.allclose(transform(transform(values)) / len(values), values, atol=1e-12)


def test_means_are_parities():
    """Of 01 and 11, half each: Z on the second qubit is 0, on the first -1."""
    outcomes = Outcomes(np.array([1, 3]), np.array([50, 50]))
    assert means(outcomes, [0, 1, 2, 3]).tolist() == [1, -1, 0, 0]


@given(st.integers(1, 16), st.integers(0, 999))
def test_the_nearest_probabilities_are_nearest(count, seed):
    """No other distribution that was tried is nearer."""
    rng = np.random.default_rng(seed)
    values = rng.normal(1 / count, 0.5, count)
    values += (1 - values.sum()) / count
    found = nearest_probabilities(values)
    assert found.min() >= 0
    assert abs(found.sum() - 1) < 1e-12
    others = rng.dirichlet(np.ones(count), 50)
    assert np.all(((others - values) ** 2).sum(axis=1) >= ((found - values) ** 2).sum() - 1e-12)


def test_probabilities_stay():
    """What is a distribution already is its own nearest one."""
    assert np.allclose(nearest_probabilities(np.array([0.2, 0.8, 0.0])), [0.2, 0.8, 0.0])
