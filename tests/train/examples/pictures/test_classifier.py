"""Encoder, circuit and head are one function, with the right derivatives."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.train.examples.pictures.architecture import Architecture
from pennylane_qstore.train.examples.pictures.classifier import (
    ENCODER_STEP_FACTOR,
    Classifier,
    measured,
    softmax,
)
from pennylane_qstore.train.examples.pictures.encoder import Encoder
from pennylane_qstore.train.examples.pictures.statevector import StatevectorSimulator
from pennylane_qstore.train.samples import Samples


class Exact(Classifier):
    """A classifier whose simulator is in double precision, so that differences are small."""

    @property
    def simulator(self):
        return StatevectorSimulator(self.architecture, np.float64)


@pytest.fixture
def samples():
    """Forty samples of four features in three classes."""
    rng = np.random.default_rng(1)
    labels = np.arange(40) % 3
    return Samples(rng.normal(size=(40, 4)) + labels[:, None], labels)


@pytest.fixture
def encoder(samples):
    """From four features to two."""
    return Encoder.pretrained(samples, 2, seed=1)


def made(kind, encoder, shape=Architecture(4, 2, 2, classes=3)):  # noqa: B008  frozen
    """A classifier without an encoder, with a frozen one, or with one that learns on."""
    if kind == "none":
        return Exact(shape)
    return Exact(Architecture(2, 2, 2, classes=3), encoder, kind == "tuned")


@pytest.mark.parametrize("kind", ["none", "frozen", "tuned"])
def test_gradient(samples, encoder, kind):
    """Derivatives of the cross entropy are those of small differences, the encoder's too."""
    classifier = made(kind, encoder)
    weights = classifier.first_weights(np.random.default_rng(2))
    own, between = classifier.n_weights, 4 * 32 + 32 + 32 * 2 + 2
    assert weights.size == own + (between if kind == "tuned" else 0)
    found, gradient = classifier.gradient(weights, samples)
    assert found.loss == pytest.approx(classifier.measured(weights, samples).loss)
    chosen = np.random.default_rng(3).choice(weights.size, 19, replace=False)
    for index in chosen:
        step = np.eye(weights.size)[index] * 1e-5
        plus, minus = (classifier.measured(weights + sign * step, samples).loss for sign in (1, -1))
        assert gradient[index] == pytest.approx((plus - minus) / 2e-5, abs=1e-7)


def test_an_encoder_learned_something(samples, encoder):
    """What it makes tells the classes apart better than chance does by far."""
    made_of = encoder.encoded(encoder.weights, samples.features)
    assert np.abs(made_of).max() <= np.pi
    means = np.array([made_of[samples.labels == label].mean(axis=0) for label in range(3)])
    nearest = np.linalg.norm(made_of[:, None] - means, axis=2).argmin(axis=1)
    assert np.mean(nearest == samples.labels) > 0.55


def test_what_is_frozen(encoder, samples):
    """Without the circuit only the head learns."""
    classifier = made("tuned", encoder)
    paces = classifier.step_factors(circuit=False)
    head = 2 * 3 + 3
    assert paces.sum() == head
    assert np.array_equal(paces[classifier.n_weights - head : classifier.n_weights], np.ones(head))
    paces = classifier.step_factors(circuit=True)
    assert np.array_equal(paces[: classifier.n_weights], np.ones(classifier.n_weights))
    assert (paces[classifier.n_weights :] == ENCODER_STEP_FACTOR).all()


def test_on_a_device(samples, encoder):
    """A device gives the simulator's loss and accuracy."""
    classifier = made("frozen", encoder)
    weights = classifier.first_weights(np.random.default_rng(2))
    measure = classifier.on_device(qml.device("default.qubit", wires=2), None)
    expected = classifier.measured(weights, samples)
    assert measure(weights, samples).loss == pytest.approx(expected.loss)
    assert measure(weights, samples).accuracy == expected.accuracy


def test_cross_entropy():
    """Of certain and of even guesses; large logits don't overflow."""
    even = np.zeros((2, 4))
    assert measured(even, np.array([0, 3])).loss == pytest.approx(np.log(4))
    certain = np.array([[1e4, 0, 0, 0], [0, 0, 0, 1e4]])
    assert measured(certain, np.array([0, 3])).loss == 0
    assert measured(certain, np.array([0, 0])).accuracy == 0.5
    assert np.isfinite(measured(certain, np.array([1, 1])).loss)
    assert np.allclose(softmax(certain).sum(axis=1), 1)
