"""Values that no circuit can have are refused, by name and place."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (qml.QubitUnitary(np.diag([1.0, 2.0]), 1), "QubitUnitary.*not unitary"),
        (qml.QubitUnitary(np.full((4, 4), np.nan), [0, 1]), "QubitUnitary.*not finite"),
        (qml.QubitUnitary(np.stack([np.eye(2), 2 * np.eye(2)]), 1), "QubitUnitary.*not unitary"),
        (qml.DiagonalQubitUnitary([1.0, 2.0], 1), "DiagonalQubitUnitary.*not unitary"),
        (qml.ControlledQubitUnitary(np.diag([1.0, 2.0]), [0, 1]), "not unitary"),
        (qml.adjoint(qml.QubitUnitary(np.diag([1.0, 2.0]), 1)), "not unitary"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("level", ["none", "full"])
def test_a_matrix_that_is_no_unitary_is_refused(op, said, level):
    """Whatever compiles it, nothing is sent."""
    dev = qml.device("qstore.ionq", wires=2, optimization=level)
    tape = qml.tape.QuantumScript([qml.RX(0.1, 0), op], [qml.probs(wires=[0, 1])])
    with (
        qml.Tracker(dev) as tracker,
        pytest.raises(qstore.CompileError, match=f"operation 1, .*{said}"),
    ):
        qml.execute([tape], dev)
    assert "jobs" not in tracker.totals


def test_a_growing_exponential_is_refused():
    """The exponential of a Hermitian operator is unitary only of an imaginary multiple."""
    device = qml.device("qstore.ionq", wires=1)

    def circuit(coefficient):
        qml.Hadamard(0)
        qml.exp(qml.Z(0), coefficient)
        return qml.expval(qml.X(0))

    with pytest.raises(qstore.CompileError, match=r"not unitary: .* real part of 0\.5"):
        qml.QNode(circuit, device)(0.5)
    exact = qml.QNode(circuit, qml.device("default.qubit"))
    assert qml.QNode(circuit, device)(0.5j) == pytest.approx(exact(0.5j), abs=1e-10)
