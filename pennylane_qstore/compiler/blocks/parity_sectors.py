"""Parity sectors: any number of rotations that keep a parity on a pair of qubits become two.

Words that commute with a word J = P⊗Q keep its two eigenspaces. In each of these they act as one
spin: P⊗I is its Z, up to a sign, and a word on both qubits that anticommutes with P⊗I is its X. So
any sequence of such rotations equals, by Euler's angles in each eigenspace, rotations about P⊗I and
I⊗Q, about two commuting words on both qubits and J, and about P⊗I and I⊗Q again. This holds for a
Trotter step of a spin chain in a field along an axis, and for two excitations in a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.elements import GENERIC_ANGLES, Angle, Reals
from pennylane_qstore.compiler.unitaries.two_qubit import WORDS

# The words with letters on both qubits, and which words commute with which.
JOINT = frozenset(word for word in range(16) if word // 4 and word % 4)
COMMUTE: NDArray[np.bool_] = np.all(
    np.isclose(WORDS[:, None] @ WORDS, WORDS @ WORDS[:, None]), axis=(2, 3)
)
_FEWEST = 3  # words on both qubits, J aside, that become two
ANGLES = 6  # that a source gives


class WordRotation(NamedTuple):
    """exp(-i angle/2 P) for a word P by its index in `WORDS`."""

    word: int
    angle: Angle


class _Axes(NamedTuple):
    """The words that generate all that commute with J = P⊗Q.

    Attributes:
        locals: P⊗I and I⊗Q
        joint: two words on both qubits that commute
        spins: for each eigenspace of J and each word, its shares of the spin's X, Y and Z there;
            shape (2, 16, 3)
    """

    locals: tuple[int, int]
    joint: tuple[int, int]
    spins: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sectors:
    """Rotations that all commute with one word.

    Attributes:
        parity: the word J, by its index
        rotations: in order, none of them about J, some on both qubits
    """

    parity: int
    rotations: tuple[WordRotation, ...]

    def __post_init__(self) -> None:
        words = {term.word for term in self.rotations}
        fit = self.parity in JOINT - words and all(COMMUTE[self.parity][word] for word in words)
        if not fit or not words & JOINT:
            raise ValueError(f"words {sorted(words)} beside {self.parity}")

    @property
    def axes(self) -> _Axes:
        """The axes of its rotations."""
        return _axes(self.parity, next(term.word for term in self.rotations if term.word in JOINT))

    def angles(self, params: Reals) -> Reals:
        """Euler's angles: on both qubits at first, of two joint words, on both qubits at last.

        Args:
            params: shape (batch, n_params)

        Returns:
            radians, of shape (6, batch)
        """
        axes = self.axes
        halves = np.array([term.angle.at(params) for term in self.rotations]) / 2
        shares = axes.spins[:, [term.word for term in self.rotations]]
        # Rows (a, b) of unitaries ((a, b), (-b*, a*)), in each eigenspace.
        cosines = np.cos(halves)
        turned = shares[..., None] * np.sin(halves)[:, None]
        a, b = cosines - 1j * turned[:, :, 2], -1j * turned[:, :, 0] - turned[:, :, 1]
        stay, move = a[:, 0], b[:, 0]
        for place in range(1, len(self.rotations)):
            own, across = a[:, place], b[:, place]
            stay, move = (
                own * stay - across * move.conj(),
                own * move + across * stay.conj(),
            )
        # exp(-i last/2 Z) exp(-i middle/2 X) exp(-i first/2 Z)
        middle = np.arctan2(np.abs(move), np.abs(stay))
        both, apart = -np.angle(stay), -np.angle(1j * move)
        first, last = both - apart, both + apart
        # On both qubits, and of both joint words: half of the sum and of the difference.
        signs = axes.spins[:, axes.joint[1], 0]
        return np.array(
            [
                (first[0] + first[1]) / 2,
                (first[0] - first[1]) / 2,
                middle[0] + middle[1],
                signs[0] * middle[0] + signs[1] * middle[1],
                (last[0] + last[1]) / 2,
                (last[0] - last[1]) / 2,
            ]
        )


@dataclass(frozen=True, slots=True)
class Derived:
    """Angles that are worked out from a circuit's parameters, and counted on after these.

    Attributes:
        first: the index of the first
        sources: what gives six of them each
    """

    first: int = 0
    sources: tuple[Sectors, ...] = ()

    def beside(self, params: Reals) -> Reals:
        """Return parameters (B, P) and these angles, shape (B, P + n_angles)."""
        if not self.sources:
            return params
        own = [source.angles(params).T for source in self.sources]
        return np.concatenate([params[:, : self.first], *own], axis=1)

    def replaced(self, params: Reals) -> Reals:
        """Return parameters (B, P) with the same generic angles every time in place of these."""
        rng = np.random.default_rng(11)
        others = rng.uniform(*GENERIC_ANGLES, (len(params), ANGLES * len(self.sources)))
        return np.concatenate([params[:, : self.first], others], axis=1) if self.sources else params


NONE = Derived()


class Fewer(NamedTuple):
    """Turns that do the same as others.

    Attributes:
        rotations: in order
        source: of their angles that are derived; None where there are none
    """

    rotations: list[WordRotation]
    source: Sectors | None = None


def fewer(rotations: Sequence[WordRotation], first: int) -> Fewer:
    """Turns with the longest part of them that begins and ends on both qubits by Euler's angles.

    Args:
        rotations: in order
        first: the index of the first derived angle

    Returns:
        the same rotations where no word on both qubits commutes with that part, or where it has no
        more words on both qubits than are needed anyway
    """
    joint = [place for place, term in enumerate(rotations) if term.word in JOINT]
    if len(joint) < _FEWEST:
        return Fewer(list(rotations))
    start, stop = joint[0], joint[-1] + 1
    inner = rotations[start:stop]
    words = {term.word for term in inner}
    for parity in sorted(JOINT):
        others = tuple(term for term in inner if term.word != parity)
        if sum(term.word in JOINT for term in others) < _FEWEST:
            continue
        if all(COMMUTE[parity][word] for word in words):
            source = Sectors(parity, others)
            found = [*rotations[:start], *_about(inner, source, first), *rotations[stop:]]
            return Fewer(found, None if _is_constant(source) else source)
    return Fewer(list(rotations))


def _about(inner: Sequence[WordRotation], source: Sectors, first: int) -> list[WordRotation]:
    """Return the rotations, in order, that replace some about words that commute with J."""
    axes = source.axes
    words = [*axes.locals, *axes.joint, *axes.locals]
    if _is_constant(source):
        angles = [Angle(float(angle)) for (angle,) in source.angles(np.zeros((1, 0)))]
    else:
        angles = [Angle(terms=((first + place, 1.0),)) for place in range(ANGLES)]
    found = [WordRotation(word, angle) for word, angle in zip(words, angles, strict=True)]
    along = [term.angle for term in inner if term.word == source.parity]
    if along:
        total = along[0]
        for angle in along[1:]:
            total = total.plus(angle)
        found.insert(len(axes.locals) + len(axes.joint), WordRotation(source.parity, total))
    return found


def _is_constant(source: Sectors) -> bool:
    return all(term.angle.is_constant for term in source.rotations)


@cache
def _axes(parity: int, joint: int) -> _Axes:
    """Return the axes for a word J and one word on both qubits that commutes with it."""
    first, second = parity // 4 * 4, parity % 4
    other = next(
        word
        for word in sorted(JOINT - {parity, joint})
        if COMMUTE[word][parity] and COMMUTE[word][joint]
    )
    x, z = WORDS[joint], WORDS[first]
    spin = (x, 1j * x @ z, z)
    spins = np.zeros((2, len(WORDS), len(spin)))
    for sector, word in product(range(2), range(len(WORDS))):
        if COMMUTE[word][parity]:
            projector = (WORDS[0] + (-1) ** sector * WORDS[parity]) / 2
            shares = [np.trace(projector @ WORDS[word] @ axis).real / 2 for axis in spin]
            spins[sector, word] = np.rint(shares)
    return _Axes((first, second), (joint, other), spins)
