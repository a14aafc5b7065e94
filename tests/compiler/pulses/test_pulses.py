"""Elements to pulses: unitaries are kept, and each layer takes as few pulses as it may."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, Rotation, rotation
from pennylane_qstore.compiler.circuit.paulis import bits
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.pulses.pulses import pulses
from pennylane_qstore.compiler.pulses.timelines import CLIFFORDS, timelines
from tests.compiler.native_matrix import distance_up_to_frames, on_register, program_matrix

QUBITS = 3
PAULIS = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0 + 0j, -1]),
}
GATES = {
    name: w * np.eye(2) - 1j * (x * PAULIS["X"] + y * PAULIS["Y"] + z * PAULIS["Z"])
    for name, (w, x, y, z) in CLIFFORDS.items()
} | {"CX": np.eye(4)[[0, 1, 3, 2]], "CZ": np.diag([1, 1, 1, -1])}
entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])

nudges = st.sampled_from([0.0, 0.0, 1e-6, 1e-9, -1e-9, 1e-13, -1e-13])
special = st.builds(lambda eighths, by: eighths * np.pi / 4 + by, st.integers(-9, 9), nudges)
values = st.one_of(special, st.sampled_from([0.7, -2.3, 5.1]))
qubit = st.integers(0, QUBITS - 1)
pair = st.permutations(range(QUBITS)).map(lambda qubits: tuple(qubits[:2]))
letter = st.sampled_from("XYZ")
angle = st.one_of(
    values.map(Angle),
    st.builds(
        lambda index, slope: Angle(0.1, ((index, slope),)),
        st.integers(0, 3),
        st.sampled_from([1.0, -0.5, 2.0]),
    ),
)
elements = st.lists(
    st.one_of(
        st.builds(lambda q, p, a: rotation([(q, p)], a), qubit, letter, angle),
        st.builds(
            lambda qs, p, r, a: rotation(zip(qs, (p, r), strict=True), a),
            pair,
            letter,
            letter,
            angle,
        ),
        st.builds(lambda n, q: Clifford(n, (q,)), st.sampled_from(sorted(CLIFFORDS)), qubit),
        st.builds(Clifford, st.sampled_from(["CX", "CZ"]), pair),
        st.builds(
            lambda q, a: Constant((q,), expm(-0.5j * a * PAULIS["Y"]) @ GATES["S"]), qubit, values
        ),
    ),
    min_size=1,
    max_size=16,
)
parameters = st.lists(values, min_size=4, max_size=4).map(lambda row: np.array([row]))
batches = st.lists(st.lists(values, min_size=4, max_size=4), min_size=1, max_size=4).map(np.array)


def matrix_of(element, params):
    if isinstance(element, Clifford):
        return GATES[element.name]
    if isinstance(element, Constant):
        return element.matrix
    word = np.eye(1)
    for _, axis in element.word:
        word = np.kron(word, PAULIS[axis])
    return expm(-0.5j * float(element.angle.at(params)[0]) * word)


def unitary_of(parts, params):
    unitary = np.eye(2**QUBITS, dtype=complex)
    for part in parts:
        unitary = on_register(matrix_of(part, params), part.qubits, QUBITS) @ unitary
    return unitary


def made(parts, entangler, **options):
    circuit = timelines(parts, QUBITS)
    samples = circuit.values(np.random.default_rng(5).uniform(0.3, 2.8, (3, 4)))
    return circuit, pulses(circuit, entangler, samples, **options)


def compiled(parts, params, entangler):
    circuit, found = made(parts, entangler)
    (bound,) = found.bind(*circuit.values(params, found.slots))
    return bound.programs


@entanglers
@pytest.mark.parametrize("frames_free", [False, True])
@given(parts=elements, params=batches)
def test_pulses_keep_the_unitary(entangler, frames_free, parts, params):
    """Whatever the parameters, up to a global phase and an RZ on each qubit at the end.

    Special values too, and values that are nearly special, where a gauge's angle is nearly free.
    Where flips are free, the outcomes of the qubits that are named are turned around.
    """
    circuit, found = made(parts, entangler, frames_free=frames_free)
    rows = []
    for bound in found.bind(*circuit.values(params, found.slots)):
        assert frames_free or bound.programs.flips is None
        for place, row in enumerate(bound.rows.tolist()):
            matrix = program_matrix(bound.programs, place)
            flips = bound.programs.flips
            for flipped in bits(0 if flips is None else int(flips[place])):
                matrix = on_register(PAULIS["X"], (flipped,), QUBITS) @ matrix
            expected = unitary_of(parts, params[row : row + 1])
            assert distance_up_to_frames(expected, matrix) < 1e-12
            rows.append(row)
    assert sorted(rows) == list(range(len(params)))


def su4(index, pair):
    """A circuit that is any two-qubit unitary, for 15 parameters."""
    first, second = pair

    def turns(qubit):
        nonlocal index
        for axis in "ZYZ":
            yield rotation([(qubit, axis)], Angle(0.0, ((index % 7, 1.0),)))
            index += 1

    for _ in range(3):
        yield from turns(first)
        yield from turns(second)
        yield Clifford("CX", pair)


@entanglers
@given(params=st.lists(values, min_size=7, max_size=7).map(lambda row: np.array([row])))
def test_blocks_keep_the_unitary(entangler, params):
    """Gates that a block gives when parameters are bound are right at special ones as well."""
    parts = [*su4(0, (0, 1)), *su4(3, (1, 2)), *su4(5, (0, 1))]
    found = consolidate(parts, QUBITS)
    circuit = timelines(found.elements, QUBITS)
    samples = circuit.values(np.random.default_rng(5).uniform(0.3, 2.8, (3, 7)))
    made_of = pulses(circuit, entangler, samples)
    (bound,) = made_of.bind(*circuit.values(params, made_of.slots))
    matrix = program_matrix(bound.programs).reshape([2] * QUBITS + [-1])
    matrix = matrix.transpose([*found.where, QUBITS]).reshape(2**QUBITS, -1)
    assert distance_up_to_frames(unitary_of(parts, params), matrix) < 1e-11


@entanglers
@given(parts=elements, params=parameters)
def test_the_best_circuit_keeps_the_unitary(entangler, parts, params):
    """So does what the optimiser makes of it; qubits are named by where they end."""
    (bound,) = Optimised(parts, QUBITS, entangler).bind(params)
    found = np.abs(program_matrix(bound.programs)[:, 0]) ** 2
    assert np.allclose(found, np.abs(unitary_of(parts, params)[:, 0]) ** 2, atol=1e-9)


@entanglers
@given(parts=elements, params=parameters)
def test_every_number_is_in_the_range_of_the_api(entangler, parts, params):
    """Phases are in [-1, 1] turns and entanglers' angles in [0, ¼]."""
    (circuit,) = compiled(parts, params, entangler).circuits()
    for gate in circuit:
        phases = gate.get("phases", [gate["phase"]] if "phase" in gate else [])
        assert all(-1 <= phase <= 1 for phase in phases)
        assert 0 <= gate.get("angle", 0) <= 0.25


@entanglers
@given(parts=elements)
def test_circuits_that_fold_differently_are_bound_together(entangler, parts):
    """Rows of a batch with angles of any sign each get their own circuit."""
    params = np.random.default_rng(1).uniform(-7, 7, (6, 4))
    found = Optimised(parts, QUBITS, entangler).bind(params)
    assert sorted(row for bound in found for row in bound.rows.tolist()) == list(range(6))
    for bound in found:
        for place, row in enumerate(bound.rows.tolist()):
            expected = np.abs(unitary_of(parts, params[row : row + 1])[:, 0]) ** 2
            matrix = program_matrix(bound.programs, place)
            assert np.allclose(np.abs(matrix[:, 0]) ** 2, expected, atol=1e-9)


def turn(axis, index):
    return Rotation(((0, axis),), Angle(0.0, ((index, 1.0),)))


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ([turn("Z", 0)], 0),
        ([Clifford("H", (0,))], 1),
        ([Clifford("X", (0,))], 1),
        ([turn("Z", 0), Clifford("H", (0,)), turn("Z", 1)], 1),
        ([turn("X", 0)], 2),
        ([turn("Y", 0), turn("Z", 1), turn("X", 2), Clifford("H", (0,)), turn("Y", 3)], 2),
    ],
)
def test_a_run_takes_the_pulses_that_its_structure_asks_for(parts, count):
    """No pulse for a frame, one for a Hadamard or a flip, never more than two."""
    programs = compiled(parts, np.array([[0.3, 0.4, 0.5, 0.6]]), "zz")
    pulses_of_first = [gate for gate in programs.gates if gate.qubits == (0,)]
    assert len(pulses_of_first) == (count or 2)  # an empty circuit gets a pair that cancels


def hardware_efficient(qubits, layers):
    """RY encoding, then layers of RY and RZ and a timeline of CNOTs, all angles open."""
    index = iter(range(1000))
    parts = [Rotation(((q, "Y"),), Angle(0.0, ((next(index), 1.0),))) for q in range(qubits)]
    for _ in range(layers):
        for q in range(qubits):
            parts += [
                Rotation(((q, axis),), Angle(0.0, ((next(index), 1.0),))) for axis in ("Y", "Z")
            ]
        parts += [Clifford("CX", (q, q + 1)) for q in range(qubits - 1)]
    return parts


@pytest.mark.parametrize(
    ("layers", "entangler", "counts"),
    [(2, "zz", (14, 45)), (4, "zz", (28, 89)), (2, "ms", (14, 30)), (4, "ms", (28, 52))],
)
def test_counts_of_a_hardware_efficient_circuit(layers, entangler, counts):
    """8 qubits on Forte and on Aria: entanglers and pulses, as few as the best that is known."""
    assert Optimised(hardware_efficient(8, layers), 8, entangler).counts == counts


def test_counts_of_an_approximate_optimisation():
    """On MS, a QAOA circuit's mixers are frames and its Hadamards cancel: a pulse a qubit."""
    ring = [(q, (q + 1) % 6) for q in range(6)]
    parts = [Clifford("H", (q,)) for q in range(6)]
    for layer in range(2):
        weight, mixer = (Angle(0.0, ((2 * layer + place, 1.0),)) for place in range(2))
        parts += [rotation([(a, "Z"), (b, "Z")], weight) for a, b in ring]
        parts += [Rotation(((q, "X"),), mixer) for q in range(6)]
    assert Optimised(parts, 6, "ms").counts == (12, 6)
    assert Optimised(parts, 6, "zz").counts == (12, 30)


def test_a_swap_costs_nothing():
    """Qubits change names instead."""
    parts = [Clifford("H", (0,)), Clifford("SWAP", (0, 1)), Clifford("CX", (1, 2))]
    assert Optimised(parts, 3, "zz").counts[0] == 1


def test_a_controlled_rotation_is_one_entangler():
    """CX·RY·CX becomes one partial entangler, whatever the angle."""
    opened = Angle(0.0, ((0, 0.5),))
    parts = [
        Rotation(((1, "Y"),), opened),
        Clifford("CX", (0, 1)),
        Rotation(((1, "Y"),), opened.scaled(-1)),
        Clifford("CX", (0, 1)),
    ]
    assert Optimised(parts, 2, "zz").counts[0] == 1
