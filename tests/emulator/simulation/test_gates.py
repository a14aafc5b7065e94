"""Each gate against a matrix exponential, and each spelling of it."""

import numpy as np
import pytest
from scipy.linalg import expm

from pennylane_qstore.emulator.simulation import gates

I2 = np.eye(2)
X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
PAULIS = {"I": I2, "X": X, "Y": Y, "Z": Z}
ANGLES = np.array([0.0, 0.1, -0.37, 1.0, 2.5, -7.25])


def dense(matrix, row=0):
    """One circuit's matrix as an array."""
    return np.array([[np.broadcast_to(e, ANGLES.shape)[row] for e in line] for line in matrix])


def axis(turns):
    """The Pauli operator in the plane of X and Y."""
    return np.cos(2 * np.pi * turns) * X + np.sin(2 * np.pi * turns) * Y


RADIANS = {
    "rx": lambda t: expm(-0.5j * t * X),
    "ry": lambda t: expm(-0.5j * t * Y),
    "rz": lambda t: expm(-0.5j * t * Z),
    "xx": lambda t: expm(-0.5j * t * np.kron(X, X)),
    "yy": lambda t: expm(-0.5j * t * np.kron(Y, Y)),
    "zz": lambda t: expm(-0.5j * t * np.kron(Z, Z)),
}
CONSTANT = {
    "x": X,
    "not": X,
    "y": Y,
    "z": Z,
    "h": (X + Z) / np.sqrt(2),
    "s": expm(-0.25j * np.pi * (Z - I2)),
    "si": expm(0.25j * np.pi * (Z - I2)),
    "t": expm(-0.125j * np.pi * (Z - I2)),
    "ti": expm(0.125j * np.pi * (Z - I2)),
    "v": expm(-0.25j * np.pi * (X - I2)),
    "vi": expm(0.25j * np.pi * (X - I2)),
    "cnot": X,
    "swap": (np.eye(4) + np.kron(X, X) + np.kron(Y, Y) + np.kron(Z, Z)) / 2,
}
TURNS = {
    "gpi": axis,
    "gpi2": lambda p: expm(-0.25j * np.pi * axis(p)),
    "zz": lambda t: expm(-1j * np.pi * t * np.kron(Z, Z)),
}


@pytest.mark.parametrize("name", RADIANS)
def test_a_rotation_is_its_exponential(name):
    """A QIS rotation is exp(-i theta/2 P), for all its angles at once."""
    matrix = gates.QIS[name].matrix(ANGLES)
    for row, angle in enumerate(ANGLES):
        np.testing.assert_allclose(dense(matrix, row), RADIANS[name](angle), atol=1e-14)


@pytest.mark.parametrize("name", CONSTANT)
def test_a_constant_gate_is_its_exponential(name):
    """A QIS gate without numbers is the root of a Pauli operator it is said to be."""
    matrix = gates.QIS[name].matrix()
    np.testing.assert_allclose(dense(matrix), CONSTANT[name], atol=1e-14)


def test_z_with_a_rotation_is_a_phase():
    """A z that carries a rotation is diag(1, exp(i theta))."""
    matrix = gates.kind_of("qis", "z", True).matrix(ANGLES)
    for row, angle in enumerate(ANGLES):
        np.testing.assert_allclose(dense(matrix, row), np.diag([1, np.exp(1j * angle)]), atol=1e-14)


@pytest.mark.parametrize("name", TURNS)
def test_a_native_gate_is_its_exponential(name):
    """A native gate takes turns."""
    matrix = gates.NATIVE[name].matrix(ANGLES)
    for row, angle in enumerate(ANGLES):
        np.testing.assert_allclose(dense(matrix, row), TURNS[name](angle), atol=1e-13)


def test_ms_is_its_exponential():
    """MS turns about two axes, the first that of its first target."""
    phi0, phi1 = ANGLES[::-1] / 3, ANGLES + 0.2
    matrix = gates.NATIVE["ms"].matrix(phi0, phi1, ANGLES)
    for row, angle in enumerate(ANGLES):
        expected = expm(-1j * np.pi * angle * np.kron(axis(phi0[row]), axis(phi1[row])))
        np.testing.assert_allclose(dense(matrix, row), expected, atol=1e-13)


def test_every_name_of_the_api_is_known():
    """The two enumerations of the API are complete."""
    assert set(gates.QIS) == {*CONSTANT, *RADIANS, "pauliexp"}
    assert set(gates.NATIVE) == {"gpi", "gpi2", "ms", "zz", "nop"}


def test_a_gate_of_the_other_set_is_unknown():
    """A name means something only in its own gateset."""
    assert gates.kind_of("qis", "gpi", False) is None
    assert gates.kind_of("native", ["gpi"], False) is None
