"""Replace two-qubit blocks by equivalent ones with fewer entanglers.

A block needs as many partial entanglers as its unitary has non-zero Weyl coordinates (weyl.py),
counted at three random parameter vectors. A coordinate is an analytic condition on the parameters:
it is zero for all of them or almost nowhere. A SWAP costs nothing, because any two ions can be
entangled: the qubits exchange their names instead.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.blocks.block import Block, BlockPosition, Part, parts_of
from pennylane_qstore.compiler.blocks.groups import PairGroup, collect, places_of
from pennylane_qstore.compiler.blocks.parity_sectors import ANGLES, Derived, Sectors
from pennylane_qstore.compiler.blocks.pauli_rotations import as_rotations
from pennylane_qstore.compiler.blocks.swaps import Names, without_swaps
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Element, Matrix, Reals, Rotation
from pennylane_qstore.compiler.circuit.passes import ALL_PASSES, Passes
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.schmidt import schmidt
from pennylane_qstore.compiler.unitaries.two_qubit import between, matrices
from pennylane_qstore.compiler.unitaries.weyl import SWAP

_SAMPLES = 3
_WITHOUT_DIAGONAL = 2  # entanglers of any unitary times a rotation about ZZ that is free


class Consolidated(NamedTuple):
    """A circuit whose blocks have as few entanglers as they can.

    Attributes:
        elements: in order; no SWAP and no constant on two qubits among them
        where: the qubit that holds logical qubit q at the end, for each q
        derived: the angles in it that are beyond the parameters
    """

    elements: tuple[Part, ...]
    where: tuple[int, ...]
    derived: Derived


def consolidate(
    elements: Iterable[Element],
    qubits: int,
    *,
    measured: bool = False,
    states: bool = False,
    passes: Passes = ALL_PASSES,
    n_params: int | None = None,
) -> Consolidated:
    """Return the circuit with every block replaced that can do with fewer entanglers.

    They become rotations about Pauli words around one Clifford gate where that is enough; else
    constant ones become constants on one qubit and rotations about XX, YY and ZZ, others a Block.

    Args:
        elements: in order; those on more than two qubits are left as they are
        qubits: how many there are
        measured: whether the circuit starts in |0…0⟩ and its outcomes are all that matters
        states: whether, if so, the first block on two qubits is replaced also where that only
            spares pulses
        passes: those that run
        n_params: the index of the first derived angle; None takes the elements' own parameters
    """
    before, after = Names(qubits), Names(qubits)
    groups = collect(without_swaps(list(elements), before))
    places = places_of(groups) if measured else [BlockPosition.INSIDE] * len(groups)
    parts: list[Part] = []
    first = _n_params(groups) if n_params is None else n_params
    forms = _forms(groups, places, first, states=states, passes=passes)
    for group, form in zip(groups, forms, strict=True):
        parts += [after.renamed(part) for part in form.parts]
        if form.mirrored:
            after.exchange(*group.qubits)
    where = tuple(after.at[qubit] for qubit in before.at)
    sources = tuple(form.source for form in forms if form.source)
    return Consolidated(tuple(parts), where, Derived(first, sources))


class _BlockForm(NamedTuple):
    """The parts that replace a group.

    Attributes:
        parts: in order
        mirrored: whether its qubits exchange their names afterwards
        source: of the parts' derived angles; None where there are none
    """

    parts: Sequence[Part]
    mirrored: bool = False
    source: Sectors | None = None


def _forms(
    groups: Sequence[PairGroup],
    places: Sequence[BlockPosition],
    first: int,
    *,
    states: bool,
    passes: Passes,
) -> list[_BlockForm]:
    """Return the cheapest form of each group; all decompositions are one batch."""
    forms = [_BlockForm(group.elements) for group in groups]
    as_states = [
        states and place is BlockPosition.FRESH and group.entanglers > 0
        for group, place in zip(groups, places, strict=True)
    ]
    open_ = [i for i, group in enumerate(groups) if group.may_shrink or as_states[i]]
    if not open_ or not passes.blocks:
        return forms
    params = _sample_params(groups)
    unitaries = np.array([matrices(groups[i].qubits, groups[i].elements, params) for i in open_])
    whole, mirrored = _ranks(unitaries)
    for index, samples, rank, mirror in zip(
        open_, unitaries, whole.tolist(), mirrored.tolist(), strict=True
    ):
        group, place = groups[index], places[index]
        best = _least(samples, rank, place)
        if best + (not as_states[index]) > group.entanglers:
            continue
        if best == rank and not as_states[index]:
            place = BlockPosition.INSIDE
        may_rotate = not (as_states[index] or (group.is_constant and group.has_matrices))
        found = _rotation_form(group, best, place, first, passes) if may_rotate else None
        if found is None and group.is_constant:
            found = _resolved_form(group, samples[0], place, mirrored=mirror)
        forms[index] = found or _block_form(group, best, place, mirrored=mirror)
        if forms[index].source:
            first += ANGLES
    return forms


def _least(samples: Matrix, rank: int, place: BlockPosition) -> int:
    """Return a block's fewest entanglers in its place, by samples (S, 4, 4) of its unitary."""
    if place is BlockPosition.FRESH:
        return min(rank, int(schmidt(samples[..., 0]).angle.max() > tolerances.COORDINATE))
    return rank if place is BlockPosition.INSIDE else min(rank, _WITHOUT_DIAGONAL)


def _resolved_form(
    group: PairGroup, matrix: Matrix, place: BlockPosition, *, mirrored: bool
) -> _BlockForm:
    """Return a constant group as constants on one qubit and rotations about XX, YY and ZZ."""
    mirrored = mirrored and place is BlockPosition.INSIDE
    parts = parts_of((SWAP @ matrix if mirrored else matrix)[None], place)
    left, right = ([gate[0] for gate in side] for side in (parts.left, parts.right))
    return _BlockForm(between(group.qubits, left, parts.angles[0].tolist(), right), mirrored)


def _rotation_form(
    group: PairGroup, rank: int, place: BlockPosition, first: int, passes: Passes
) -> _BlockForm | None:
    """Return a group as rotations about words; None if that takes more entanglers than its rank."""
    terminal = place is BlockPosition.LAST
    form = _BlockForm(
        *as_rotations(
            group.qubits,
            group.elements,
            first,
            zeros=place.zeros,
            terminal=terminal,
            sectors=passes.parity_sectors,
        )
    )
    few = sum(len(part.qubits) > 1 for part in form.parts) <= rank
    return form if few else None


def _block_form(group: PairGroup, rank: int, place: BlockPosition, *, mirrored: bool) -> _BlockForm:
    """Return a block that is decomposed when parameters are bound."""
    mirrored = mirrored and place is BlockPosition.INSIDE
    first, second = group.qubits
    block = Block((first, second), tuple(_merged(group.elements)), rank, mirrored, place)
    return _BlockForm([block], mirrored)


def _merged(elements: Iterable[Element]) -> list[Element]:
    """Return the elements with successive rotations about the same word as one."""
    found: list[Element] = []
    for element in elements:
        last = found[-1] if found else None
        if (
            isinstance(element, Rotation)
            and isinstance(last, Rotation)
            and element.word == last.word
        ):
            found[-1] = Rotation(last.word, last.angle.plus(element.angle))
        else:
            found.append(element)
    return found


def _n_params(groups: Iterable[PairGroup]) -> int:
    """Return one more than the largest index of a parameter."""
    indices = [
        index
        for group in groups
        for element in group.elements
        if isinstance(element, Rotation)
        for index, _ in element.angle.terms
    ]
    return max(indices, default=-1) + 1


def _sample_params(groups: Iterable[PairGroup]) -> Reals:
    """Return the same random parameters every time, in radians, shape (n_samples, n_params)."""
    return np.random.default_rng(0).uniform(-np.pi, np.pi, (_n_params(groups), _SAMPLES)).T


def _ranks(unitaries: Matrix) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Return the fewest entanglers of samples (G, S, 4, 4), and whether SWAP·U has these."""
    found = weyl.decompose_batch(unitaries.reshape(-1, 4, 4))
    plain, mirrored = (
        count(found, tolerances.COORDINATE).reshape(-1, _SAMPLES).max(axis=1)
        for count in (weyl.entanglers, weyl.mirrored_entanglers)
    )
    return np.minimum(plain, mirrored), mirrored < plain
