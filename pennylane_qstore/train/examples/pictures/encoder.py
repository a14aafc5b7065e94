"""A classical network that is pretrained, and maps features to a circuit's angles."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from pennylane_qstore.train.samples import Samples

Array = NDArray[Any]
HIDDEN, _BATCH, _STEPS = 32, 200, 3_000


@dataclass(frozen=True)
class Encoder:
    """Two tanh layers, from many features to few.

    Attributes:
        sizes: number of features, of hidden units, and of outputs
        weights: of both layers, flat
    """

    sizes: tuple[int, int, int]
    weights: Array

    @classmethod
    def pretrained(cls, samples: Samples, outputs: int, seed: int) -> "Encoder":
        """Train a network with a softmax layer at its end, and remove that layer.

        Args:
            samples: to learn from
            outputs: number of outputs
            seed: of the network's initial weights and batches

        Returns:
            the encoder
        """
        size = min(_BATCH, len(samples))
        network = MLPClassifier(
            (HIDDEN, outputs),
            activation="tanh",
            batch_size=size,
            max_iter=-(-_STEPS * size // len(samples)),
            random_state=seed,
        )
        with warnings.catch_warnings():
            # It is trained for a number of steps, not until it converges.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(samples.features, samples.labels)
        layers = zip(network.coefs_[:2], network.intercepts_[:2], strict=True)
        flat = [part.ravel() for layer in layers for part in layer]
        return cls((samples.features.shape[1], HIDDEN, outputs), np.concatenate(flat))

    def encoded(self, weights: Array, features: Array) -> Array:
        """Return the outputs, angles between -π and π, shape (samples, outputs).

        Args:
            weights: of both layers, flat; those of the training where it has changed them
            features: shape (samples, features)
        """
        return self._layers(weights, features)[1]

    def backward(self, weights: Array, features: Array, slopes: Array) -> Array:
        """Return the derivatives of a loss by the weights, shape (weights,).

        Args:
            weights: of both layers, flat
            features: shape (samples, features)
            slopes: derivatives of the loss by the outputs, shape (samples, outputs)
        """
        _, _, second, _ = self._split(weights)
        between, out = self._layers(weights, features)
        slopes = slopes * (np.pi - out**2 / np.pi)
        inner = (slopes @ second.T) * (1 - between**2)
        parts = (features.T @ inner, inner.sum(axis=0), between.T @ slopes, slopes.sum(axis=0))
        return np.concatenate([part.ravel() for part in parts])

    def _layers(self, weights: Array, features: Array) -> tuple[Array, Array]:
        first, offset, second, last = self._split(weights)
        between = np.tanh(features @ first + offset)
        return between, np.pi * np.tanh(between @ second + last)

    def _split(self, weights: Array) -> list[Array]:
        given, hidden, outputs = self.sizes
        shapes = [(given, hidden), (hidden,), (hidden, outputs), (outputs,)]
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
        pieces = np.split(weights, ends[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
