"""Rotations that keep a parity: two words on both qubits are all that is left of many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.parity_sectors import (
    COMMUTE,
    JOINT,
    NONE,
    Derived,
    Sectors,
    WordRotation,
    fewer,
)
from pennylane_qstore.compiler.circuit.elements import Angle, adjoint, rotation
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.unitaries.two_qubit import WORDS
from pennylane_qstore.compiler.unitaries.weyl import PAULIS
from tests.compiler.native_matrix import applied, distance_up_to_names, program_matrix

MOST = 9
entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])
seeds = st.integers(0, 2**32 - 1)
special = st.sampled_from([0.0, np.pi / 2, -np.pi / 2, np.pi, 2 * np.pi, 1e-9])
numbers = st.one_of(special, st.floats(-7, 7))
parities = st.sampled_from(sorted(JOINT))
parameters = st.lists(numbers, min_size=MOST, max_size=MOST).map(np.array)


def unitary(turns, params):
    """Turns, as one matrix."""
    result = np.eye(4, dtype=complex)
    for word, angle in turns:
        half = float(angle.at(params)) / 2
        result = (np.cos(half) * np.eye(4) - 1j * np.sin(half) * WORDS[word]) @ result
    return result


def distance(first, second):
    """How far two unitaries are apart, up to a phase."""
    overlap = np.vdot(second, first)
    return np.abs(first - overlap / abs(overlap) * second).max()


@st.composite
def keeping(draw):
    """Turns about words that commute with one on both qubits."""
    parity = draw(parities)
    words = [word for word in range(1, 16) if COMMUTE[parity][word]]
    chosen = draw(st.lists(st.sampled_from(words), min_size=1, max_size=MOST))
    is_open = draw(st.booleans())
    return [
        WordRotation(word, Angle(0.1, ((index, -0.5),)) if is_open else Angle(0.7 * index - 2))
        for index, word in enumerate(chosen)
    ]


@given(turns=keeping(), params=parameters)
def test_turns_that_keep_a_parity_stay_the_same_unitary(turns, params):
    """With at most three words on both qubits, at any angles, special ones too."""
    found = fewer(turns, MOST)
    (known,) = Derived(MOST, (found.source,) if found.source else ()).beside(params[None])
    assert distance(unitary(turns, params), unitary(found.rotations, known)) < 1e-13
    assert sum(turn.word in JOINT for turn in found.rotations) <= max(
        3, len({turn.word for turn in turns} & JOINT)
    )


@given(turns=keeping(), ends=st.lists(st.sampled_from([1, 2, 4, 8, 12]), min_size=2, max_size=2))
def test_what_is_on_one_qubit_at_the_ends_does_not_matter(turns, ends):
    """Turns of single qubits about any axis may come before and after."""
    first, last = (WordRotation(word, Angle(0.4)) for word in ends)
    found = fewer([first, *turns, last], MOST)
    alone = fewer(turns, MOST)
    assert len(found.rotations) == len(alone.rotations) + 2
    assert (found.rotations[0], found.rotations[-1]) == (first, last)


def test_constant_turns_give_constant_angles():
    """There is nothing to derive when parameters come."""
    turns = [WordRotation(word, Angle(0.3 + word)) for word in (5, 3, 12, 5, 15, 10)]
    found = fewer(turns, 0)
    assert found.source is None
    assert all(turn.angle.is_constant for turn in found.rotations)
    assert len(found.rotations) == 7


def test_turns_that_keep_no_parity_are_left_as_they_are():
    """XX, X on one qubit and ZZ, again and again, keep none."""
    turns = [WordRotation(word, Angle(0.0, ((0, 1.0),))) for word in (5, 4, 15, 1, 5, 4, 15)]
    assert fewer(turns, 1) == (turns, None)


def test_rows_do_not_know_each_other():
    """Each row's angles are those of the row alone, and a row of no circuits has none."""
    turns = tuple(
        WordRotation(word, Angle(0.0, ((i, 1.0),))) for i, word in enumerate((5, 3, 10, 12, 5))
    )
    source = Sectors(15, turns)
    params = np.random.default_rng(5).uniform(-7, 7, (6, 5))
    together = source.angles(params)
    alone = np.concatenate([source.angles(row[None]) for row in params], axis=1)
    assert np.allclose(together, alone, rtol=0, atol=1e-14)
    assert source.angles(params[:0]).shape == (6, 0)


def test_without_sources_the_parameters_are_as_they_were():
    """Nothing is copied for a circuit that has no derived angles."""
    params = np.ones((3, 2))
    assert NONE.beside(params) is params


@pytest.mark.parametrize(("parity", "words"), [(15, [1, 5]), (15, [15, 5]), (15, [3, 12]), (3, [])])
def test_words_that_do_not_keep_the_parity_are_refused(parity, words):
    """So is the parity's own word, and what has nothing on both qubits."""
    with pytest.raises(ValueError, match="words"):
        Sectors(parity, tuple(WordRotation(word, Angle(0.1)) for word in words))


def on_three(rotations, params):
    """The unitary of rotations on three qubits."""
    result = np.eye(8, dtype=complex)
    for each in rotations:
        turned = result
        for qubit, letter in each.word:
            turned = applied(PAULIS["IXYZ".index(letter)], [qubit], turned)
        half = float(each.angle.at(params)) / 2
        result = np.cos(half) * result - 1j * np.sin(half) * turned
    return result


def there_and_back(letters, slopes, between, far):
    """Rotations on two qubits, something else, and their inverse, there or on another pair."""
    angles = [Angle(0.0, ((index, slope),)) for index, slope in enumerate(slopes)]
    words = [[(q, p) for q, p in enumerate(word) if p != "I"] for word in letters]
    there = [rotation(*each) for each in zip(words, angles, strict=True)]
    back = adjoint(there)
    if far:
        names = (0, 2)
        back = [rotation(((names[q], p) for q, p in r.word), r.angle) for r in back]
    return [*there, *between, *back]


@entanglers
@pytest.mark.parametrize("far", [False, True])
@given(
    letters=st.lists(st.sampled_from(["XX", "YY", "ZI", "IZ", "XY"]), min_size=3, max_size=6),
    slope=st.sampled_from([0.5, 1.0, -1.0]),
    seed=seeds,
)
def test_what_cancels_up_to_a_half_turn_is_right_everywhere(entangler, far, letters, slope, seed):
    """Euler's angles jump: a run where some of them cancel here is half a turn elsewhere."""
    other = rotation([(1, "X"), (2, "X")], Angle(0.0, ((6, 1.0),)))
    between = [other, rotation([(1, "X")], Angle(0.0, ((7, 1.0),)))]
    circuit = there_and_back(letters, [slope] * len(letters), between, far)
    params = np.random.default_rng(seed).uniform(-7, 7, (6, 8))
    for bound in Optimised(circuit, 3, entangler).bind(params):
        for row, original in enumerate(bound.rows):
            wanted = on_three(circuit, params[original])
            assert distance_up_to_names(wanted, program_matrix(bound.programs, row)) < 1e-12
