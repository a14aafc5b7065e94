"""Quaternions and phases: what is zero has no phase, and NaN doesn't become a number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.circuit.quaternions import composed, inverse, unit_phases
from pennylane_qstore.compiler.unitaries.schmidt import schmidt

OLD_TINY = 1e-150  # what was once added before the division


@pytest.mark.parametrize("zero", [0.0, -0.0, 0j, complex(-0.0, -0.0), complex(0.0, -0.0)])
def test_zero_becomes_one(zero):
    """Any phase would do; 1 is what everything else leaves as it is."""
    assert unit_phases(np.array([zero], dtype=complex)).tolist() == [1]


@pytest.mark.parametrize("size", [OLD_TINY, 1e-200, 1e-300, np.finfo(float).tiny, 1e-16, 1.0])
@pytest.mark.parametrize("phase", [1, -1, 1j, -1j])
def test_a_small_number_keeps_its_phase(size, phase):
    """Minus the tiny number that was added once gave 0/0."""
    assert unit_phases(np.array([phase * size], dtype=complex)).tolist() == [phase]


@pytest.mark.parametrize("size", [5e-324, -5e-324, 2e-310, 5e-324j, -2e-310j])
def test_what_has_lost_its_digits_is_zero(size):
    """One over a subnormal number overflows."""
    assert unit_phases(np.array([size], dtype=complex)).tolist() == [1]


@given(st.complex_numbers(min_magnitude=1e-290, max_magnitude=1e150))
def test_magnitudes_become_one(number):
    """And the phase stays."""
    (found,) = unit_phases(np.array([number], dtype=complex))
    assert abs(abs(found) - 1) < 1e-15
    assert abs(found * abs(number) - number) <= 1e-15 * abs(number)


@pytest.mark.parametrize("number", [complex("nan"), complex(np.nan, 1), complex(0, np.nan)])
def test_nan_stays_nan(number):
    """A NaN that became 1 would be sent as an angle."""
    assert np.isnan(unit_phases(np.array([number, 0], dtype=complex)))[0]


@pytest.mark.parametrize(
    "state",
    [
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0.5, 0.5, 0.5, 0.5],  # a product: no volume
        [np.sqrt(0.5), 0, 0, np.sqrt(0.5)],  # nothing off the diagonal
        [1, -OLD_TINY, 0, 0],
        [1, 0, 0, -OLD_TINY],
        [1, 0, 0, OLD_TINY],
        [-OLD_TINY, 1, 0, 0],
    ],
)
def test_states_without_a_direction_are_decomposed(state):
    """The state comes back, and no number on the way is a NaN."""
    left, right, angle = schmidt(np.array([state], dtype=complex))
    w, x, y, z = np.stack([left, right])[:, :, 0].T
    one, other = (
        np.array([[w - 1j * z, -y - 1j * x], [y - 1j * x, w + 1j * z]])
        for w, x, y, z in zip(w, x, y, z, strict=True)
    )
    entangled = np.array([np.cos(angle[0]), 0, 0, -1j * np.sin(angle[0])])
    found = np.kron(one, other) @ entangled
    assert abs(abs(np.vdot(found, state)) - 1) < 1e-14


@given(st.integers(0, 999))
def test_an_inverse_undoes_a_rotation(seed):
    """Quaternions along any axis."""
    quaternion = np.random.default_rng(seed).normal(size=(3, 4))
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    assert np.allclose(composed(inverse(quaternion), quaternion), [1, 0, 0, 0], atol=1e-15)
