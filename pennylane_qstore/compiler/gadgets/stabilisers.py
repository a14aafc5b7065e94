"""Reduce Pauli rotations of qubits that start in |0⟩ to fewer and shorter ones.

If S stabilises a state and commutes with P, then rotations about P and about PS do the same to it.
So each rotation's word is chosen among those that differ by an element of the stabiliser group. A
word that is itself in the group gives only a phase.
"""

from collections.abc import Iterable
from itertools import combinations, permutations

from pennylane_qstore.compiler.circuit.elements import Rotation
from pennylane_qstore.compiler.circuit.paulis import Word, rotation_of


def on_zero_state(rotations: Iterable[Rotation], zeros: Iterable[int]) -> list[Rotation]:
    """Return rotations that do the same to |0⟩, about earlier words or else about light ones.

    Args:
        rotations: in order
        zeros: the qubits that are in |0⟩ at first
    """
    group = [Word(z=1 << qubit) for qubit in zeros]
    chosen: dict[tuple[int, int], Word] = {}
    kept = []
    for rotation in rotations:
        word = Word.of(rotation.word)
        if not all(map(word.commutes, group)):
            group = _commuting(group, word)
            chosen = {_key(earlier, group): earlier for earlier in chosen.values()}
        short = _reduced(word, group)
        if not short.weight:
            continue
        earlier = chosen.setdefault(_key(word, group), _lightest(word, group))
        same = _reduced(earlier, group) == short
        kept.append(rotation_of(earlier if same else earlier.negated(), rotation.angle))
    return kept


def lightened(generators: Iterable[Word]) -> list[Word]:
    """Return generators of low weight for the group of some commuting words."""
    words = list(generators)
    lighter = True
    while lighter:
        lighter = False
        for one, other in permutations(range(len(words)), 2):
            product = words[one].times(words[other])
            if product.weight < words[one].weight:
                words[one] = product
                lighter = True
    return words


def _commuting(group: Iterable[Word], word: Word) -> list[Word]:
    """Return generators of the part of a group of Z words that commutes with a word.

    None has the lowest bit of an earlier one.
    """
    generators = list(group)
    first = next(generator for generator in generators if not generator.commutes(word))
    rest = (generator for generator in generators if generator is not first)
    echelon: list[Word] = []
    for generator in rest:
        fitting = generator if generator.commutes(word) else first.times(generator)
        echelon.append(_reduced(fitting, echelon))
    return echelon


def _reduced(word: Word, group: Iterable[Word]) -> Word:
    """Return the one representative of all words that differ by an element of the group."""
    for generator in group:
        if word.z & generator.z & -generator.z:
            word = word.times(generator)
    return word


def _key(word: Word, group: Iterable[Word]) -> tuple[int, int]:
    short = _reduced(word, group)
    return short.x, short.z


def _lightest(word: Word, group: Iterable[Word]) -> Word:
    """Return a word of low weight that differs by an element of the group."""
    generators = list(group)
    factors = [*generators, *(one.times(other) for one, other in combinations(generators, 2))]
    while True:
        lighter = min(map(word.times, factors), key=lambda other: other.weight, default=word)
        if lighter.weight >= word.weight:
            return word
        word = lighter
