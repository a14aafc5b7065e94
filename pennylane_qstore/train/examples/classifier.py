"""Features to classes: encoder, circuit and head as one function of one vector of weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.train.examples.architecture import Architecture
from pennylane_qstore.train.examples.encoder import Encoder
from pennylane_qstore.train.examples.statevector import Twin
from pennylane_qstore.train.history import Measured
from pennylane_qstore.train.samples import Samples

Array = NDArray[Any]
# Samples at once: their states fit a processor's cache.
CHUNK = 256
# An encoder that was trained before goes on in smaller steps than what begins at random.
TUNING = 0.02


@dataclass(frozen=True)
class Classifier:
    """A circuit with a softmax head, and perhaps a classical encoder before it.

    Its weights are the architecture's, followed by the encoder's where that learns on.

    Attributes:
        architecture: of circuit and head
        encoder: from features to the circuit's features; None gives them as they are
        tuned: whether the encoder's weights are among those that are learned
    """

    architecture: Architecture
    encoder: Encoder | None = None
    tuned: bool = False

    @cached_property
    def twin(self) -> Twin:
        """The circuit, on this machine."""
        return Twin(self.architecture)

    def first_weights(self, rng: np.random.Generator) -> Array:
        """Weights to start from; the encoder's are those it was trained to before."""
        own = self.architecture.first_weights(rng)
        return np.concatenate([own, self._learned_encoder])

    @property
    def n_weights(self) -> int:
        """How many numbers are learned in circuit and head."""
        return self.architecture.n_weights

    @property
    def _learned_encoder(self) -> Array:
        """The encoder's weights where they learn on; none otherwise."""
        return self.encoder.weights if self.encoder is not None and self.tuned else np.zeros(0)

    def encoded(self, weights: Array, features: Array) -> Array:
        """What the circuit is given.

        Args:
            weights: all that are learned
            features: shape (samples, features)
        """
        if self.encoder is None:
            return features
        return self.encoder.encoded(self._of_encoder(weights), features)

    def logits(self, weights: Array, features: Array) -> Array:
        """Each class's logit, by the twin; shape (samples, classes)."""
        return np.concatenate(
            [self._logits(weights, features[i : i + CHUNK]) for i in range(0, len(features), CHUNK)]
        )

    def measured(self, weights: Array, samples: Samples) -> Measured:
        """Cross entropy and accuracy on samples."""
        return measured(self.logits(weights, samples.features), samples.labels)

    def gradient(self, weights: Array, samples: Samples) -> tuple[Measured, Array]:
        """Cross entropy and accuracy, and the cross entropy's derivatives by the weights."""
        given = self.encoded(weights, samples.features)
        own = weights[: self.n_weights]
        values, final = self.twin.forward(own, given)
        logits = self.architecture.logits(own, values)
        slopes = softmax(logits)
        slopes[np.arange(len(samples)), samples.labels] -= 1
        slopes /= len(samples)
        head = self.architecture.split(own)["head"]
        gradient, of_given = self.twin.backward(own, given, final, slopes @ head.T)
        parts = self.architecture.split(gradient)
        parts["head"][:], parts["offset"][:] = values.T @ slopes, slopes.sum(axis=0)
        if self.encoder is not None and self.tuned:
            of_encoder = self.encoder.backward(
                self._of_encoder(weights), samples.features, of_given
            )
            gradient = np.concatenate([gradient, of_encoder])
        return measured(logits, samples.labels), gradient

    def paces(self, *, circuit: bool) -> Array:
        """The share of an optimizer's step that each weight takes.

        Args:
            circuit: whether circuit and encoder learn, or the head alone
        """
        paces = np.ones(self.n_weights)
        parts = self.architecture.split(paces)
        for name in ("scale", "bias", "phase"):
            parts[name][:] = float(circuit)
        return np.concatenate([paces, np.full(self._learned_encoder.size, TUNING * circuit)])

    def on_device(self, device: Any, shots: int | None) -> Callable[[Array, Samples], Measured]:
        """The same measurement with the circuit on a device, all samples as one batch.

        Args:
            device: where it runs
            shots: shots a circuit; None for exact values
        """
        circuit = self.architecture.qnode(device, shots)

        def measure(weights: Array, samples: Samples) -> Measured:
            own = weights[: self.n_weights]
            values = np.stack(circuit(own, self.encoded(weights, samples.features)), axis=-1)
            return measured(self.architecture.logits(own, values), samples.labels)

        return measure

    def _logits(self, weights: Array, features: Array) -> Array:
        own = weights[: self.n_weights]
        values = self.twin.values(own, self.encoded(weights, features))
        return self.architecture.logits(own, values)

    def _of_encoder(self, weights: Array) -> Array:
        assert self.encoder is not None
        return weights[self.n_weights :] if self.tuned else self.encoder.weights


def measured(logits: Array, labels: Array) -> Measured:
    """Cross entropy and accuracy of logits."""
    likely = softmax(logits)[np.arange(len(labels)), labels]
    loss = float(-np.mean(np.log(np.maximum(likely, np.finfo(float).tiny))))
    return Measured(loss, float(np.mean(logits.argmax(axis=1) == labels)))


def softmax(logits: Array) -> Array:
    """Logits to probabilities, sample by sample."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
