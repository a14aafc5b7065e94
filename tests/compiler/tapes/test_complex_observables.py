"""Observables with complex values are refused; their real values were a part of the answer."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError

MATRIX = np.array([[1.0, 0.3], [0.3, 0.5]])
COMPLEX = {
    "1j": lambda: 1j * qml.Z(0),
    "1 + 1j": lambda: (1 + 1j) * qml.Z(0),
    "a sum": lambda: 1j * qml.Z(0) + qml.X(0),
    "a Hamiltonian": lambda: qml.Hamiltonian([1j, 1], [qml.Z(0), qml.X(0)]),
    "a product": lambda: (1j * qml.Z(0)) @ qml.Z(1),
    "X times Y": lambda: qml.prod(qml.X(0), qml.Y(0)),
    "an identity": lambda: 1j * qml.I(0),
    "a matrix": lambda: 1j * qml.Hermitian(MATRIX, 0),
    "a sum with a matrix": lambda: 1j * qml.Hermitian(MATRIX, 0) + qml.Z(1),
    "a projector": lambda: 1j * qml.Projector([0], 0),
    "factors that don't commute": lambda: qml.Hermitian(MATRIX, 0) @ qml.X(0),
    "a root": lambda: qml.pow(qml.Z(0), 0.5),
    "a root in a product": lambda: qml.pow(qml.Z(0), 0.5) @ qml.Hermitian(MATRIX, 1),
    "an exponential": lambda: qml.exp(qml.Z(0), 0.3j),
    "seven wires": lambda: 1j * qml.prod(*map(qml.Z, range(6)), qml.Hermitian(MATRIX, 6)),
}
REAL = {
    "of complex type": lambda: (2 + 0j) * qml.Z(0),
    "1j twice": lambda: 1j * (1j * qml.Z(0)),
    "cancelled": lambda: 1j * qml.Z(0) - 1j * qml.Z(0) + qml.Z(1),
    "X times Y times Z": lambda: 1j * qml.prod(qml.X(0), qml.Y(0), qml.Z(0)),
    "complex matrix": lambda: qml.Hermitian(np.array([[1, 0.3j], [-0.3j, 0.5]]), 0),
    "seven wires": lambda: 2.0 * qml.prod(*map(qml.Z, range(6)), qml.Hermitian(MATRIX, 6)),
}


def measured(device, measure, shots):
    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit():
        qml.RX(0.5, 0)
        qml.RY(0.3, 1)
        return measure()

    return circuit()


@pytest.mark.parametrize("shots", [None, 100])
@pytest.mark.parametrize("kind", [qml.expval, qml.var])
@pytest.mark.parametrize("name", COMPLEX)
def test_a_complex_observable_is_refused(name, kind, shots):
    """Naming the coefficient, or how far it is from Hermitian."""
    device = qml.device("qstore.ionq", wires=7)
    with pytest.raises(DeviceError, match=r"not supported: it isn't Hermitian, .*1j"):
        measured(device, lambda: kind(COMPLEX[name]()), shots)


@pytest.mark.parametrize("kind", [qml.sample, qml.counts])
def test_its_samples_are_refused_too(kind):
    """Which were zeros."""
    device = qml.device("qstore.ionq", wires=2)
    with pytest.raises(DeviceError, match="isn't Hermitian"):
        measured(device, lambda: kind(1j * qml.Z(0)), 10)


@pytest.mark.parametrize("name", REAL)
def test_a_real_one_in_complex_clothes_is_measured(name):
    """As on PennyLane's simulator."""
    expected = measured(
        qml.device("default.qubit", wires=7), lambda: qml.expval(REAL[name]()), None
    )
    found = measured(qml.device("qstore.ionq", wires=7), lambda: qml.expval(REAL[name]()), None)
    assert found == pytest.approx(complex(expected).real, abs=1e-9)


def test_probabilities_need_no_real_eigenvalues():
    """Only a basis."""
    found = measured(qml.device("qstore.ionq", wires=2), lambda: qml.probs(op=1j * qml.Z(0)), None)
    np.testing.assert_allclose(found, [np.cos(0.25) ** 2, np.sin(0.25) ** 2], atol=1e-9)
