"""States to few entanglers: what becomes of |0…0⟩ is the state, and cheap where it can be."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.circuit.elements import Clifford, Constant
from pennylane_qstore.compiler.unitaries.state_preparation import prepare
from tests.compiler.blocks.test_consolidate import distance, haar, unitary
from tests.compiler.blocks.test_consolidate import entanglers as entanglers_of

EXACT = 1e-12
NO_PARAMS = np.zeros(0)
MOST = 6

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, MOST)


def normalised(amplitudes):
    return amplitudes / np.linalg.norm(amplitudes)


def random_state(size, seed, *, real=False):
    rng = np.random.default_rng(seed)
    amplitudes = rng.normal(size=2**size) + (0 if real else 1j * rng.normal(size=2**size))
    return normalised(amplitudes)


def superposition(size, places):
    """Equal amplitudes in some basis states."""
    state = np.zeros(2**size, dtype=complex)
    state[list(places)] = 1
    return normalised(state)


def dicke(size, ones):
    return superposition(size, [i for i in range(2**size) if i.bit_count() == ones])


def sparse(size, seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, max(2, 2**size // 3)))
    state = np.zeros(2**size, dtype=complex)
    places = rng.choice(2**size, size=count, replace=False)
    state[places] = rng.normal(size=count) + 1j * rng.normal(size=count)
    return normalised(state)


def product(size, seed):
    return reduce(np.kron, [random_state(1, seed + place) for place in range(size)])


def joint_product(size, seed):
    """A random state of every other qubit, times one of the others."""
    first, second = -(-size // 2), size // 2
    state = np.kron(random_state(first, seed), random_state(second, seed + 1))
    order = [*range(0, size, 2), *range(1, size, 2)]
    return np.moveaxis(state.reshape((2,) * size), range(size), order).reshape(-1)


def tiny(size, seed):
    """Amplitudes over nine orders of magnitude."""
    scale = 10.0 ** -np.random.default_rng(seed).uniform(0, 9, 2**size)
    return normalised(random_state(size, seed) * scale)


def degenerate(size, seed):
    """Schmidt weights that are all the same, or nearly, along the cut in the middle."""
    half = size // 2
    weights = 1 + 10.0 ** -float(seed % 17) * np.random.default_rng(seed).random(2**half)
    matrix = haar(seed, 2**half) @ np.diag(weights) @ haar(seed + 1, 2 ** (size - half))[: 2**half]
    return normalised(matrix.reshape(-1))


def clifford(size, seed):
    """A stabiliser state."""
    rng = np.random.default_rng(seed)
    gates = []
    for _ in range(4 * size):
        names = rng.choice(["H", "S", "CX"] if size > 1 else ["H", "S"])
        qubits = rng.permutation(size)[: 2 if names == "CX" else 1]
        gates.append(Clifford(str(names), tuple(qubits.tolist())))
    return unitary(gates, NO_PARAMS, size)[:, 0]


KINDS = {
    "complex": random_state,
    "real": lambda size, seed: random_state(size, seed, real=True),
    "real but for a phase": lambda size, seed: 1j**0.3 * random_state(size, seed, real=True),
    "basis": lambda size, seed: superposition(size, [seed % 2**size]),
    "GHZ": lambda size, _: superposition(size, [0, 2**size - 1]),
    "Dicke": lambda size, seed: dicke(size, seed % (size + 1)),
    "sparse": sparse,
    "product": product,
    "joint product": joint_product,
    "tiny": tiny,
    "degenerate": degenerate,
    "stabiliser": clifford,
}
kinds = st.sampled_from(sorted(KINDS))


def made(elements, size):
    return unitary(elements, NO_PARAMS, size)[:, 0]


def cost(elements, size):
    return entanglers_of(consolidate(elements, size).elements)


@given(kind=kinds, size=sizes, seed=seeds)
def test_a_state_is_made_up_to_a_phase(kind, size, seed):
    """Every amplitude, to rounding."""
    state = KINDS[kind](size, seed)
    elements = prepare(state)
    assert all(len(element.qubits) <= 2 for element in elements)
    found = made(elements, size)
    assert distance(state, found) < EXACT
    assert 1 - abs(np.vdot(state, found)) ** 2 < EXACT


@given(kind=kinds, size=sizes, seed=seeds)
def test_magnitudes_are_made_with_no_more_entanglers(kind, size, seed):
    """Every probability, whatever the phases."""
    state = KINDS[kind](size, seed)
    elements = prepare(state, magnitudes_only=True)
    assert np.abs(np.abs(made(elements, size)) - np.abs(state)).max() < EXACT
    assert cost(elements, size) <= cost(prepare(state), size)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_kind_of_state_of_every_size(kind, size):
    """The strategies above draw few of the larger ones."""
    state = KINDS[kind](size, 11 * size)
    assert distance(state, made(prepare(state), size)) < EXACT


# Entanglers of random states of 1 to 6 qubits.
MOST_ENTANGLERS = {
    ("complex", False): [0, 1, 3, 8, 17, 36],
    ("complex", True): [0, 1, 3, 6, 14, 28],
    ("real", False): [0, 1, 3, 6, 14, 28],
    ("real", True): [0, 1, 3, 6, 14, 28],
}


@pytest.mark.parametrize(("kind", "magnitudes_only"), MOST_ENTANGLERS)
@pytest.mark.parametrize("size", range(1, MOST + 1))
@pytest.mark.parametrize("seed", range(3))
def test_random_states_take_a_known_number_of_entanglers(kind, magnitudes_only, size, seed):
    """No more than these, for any."""
    elements = prepare(KINDS[kind](size, seed), magnitudes_only=magnitudes_only)
    most = MOST_ENTANGLERS[kind, magnitudes_only]
    assert cost(elements, size) <= most[size - 1]


SPECIAL = {
    "a basis state": (superposition(5, [19]), 0),
    "a product state": (product(6, 5), 0),
    "GHZ": (superposition(6, [0, 63]), 5),
    "two basis states": (superposition(6, [5, 40]), 3),
    "W of 3": (dicke(3, 1), 3),
    "W of 6": (dicke(6, 1), 9),
    "Dicke of 4": (dicke(4, 2), 6),
    "two pairs, crossed": (joint_product(4, 3), 2),
    "three qubits and three more, crossed": (joint_product(6, 3), 6),
    "even superposition": (np.full(64, 0.125), 0),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_states_take_fewer(name):
    """As few as the structure of the state asks for."""
    state, most = SPECIAL[name]
    size = len(state).bit_length() - 1
    elements = prepare(state)
    assert distance(state, made(elements, size)) < EXACT
    assert cost(elements, size) <= most


def test_three_qubits_take_two_entanglers_where_phases_are_free():
    """Where none of four products of amplitudes is more than the rest; else three."""
    flat = normalised(np.array([3.0, 2, 4, 3, 2, 3, 3, 5]))
    elements = prepare(flat, magnitudes_only=True)
    assert np.abs(np.abs(made(elements, 3)) - flat).max() < EXACT
    assert cost(elements, 3) == 2
    assert cost(prepare(flat), 3) == 3


def test_amplitudes_are_normalised():
    """Their norm carries no meaning."""
    state = random_state(3, 1)
    assert distance(state, made(prepare(17.0 * state), 3)) < EXACT


def test_one_amplitude_is_no_qubit():
    """A global phase is nothing."""
    assert prepare(np.array([1j])) == []


@pytest.mark.parametrize("amplitudes", [[1, 0, 0], [], [0, 0], [np.nan, 1], [np.inf, 1]])
def test_what_is_no_state_is_refused(amplitudes):
    """The number of amplitudes is a power of two, and their norm is not zero."""
    with pytest.raises(ValueError, match="a state has"):
        prepare(np.array(amplitudes, dtype=complex))


def test_constants_are_unitary():
    """So that the optimiser may treat them as gates."""
    for element in prepare(random_state(6, 3)):
        if isinstance(element, Constant):
            identity = element.matrix @ element.matrix.conj().T
            assert np.abs(identity - np.eye(len(identity))).max() < EXACT
