"""Values that no circuit can have are refused, by name and place."""

import math

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError, WireError
from pennylane.operation import Operation

import pennylane_qstore as qstore

NAN = math.nan


class Unknown(Operation):
    """An operation that nobody knows how to make."""

    num_params = 0
    num_wires = 1


def assert_refused(op, error, said, **options):
    """The error has the operation's place and what is wrong with it; nothing is sent."""
    dev = qml.device("qstore.ionq", wires=2, **options)
    tape = qml.tape.QuantumScript([qml.RX(0.1, 0), op], [qml.probs(wires=[0, 1])])
    with qml.Tracker(dev) as tracker, pytest.raises(error, match=f"operation 1, .*{said}"):
        qml.execute([tape], dev)
    assert "jobs" not in tracker.totals


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (qml.QubitUnitary(np.diag([1.0, 2.0]), 1), "QubitUnitary.*not unitary"),
        (qml.QubitUnitary(np.full((4, 4), np.nan), [0, 1]), "QubitUnitary.*not finite"),
        (qml.QubitUnitary(np.stack([np.eye(2), 2 * np.eye(2)]), 1), "QubitUnitary.*not unitary"),
        (qml.DiagonalQubitUnitary([1.0, 2.0], 1), "DiagonalQubitUnitary.*not unitary"),
        (qml.ControlledQubitUnitary(np.diag([1.0, 2.0]), [0, 1]), "not unitary"),
        (qml.adjoint(qml.QubitUnitary(np.diag([1.0, 2.0]), 1)), "not unitary"),
        (qml.adjoint(qml.ctrl(qml.QubitUnitary(np.diag([1.0, 2.0]), 1), 0)), "not unitary"),
        (qml.prod(qml.X(0), qml.QubitUnitary(np.diag([1.0, 2.0]), 1)), "Prod.*not unitary"),
        (qml.adjoint(qml.exp(qml.X(1), 0.3)), "real part of 0.3"),
        (qml.sum(qml.X(1), qml.Z(1)), "Sum.*not unitary"),
        (qml.s_prod(2.0, qml.X(1)), "SProd.*not unitary"),
        (qml.Projector([0], 1), "Projector.*not unitary"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("level", ["none", "full"])
def test_a_matrix_that_is_no_unitary_is_refused(op, said, level):
    """Whatever compiles it, nothing is sent."""
    assert_refused(op, qstore.CompileError, said, optimization=level)


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (qml.RX(NAN, 1), "RX.*not finite: nan"),
        (qml.CRX(-math.inf, [0, 1]), "CRX.*not finite: -inf"),
        (qml.Rot(0.1, NAN, 0.2, 1), "Rot.*not finite"),
        (qml.ctrl(qml.U3(0.1, NAN, 0.2, 1), 0), r"C\(U3\).*not finite"),
        (qml.prod(qml.RX(NAN, 1), qml.X(0)), "Prod.*not finite"),
        (qml.pow(qml.RX(NAN, 1), 2), r"RX\*\*2.*not finite"),
        (qml.SelectPauliRot(np.array([0.1, NAN]), [0], 1), "SelectPauliRot.*not finite"),
        (qml.TrotterProduct(qml.X(1) + qml.Z(1), NAN), "TrotterProduct.*not finite"),
        (qml.RX(np.array([0.1, 0.2 + 1j]), 1), r"RX.*complex: \(0.2\+1j\)"),
        (qml.ctrl(qml.U3(0.1, 0.2j, 0.3, 1), 0), r"C\(U3\).*complex: 0.2j"),
        (qml.RX("a", 1), "RX.*no number: a"),
        (qml.RX(10**400, 1), "RX.*no number: 10000"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("options", [{}, {"optimization": "none"}, {"cache": False}], ids=repr)
def test_a_value_that_is_no_angle_is_refused(op, said, options):
    """By the user's own operation, however it is compiled."""
    assert_refused(op, qstore.CompileError, said, **options)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize(
    ("op", "error", "said"),
    [
        (Unknown(1), DeviceError, r"Unknown on \[1\]: .*not supported"),
        (qml.ctrl(Unknown(1), 0), DeviceError, r"C\(Unknown\) on \[0, 1\]: .*not supported"),
        (qml.CNOT([0, 7]), WireError, r"CNOT on \[0, 7\]: .*wires not found on the device"),
    ],
    ids=repr,
)
def test_an_operation_that_the_device_lacks_is_refused(op, error, said, cache):
    """PennyLane's error, with the operation's place."""
    assert_refused(op, error, said, cache=cache)


def test_what_is_no_operations_fault_names_none():
    """A measurement that can't be made is told as PennyLane tells it."""
    device = qml.device("qstore.ionq", wires=2)
    for measurement in (qml.state(), qml.probs(wires=7)):
        tape = qml.tape.QuantumScript([qml.RX(0.1, 0)], [measurement])
        with pytest.raises((DeviceError, WireError)) as caught:
            qml.execute([tape], device)
        assert "operation" not in str(caught.value)


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
