"""Programs as arrays: what of them the API takes."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.programs.program import Gate, Programs

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


@given(phase=st.floats(-1, 1), angle=st.floats(0, 0.25))
def test_turns_are_written_to_16_decimals(phase, angle):
    """A phase reads back within half a unit of the last one, but for whole turns."""
    gates = (Gate("gpi2", (0,)), Gate("zz", (0, 1)))
    ((first, second),) = Programs("native", 2, gates, np.array([[phase, angle]])).circuits()
    assert 0 <= first["phase"] < 1
    off = first["phase"] - phase
    assert abs(off - round(off)) <= 2e-16
    assert abs(second["angle"] - angle) <= 2e-16


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        (0.25, "0.2500000000000000"),
        (-0.25, "0.7500000000000000"),
        (1.0, "0.0000000000000000"),
        (-1.0, "0.0000000000000000"),
        (-1e-18, "0.0000000000000000"),
        (1 - 1e-17, "0.0000000000000000"),
        (1e-16, "0.0000000000000001"),
    ],
)
def test_a_phase_near_a_whole_turn_keeps_its_digits(phase, text):
    """What rounds up to a turn is none, not one digit more."""
    (body,) = Programs("native", 1, (Gate("gpi", (0,)),), np.array([[phase]])).bodies()
    assert body == f'[{{"gate":"gpi","target":0,"phase":{text}}}]'


def test_rotations_of_qis_gates_read_back_as_they_were():
    """They are in radians, of any size."""
    values = [1 / 3, -1e9, 1e-300]
    gates = tuple(Gate(name, (0,)) for name in ("rx", "ry", "rz"))
    (circuit,) = Programs("qis", 1, gates, np.array([values])).circuits()
    assert [gate["rotation"] for gate in circuit] == values
