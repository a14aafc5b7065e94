"""Pauli words as bits, and Clifford unitaries as tableaus of the words' images."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Rotation

# Each gate as rotations by multiples of π/2, (letters, multiple), the first one first.
_TURNS = {
    "X": (("X", 2),),
    "Y": (("Y", 2),),
    "Z": (("Z", 2),),
    "H": (("Y", 1), ("X", 2)),
    "S": (("Z", 1),),
    "SDG": (("Z", 3),),
    "SX": (("X", 1),),
    "SXDG": (("X", 3),),
    "CX": (("ZI", 1), ("IX", 1), ("ZX", 3)),
    "CZ": (("ZI", 1), ("IZ", 1), ("ZZ", 3)),
    "SWAP": (("XX", 1), ("YY", 1), ("ZZ", 1)),
}
_HALF_TURN = 2  # in quarters
_ONE_QUBIT = tuple(name for name, turns in _TURNS.items() if len(turns[0][0]) == 1)


class Word(NamedTuple):
    """A Pauli word times a phase: i^phase Π X^x Z^z, qubit by qubit.

    Attributes:
        x: the bits of the qubits with an X or a Y
        z: the bits of the qubits with a Z or a Y
        phase: 0 to 3
    """

    x: int = 0
    z: int = 0
    phase: int = 0

    @classmethod
    def of(cls, letters: Iterable[tuple[int, str]]) -> "Word":
        """Return the word of (qubit, letter) pairs, with a plus sign."""
        x = z = 0
        for qubit, letter in letters:
            x |= (letter in "XY") << qubit
            z |= (letter in "YZ") << qubit
        return cls(x, z, (x & z).bit_count() % 4)

    @property
    def letters(self) -> tuple[tuple[int, str], ...]:
        """Its (qubit, letter) pairs, qubits rising, without the sign."""
        return tuple(
            (qubit, "IXZY"[(self.x >> qubit & 1) + 2 * (self.z >> qubit & 1)])
            for qubit in bits(self.x | self.z)
        )

    @property
    def weight(self) -> int:
        """On how many qubits it acts."""
        return (self.x | self.z).bit_count()

    @property
    def negative(self) -> bool:
        """Whether a word that is its own adjoint has a minus sign."""
        return (self.phase - (self.x & self.z).bit_count()) % 4 != 0

    def negated(self) -> "Word":
        """Return the word with the other sign."""
        return self.times_i(2)

    def times_i(self, power: int) -> "Word":
        """Return the word times i^power."""
        return Word(self.x, self.z, (self.phase + power) % 4)

    def times(self, other: "Word") -> "Word":
        """Return the product, this one on the left."""
        crossings = (self.z & other.x).bit_count()
        phase = (self.phase + other.phase + 2 * crossings) % 4
        return Word(self.x ^ other.x, self.z ^ other.z, phase)

    def commutes(self, other: "Word") -> bool:
        """Return whether the two words commute."""
        return not ((self.x & other.z).bit_count() + (self.z & other.x).bit_count()) & 1

    def turned(self, axis: "Word", quarters: int) -> "Word":
        """Return G W G† for the rotation G of that many quarter turns about an axis."""
        quarters %= 4
        if not quarters or self.commutes(axis):
            return self
        if quarters == _HALF_TURN:
            return self.negated()
        return axis.times(self).times_i(-quarters)


@dataclass(frozen=True, slots=True)
class Tableau:
    """A Clifford C by what it pulls every X and Z back to: C†XC and C†ZC.

    Attributes:
        x: for each qubit C†XC
        z: for each qubit C†ZC
    """

    x: tuple[Word, ...]
    z: tuple[Word, ...]

    @classmethod
    def identity(cls, qubits: int) -> "Tableau":
        """Return the Clifford that does nothing."""
        return cls(
            tuple(Word(x=1 << qubit) for qubit in range(qubits)),
            tuple(Word(z=1 << qubit) for qubit in range(qubits)),
        )

    def pulled_back(self, word: Word) -> Word:
        """Return C† W C."""
        image = Word(phase=word.phase)
        for qubit in bits(word.x | word.z):
            if word.x >> qubit & 1:
                image = image.times(self.x[qubit])
            if word.z >> qubit & 1:
                image = image.times(self.z[qubit])
        return image

    def followed_by(self, axis: Word, quarters: int) -> "Tableau":
        """Return the Clifford with a rotation by quarter turns after it."""
        back = self.pulled_back(axis)
        x = (
            image.turned(back, -quarters) if axis.z >> qubit & 1 else image
            for qubit, image in enumerate(self.x)
        )
        z = (
            image.turned(back, -quarters) if axis.x >> qubit & 1 else image
            for qubit, image in enumerate(self.z)
        )
        return Tableau(tuple(x), tuple(z))

    def turned(self, axis: Word, quarters: int) -> "Tableau":
        """Return C G† for a rotation G by quarter turns: what remains of C once G is done."""
        x = tuple(image.turned(axis, quarters) for image in self.x)
        return Tableau(x, tuple(image.turned(axis, quarters) for image in self.z))

    def after(self, first: "Tableau") -> "Tableau":
        """Return the Clifford that does another one first."""
        x = tuple(map(first.pulled_back, self.x))
        return Tableau(x, tuple(map(first.pulled_back, self.z)))


def bits(mask: int) -> Iterator[int]:
    """Yield the places of the ones, rising."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def turns_of(gate: Clifford) -> Iterator[tuple[Word, int]]:
    """Yield a gate's rotations by quarter turns about words, up to a global phase."""
    for letters, quarters in _TURNS[gate.name]:
        pairs = zip(gate.qubits, letters, strict=True)
        yield Word.of((qubit, letter) for qubit, letter in pairs if letter != "I"), quarters


def quarters_in(angle: Angle) -> int | None:
    """Return how many quarter turns an angle is, modulo 4, or None if that is no whole number."""
    if not angle.is_constant:
        return None
    quarters = angle.const / (math.pi / 2)
    return (
        round(quarters) % 4 if abs(quarters - round(quarters)) < tolerances.QUARTER_TURNS else None
    )


def rotation_of(word: Word, angle: Angle) -> Rotation:
    """Return the rotation about a signed word."""
    return Rotation(word.letters, angle.scaled(-1) if word.negative else angle)


@cache
def one_qubit_gates() -> dict[tuple[Word, Word], tuple[str, ...]]:
    """Return the shortest gate names of each one-qubit Clifford, by its images of X and Z."""
    identity = Tableau.identity(1)
    names: dict[tuple[Word, Word], tuple[str, ...]] = {(identity.x[0], identity.z[0]): ()}
    found: list[tuple[Tableau, tuple[str, ...]]] = [(identity, ())]
    for tableau, gates in found:
        for name in _ONE_QUBIT:
            after = tableau
            for axis, quarters in turns_of(Clifford(name, (0,))):
                after = after.followed_by(axis, quarters)
            if (after.x[0], after.z[0]) not in names:
                names[after.x[0], after.z[0]] = (*gates, name)
                found.append((after, (*gates, name)))
    return names
