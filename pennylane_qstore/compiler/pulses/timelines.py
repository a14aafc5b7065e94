"""Elements to what each qubit goes through: runs of one-qubit factors between entanglers.

A rotation is the quaternion w - i(xX + yY + zZ). Every entangler is exp(-i angle/2 Z⊗Z); the turns
that make it one stand in the runs around it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.blocks.block import Block, BlockPosition, Part
from pennylane_qstore.compiler.blocks.parity_sectors import NONE, Derived
from pennylane_qstore.compiler.circuit.elements import (
    Affine,
    Angle,
    Clifford,
    Constant,
    Reals,
    Rotation,
)
from pennylane_qstore.compiler.circuit.quaternions import quaternions

_ROOT = np.sqrt(0.5)
# Up to a global phase, as (w, x, y, z).
CLIFFORDS: dict[str, tuple[float, float, float, float]] = {
    "X": (0, 1, 0, 0),
    "Y": (0, 0, 1, 0),
    "Z": (0, 0, 0, 1),
    "H": (0, _ROOT, 0, _ROOT),
    "S": (_ROOT, 0, 0, _ROOT),
    "SDG": (_ROOT, 0, 0, -_ROOT),
    "SX": (_ROOT, _ROOT, 0, 0),
    "SXDG": (_ROOT, -_ROOT, 0, 0),
}
# The gates that turn each Pauli operator to Z, and those that turn it back.
TO_Z = {"X": (["H"], ["H"]), "Y": (["SDG", "H"], ["H", "S"]), "Z": ([], [])}
BLOCK_WORDS = ("XX", "YY", "ZZ")  # that a block of rank n has the first n of


class Fixed(NamedTuple):
    """A constant factor of a run.

    Attributes:
        quaternion: (w, x, y, z)
    """

    quaternion: tuple[float, float, float, float]


class AxisRotation(NamedTuple):
    """A factor that rotates about a Pauli axis.

    Attributes:
        axis: "X", "Y" or "Z"
        slot: which of the chains' angles
    """

    axis: str
    slot: int


class BoundGate(NamedTuple):
    """A factor that a block gives when parameters are bound.

    Attributes:
        slot: which of the chains' locals
    """

    slot: int


Factor = Fixed | AxisRotation | BoundGate


class Entangler(NamedTuple):
    """exp(-i angle/2 Z⊗Z) on two qubits.

    Attributes:
        qubits: the two
        slot: which of the chains' angles
    """

    qubits: tuple[int, int]
    slot: int


@dataclass
class Chains:
    """A circuit as runs and entanglers.

    Attributes:
        runs: for each qubit, its runs in time; a run is a list of factors in time. Run k of a
            qubit comes before its entangler k, and the last run after all of them
        entanglers: in time
        angles: what the slots of turns and entanglers hold, in radians; None where a block gives it
        blocks: each with the first slot of its locals (right then left, on both qubits) and of
            its angles
        derived: the angles beyond the parameters that those of the slots are made of
    """

    runs: list[list[list[Factor]]]
    entanglers: list[Entangler] = field(default_factory=list)
    angles: list[Angle | None] = field(default_factory=list)
    blocks: list[tuple[Block, int, int]] = field(default_factory=list)
    locals: int = 0
    derived: Derived = NONE

    def values(self, params: Reals, slots: Iterable[int] | None = None) -> tuple[Reals, Reals]:
        """What some slots hold, or all of them, for some parameters; see `Reading`."""
        return Reading(self, range(len(self.angles)) if slots is None else slots).at(params)

    def samples(self, points: Reals) -> tuple[Reals, Reals]:
        """What all slots hold for generic parameters, where all that is seen holds for any.

        Derived angles are parameters of their own there: each is analytic only up to jumps, so
        that what several of them do together differs from place to place.

        Args:
            points: shape (n_points, n_params)
        """
        known = self.derived.replaced(points)
        return Reading(self, range(len(self.angles))).at(points, known)

    @property
    def steady(self) -> frozenset[int]:
        """The slots whose angles are in [0, π/2] for all parameters, though not constant."""
        fresh = [own for own in self.blocks if own[0].place is BlockPosition.FRESH]
        return frozenset(angle for block, _, angle in fresh if block.rank)

    def of(self, order: Sequence[int]) -> "Chains":
        """The same circuit on other qubits.

        Args:
            order: for each new qubit, the old one; those left out have no gates
        """
        names = {qubit: name for name, qubit in enumerate(order)}
        entanglers = [
            Entangler((names[first], names[second]), slot)
            for (first, second), slot in self.entanglers
        ]
        return replace(self, runs=[self.runs[qubit] for qubit in order], entanglers=entanglers)


class Reading:
    """What some slots of a circuit hold, ready for parameters."""

    def __init__(self, circuit: Chains, slots: Iterable[int]) -> None:
        """Sorts out where the values come from.

        Args:
            circuit: the chains
            slots: in the order of the values; those that blocks give are among them
        """
        wanted = list(slots)
        self._affine = Affine([circuit.angles[slot] or Angle() for slot in wanted])
        self._locals, self._derived = circuit.locals, circuit.derived
        self._blocks = [
            (block, local, [wanted.index(slot) for slot in range(angle, angle + block.rank)])
            for block, local, angle in circuit.blocks
        ]

    def at(self, params: Reals, known: Reals | None = None) -> tuple[Reals, Reals]:
        """Parameters to values.

        Args:
            params: shape (batch, n_params)
            known: the parameters beside the derived angles, where these are others than theirs

        Returns:
            angles in radians, shape (n_slots, batch), and all the circuit's locals, shape
            (n_locals, 4, batch)
        """
        angles = self._affine.at(self._derived.beside(params) if known is None else known)
        gates = np.empty((self._locals, 4, len(params)))
        for block, first, places in self._blocks:
            own, turns = block.bind(params)
            for slot, quaternion in enumerate(own, first):
                gates[slot] = quaternion
            for place, turn in zip(places, turns, strict=True):
                angles[place] = turn
        return angles, gates


def chains(parts: Iterable[Part], qubits: int, derived: Derived = NONE) -> Chains:
    """Elements of weight one and two, and blocks, to chains.

    Args:
        parts: in order; no SWAP and no constant on two qubits among them
        qubits: how many
        derived: the angles in them that are beyond the parameters
    """
    found = Chains([[[]] for _ in range(qubits)], derived=derived)
    for part in parts:
        _add(found, part)
    return found


def _add(found: Chains, part: Part) -> None:
    if isinstance(part, Block):
        _add_block(found, part)
    elif isinstance(part, Constant):
        matrix = np.asarray(part.matrix)[None]
        w, x, y, z = quaternions(matrix)[:, 0].tolist()
        found.runs[part.qubits[0]][-1].append(Fixed((w, x, y, z)))
    elif isinstance(part, Clifford):
        _add_clifford(found, part)
    elif len(part.word) == 1:
        ((qubit, axis),) = part.word
        _add_turn(found, found.runs[qubit][-1], axis, part.angle)
    else:
        _add_word(found, part, _slot(found, part.angle))


def _add_turn(found: Chains, run: list[Factor], axis: str, angle: Angle) -> None:
    """A rotation, together with the one before it where the two have one axis."""
    last = run[-1] if run else None
    if isinstance(last, AxisRotation) and last.axis == axis:
        before = found.angles[last.slot]
        found.angles[last.slot] = angle if before is None else before.plus(angle)
    elif angle.is_constant:
        turn = [float(np.cos(angle.const / 2)), 0.0, 0.0, 0.0]
        turn["XYZ".index(axis) + 1] = float(np.sin(angle.const / 2))
        run.append(Fixed((turn[0], turn[1], turn[2], turn[3])))
    else:
        run.append(AxisRotation(axis, _slot(found, angle)))


def _add_clifford(found: Chains, gate: Clifford) -> None:
    if gate.name in CLIFFORDS:
        found.runs[gate.qubits[0]][-1].append(Fixed(CLIFFORDS[gate.name]))
        return
    # CX and CZ are half turns about Z⊗X and Z⊗Z, between quarter turns of each qubit.
    control, target = gate.qubits
    axis = "X" if gate.name == "CX" else "Z"
    word = tuple(sorted(((control, "Z"), (target, axis))))
    quarter = Angle(np.pi / 2)
    _add_word(found, Rotation(word, quarter), _slot(found, quarter))
    found.runs[control][-1].append(Fixed(CLIFFORDS["SDG"]))
    found.runs[target][-1].append(Fixed(CLIFFORDS["SXDG" if axis == "X" else "SDG"]))


def _add_word(found: Chains, word: Rotation, slot: int) -> None:
    for qubit, axis in word.word:
        _turn(found, qubit, TO_Z[axis][0])
    first, second = word.qubits
    found.entanglers.append(Entangler((first, second), slot))
    for qubit, axis in word.word:
        found.runs[qubit].append([])
        _turn(found, qubit, TO_Z[axis][1])


def _add_block(found: Chains, block: Block) -> None:
    first_local, first_angle = found.locals, len(found.angles)
    found.angles.extend([None] * block.rank)
    found.blocks.append((block, first_local, first_angle))
    if block.place is not BlockPosition.FRESH:  # what comes first doesn't matter there
        _add_locals(found, block.qubits)
    for place, letters in enumerate(BLOCK_WORDS[: block.rank]):
        word = tuple(zip(block.qubits, letters, strict=True))
        _add_word(found, Rotation(word, Angle()), first_angle + place)
    _add_locals(found, block.qubits)


def _add_locals(found: Chains, qubits: Sequence[int]) -> None:
    for qubit in qubits:
        found.runs[qubit][-1].append(BoundGate(found.locals))
        found.locals += 1


def _turn(found: Chains, qubit: int, names: Sequence[str]) -> None:
    found.runs[qubit][-1].extend(Fixed(CLIFFORDS[name]) for name in names)


def _slot(found: Chains, angle: Angle) -> int:
    found.angles.append(angle)
    return len(found.angles) - 1
