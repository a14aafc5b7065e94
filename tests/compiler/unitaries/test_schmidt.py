"""Schmidt decompositions as what makes a state of |00>."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.circuit.quaternions import quaternions, unitaries
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.schmidt import schmidt

EXACT = 1e-14


def made(found):
    """The states that a decomposition makes, shape (B, 4)."""
    middle = weyl.canonical(-found.angle[:, None] * np.array([1, 0, 0]))
    gates = weyl.kron(unitaries(found.left), unitaries(found.right)) @ middle
    return gates[:, :, 0]


def distance(found, states):
    """How far from equal up to a phase."""
    overlap = (found.conj() * states).sum(axis=1)
    return np.abs(found * (overlap / np.abs(overlap))[:, None] - states).max()


@given(seed=st.integers(0, 2**32), rank=st.sampled_from([1, 2]))
def test_a_state_is_one_entangler(seed, rank):
    """Between local gates; product states, too."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(2, rank, 5, 2)) + 1j * rng.normal(size=(2, rank, 5, 2))
    states = np.einsum("rbi,rbj->bij", *parts).reshape(5, 4)
    states /= np.linalg.norm(states, axis=1)[:, None]
    found = schmidt(states)
    assert distance(made(found), states) < EXACT
    assert ((found.angle >= 0) & (found.angle <= np.pi / 4)).all()
    for gates in (found.left, found.right):
        assert np.abs((gates**2).sum(axis=0) - 1).max() < EXACT


@pytest.mark.parametrize(
    ("state", "angle"),
    [
        ([1, 0, 0, 0], 0),
        ([0, 0, 0, 1j], 0),
        ([0, 1, 0, 0], 0),
        ([0.6, 0, 0, 0.8], np.arctan2(0.6, 0.8)),
        ([np.sqrt(0.5), 0, 0, -np.sqrt(0.5)], np.pi / 4),
        ([0, np.sqrt(0.5), 1j * np.sqrt(0.5), 0], np.pi / 4),
        ([0.5, 0.5, 0.5, -0.5], np.pi / 4),
    ],
)
def test_special_states(state, angle):
    """Basis states need no entangler, maximally entangled ones a whole one."""
    states = np.array([state], dtype=complex)
    found = schmidt(states)
    assert found.angle[0] == pytest.approx(angle, abs=1e-15)
    assert distance(made(found), states) < EXACT


@given(seed=st.integers(0, 2**32))
def test_quaternions_are_unitaries(seed):
    """There and back again."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(4, 6))
    numbers /= np.linalg.norm(numbers, axis=0)
    again = quaternions(np.exp(0.3j) * unitaries(numbers))
    assert np.abs(np.abs((again * numbers).sum(axis=0)) - 1).max() < EXACT
