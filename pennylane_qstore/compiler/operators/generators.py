"""Decompose one-parameter operators into Pauli rotations, by their generators.

exp(i angle G) is a product of rotations where the words of G commute, or fall into groups that do.
Whether the product is the operator is checked with its matrix, once for each kind of operator.
"""

import threading
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from cachetools import LRUCache, cached
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Element, Rotation, rotation
from pennylane_qstore.compiler.circuit.paulis import Word
from pennylane_qstore.compiler.gadgets.beam_search import QUICK
from pennylane_qstore.compiler.gadgets.synthesis import synthesise
from pennylane_qstore.compiler.unitaries.weyl import PAULIS

_PAIR = 2
_WIDEST = 5  # qubits; a matrix is needed
_MOST_WORDS = 32
_ANGLES = (0.37, 1.9, -2.6)  # radians, generic
# Other packages' classes may keep to themselves what decides their generators.
_PACKAGE = "pennylane"


def by_generator(op: Operator) -> Sequence[Element] | None:
    """An operator's elements, its wires as qubits 0, 1, … and its parameter open.

    Args:
        op: any

    Returns:
        elements on at most two qubits each, up to a global phase; None where the operator has not
        one angle and a generator, or the generator's words are no product of rotations.
    """
    kind = _kind(op)
    return None if kind is None else _elements(kind, op)


def _kind(op: Operator) -> Hashable | None:
    """Return what determines an operator's generator; None where that can't be said."""
    if isinstance(op, qml.ops.Controlled):
        base = _kind(op.base)
        return base and (type(op), tuple(map(bool, op.control_values)), base)
    package = type(op).__module__.split(".")[0]
    if package != _PACKAGE or isinstance(op, qml.ops.SymbolicOp | qml.ops.CompositeOp):
        return None
    if not op.has_generator or op.num_params != 1 or op.ndim_params != (0,):
        return None
    settings = tuple(sorted(op.hyperparameters.items()))
    plain = all(isinstance(value, str | int | tuple) for _, value in settings)
    return (type(op), len(op.wires), settings) if plain else None


@cached(LRUCache(1024), key=lambda kind, _: kind, lock=threading.Lock())
def _elements(_: Hashable, op: Operator) -> tuple[Element, ...] | None:
    if len(op.wires) > _WIDEST or not op.has_matrix:
        return None
    rotations = _rotations(op)
    if len(rotations) > _MOST_WORDS or not _agree(rotations, op):
        return None
    if all(len(each.word) <= _PAIR for each in rotations):
        return tuple(rotations)
    found = synthesise(rotations, len(op.wires), searches=QUICK)
    return None if found is None else (*found.elements, *_put_back(found.where))


def _rotations(op: Operator) -> list[Rotation]:
    """Return a generator's words as rotations, words that commute next to each other."""
    places = {wire: qubit for qubit, wire in enumerate(op.wires)}
    groups: list[list[Rotation]] = []
    for word, value in _words(op).items():
        if not word:
            continue
        letters = [(places[wire], letter) for wire, letter in word]
        turn = rotation(letters, Angle(0.0, ((0, -2 * value),)))
        of = Word.of(turn.word)
        group = next(
            (g for g in groups if all(of.commutes(Word.of(other.word)) for other in g)), None
        )
        if group is None:
            group = []
            groups.append(group)
        group.append(turn)
    return [turn for group in groups for turn in group]


def _words(op: Operator) -> dict[tuple[tuple[Any, str], ...], float]:
    """Return the generator's Pauli words, as (wire, letter) pairs, with their coefficients."""
    if isinstance(op, qml.ops.Controlled):
        words = _words(op.base)
        # What projects on a control's value is (1 ± Z)/2.
        for wire, control in zip(op.control_wires, op.control_values, strict=True):
            sign = -1 if control else 1
            words |= {((wire, "Z"), *word): sign * value for word, value in words.items()}
            words = {word: value / 2 for word, value in words.items()}
        return words
    generator = op.generator()
    sentence = generator.pauli_rep
    if sentence is None:
        matrix = qml.matrix(generator, wire_order=op.wires)
        sentence = qml.pauli_decompose(matrix, wire_order=op.wires, pauli=True)
    return {
        tuple(word.items()): float(np.real(value))
        for word, value in sentence.items()
        if abs(value) > tolerances.MATRIX_ELEMENT
    }


def _agree(rotations: Sequence[Rotation], op: Operator) -> bool:
    """Return whether rotations have an operator's matrix, up to a phase, at some angles."""
    size = len(op.wires)
    words = [_matrix(turn.word, size) for turn in rotations]
    for value in _ANGLES:
        product = np.eye(2**size, dtype=complex)
        for turn, word in zip(rotations, words, strict=True):
            half = float(turn.angle.at(np.array([value]))) / 2
            product = np.cos(half) * product - 1j * np.sin(half) * (word @ product)
        expected = qml.matrix(bind_new_parameters(op, [value]), wire_order=op.wires)
        overlap = np.vdot(product, expected) / len(product)
        if np.abs(product * overlap - expected).max() > tolerances.GENERATED_MATRIX:
            return False
    return True


def _matrix(word: Iterable[tuple[int, str]], size: int) -> NDArray[np.complex128]:
    letter_of = dict(word)
    matrix = np.eye(1, dtype=complex)
    for qubit in range(size):
        matrix = np.kron(matrix, PAULIS["IXYZ".index(letter_of.get(qubit, "I"))])
    return matrix


def _put_back(where: Sequence[int]) -> list[Element]:
    """Return the SWAPs that bring each qubit's state back to it."""
    places = list(where)
    swaps: list[Element] = []
    for qubit in range(len(places)):
        place = places[qubit]
        if place != qubit:
            swaps.append(Clifford("SWAP", (qubit, place)))
            places[places.index(qubit)] = place
            places[qubit] = qubit
    return swaps
