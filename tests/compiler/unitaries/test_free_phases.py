"""Free phases of three qubits: two entanglers, where there are such phases."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from pennylane_qstore.compiler.unitaries.free_phases import paired, two_entanglers


def uniform(low):
    """Eight random weights."""
    seeds = st.integers(0, 2**32 - 1)
    return seeds.map(lambda seed: np.random.default_rng(seed).uniform(low, 1, 8))


@given(magnitudes=uniform(0.6))
def test_phases_let_the_middle_select(magnitudes):
    """The matrices of the outer qubits have eigenvalues whose product with a conjugate is -1."""
    phases = two_entanglers(magnitudes.reshape(2, 2, 2))
    assert phases is not None  # no product is more than three others, as 1 < 3·0.6²
    assert np.allclose(np.abs(phases), 1)
    first, second = np.moveaxis(phases * magnitudes.reshape(2, 2, 2), 1, 0)
    assume(abs(np.linalg.det(second)) > 1e-3)
    one, other = np.linalg.eigvals(first @ np.linalg.inv(second))
    assert abs(one * other.conj() + 1) < 1e-6


@given(magnitudes=uniform(0))
def test_there_are_none_where_one_product_is_too_great(magnitudes):
    """Of the products of opposite corners, one is more than the others together."""
    (x0, x1), (x2, x3) = magnitudes.reshape(2, 2, 2)[:, 0]
    (y0, y1), (y2, y3) = magnitudes.reshape(2, 2, 2)[:, 1]
    products = np.array([x0 * x3, x1 * x2, y0 * y3, y1 * y2])
    excess = 2 * products.max() - products.sum()
    assume(abs(excess) > 1e-9)
    assert (two_entanglers(magnitudes.reshape(2, 2, 2)) is None) == (excess > 0)


@given(magnitudes=uniform(0.1))
def test_eight_weights_are_ordered_so_that_there_are_some(magnitudes):
    """A permutation, in which no product of two is more than the others."""
    falling = -np.sort(-magnitudes)
    order = paired(falling)
    assert sorted(order.tolist()) == list(range(8))
    assert two_entanglers(falling[order].reshape(2, 2, 2)) is not None
