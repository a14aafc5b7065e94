"""A circuit's exact twin on this machine: expectation values and gradients of many samples at once.

The state of all samples is one array, amplitudes first and samples last, so that a gate is a few
operations on long rows. Gradients are by the adjoint method (Jones and Gacon, arXiv:2009.02823):
the state is run backwards beside the derivative of the loss, and none of it is kept on the way.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.train.examples.architecture import Architecture

Array = NDArray[Any]


@dataclass(frozen=True)
class Twin:
    """Runs an architecture's circuit without a device.

    Attributes:
        architecture: of the circuit
        precision: of real numbers; float32 is twice as fast, and exact to about 1e-6
    """

    architecture: Architecture
    precision: type[np.floating[Any]] = np.float32

    def values(self, weights: Array, features: Array) -> Array:
        """Each wire's expectation value of Z.

        Args:
            weights: of circuit and head
            features: shape (samples, features)

        Returns:
            shape (samples, wires)
        """
        return self._values(self._final(weights, features))

    def gradient(self, weights: Array, features: Array, slopes: Array) -> tuple[Array, Array]:
        """How a loss changes with the circuit's weights and with the features.

        Args:
            weights: of circuit and head
            features: shape (samples, features)
            slopes: the loss's derivatives by each sample's values, shape (samples, wires)

        Returns:
            the derivatives by all weights, zero for the head's, and by the features
        """
        return self.backward(weights, features, self._final(weights, features), slopes)

    def backward(
        self, weights: Array, features: Array, final: Array, slopes: Array
    ) -> tuple[Array, Array]:
        """The same, from the final state that ``forward`` gave."""
        shape = self.architecture
        parts, (cosines, sines) = shape.split(weights), self._turns(weights, features)
        gradient, of_features = np.zeros(shape.n_weights), np.zeros(features.shape)
        into = shape.split(gradient)
        # Beside each sample's state its derivative: gates act on both at once.
        both = np.stack([final, final * (slopes @ self._signs).T.astype(self.precision)], axis=1)
        for layer in reversed(range(shape.layers)):
            both = both[self._inverse]
            if layer < shape.layers - 1:
                overlap = np.einsum("ab,ab->a", both[:, 1].conj(), both[:, 0]).imag
                into["phase"][layer] = self._signs @ overlap
                both *= self._diagonal(-parts["phase"][layer])[:, None, None]
            for wire in range(shape.wires):
                by_angle = self._by_angle(both, wire)
                into["bias"][layer, wire] = by_angle.sum()
                if not shape.by_amplitude:
                    feature = shape.uploaded(layer)[wire]
                    into["scale"][layer, wire] = by_angle @ features[:, feature]
                    of_features[:, feature] += by_angle * parts["scale"][layer, wire]
                _turn(both, self._sides(wire), cosines[layer, wire], -sines[layer, wire])
        return gradient, of_features

    def forward(self, weights: Array, features: Array) -> tuple[Array, Array]:
        """The values, and the final state that ``backward`` begins with."""
        final = self._final(weights, features)
        return self._values(final), final

    def _final(self, weights: Array, features: Array) -> Array:
        shape = self.architecture
        parts, (cosines, sines) = shape.split(weights), self._turns(weights, features)
        state = self._start(features)
        for layer in range(shape.layers):
            for wire in range(shape.wires):
                _turn(state, self._sides(wire), cosines[layer, wire], sines[layer, wire])
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

    def _turns(self, weights: Array, features: Array) -> tuple[Array, Array]:
        """Cosines and sines of half the Y angles, shape (layers, wires, 2 · samples)."""
        shape, parts = self.architecture, self.architecture.split(weights)
        angles = np.repeat(parts["bias"][:, :, None], len(features), axis=2)
        if not shape.by_amplitude:
            taken = np.array([shape.uploaded(layer) for layer in range(shape.layers)])
            angles += parts["scale"][:, :, None] * features.T[taken]
        # Twice each: an amplitude's real and imaginary part are turned alike.
        halves = np.repeat(angles / 2, 2, axis=2)
        return np.cos(halves).astype(self.precision), np.sin(halves).astype(self.precision)

    def _values(self, state: Array) -> Array:
        return (self._signs @ (state.real**2 + state.imag**2)).T

    def _by_angle(self, both: Array, wire: int) -> Array:
        """Each sample's derivative by a wire's Y angle."""
        zero, one = _halves(both, self._sides(wire))
        products = np.einsum("lrb,lrb->b", one[:, :, 1], zero[:, :, 0])
        products -= np.einsum("lrb,lrb->b", zero[:, :, 1], one[:, :, 0])
        return products.reshape(-1, 2).sum(axis=1)

    def _diagonal(self, phases: Array) -> Array:
        """What Z turns of all wires do to each basis state."""
        return np.exp(-0.5j * (phases @ self._signs)).astype(self._complex)

    def _sides(self, wire: int) -> tuple[int, int]:
        return 2**wire, 2 ** (self.architecture.wires - wire - 1)

    @property
    def _complex(self) -> type[np.complexfloating[Any, Any]]:
        return np.complex64 if self.precision is np.float32 else np.complex128

    @cached_property
    def _signs(self) -> Array:
        """Z of each wire in each basis state, the first wire's bit being the highest."""
        wires = self.architecture.wires
        bits = np.arange(2**wires) >> np.arange(wires - 1, -1, -1)[:, None] & 1
        return (1 - 2 * bits).astype(self.precision)

    @cached_property
    def _order(self) -> Array:
        """Where each amplitude comes from, over a layer's CNOTs."""
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
    """A state's real numbers where a wire is 0 and where it is 1, as views."""
    real = state.view(state.real.dtype)
    parts = real.reshape(sides[0], 2, sides[1], *real.shape[1:])
    return parts[:, 0], parts[:, 1]


def _turn(state: Array, sides: tuple[int, int], cosine: Array, sine: Array) -> None:
    """Turns a wire of every sample about Y, in place."""
    zero, one = _halves(state, sides)
    turned = cosine * zero - sine * one
    one *= cosine
    one += sine * zero
    zero[:] = turned
