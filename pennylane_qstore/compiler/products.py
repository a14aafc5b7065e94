"""Runs to their unitaries, all runs and all circuits of a batch at once, as quaternions.

A product is linear in each of its factors. So a piece of a run, with two turns at most, is a
constant matrix times the products of its turns' half-angle cosines and sines, and what is constant
in a piece costs nothing when parameters are bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.chains import Factor, Fixed, Local, Turn

Reals = NDArray[np.float64]
Quaternion = tuple[float, float, float, float]
_Number = TypeVar("_Number", float, Reals)
ONE: Quaternion = (1.0, 0.0, 0.0, 0.0)
_AXES: dict[str, Quaternion] = {"X": (0, 1, 0, 0), "Y": (0, 0, 1, 0), "Z": (0, 0, 0, 1)}
_BASIS: tuple[Quaternion, ...] = (ONE, *_AXES.values())
_MOST_TURNS = 2  # of a piece, whose matrix has 2**turns columns


class Pieces(NamedTuple):
    """One piece each of some runs, in the same place and of the same kind.

    Attributes:
        rows: the runs
        slots: the angles that the pieces turn by, (n_turns, n_rows); or the locals, (n_rows,)
        matrices: what makes a quaternion of the turns' cosines and sines, multiplied out, or of
            the locals' quaternions; shape (n_rows, 4, 2**n_turns) or (n_rows, 4, 4)
    """

    rows: NDArray[np.int_]
    slots: NDArray[np.int_]
    matrices: Reals

    def at(self, halves: Reals, gates: Reals) -> Reals:
        """The pieces' quaternions.

        Args:
            halves: cosines and sines of half the angles, shape (n_angles, 2, batch)
            gates: the locals, shape (n_locals, 4, batch)
        """
        if self.slots.ndim == 1:
            return self.matrices @ gates[self.slots]
        if not len(self.slots):
            return self.matrices
        first, *others = halves[self.slots]
        for second in others:
            first = (second[:, :, None] * first[:, None]).reshape(len(first), -1, first.shape[-1])
        return self.matrices @ first


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """What runs are the products of, ready for parameters.

    Attributes:
        pieces: those of the runs' first places, then those of their second ones, and so on
        lengths: how many pieces each run has, at least one
        turning: the angles that turn something; the pieces' slots are places in this list
    """

    pieces: tuple[tuple[Pieces, ...], ...]
    lengths: NDArray[np.int_]
    turning: NDArray[np.int_]

    def between(self, before: Reals, after: Reals) -> "Products":
        """The same runs between constants.

        Args:
            before: what comes before each run, quaternions (n_runs, 4)
            after: what comes after each run
        """
        places = []
        for place, found in enumerate(self.pieces):
            turned = []
            for rows, slots, matrices in found:
                last = (self.lengths[rows] == place + 1)[:, None]
                changed = _from_left(np.where(last, after[rows], ONE)) @ matrices
                if place == 0:
                    changed = _from_right(before[rows]) @ changed
                turned.append(Pieces(rows, slots, changed))
            places.append(tuple(turned))
        return replace(self, pieces=tuple(places))

    def at(self, angles: Reals, gates: Reals) -> Reals:
        """The runs' unitaries for parameters.

        Args:
            angles: what the chains' slots hold, shape (n_angles, batch)
            gates: what the chains' locals are, shape (n_locals, 4, batch)

        Returns:
            quaternions of shape (n_runs, 4, batch)
        """
        product = np.empty((len(self.lengths), 4, angles.shape[-1]))
        halves = np.stack(half_angles(angles[self.turning]), axis=1)
        for place, found in enumerate(self.pieces):
            for pieces in found:
                value = pieces.at(halves, gates)
                rows = pieces.rows
                product[rows] = _product(value, product[rows]) if place else value
        return product


def products(runs: Sequence[Sequence[Factor]]) -> Products:
    """Runs, each a list of factors in time, to what must be computed for them."""
    turning: dict[int, int] = {}
    cut = [_pieces(run, turning) for run in runs]
    places = []
    for place in range(max(map(len, cut), default=0)):
        groups: dict[str | int, list[tuple[int, _Piece]]] = {}
        for row, pieces in enumerate(cut):
            if len(pieces) > place:
                groups.setdefault(pieces[place].kind, []).append((row, pieces[place]))
        places.append(tuple(_gathered(kind, own) for kind, own in groups.items()))
    lengths = np.array([len(pieces) for pieces in cut], dtype=int)
    return Products(tuple(places), lengths, np.array(list(turning), dtype=int))


def half_angles(angles: Reals) -> tuple[Reals, Reals]:
    """Cosines and sines of half of some angles.

    By the tangent of a quarter of them, because NumPy has a fast tangent: the two differ by
    rounding from what they are, and the sum of their squares by rounding from one.
    """
    tangents = np.tan(angles / 4)
    squares = tangents * tangents
    total = 1 + squares
    return (1 - squares) / total, 2 * tangents / total


def times(
    left: tuple[_Number, _Number, _Number, _Number],
    right: tuple[_Number, _Number, _Number, _Number],
) -> tuple[_Number, _Number, _Number, _Number]:
    """The rotation `right`, then `left`."""
    aw, ax, ay, az = left
    bw, bx, by, bz = right
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


class _Piece(NamedTuple):
    """A piece of a run.

    Attributes:
        kind: how many turns it has, or "local"
        slots: of its turns, or of its local
        columns: of its matrix
    """

    kind: str | int
    slots: list[int]
    columns: list[Quaternion]


def _pieces(run: Sequence[Factor], turning: dict[int, int]) -> list[_Piece]:
    """Consecutive factors with at most two turns among them, or with one local.

    Args:
        run: in time
        turning: the angles met so far, and their places; those of the run are added
    """
    found = [_Piece(0, [], [ONE])]
    for factor in run:
        kind, slots, columns = found[-1]
        if isinstance(factor, Fixed):
            found[-1] = _Piece(kind, slots, [times(factor.quaternion, each) for each in columns])
        elif isinstance(factor, Local):
            if kind == 0:
                whole = [times(each, columns[0]) for each in _BASIS]
                found[-1] = _Piece("local", [factor.slot], whole)
            else:
                found.append(_Piece("local", [factor.slot], list(_BASIS)))
        else:
            place = turning.setdefault(factor.slot, len(turning))
            if isinstance(kind, int) and kind < _MOST_TURNS:
                found[-1] = _Piece(kind + 1, [*slots, place], _turned(factor, columns))
            else:
                found.append(_Piece(1, [place], _turned(factor, [ONE])))
    return found


def _turned(turn: Turn, columns: Sequence[Quaternion]) -> list[Quaternion]:
    """The columns with the turn's cosine, then those with its sine."""
    return [*columns, *(times(_AXES[turn.axis], each) for each in columns)]


def _gathered(kind: str | int, own: Sequence[tuple[int, _Piece]]) -> Pieces:
    slots = np.array([piece.slots for _, piece in own], dtype=int).T
    matrices = np.array([piece.columns for _, piece in own]).transpose(0, 2, 1)
    rows = np.array([row for row, _ in own])
    return Pieces(rows, slots[0] if kind == "local" else slots, matrices.copy())


def _product(left: Reals, right: Reals) -> Reals:
    """Quaternions' products, their components along the second axis."""
    aw, ax, ay, az = left.transpose(1, 0, 2)
    bw, bx, by, bz = right.transpose(1, 0, 2)
    return np.stack(times((aw, ax, ay, az), (bw, bx, by, bz)), axis=1)


def _from_left(left: Reals) -> Reals:
    """Quaternions (..., 4) as the matrices that multiply by them from the left."""
    w, x, y, z = np.moveaxis(left, -1, 0)
    return np.stack([w, -x, -y, -z, x, w, -z, y, y, z, w, -x, z, -y, x, w], axis=-1).reshape(
        *left.shape, 4
    )


def _from_right(right: Reals) -> Reals:
    """Quaternions (..., 4) as the matrices that multiply by them from the right."""
    w, x, y, z = np.moveaxis(right, -1, 0)
    return np.stack([w, -x, -y, -z, x, w, z, -y, y, -z, w, x, z, y, -x, w], axis=-1).reshape(
        *right.shape, 4
    )
