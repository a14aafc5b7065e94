"""Readout errors are undone where their rates are known, and symmetries kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.errors import CompileError
from pennylane_qstore.mitigation.readout_error import (
    ReadoutRates,
    circuits,
    combined,
    corrected,
    postselected,
    rates_of,
)
from pennylane_qstore.programs.outcomes import Outcomes
from tests.compiler.native_matrix import program_matrix


def misread(probabilities, zeros, ones):
    """What a machine reads, with another formula than the code's: each state to each other one."""
    qubits = len(zeros)
    read = np.zeros(len(probabilities))
    for true, weight in enumerate(probabilities):
        for seen in range(len(probabilities)):
            chance = weight
            for qubit in range(qubits):
                was, now = true >> qubit & 1, seen >> qubit & 1
                wrong = ones[qubit] if was else zeros[qubit]
                chance *= wrong if was != now else 1 - wrong
            read[seen] += chance
    return read


@given(st.integers(1, 4), st.integers(0, 999))
def test_the_true_distribution_comes_back(qubits, seed):
    """Rates differ by qubit and by bit."""
    rng = np.random.default_rng(seed)
    zeros, ones = rng.uniform(0, 0.2, (2, qubits))
    true = rng.dirichlet(np.ones(1 << qubits))
    read = Outcomes(np.arange(1 << qubits), misread(true, zeros, ones))
    found = corrected(read, ReadoutRates(zeros, ones), qubits)
    assert np.allclose(found.weights, true, atol=1e-12)


@pytest.mark.parametrize("qubits", [1, 3])
def test_the_circuits_end_in_zeros_and_ones(qubits):
    """By their own matrices."""
    zeros, ones = (np.abs(program_matrix(each)[:, 0]) ** 2 for each in circuits(qubits))
    assert abs(zeros[0] - 1) < 1e-12
    assert abs(ones[-1] - 1) < 1e-12


def test_rates_are_read_off():
    """Of 100 shots each: 3 zeros read as one on the first qubit, 5 ones as zero on the second."""
    zeros = Outcomes(np.array([0, 1]), np.array([97, 3]))
    ones = Outcomes(np.array([3, 1]), np.array([95, 5]))
    rates = rates_of(zeros, ones, 2)
    assert np.allclose(rates.zeros, [0.03, 0])
    assert np.allclose(rates.ones, [0, 0.05])


def test_a_qubit_that_says_nothing_is_left_alone():
    """An inverse of a matrix that is nearly singular would be noise alone."""
    read = Outcomes(np.array([0, 1]), np.array([0.5, 0.5]))
    found = corrected(read, ReadoutRates(np.array([0.5]), np.array([0.48])), 1)
    assert found.weights.tolist() == [0.5, 0.5]


def test_too_many_qubits_are_refused():
    """And what helps is said."""
    nothing = np.zeros(17)
    with pytest.raises(CompileError, match="at most 16 qubits, not 17"):
        corrected(Outcomes(np.array([0]), np.array([1])), ReadoutRates(nothing, nothing), 17)


@pytest.mark.parametrize(("ones", "parity", "left"), [(1, None, [1, 2]), (None, 0, [0, 3])])
def test_postselection_keeps_what_has_the_symmetry(ones, parity, left):
    """A number of ones, or a parity."""
    outcomes = Outcomes(np.arange(4), np.array([4, 3, 2, 1]))
    assert postselected(outcomes, 0b11, ones, parity).states.tolist() == left


def test_outcomes_are_added_with_factors():
    """Each as a distribution, whatever its number of shots."""
    one, other = (
        Outcomes(np.array([0, 1]), np.array([30, 10])),
        Outcomes(np.array([1, 2]), np.array([4, 4])),
    )
    found = combined([one, other], [1.5, -0.5])
    assert np.allclose(found.weights, [1.125, 0.375 - 0.25, -0.25])
