"""The pulses of single-qubit layers: their order in time, and their phases for parameters.

A layer is a rotation U. The gates before it leave a frame RZ(F), and
U·RZ(F) = RZ(F')·(pulses), where there is

    no pulse      where U is diagonal
    a GPi         where U is antidiagonal
    a GPi2        where |U₀₀| = |U₁₀|
    two GPi2      anywhere

and F' goes on to the next layer, through ZZ as it is, through MS by its phases. The pulses' phases
follow from the Euler angles of U: IonQ, "Getting started with native gates", virtual Z.

Parameters give a table when they are bound. Each number of a program is a row of it plus a
constant (wiring.py). Angles are in turns here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.pulses.angle_range import TURN, Folded
from pennylane_qstore.compiler.pulses.wiring import (
    HALF_TURN,
    PI,
    QUARTER_TURN,
    TWO_HALVES,
    Rows,
    Still,
    Wiring,
    schedule,
)
from pennylane_qstore.compiler.pulses.x_frames import FramePattern, Frames

Bits = NDArray[np.bool_]
Indices = NDArray[np.int_]
_EVERY = slice(None)


class Entangling(NamedTuple):
    """The angles of a circuit's open entanglers.

    Attributes:
        signed: of those that may have any, shape (n_signed, batch)
        steady: of those that are in the API's range, in turns, shape (n_steady, batch)
    """

    signed: Folded
    steady: Reals

    def of(self, circuits: Indices) -> "Entangling":
        """Return those of some circuits of the batch."""
        return Entangling(self.signed.of(circuits), self.steady[:, circuits])


class Layout:
    """The pulses of a circuit, for one pattern of its frames.

    Attributes:
        pattern: of its frames
        gates: the pulses and entanglers, in time
    """

    def __init__(
        self, wiring: Wiring, pattern: FramePattern, pulses: Indices, moving: Indices, still: Reals
    ) -> None:
        """Finds the gates, and what their numbers are made of.

        Args:
            wiring: of the circuit
            pattern: of its frames
            pulses: how many each layer takes, but for those that the pattern names
            moving: the layers that parameters move; all where parameters decide about frames
            still: all layers as quaternions, (n_layers, 4), which mean nothing where they move
        """
        self.pattern, self._wiring = pattern, wiring
        kinds = pulses.copy()
        kinds[list(pattern.flipped)] = PI
        kinds[list(pattern.opened)] = TWO_HALVES
        place_of = np.full(len(kinds), -1)
        place_of[moving] = np.arange(len(moving))
        own = kinds[moving]

        two = np.flatnonzero(own == TWO_HALVES)
        self._two: Indices | slice = two if len(two) < len(moving) else _EVERY
        self._antidiagonal = np.flatnonzero(own == PI)
        self._flipped = place_of[pattern.layers]
        turned = np.flatnonzero(np.isin(self._flipped, two))
        self._turned = turned, np.searchsorted(two, self._flipped[turned])
        self._before_signed = place_of[wiring.before[:, wiring.signed]]

        rows = Rows(wiring, place_of, two)
        ends, tilt = _euler(still[:, :, None], _EVERY)
        ends[kinds == PI, 0] = 0.0
        found = schedule(wiring, kinds.tolist(), rows, Still(ends[..., 0], tilt[:, 0]))
        self.gates, self._rows = found.gates, rows
        self._from, self._constants = found.rows, found.constants[:, None]

    def counts(self) -> tuple[int, int]:
        """Return how many gates there are on two qubits, and on one."""
        pairs = len(self._wiring.qubits)
        return pairs, len(self.gates) - pairs

    def numbers(self, product: Reals, frames: Frames, angles: Entangling) -> Reals:
        """Return the gates' numbers for parameters, shape (batch, n_slots).

        Args:
            product: the moving layers' quaternions, shape (n_moving, 4, batch)
            frames: the pattern's
            angles: of the open entanglers
        """
        rows, table = self._rows, np.empty((self._rows.count, product.shape[-1]))
        ends, tilt = _euler(product, self._two)
        if len(self._flipped):
            self._flip(ends, tilt, frames)
        minus_stay, minus_move = ends[:, 0], ends[:, 1]
        minus_stay[self._antidiagonal] = 0.0  # rounding; any frame may stay after a GPi
        drop = -2 * minus_stay
        drop[self._two] -= tilt
        if self._wiring.entangler == "zz":  # a half turn is a Z on both qubits
            drop[self._before_signed] -= HALF_TURN * angles.signed.odd
        lag = table[rows.lag]
        self._carry(drop, lag)
        first = table[rows.first]
        lag.take(rows.lag_of, axis=0, out=first, mode="clip")
        for part in (drop, minus_stay, minus_move):
            first -= part
        np.subtract(first[self._two], tilt, out=table[rows.second])
        if self._wiring.entangler == "ms":  # MS(φ₀, φ₁, -θ) = MS(φ₀+½, φ₁, θ)
            table[rows.turned] = lag[rows.lag_turned] + HALF_TURN * angles.signed.negative
        table[rows.signed], table[rows.steady] = angles.signed.size, angles.steady
        table[rows.zero] = 0.0
        numbers = table.take(self._from, axis=0)
        numbers += self._constants
        numbers -= np.rint(numbers)
        return numbers.T

    def _carry(self, drop: Reals, lag: Reals) -> None:
        """What each moving layer takes off its frame, summed along the qubits into the lags."""
        drop.take(self._rows.filled, axis=0, out=lag, mode="clip")
        qubits, longest = self._rows.lags
        along = lag.reshape(qubits, longest, lag.shape[-1])
        for place in range(1, longest):
            along[:, place] += along[:, place - 1]

    def _flip(self, ends: Reals, tilt: Reals, frames: Frames) -> None:
        """Takes in the pattern's frames, -iX before and after the layers."""
        before, after, _ = frames
        one, other = ends[self._flipped].swapaxes(0, 1)
        ones = np.where(before, -QUARTER_TURN - other, one)
        others = np.where(before, QUARTER_TURN - one, other)
        ends[self._flipped, 0] = np.where(after, others + QUARTER_TURN, ones)
        ends[self._flipped, 1] = np.where(after, ones + QUARTER_TURN, others)
        own, places = self._turned
        if len(own):
            turned = tilt[places]
            tilt[places] = np.where((before ^ after)[own], HALF_TURN - turned, turned)


def _euler(product: Reals, two: Indices | slice) -> tuple[Reals, Reals]:
    """Runs' angles in turns.

    Args:
        product: quaternions of shape (n_layers, 4, batch)
        two: those that take two pulses

    Returns:
        minus the phases of U₀₀ and U₁₀, shape (n_layers, 2, batch), which have meaning where the
        amplitudes are not zero, and only then do they matter; and of some layers the angle with
        |U₁₀|/|U₀₀| as half its tangent
    """
    # U₀₀ = w - iz and U₁₀ = y - ix
    ends = np.arctan2(product[:, 3::-2], product[:, ::2])
    ends *= 1 / TURN
    squares = np.square(product[two])
    sizes = squares[:, :2] + squares[:, :1:-1]
    np.sqrt(sizes, out=sizes)
    tilt = np.arctan2(sizes[:, 1], sizes[:, 0])
    tilt *= 2 / TURN
    return ends, tilt
