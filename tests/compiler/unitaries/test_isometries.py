"""Isometries and unitaries on any qubits to elements on two: equal, up to free diagonals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.unitaries.isometries import isometry
from tests.compiler.blocks.test_consolidate import distance, haar, unitary
from tests.compiler.blocks.test_consolidate import entanglers as entanglers_of

EXACT = 1e-12
NO_PARAMS = np.zeros(0)

seeds = st.integers(0, 2**32 - 1)
shapes = st.integers(1, 4).flatmap(lambda m: st.tuples(st.just(m), st.integers(1, m)))


def orthogonal(seed, size):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0].astype(complex)


def permutation(seed, size):
    return np.eye(size, dtype=complex)[np.random.default_rng(seed).permutation(size)]


def diagonal(seed, size):
    return np.diag(np.exp(1j * np.random.default_rng(seed).uniform(-4, 4, size)))


def near_identity(seed, size):
    scale = 10.0 ** -(seed % 16)
    return np.linalg.qr(np.eye(size) + scale * haar(seed, size))[0]


def local(seed, size):
    result = np.eye(1)
    while len(result) < size:
        result = np.kron(result, haar(seed + len(result), 2))
    return result


KINDS = (haar, orthogonal, permutation, diagonal, near_identity, local)


def columns_of(found, qubits):
    """What an isometry's elements make of the carriers' basis states, with the diagonals."""
    inputs = len(found.carriers)
    tensor = unitary(found.elements, NO_PARAMS, qubits).reshape((2**qubits,) + (2,) * qubits)
    carriers = [1 + carrier for carrier in found.carriers]
    moved = np.moveaxis(tensor, carriers, range(1, 1 + inputs)).reshape(2**qubits, 2**inputs, -1)
    return found.left[:, None] * moved[:, :, 0] * found.right


@pytest.mark.parametrize("kind", KINDS)
@given(shape=shapes, seed=seeds, left=st.booleans(), right=st.booleans())
def test_an_isometry_is_what_it_is_made_of(kind, shape, seed, left, right):
    """Columns of any unitary; diagonals are 1 unless they are free."""
    qubits, inputs = shape
    columns = kind(seed, 2**qubits)[:, : 2**inputs]
    found = isometry(columns, range(qubits), left=left, right=right)
    assert len(found.carriers) == inputs
    assert distance(columns, columns_of(found, qubits)) < EXACT
    assert left or np.allclose(found.left, 1, rtol=0, atol=0)
    assert right or np.allclose(found.right, 1, rtol=0, atol=0)
    assert all(len(element.qubits) <= 2 for element in found.elements)


# Qubits, inputs: entanglers of a complex isometry, with a diagonal free at the end, of a real one.
COUNTS = {
    (2, 1): (2, 2, 2),
    (2, 2): (3, 2, 2),
    (3, 1): (7, 7, 5),
    (3, 2): (12, 11, 9),
    (3, 3): (16, 15, 11),
    (4, 1): (19, 19, 14),
}


@pytest.mark.parametrize("shape", COUNTS)
@pytest.mark.parametrize("seed", range(3))
def test_random_isometries_take_a_known_number_of_entanglers(shape, seed):
    """No more than these, for any."""
    qubits, inputs = shape
    matrix, real = haar(seed, 2**qubits), orthogonal(seed, 2**qubits)
    real[:, 0] *= np.linalg.det(real).real
    found = (
        isometry(matrix[:, : 2**inputs], range(qubits)),
        isometry(matrix[:, : 2**inputs], range(qubits), left=True),
        isometry(real[:, : 2**inputs], range(qubits)),
    )
    counts = [entanglers_of(consolidate(one.elements, qubits).elements) for one in found]
    assert all(count <= most for count, most in zip(counts, COUNTS[shape], strict=True))


def test_qubits_may_have_any_names():
    """The first is the left tensor factor, whatever it is called."""
    columns = haar(1, 8)[:, :4]
    found = isometry(columns, [2, 0, 1])
    own = np.moveaxis(columns.reshape(2, 2, 2, 4), [0, 1, 2], [2, 0, 1]).reshape(8, 4)
    assert distance(own, columns_of(found, 3)) < EXACT
