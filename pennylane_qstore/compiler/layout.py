"""Runs to pulses: their order in time, and their phases for parameters.

A run is a rotation U. What the gates before it have left as a frame RZ(F) is taken along:
U·RZ(F) = RZ(F')·(pulses), where there is

    no pulse      where U is diagonal
    a GPi         where U is antidiagonal
    a GPi2        where |U₀₀| = |U₁₀|
    two GPi2      anywhere

and F' goes on to the next run, through ZZ as it is, through MS by its phases. The pulses' phases
follow from the Euler angles of U: IonQ, "Getting started with native gates", virtual Z.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.flips import Pattern
from pennylane_qstore.compiler.folding import TURN, Folded
from pennylane_qstore.program import Gate, Gates

Bits = NDArray[np.bool_]
Reals = NDArray[np.float64]
NOTHING, HALF, TWO_HALVES, PI = range(4)
_PULSES = ((), ("gpi2",), ("gpi2", "gpi2"), ("gpi",))


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """How a circuit's runs and entanglers hang together.

    Attributes:
        entangler: "ms" or "zz"
        chain_of: for each qubit, its runs, which are numbered along the qubits
        qubits: the two of each entangler, in time
        before: the runs that each entangler comes right after, shape (2, n_entanglers)
        open: the entanglers whose angles parameters decide
        sizes: the entanglers' angles in turns without signs, zero where parameters decide
        negative: whether they are negative, shape (n_entanglers, 1)
    """

    entangler: str
    chain_of: tuple[range, ...]
    qubits: tuple[tuple[int, int], ...]
    before: NDArray[np.int_]
    open: NDArray[np.int_]
    sizes: Reals
    negative: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The pulses of a circuit, for one pattern of its frames.

    Attributes:
        wiring: of the circuit
        pattern: of its frames
        gates: the pulses and entanglers, in time
        slots: where each number of the gates comes from, in the table that `numbers` makes
        two: the runs that take two pulses
        quarters: radians that are added to the phase of a run's only pulse, shape (n_runs, 1)
        antidiagonal: the runs that take a GPi
        turned: which runs of the pattern take two pulses, and their places among all that do
    """

    wiring: Wiring
    pattern: Pattern
    gates: Gates
    slots: NDArray[np.int_]
    two: NDArray[np.int_]
    quarters: Reals
    antidiagonal: NDArray[np.int_]
    turned: tuple[NDArray[np.int_], NDArray[np.int_]]

    def counts(self) -> tuple[int, int]:
        """Gates on two qubits, and on one."""
        pairs = len(self.wiring.qubits)
        return pairs, len(self.gates) - pairs

    def numbers(self, product: Reals, frames: tuple[Bits, Bits], fold: Folded) -> Reals:
        """The gates' numbers for parameters, shape (batch, n_slots).

        Args:
            product: the runs' quaternions, shape (n_runs, 4, batch)
            frames: what the pattern's frames before and after its runs are, shape (n, batch)
            fold: the open entanglers' angles, shape (n_open, batch)
        """
        wiring, two = self.wiring, self.two
        stay, move, tilt = self._flipped(_euler(product, two), frames)
        stay[self.antidiagonal] = 0.0  # rounding; any frame may stay after a GPi
        change = -2 * stay
        change[two] += tilt
        if wiring.entangler == "zz" and len(wiring.open):  # a half turn is a Z on both qubits
            change[wiring.before[:, wiring.open]] += np.where(fold.odd, np.pi, 0.0)
        after = np.empty_like(change)
        for own in wiring.chain_of:
            runs = slice(own.start, own.stop)
            np.add.accumulate(change[runs], out=after[runs])
        first = stay + move + self.quarters - (after - change)
        phases = [first, first[two] - (tilt + np.pi)]
        if wiring.entangler == "ms":
            phases += self._ms_phases(after, fold)
        turns = np.concatenate(phases)
        turns *= 1 / TURN
        turns -= np.rint(turns)
        return np.concatenate([turns, self._sizes(fold)])[self.slots].T

    def _flipped(
        self, euler: tuple[Reals, Reals, Reals], frames: tuple[Bits, Bits]
    ) -> tuple[Reals, Reals, Reals]:
        """What the pattern's frames, -iX before and after U, make of the angles."""
        stay, move, tilt = euler
        runs = self.pattern.runs
        if not len(runs):
            return euler
        before, after = frames
        quarter = np.pi / 2
        stays = np.where(before, quarter - move[runs], stay[runs])
        moves = np.where(before, -quarter - stay[runs], move[runs])
        stay[runs] = np.where(after, moves - quarter, stays)
        move[runs] = np.where(after, stays - quarter, moves)
        own, places = self.turned
        if len(own):
            turned = tilt[places]
            tilt[places] = np.where((before ^ after)[own], np.pi - turned, turned)
        return stay, move, tilt

    def _ms_phases(self, after: Reals, fold: Folded) -> list[Reals]:
        """MS's phases on its first and on its second qubit, in radians."""
        wiring = self.wiring
        negative = np.repeat(wiring.negative, after.shape[-1], axis=1)
        negative[wiring.open] = fold.negative
        # MS(φ₀, φ₁, -θ) = MS(φ₀+½, φ₁, θ)
        first, second = wiring.before
        return [np.where(negative, np.pi, 0.0) - after[first], -after[second]]

    def _sizes(self, fold: Folded) -> Reals:
        sizes = np.repeat(self.wiring.sizes, fold.size.shape[-1], axis=1)
        sizes[self.wiring.open] = fold.size
        return sizes


def layout(wiring: Wiring, pattern: Pattern, pulses: NDArray[np.int_]) -> Layout:
    """The pulses of a circuit in time.

    Args:
        wiring: of the circuit
        pattern: of its frames
        pulses: how many each run takes, but for those that the pattern names
    """
    kinds = pulses.copy()
    kinds[list(pattern.flipped)] = PI
    kinds[list(pattern.opened)] = TWO_HALVES
    two = np.flatnonzero(kinds == TWO_HALVES)
    second = dict(zip(two.tolist(), range(len(kinds), len(kinds) + len(two)), strict=True))
    gates, slots = _in_time(wiring, kinds.tolist(), second)
    quarters = np.where((kinds == HALF) | (kinds == PI), np.pi / 2, 0.0)[:, None]
    table = np.array(slots, dtype=int)
    own = np.flatnonzero(np.isin(pattern.runs, two))
    turned = own, np.searchsorted(two, pattern.runs[own])
    antidiagonal = np.flatnonzero(kinds == PI)
    return Layout(wiring, pattern, gates, table, two, quarters, antidiagonal, turned)


def _in_time(
    wiring: Wiring, kinds: Sequence[int], second: dict[int, int]
) -> tuple[Gates, list[int]]:
    """The gates, and the row of each of their numbers in the table of `numbers`."""
    n_entanglers = len(wiring.qubits)
    phases = len(kinds) + len(second)
    sizes = phases + (2 * n_entanglers if wiring.entangler == "ms" else 0)
    gates: list[Gate] = []
    slots: list[int] = []
    waiting = [iter(own) for own in wiring.chain_of]

    def play(qubit: int) -> None:
        run = next(waiting[qubit])
        names = _PULSES[kinds[run]]
        gates.extend(Gate(name, (qubit,)) for name in names)
        slots.extend([run, second.get(run, run)][: len(names)])

    for index, qubits in enumerate(wiring.qubits):
        for qubit in qubits:
            play(qubit)
        gates.append(Gate(wiring.entangler, qubits))
        if wiring.entangler == "ms":
            slots.extend([phases + index, phases + n_entanglers + index])
        slots.append(sizes + index)
    for qubit in range(len(waiting)):
        play(qubit)
    return Gates(gates), slots


def _euler(product: Reals, two: NDArray[np.int_]) -> tuple[Reals, Reals, Reals]:
    """The phases of U₀₀ and U₁₀, and of some runs, the angle with |U₁₀|/|U₀₀| as half its tangent.

    The two phases have meaning where the amplitudes are not zero, and only then do they matter.
    """
    w, x, y, z = product.transpose(1, 0, 2)
    stay, move = np.arctan2(-z, w), np.arctan2(-x, y)
    w, x, y, z = np.square(product[two]).transpose(1, 0, 2)
    return stay, move, 2 * np.arctan2(np.sqrt(x + y), np.sqrt(w + z))
