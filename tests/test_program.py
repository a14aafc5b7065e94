"""Programs as arrays: what of them the API takes."""

import re

import numpy as np
import pytest

from pennylane_qstore.program import Gate, Programs

GATES = (Gate("gpi", (0,)), Gate("ms", (0, 1)), Gate("gpi2", (1,)), Gate("zz", (1, 0)))
FITTING = [[-1.0, 1.0, 0.0, 0.25, 0.3, 0.0], [0.5, -0.5, 1.0, 0.0, -1.0, 0.25]]


def programs(row, slot, value):
    numbers = np.array(FITTING)
    numbers[row, slot] = value
    return Programs("native", 2, GATES, numbers)


def test_the_ends_of_the_ranges_are_taken():
    """Phases in [-1, 1] and angles in [0, 0.25] turns."""
    assert Programs("native", 2, GATES, np.array(FITTING)).refused() is None
    assert Programs("native", 2, (), np.zeros((1, 0))).refused() is None


@pytest.mark.parametrize(
    ("slot", "value", "gate"),
    [
        (0, 1.0000001, r"gate 0, gpi on \[0\], has 1.0000001"),
        (0, np.nan, r"gate 0, gpi on \[0\], has nan"),
        (2, -1.5, r"gate 1, ms on \[0, 1\], has -1.5"),
        (3, 0.2500001, r"gate 1, ms on \[0, 1\], has 0.2500001"),
        (3, -1e-9, r"gate 1, ms on \[0, 1\], has -1e-09"),
        (4, np.inf, r"gate 2, gpi2 on \[1\], has inf"),
        (5, 0.3, r"gate 3, zz on \[1, 0\], has 0.3"),
    ],
)
def test_what_is_out_of_range_is_named(slot, value, gate):
    """The first gate with a number that the API refuses, its qubits, and the circuit."""
    refused = programs(1, slot, value).refused()
    assert refused.row == 1
    assert re.search(gate, refused.what)


def test_rotations_of_qis_gates_are_finite():
    """They have no range, but there is no rotation by infinity."""
    gates = (Gate("h", (0,)), Gate("rx", (0,)))
    assert Programs("qis", 1, gates, np.array([[1e9]])).refused() is None
    assert "gate 1, rx" in Programs("qis", 1, gates, np.array([[-np.inf]])).refused().what
