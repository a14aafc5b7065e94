"""Selected rotations and unitaries: what they are made of is what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag, expm

from pennylane_qstore.compiler.unitaries.multiplexed import balancing, demultiplexed, selected
from pennylane_qstore.compiler.unitaries.weyl import PAULIS
from tests.compiler.blocks.test_consolidate import distance, haar, unitary

EXACT = 1e-12
NO_PARAMS = np.zeros(0)

seeds = st.integers(0, 2**32 - 1)
angles = st.integers(0, 3).flatmap(
    lambda bits: st.lists(
        st.sampled_from([0.0, np.pi / 2, np.pi, 1e-9]) | st.floats(-7, 7),
        min_size=2**bits,
        max_size=2**bits,
    )
)


def rotations(axis, values):
    """Each rotation where the others are in its basis state; the target is the first qubit."""
    size = len(values)
    matrix = np.zeros((2, size, 2, size), dtype=complex)
    for state, angle in enumerate(values):
        matrix[:, state, :, state] = expm(-0.5j * angle * PAULIS["IXYZ".index(axis)])
    return matrix.reshape(2 * size, 2 * size)


@pytest.mark.parametrize("axis", ["Y", "Z"])
@given(values=angles, drop=st.booleans())
def test_selected_rotations_are_a_circuit(axis, values, drop):
    """With the gate that is dropped, it is the block of rotations."""
    qubits = len(values).bit_length()
    found = selected(axis, 0, range(1, qubits), np.array(values), drop=drop)
    matrix = unitary(found.elements, NO_PARAMS, qubits)
    if found.dropped is not None:
        assert drop
        bit = np.arange(2**qubits) >> (qubits - 1 - found.dropped) & 1
        first = np.arange(2**qubits) >> (qubits - 1)
        matrix = (-1.0) ** (bit & first)[:, None] * matrix
    assert distance(rotations(axis, values), matrix) < EXACT


@given(seed=seeds, size=st.sampled_from([2, 4, 8]), real=st.booleans())
def test_two_unitaries_are_two_around_rotations(seed, size, real):
    """One qubit selects them, and then only the rotations."""
    pair = [haar(seed + place, size) for place in range(2)]
    if real:
        pair = [np.linalg.qr(matrix.real)[0].astype(complex) for matrix in pair]
    found = demultiplexed(*pair)
    whole = (
        np.kron(np.eye(2), found.outer)
        @ block_diag(*(np.diag(np.exp(-0.5j * s * found.angles)) for s in (1, -1)))
        @ np.kron(np.eye(2), found.inner)
    )
    assert np.abs(whole - block_diag(*pair)).max() < EXACT


@given(seed=seeds)
def test_a_diagonal_balances_two_unitaries(seed):
    """Random ones need all four rotations; with the diagonal, two entanglers are enough."""
    first, second = haar(seed, 4), haar(seed + 1, 4)
    assert not demultiplexed(first, second).is_balanced
    diagonal = balancing(first @ second.conj().T)
    assert demultiplexed(first, diagonal[:, None] * second).is_balanced
    inner = balancing(second.conj().T @ first, np.array([1.0, -1, 1, -1]))
    assert demultiplexed(first, second * inner).is_balanced


@given(seed=seeds)
def test_real_unitaries_are_balanced_without(seed):
    """Where neither has a reflection that the other has not."""
    first, second = (np.linalg.qr(haar(seed + place, 4).real)[0] for place in range(2))
    second[0] *= np.linalg.det(first) * np.linalg.det(second)
    found = demultiplexed(first.astype(complex), second.astype(complex))
    assert found.is_balanced
