"""Run a quantum function on the device and on default.qubit, and compare the two results."""

from itertools import pairwise

import numpy as np
import pennylane as qml

EXACT = 1e-9
SIGMAS = 5
SHOTS = 20_000
BATCH = np.array([0.1, 0.9, -1.3])
LABELS = ([0, 1, 2, 3], ["a", 7, -1, "b"], [3, 1, 0, 2])


def prepare(wires, turn=0.0):
    """A state without symmetries; ``turn`` may be a batch."""
    rng = np.random.default_rng(3)
    for wire in wires:
        qml.RY(rng.uniform(-3, 3) + turn, wire)
        qml.RX(rng.uniform(-3, 3), wire)
    for pair in pairwise(wires):
        qml.CNOT(pair)
    for wire in wires:
        qml.RY(rng.uniform(-3, 3), wire)
        qml.RZ(rng.uniform(-3, 3), wire)
        qml.RX(0.3, wire)


def run(name, quantum_function, shots=None, **options):
    """The result of a quantum function on a device."""
    device = qml.device(name, **{"seed": 8, **options})
    return qml.set_shots(qml.QNode(quantum_function, device), shots)()


def both(quantum_function, shots=None, **options):
    """Our result and default.qubit's."""
    ours = run("qstore.ionq", quantum_function, shots, verify=True, **options)
    return ours, run("default.qubit", quantum_function, shots, **options)


def structure(result):
    """How a result is nested, and the shapes and kinds of what is in it."""
    if isinstance(result, tuple | list):
        return (type(result).__name__, *map(structure, result))
    if isinstance(result, dict):
        values = np.array(list(result.values()))
        return ("dict", {type(key).__name__ for key in result}, values.dtype.kind)
    assert isinstance(result, np.ndarray | np.generic)
    return np.shape(result), np.real_if_close(result).dtype.kind


def assert_same(ours, theirs, tolerance=EXACT):
    """Equal structures, and equal numbers in them."""
    assert structure(ours) == structure(theirs)
    if isinstance(theirs, tuple | list):
        for our, their in zip(ours, theirs, strict=True):
            assert_same(our, their, tolerance)
    elif isinstance(theirs, dict):
        assert ours == theirs
    else:
        assert np.allclose(ours, theirs, rtol=0, atol=tolerance)


def assert_within(ours, theirs, sigma):
    """A statistic is within five sigmas of the truth."""
    assert np.all(np.abs(np.asarray(ours) - theirs) <= SIGMAS * np.asarray(sigma) + EXACT)


def basis_state(wires):
    """A state of which every sample is certain: the wires' bits are 1, 0, 1, 1."""
    for wire, bit in zip(wires, (1, 0, 1, 1), strict=True):
        qml.RX(np.pi * bit, wire)
