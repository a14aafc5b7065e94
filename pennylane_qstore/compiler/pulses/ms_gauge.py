"""MS and the turns about its axis: fewer pulses by a free angle at each end of each entangler.

MS commutes with RX on its qubits, so that run U_k may become RX(a_k)·U_k·RX(-a_{k-1}), where a_k is
any angle at the boundary between run k and the qubit's next entangler. One free angle makes a run
take one pulse instead of two, two make it take none. At a boundary the angle is

    a constant      a multiple of π/4
    found forward   from the run before it and the angle before that
    found backward  from the run after it and the angle after that

and what a run takes does not depend on the value of an angle that was found. So the choice, made
once for a structure on a few samples, holds for all parameters, special ones too.

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
from pennylane_qstore.compiler.pulses.pulse_counts import always, pulses_needed

Complex = NDArray[np.complex128]
# What a boundary's angle is: one of the constants, or found.
_CONSTANTS = np.arange(4) * np.pi / 4
FORWARD, BACKWARD = len(_CONSTANTS), len(_CONSTANTS) + 1
_STATES = len(_CONSTANTS) + 2
_UNIT: Complex = np.exp(1j * _CONSTANTS)
_PULSE, _FOUND = 1 << 20, 1  # a pulse less is worth more than any number of angles to find


def _pulses_of_any_run() -> NDArray[np.int_]:
    """What a run takes if nothing is known of it, by the states before and after it."""
    pulses = np.full((_STATES, _STATES), 2)
    pulses[:, FORWARD] = pulses[BACKWARD] = 1
    pulses[FORWARD, BACKWARD], pulses[BACKWARD, FORWARD] = 2, 0
    return pulses


_GENERIC = _pulses_of_any_run()


class Choice(NamedTuple):
    """What is best for a circuit's runs.

    Attributes:
        pulses: how many each run takes: none, one or two
        before: the state of the boundary before each run, an index into the constants or found
        after: that of the boundary after each run
    """

    pulses: NDArray[np.int_]
    before: NDArray[np.int_]
    after: NDArray[np.int_]


class GaugeStep(NamedTuple):
    """Some boundaries' angles from those next to them.

    Attributes:
        found: the boundaries
        known: the boundaries at the other ends of the runs; -1 is an angle of zero
        runs: the runs in between
        backward: which of the boundaries come before their runs, shape (n, 1)
        factors: 1 to get a run to the pole and 1j for the equator, shape (n, 1)
    """

    found: NDArray[np.int_]
    known: NDArray[np.int_]
    runs: NDArray[np.int_]
    backward: NDArray[np.bool_]
    factors: Complex


@dataclass(frozen=True, slots=True, eq=False)
class Gauge:
    """The boundaries whose angles are found when parameters are bound.

    Attributes:
        count: how many they are
        both: the boundaries before and after, and the runs that two angles turn to the pole
        steps: what to find after that, in this order
        runs: those that have such a boundary
        before: theirs, -1 where it is none
        after: theirs, -1 where it is none
    """

    count: int
    both: tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]
    steps: tuple[GaugeStep, ...]
    runs: NDArray[np.int_]
    before: NDArray[np.int_]
    after: NDArray[np.int_]

    def among(self, runs: NDArray[np.int_], count: int) -> "Gauge":
        """The same where only some runs are kept, all of its own among them.

        Args:
            runs: those that are kept, in their new order
            count: of all runs
        """
        place_of = np.zeros(count, dtype=int)
        place_of[runs] = np.arange(len(runs))
        return replace(self, runs=place_of[self.runs])

    def apply(self, product: Reals) -> None:
        """Turns the runs, in place.

        Args:
            product: quaternions of shape (n_runs, 4, batch)
        """
        if not self.count:
            return
        own = product[self.runs]
        p, r = own[:, 0] + 1j * own[:, 1], own[:, 2] + 1j * own[:, 3]
        quarters = np.tan(self._angles(p * p, r * r) * 0.25)
        turns = (1 + 1j * quarters) ** 2 / (1 + quarters * quarters)
        p *= turns[self.after] * turns[self.before].conj()
        r *= turns[self.after] * turns[self.before]
        product[self.runs] = np.stack([p.real, p.imag, r.real, r.imag], axis=1)

    def _angles(self, p2: Complex, r2: Complex) -> Reals:
        """The boundaries' angles in radians, and a zero at the end."""
        units = np.ones((self.count + 1, p2.shape[-1]), dtype=complex)
        before, after, runs = self.both
        if len(runs):
            difference, total = unit_phases(p2[runs].conj()), unit_phases(-r2[runs].conj())
            units[after] = np.exp(0.5j * np.angle(difference * total))
            units[before] = units[after] * difference.conj()
        for found, known, runs, backward, factors in self.steps:
            here = units[known]
            ahead = np.where(backward, p2[runs].conj(), p2[runs])
            units[found] = factors * unit_phases((here.conj() * ahead - here * r2[runs]).conj())
        angles: Reals = np.angle(units)
        return angles


def choose(samples: Reals, chain_of: Sequence[Sequence[int]], opaque: NDArray[np.bool_]) -> Choice:
    """What to do with the free angles of a circuit.

    Args:
        samples: the runs at a few generic parameters, quaternions of shape (n_runs, 4, n_samples)
        chain_of: for each qubit, its runs
        opaque: runs whose samples say nothing about other parameters
    """
    prices = pulses_between(samples, opaque) * _PULSE
    prices[:, :, FORWARD:] += _FOUND
    before, after = np.zeros(len(samples), dtype=int), np.zeros(len(samples), dtype=int)
    for own in chain_of:
        states = _cheapest(prices[list(own)])
        before[list(own)], after[list(own)] = states[:-1], states[1:]
    pulses = prices[np.arange(len(samples)), before, after] // _PULSE
    return Choice(pulses, before, after)


def constants(states: NDArray[np.int_]) -> Reals:
    """The angles of boundaries in radians, zero where they are to be found."""
    return np.append(_CONSTANTS, [0.0, 0.0])[states]


def gauge(choice: Choice) -> Gauge:
    """What to compute when parameters are bound.

    Args:
        choice: for the circuit's runs, which are numbered along each qubit
    """
    is_found = choice.after >= FORWARD
    after = np.where(is_found, np.cumsum(is_found) - 1, -1)
    before = np.where(choice.before >= FORWARD, np.roll(after, 1), -1)
    runs = np.flatnonzero((before >= 0) | (after >= 0))
    forward = choice.after[runs] == FORWARD
    backward = choice.before[runs] == BACKWARD
    before, after = before[runs], after[runs]
    both = np.flatnonzero(forward & backward)
    factors = np.where(choice.pulses[runs] == 0, 1, 1j)
    levels: dict[int, list[tuple[int, int, int, bool]]] = {}
    level_of = {-1: 0, **dict.fromkeys([*before[both].tolist(), *after[both].tolist()], 0)}

    def find(run: int, found: int, known: int, is_backward: bool) -> None:
        level_of[found] = level_of[known] + 1
        levels.setdefault(level_of[found], []).append((found, known, run, is_backward))

    for run in np.flatnonzero(forward & ~backward).tolist():
        find(run, int(after[run]), int(before[run]), is_backward=False)
    for run in np.flatnonzero(backward & ~forward)[::-1].tolist():
        find(run, int(before[run]), int(after[run]), is_backward=True)
    steps = []
    for _, own in sorted(levels.items()):
        found, known, places, flags = (np.array(column) for column in zip(*own, strict=True))
        steps.append(GaugeStep(found, known, places, flags[:, None], factors[places, None]))
    whole = (before[both], after[both], both)
    return Gauge(int(is_found.sum()), whole, tuple(steps), runs, before, after)


def _cheapest(prices: NDArray[np.int_]) -> list[int]:
    """The states of the boundaries of one qubit, from its start to its end.

    Args:
        prices: of each run, by the states before and after it
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
    """How many pulses each run takes, by the states of the boundaries before and after it.

    Args:
        samples: the runs at a few generic parameters, quaternions of shape (n_runs, 4, n_samples)
        opaque: runs whose samples say nothing about other parameters

    Returns:
        shape (n_runs, n_states, n_states)
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
    """What each run takes with constants before and after it, (n_runs, before, after)."""
    half = np.exp(0.5j * _CONSTANTS)[:, None]
    first, last = half[:, None], half
    p, r = p[:, None, None], r[:, None, None]
    p, r = last * first.conj() * p, last * first * r
    return pulses_needed(np.hypot(p.real, r.imag), np.hypot(p.imag, r.real))


def _from_constants(p: Complex, r: Complex) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether an angle after a run gets |0⟩ to the pole, and whether it changes nothing.

    The first where the Bloch vector has no part along MS's axis, the second where it has no other.
    Both by the constant before the run: shape (n_runs, n_constants).
    """
    unit = _UNIT[:, None]
    p, r = p[:, None], r[:, None]
    along = (unit.conj() * p * r.conj()).real
    across = unit.conj() * p * p - unit * r * r
    return always(along), always(across)
