"""Elements to what each qubit goes through: runs of one-qubit factors between entanglers.

A rotation is the quaternion w - i(xX + yY + zZ). Every entangler is exp(-i angle/2 Z⊗Z); the turns
that make it one stand in the runs around it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.blocks import Block, Part, Place
from pennylane_qstore.compiler.circuit import Angle, Clifford, Constant, Rotation
from pennylane_qstore.compiler.sectors import NONE, Derived
from pennylane_qstore.compiler.su2 import quaternions

Reals = NDArray[np.float64]
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


class Turn(NamedTuple):
    """A factor that rotates about a Pauli axis.

    Attributes:
        axis: "X", "Y" or "Z"
        slot: which of the chains' angles
    """

    axis: str
    slot: int


class Local(NamedTuple):
    """A factor that a block gives when parameters are bound.

    Attributes:
        slot: which of the chains' locals
    """

    slot: int


Factor = Fixed | Turn | Local


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

    def values(self, params: Reals) -> tuple[Reals, Reals]:
        """What the slots hold for some parameters.

        Args:
            params: shape (batch, n_params)

        Returns:
            angles of shape (n_angles, batch), locals of shape (n_locals, 4, batch)
        """
        return self._held(params, self.derived.beside(params))

    def samples(self, points: Reals) -> tuple[Reals, Reals]:
        """The same for generic parameters, of which all that is seen holds for any.

        Derived angles are parameters of their own there: each is analytic only up to jumps, so
        that what several of them do together differs from place to place.

        Args:
            points: shape (n_points, n_params)
        """
        return self._held(points, self.derived.replaced(points))

    def _held(self, params: Reals, known: Reals) -> tuple[Reals, Reals]:
        """What the slots hold for parameters, and these beside the derived angles."""
        batch = len(params)
        constants, terms = self._affine
        angles = np.repeat(constants[:, None], batch, axis=1)
        for slots, indices, slopes in terms:
            angles[slots] += slopes * known.T[indices]
        gates = np.empty((self.locals, 4, batch))
        for block, first_local, first_angle in self.blocks:
            own, turns = block.bind(params)
            for slot, quaternion in enumerate(own, first_local):
                gates[slot] = quaternion
            angles[first_angle : first_angle + block.rank] = turns
        return angles, gates

    @cached_property
    def _affine(self) -> tuple[Reals, list[tuple[NDArray[np.int_], NDArray[np.int_], Reals]]]:
        """The angles' constants, and their first terms, second terms and so on.

        Each of these as slots, indices of parameters, and slopes of shape (n, 1).
        """
        known = [angle or Angle() for angle in self.angles]
        terms = []
        for place in range(max((len(angle.terms) for angle in known), default=0)):
            own = [(s, *angle.terms[place]) for s, angle in enumerate(known) if angle.terms[place:]]
            slots, indices, slopes = zip(*own, strict=True)
            terms.append((np.array(slots), np.array(indices), np.array(slopes)[:, None]))
        return np.array([angle.const for angle in known], dtype=float), terms

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
    if isinstance(last, Turn) and last.axis == axis:
        before = found.angles[last.slot]
        found.angles[last.slot] = angle if before is None else before.plus(angle)
    elif angle.is_constant:
        turn = [float(np.cos(angle.const / 2)), 0.0, 0.0, 0.0]
        turn["XYZ".index(axis) + 1] = float(np.sin(angle.const / 2))
        run.append(Fixed((turn[0], turn[1], turn[2], turn[3])))
    else:
        run.append(Turn(axis, _slot(found, angle)))


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
    if block.place is not Place.FRESH:  # what comes first doesn't matter there
        _add_locals(found, block.qubits)
    for place, letters in enumerate(BLOCK_WORDS[: block.rank]):
        word = tuple(zip(block.qubits, letters, strict=True))
        _add_word(found, Rotation(word, Angle()), first_angle + place)
    _add_locals(found, block.qubits)


def _add_locals(found: Chains, qubits: Sequence[int]) -> None:
    for qubit in qubits:
        found.runs[qubit][-1].append(Local(found.locals))
        found.locals += 1


def _turn(found: Chains, qubit: int, names: Sequence[str]) -> None:
    found.runs[qubit][-1].extend(Fixed(CLIFFORDS[name]) for name in names)


def _slot(found: Chains, angle: Angle) -> int:
    found.angles.append(angle)
    return len(found.angles) - 1
