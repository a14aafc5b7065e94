"""A classical network that is trained first, and then encodes for a circuit."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from pennylane_qstore.train.samples import Samples

Array = NDArray[Any]
HIDDEN, BATCH, STEPS = 32, 200, 3_000


@dataclass(frozen=True)
class Encoder:
    """Two layers of tanh, from many features to few.

    Attributes:
        sizes: of the features, the layer between, and what comes out
        weights: of both layers, flat
    """

    sizes: tuple[int, int, int]
    weights: Array

    @classmethod
    def pretrained(cls, samples: Samples, outputs: int, seed: int) -> "Encoder":
        """Trains a network with a softmax behind it, and takes that off.

        Args:
            samples: to learn from
            outputs: how many features it is to make
            seed: of the network
        """
        size = min(BATCH, len(samples))
        network = MLPClassifier(
            (HIDDEN, outputs),
            activation="tanh",
            batch_size=size,
            max_iter=-(-STEPS * size // len(samples)),
            random_state=seed,
        )
        with warnings.catch_warnings():
            # It needn't be the best there is: so many steps are what is asked of it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(samples.features, samples.labels)
        layers = zip(network.coefs_[:2], network.intercepts_[:2], strict=True)
        flat = [part.ravel() for layer in layers for part in layer]
        return cls((samples.features.shape[1], HIDDEN, outputs), np.concatenate(flat))

    def encoded(self, weights: Array, features: Array) -> Array:
        """Features to fewer, each an angle between -π and π.

        Args:
            weights: the encoder's own, or what they have become
            features: shape (samples, features)
        """
        return self._layers(weights, features)[1]

    def backward(self, weights: Array, features: Array, slopes: Array) -> Array:
        """A loss's derivatives by the weights, from those by what comes out.

        Args:
            weights: flat
            features: shape (samples, features)
            slopes: shape (samples, outputs)
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
