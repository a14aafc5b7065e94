"""Cliffords and Pauli rotations to few entanglers: the unitaries are proven equal."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, Rotation, rotation
from pennylane_qstore.compiler.circuit.paulis import Tableau, Word, turns_of
from pennylane_qstore.compiler.gadgets.synthesis import (
    rotations_then_clifford,
    synthesise,
    synthesise_measured,
)
from pennylane_qstore.compiler.operators.multi_controlled import (
    Phases,
    controlled_diagonal,
    controlled_phase,
    controlled_x,
)
from tests.examples import examples

PAULI = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
GATES = {
    **PAULI,
    "H": np.array([[1, 1], [1, -1]]) / math.sqrt(2),
    "S": np.diag([1, 1j]),
    "SDG": np.diag([1, -1j]),
    "SX": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "SXDG": np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
    "CX": np.eye(4)[[0, 1, 3, 2]],
    "CZ": np.diag([1, 1, 1, -1]),
    "SWAP": np.eye(4)[[0, 2, 1, 3]],
}
PARAMS = 4
NO_PARAMS = np.zeros(0)


def on_qubits(matrix, qubits, unitary, width):
    """A matrix on some qubits, times a unitary on all."""
    size = len(qubits)
    tensor = unitary.reshape((2,) * width + (-1,))
    gate = np.asarray(matrix).reshape((2,) * (2 * size))
    tensor = np.tensordot(gate, tensor, axes=(range(size, 2 * size), qubits))
    return np.moveaxis(tensor, range(size), qubits).reshape(2**width, -1)


def unitary_of(elements, width, params=NO_PARAMS):
    unitary = np.eye(2**width, dtype=complex)
    for element in elements:
        if isinstance(element, Rotation):
            turned = unitary
            for qubit, letter in element.word:
                turned = on_qubits(PAULI[letter], [qubit], turned, width)
            half = float(element.angle.at(params)) / 2
            unitary = math.cos(half) * unitary - 1j * math.sin(half) * turned
        elif isinstance(element, Constant):
            unitary = on_qubits(element.matrix, element.qubits, unitary, width)
        else:
            unitary = on_qubits(GATES[element.name], element.qubits, unitary, width)
    return unitary


def bits_of(width):
    """All bit strings in the order of a state's amplitudes, one a row."""
    return np.array(list(itertools.product([0, 1], repeat=width)))


def relabelled(unitary, where):
    """The rows of a unitary with the state of qubit where[q] as that of qubit q."""
    width = len(where)
    places = bits_of(width)[:, where] @ (1 << np.arange(width)[::-1])
    after = np.empty_like(unitary)
    after[places] = unitary
    return after


def outcomes(measured, probabilities, width):
    """The probabilities of the bits after the map."""
    mapped = (bits_of(width) @ np.array(measured.parities).T + measured.flips) % 2
    after = np.zeros_like(probabilities)
    np.add.at(after, mapped @ (1 << np.arange(width)[::-1]), probabilities)
    return after


def assert_same(actual, expected):
    """Equal up to a global phase."""
    phase = np.vdot(actual, expected)
    np.testing.assert_allclose(actual * (phase / abs(phase)), expected, atol=1e-9)


def entanglers(elements):
    sizes = [len(e.word if isinstance(e, Rotation) else e.qubits) for e in elements]
    assert max(sizes, default=0) <= 2
    return sizes.count(2)


def circuits(width):
    """Random circuits of gates, and rotations of symbolic, T-like, Clifford or no angles."""
    one = st.sampled_from(range(width)).map(lambda qubit: (qubit,))
    pair = st.permutations(range(width)).map(lambda qubits: tuple(qubits[:2]))
    symbolic = st.builds(
        lambda index, slope, const: Angle(const, ((index, slope),)),
        st.integers(0, PARAMS - 1),
        st.sampled_from([1.0, -1.0, 0.5]),
        st.sampled_from([0.0, 0.3]),
    )
    eighths = st.integers(-8, 8).map(lambda k: Angle(k * math.pi / 4))
    words = st.dictionaries(st.sampled_from(range(width)), st.sampled_from("XYZ"))
    element = st.one_of(
        st.builds(Clifford, st.sampled_from(["X", "Y", "Z", "H", "S", "SDG", "SX", "SXDG"]), one),
        st.builds(Clifford, st.sampled_from(["CX", "CZ", "SWAP"]), pair),
        st.builds(
            lambda word, angle: rotation(word.items(), angle), words, st.one_of(symbolic, eighths)
        ),
    )
    return st.lists(element, max_size=12)


sized = st.integers(2, 4).flatmap(lambda width: st.tuples(st.just(width), circuits(width)))
values = st.lists(st.floats(-7, 7), min_size=PARAMS, max_size=PARAMS).map(np.array)


@examples(25)
@given(sized=sized, params=values)
def test_the_unitary_stays(sized, params):
    """A synthesised circuit is the same unitary up to a phase and its relabelling."""
    width, elements = sized
    done = synthesise(elements, width)
    actual = relabelled(unitary_of(done.elements, width, params), done.where)
    assert_same(actual, unitary_of(elements, width, params))
    entanglers(done.elements)


@examples(25)
@given(sized=sized, params=values)
def test_the_state_made_from_zero_stays(sized, params):
    """From |0…0⟩ the state is the same up to a phase and the relabelling."""
    width, elements = sized
    done = synthesise(elements, width, from_zero=True)
    actual = relabelled(unitary_of(done.elements, width, params), done.where)
    assert_same(actual[:, 0], unitary_of(elements, width, params)[:, 0])


@examples(25)
@given(sized=sized, params=values)
def test_the_outcomes_stay(sized, params):
    """Whatever state comes in, the mapped bits have the probabilities of the original's."""
    width, elements = sized
    done = synthesise_measured(elements, width)
    expected = unitary_of(elements, width, params)
    state = np.exp(1j * np.arange(2**width) ** 2)
    actual = abs(unitary_of(done.elements, width, params) @ state) ** 2
    np.testing.assert_allclose(outcomes(done, actual, width), abs(expected @ state) ** 2, atol=1e-8)


@examples(25)
@given(sized=sized, params=values)
def test_the_outcomes_from_zero_stay(sized, params):
    """From |0…0⟩ the mapped bits have the probabilities of the original's."""
    width, elements = sized
    done = synthesise_measured(elements, width, from_zero=True)
    actual = abs(unitary_of(done.elements, width, params)[:, 0]) ** 2
    expected = abs(unitary_of(elements, width, params)[:, 0]) ** 2
    np.testing.assert_allclose(outcomes(done, actual, width), expected, atol=1e-9)


@given(sized=sized, params=values)
def test_cliffords_move_to_the_end(sized, params):
    """The rotations, then the tableau's Clifford, pull every Pauli back to what the circuit does.

    This determines the unitary up to a phase.
    """
    width, elements = sized
    rotations, clifford = rotations_then_clifford(elements, width)
    before = unitary_of(rotations, width, params)
    whole = unitary_of(elements, width, params)
    for qubit in range(width):
        for letter, image in (("X", clifford.x[qubit]), ("Z", clifford.z[qubit])):
            pauli = on_qubits(PAULI[letter], [qubit], np.eye(2**width), width)
            expected = whole.conj().T @ pauli @ whole
            actual = before.conj().T @ matrix_of(image, width) @ before
            np.testing.assert_allclose(actual, expected, atol=1e-9)


def matrix_of(word, width):
    matrix = np.eye(2**width, dtype=complex)
    for qubit, letter in word.letters:
        matrix = on_qubits(PAULI[letter], [qubit], matrix, width)
    return -matrix if word.negative else matrix


@pytest.mark.parametrize("name", GATES)
def test_each_gates_tableau_is_its_own(name):
    """A gate's tableau pulls each Pauli operator back as its matrix does."""
    width = 1 if len(GATES[name]) == 2 else 2
    tableau = Tableau.identity(width)
    for axis, quarters in turns_of(Clifford(name, tuple(range(width)))):
        tableau = tableau.followed_by(axis, quarters)
    for letters in itertools.product("XYZ", repeat=width):
        word = Word.of(enumerate(letters))
        expected = GATES[name].conj().T @ matrix_of(word, width) @ GATES[name]
        actual = matrix_of(tableau.pulled_back(word), width)
        np.testing.assert_allclose(actual, expected, atol=1e-12)


@pytest.mark.parametrize("width", [5, 6])
def test_a_wide_circuit_keeps_its_unitary(width):
    """Circuits of five and six qubits with words of all weights stay the same, too."""
    rng = np.random.default_rng(width)
    elements = []
    for index in range(PARAMS):
        for _ in range(3):
            pair = tuple(int(q) for q in rng.permutation(width)[:2])
            elements.append(Clifford(str(rng.choice(["CX", "CZ", "SWAP"])), pair))
            elements.append(Clifford(str(rng.choice(["H", "S", "SX"])), pair[:1]))
        letters = rng.choice(list("IXYZ"), width)
        word = [(q, str(letter)) for q, letter in enumerate(letters) if letter != "I"]
        elements.append(rotation(word, Angle(0.1, ((index, 1.0),))))
    params = rng.uniform(-3, 3, PARAMS)
    done = synthesise(elements, width)
    actual = relabelled(unitary_of(done.elements, width, params), done.where)
    assert_same(actual, unitary_of(elements, width, params))
    measured = synthesise_measured(elements, width)
    actual = abs(unitary_of(measured.elements, width, params)[:, 3]) ** 2
    expected = abs(unitary_of(elements, width, params)[:, 3]) ** 2
    np.testing.assert_allclose(outcomes(measured, actual, width), expected, atol=1e-9)


def test_words_that_meet_merge():
    """Two T gates around a CNOT on their qubit as its control are one S, and angles add."""
    theta = Angle(0.0, ((0, 1.0),))
    t = Angle(math.pi / 4)
    cx = Clifford("CX", (0, 1))
    elements = [
        rotation([(0, "Z")], t),
        rotation([(1, "Z")], theta),
        cx,
        rotation([(0, "Z")], t),
        rotation([(0, "Z"), (1, "Z")], theta.scaled(2)),
        cx,
    ]
    rotations, clifford = rotations_then_clifford(elements, 2)
    assert rotations == [rotation([(1, "Z")], theta.scaled(3))]
    assert clifford.x[0] == Word.of([(0, "Y")]).negated()
    assert clifford.z == Tableau.identity(2).z


def test_opposite_angles_vanish():
    """Rotations that undo each other leave nothing, for any parameter."""
    theta = Angle(0.2, ((0, 1.0),))
    word = [(0, "X"), (1, "Y"), (2, "Z")]
    done = synthesise([rotation(word, theta), rotation(word, theta.scaled(-1))], 3)
    assert (done.elements, done.where) == ((), (0, 1, 2))


def test_swaps_are_a_relabelling():
    """SWAPs, and three CNOTs that make one, cost nothing."""
    swapped = synthesise([Clifford("SWAP", (0, 1)), Clifford("SWAP", (1, 2))], 3)
    assert (swapped.elements, swapped.where) == ((), (1, 2, 0))
    cnots = [Clifford("CX", pair) for pair in [(0, 1), (1, 0), (0, 1)]]
    assert synthesise(cnots, 2).elements == ()


@given(
    gates=st.lists(
        st.builds(
            lambda name, qubits: Clifford(name, tuple(qubits[: 1 + (name in {"CX", "CZ"})])),
            st.sampled_from(["CX", "CZ", "H", "S"]),
            st.permutations(range(4)),
        ),
        max_size=20,
    )
)
def test_a_tail_is_a_classical_map(gates):
    """A Clifford is its tail's circuit and then a permutation of basis states with phases."""
    tail = synthesise_measured(gates, 4)
    left = unitary_of(gates, 4) @ unitary_of(tail.elements, 4).conj().T
    np.testing.assert_allclose(outcomes(tail, np.eye(16), 4), abs(left) ** 2, atol=1e-9)


def test_a_tail_of_cnots_costs_nothing():
    """CNOTs and CZs at the end become a map of the bits."""
    theta = Angle(0.0, ((0, 1.0),))
    tail = [Clifford("CX", (0, 1)), Clifford("CZ", (1, 2)), Clifford("CX", (1, 2))]
    done = synthesise_measured([rotation([(0, "Y")], theta), *tail, Clifford("X", (2,))], 3)
    assert done.elements == (rotation([(0, "Y")], theta),)
    assert done.parities == ((1, 0, 0), (1, 1, 0), (1, 1, 1))
    assert done.flips == (0, 0, 1)


def test_a_phase_before_a_measurement_is_dropped():
    """A diagonal rotation at the end is not done where only outcomes count."""
    theta = Angle(0.0, ((0, 1.0),))
    word = [(0, "Z"), (1, "Z")]
    assert synthesise_measured([rotation(word, theta)], 2).elements == ()
    assert synthesise([rotation(word, theta)], 2).elements == (rotation(word, theta),)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (GATES["H"] * 1j, ["H"]),
        (GATES["S"] @ GATES["H"], ["H", "S"]),
        (np.diag([1, np.exp(0.3j)]), ["Z"]),
        (GATES["H"] @ np.diag([1, np.exp(0.3j)]) @ GATES["H"], ["X"]),
    ],
)
def test_a_constant_that_is_a_clifford_or_a_rotation_is_read(matrix, expected):
    """One-qubit constants are read up to a phase."""
    done = synthesise([Constant((1,), matrix)], 2)
    assert_same(unitary_of(done.elements, 2), on_qubits(matrix, [1], np.eye(4), 2))
    assert len(done.elements) <= len(expected)


@pytest.mark.parametrize(
    "constant",
    [
        Constant((0,), GATES["H"] @ np.diag([1, np.exp(0.3j)])),
        Constant((0, 1), np.eye(4, dtype=complex)),
    ],
)
def test_another_constant_gives_up(constant):
    """A constant that is neither gives no circuit."""
    assert synthesise([constant], 2) is None
    assert synthesise_measured([constant], 2) is None


@pytest.mark.parametrize(
    ("controls", "most", "found"), [(1, 1, 1), (2, 5, 5), (3, 13, 13), (4, 27, 26)]
)
def test_controlled_x(controls, most, found):
    """X with one to four controls has its matrix, and no more entanglers than it says."""
    elements = controlled_x(range(controls), controls)
    size = 2 ** (controls + 1)
    expected = np.eye(size)[[*range(size - 2), size - 1, size - 2]]
    assert_same(unitary_of(elements, controls + 1), expected)
    assert entanglers(elements) == most
    assert entanglers(synthesise(elements, controls + 1).elements) <= found


def test_toffoli_takes_its_qubits_in_order():
    """The target is the last qubit, wherever it is."""
    expected = np.eye(8)[[0, 1, 2, 7, 4, 5, 6, 3]]
    assert_same(unitary_of(controlled_x([1, 2], 0), 3), expected)


@pytest.mark.parametrize("width", range(1, 6))
def test_a_controlled_phase_is_symbolic(width):
    """The phase of |1…1⟩ follows the parameter."""
    elements = controlled_phase(Angle(0.2, ((0, 2.0),)), range(width))
    expected = np.diag([1] * (2**width - 1) + [np.exp(1.6j)])
    assert_same(unitary_of(elements, width, np.array([0.7])), expected)


# Entanglers with one to eight controls.
OF_PHASES = (1, 5, 13, 27, 53, 91, 141, 207)
OF_ROTATION = (1, 4, 8, 16, 32, 64, 114, 180)


@pytest.mark.parametrize("controls", [*range(1, 8), pytest.param(8, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("zero", "one", "counts"), [(0.3, 0.9, OF_PHASES), (-0.4, 0.4, OF_ROTATION)]
)
def test_phases_with_many_controls(controls, zero, one, counts):
    """Two phases, opposite or not, where all controls are 1, and no more entanglers than said."""
    elements = controlled_diagonal(Phases(Angle(zero), Angle(one)), range(controls), controls)
    expected = np.diag([*[1] * (2 ** (controls + 1) - 2), np.exp(1j * zero), np.exp(1j * one)])
    assert_same(unitary_of(elements, controls + 1), expected)
    assert entanglers(elements) == counts[controls - 1]


def test_no_phases_need_no_gates():
    """A controlled identity is nothing."""
    assert controlled_diagonal(Phases(Angle(), Angle()), [0, 1], 2) == []


def double_excitation(index):
    """The eight words of a double excitation of four qubits."""
    signs = {
        "XXXY": 1, "XXYX": 1, "XYXX": -1, "YXXX": -1,
        "XYYY": 1, "YXYY": 1, "YYXY": -1, "YYYX": -1,
    }  # fmt: skip
    angle = Angle(0.0, ((index, 0.25),))
    return [rotation(enumerate(word), angle.scaled(sign)) for word, sign in signs.items()]


def single_excitation(index, word):
    """Two words about a string of Zs."""
    angle = Angle(0.0, ((index, 0.5),))
    other = word.translate(str.maketrans("XY", "YX"))
    at = [(qubit, letter) for qubit, letter in enumerate(word) if letter != "I"]
    swapped = [(qubit, letter) for qubit, letter in enumerate(other) if letter != "I"]
    return [rotation(at, angle), rotation(swapped, angle.scaled(-1))]


UCCSD = [
    Clifford("X", (0,)),
    Clifford("X", (1,)),
    *double_excitation(0),
    *single_excitation(1, "YZXI"),
    *single_excitation(2, "IYZX"),
]
TOFFOLIS = [element for i in range(6) for element in controlled_x([i, i + 1], i + 2)]
QFT = [
    element
    for i in range(6)
    for element in (
        Clifford("H", (i,)),
        *(part for j in range(i) for part in controlled_phase(Angle(0.0, ((j, 1.0),)), [j, i])),
    )
]


@pytest.mark.parametrize(
    ("elements", "width", "exact", "measured", "from_zero"),
    [(UCCSD, 4, 14, 12, 5), (TOFFOLIS, 8, 26, 21, 0), (QFT, 6, 15, 15, 0)],
    ids=["uccsd", "toffolis", "qft"],
)
def test_the_counts_get_no_worse(elements, width, exact, measured, from_zero):
    """Known circuits need no more entanglers than they did."""
    assert entanglers(synthesise(elements, width).elements) <= exact
    assert entanglers(synthesise_measured(elements, width).elements) <= measured
    shortest = synthesise_measured(elements, width, from_zero=True)
    assert entanglers(shortest.elements) <= from_zero


def test_the_search_is_deterministic():
    """The same circuit gives the same result."""
    assert synthesise(UCCSD, 4) == synthesise(UCCSD, 4)


def test_a_wide_clifford_is_found():
    """A random Clifford on twelve qubits takes far fewer entanglers than it came with."""
    rng = np.random.default_rng(1)
    gates = []
    for _ in range(400):
        pair = tuple(int(q) for q in rng.permutation(12)[:2])
        gates += [Clifford("CX", pair), Clifford(str(rng.choice(["H", "S"])), pair[:1])]
    assert entanglers(synthesise(gates, 12).elements) <= 60
    assert entanglers(synthesise_measured(gates, 12).elements) <= 40


def test_a_bound_on_the_entanglers_is_kept():
    """A circuit is found within the bound, or none is."""
    assert entanglers(synthesise(UCCSD, 4, most=14).elements) == 14
    assert synthesise(UCCSD, 4, most=8) is None
    assert synthesise_measured(UCCSD, 4, most=8) is None


def test_a_deep_circuit_keeps_its_unitary():
    """Rotations that all wait for each other stay in their order."""
    words = [[(0, "X"), (1, "Y")], [(0, "Z"), (1, "Y"), (2, "X")], [(1, "Z")]] * 5
    elements = [rotation(w, Angle(0.1 * k, ((k % 4, 1.0),))) for k, w in enumerate(words)]
    params = np.array([0.3, 1.1, -0.7, 2.0])
    done = synthesise(elements, 3)
    actual = relabelled(unitary_of(done.elements, 3, params), done.where)
    assert_same(actual, unitary_of(elements, 3, params))
