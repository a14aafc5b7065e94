"""Multiply single-qubit layers as quaternions, all layers and all circuits of a batch at once.

A product is linear in each of its factors. So a piece of a layer, with one block's gate and two
angles at most, is a constant matrix times the products of that gate's numbers and the half-angle
cosines and sines. What is constant in a piece costs nothing when parameters are bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.columns import sliced
from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.circuit.quaternions import (
    ONE,
    Quaternion,
    composed,
    multiplied,
    tangents,
    times,
    unit,
)
from pennylane_qstore.compiler.pulses.timelines import AxisRotation, BoundGate, Factor, Fixed

Indices = NDArray[np.int_]
_AXES: dict[str, Quaternion] = {"X": (0, 1, 0, 0), "Y": (0, 0, 1, 0), "Z": (0, 0, 0, 1)}
_BASIS: tuple[Quaternion, ...] = (ONE, *_AXES.values())
_NONE = np.zeros(0, dtype=int)
_MOST_TURNS = 2  # of a piece, each of which doubles the columns of its matrix


class Pieces(NamedTuple):
    """One piece each of some layers, in the same place and of the same kind.

    Attributes:
        rows: the layers
        locals: the local that each piece starts with, (n_rows,); none where they don't
        slots: the angles that the pieces turn by, (n_turns, n_rows)
        matrices: what makes a quaternion of the products of the locals' numbers and of the turns'
            cosines and sines, or numbers in proportion to these; shape (n_rows, 4, 2**n_turns), or
            (n_rows, 4, 4 * 2**n_turns) with locals
    """

    rows: Indices
    locals: Indices
    slots: Indices
    matrices: Reals

    def of(self, places: Indices) -> "Pieces":
        """Return some of them."""
        return Pieces(
            self.rows[places],
            self.locals[places] if len(self.locals) else self.locals,
            self.slots[:, places],
            self.matrices[places],
        )

    @property
    def is_constant(self) -> bool:
        """Whether they have neither turns nor locals."""
        return not len(self.locals) and not len(self.slots)

    def products(self, turns: Reals, gates: Reals) -> Reals:
        """Return the products that the matrices apply to, broadcasting to (n_rows, n, batch).

        Args:
            turns: tangents of half the pieces' angles, shape (n_turns * n_rows, batch)
            gates: all locals, shape (n_locals, 4, batch)
        """
        if self.is_constant:
            return np.ones((1, 1, gates.shape[-1]))
        first = gates[self.locals] if len(self.locals) else None
        return multiplied(turns.reshape(*self.slots.shape, gates.shape[-1]), first)


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """The factors of layers, arranged for evaluation on parameters.

    Attributes:
        pieces: those of the layers' first places, then those of their second ones, and so on
        lengths: how many pieces each layer has, at least one
        turning: the slots of the angles that something turns by, as often as something does
    """

    pieces: tuple[tuple[Pieces, ...], ...]
    lengths: Indices
    turning: Indices = field(init=False, repr=False)
    _steps: tuple[tuple[Pieces, slice | Indices, slice], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        groups = [group for place in self.pieces for group in place]
        turns = [group.slots.reshape(-1) for group in groups]
        object.__setattr__(self, "turning", np.concatenate([*turns, _NONE]))
        stops = accumulate(map(len, turns), initial=0)
        own = zip(groups, starmap(slice, pairwise(stops)), strict=True)
        steps = tuple((group, sliced(group.rows), turns) for group, turns in own)
        object.__setattr__(self, "_steps", steps)

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Which layers are the same for all parameters."""
        found = np.ones(len(self.lengths), dtype=bool)
        for group, rows, _ in self._steps:
            found[rows] &= group.is_constant
        return found

    def in_groups(self, wanted: NDArray[np.bool_]) -> Indices:
        """Return the places of some layers, those of a kind in a row, which spares copies."""
        rows = [group.rows for place in self.pieces[:1] for group in place]
        return np.concatenate([*(own[wanted[own]] for own in rows), _NONE])

    def only(self, layers: Indices) -> "Products":
        """Return some of the layers, numbered by their places in a list."""
        place_of = np.full(len(self.lengths), -1)
        place_of[layers] = np.arange(len(layers))
        places = []
        for place in self.pieces:
            kept = [(group, np.flatnonzero(place_of[group.rows] >= 0)) for group in place]
            places.append(
                tuple(g.of(own)._replace(rows=place_of[g.rows[own]]) for g, own in kept if len(own))
            )
        return Products(tuple(places), self.lengths[layers])

    def between(self, before: Reals, after: Reals) -> "Products":
        """Return the same layers between constants.

        Args:
            before: what comes before each layer, quaternions (n_layers, 4)
            after: what comes after each layer
        """
        places = []
        for place, found in enumerate(self.pieces):
            turned = []
            for pieces in found:
                rows = pieces.rows
                last = (self.lengths[rows] == place + 1)[:, None]
                changed = _from_left(np.where(last, after[rows], ONE)) @ pieces.matrices
                if place == 0:
                    changed = _from_right(before[rows]) @ changed
                turned.append(pieces._replace(matrices=changed))
            places.append(tuple(turned))
        return Products(tuple(places), self.lengths)

    def at(self, angles: Reals, gates: Reals) -> Reals:
        """The layers' unitaries for parameters.

        Args:
            angles: what the timelines' slots hold, shape (n_angles, batch)
            gates: what the timelines' locals are, shape (n_locals, 4, batch)

        Returns:
            quaternions of shape (n_layers, 4, batch)
        """
        return unit(self.turned(angles[self.turning], gates), axis=1)

    def turned(self, angles: Reals, gates: Reals) -> Reals:
        """Return the unitaries for the angles in `turning`, each quaternion times some number."""
        product = np.empty((len(self.lengths), 4, angles.shape[-1]))
        turns = tangents(angles)
        firsts = len(self.pieces[0]) if self.pieces else 0
        for place, (group, rows, own) in enumerate(self._steps):
            numbers = group.products(turns[own], gates)
            if place >= firsts:
                product[rows] = unit(
                    composed(group.matrices @ numbers, product[rows], axis=1), axis=1
                )
            elif isinstance(rows, slice):
                np.matmul(group.matrices, numbers, out=product[rows])
            else:
                product[rows] = group.matrices @ numbers
        return product


def products(layers: Sequence[Sequence[Factor]]) -> Products:
    """Return what is computed for layers, each a list of factors in time."""
    cut = [_pieces(layer) for layer in layers]
    places = []
    for place in range(max(map(len, cut), default=0)):
        groups: dict[tuple[int, int], list[tuple[int, _Piece]]] = {}
        for row, pieces in enumerate(cut):
            if len(pieces) > place:
                groups.setdefault(pieces[place].kind, []).append((row, pieces[place]))
        places.append(tuple(map(_gathered, groups.values())))
    return Products(tuple(places), np.array([len(pieces) for pieces in cut], dtype=int))


class _Piece(NamedTuple):
    """A piece of a layer.

    Attributes:
        local: the slot of the local that it starts with, or none
        slots: of its turns
        columns: of its matrix
    """

    local: tuple[int, ...]
    slots: tuple[int, ...]
    columns: list[Quaternion]

    @property
    def kind(self) -> tuple[int, int]:
        """Those of a kind are worked out together."""
        return len(self.local), len(self.slots)


def _pieces(layer: Sequence[Factor]) -> list[_Piece]:
    """Return a layer in pieces of at most two angles, each after at most one block's gate."""
    found = [_Piece((), (), [ONE])]
    for factor in layer:
        local, slots, columns = found[-1]
        if isinstance(factor, Fixed):
            columns = [times(factor.quaternion, each) for each in columns]
            found[-1] = found[-1]._replace(columns=columns)
        elif isinstance(factor, BoundGate):
            start = columns[0]
            if local or slots:
                found.append(_Piece((factor.slot,), (), list(_BASIS)))
            else:
                found[-1] = _Piece((factor.slot,), (), [times(each, start) for each in _BASIS])
        elif len(slots) < _MOST_TURNS:
            found[-1] = _Piece(local, (*slots, factor.slot), _turned(factor, columns))
        else:
            found.append(_Piece((), (factor.slot,), _turned(factor, [ONE])))
    return found


def _turned(turn: AxisRotation, columns: Sequence[Quaternion]) -> list[Quaternion]:
    """Return the columns with a rotation's cosine, then those with its sine."""
    return [*columns, *(times(_AXES[turn.axis], each) for each in columns)]


def _gathered(own: Sequence[tuple[int, _Piece]]) -> Pieces:
    """Return pieces of a kind together with their layers."""
    return Pieces(
        np.array([row for row, _ in own]),
        np.array([local for _, piece in own for local in piece.local], dtype=int),
        np.array([piece.slots for _, piece in own], dtype=int).T,
        np.array([piece.columns for _, piece in own]).transpose(0, 2, 1).copy(),
    )


def _from_left(left: Reals) -> Reals:
    """Return the matrices that multiply by quaternions (..., 4) from the left."""
    return left[..., _PLACES] * _LEFT


def _from_right(right: Reals) -> Reals:
    """Return the matrices that multiply by quaternions (..., 4) from the right."""
    return right[..., _PLACES] * _RIGHT


# Where each number of such a matrix is in the quaternion, and its sign.
_PLACES = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
_LEFT = np.array([[1.0, -1, -1, -1], [1, 1, -1, 1], [1, 1, 1, -1], [1, -1, 1, 1]])
_RIGHT = np.array([[1.0, -1, -1, -1], [1, 1, 1, -1], [1, -1, 1, 1], [1, 1, -1, 1]])
