"""Bring entanglers' angles into the range that the API takes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Reals

TURN = 2 * np.pi
MOST = 0.25  # turns


class Folded(NamedTuple):
    """Angles taken apart; arrays of one shape.

    Attributes:
        odd: whether an odd number of half turns is taken away
        negative: whether what is left is negative
        size: what is left in turns without its sign, in [0, ¼]
    """

    odd: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    size: Reals

    def of(self, rows: NDArray[np.int64]) -> "Folded":
        """Return some columns."""
        return Folded(self.odd[:, rows], self.negative[:, rows], self.size[:, rows])


def folded(angles: Reals, entangler: str) -> Folded:
    """Return angles brought into the range of an entangler, and what was taken off them.

    Quarter turns of both signs differ by a half turn. So they are positive for ZZ, where a sign
    takes pulses and a half turn takes none, and not odd for MS, where it is the other way round.

    Args:
        angles: in radians
        entangler: "ms" or "zz"
    """
    if not angles.size:
        nothing = np.zeros(angles.shape, dtype=bool)
        return Folded(nothing, nothing, np.zeros(angles.shape))
    turns = in_turns(angles)
    halves = np.rint(2 * turns)
    rest = turns - halves / 2
    odd, negative = is_odd(halves), rest < 0
    size = np.minimum(np.abs(rest), MOST)
    turned = (size > MOST - tolerances.RANGE_END) & (negative if entangler == "zz" else odd)
    return Folded(odd ^ turned, negative ^ turned, size)


def in_turns(angles: Reals) -> Reals:
    """Return angles in turns; large ones may be whole turns away.

    Args:
        angles: at least one
    """
    if np.abs(angles).max() > tolerances.LARGE_ANGLE:
        angles = np.arctan2(np.sin(angles), np.cos(angles))
    return angles / TURN


def is_odd(numbers: Reals) -> NDArray[np.bool_]:
    """Return whether whole numbers are odd; faster than by the remainder."""
    halves = numbers / 2
    found: NDArray[np.bool_] = halves != np.floor(halves)
    return found
