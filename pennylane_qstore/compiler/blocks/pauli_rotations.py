"""Write a block as Pauli rotations around one Clifford gate, with few entanglers."""

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


class RotationForm(NamedTuple):
    """The elements that replace others.

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


def as_rotations(
    qubits: tuple[int, ...],
    elements: Iterable[Element],
    first: int,
    *,
    zeros: Collection[int] = (),
    terminal: bool = False,
    sectors: bool = True,
) -> RotationForm:
    """Return rotations about words, with all Clifford gates as one where it costs the least.

    Args:
        qubits: the first is the left tensor factor
        elements: in order
        first: the index of the first angle that may be derived
        zeros: those of the qubits that are in |0⟩ before, as places in the pair
        terminal: whether both qubits are only measured afterwards, in the computational basis
        sectors: whether rotations that keep a parity become two
    """
    rotations, matrix = _gadgets(_steps(qubits, elements))
    rotations, source = fewer(rotations, first) if sectors else (rotations, None)
    if zeros:
        rotations = _on_zeros(rotations, zeros)
    if zeros or source:  # other rotations may meet now
        rotations, inner = _gadgets(step for term in rotations for step in _as_step(term))
        matrix = matrix @ inner
    remainder = _remainder(matrix.tobytes())
    if terminal:
        rotations = _relevant(rotations, remainder)
    moved = [
        WordRotation(image, term.angle.scaled(sign))
        for term in rotations
        for image, sign in (remainder.images[term.word],)
    ]
    costs = [
        sum(term.word in JOINT for term in rotations[:split] + moved[split:])
        for split in range(len(rotations) + 1)
    ]
    split = len(rotations) - costs[::-1].index(min(costs))
    later = qubits[::-1] if remainder.mirrored else qubits
    return RotationForm(
        [
            *(_rotation(qubits, term) for term in rotations[:split]),
            *resolved(qubits, remainder.decomposition),
            *(_rotation(later, term) for term in moved[split:]),
        ],
        remainder.mirrored,
        source,
    )


def _on_zeros(rotations: Iterable[WordRotation], zeros: Collection[int]) -> list[WordRotation]:
    """Return rotations that do the same to qubits in |0⟩; those about Z there come first."""
    early: list[WordRotation] = []
    later: list[WordRotation] = []
    for term in rotations:
        letters = divmod(term.word, 4)
        is_phase = any(letters[place] == _Z for place in zeros)
        is_phase &= all(letters[place] in _DIAGONAL for place in zeros)
        movable = is_phase and all(COMMUTE[term.word][other.word] for other in later)
        (early if movable else later).append(term)
    reduced = on_zero_state((_rotation(_PLACES, term) for term in [*early, *later]), zeros)
    return [WordRotation(word_of(_PLACES, each), each.angle) for each in reduced]


def _relevant(rotations: Sequence[WordRotation], remainder: "_Remainder") -> list[WordRotation]:
    """Return the rotations without those that are diagonal once they are moved to the end."""
    kept: list[WordRotation] = []
    for term in reversed(rotations):
        diagonal = all(letter in _DIAGONAL for letter in divmod(remainder.images[term.word][0], 4))
        if not diagonal or not all(COMMUTE[term.word][other.word] for other in kept):
            kept.append(term)
    return kept[::-1]


def _gadgets(steps: Iterable[WordRotation | _CliffordGate]) -> tuple[list[WordRotation], Matrix]:
    """Return rotations and the Clifford gate after them, until no rotation is one itself."""
    rotations, matrix = _moved(steps)
    while any(_quarters(term.angle) is not None for term in rotations):
        rotations, inner = _moved(step for term in rotations for step in _as_step(term))
        matrix = matrix @ inner
    return rotations, matrix


def _moved(steps: Iterable[WordRotation | _CliffordGate]) -> tuple[list[WordRotation], Matrix]:
    """Return all gates moved behind all rotations; those about the same word are merged."""
    rotations: list[WordRotation] = []
    matrix, images = WORDS[0], _UNMOVED
    for step in steps:
        if isinstance(step, _CliffordGate):
            matrix = step.matrix @ matrix
            images = tuple((images[i][0], sign * images[i][1]) for i, sign in step.images)
        else:
            word, sign = images[step.word]
            _merge(rotations, WordRotation(word, step.angle.scaled(sign)))
    return rotations, matrix


def _merge(rotations: list[WordRotation], term: WordRotation) -> None:
    """Add a term to the last one about its word, if it gets there, or else to the list."""
    for place in range(len(rotations) - 1, -1, -1):
        if rotations[place].word == term.word:
            rotations[place] = WordRotation(term.word, rotations[place].angle.plus(term.angle))
            return
        if not COMMUTE[term.word][rotations[place].word]:
            break
    rotations.append(term)


def _steps(
    qubits: tuple[int, ...], elements: Iterable[Element]
) -> Iterator[WordRotation | _CliffordGate]:
    """Yield the elements of a group as rotations and Clifford gates."""
    for element in elements:
        if isinstance(element, Rotation):
            yield from _as_step(WordRotation(word_of(qubits, element), element.angle))
            continue
        places = tuple(qubits.index(qubit) for qubit in element.qubits)
        if isinstance(element, Clifford):
            yield _clifford(element.name, places)
        else:
            for axis, angle in zip((3, 1, 3), zxz(element.matrix), strict=True):
                yield from _as_step(WordRotation(axis * 4 ** (1 - places[0]), Angle(angle)))


def _as_step(term: WordRotation) -> Iterator[WordRotation | _CliffordGate]:
    """Yield a rotation, as a gate where it is a Clifford for all parameters; no phases."""
    quarters = _quarters(term.angle)
    if quarters is None:
        yield term
    elif quarters % 4:
        yield _quarter_rotation(term.word, quarters % 4)


def _quarters(angle: Angle) -> int | None:
    """Return a constant angle in whole units of π/2, or None."""
    units = angle.const / (np.pi / 2)
    if angle.is_constant and abs(units - round(units)) < tolerances.BLOCK_QUARTER_TURNS:
        return round(units)
    return None


def _rotation(qubits: tuple[int, ...], term: WordRotation) -> Rotation:
    """Return a rotation on a pair of qubits."""
    letters = zip(qubits, divmod(term.word, 4), strict=True)
    return rotation(((qubit, LETTERS[p]) for qubit, p in letters if p), term.angle)


@cache
def _clifford(name: str, places: tuple[int, ...]) -> _CliffordGate:
    matrix = on_pair(CLIFFORDS[name], places)
    return _CliffordGate(matrix, _images(matrix))


@cache
def _quarter_rotation(word: int, quarters: int) -> _CliffordGate:
    half = quarters * np.pi / 4
    matrix = np.cos(half) * WORDS[0] - 1j * np.sin(half) * WORDS[word]
    return _CliffordGate(matrix, _images(matrix))


@lru_cache(maxsize=1024)
def _remainder(matrix: bytes) -> _Remainder:
    clifford = np.frombuffer(matrix, dtype=complex).reshape(4, 4)
    decomposition, mirrored = weyl.cheapest(clifford, tolerances.COORDINATE)
    return _Remainder(decomposition, mirrored, _images(clifford.conj().T))


def _images(matrix: Matrix) -> tuple[tuple[int, int], ...]:
    """Return index and sign of G†·P·G for every word P and a Clifford gate G."""
    turned = matrix.conj().T @ WORDS @ matrix
    shares = np.einsum("pab,qba->pq", turned, WORDS).real / 4
    indices = np.abs(shares).argmax(axis=1)
    return tuple((int(i), round(row[i])) for i, row in zip(indices, shares, strict=True))


_UNMOVED = tuple((word, 1) for word in range(16))
_PLACES = (0, 1)
_Z = LETTERS.index("Z")
_DIAGONAL = frozenset(map(LETTERS.index, "IZ"))
