"""What isn't unitary is refused wherever it stands in a tree of operators; what is runs."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from scipy.sparse import csr_matrix

import pennylane_qstore as qstore

HERMITIAN = np.array([[1.0, 0.3], [0.3, -0.5]])
TRIANGLE = np.array([[1.0, 0.2], [0.0, 0.7]])
LCU = [0.6, 0.5]
NOT_UNITARY = {
    "a Hermitian": lambda: qml.Hermitian(HERMITIAN, 2),
    "a matrix": lambda: qml.QubitUnitary(TRIANGLE, 2),
    "a sparse matrix": lambda: qml.QubitUnitary(csr_matrix(TRIANGLE), 2),
    "a sparse Hamiltonian": lambda: qml.SparseHamiltonian(csr_matrix(HERMITIAN), 2),
    "a multiple": lambda: qml.s_prod(0.5, qml.X(2)),
    "a sum": lambda: qml.X(2) + 0.3 * qml.Z(2),
    "a Hamiltonian": lambda: qml.Hamiltonian([0.4, 0.3], [qml.X(2), qml.Z(2)]),
    "a projector": lambda: qml.Projector([1], 2),
    "a projector on a state": lambda: qml.Projector(np.array([0.6, 0.8]), 2),
    "a growing exponential": lambda: qml.exp(qml.X(2), 0.4),
    "an exponential of 1j": lambda: qml.exp(qml.s_prod(1j, qml.X(2)), 0.3j),
    "a product": lambda: qml.prod(qml.Hermitian(HERMITIAN, 2), qml.Z(2)),
    "a phase of another size": lambda: qml.s_prod(0.2j, qml.Z(2)),
}
TREES = {
    "itself": lambda op: op,
    "ctrl": lambda op: qml.ctrl(op, 0),
    "adjoint": qml.adjoint,
    "pow": lambda op: qml.pow(op, 2),
    "a root": lambda op: qml.pow(op, 0.5),
    "prod": lambda op: qml.prod(op, qml.X(1)),
    "Select": lambda op: qml.Select([op, qml.X(2)], control=[0]),
    "Reflection": qml.Reflection,
    "QSVT": lambda op: qml.QSVT(op, [qml.PCPhase(0.3, 1, [2]), qml.PCPhase(0.5, 1, [2])]),
    "AmplitudeAmplification": lambda op: qml.AmplitudeAmplification(
        op, qml.FlipSign(1, wires=[2]), iters=1
    ),
    "change_op_basis": lambda op: qml.change_op_basis(op, qml.X(1)),
    "a controlled Select": lambda op: qml.ctrl(qml.Select([op, qml.X(2)], control=[0]), 1),
    "an adjoint Reflection": lambda op: qml.adjoint(qml.Reflection(op)),
    "a power of Select": lambda op: qml.pow(qml.Select([op, qml.X(2)], control=[0]), 2),
}
# PennyLane takes no exponentials in these, and adds up the words of sums.
POWERS = {
    "ControlledSequence": lambda op: qml.ControlledSequence(op, control=[0, 1]),
    "QuantumPhaseEstimation": lambda op: qml.QuantumPhaseEstimation(op, estimation_wires=[0, 1]),
}
COMBINATIONS = {
    "PrepSelPrep": lambda op: qml.PrepSelPrep(
        qml.ops.LinearCombination(LCU, [qml.Z(2), op]), control=[0]
    ),
    "Qubitization": lambda op: qml.Qubitization(
        qml.ops.LinearCombination(LCU, [qml.Z(2), op]), control=[0]
    ),
}


def results(device, make):
    @qml.qnode(device)
    def circuit():
        for wire in range(3):
            qml.RY(0.3 + wire, wire)
        make()
        return qml.probs(wires=range(3)), qml.expval(qml.X(0) @ qml.Y(2))

    return circuit()


def assert_refused(make, **options):
    device = qml.device("qstore.ionq", wires=3, **options)
    with (
        qml.Tracker(device) as tracker,
        pytest.raises(qstore.CompileError, match=r"operation 3, .*not unitary"),
    ):
        results(device, make)
    assert "jobs" not in tracker.totals


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("what", NOT_UNITARY)
def test_it_is_refused_wherever_it_stands(what, tree):
    """Its place in the tape is told, and nothing is sent."""
    assert_refused(lambda: TREES[tree](NOT_UNITARY[what]()))


@pytest.mark.parametrize("tree", POWERS)
@pytest.mark.parametrize("what", [name for name in NOT_UNITARY if "exponential" not in name])
def test_it_is_refused_in_sequences_of_powers(what, tree):
    """Of which PennyLane makes powers of its own."""
    assert_refused(lambda: POWERS[tree](NOT_UNITARY[what]()))


@pytest.mark.parametrize("tree", COMBINATIONS)
@pytest.mark.parametrize("what", ["a Hermitian", "a matrix", "a multiple", "a projector"])
def test_it_is_refused_in_linear_combinations(what, tree):
    """The coefficients are no operators' matter; the operators are."""
    assert_refused(lambda: COMBINATIONS[tree](NOT_UNITARY[what]()))


@pytest.mark.parametrize(
    "options", [{"verify": True}, {"optimization": "none"}, {"cache": False}], ids=repr
)
def test_no_option_lets_it_pass(options):
    """Least of all the check of what was compiled."""
    assert_refused(lambda: qml.Select([qml.Hermitian(HERMITIAN, 2), qml.X(2)], [0]), **options)


@pytest.mark.parametrize("method", ["parameter-shift", "device", "finite-diff", "best"])
@pytest.mark.parametrize("tree", ["itself", "ctrl", "adjoint"])
def test_a_trainable_one_is_refused(method, tree):
    """Before PennyLane's gradient transform makes gates of it; pnp's arrays are trainable."""
    device = qml.device("qstore.ionq", wires=3)

    @qml.qnode(device, diff_method=method)
    def circuit(matrix):
        qml.RX(0.3, 0)
        TREES[tree](qml.QubitUnitary(matrix, 2))
        return qml.expval(qml.Z(2))

    with pytest.raises(qstore.CompileError, match=r"operation 1, .*not unitary"):
        circuit(pnp.array(TRIANGLE, requires_grad=True))


@pytest.mark.parametrize(
    "make",
    [
        lambda: qml.s_prod(1j, qml.X(2)),
        lambda: qml.s_prod(2, qml.s_prod(0.5, qml.X(2))),
        lambda: qml.prod(2 * qml.X(2), 0.5 * qml.Z(2)),
        lambda: qml.ctrl(0.6 * qml.X(2) + 0.8 * qml.Z(2), 0),
        lambda: qml.ctrl(qml.Hermitian(np.array([[0.6, 0.8], [0.8, -0.6]]), 2), 0),
        lambda: qml.Hermitian(np.diag([1, -1, -1, 1]), [1, 2]),
        lambda: qml.SparseHamiltonian(csr_matrix(np.eye(2)[::-1]), 2),
        lambda: qml.Select([1j * qml.X(2), qml.Z(2)], control=[0]),
        lambda: qml.Qubitization(qml.dot(LCU, [qml.Z(2), 0.5 * qml.X(2)]), control=[0]),
        lambda: qml.TrotterProduct(0.5 * qml.X(1) @ qml.Z(2) + 0.3 * qml.Z(1), 0.4),
        lambda: qml.ctrl(qml.evolve(0.3 * qml.X(2) + 0.2 * qml.Z(2), 0.7), 0),
        lambda: qml.exp(qml.s_prod(1j, qml.X(2)), 0.3),
        lambda: qml.QuantumPhaseEstimation(qml.exp(qml.X(2), 0.4j), estimation_wires=[0, 1]),
    ],
)
def test_what_is_unitary_runs(make):
    """Whatever it is made of; as PennyLane's simulator has it."""
    expected = results(qml.device("default.qubit", wires=3), make)
    found = results(qml.device("qstore.ionq", wires=3, verify=True), make)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
