"""Statevector simulation of the ten-class circuit: values and gradients of many samples at once.

The state of all samples is one array, amplitudes first and samples last, so that a gate is a few
operations on long rows. Gradients use the adjoint method (Jones and Gacon, arXiv:2009.02823): the
state and the derivative of the loss are run backwards together, and no intermediate state is kept.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.train.examples.pictures.architecture import Architecture

Array = NDArray[Any]


@dataclass(frozen=True)
class StatevectorSimulator:
    """Simulates an architecture's circuit on this machine.

    Attributes:
        architecture: of the circuit
        precision: of real numbers; float32 is twice as fast, with errors of about 1e-6
    """

    architecture: Architecture
    precision: type[np.floating[Any]] = np.float32

    def values(self, weights: Array, features: Array) -> Array:
        """Return each wire's expectation value of Z, shape (samples, wires).

        Args:
            weights: of circuit and head
            features: shape (samples, features)
        """
        return self._values(self._final(weights, features))

    def gradient(self, weights: Array, features: Array, slopes: Array) -> tuple[Array, Array]:
        """Differentiate a loss by the circuit's weights and by the features.

        Args:
            weights: of circuit and head
            features: shape (samples, features)
            slopes: derivatives of the loss by each sample's values, shape (samples, wires)

        Returns:
            the derivatives by the weights, shape (weights,), zero for the head's, and by the
            features, shape (samples, features)
        """
        return self.backward(weights, features, self._final(weights, features), slopes)

    def backward(
        self, weights: Array, features: Array, final: Array, slopes: Array
    ) -> tuple[Array, Array]:
        """Differentiate as ``gradient`` does, from the final state that ``forward`` gave.

        Args:
            weights: of circuit and head
            features: shape (samples, features)
            final: the final state, shape (2**wires, samples)
            slopes: derivatives of the loss by each sample's values, shape (samples, wires)

        Returns:
            as ``gradient``
        """
        shape = self.architecture
        parts, (cosines, sines) = shape.split(weights), self._half_angles(weights, features)
        gradient, of_features = np.zeros(shape.n_weights), np.zeros(features.shape)
        parts_of_gradient = shape.split(gradient)
        # Each sample's state and the derivative of its loss: gates act on both at once.
        both = np.stack([final, final * (slopes @ self._signs).T.astype(self.precision)], axis=1)
        for layer in reversed(range(shape.layers)):
            both = both[self._inverse]
            if layer < shape.layers - 1:
                overlap = np.einsum("ab,ab->a", both[:, 1].conj(), both[:, 0]).imag
                parts_of_gradient["phase"][layer] = self._signs @ overlap
                both *= self._diagonal(-parts["phase"][layer])[:, None, None]
            for wire in range(shape.wires):
                by_angle = self._by_angle(both, wire)
                parts_of_gradient["bias"][layer, wire] = by_angle.sum()
                if not shape.by_amplitude:
                    feature = shape.uploaded(layer)[wire]
                    parts_of_gradient["scale"][layer, wire] = by_angle @ features[:, feature]
                    of_features[:, feature] += by_angle * parts["scale"][layer, wire]
                _rotate_y(both, self._sides(wire), cosines[layer, wire], -sines[layer, wire])
        return gradient, of_features

    def forward(self, weights: Array, features: Array) -> tuple[Array, Array]:
        """Return the values, shape (samples, wires), and the final state for ``backward``."""
        final = self._final(weights, features)
        return self._values(final), final

    def _final(self, weights: Array, features: Array) -> Array:
        shape = self.architecture
        parts, (cosines, sines) = shape.split(weights), self._half_angles(weights, features)
        state = self._start(features)
        for layer in range(shape.layers):
            for wire in range(shape.wires):
                _rotate_y(state, self._sides(wire), cosines[layer, wire], sines[layer, wire])
            if layer < shape.layers - 1:
                state *= self._diagonal(parts["phase"][layer])[:, None]
            state = state[self._order]
        return state

    def _start(self, features: Array) -> Array:
        state = np.zeros((2**self.architecture.wires, len(features)), self._complex)
        if self.architecture.by_amplitude:
            norms = np.linalg.norm(features, axis=1, keepdims=True)
            state[: features.shape[1]] = (features / norms).T
        else:
            state[0] = 1
        return state

    def _half_angles(self, weights: Array, features: Array) -> tuple[Array, Array]:
        """Return cosines and sines of half the RY angles, shape (layers, wires, 2 · samples)."""
        shape, parts = self.architecture, self.architecture.split(weights)
        angles = np.repeat(parts["bias"][:, :, None], len(features), axis=2)
        if not shape.by_amplitude:
            taken = np.array([shape.uploaded(layer) for layer in range(shape.layers)])
            angles += parts["scale"][:, :, None] * features.T[taken]
        # Each twice: an amplitude's real and imaginary part are rotated alike.
        halves = np.repeat(angles / 2, 2, axis=2)
        return np.cos(halves).astype(self.precision), np.sin(halves).astype(self.precision)

    def _values(self, state: Array) -> Array:
        return (self._signs @ (state.real**2 + state.imag**2)).T

    def _by_angle(self, both: Array, wire: int) -> Array:
        """Return each sample's derivative by a wire's RY angle, shape (samples,)."""
        zero, one = _halves(both, self._sides(wire))
        products = np.einsum("lrb,lrb->b", one[:, :, 1], zero[:, :, 0])
        products -= np.einsum("lrb,lrb->b", zero[:, :, 1], one[:, :, 0])
        return products.reshape(-1, 2).sum(axis=1)

    def _diagonal(self, phases: Array) -> Array:
        """Return the diagonal of RZ rotations of all wires, shape (2**wires,)."""
        return np.exp(-0.5j * (phases @ self._signs)).astype(self._complex)

    def _sides(self, wire: int) -> tuple[int, int]:
        return 2**wire, 2 ** (self.architecture.wires - wire - 1)

    @property
    def _complex(self) -> type[np.complexfloating[Any, Any]]:
        return np.complex64 if self.precision is np.float32 else np.complex128

    @cached_property
    def _signs(self) -> Array:
        """Each wire's Z in each basis state, shape (wires, 2**wires); wire 0 is the high bit."""
        wires = self.architecture.wires
        bits = np.arange(2**wires) >> np.arange(wires - 1, -1, -1)[:, None] & 1
        return (1 - 2 * bits).astype(self.precision)

    @cached_property
    def _order(self) -> Array:
        """The index that each amplitude had before a layer's CNOTs, shape (2**wires,)."""
        wires = self.architecture.wires
        source = np.arange(2**wires)
        for control, target in self.architecture.pairs:
            states = np.arange(2**wires)
            flipped = states ^ ((states >> (wires - 1 - control) & 1) << (wires - 1 - target))
            source = source[flipped]
        return source

    @cached_property
    def _inverse(self) -> Array:
        return np.argsort(self._order)


def _halves(state: Array, sides: tuple[int, int]) -> tuple[Array, Array]:
    """Return views of a state's real numbers, where a wire is 0 and where it is 1."""
    real = state.view(state.real.dtype)
    parts = real.reshape(sides[0], 2, sides[1], *real.shape[1:])
    return parts[:, 0], parts[:, 1]


def _rotate_y(state: Array, sides: tuple[int, int], cosine: Array, sine: Array) -> None:
    """Apply RY to a wire of every sample, in place."""
    zero, one = _halves(state, sides)
    rotated = cosine * zero - sine * one
    one *= cosine
    one += sine * zero
    zero[:] = rotated
