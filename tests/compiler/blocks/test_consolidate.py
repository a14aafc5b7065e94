"""Two-qubit blocks to fewer entanglers: the unitary stays, up to the qubits' names."""

from functools import reduce
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.block import Block
from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.blocks.groups import collect
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, Rotation, rotation
from pennylane_qstore.compiler.circuit.quaternions import unitaries
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.two_qubit import resolved
from pennylane_qstore.compiler.unitaries.weyl import PAULIS, SWAP

QUBITS, PARAMS = 4, 3
GATES = {
    "X": PAULIS[1],
    "Y": PAULIS[2],
    "Z": PAULIS[3],
    "H": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "S": np.diag([1, 1j]),
    "SDG": np.diag([1, -1j]),
    "SX": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "SXDG": np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
    "CX": np.eye(4)[[0, 1, 3, 2]],
    "CZ": np.diag([1.0, 1, 1, -1]),
    "SWAP": SWAP,
}
LONE = [name for name in GATES if len(GATES[name]) == 2]


def haar(seed, size):
    """A random unitary."""
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    q, r = np.linalg.qr(square)
    return q * (np.diag(r) / np.abs(np.diag(r)))


def applied(matrix, qubits, unitary, total):
    """A gate on some qubits, the first the left factor, after a unitary on all."""
    tensor = unitary.reshape((2,) * total + (-1,))
    gate = matrix.reshape((2,) * (2 * len(qubits)))
    inner = range(len(qubits), 2 * len(qubits))
    moved = np.tensordot(gate, tensor, axes=(list(inner), list(qubits)))
    return np.moveaxis(moved, range(len(qubits)), qubits).reshape(unitary.shape)


def steps(part, params):
    """A part as matrices and the qubits they act on."""
    if isinstance(part, Rotation):
        angle = float(part.angle.at(params))
        word = reduce(np.kron, [PAULIS["IXYZ".index(letter)] for _, letter in part.word])
        turn = np.cos(angle / 2) * np.eye(len(word)) - 1j * np.sin(angle / 2) * word
        return [(turn, part.qubits)]
    if isinstance(part, Clifford):
        return [(GATES[part.name], part.qubits)]
    if isinstance(part, Constant):
        return [(part.matrix, part.qubits)]
    return [(bound(part, params[None])[0], part.qubits)]


def bound(block, params):
    """What a block becomes, as matrices."""
    found = block.bind(params)
    angles = np.zeros((len(params), 3))
    angles[:, : block.rank] = found.angles.T
    *right, first, second = map(unitaries, found.gates)
    gates = weyl.kron(first, second) @ weyl.canonical(-angles / 2)
    return gates @ weyl.kron(*right) if right else gates


def unitary(parts, params, total=QUBITS):
    """Everything, as one matrix."""
    result = np.eye(2**total, dtype=complex)
    for part in parts:
        for matrix, qubits in steps(part, params):
            result = applied(matrix, qubits, result, total)
    return result


def renamed(matrix, where):
    """The same with logical qubit q read at where[q]."""
    total = len(where)
    tensor = matrix.reshape((2,) * total + (-1,))
    return tensor.transpose(*where, total).reshape(matrix.shape)


def distance(first, second):
    """How far two unitaries are apart, up to a phase."""
    overlap = np.vdot(first, second)
    return np.abs(first * (overlap / abs(overlap)) - second).max()


def entanglers(parts):
    """How many partial entanglers parts stand for; a SWAP is none."""
    return sum(cost(part) for part in parts)


def cost(part):
    """How many partial entanglers a part stands for."""
    if isinstance(part, Block):
        return part.rank
    if len(part.qubits) < 2 or (isinstance(part, Clifford) and part.name == "SWAP"):
        return 0
    if isinstance(part, Constant):
        found = weyl.decompose(part.matrix)
        return min(weyl.entanglers(found, 1e-12), weyl.mirrored_entanglers(found, 1e-12))
    return 1


def made(found, params, total=QUBITS):
    """The unitary of a consolidated circuit."""
    (known,) = found.derived.beside(params[None])
    return unitary(found.elements, known, total)


def agrees(elements, params, total=QUBITS):
    """Whether a circuit keeps its unitary, up to the qubits' names."""
    found = consolidate(elements, total)
    after = renamed(made(found, params, total), found.where)
    return distance(unitary(elements, params, total), after) < 1e-11


def theta(index=0, slope=1.0, const=0.0):
    """A symbolic angle."""
    return Angle(const, ((index, slope),))


def cx(control, target):
    """A CNOT."""
    return Clifford("CX", (control, target))


def turn(word, angle, qubits=(0, 1)):
    """A rotation about a word such as "IX"."""
    return rotation(
        ((q, letter) for q, letter in zip(qubits, word, strict=True) if letter != "I"), angle
    )


special = st.sampled_from([0.0, np.pi / 4, np.pi / 2, np.pi, -np.pi / 2, 2 * np.pi, 1e-9])
numbers = st.one_of(special, st.floats(-7, 7))
angles = st.one_of(
    numbers.map(Angle),
    st.builds(
        theta, st.integers(0, PARAMS - 1), st.sampled_from([1.0, -1.0, 0.5, -0.5, 2.0]), special
    ),
)
qubit = st.integers(0, QUBITS - 1)
pair = st.permutations(range(QUBITS)).map(lambda order: tuple(order[:2]))
letters = st.sampled_from("XYZ")
seeds = st.integers(0, 2**32 - 1)
lone_gates = st.builds(lambda name, q: Clifford(name, (q,)), st.sampled_from(LONE), qubit)
joint_gates = st.builds(Clifford, st.sampled_from(["CX", "CX", "CZ", "SWAP"]), pair)
elements = st.one_of(
    st.builds(lambda q, p, angle: rotation([(q, p)], angle), qubit, letters, angles),
    st.builds(
        lambda ends, p, r, angle: rotation(zip(ends, (p, r), strict=True), angle),
        pair,
        letters,
        letters,
        angles,
    ),
    lone_gates,
    joint_gates,
    joint_gates,
    st.builds(lambda seed, q: Constant((q,), haar(seed, 2)), seeds, qubit),
    st.builds(lambda seed, ends: Constant(ends, haar(seed, 4)), seeds, pair),
)
circuits = st.lists(elements, max_size=25)
parameters = st.lists(numbers, min_size=PARAMS, max_size=PARAMS).map(np.array)


@given(circuit=circuits, params=parameters)
def test_a_random_circuit_keeps_its_unitary(circuit, params):
    """At any parameters, special ones too, the result is the circuit up to the qubits' names."""
    assert agrees(circuit, params)


@given(circuit=st.lists(elements, max_size=60), params=parameters)
def test_two_qubits_keep_their_unitary(circuit, params):
    """Long blocks, where most elements meet on one pair, agree as well."""
    folded = [on_two(element) for element in circuit]
    assert agrees([element for element in folded if element is not None], params, 2)


def on_two(element):
    """An element with its qubits taken modulo two, if it still has them all."""
    places = [q % 2 for q in element.qubits]
    if len(set(places)) < len(places):
        return None
    if isinstance(element, Rotation):
        return rotation(((q % 2, letter) for q, letter in element.word), element.angle)
    if isinstance(element, Clifford):
        return Clifford(element.name, tuple(places))
    return Constant(tuple(places), element.matrix)


@given(circuit=circuits)
def test_the_entanglers_never_become_more(circuit):
    """A block is replaced only where that saves an entangler."""
    assert entanglers(consolidate(circuit, QUBITS).elements) <= entanglers(circuit)


@given(circuit=st.lists(st.one_of(lone_gates, joint_gates), max_size=30))
def test_constant_circuits_have_no_blocks(circuit):
    """What no parameter moves is decomposed now, to gates on one qubit and rotations."""
    found = consolidate(circuit, QUBITS).elements
    assert not any(isinstance(part, Block) for part in found)
    assert all(len(part.qubits) == 1 for part in found if isinstance(part, Constant))


@given(circuit=circuits)
def test_groups_keep_the_order(circuit):
    """Groups, one after another, are the circuit with commuting elements exchanged."""
    grouped = [element for group in collect(circuit) for element in group.elements]
    params = np.array([0.3, -1.2, 2.5])
    assert len(grouped) == len(circuit)
    assert distance(unitary(circuit, params), unitary(grouped, params)) < 1e-11


NAMED = {
    "two CNOTs that cancel": ([cx(0, 1), cx(0, 1)], 0),
    "SWAP": ([Clifford("SWAP", (0, 1))], 0),
    "SWAP as three CNOTs": ([cx(0, 1), cx(1, 0), cx(0, 1)], 0),
    "DCNOT": ([cx(0, 1), cx(1, 0)], 1),
    "a Haar block": ([Constant((0, 1), haar(1, 4))], 3),
    "an Ising gate at π": ([turn("XX", Angle(np.pi))], 0),
    "a constant iSWAP": ([turn("XX", Angle(-np.pi / 2)), turn("YY", Angle(-np.pi / 2))], 1),
    "two symbolic ZZ": ([turn("ZZ", theta(0)), turn("ZZ", theta(1))], 1),
    "ZZ between CNOTs": ([cx(0, 1), turn("IZ", theta(0)), cx(0, 1)], 1),
    "CRY": (
        [turn("IY", theta(0, 0.5)), cx(0, 1), turn("IY", theta(0, -0.5)), cx(0, 1)],
        1,
    ),
    "ZZ then a SWAP of CNOTs": (
        [turn("ZZ", theta(0)), cx(0, 1), cx(1, 0), cx(0, 1)],
        1,
    ),
    "turns between three CNOTs": (
        [
            *(cx(0, 1), turn("XI", theta(0)), turn("IZ", theta(1))),
            *(cx(0, 1), turn("IY", theta(2)), cx(0, 1)),
        ],
        2,
    ),
    "turns that only together are a Clifford gate": (
        [turn("XX", Angle(np.pi / 4)), turn("ZZ", theta(0)), turn("XX", Angle(np.pi / 4))],
        2,
    ),
    "constants and a turn between CNOTs": (
        [
            *(cx(0, 1), Constant((0,), np.diag([1, 1j**0.3])), turn("IZ", theta(0))),
            *(Constant((1,), GATES["SX"]), Clifford("SXDG", (1,)), cx(0, 1)),
        ],
        1,
    ),
    "two CZs with a constant between": (
        [Clifford("CZ", (0, 1)), Constant((1,), haar(3, 2)), Clifford("CZ", (0, 1))],
        1,
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_blocks_have_known_counts(name):
    """Blocks that everyone writes cost what they have to."""
    circuit, count = NAMED[name]
    found = consolidate(circuit, 2)
    assert entanglers(found.elements) == count
    assert not any(isinstance(part, Block) for part in found.elements)
    assert agrees(circuit, np.array([0.4, 1.7, -2.2]), 2)


def controlled_rot():
    """CRot as PennyLane decomposes it: two CNOTs, although it is one partial entangler."""
    difference = Angle(0.0, ((0, 0.5), (2, -0.5)))
    total = Angle(0.0, ((0, -0.5), (2, -0.5)))
    return [
        turn("IZ", difference),
        cx(0, 1),
        turn("IZ", total),
        turn("IY", theta(1, -0.5)),
        cx(0, 1),
        turn("IY", theta(1, 0.5)),
        turn("IZ", theta(2)),
    ]


def test_a_controlled_rotation_about_any_axis_is_a_block_of_rank_one():
    """Where no closed form is known, the block waits for its parameters."""
    (block,) = consolidate(controlled_rot(), 2).elements
    assert (block.qubits, block.rank, block.mirrored) == ((0, 1), 1, False)


def test_a_mirrored_block_exchanges_the_names():
    """A SWAP after a block is the block of SWAP times it, and names say the rest."""
    circuit = [*controlled_rot(), cx(0, 1), cx(1, 0), cx(0, 1)]
    found = consolidate(circuit, 2)
    (block,) = found.elements
    assert (block.rank, block.mirrored, found.where) == (1, True, (1, 0))
    assert agrees(circuit, np.array([0.4, 1.7, -2.2]), 2)


@given(seed=seeds, special_ones=st.booleans())
def test_a_block_binds_rows_as_if_each_were_alone(seed, special_ones):
    """Rows of a batch, degenerate ones too, don't know each other."""
    (block,) = consolidate(controlled_rot(), 2).elements
    rng = np.random.default_rng(seed)
    params = rng.uniform(-4, 4, (7, 3))
    if special_ones:
        params = np.round(params / (np.pi / 2)) * (np.pi / 2)
    for gate, wanted in zip(bound(block, params), block.matrices(params), strict=True):
        assert distance(gate, wanted) < 1e-12


def test_a_block_keeps_its_meaning_when_its_qubits_are_renamed():
    """A block behind a mirrored one acts where the contents have gone."""
    dcnot = [cx(1, 2), cx(2, 1)]
    moved = [
        Rotation(tuple((q + 1, p) for q, p in part.word), part.angle)
        if isinstance(part, Rotation)
        else Clifford(part.name, tuple(q + 1 for q in part.qubits))
        for part in controlled_rot()
    ]
    circuit = [*dcnot, cx(0, 1), cx(2, 3), *moved, turn("XY", theta(0), (0, 2))]
    found = consolidate(circuit, 4)
    assert any(isinstance(part, Block) for part in found.elements)
    assert agrees(circuit, np.array([0.4, 1.7, -2.2]))


def test_an_optimal_block_stays_as_it_is():
    """Elements that cost what they have to are the very ones that went in."""
    circuit = [turn("XI", theta(0)), cx(0, 1), turn("IY", theta(1))]
    assert consolidate(circuit, 2).elements == tuple(circuit)


def test_words_on_three_qubits_end_blocks():
    """A rotation about a longer word is left as it is, and keeps its place."""
    word = rotation([(0, "X"), (1, "Y"), (2, "Z")], theta(0))
    circuit = [cx(0, 1), word, Clifford("H", (1,)), word, cx(0, 1)]
    assert len(consolidate(circuit, 3).elements) == 5
    assert agrees(circuit, np.array([0.4, 1.7, -2.2]), 3)


def outcomes(parts, params, total=QUBITS):
    """The probabilities of a circuit from |0…0⟩."""
    return np.abs(unitary(parts, params, total)[:, 0]) ** 2


@pytest.mark.parametrize("params", [[0.4, -1.3], [0.0, 0.0], [np.pi / 2, np.pi]])
@given(seed=seeds)
def test_blocks_keep_the_outcomes_where_only_they_matter(params, seed):
    """The first block has one entangler, those beside a fresh qubit or the end two."""
    sandwiches = [
        [
            Constant(pair, haar(seed + 2 * i, 4)),
            turn("ZX", theta(0), pair),
            turn("YY", theta(1), pair),
        ]
        for i, pair in enumerate([(0, 1), (1, 2), (0, 2), (1, 2)])
    ]
    circuit = [element for sandwich in sandwiches for element in sandwich]
    found = consolidate(circuit, 3, measured=True)
    values = np.array(params)
    there = outcomes(found.elements, values, 3).reshape(2, 2, 2).transpose(found.where).ravel()
    assert np.allclose(there, outcomes(circuit, values, 3), rtol=0, atol=1e-12)
    assert [block.rank for block in found.elements] == [1, 2, 3, 2]


@given(circuit=circuits, params=parameters, states=st.booleans())
def test_a_random_circuit_keeps_its_outcomes(circuit, params, states):
    """At any parameters, special ones too, the result measures the same from |0…0⟩."""
    found = consolidate(circuit, QUBITS, measured=True, states=states)
    there = np.abs(made(found, params)[:, 0]) ** 2
    there = there.reshape((2,) * QUBITS).transpose(found.where).ravel()
    assert np.allclose(there, outcomes(circuit, params), rtol=0, atol=1e-11)
    assert entanglers(found.elements) <= entanglers(circuit)


def chain(step=0):
    """A Trotter step of a Heisenberg chain of three spins in a field along Z, and its mirror."""
    index = count(step)
    there = [
        turn(letters, theta(next(index)), pair)
        for pair in [(0, 1), (1, 2)]
        for letters in ("XX", "YY", "ZZ")
    ]
    field = [rotation([(q, "Z")], theta(next(index))) for q in range(3)]
    return [*there, *field, *field, *there[::-1]]


@given(seed=seeds)
def test_trotter_steps_of_a_chain_leave_nothing_to_decompose(seed):
    """What meets on a pair is two or three rotations between frames, whatever the angles are."""
    circuit = [*chain(), *chain(9)]
    params = np.random.default_rng(seed).uniform(-7, 7, 18)
    found = consolidate(circuit, 3)
    assert not any(isinstance(part, Block) for part in found.elements)
    assert entanglers(found.elements) == 5 * 3
    assert distance(unitary(circuit, params, 3), made(found, params, 3)) < 1e-12


@given(seed=seeds)
def test_a_chain_from_zeros_to_outcomes_has_fewer_entanglers(seed):
    """The first pair needs one, the first of the next spin two, and the last pair two."""
    circuit = [*chain(), *chain(9)]
    params = np.random.default_rng(seed).uniform(-7, 7, 18)
    found = consolidate(circuit, 3, measured=True)
    assert not any(isinstance(part, Block) for part in found.elements)
    assert entanglers(found.elements) == 1 + 2 + 3 + 3 + 2
    there = np.abs(made(found, params, 3)[:, 0]) ** 2
    assert np.allclose(there, outcomes(circuit, params, 3), rtol=0, atol=1e-13)


def test_trotter_steps_at_constant_angles_stay_rotations():
    """They are worked out now, and no qubit gets a turn that isn't about Z."""
    values = np.random.default_rng(8).uniform(0.1, 0.4, 18)
    circuit = [
        Rotation(part.word, Angle(float(part.angle.at(values)))) for part in [*chain(), *chain(9)]
    ]
    found = consolidate(circuit, 3)
    assert all(isinstance(part, Rotation) and part.angle.is_constant for part in found.elements)
    assert all(part.word[0][1] == "Z" for part in found.elements if len(part.word) == 1)
    assert found.derived.sources == ()
    assert entanglers(found.elements) == 5 * 3
    assert distance(unitary(circuit, values, 3), unitary(found.elements, values, 3)) < 1e-12


@given(seed=seeds)
def test_a_constant_block_on_zeros_has_one_entangler(seed):
    """It becomes elements; where it leaves a product there is none."""
    circuit = [Constant((0, 1), haar(seed, 4)), cx(1, 2), cx(1, 2)]
    parts = consolidate(circuit, 3, measured=True).elements
    assert entanglers(parts) == 1
    assert np.allclose(outcomes(parts, np.zeros(0), 3), outcomes(circuit, np.zeros(0), 3))
    local = [Constant((0, 1), np.kron(haar(seed, 2), haar(seed + 1, 2))), cx(0, 1), cx(0, 1)]
    assert entanglers(consolidate(local, 2, measured=True).elements) == 0


def test_constants_that_are_a_phase_are_left_out():
    """A decomposition of the identity is no element at all."""
    assert resolved((0, 1), weyl.decompose(np.exp(0.3j) * np.eye(4))) == []
