"""A circuit's constant start: split off where it ends, and made with fewer entanglers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, rotation
from pennylane_qstore.compiler.optimiser.prepared_start import (
    constant_prefix,
    state_of,
    with_prepared_prefix,
)
from tests.compiler.blocks.test_consolidate import distance, elements, haar, turn, unitary
from tests.compiler.blocks.test_consolidate import entanglers as entanglers_of

QUBITS = 4
EXACT = 1e-11
OPEN = Angle(0.3, ((0, 1.0),))
params = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(-4, 4, 3))


def cx(*qubits):
    return Clifford("CX", qubits)


def mottonen(angles, qubits=3):
    """RY and CNOTs, many of them."""
    parts = []
    for place, angle in enumerate(angles):
        target = 1 + place % (qubits - 1)
        parts += [rotation([(target, "Y")], Angle(angle)), cx(target - 1, target)]
        parts += [rotation([(target - 1, "Z")], Angle(1.3 * angle))]
    return [Clifford("H", (0,)), *parts]


def test_a_head_ends_at_parameters():
    """On each qubit on its own, and at what depends on one that has ended."""
    first, second = Clifford("H", (0,)), rotation([(1, "Y")], OPEN)
    late, free = cx(1, 2), cx(0, 3)
    found = constant_prefix([first, second, late, free, Clifford("S", (2,))], QUBITS)
    assert found.prefix == [first, free]
    assert found.rest == [second, late, Clifford("S", (2,))]


@given(parts=st.lists(elements, max_size=20), values=params)
def test_a_split_is_the_same_circuit(parts, values):
    """The prefix comes first, and has no parameters."""
    prefix, rest = constant_prefix(parts, QUBITS)
    assert all(getattr(part, "angle", Angle()).is_constant for part in prefix)
    assert distance(unitary(parts, values), unitary([*prefix, *rest], values)) < EXACT


@given(parts=st.lists(elements, max_size=25))
def test_a_state_is_what_the_elements_make(parts):
    """It agrees with the first column of their unitary."""
    prefix, _ = constant_prefix(parts, QUBITS)
    wanted = unitary(prefix, np.zeros(0))[:, 0]
    assert np.abs(state_of(prefix, range(QUBITS)) - wanted).max() < EXACT


@given(parts=st.lists(elements, max_size=25), values=params)
def test_prepared_heads_make_the_same_state(parts, values):
    """Whatever the parameters, with no more entanglers."""
    found = with_prepared_prefix(parts, QUBITS)
    assert distance(unitary(parts, values)[:, 0], unitary(found, values)[:, 0]) < EXACT
    counts = [entanglers_of(consolidate(some, QUBITS).elements) for some in (parts, found)]
    assert len(constant_prefix(found, QUBITS).rest) == len(constant_prefix(parts, QUBITS).rest)
    if not constant_prefix(parts, QUBITS).rest:
        assert counts[1] <= counts[0]


@given(parts=st.lists(elements, max_size=25), values=params)
def test_terminal_qubits_keep_their_probabilities(parts, values):
    """Phases change only where nothing but a measurement follows."""
    found = with_prepared_prefix(parts, QUBITS, terminal=range(QUBITS))
    before, after = (np.abs(unitary(some, values)[:, 0]) for some in (parts, found))
    assert np.abs(before - after).max() < EXACT


def test_a_long_start_becomes_short():
    """Twelve CNOTs on three qubits are three entanglers, or two where phases are free."""
    parts = mottonen(np.linspace(0.3, 2.9, 12))
    exact, measured = (
        with_prepared_prefix(parts, 3),
        with_prepared_prefix(parts, 3, terminal=range(3)),
    )
    assert entanglers_of(consolidate(exact, 3).elements) <= 3
    assert entanglers_of(consolidate(measured, 3).elements) <= 3
    assert distance(state_of(parts, range(3)), state_of(exact, range(3))) < EXACT


def test_phases_are_kept_where_something_follows():
    """On any qubit of the state, though others be measured."""
    parts = [*mottonen(np.linspace(0.3, 2.9, 12)), rotation([(2, "X")], OPEN)]
    found = with_prepared_prefix(parts, 3, terminal=(0, 1, 2))
    values = np.array([0.4])
    assert distance(unitary(parts, values, 3)[:, 0], unitary(found, values, 3)[:, 0]) < EXACT


def test_what_is_cheap_is_left_as_it_is():
    """One CNOT is not replaced, and neither is a state of many qubits."""
    pair = [Clifford("H", (0,)), cx(0, 1)]
    assert with_prepared_prefix(pair, 2) == pair
    wide = [Clifford("H", (0,)), *(cx(place, place + 1) for place in range(19))]
    assert with_prepared_prefix([*wide, *wide], 20) == [*wide, *wide]


def test_each_component_is_on_its_own():
    """Two pairs with three CNOTs each, between each other in time and place."""
    parts = []
    for angle in (0.3, 0.9, 1.7):
        for first, second in ((0, 2), (3, 1)):
            parts += [rotation([(first, "Y")], Angle(angle)), cx(first, second)]
            parts += [Constant((second,), haar(int(10 * angle), 2))]
    found = with_prepared_prefix(parts, QUBITS)
    assert distance(state_of(parts, range(QUBITS)), state_of(found, range(QUBITS))) < EXACT
    assert {part.qubits for part in found if len(part.qubits) > 1} == {(0, 2), (1, 3)}


@pytest.mark.parametrize("word", ["XYZ", "ZZZ", "YIY"])
def test_rotations_about_longer_words_are_part_of_it(word):
    """Their state is worked out as any other."""
    parts = [Clifford("H", (0,)), turn(word, Angle(0.7), (0, 1, 2)), cx(0, 1)]
    found = with_prepared_prefix(parts, 3)
    assert distance(unitary(parts, np.zeros(0), 3)[:, 0], state_of(found, range(3))) < EXACT
    assert all(len(part.qubits) <= 2 for part in found)
