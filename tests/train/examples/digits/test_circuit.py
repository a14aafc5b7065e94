"""The circuit scores samples, one by one or all at once."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.train.examples.digits.circuit import first_weights, make_circuit
from pennylane_qstore.train.examples.setup import make_device


@pytest.fixture
def circuit():
    """Two layers on three wires, exact."""
    return make_circuit(qml.device("default.qubit", wires=3), layers=2, shots=0)


def test_batch_is_its_samples(circuit):
    """A batch has the scores of its samples, and is one batch for the device."""
    rng = np.random.default_rng(1)
    weights, features = first_weights(2, 3, rng), rng.uniform(-1, 1, (5, 3))
    with qml.Tracker(circuit.device) as tracker:
        scores = circuit(weights, features)
    assert tracker.totals["batches"] == 1
    assert np.allclose(scores, [circuit(weights, sample) for sample in features])
    assert np.all(np.abs(scores) <= 1)


def test_one_wire():
    """One wire has no neighbour to entangle, and still a score."""
    circuit = make_circuit(qml.device("default.qubit", wires=1), layers=1, shots=0)
    weights = np.zeros((1, 1, 2))
    assert np.allclose(circuit(weights, np.array([[0.0], [np.pi]])), [1, -1])


def test_every_rotation_y_matters(circuit):
    """No layer is idle: the score has a slope along each Y angle."""
    rng = np.random.default_rng(2)
    weights = qml.numpy.array(rng.uniform(-1, 1, (2, 3, 2)), requires_grad=True)
    slope = qml.grad(circuit)(weights, rng.uniform(-1, 1, 3))
    assert np.all(np.abs(slope[..., 0]) > 1e-4)


def test_shots_are_the_circuits():
    """Shots given to the model reach every circuit."""
    circuit = make_circuit(qml.device("default.qubit", wires=2, seed=1), layers=1, shots=50)
    with qml.Tracker(circuit.device) as tracker:
        circuit(np.zeros((1, 2, 2)), np.zeros((4, 2)))
    assert tracker.totals["shots"] == 200


def test_device_is_the_plugins():
    """Training runs on this package's device, by its public name."""
    device = make_device(wires=2, backend="emulator", seed=1)
    assert device.name == "qstore.ionq"
    assert len(device.wires) == 2
    circuit = make_circuit(device, layers=1, shots=0)
    assert np.allclose(circuit(np.zeros((1, 2, 2)), np.zeros((3, 2))), 1)
