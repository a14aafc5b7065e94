"""Synthesise Cliffords and Pauli rotations with few entanglers.

Every Clifford moves to the end, which leaves rotations about other words and one tableau. Rotations
about equal words merge, and a beam search synthesises the rest. A rotation about a word of weight
two costs one entangler whatever its angle, as a CNOT does. Angles stay symbolic.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Constant, Element, Rotation
from pennylane_qstore.compiler.circuit.one_qubit import one_qubit_elements
from pennylane_qstore.compiler.circuit.paulis import (
    Tableau,
    Word,
    one_qubit_gates,
    quarters_in,
    rotation_of,
    turns_of,
)
from pennylane_qstore.compiler.gadgets.beam_search import THOROUGH, BeamSearch
from pennylane_qstore.compiler.gadgets.bit_columns import GadgetStep
from pennylane_qstore.compiler.gadgets.stabilisers import lightened, on_zero_state

_QUARTER = Angle(math.pi / 2)
_TO_Z = {"X": "H", "Y": "SX"}


@dataclass(frozen=True, slots=True)
class GadgetSynthesis:
    """A circuit with the same unitary, up to a global phase and a relabelling at its end.

    Attributes:
        elements: the circuit
        where: for each qubit of the original, the qubit that holds its state at the end
    """

    elements: tuple[Element, ...]
    where: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MeasuredSynthesis:
    """A circuit with the same outcomes, after a map of its bits: Ax ⊕ b.

    Attributes:
        elements: the circuit
        parities: A; for each qubit of the original a row, 1 for the bits whose parity is its own
        flips: b; 1 for each bit that is then flipped
    """

    elements: tuple[Element, ...]
    parities: tuple[tuple[int, ...], ...]
    flips: tuple[int, ...]


def synthesise(
    elements: Iterable[Element],
    qubits: int,
    *,
    from_zero: bool = False,
    most: int | None = None,
    searches: int = THOROUGH,
) -> GadgetSynthesis | None:
    """Finds a circuit with few entanglers, each a rotation about a word of weight two.

    Args:
        elements: the circuit
        qubits: their number
        from_zero: whether the circuit only acts on |0…0⟩
        most: how many entanglers it may have
        searches: how many parameter sets the beam search tries

    Returns:
        None where a constant is neither a Clifford gate nor a rotation about a Pauli word, or
        where no circuit with so few entanglers is found, or is likely to be.
    """
    split = rotations_then_clifford(elements, qubits, from_zero=from_zero)
    if split is None:
        return None
    rotations, clifford = split
    words = [Word.of(rotation.word) for rotation in rotations]
    if _are_too_many(words, most):
        return None
    steps = BeamSearch(words, [*clifford.x, *clifford.z], qubits, measured=False).best(
        most, searches
    )
    if steps is None:
        return None
    done, left = _done(steps, rotations, clifford)
    where = tuple((x.x | x.z).bit_length() - 1 for x in left.x)
    for qubit, x, z in zip(where, left.x, left.z, strict=True):
        names = one_qubit_gates()[_on_first(x, qubit), _on_first(z, qubit)]
        done.extend(Clifford(name, (qubit,)) for name in names)
    return GadgetSynthesis(tuple(done), where)


def synthesise_measured(
    elements: Iterable[Element],
    qubits: int,
    *,
    measured: Sequence[int] | None = None,
    from_zero: bool = False,
    most: int | None = None,
) -> MeasuredSynthesis | None:
    """Return a circuit whose measured bits become the original's by an affine map, or None.

    Takes what `synthesise` takes. The map of the bits is linear over GF(2): it stands for the
    CNOTs, Xs and relabellings at the end, and a phase at the end is dropped.

    Args:
        elements: the circuit
        qubits: their number
        measured: the qubits whose bits are required, each of which has a row of the map; None
            requires all
        from_zero: whether the circuit only acts on |0…0⟩
        most: how many entanglers it may have
    """
    split = rotations_then_clifford(elements, qubits, from_zero=from_zero)
    if split is None:
        return None
    rotations, clifford = split
    required = range(qubits) if measured is None else measured
    bits = [clifford.z[qubit] for qubit in required]
    rotations = _relevant(rotations, bits)
    words = [Word.of(rotation.word) for rotation in rotations]
    if _are_too_many(words, most):
        return None
    steps = BeamSearch(words, lightened(bits), qubits, measured=True).best(most)
    if steps is None:
        return None
    done, left = _done(steps, rotations, clifford)
    bits = [left.z[qubit] for qubit in required]
    for qubit, letter in sorted({pair for word in bits for pair in word.letters}):
        if letter in _TO_Z:
            gate = Clifford(_TO_Z[letter], (qubit,))
            done.append(gate)
            for axis, quarters in turns_of(gate):
                left = left.turned(axis, quarters)
    bits = [left.z[qubit] for qubit in required]
    parities = tuple(tuple(word.z >> qubit & 1 for qubit in range(qubits)) for word in bits)
    return MeasuredSynthesis(tuple(done), parities, tuple(int(word.negative) for word in bits))


def rotations_then_clifford(
    elements: Iterable[Element], qubits: int, *, from_zero: bool = False
) -> tuple[list[Rotation], Tableau] | None:
    """Return the merged rotations of a circuit and the Clifford after them; None if it has others.

    A rotation whose angle becomes a whole number of quarter turns is a Clifford, too.
    """
    steps = _as_rotations(elements)
    if steps is None:
        return None
    rotations, clifford = _split(steps, qubits)
    while True:
        merged = on_zero_state(rotations, range(qubits)) if from_zero else rotations
        shorter, more = _split(_merged(merged), qubits)
        clifford = clifford.after(more)
        if len(shorter) == len(rotations):
            return shorter, clifford
        rotations = shorter


def _as_rotations(elements: Iterable[Element]) -> list[Rotation] | None:
    """Return everything as rotations up to a global phase, or None where something is none."""
    rotations: list[Rotation] = []
    for element in elements:
        parts: Sequence[Element] | None = (element,)
        if isinstance(element, Constant):
            parts = one_qubit_elements(element)
        if parts is None:
            return None
        for part in parts:
            if isinstance(part, Clifford):
                turns = turns_of(part)
                rotations += [rotation_of(w, _QUARTER.scaled(quarters)) for w, quarters in turns]
            elif isinstance(part, Rotation) and part.word:
                rotations.append(part)
    return rotations


def _split(rotations: Iterable[Rotation], qubits: int) -> tuple[list[Rotation], Tableau]:
    """Return the rotations that are no Cliffords, then the Clifford that the others make."""
    clifford = Tableau.identity(qubits)
    rest = []
    for rotation in rotations:
        word = Word.of(rotation.word)
        quarters = quarters_in(rotation.angle)
        if quarters is None:
            rest.append(rotation_of(clifford.pulled_back(word), rotation.angle))
        elif quarters:
            clifford = clifford.followed_by(word, quarters)
    return rest, clifford


def _merged(rotations: Iterable[Rotation]) -> list[Rotation]:
    """Return the rotations, each added to an earlier one about its word if it commutes there."""
    merged: list[Rotation] = []
    words: list[Word] = []
    for rotation in rotations:
        word = Word.of(rotation.word)
        place = _place(word, words)
        if place is None:
            merged.append(rotation)
            words.append(word)
        else:
            merged[place] = Rotation(rotation.word, merged[place].angle.plus(rotation.angle))
    return merged


def _place(word: Word, words: Sequence[Word]) -> int | None:
    """Return the last place of a word that commutes with all words after it, or None."""
    for place in range(len(words) - 1, -1, -1):
        if words[place] == word:
            return place
        if not words[place].commutes(word):
            break
    return None


def _are_too_many(words: Iterable[Word], most: int | None) -> bool:
    """Return whether it isn't worth a search: long words take about one entangler each."""
    return most is not None and sum(word.weight > 1 for word in words) >= max(1, most)


def _relevant(rotations: Sequence[Rotation], bits: Sequence[Word]) -> list[Rotation]:
    """Return the rotations that the outcomes depend on.

    Args:
        rotations: in order
        bits: what is measured after them
    """
    later = list(bits)
    relevant = []
    for rotation in reversed(rotations):
        word = Word.of(rotation.word)
        if not all(map(word.commutes, later)):
            later.append(word)
            relevant.append(rotation)
    return relevant[::-1]


def _done(
    steps: Iterable[GadgetStep], rotations: Iterable[Rotation], clifford: Tableau
) -> tuple[list[Element], Tableau]:
    """Return the elements of some steps, and what remains of the Clifford after them."""
    words = [Word.of(rotation.word) for rotation in rotations]
    angles = [rotation.angle for rotation in rotations]
    done: list[Element] = []
    for step in steps:
        axis = step.word
        angle = _QUARTER if step.turn else Angle()
        if step.row >= 0:
            angle = angle.plus(rotation_of(words[step.row], angles[step.row]).angle)
        done.append(rotation_of(axis, angle))
        if step.turn:
            words = [word.turned(axis, 1) for word in words]
            clifford = clifford.turned(axis, 1)
    return done, clifford


def _on_first(word: Word, qubit: int) -> Word:
    """Return a word of one letter, moved to qubit 0."""
    return Word(word.x >> qubit, word.z >> qubit, word.phase)
