"""The gauge of MS: a free rotation about X at each end of each MS saves pulses.

MS commutes with RX on its qubits, so that layer U_k may become RX(a_k)·U_k·RX(-a_{k-1}), where a_k
is any angle at the boundary between layer k and the qubit's next entangler. With one free angle a
layer takes one pulse instead of two, with two it takes none. The angle at a boundary is

    a constant      a multiple of π/4
    found forward   from the layer before it and the angle before that
    found backward  from the layer after it and the angle after that

and a layer's pulse count does not depend on the value of an angle that was found. So the choice is
made once for a structure, on a few samples, and holds for all parameters, special ones too.

Written with p = w + ix and r = y + iz, a rotation is turned to p·exp(i(a_k - a_{k-1})/2) and
r·exp(i(a_k + a_{k-1})/2). The Bloch vector of U|0⟩ is on the equator, which is one pulse, where
Re(E'·D) = 0 for E = exp(i a_{k-1}), E' = exp(i a_k) and D = E*·p² - E·r²; and on the pole, which is
none, where E'·D = 1. Backward the same holds for the inverse of U, which has p* and -r.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.circuit.quaternions import unit_phases
from pennylane_qstore.compiler.pulses.wiring import always, pulses_needed

Complex = NDArray[np.complex128]
# What a boundary's angle is: one of the constants, or found.
_CONSTANTS = np.arange(4) * np.pi / 4
FORWARD, BACKWARD = len(_CONSTANTS), len(_CONSTANTS) + 1
_STATES = len(_CONSTANTS) + 2
_UNIT: Complex = np.exp(1j * _CONSTANTS)
_PULSE, _FOUND = 1 << 20, 1  # a pulse less is worth more than any number of angles to find


def _pulses_of_any_layer() -> NDArray[np.int_]:
    """Return the pulses of a layer that nothing is known of, by the states before and after it."""
    pulses = np.full((_STATES, _STATES), 2)
    pulses[:, FORWARD] = pulses[BACKWARD] = 1
    pulses[FORWARD, BACKWARD], pulses[BACKWARD, FORWARD] = 2, 0
    return pulses


_GENERIC = _pulses_of_any_layer()


class Choice(NamedTuple):
    """The best gauge of a circuit's layers.

    Attributes:
        pulses: how many each layer takes: none, one or two
        before: the state of the boundary before each layer, an index into the constants or found
        after: that of the boundary after each layer
    """

    pulses: NDArray[np.int_]
    before: NDArray[np.int_]
    after: NDArray[np.int_]


class GaugeStep(NamedTuple):
    """Some boundaries' angles from those next to them.

    Attributes:
        boundaries: those whose angles are computed
        others: the boundaries at the other ends of the layers; -1 is an angle of zero
        layers: the layers in between
        backward: which of the boundaries come before their layers, shape (n, 1)
        factors: 1 to get a layer to the pole and 1j for the equator, shape (n, 1)
    """

    boundaries: NDArray[np.int_]
    others: NDArray[np.int_]
    layers: NDArray[np.int_]
    backward: NDArray[np.bool_]
    factors: Complex


@dataclass(frozen=True, slots=True, eq=False)
class Gauge:
    """The boundaries whose angles are found when parameters are bound.

    Attributes:
        count: how many they are
        both: the boundaries before and after, and the layers that two angles turn to the pole
        steps: what to find after that, in this order
        layers: those that have such a boundary
        before: theirs, -1 where it is none
        after: theirs, -1 where it is none
    """

    count: int
    both: tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]
    steps: tuple[GaugeStep, ...]
    layers: NDArray[np.int_]
    before: NDArray[np.int_]
    after: NDArray[np.int_]

    def among(self, layers: NDArray[np.int_], count: int) -> "Gauge":
        """Return the same where only some layers are kept, all of its own among them.

        Args:
            layers: those that are kept, in their new order
            count: of all layers
        """
        place_of = np.zeros(count, dtype=int)
        place_of[layers] = np.arange(len(layers))
        return replace(self, layers=place_of[self.layers])

    def apply(self, product: Reals) -> None:
        """Turns the layers, in place.

        Args:
            product: quaternions of shape (n_layers, 4, batch)
        """
        if not self.count:
            return
        own = product[self.layers]
        p, r = own[:, 0] + 1j * own[:, 1], own[:, 2] + 1j * own[:, 3]
        quarters = np.tan(self._angles(p * p, r * r) * 0.25)
        turns = (1 + 1j * quarters) ** 2 / (1 + quarters * quarters)
        p *= turns[self.after] * turns[self.before].conj()
        r *= turns[self.after] * turns[self.before]
        product[self.layers] = np.stack([p.real, p.imag, r.real, r.imag], axis=1)

    def _angles(self, p2: Complex, r2: Complex) -> Reals:
        """Return the boundaries' angles in radians, and a zero at the end."""
        units = np.ones((self.count + 1, p2.shape[-1]), dtype=complex)
        before, after, layers = self.both
        if len(layers):
            difference, total = unit_phases(p2[layers].conj()), unit_phases(-r2[layers].conj())
            units[after] = np.exp(0.5j * np.angle(difference * total))
            units[before] = units[after] * difference.conj()
        for boundaries, others, layers, backward, factors in self.steps:
            here = units[others]
            ahead = np.where(backward, p2[layers].conj(), p2[layers])
            units[boundaries] = factors * unit_phases(
                (here.conj() * ahead - here * r2[layers]).conj()
            )
        angles: Reals = np.angle(units)
        return angles


def choose(samples: Reals, layers_of: Sequence[Sequence[int]], opaque: NDArray[np.bool_]) -> Choice:
    """Return the states of a circuit's boundaries that take the fewest pulses.

    Args:
        samples: the layers at generic parameters, quaternions (n_layers, 4, n_samples)
        layers_of: for each qubit, its layers
        opaque: layers whose samples say nothing about other parameters
    """
    prices = pulses_between(samples, opaque) * _PULSE
    prices[:, :, FORWARD:] += _FOUND
    before, after = np.zeros(len(samples), dtype=int), np.zeros(len(samples), dtype=int)
    for own in layers_of:
        states = _cheapest(prices[list(own)])
        before[list(own)], after[list(own)] = states[:-1], states[1:]
    pulses = prices[np.arange(len(samples)), before, after] // _PULSE
    return Choice(pulses, before, after)


def constants(states: NDArray[np.int_]) -> Reals:
    """Return the boundaries' angles in radians, zero where they are found at binding."""
    return np.append(_CONSTANTS, [0.0, 0.0])[states]


def gauge(choice: Choice) -> Gauge:
    """Return what is computed when parameters are bound.

    Args:
        choice: for the circuit's layers, which are numbered along each qubit
    """
    is_found = choice.after >= FORWARD
    after = np.where(is_found, np.cumsum(is_found) - 1, -1)
    before = np.where(choice.before >= FORWARD, np.roll(after, 1), -1)
    layers = np.flatnonzero((before >= 0) | (after >= 0))
    forward = choice.after[layers] == FORWARD
    backward = choice.before[layers] == BACKWARD
    before, after = before[layers], after[layers]
    both = np.flatnonzero(forward & backward)
    factors = np.where(choice.pulses[layers] == 0, 1, 1j)
    levels: dict[int, list[tuple[int, int, int, bool]]] = {}
    level_of = {-1: 0, **dict.fromkeys([*before[both].tolist(), *after[both].tolist()], 0)}

    def find(layer: int, boundary: int, other: int, is_backward: bool) -> None:
        level_of[boundary] = level_of[other] + 1
        levels.setdefault(level_of[boundary], []).append((boundary, other, layer, is_backward))

    for layer in np.flatnonzero(forward & ~backward).tolist():
        find(layer, int(after[layer]), int(before[layer]), is_backward=False)
    for layer in np.flatnonzero(backward & ~forward)[::-1].tolist():
        find(layer, int(before[layer]), int(after[layer]), is_backward=True)
    steps = []
    for _, own in sorted(levels.items()):
        boundaries, others, places, flags = (np.array(column) for column in zip(*own, strict=True))
        steps.append(GaugeStep(boundaries, others, places, flags[:, None], factors[places, None]))
    whole = (before[both], after[both], both)
    return Gauge(int(is_found.sum()), whole, tuple(steps), layers, before, after)


def _cheapest(prices: NDArray[np.int_]) -> list[int]:
    """Return the states of the boundaries of one qubit, from its start to its end.

    Args:
        prices: of each layer, by the states before and after it
    """
    totals = np.full(_STATES, np.iinfo(np.int64).max // 2)
    totals[0] = 0
    came_from = []
    for price in prices:
        options = totals[:, None] + price
        came_from.append(options.argmin(axis=0).tolist())
        totals = options.min(axis=0)
    states = [0]
    for best in reversed(came_from):
        states.append(best[states[-1]])
    return states[::-1]


def pulses_between(samples: Reals, opaque: NDArray[np.bool_]) -> NDArray[np.int_]:
    """How many pulses each layer takes, by the states of the boundaries before and after it.

    Args:
        samples: the layers at generic parameters, quaternions (n_layers, 4, n_samples)
        opaque: layers whose samples say nothing about other parameters

    Returns:
        shape (n_layers, n_states, n_states)
    """
    p, r = samples[:, 0] + 1j * samples[:, 1], samples[:, 2] + 1j * samples[:, 3]
    pulses = np.tile(_GENERIC, (len(samples), 1, 1))
    some = slice(len(_CONSTANTS))
    pulses[:, some, some] = _between_constants(p, r)
    to_pole, on_axis = _from_constants(p, r)
    pulses[:, some, FORWARD] -= to_pole
    pulses[:, some, BACKWARD] -= on_axis
    to_pole, on_axis = _from_constants(p.conj(), -r)
    pulses[:, BACKWARD, some] -= to_pole
    pulses[:, FORWARD, some] -= on_axis
    keeps_axis = always(p) | always(r)
    pulses[keeps_axis, FORWARD, FORWARD] = pulses[keeps_axis, BACKWARD, BACKWARD] = 0
    pulses[opaque] = _GENERIC
    return pulses


def _between_constants(p: Complex, r: Complex) -> NDArray[np.int_]:
    """Return each layer's pulses between constants, shape (n_layers, n_constants, n_constants)."""
    half = np.exp(0.5j * _CONSTANTS)[:, None]
    first, last = half[:, None], half
    p, r = p[:, None, None], r[:, None, None]
    p, r = last * first.conj() * p, last * first * r
    return pulses_needed(np.hypot(p.real, r.imag), np.hypot(p.imag, r.real))


def _from_constants(p: Complex, r: Complex) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether an angle after a layer takes |0⟩ to the pole, and whether it changes nothing.

    The first where the Bloch vector has no part along MS's axis, the second where it has no other.
    Both by the constant before the layer: shape (n_layers, n_constants).
    """
    unit = _UNIT[:, None]
    p, r = p[:, None], r[:, None]
    along = (unit.conj() * p * r.conj()).real
    across = unit.conj() * p * p - unit * r * r
    return always(along), always(across)
