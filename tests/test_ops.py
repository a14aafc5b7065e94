"""Native gates as PennyLane operations."""

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import pennylane_qstore as qstore

X, Y, Z = (qml.matrix(gate(0)) for gate in (qml.X, qml.Y, qml.Z))
turns = st.floats(-2, 2)


def axis(phase):
    """The Pauli operator about the axis at a phase in turns."""
    return np.cos(2 * np.pi * phase) * X + np.sin(2 * np.pi * phase) * Y


def pulse(phase, angle):
    """A rotation about an axis in the equator, by the exponential that defines it."""
    return expm(-0.5j * angle * axis(phase))


@given(turns)
def test_gpi_is_a_pi_pulse(phase):
    """GPI is the rotation by π about its axis, up to a global phase."""
    assert np.allclose(qstore.GPI(phase, 0).matrix(), 1j * pulse(phase, np.pi), atol=1e-12)


@given(turns)
def test_gpi2_is_a_half_pi_pulse(phase):
    """GPI2 is the rotation by π/2 about its axis."""
    assert np.allclose(qstore.GPI2(phase, 0).matrix(), pulse(phase, np.pi / 2), atol=1e-12)


@given(turns, turns, turns)
def test_ms_is_the_exponential_of_its_axes(phase0, phase1, angle):
    """MS is exp(-iπθ G⊗G), for angles in turns."""
    expected = expm(-1j * np.pi * angle * np.kron(axis(phase0), axis(phase1)))
    assert np.allclose(qstore.MS(phase0, phase1, angle, [0, 1]).matrix(), expected, atol=1e-12)


@given(turns)
def test_zz_is_the_exponential_of_zz(angle):
    """ZZ is exp(-iπθ Z⊗Z), for angles in turns."""
    expected = expm(-1j * np.pi * angle * np.kron(Z, Z))
    assert np.allclose(qstore.ZZ(angle, [0, 1]).matrix(), expected, atol=1e-12)


OPERATIONS = [
    qstore.GPI(0.3, "a"),
    qstore.GPI2(-0.2, "a"),
    qstore.MS(0.1, 0.7, 0.2, ["a", "b"]),
    qstore.ZZ(0.15, ["a", "b"]),
]


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_pennylane_accepts_them(op):
    """PennyLane's own checks of an operation hold: decomposition, adjoint, pytree, derivatives."""
    qml.ops.functions.assert_valid(op)
    inverse = op.matrix().conj().T
    assert np.allclose(qml.adjoint(op, lazy=False).matrix(), inverse, atol=1e-12)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_a_batch_of_angles_gives_a_batch_of_matrices(op):
    """A parameter of shape (batch,) gives matrices of shape (batch, …)."""
    data = [np.array([value, value + 0.1]) for value in op.data]
    batched = type(op)(*data, wires=op.wires)
    for row, values in enumerate(zip(*data, strict=True)):
        assert np.allclose(batched.matrix()[row], type(op)(*values, wires=op.wires).matrix())


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_parameter_shift_equals_backpropagation(op):
    """Each gate's shift rule gives the derivative of its matrix."""
    phases = qml.numpy.array([float(value) for value in op.data], requires_grad=True)

    def circuit(phases):
        qml.RY(0.4, "a")
        qml.RX(0.9, "b")
        type(op)(*phases, wires=op.wires)
        qml.RX(-0.3, "a")
        return qml.expval(qml.Z("a") @ qml.Y("b") + 0.3 * qml.X("a") + 0.2 * qml.Y("a"))

    dev = qml.device("default.qubit")
    shifted = qml.grad(qml.QNode(circuit, dev, diff_method="parameter-shift"))(phases)
    exact = qml.grad(qml.QNode(circuit, dev, diff_method="backprop"))(phases)
    assert np.allclose(shifted, exact, atol=1e-9)
    assert np.abs(exact).max() > 1e-3
