"""Two-qubit blocks that are decomposed when parameters are bound."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.circuit.elements import (
    Affine,
    Angle,
    Element,
    Fence,
    Matrix,
    Reals,
    Rotation,
)
from pennylane_qstore.compiler.circuit.quaternions import multiplied, quaternions, tangents
from pennylane_qstore.compiler.circuit.quaternions import unitaries as to_unitaries
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.schmidt import schmidt
from pennylane_qstore.compiler.unitaries.two_qubit import matrices, on_both
from pennylane_qstore.compiler.unitaries.weyl import SWAP

_MOST_ANGLES = 6  # of a table, whose size each of them doubles


class Parts(NamedTuple):
    """Local gates around exp(-i/2 (angles₀ XX + angles₁ YY + angles₂ ZZ)), a batch of them.

    Attributes:
        left: gates applied last, on both qubits, each of shape (B, 2, 2)
        angles: radians, of shape (B, 3); those beyond the block's rank are zero
        right: gates applied first, on both qubits, each of shape (B, 2, 2); none where they don't
            matter
    """

    left: tuple[Matrix, ...]
    angles: Reals
    right: tuple[Matrix, ...]


class Values(NamedTuple):
    """A block for parameters.

    Attributes:
        gates: on each of its qubits, those applied first, where they matter, and those applied
            last; quaternions of shape (4, B)
        angles: about XX, YY and ZZ as many as the block's rank, in radians, shape (rank, B)
    """

    gates: tuple[Reals, ...]
    angles: Reals


class BlockPosition(Enum):
    """Where a block stands in a circuit that starts in |0…0⟩ and is measured at its end."""

    INSIDE = "between other blocks"
    FRESH = "the first on both of its qubits"
    FIRST_FRESH = "the first on its first qubit"
    SECOND_FRESH = "the first on its second qubit"
    LAST = "the last on both of its qubits"

    @property
    def zeros(self) -> tuple[int, ...]:
        """Which of its qubits are in |0⟩ before it."""
        return _ZEROS.get(self, ())


_ZEROS = {
    BlockPosition.FRESH: (0, 1),
    BlockPosition.FIRST_FRESH: (0,),
    BlockPosition.SECOND_FRESH: (1,),
}


class Amplitudes:
    """The states of two qubits, ready for parameters."""

    def __init__(self, qubits: tuple[int, ...], elements: Sequence[Element]) -> None:
        """Works out the table.

        Args:
            qubits: the first is the left tensor factor
            elements: in order
        """
        self._qubits, self._elements = qubits, elements
        columns: Matrix = np.eye(4, 1, dtype=complex)
        angles: list[Angle] = []
        for element in elements:
            turned = on_both(qubits, element) @ columns
            if not isinstance(element, Rotation):
                columns = turned
            elif element.angle.is_constant:
                half = element.angle.const / 2
                columns = np.cos(half) * columns - 1j * np.sin(half) * turned
            else:
                angles.append(element.angle)
                if len(angles) > _MOST_ANGLES:
                    break
                columns = np.concatenate([columns, -1j * turned], axis=1)
        self._fits = len(angles) <= _MOST_ANGLES
        self._angles = Affine(angles)
        # Imaginary parts beside real ones, as NumPy keeps complex numbers.
        self._table = np.ascontiguousarray(columns.T).view(float)

    def at(self, params: Reals) -> Matrix:
        """Return states (B, 4) for parameters (B, P), each times some number."""
        if not self._fits:
            return matrices(self._qubits, self._elements, params)[..., 0]
        products = multiplied(tangents(self._angles.at(params))[:, None])[0]
        found: Matrix = (products.T @ self._table).view(complex)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Elements on two qubits that parameters turn into at most `rank` entanglers.

    Attributes:
        qubits: rising; the first is the left tensor factor
        elements: what it stands for
        rank: how many of the angles about XX, YY and ZZ, in this order, are not zero
        mirrored: whether `bind` gives SWAP times the unitary; the qubits' names are exchanged
            from here on to make up for it
        place: what `bind` may leave out
    """

    qubits: tuple[int, int]
    elements: tuple[Element, ...]
    rank: int
    mirrored: bool
    place: BlockPosition = BlockPosition.INSIDE
    _states: Amplitudes | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fresh = self.place is BlockPosition.FRESH
        found = Amplitudes(self.qubits, self.elements) if fresh else None
        object.__setattr__(self, "_states", found)

    def matrices(self, params: Reals) -> Matrix:
        """Return its unitaries (B, 4, 4) for parameters (B, P)."""
        return matrices(self.qubits, self.elements, params)

    def bind(self, params: Reals) -> Values:
        """Return the gates and angles that replace it for parameters (B, P)."""
        if self._states is not None:
            found = schmidt(self._states.at(params))
            return Values((found.left, found.right), 2 * found.angle[None][: self.rank])
        unitaries = self.matrices(params)
        parts = parts_of(SWAP @ unitaries if self.mirrored else unitaries, self.place)
        gates = tuple(map(quaternions, (*parts.right, *parts.left)))
        return Values(gates, parts.angles.T[: self.rank])


def parts_of(unitaries: Matrix, place: BlockPosition) -> Parts:
    """Return local gates and angles of the fewest entanglers for unitaries (B, 4, 4) in a place."""
    match place:
        case BlockPosition.INSIDE:
            found = weyl.decompose_batch(unitaries)
        case BlockPosition.FRESH:
            made = schmidt(unitaries[..., 0])
            angles = 2 * made.angle[:, None] * [1.0, 0.0, 0.0]
            return Parts((to_unitaries(made.left), to_unitaries(made.right)), angles, ())
        case BlockPosition.LAST:
            found = weyl.without_diagonal(unitaries, "left").weyl
        case BlockPosition.FIRST_FRESH | BlockPosition.SECOND_FRESH:
            delta, found = weyl.without_diagonal(unitaries, "right")
            # On |0⟩, a rotation about ZZ is one about Z on the other qubit.
            turn = np.exp(-1j * delta[:, None, None] * np.diag([1, -1])) * np.eye(2)
            first, second = found.right
            fresh_first = place is BlockPosition.FIRST_FRESH
            right = (first, second @ turn) if fresh_first else (first @ turn, second)
            return Parts(found.left, -2 * found.coordinates, right)
    return Parts(found.left, -2 * found.coordinates, found.right)


Part = Element | Block | Fence
