"""Rotations about long Pauli words as a ladder of CNOTs around a two-qubit rotation."""

from collections.abc import Iterable
from itertools import pairwise

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Element, adjoint, rotation

_PAIR = 2
# The gate that turns Z to a Pauli operator: G·Z·G† is the operator.
FROM_Z = {"X": "H", "Y": "SXDG"}


def laddered(letters: Iterable[tuple[int, str]], angle: Angle) -> list[Element]:
    """Decompose a rotation of weight w into 2w - 3 entanglers, up to a global phase.

    The CNOTs hand the parity on from qubit to qubit, the first one first, so that words with the
    same beginning have the same CNOTs.

    Args:
        letters: (qubit, letter) pairs of the word
        angle: in radians

    Returns:
        the elements, in order
    """
    word = sorted(letters)
    if len(word) <= _PAIR:
        return [rotation(word, angle)] if word else []
    before = onto_last(word[:-1])
    last, axis = word[-1]
    return [*before, rotation([(word[-2][0], "Z"), (last, axis)], angle), *adjoint(before)]


def onto_last(word: Iterable[tuple[int, str]]) -> list[Element]:
    """Return the elements that map a Pauli word to Z on the last of its qubits."""
    word = list(word)
    turns = [Clifford(FROM_Z[axis], (qubit,)) for qubit, axis in word if axis in FROM_Z]
    qubits = [qubit for qubit, _ in word]
    chain = [Clifford("CX", pair) for pair in pairwise(qubits)]
    return [*adjoint(turns), *chain]
