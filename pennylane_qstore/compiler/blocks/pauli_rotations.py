"""Elements on two qubits as rotations about Pauli words around one Clifford gate."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.blocks.parity_sectors import (
    COMMUTE,
    JOINT,
    Sectors,
    WordRotation,
    fewer,
)
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Element,
    Matrix,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.circuit.one_qubit import zxz
from pennylane_qstore.compiler.gadgets.stabilisers import on_zero_state
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.two_qubit import (
    CLIFFORDS,
    LETTERS,
    WORDS,
    on_pair,
    resolved,
    word_of,
)
from pennylane_qstore.compiler.unitaries.weyl import Weyl


class Turned(NamedTuple):
    """What elements become.

    Attributes:
        parts: in order
        mirrored: whether the qubits exchange their names afterwards
        source: of the parts' derived angles; None where there are none
    """

    parts: Sequence[Element]
    mirrored: bool
    source: Sectors | None


class _CliffordGate(NamedTuple):
    """A Clifford gate G: its matrix and, for each word P, index and sign of G†·P·G."""

    matrix: Matrix
    images: tuple[tuple[int, int], ...]


class _Remainder(NamedTuple):
    """The Clifford gate C of a gadget form: its decomposition and, for each word P, C·P·C†."""

    decomposition: Weyl
    mirrored: bool
    images: tuple[tuple[int, int], ...]


def by_turns(
    qubits: tuple[int, ...],
    elements: Iterable[Element],
    first: int,
    *,
    zeros: Collection[int] = (),
    terminal: bool = False,
) -> Turned:
    """Rotations about words, all Clifford gates as one among them, where it costs the least.

    Args:
        qubits: the first is the left tensor factor
        elements: in order
        first: the index of the first angle that may be derived
        zeros: those of the qubits that are in |0⟩ before, as places in the pair
        terminal: whether both qubits are only measured afterwards, in the computational basis
    """
    turns, matrix = _gadgets(_steps(qubits, elements))
    turns, source = fewer(turns, first)
    if zeros:
        turns = _on_zeros(turns, zeros)
    if zeros or source:  # other turns may meet now
        turns, inner = _gadgets(step for turn in turns for step in _turned(turn))
        matrix = matrix @ inner
    remainder = _remainder(matrix.tobytes())
    if terminal:
        turns = _seen(turns, remainder)
    moved = [
        WordRotation(image, turn.angle.scaled(sign))
        for turn in turns
        for image, sign in (remainder.images[turn.word],)
    ]
    costs = [
        sum(turn.word in JOINT for turn in turns[:split] + moved[split:])
        for split in range(len(turns) + 1)
    ]
    split = len(turns) - costs[::-1].index(min(costs))
    later = qubits[::-1] if remainder.mirrored else qubits
    return Turned(
        [
            *(_rotation(qubits, turn) for turn in turns[:split]),
            *resolved(qubits, remainder.decomposition),
            *(_rotation(later, turn) for turn in moved[split:]),
        ],
        remainder.mirrored,
        source,
    )


def _on_zeros(turns: Iterable[WordRotation], zeros: Collection[int]) -> list[WordRotation]:
    """What turns do to qubits in |0⟩; those about Z there come first where they can."""
    early: list[WordRotation] = []
    later: list[WordRotation] = []
    for turn in turns:
        letters = divmod(turn.word, 4)
        known = any(letters[place] == _Z for place in zeros)
        known &= all(letters[place] in _DIAGONAL for place in zeros)
        movable = known and all(COMMUTE[turn.word][other.word] for other in later)
        (early if movable else later).append(turn)
    rotations = on_zero_state((_rotation(_PLACES, turn) for turn in [*early, *later]), zeros)
    return [WordRotation(word_of(_PLACES, each), each.angle) for each in rotations]


def _seen(turns: Sequence[WordRotation], remainder: "_Remainder") -> list[WordRotation]:
    """Turns without those that are diagonal at the end, once they have been moved there."""
    kept: list[WordRotation] = []
    for turn in reversed(turns):
        diagonal = all(letter in _DIAGONAL for letter in divmod(remainder.images[turn.word][0], 4))
        if not diagonal or not all(COMMUTE[turn.word][other.word] for other in kept):
            kept.append(turn)
    return kept[::-1]


def _gadgets(steps: Iterable[WordRotation | _CliffordGate]) -> tuple[list[WordRotation], Matrix]:
    """Steps to turns and the Clifford gate after them, until no turn is one itself."""
    turns, matrix = _moved(steps)
    while any(_quarters(turn.angle) is not None for turn in turns):
        turns, inner = _moved(step for turn in turns for step in _turned(turn))
        matrix = matrix @ inner
    return turns, matrix


def _moved(steps: Iterable[WordRotation | _CliffordGate]) -> tuple[list[WordRotation], Matrix]:
    """All gates moved behind all turns; turns about the same word meet where they commute."""
    turns: list[WordRotation] = []
    matrix, images = WORDS[0], _UNMOVED
    for step in steps:
        if isinstance(step, _CliffordGate):
            matrix = step.matrix @ matrix
            images = tuple((images[i][0], sign * images[i][1]) for i, sign in step.images)
        else:
            word, sign = images[step.word]
            _merge(turns, WordRotation(word, step.angle.scaled(sign)))
    return turns, matrix


def _merge(turns: list[WordRotation], turn: WordRotation) -> None:
    """Add a turn to the last one about its word, if it gets there, or else to the list."""
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].word == turn.word:
            turns[place] = WordRotation(turn.word, turns[place].angle.plus(turn.angle))
            return
        if not COMMUTE[turn.word][turns[place].word]:
            break
    turns.append(turn)


def _steps(
    qubits: tuple[int, ...], elements: Iterable[Element]
) -> Iterator[WordRotation | _CliffordGate]:
    """Elements of a group to turns and Clifford gates."""
    for element in elements:
        if isinstance(element, Rotation):
            yield from _turned(WordRotation(word_of(qubits, element), element.angle))
            continue
        places = tuple(qubits.index(qubit) for qubit in element.qubits)
        if isinstance(element, Clifford):
            yield _clifford(element.name, places)
        else:
            for axis, angle in zip((3, 1, 3), zxz(element.matrix), strict=True):
                yield from _turned(WordRotation(axis * 4 ** (1 - places[0]), Angle(angle)))


def _turned(turn: WordRotation) -> Iterator[WordRotation | _CliffordGate]:
    """A turn, as a gate if it is a Clifford gate for all parameters; nothing if it is a phase."""
    quarters = _quarters(turn.angle)
    if quarters is None:
        yield turn
    elif quarters % 4:
        yield _quarter_turns(turn.word, quarters % 4)


def _quarters(angle: Angle) -> int | None:
    """A constant angle in whole units of π/2, if it is."""
    units = angle.const / (np.pi / 2)
    if angle.is_constant and abs(units - round(units)) < tolerances.BLOCK_QUARTER_TURNS:
        return round(units)
    return None


def _rotation(qubits: tuple[int, ...], turn: WordRotation) -> Rotation:
    """A turn on a pair of qubits."""
    letters = zip(qubits, divmod(turn.word, 4), strict=True)
    return rotation(((qubit, LETTERS[p]) for qubit, p in letters if p), turn.angle)


@cache
def _clifford(name: str, places: tuple[int, ...]) -> _CliffordGate:
    matrix = on_pair(CLIFFORDS[name], places)
    return _CliffordGate(matrix, _images(matrix))


@cache
def _quarter_turns(word: int, quarters: int) -> _CliffordGate:
    half = quarters * np.pi / 4
    matrix = np.cos(half) * WORDS[0] - 1j * np.sin(half) * WORDS[word]
    return _CliffordGate(matrix, _images(matrix))


@lru_cache(maxsize=1024)
def _remainder(matrix: bytes) -> _Remainder:
    clifford = np.frombuffer(matrix, dtype=complex).reshape(4, 4)
    decomposition, mirrored = weyl.cheapest(clifford, tolerances.COORDINATE)
    return _Remainder(decomposition, mirrored, _images(clifford.conj().T))


def _images(matrix: Matrix) -> tuple[tuple[int, int], ...]:
    """Index and sign of G†·P·G for every word P and a Clifford gate G."""
    turned = matrix.conj().T @ WORDS @ matrix
    shares = np.einsum("pab,qba->pq", turned, WORDS).real / 4
    indices = np.abs(shares).argmax(axis=1)
    return tuple((int(i), round(row[i])) for i, row in zip(indices, shares, strict=True))


_UNMOVED = tuple((word, 1) for word in range(16))
_PLACES = (0, 1)
_Z = LETTERS.index("Z")
_DIAGONAL = frozenset(map(LETTERS.index, "IZ"))
