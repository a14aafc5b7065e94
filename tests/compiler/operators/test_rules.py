"""PennyLane's operators to elements, and to gates: their matrices are PennyLane's own."""

import math

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennylane.operation import Operation
from scipy.stats import unitary_group

from pennylane_qstore.compiler.batch import compile_batch
from pennylane_qstore.compiler.operators.decompositions import decomposition
from pennylane_qstore.compiler.operators.gate_set import has_rule
from pennylane_qstore.compiler.operators.generators import by_generator
from pennylane_qstore.compiler.operators.rules import elements_of
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.tapes.pipeline import pipeline
from pennylane_qstore.compiler.templates.cache import TemplateCache
from pennylane_qstore.compiler.templates.lookup import preprocessing
from pennylane_qstore.compiler.templates.lower import lower
from pennylane_qstore.compiler.templates.parameters import lift
from pennylane_qstore.compiler.templates.target import Target
from tests.compiler.gadgets.test_synthesis import unitary_of
from tests.compiler.native_matrix import program_matrix
from tests.examples import examples

EXACT = 1e-12
COMMUTING = 0.5 * qml.X(0) @ qml.X(1) - 2.0 * qml.Z(0) @ qml.Z(1)
FOUR = range(1, 5)
ONE = qml.QubitUnitary(unitary_group.rvs(2, random_state=1), 2)
TWO = qml.QubitUnitary(unitary_group.rvs(4, random_state=2), [2, 3])
SPECIAL = [0.0, math.pi / 2, -math.pi, 2 * math.pi, 1e-9, 0.7, -2.9, 11.3]
# Operators with one angle: how to make them, and the most gates on two qubits that they need.
ONE_ANGLE = {
    "CRX": (lambda x: qml.CRX(x, [0, 1]), 1),
    "CRY": (lambda x: qml.CRY(x, [0, 1]), 1),
    "CRZ": (lambda x: qml.CRZ(x, [1, 0]), 1),
    "ControlledPhaseShift": (lambda x: qml.ControlledPhaseShift(x, [0, 1]), 1),
    "CPhaseShift00": (lambda x: qml.CPhaseShift00(x, [0, 1]), 1),
    "CPhaseShift01": (lambda x: qml.CPhaseShift01(x, [0, 1]), 1),
    "CPhaseShift10": (lambda x: qml.CPhaseShift10(x, [0, 1]), 1),
    "PSWAP": (lambda x: qml.PSWAP(x, [0, 1]), 2),
    "IsingXY": (lambda x: qml.IsingXY(x, [0, 1]), 2),
    "SingleExcitationPlus": (lambda x: qml.SingleExcitationPlus(x, [0, 1]), 3),
    "SingleExcitationMinus": (lambda x: qml.SingleExcitationMinus(x, [0, 1]), 3),
    "FermionicSWAP": (lambda x: qml.FermionicSWAP(x, [0, 1]), 2),
    "DoubleExcitation": (lambda x: qml.DoubleExcitation(x, range(4)), 14),
    "DoubleExcitationPlus": (lambda x: qml.DoubleExcitationPlus(x, range(4)), 19),
    "DoubleExcitationMinus": (lambda x: qml.DoubleExcitationMinus(x, range(4)), 19),
    "OrbitalRotation": (lambda x: qml.OrbitalRotation(x, range(4)), 6),
    "PCPhase": (lambda x: qml.PCPhase(x, 3, range(2)), 1),
    "wide PCPhase": (lambda x: qml.PCPhase(x, 5, range(3)), 5),
    "MultiRZ": (lambda x: qml.MultiRZ(x, range(5)), 7),
    "PauliRot": (lambda x: qml.PauliRot(x, "XYZX", range(4)), 5),
    "PauliRot with identities": (lambda x: qml.PauliRot(x, "IYIZ", range(4)), 1),
    "PauliRot of one letter": (lambda x: qml.PauliRot(x, "IYI", range(3)), 0),
    "PauliRot of none": (lambda x: qml.PauliRot(x, "II", range(2)), 0),
    "Evolution": (lambda x: qml.evolve(qml.X(0) @ qml.Y(1) @ qml.Z(2), x), 3),
    "Evolution of a sum": (lambda x: qml.evolve(COMMUTING, x), 2),
    "Exp": (lambda x: qml.exp(qml.Z(0) @ qml.Y(1), 1j * x), 1),
    "Adjoint": (lambda x: qml.ops.Adjoint(qml.PauliRot(x, "XYZ", range(3))), 3),
    "Adjoint of a phased swap": (lambda x: qml.ops.Adjoint(qml.PSWAP(x, [0, 1])), 2),
    "2-controlled RX": (lambda x: qml.ctrl(qml.RX(x, 2), [0, 1]), 4),
    "3-controlled RY": (lambda x: qml.ctrl(qml.RY(x, 3), [0, 1, 2], [0, 1, 0]), 8),
    "4-controlled RZ": (lambda x: qml.ctrl(qml.RZ(x, 4), range(4)), 16),
    "2-controlled PhaseShift": (lambda x: qml.ctrl(qml.PhaseShift(x, 2), [0, 1]), 5),
    "3-controlled PhaseShift": (lambda x: qml.ctrl(qml.PhaseShift(x, 3), range(3), [1, 0, 1]), 13),
    "4-controlled PhaseShift": (lambda x: qml.ctrl(qml.PhaseShift(x, 4), range(4)), 27),
    "controlled IsingXX": (lambda x: qml.ctrl(qml.IsingXX(x, [1, 2]), 0), 3),
    "2-controlled IsingYY": (lambda x: qml.ctrl(qml.IsingYY(x, [2, 3]), [0, 1], [0, 0]), 6),
    "controlled PauliRot": (lambda x: qml.ctrl(qml.PauliRot(x, "XIYZ", [1, 2, 3, 4]), 0), 5),
    "controlled MultiRZ": (lambda x: qml.ctrl(qml.MultiRZ(x, [1, 2, 3]), 0, [0]), 5),
    "controlled SingleExcitation": (lambda x: qml.ctrl(qml.SingleExcitation(x, [1, 2]), 0, [0]), 4),
    "controlled DoubleExcitation": (lambda x: qml.ctrl(qml.DoubleExcitation(x, FOUR), 0), 22),
    "nested controls": (lambda x: qml.ops.Controlled(qml.ctrl(qml.IsingXY(x, [1, 2]), 3), 0), 10),
}  # fmt: skip
# Operators without an angle, or whose values are no angles.
FIXED = {
    "ISWAP": (qml.ISWAP([0, 1]), 2),
    "SISWAP": (qml.SISWAP([0, 1]), 2),
    "adjoint of SISWAP": (qml.ops.Adjoint(qml.SISWAP([0, 1])), 2),
    "CY": (qml.CY([0, 1]), 1),
    "CH": (qml.CH([0, 1]), 1),
    "Toffoli": (qml.Toffoli([0, 1, 2]), 5),
    "CCZ": (qml.CCZ([0, 1, 2]), 5),
    "controlled S": (qml.ctrl(qml.S(1), 0), 1),
    "controlled adjoint of T": (qml.ctrl(qml.adjoint(qml.T(2)), [0, 1]), 5),
    "controlled SX": (qml.ctrl(qml.SX(1), 0, [0]), 1),
    "2-controlled Hadamard": (qml.ctrl(qml.Hadamard(2), [0, 1]), 5),
    "2-controlled Y": (qml.ctrl(qml.Y(2), [0, 1], [0, 1]), 5),
    "controlled identity": (qml.ctrl(qml.Identity(1), 0), 0),
    "3-controlled X": (qml.MultiControlledX(range(4), [1, 0, 1]), 13),
    "4-controlled X": (qml.MultiControlledX(range(5), [0, 0, 1, 1]), 27),
    "5-controlled X": (qml.MultiControlledX(range(6)), 53),
    "6-controlled Z": (qml.ctrl(qml.Z(6), range(6)), 91),
    "controlled U3": (qml.ctrl(qml.U3(0.3, -0.4, 2.5, 1), 0), 1),
    "controlled U3 near the identity": (qml.ctrl(qml.U3(5e-9, 1e-8, 1e-10, 1), 0), 1),
    "3-controlled U2": (qml.ctrl(qml.U2(0.3, -0.4, 3), range(3), [0, 1, 1]), 13),
    "controlled unitary": (qml.ctrl(ONE, 0), 1),
    "2-controlled unitary": (qml.ctrl(ONE, [0, 1], [1, 0]), 5),
    "2-controlled diagonal": (qml.ctrl(qml.QubitUnitary(np.diag([1j, 1]), 2), [0, 1]), 5),
    "unitary on two": (TWO, 3),
    "CNOT as a unitary": (qml.QubitUnitary(qml.CNOT([0, 1]).matrix(), [0, 1]), 1),
    "CRot": (qml.CRot(0.3, 0.4, 0.5, [0, 1]), 3),
    "2-controlled Rot": (qml.ctrl(qml.Rot(0.3, -0.4, 2.5, 2), [0, 1]), 12),
}  # fmt: skip


def single(size):
    """A fermionic excitation over some wires."""
    return lambda x: qml.FermionicSingleExcitation(x, range(size))


def double(first, second):
    """A fermionic double excitation over two ranges of wires."""
    ranges = range(first), range(first, first + second)
    return lambda x: qml.FermionicDoubleExcitation(x, *ranges)


FERMIONIC = {
    **{f"single of {n}": (single(n), 2 * n - 2) for n in (2, 3, 4, 5)},
    **{f"double of {n, m}": (double(n, m), 6 + 2 * (n + m)) for n, m in [(2, 2), (3, 2), (2, 4)]},
}


def matrix_of(op):
    if op.has_matrix:
        return qml.matrix(op, wire_order=op.wires)
    return qml.matrix(qml.tape.QuantumScript([op]), wire_order=op.wires)


def distance(first, second):
    """How far two unitaries are apart, up to a phase."""
    overlap = np.vdot(first, second)
    return np.abs(first * (overlap / abs(overlap)) - second).max()


def assert_right(op, elements=None):
    elements = elements_of(op) if elements is None else elements
    values = [value for value in op.data if np.ndim(value) == 0 and np.isrealobj(value)]
    params = np.array(values, dtype=float)
    assert distance(unitary_of(elements, len(op.wires), params), matrix_of(op)) < EXACT


def on_two(elements):
    sizes = [len(element.qubits) for element in elements]
    assert max(sizes, default=0) <= 2
    assert min(sizes, default=1) >= 1
    return sizes.count(2)


@pytest.mark.parametrize("name", [*ONE_ANGLE, *FERMIONIC])
def test_an_operator_with_one_angle_has_its_matrix(name):
    """For all angles the elements, and the gates, are the operator, and they are few."""
    make, most = {**ONE_ANGLE, **FERMIONIC}[name]
    for angle in SPECIAL:
        assert_right(make(angle))
        gates = qml.tape.QuantumScript(decomposition(make(angle)))
        found = qml.matrix(gates, wire_order=make(angle).wires)
        assert distance(found, matrix_of(make(angle))) < EXACT
        assert all(map(has_rule, gates.operations))
    assert on_two(elements_of(make(0.3))) <= most


@pytest.mark.parametrize("name", FIXED)
def test_an_operator_without_an_angle_has_its_matrix(name):
    """The elements, and the gates, are the operator, and they are few."""
    op, most = FIXED[name]
    assert_right(op)
    gates = qml.tape.QuantumScript(decomposition(op))
    assert distance(qml.matrix(gates, wire_order=op.wires), matrix_of(op)) < EXACT
    assert on_two(elements_of(op)) <= most


def test_single_precision_is_taken_as_it_is():
    """A controlled U3 of angles in single precision is that of the same ones in double."""
    angles = np.array([0.3, 0.4, 1.4], dtype=np.float32)
    single = qml.ctrl(qml.U3(*angles, 1), 0)
    double = qml.ctrl(qml.U3(*angles.astype(float), 1), 0)
    assert distance(unitary_of(elements_of(single), 2, np.zeros(0)), matrix_of(double)) < EXACT


@given(
    letters=st.text("IXYZ", min_size=1, max_size=6),
    angle=st.floats(-20, 20),
    values=st.lists(st.booleans(), max_size=2),
)
def test_any_pauli_rotation_has_its_matrix(letters, angle, values):
    """Whatever its word and its controls are."""
    op = qml.PauliRot(angle, letters, range(len(letters)))
    weight = len(letters.replace("I", ""))
    assert on_two(elements_of(op)) <= max(0, 2 * weight - 3)
    if values:
        wires = range(len(letters), len(letters) + len(values))
        op = qml.ctrl(op, wires, control_values=values)
    if weight:
        assert_right(op)


@given(
    seed=st.integers(0, 2**32 - 1),
    values=st.lists(st.booleans(), min_size=1, max_size=4),
    power=st.sampled_from([1, 2, 3]),
)
def test_any_controlled_unitary_has_its_matrix(seed, values, power):
    """Whatever the unitary is, close to the identity and to a diagonal one included."""
    unitary = unitary_group.rvs(2, random_state=seed)
    diagonal = np.diag(np.exp(1j * np.angle(np.diag(unitary)) * 10.0 ** (-5 * power)))
    matrix = unitary @ diagonal @ unitary.conj().T if power > 1 else unitary
    base = qml.QubitUnitary(matrix, len(values))
    assert_right(qml.ctrl(base, range(len(values)), control_values=values))


@given(
    seed=st.integers(0, 2**32 - 1), coefficients=st.lists(st.floats(-3, 3), min_size=3, max_size=3)
)
def test_an_exponential_of_commuting_words_has_its_matrix(seed, coefficients):
    """Each word is a rotation; words that don't commute have no rule."""
    rng = np.random.default_rng(seed)
    words = [qml.pauli.string_to_pauli_word("".join(rng.choice(list("IXYZ"), 3))) for _ in range(3)]
    op = qml.evolve(qml.dot(coefficients, words), 0.7)
    commute = all(qml.is_commuting(a, b) for a in words for b in words)
    if elements_of(op) is None:
        assert not commute
    else:
        placed = qml.exp(op.base, -0.7j)
        found = unitary_of(elements_of(op), len(op.wires))
        assert distance(found, matrix_of(placed)) < EXACT


@pytest.mark.parametrize(
    "op",
    [
        qml.exp(qml.X(0) @ qml.Z(1), 0.3),
        qml.exp(qml.X(0) + qml.Z(0) @ qml.Y(1), 0.3j),
        qml.exp(qml.Hadamard(0), 0.3j),
        qml.evolve(qml.X(0) @ qml.Z(1), np.array([0.1, 0.2])),
        qml.QubitUnitary(np.eye(8), range(3)),
        qml.QubitUnitary(np.stack([np.eye(4)] * 2), range(2)),
        qml.ctrl(qml.QFT([1, 2]), 0),
        qml.MultiControlledX(range(12)),
        qml.MultiControlledX(range(4), work_wires=[9], work_wire_type="zeroed"),
        qml.MultiControlledX(range(6), work_wires=[9]),
        qml.adjoint(qml.QFT([0, 1])),
        qml.CNOT([0, 1]),
        qml.U3(0.1, 0.2, 0.3, 0),
    ],
    ids=repr,
)
def test_an_operator_without_a_rule_is_left_to_pennylane(op):
    """What is no product of rotations, or shorter as PennyLane has it."""
    assert elements_of(op) is None


class Turned(Operation):
    """A user's own operator, whose generator is kept where no key can see it."""

    num_wires = 1
    num_params = 1
    ndim_params = (0,)
    letter = qml.X

    def generator(self):
        return qml.Hamiltonian([-0.5], [self.letter(self.wires[0])])


def test_a_users_generator_is_not_trusted():
    """Two operators of one class of a user's might have other generators."""
    assert by_generator(Turned(0.3, wires=0)) is None


def test_a_generator_of_words_that_dont_commute_is_no_product():
    """The matrix decides: exp(i angle (X + Z)) is no product of two rotations."""

    class Tilted(Operation):
        num_wires = 1
        num_params = 1
        ndim_params = (0,)

        @staticmethod
        def compute_matrix(angle):
            return qml.exp(qml.X(0) + qml.Z(0), 1j * angle).matrix()

        def generator(self):
            return qml.Hamiltonian([1.0, 1.0], [qml.X(self.wires[0]), qml.Z(self.wires[0])])

    Tilted.__module__ = "pennylane.tests"
    assert by_generator(Tilted(0.3, wires=0)) is None


def test_rules_are_made_once():
    """Operators of one kind share their elements, on whatever wires and for whatever angle."""
    first = elements_of(qml.OrbitalRotation(0.3, range(4)))
    assert elements_of(qml.OrbitalRotation(0.7, ["a", 5, 2, "c"])) is first
    controlled = [elements_of(qml.ctrl(qml.IsingXY(0.3, [1, 2]), 0, [value])) for value in (0, 1)]
    assert controlled[0] is not controlled[1]


WIRES = range(5)
ANGLES = st.one_of(st.sampled_from(SPECIAL), st.floats(-7, 7))
GATES = [
    *(make for make, _ in ONE_ANGLE.values()),
    *(make for make, _ in FERMIONIC.values()),
    lambda x: qml.RX(x, 0),
    lambda x: qml.RY(x, 1),
]


@st.composite
def circuits(draw):
    """Operators with angles, and others, each on wires of its own."""
    operations = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            op = draw(st.sampled_from(GATES))(draw(ANGLES))
        else:
            op = draw(st.sampled_from(sorted(FIXED)))
            op = FIXED[op][0]
        if len(op.wires) <= len(WIRES):
            order = draw(st.permutations(WIRES))
            operations.append(op.map_wires(dict(zip(sorted(op.wires), order, strict=False))))
    return operations


@examples(25)
@given(operations=circuits(), entangler=st.sampled_from(["zz", "ms"]))
def test_a_circuit_of_such_operators_is_right_on_the_machine(operations, entangler):
    """The native program has the circuit's probabilities, as a template and without one."""
    tape = qml.tape.QuantumScript(operations, [qml.probs(wires=WIRES)])
    state = qml.matrix(qml.tape.QuantumScript(operations), wire_order=WIRES)[:, 0]
    target = Target(entangler, measurement_aware=False)
    steps = preprocessing("d", WIRES, None, TemplateCache(), lambda: target)
    for _ in range(2):  # a structure with values gets its template at the second sight
        batch, _ = steps((tape,))
        (compiled,) = compile_batch(batch, WIRES, target)
        found = program_matrix(compiled.programs)[:, 0]
        np.testing.assert_allclose(abs(found) ** 2, abs(state) ** 2, atol=1e-10)


def counted(operations, wires, entangler="zz"):
    """The template's gates on two qubits."""
    tape = qml.tape.QuantumScript(operations, [qml.probs(wires=range(wires))])
    (lifted,), _ = lift(tape, pipeline("d", None, None))
    elements = lower(lifted, {wire: wire for wire in range(wires)})
    return Optimised(elements, wires, entangler).counts[0]


GROVER = [
    *(qml.Hadamard(wire) for wire in range(5)),
    *[qml.MultiControlledX(range(5), [1, 0, 1, 1]), qml.GroverOperator(range(4))] * 2,
]
UCCSD = [
    qml.UCCSD(
        np.array([0.1, 0.2, 0.3]),
        range(4),
        [[0, 1, 2], [1, 2, 3]],
        [[[0, 1], [2, 3]]],
        np.array([1, 1, 0, 0]),
    )
]
GIVENS = [
    qml.BasisState([1, 1, 0, 0], range(4)),
    qml.DoubleExcitation(0.3, range(4)),
    qml.SingleExcitation(0.4, [0, 2]),
    qml.SingleExcitation(0.5, [1, 3]),
]


@pytest.mark.parametrize(
    ("operations", "wires", "most"),
    [
        (UCCSD, 4, 14),
        (GIVENS, 4, 14),
        (GROVER, 5, 80),
        ([qml.MultiControlledX(range(5))], 5, 27),
        ([qml.QFT(range(8))], 8, 28),
        ([qml.DoubleExcitation(0.3, range(4))], 4, 12),
        ([qml.DoubleExcitationPlus(0.3, range(4))], 4, 17),
        ([qml.CRot(0.1, 0.2, 0.3, [0, 1])], 2, 1),
        ([qml.PauliRot(0.3, "XYZX", range(4))], 4, 5),
    ],
    ids=["uccsd", "givens", "grover", "4-controlled", "qft", "double", "plus", "crot", "pauli"],
)
def test_circuits_of_such_operators_need_few_entanglers(operations, wires, most):
    """Known circuits need no more entanglers than they did."""
    assert counted(operations, wires) <= most
