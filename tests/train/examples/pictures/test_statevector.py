"""The simulator is the circuit: its values are those of a device, its gradients are theirs."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.options import entangled_wires
from pennylane_qstore.train.examples.pictures.architecture import Architecture
from pennylane_qstore.train.examples.pictures.statevector import StatevectorSimulator

SHAPES = [
    Architecture(5, 3, 3, entanglement, encoding, 4)
    for entanglement in ("linear", "circular", "full")
    for encoding in ("angle", "amplitude")
] + [Architecture(1, 1, 1, "circular", "angle", 2), Architecture(4, 2, 2, "circular", "angle", 3)]


def drawn(shape, count=4):
    """Weights and features."""
    rng = np.random.default_rng(1)
    return rng.normal(size=shape.n_weights), rng.normal(size=(count, shape.features))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_are_the_circuits(shape):
    """Exactly, on PennyLane's simulator; and to single precision as it is used."""
    weights, features = drawn(shape)
    circuit = shape.qnode(qml.device("default.qubit", wires=shape.wires))
    expected = np.stack(circuit(weights, features), axis=-1)
    assert np.allclose(
        StatevectorSimulator(shape, np.float64).values(weights, features), expected, atol=1e-12
    )
    assert np.allclose(StatevectorSimulator(shape).values(weights, features), expected, atol=1e-5)


def test_values_are_the_devices():
    """On this package's device, all samples as one job."""
    shape = SHAPES[2]
    weights, features = drawn(shape)
    device = qml.device("qstore.ionq", wires=3)
    with qml.Tracker(device) as tracker:
        values = np.stack(shape.qnode(device)(weights, features), axis=-1)
    assert tracker.totals["jobs"] == 1
    assert np.allclose(
        StatevectorSimulator(shape, np.float64).values(weights, features), values, atol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_the_circuits(shape):
    """The adjoint method's derivatives are those of small differences, weight by weight."""
    weights, features = drawn(shape)
    slopes = np.random.default_rng(2).normal(size=(4, shape.wires))
    simulator = StatevectorSimulator(shape, np.float64)

    def loss(weights, features):
        return np.sum(simulator.values(weights, features) * slopes)

    def differences(of, at):
        steps = np.eye(at.size).reshape(at.size, *at.shape) * 1e-6
        found = [(of(at + step) - of(at - step)) / 2e-6 for step in steps]
        return np.reshape(found, at.shape)

    gradient, of_features = simulator.gradient(weights, features, slopes)
    assert np.allclose(gradient, differences(lambda x: loss(x, features), weights), atol=1e-7)
    if not shape.by_amplitude:
        expected = differences(lambda x: loss(weights, x), features)
        assert np.allclose(of_features, expected, atol=1e-7)


def test_counts_of_weights():
    """The classifier's size: within a thousand, in circuit and head together."""
    assert Architecture().n_weights == 64 + 64 + 56 + 90
    assert Architecture(layers=16).n_weights == 466
    assert Architecture(layers=4, encoding="amplitude").n_weights == 32 + 24 + 90


def test_layers_upload_the_features_in_turn():
    """Eight layers of eight wires take 64 features once, sixteen twice."""
    shape = Architecture(layers=16)
    taken = np.concatenate([shape.uploaded(layer) for layer in range(16)])
    assert np.array_equal(taken, np.tile(np.arange(64), 2))


def test_entanglements():
    """Neighbours, a ring, or all pairs; two wires are no ring."""
    assert entangled_wires(3, "linear") == [(0, 1), (1, 2)]
    assert entangled_wires(3, "circular") == [(0, 1), (1, 2), (2, 0)]
    assert entangled_wires(3, "full") == [(0, 1), (0, 2), (1, 2)]
    assert entangled_wires(2, "circular") == [(0, 1)]
    assert entangled_wires(1, "full") == []


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("wires", {"wires": 0}),
        ("wires", {"wires": 17}),
        ("layers", {"layers": 0}),
        ("classes", {"classes": 1}),
        ("entanglement", {"entanglement": "star"}),
        ("encoding", {"encoding": "basis"}),
        ("features", {"features": 17, "wires": 4, "encoding": "amplitude"}),
    ],
)
def test_impossible_architecture(option, values):
    """The error names the option."""
    with pytest.raises(OptionError, match=f"^{option}="):
        Architecture(**values)
