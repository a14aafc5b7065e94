"""Qubit timelines: single-qubit layers (lists of one-qubit factors) between entanglers.

A rotation is the quaternion w - i(xX + yY + zZ). Every entangler is exp(-i angle/2 Z⊗Z); the
Clifford gates that make it act about another word stand in the layers around it.
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
    Fence,
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
    """A constant factor of a layer.

    Attributes:
        quaternion: (w, x, y, z)
    """

    quaternion: tuple[float, float, float, float]


class AxisRotation(NamedTuple):
    """A factor that rotates about a Pauli axis.

    Attributes:
        axis: "X", "Y" or "Z"
        slot: which of the timelines' angles
    """

    axis: str
    slot: int


class BoundGate(NamedTuple):
    """A factor that a block gives when parameters are bound.

    Attributes:
        slot: which of the timelines' locals
    """

    slot: int


Factor = Fixed | AxisRotation | BoundGate


class Entangler(NamedTuple):
    """exp(-i angle/2 Z⊗Z) on two qubits.

    Attributes:
        qubits: the two
        slot: which of the timelines' angles
    """

    qubits: tuple[int, int]
    slot: int


@dataclass
class Timelines:
    """A circuit as layers and entanglers.

    Attributes:
        layers: for each qubit, its layers in time; a layer is a list of factors in time. Run k of a
            qubit comes before its entangler k, and the last layer after all of them
        entanglers: in time
        fences: how many entanglers come before each, and the qubits whose layers end there
        angles: what the slots of turns and entanglers hold, in radians; None where a block gives it
        blocks: each with the first slot of its locals (right then left, on both qubits) and of
            its angles
        derived: the angles beyond the parameters that those of the slots are made of
    """

    layers: list[list[list[Factor]]]
    entanglers: list[Entangler] = field(default_factory=list)
    fences: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    angles: list[Angle | None] = field(default_factory=list)
    blocks: list[tuple[Block, int, int]] = field(default_factory=list)
    locals: int = 0
    derived: Derived = NONE

    def values(self, params: Reals, slots: Iterable[int] | None = None) -> tuple[Reals, Reals]:
        """Return the values of some slots, or of all, for some parameters; see `Reading`."""
        return Reading(self, range(len(self.angles)) if slots is None else slots).at(params)

    def samples(self, points: Reals) -> tuple[Reals, Reals]:
        """Return the values of all slots at generic parameters; what holds there holds for any.

        Derived angles are parameters of their own there: each is analytic only up to jumps, so
        that what several of them do together differs from place to place.

        Args:
            points: shape (n_points, n_params)
        """
        extended = self.derived.replaced(points)
        return Reading(self, range(len(self.angles))).at(points, extended)

    @property
    def steady(self) -> frozenset[int]:
        """The slots whose angles are in [0, π/2] for all parameters, though not constant."""
        fresh = [own for own in self.blocks if own[0].place is BlockPosition.FRESH]
        return frozenset(angle for block, _, angle in fresh if block.rank)

    def of(self, order: Sequence[int]) -> "Timelines":
        """Return the same circuit on other qubits.

        Args:
            order: for each new qubit, the old one; those left out have no gates
        """
        names = {qubit: name for name, qubit in enumerate(order)}
        entanglers = [
            Entangler((names[first], names[second]), slot)
            for (first, second), slot in self.entanglers
        ]
        fences = [
            (index, tuple(names[qubit] for qubit in own if qubit in names))
            for index, own in self.fences
        ]
        layers = [self.layers[qubit] for qubit in order]
        return replace(self, layers=layers, entanglers=entanglers, fences=fences)

    def is_idle(self, qubit: int) -> bool:
        """Return whether nothing is done to a qubit."""
        pairs = (entangler.qubits for entangler in self.entanglers)
        return not any(self.layers[qubit]) and not any(qubit in pair for pair in pairs)


class Reading:
    """The values of some slots of a circuit, as functions of the parameters."""

    def __init__(self, circuit: Timelines, slots: Iterable[int]) -> None:
        """Sorts out where the values come from.

        Args:
            circuit: the timelines
            slots: in the order of the values; those that blocks give are among them
        """
        wanted = list(slots)
        self._affine = Affine([circuit.angles[slot] or Angle() for slot in wanted])
        self._locals, self._derived = circuit.locals, circuit.derived
        self._blocks = [
            (block, local, [wanted.index(slot) for slot in range(angle, angle + block.rank)])
            for block, local, angle in circuit.blocks
        ]

    def at(self, params: Reals, extended: Reals | None = None) -> tuple[Reals, Reals]:
        """Parameters to values.

        Args:
            params: shape (batch, n_params)
            extended: the parameters and the derived angles, where these are given

        Returns:
            angles in radians, shape (n_slots, batch), and all the circuit's locals, shape
            (n_locals, 4, batch)
        """
        if extended is None:
            extended = self._derived.beside(params) if self._derived.sources else params
        angles = self._affine.at(extended)
        gates = np.empty((self._locals, 4, len(params)))
        for block, first, places in self._blocks:
            own, turns = block.bind(params)
            for slot, quaternion in enumerate(own, first):
                gates[slot] = quaternion
            for place, turn in zip(places, turns, strict=True):
                angles[place] = turn
        return angles, gates


def timelines(parts: Iterable[Part], qubits: int, derived: Derived = NONE) -> Timelines:
    """Return the timelines of elements of weight one and two, of blocks and of fences.

    Args:
        parts: in order; no SWAP and no constant on two qubits among them
        qubits: how many
        derived: the angles in them that are beyond the parameters
    """
    circuit = Timelines([[[]] for _ in range(qubits)], derived=derived)
    for part in parts:
        _add(circuit, part)
    return circuit


def _add(circuit: Timelines, part: Part) -> None:
    if isinstance(part, Block):
        _add_block(circuit, part)
    elif isinstance(part, Fence):
        circuit.fences.append((len(circuit.entanglers), part.qubits))
        for qubit in part.qubits:
            circuit.layers[qubit].append([])
    elif isinstance(part, Constant):
        matrix = np.asarray(part.matrix)[None]
        w, x, y, z = quaternions(matrix)[:, 0].tolist()
        circuit.layers[part.qubits[0]][-1].append(Fixed((w, x, y, z)))
    elif isinstance(part, Clifford):
        _add_clifford(circuit, part)
    elif len(part.word) == 1:
        ((qubit, axis),) = part.word
        _add_turn(circuit, circuit.layers[qubit][-1], axis, part.angle)
    else:
        _add_word(circuit, part, _slot(circuit, part.angle))


def _add_turn(circuit: Timelines, layer: list[Factor], axis: str, angle: Angle) -> None:
    """A rotation, together with the one before it where the two have one axis."""
    last = layer[-1] if layer else None
    if isinstance(last, AxisRotation) and last.axis == axis:
        before = circuit.angles[last.slot]
        circuit.angles[last.slot] = angle if before is None else before.plus(angle)
    elif angle.is_constant:
        turn = [float(np.cos(angle.const / 2)), 0.0, 0.0, 0.0]
        turn["XYZ".index(axis) + 1] = float(np.sin(angle.const / 2))
        layer.append(Fixed((turn[0], turn[1], turn[2], turn[3])))
    else:
        layer.append(AxisRotation(axis, _slot(circuit, angle)))


def _add_clifford(circuit: Timelines, gate: Clifford) -> None:
    if gate.name in CLIFFORDS:
        circuit.layers[gate.qubits[0]][-1].append(Fixed(CLIFFORDS[gate.name]))
        return
    # CX and CZ are half turns about Z⊗X and Z⊗Z, between quarter turns of each qubit.
    control, target = gate.qubits
    axis = "X" if gate.name == "CX" else "Z"
    word = tuple(sorted(((control, "Z"), (target, axis))))
    quarter = Angle(np.pi / 2)
    _add_word(circuit, Rotation(word, quarter), _slot(circuit, quarter))
    circuit.layers[control][-1].append(Fixed(CLIFFORDS["SDG"]))
    circuit.layers[target][-1].append(Fixed(CLIFFORDS["SXDG" if axis == "X" else "SDG"]))


def _add_word(circuit: Timelines, word: Rotation, slot: int) -> None:
    for qubit, axis in word.word:
        _turn(circuit, qubit, TO_Z[axis][0])
    first, second = word.qubits
    circuit.entanglers.append(Entangler((first, second), slot))
    for qubit, axis in word.word:
        circuit.layers[qubit].append([])
        _turn(circuit, qubit, TO_Z[axis][1])


def _add_block(circuit: Timelines, block: Block) -> None:
    first_local, first_angle = circuit.locals, len(circuit.angles)
    circuit.angles.extend([None] * block.rank)
    circuit.blocks.append((block, first_local, first_angle))
    if block.place is not BlockPosition.FRESH:  # what comes first doesn't matter there
        _add_locals(circuit, block.qubits)
    for place, letters in enumerate(BLOCK_WORDS[: block.rank]):
        word = tuple(zip(block.qubits, letters, strict=True))
        _add_word(circuit, Rotation(word, Angle()), first_angle + place)
    _add_locals(circuit, block.qubits)


def _add_locals(circuit: Timelines, qubits: Sequence[int]) -> None:
    for qubit in qubits:
        circuit.layers[qubit][-1].append(BoundGate(circuit.locals))
        circuit.locals += 1


def _turn(circuit: Timelines, qubit: int, names: Sequence[str]) -> None:
    circuit.layers[qubit][-1].extend(Fixed(CLIFFORDS[name]) for name in names)


def _slot(circuit: Timelines, angle: Angle) -> int:
    circuit.angles.append(angle)
    return len(circuit.angles) - 1
