"""Folded programs do what they did, with the two-qubit gates that were asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.folding import fold_as_asked, fold_programs
from pennylane_qstore.programs.program import Gate, Programs
from tests.compiler.native_matrix import program_matrix

SLOTS = {"gpi": 1, "gpi2": 1, "ms": 3, "zz": 1}


@st.composite
def native_programs(draw, entangler=None):
    """Programs of one structure on three qubits, at random numbers."""
    entangler = entangler or draw(st.sampled_from(["ms", "zz"]))
    gates = []
    for _ in range(draw(st.integers(1, 6))):
        first, second = draw(st.permutations(range(3)))[:2]
        gates += [Gate("gpi2", (first,)), Gate(entangler, (first, second)), Gate("gpi", (second,))]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    numbers = [
        rng.uniform(0, 0.25, 2) if gate.name == "zz" or slot == 2 else rng.uniform(-1, 1, 2)
        for gate in gates
        for slot in range(SLOTS[gate.name])
    ]
    return Programs("native", 3, tuple(gates), np.array(numbers).T)


def same_up_to_phase(one, other):
    """How far two unitaries are apart, a global phase aside."""
    return abs(abs(np.vdot(one, other)) / len(one) - 1)


@given(programs=native_programs(), scale=st.sampled_from([1, 1.5, 2, 3, 4, 5, 7.3]))
def test_a_folded_program_is_the_same_unitary(programs, scale):
    """And no number leaves the API's ranges."""
    folded = fold_programs(programs, scale).programs
    assert folded.refused() is None
    for row in range(2):
        wanted, found = program_matrix(programs, row), program_matrix(folded, row)
        assert same_up_to_phase(wanted, found) < 1e-12


@given(programs=native_programs(), scale=st.sampled_from([1, 3, 5, 7]))
def test_odd_scales_are_reached_exactly(programs, scale):
    """Each entangler stands there that many times."""
    before = programs.gate_counts()["2q"]
    assert fold_programs(programs, scale).programs.gate_counts()["2q"] == scale * before


@given(programs=native_programs(), scale=st.floats(1, 9))
def test_other_scales_are_reached_as_nearly_as_can_be(programs, scale):
    """A pair of entanglers is the least step, so that half of one is missing at most."""
    before = programs.gate_counts()["2q"]
    reached = fold_programs(programs, scale).programs.gate_counts()["2q"] / before
    assert abs(reached - scale) <= 1 / before + 1e-9


@given(native_programs(entangler="zz"))
def test_the_pulses_of_an_inverse_zz_count(programs):
    """ZZ(-θ) takes two GPi: with pulses as bad as entanglers the scale is that of all gates."""
    before, after = programs, fold_programs(programs, 3, weight=1.0)
    ratio = len(after.programs.gates) / len(before.gates)
    assert abs(after.scale - ratio) < 1e-12
    assert after.programs.gate_counts()["1q"] > before.gate_counts()["1q"]


@given(native_programs(entangler="ms"))
def test_an_inverse_ms_takes_no_pulse(programs):
    """Half a turn on one phase turns it around."""
    after = fold_programs(programs, 3).programs
    assert after.gate_counts()["1q"] == programs.gate_counts()["1q"]


@pytest.mark.parametrize("scale", [0.5, 0, -1, float("nan"), float("inf")])
def test_a_scale_below_one_is_refused(scale):
    """PennyLane's own folding takes 0.5 as 2.5."""
    programs = Programs("native", 1, (Gate("gpi", (0,)),), np.zeros((1, 1)))
    with pytest.raises(CompileError, match=f"at least 1, not {scale}"):
        fold_as_asked(programs, scale)


def test_textbook_gates_are_not_folded():
    """IonQ's compiler would take the folds out again."""
    programs = Programs("qis", 2, (Gate("cnot", (0, 1)),), np.zeros((1, 0)))
    with pytest.raises(CompileError, match="native gates"):
        fold_as_asked(programs, 3)


def test_a_scale_that_is_missed_is_told():
    """One entangler can be there once or three times, not twice."""
    programs = Programs("native", 2, (Gate("zz", (0, 1)),), np.array([[0.1]]))
    with pytest.warns(UserWarning, match="scale of 2 was asked for, and 1 is sent"):
        fold_as_asked(programs, 2)


def test_without_entanglers_there_is_no_noise_to_scale():
    """Any scale of nothing is nothing, and nobody is warned."""
    programs = Programs("native", 1, (Gate("gpi", (0,)),), np.zeros((1, 1)))
    assert fold_as_asked(programs, 5).gates == programs.gates
