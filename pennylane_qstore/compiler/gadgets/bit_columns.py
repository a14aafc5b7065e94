"""Pauli words as columns of bits, and how one step of a circuit changes them.

Every word is a row, and a column (an x and a z mask a qubit) holds one qubit's letters in all rows.
A quarter turn about a two-qubit word, which is a CNOT up to one-qubit gates, changes two columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pennylane_qstore.compiler.circuit.elements import PAIR
from pennylane_qstore.compiler.circuit.paulis import Word, bits

_LETTERS = "XYZ"


class GadgetStep(NamedTuple):
    """One thing to do, on one or two qubits.

    Attributes:
        row: the rotation that it does, or -1
        turn: whether it is a quarter turn, too
        letters: the word that it is about, (qubit, index in "XYZ") pairs
    """

    row: int
    turn: bool
    letters: tuple[tuple[int, int], ...]

    @property
    def word(self) -> Word:
        """The word that it is about, with a plus sign."""
        return Word.of((qubit, _LETTERS[letter]) for qubit, letter in self.letters)


@dataclass(frozen=True, slots=True)
class Path:
    """Steps, the last one first.

    Attributes:
        last: the last step
        before: the steps before it
    """

    last: GadgetStep
    before: "Path | None"

    def __iter__(self) -> Iterator[GadgetStep]:
        path: Path | None = self
        while path is not None:
            yield path.last
            path = path.before


class Position(NamedTuple):
    """A state of the search: the rows that remain, and the path so far.

    Attributes:
        x: a mask of rows for each qubit
        z: the same for Z
        waiting: the rows of the rotations that are not done
        path: what was done
    """

    x: tuple[int, ...]
    z: tuple[int, ...]
    waiting: int
    path: Path | None


def placed(rows: Sequence[Word], qubits: int, waiting: int) -> Position:
    """Return the words as columns, the first ones being rotations that wait."""
    x = (sum((row.x >> q & 1) << i for i, row in enumerate(rows)) for q in range(qubits))
    z = (sum((row.z >> q & 1) << i for i, row in enumerate(rows)) for q in range(qubits))
    return Position(tuple(x), tuple(z), (1 << waiting) - 1, None)


def blockers(position: Position, row: int, word: Word) -> int:
    """Return a mask of the rows before one that don't commute with its word."""
    odd = 0
    for qubit in bits(word.x):
        odd ^= position.z[qubit]
    for qubit in bits(word.z):
        odd ^= position.x[qubit]
    return odd & ((1 << row) - 1)


@cache
def shortenings(one: tuple[int, int], other: tuple[int, int]) -> dict[GadgetStep, None]:
    """Return the quarter turns that take one of two letters off a word."""
    (a, first), (b, second) = one, other
    steps: dict[GadgetStep, None] = {}
    for k in (1, 2):
        steps[GadgetStep(-1, True, (one, (b, (second + k) % 3)))] = None
        steps[GadgetStep(-1, True, ((a, (first + k) % 3), other))] = None
    return steps


def letters_of(position: Position, row: int) -> tuple[tuple[int, int], ...]:
    """Return a row's (qubit, index in "XYZ") pairs."""
    return tuple(
        (qubit, 2 - 2 * (x >> row & 1) + ((x & z) >> row & 1))
        for qubit, (x, z) in enumerate(zip(position.x, position.z, strict=True))
        if (x | z) >> row & 1
    )


def letters_in(x: int, z: int, rows: int) -> int:
    """Return how many different letters some rows of a column have."""
    return sum(bool(letter & rows) for letter in (x & ~z, x & z, z & ~x))


def moved(position: Position, step: GadgetStep) -> Position:
    """Return the position after a step with one entangler."""
    x, z = list(position.x), list(position.z)
    if step.turn:
        (a, first), (b, second) = step.letters
        turned = (z[a], x[a] ^ z[a], x[a])[first] ^ (z[b], x[b] ^ z[b], x[b])[second]
        for qubit, letter in step.letters:
            x[qubit] ^= turned if letter < PAIR else 0
            z[qubit] ^= turned if letter else 0
    waiting = position.waiting & ~(1 << step.row) if step.row >= 0 else position.waiting
    return Position(tuple(x), tuple(z), waiting, Path(step, position.path))


def pulses(path: Path | None) -> int:
    """Return about how many pulses a path needs on ZZ: one a change of letter, two at most."""
    letter_of: dict[int, int] = {}
    changes: dict[int, int] = {}
    count = 0
    for step in path or ():
        for qubit, letter in step.letters:
            changes[qubit] = changes.get(qubit, 0) + (letter != letter_of.get(qubit, PAIR))
            letter_of[qubit] = letter
            if len(step.letters) == PAIR:
                count += min(changes[qubit], PAIR)
                changes[qubit] = 0
    ends = (min(changes[q] + (letter_of[q] != PAIR), PAIR) for q in changes)
    return count + sum(ends)
