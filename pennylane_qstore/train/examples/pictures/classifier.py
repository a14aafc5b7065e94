"""Encoder, circuit and softmax head as one function of one vector of weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.train.examples.pictures.architecture import Architecture
from pennylane_qstore.train.examples.pictures.encoder import Encoder
from pennylane_qstore.train.examples.pictures.statevector import StatevectorSimulator
from pennylane_qstore.train.history import Measured
from pennylane_qstore.train.samples import Samples

Array = NDArray[Any]
# Samples simulated at once: their states fit a processor's cache.
_CHUNK = 256
# A pretrained encoder takes smaller steps than weights that begin at random.
ENCODER_STEP_FACTOR = 0.02


@dataclass(frozen=True)
class Classifier:
    """A circuit with a softmax head, and optionally a classical encoder before it.

    Its weights are the architecture's, followed by the encoder's if they are trained.

    Attributes:
        architecture: of circuit and head
        encoder: maps features to the circuit's features; None passes them on unchanged
        tuned: whether the encoder's weights are trained as well
    """

    architecture: Architecture
    encoder: Encoder | None = None
    tuned: bool = False

    @cached_property
    def simulator(self) -> StatevectorSimulator:
        """The circuit's statevector simulator."""
        return StatevectorSimulator(self.architecture)

    def first_weights(self, rng: np.random.Generator) -> Array:
        """Return initial weights: random for circuit and head, pretrained for the encoder."""
        return np.concatenate([self.architecture.first_weights(rng), self._trained_encoder])

    @property
    def n_weights(self) -> int:
        """The number of weights of circuit and head."""
        return self.architecture.n_weights

    @property
    def _trained_encoder(self) -> Array:
        """The encoder's weights if they are trained, else an empty array."""
        return self.encoder.weights if self.encoder is not None and self.tuned else np.zeros(0)

    def encoded(self, weights: Array, features: Array) -> Array:
        """Return the circuit's features, shape (samples, features of the circuit).

        Args:
            weights: all trained weights
            features: shape (samples, features)
        """
        if self.encoder is None:
            return features
        return self.encoder.encoded(self._encoder_weights(weights), features)

    def logits(self, weights: Array, features: Array) -> Array:
        """Return the logits by the simulator, shape (samples, classes).

        Args:
            weights: all trained weights
            features: shape (samples, features)
        """
        chunks = (features[i : i + _CHUNK] for i in range(0, len(features), _CHUNK))
        return np.concatenate([self._logits(weights, chunk) for chunk in chunks])

    def measured(self, weights: Array, samples: Samples) -> Measured:
        """Return cross entropy and accuracy on samples, by the simulator."""
        return measured(self.logits(weights, samples.features), samples.labels)

    def gradient(self, weights: Array, samples: Samples) -> tuple[Measured, Array]:
        """Measure samples on the simulator, and differentiate the cross entropy.

        Args:
            weights: all trained weights
            samples: a batch

        Returns:
            cross entropy and accuracy, and the derivatives of the mean cross entropy, shape
            (weights,)
        """
        encoded = self.encoded(weights, samples.features)
        of_model = weights[: self.n_weights]
        values, final = self.simulator.forward(of_model, encoded)
        logits = self.architecture.logits(of_model, values)
        slopes = softmax(logits)
        slopes[np.arange(len(samples)), samples.labels] -= 1
        slopes /= len(samples)
        head = self.architecture.split(of_model)["head"]
        gradient, of_encoded = self.simulator.backward(of_model, encoded, final, slopes @ head.T)
        parts = self.architecture.split(gradient)
        parts["head"][:], parts["offset"][:] = values.T @ slopes, slopes.sum(axis=0)
        if self.encoder is not None and self.tuned:
            of_encoder = self.encoder.backward(
                self._encoder_weights(weights), samples.features, of_encoded
            )
            gradient = np.concatenate([gradient, of_encoder])
        return measured(logits, samples.labels), gradient

    def step_factors(self, *, circuit: bool) -> Array:
        """Return the factor that scales an optimizer's step of each weight, shape (weights,).

        Args:
            circuit: whether circuit and encoder are trained, or the head alone
        """
        factors = np.ones(self.n_weights)
        parts = self.architecture.split(factors)
        for name in ("scale", "bias", "phase"):
            parts[name][:] = float(circuit)
        of_encoder = np.full(self._trained_encoder.size, ENCODER_STEP_FACTOR * circuit)
        return np.concatenate([factors, of_encoder])

    def on_device(self, device: Any, shots: int | None) -> Callable[[Array, Samples], Measured]:
        """Return ``measured`` with the circuit on a device, all samples as one batch.

        Args:
            device: where the circuit runs
            shots: of each circuit; None for exact values
        """
        circuit = self.architecture.qnode(device, shots)

        def measure(weights: Array, samples: Samples) -> Measured:
            of_model = weights[: self.n_weights]
            values = np.stack(circuit(of_model, self.encoded(weights, samples.features)), axis=-1)
            return measured(self.architecture.logits(of_model, values), samples.labels)

        return measure

    def _logits(self, weights: Array, features: Array) -> Array:
        of_model = weights[: self.n_weights]
        values = self.simulator.values(of_model, self.encoded(weights, features))
        return self.architecture.logits(of_model, values)

    def _encoder_weights(self, weights: Array) -> Array:
        assert self.encoder is not None
        return weights[self.n_weights :] if self.tuned else self.encoder.weights


def measured(logits: Array, labels: Array) -> Measured:
    """Return cross entropy and accuracy of logits of shape (samples, classes)."""
    probabilities = softmax(logits)[np.arange(len(labels)), labels]
    loss = float(-np.mean(np.log(np.maximum(probabilities, np.finfo(float).tiny))))
    return Measured(loss, float(np.mean(logits.argmax(axis=1) == labels)))


def softmax(logits: Array) -> Array:
    """Return each sample's probabilities, shape (samples, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
