"""Entanglers' angles: what the API takes does the same, up to pulses on single qubits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.pulses.angle_range import folded, is_odd
from tests.compiler.native_matrix import X, Z, gate_matrix

special = st.integers(-16, 16).map(lambda eighths: eighths * np.pi / 4)
nudge = st.sampled_from([0.0, 1e-9, -1e-9, 1e-13, -1e-13, 1e-16])
finite = st.floats(allow_nan=False, allow_infinity=False)
angles = st.one_of(st.floats(-1e3, 1e3), finite, st.builds(float.__add__, special, nudge))


def up_to_phase(one, other):
    overlap = np.trace(one.conj().T @ other)
    return np.abs(one * overlap / abs(overlap) - other).max()


@pytest.mark.parametrize(("entangler", "axis"), [("ms", X), ("zz", Z)])
@given(angle=angles)
def test_a_folded_angle_does_the_same(entangler, axis, angle):
    """Half turns are a Pauli operator on both qubits, and a sign is a sign."""
    odd, negative, size = (column.item() for column in folded(np.array([angle]), entangler))
    assert 0 <= size <= 0.25
    pair = np.kron(axis, axis)
    half = np.pi * size * (-1 if negative else 1)
    found = np.cos(half) * np.eye(4) - 1j * np.sin(half) * pair
    if odd:
        found = pair @ found
    expected = np.cos(angle / 2) * np.eye(4) - 1j * np.sin(angle / 2) * pair
    assert up_to_phase(expected, found) < 1e-12


def test_quarter_turns_take_no_pulse():
    """A quarter turn back is a quarter turn forth with Z for ZZ, and no X for MS."""
    quarters = np.pi / 2 * np.array([1, -1, 3, -3, 5])
    assert not folded(quarters, "zz").negative.any()
    assert not folded(quarters, "ms").odd.any()
    zz = gate_matrix("zz", [0.25])
    assert up_to_phase(gate_matrix("zz", [-0.25]), np.kron(Z, Z) @ zz) < 1e-15


@given(numbers=st.lists(st.integers(-(2**40), 2**40)))
def test_odd_numbers(numbers):
    """As Python has it."""
    found = is_odd(np.array(numbers, dtype=float)).tolist()
    assert found == [number % 2 == 1 for number in numbers]
