"""Two-qubit blocks to fewer entanglers: everything between two qubits, taken together.

A block needs as many partial entanglers as its unitary has non-zero Weyl coordinates (weyl.py).
That is read off at three random parameter vectors: that a coordinate is zero is an analytic
condition on the parameters, so it holds for all of them or almost nowhere. A SWAP costs nothing,
since any two ions can be entangled: the qubits change their names instead.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler import su2, weyl
from pennylane_qstore.compiler.amplitudes import Amplitudes
from pennylane_qstore.compiler.circuit import (
    Clifford,
    Constant,
    Element,
    Matrix,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.pairs import NOISE, PAIR, between, matrices, resolved
from pennylane_qstore.compiler.schmidt import schmidt
from pennylane_qstore.compiler.sectors import ANGLES, Derived, Sectors
from pennylane_qstore.compiler.su2 import quaternions
from pennylane_qstore.compiler.turns import by_turns
from pennylane_qstore.compiler.weyl import SWAP, Reals, Weyl

_SAMPLES = 3
_WITHOUT_DIAGONAL = 2  # entanglers of any unitary times a rotation about ZZ that is free


class Parts(NamedTuple):
    """Local gates around exp(-i/2 (angles₀ XX + angles₁ YY + angles₂ ZZ)), a batch of them.

    Attributes:
        left: gates applied last, on both qubits, each of shape (B, 2, 2)
        angles: radians, of shape (B, 3); those beyond the block's rank are zero
        right: gates applied first, on both qubits, each of shape (B, 2, 2); none where they don't
            matter
    """

    left: tuple[Matrix, ...]
    angles: Reals
    right: tuple[Matrix, ...]


class Values(NamedTuple):
    """A block for parameters.

    Attributes:
        gates: on each of its qubits, those applied first, where they matter, and those applied
            last; quaternions of shape (4, B)
        angles: about XX, YY and ZZ as many as the block's rank, in radians, shape (rank, B)
    """

    gates: tuple[Reals, ...]
    angles: Reals


class Place(Enum):
    """Where a block stands in a circuit that starts in |0…0⟩ and is measured at its end."""

    INSIDE = "between other blocks"
    FRESH = "the first on both of its qubits"
    FIRST_FRESH = "the first on its first qubit"
    SECOND_FRESH = "the first on its second qubit"
    LAST = "the last on both of its qubits"

    @property
    def zeros(self) -> tuple[int, ...]:
        """Which of its qubits are in |0⟩ before it."""
        return _ZEROS.get(self, ())


_ZEROS = {Place.FRESH: (0, 1), Place.FIRST_FRESH: (0,), Place.SECOND_FRESH: (1,)}


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Elements on two qubits that parameters turn into at most `rank` entanglers.

    Attributes:
        qubits: rising; the first is the left tensor factor
        elements: what it stands for
        rank: how many of the angles about XX, YY and ZZ, in this order, are not zero
        mirrored: whether `bind` gives SWAP times the unitary; the qubits' names are exchanged
            from here on to make up for it
        place: what `bind` may leave out
    """

    qubits: tuple[int, int]
    elements: tuple[Element, ...]
    rank: int
    mirrored: bool
    place: Place = Place.INSIDE
    _states: Amplitudes | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fresh = self.place is Place.FRESH
        found = Amplitudes(self.qubits, self.elements) if fresh else None
        object.__setattr__(self, "_states", found)

    def matrices(self, params: Reals) -> Matrix:
        """Its unitaries (B, 4, 4) for parameters (B, P)."""
        return matrices(self.qubits, self.elements, params)

    def bind(self, params: Reals) -> Values:
        """What replaces it for parameters (B, P)."""
        if self._states is not None:
            found = schmidt(self._states.at(params))
            return Values((found.left, found.right), 2 * found.angle[None][: self.rank])
        unitaries = self.matrices(params)
        parts = _parts(SWAP @ unitaries if self.mirrored else unitaries, self.place)
        gates = tuple(map(quaternions, (*parts.right, *parts.left)))
        return Values(gates, parts.angles.T[: self.rank])


def _parts(unitaries: Matrix, place: Place) -> Parts:
    """Unitaries (B, 4, 4) to what does the same in their place, with the fewest entanglers."""
    match place:
        case Place.INSIDE:
            found = weyl.decompose_batch(unitaries)
        case Place.FRESH:
            made = schmidt(unitaries[..., 0])
            angles = 2 * made.angle[:, None] * [1.0, 0.0, 0.0]
            return Parts((su2.unitaries(made.left), su2.unitaries(made.right)), angles, ())
        case Place.LAST:
            found = weyl.without_diagonal(unitaries, "left").weyl
        case Place.FIRST_FRESH | Place.SECOND_FRESH:
            delta, found = weyl.without_diagonal(unitaries, "right")
            # On |0⟩, a rotation about ZZ is one about Z on the other qubit.
            turn = np.exp(-1j * delta[:, None, None] * np.diag([1, -1])) * np.eye(2)
            first, second = found.right
            fresh_first = place is Place.FIRST_FRESH
            right = (first, second @ turn) if fresh_first else (first @ turn, second)
            return Parts(found.left, -2 * found.coordinates, right)
    return Parts(found.left, -2 * found.coordinates, found.right)


Part = Element | Block


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


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Consecutive elements on one pair of qubits, or on a qubit that meets no other.

    Attributes:
        qubits: rising
        elements: in order
    """

    qubits: tuple[int, ...]
    elements: list[Element]

    @property
    def entanglers(self) -> int:
        """How many of its elements act on more than one qubit."""
        return sum(len(element.qubits) > 1 for element in self.elements)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for all parameters."""
        return all(_is_constant(element) for element in self.elements)

    @property
    def has_matrices(self) -> bool:
        """Whether something in it has no name, so that it hardly makes few rotations."""
        return any(isinstance(element, Constant) for element in self.elements)

    @property
    def may_shrink(self) -> bool:
        """Whether it may need fewer entanglers; one alone only vanishes at a constant angle."""
        joint = [element for element in self.elements if len(element.qubits) > 1]
        if len(self.qubits) != PAIR or not joint:
            return False
        return len(joint) > 1 or (isinstance(joint[0], Rotation) and _is_constant(joint[0]))


def consolidate(
    elements: Iterable[Element], qubits: int, *, measured: bool = False, states: bool = False
) -> Consolidated:
    """Replace every block that can do with fewer entanglers than it has.

    They become rotations about Pauli words around one Clifford gate where that is enough; else
    constant ones become constants on one qubit and rotations about XX, YY and ZZ, others a Block.

    Args:
        elements: in order; those on more than two qubits are left as they are
        qubits: how many there are
        measured: whether the circuit starts in |0…0⟩ and its outcomes are all that matters
        states: whether, if so, the first block on two qubits is replaced also where that only
            spares pulses
    """
    before, after = _Names(qubits), _Names(qubits)
    groups = collect(_without_swaps(list(elements), before))
    places = _places(groups) if measured else [Place.INSIDE] * len(groups)
    parts: list[Part] = []
    forms = _forms(groups, places, states=states)
    for group, form in zip(groups, forms, strict=True):
        parts += [after.renamed(part) for part in form.parts]
        if form.mirrored:
            after.exchange(*group.qubits)
    where = tuple(after.at[qubit] for qubit in before.at)
    sources = tuple(form.source for form in forms if form.source)
    return Consolidated(tuple(parts), where, Derived(_n_params(groups), sources))


def _places(groups: Sequence[Group]) -> list[Place]:
    """Where each group stands in a circuit from |0…0⟩ to a measurement."""
    first: dict[int, Group] = {}
    last: dict[int, Group] = {}
    for group in groups:
        for qubit in group.qubits:
            first.setdefault(qubit, group)
            last[qubit] = group
    places = []
    for group in groups:
        fresh = tuple(first[qubit] is group for qubit in group.qubits)
        if all(fresh):
            place = Place.FRESH
        elif all(last[qubit] is group for qubit in group.qubits):
            place = Place.LAST
        elif any(fresh):
            place = Place.FIRST_FRESH if fresh[0] else Place.SECOND_FRESH
        else:
            place = Place.INSIDE
        places.append(place)
    return places


def collect(elements: Iterable[Element]) -> list[Group]:
    """Elements to groups, as long as they can be, in an order that keeps the unitary.

    Args:
        elements: in order
    """
    groups: list[Group] = []
    open_at: dict[int, Group] = {}
    for element in elements:
        qubits = tuple(sorted(element.qubits))
        group = open_at.get(qubits[0])
        if group is None or any(open_at.get(qubit) is not group for qubit in qubits):
            group = Group(qubits, _taken(open_at, qubits, groups))
            open_at.update(dict.fromkeys(qubits, group))
        group.elements.append(element)
    return [*groups, *dict.fromkeys(open_at.values())]


def _taken(
    open_at: dict[int, Group], qubits: tuple[int, ...], groups: list[Group]
) -> list[Element]:
    """What waited on single qubits for a group to start; groups on several are closed."""
    waiting: list[Element] = []
    for qubit in qubits:
        group = open_at.pop(qubit, None)
        if group is None:
            continue
        if len(group.qubits) == 1:
            waiting += group.elements
            continue
        groups.append(group)
        for other in group.qubits:
            open_at.pop(other, None)
    return waiting


class _Names:
    """Where each qubit's content is, while SWAPs are left out."""

    def __init__(self, qubits: int) -> None:
        self.at = list(range(qubits))

    def exchange(self, first: int, second: int) -> None:
        """A SWAP that is left out."""
        self.at[first], self.at[second] = self.at[second], self.at[first]

    def renamed(self, part: Part) -> Part:
        """A part where its qubits' content is."""
        if all(self.at[qubit] == qubit for qubit in part.qubits):
            return part
        if isinstance(part, Block):
            first, second = sorted(self.at[qubit] for qubit in part.qubits)
            inner = tuple(self.element(element) for element in part.elements)
            return replace(part, qubits=(first, second), elements=inner)
        return self.element(part)

    def element(self, element: Element) -> Element:
        """An element where its qubits' content is."""
        if isinstance(element, Rotation):
            return rotation(((self.at[q], letter) for q, letter in element.word), element.angle)
        qubits = tuple(self.at[qubit] for qubit in element.qubits)
        if isinstance(element, Clifford):
            return Clifford(element.name, qubits)
        return Constant(qubits, element.matrix)


def _without_swaps(elements: Sequence[Element], names: _Names) -> Iterator[Element]:
    """Elements renamed, SWAPs left out, constants on two qubits decomposed."""
    pairs = [e for e in elements if isinstance(e, Constant) and len(e.qubits) == PAIR]
    found = iter(_cheapest([pair.matrix for pair in pairs]))
    for element in elements:
        mirrored = isinstance(element, Clifford) and element.name == "SWAP"
        if isinstance(element, Constant) and len(element.qubits) == PAIR:
            decomposition, mirrored = next(found)
            qubits = tuple(names.at[qubit] for qubit in element.qubits)
            yield from resolved(qubits, decomposition)
        elif not mirrored:
            yield names.element(element)
        if mirrored:
            names.exchange(*element.qubits)


class _Form(NamedTuple):
    """What a group becomes.

    Attributes:
        parts: in order
        mirrored: whether its qubits exchange their names afterwards
        source: of the parts' derived angles; None where there are none
    """

    parts: Sequence[Part]
    mirrored: bool = False
    source: Sectors | None = None


def _forms(groups: Sequence[Group], places: Sequence[Place], *, states: bool) -> list[_Form]:
    """Groups to their cheapest forms; all decompositions are one batch."""
    forms = [_Form(group.elements) for group in groups]
    as_states = [
        states and place is Place.FRESH and group.entanglers > 0
        for group, place in zip(groups, places, strict=True)
    ]
    open_ = [i for i, group in enumerate(groups) if group.may_shrink or as_states[i]]
    if not open_:
        return forms
    params = _sample_params(groups)
    first = _n_params(groups)
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
            place = Place.INSIDE
        may_turn = not (as_states[index] or (group.is_constant and group.has_matrices))
        found = _turned_form(group, best, place, first) if may_turn else None
        if found is None and group.is_constant:
            found = _resolved_form(group, samples[0], place, mirrored=mirror)
        forms[index] = found or _block_form(group, best, place, mirrored=mirror)
        if forms[index].source:
            first += ANGLES
    return forms


def _least(samples: Matrix, rank: int, place: Place) -> int:
    """How many entanglers a block needs in its place, of samples (S, 4, 4) of its unitary."""
    if place is Place.FRESH:
        return min(rank, int(schmidt(samples[..., 0]).angle.max() > NOISE))
    return rank if place is Place.INSIDE else min(rank, _WITHOUT_DIAGONAL)


def _resolved_form(group: Group, matrix: Matrix, place: Place, *, mirrored: bool) -> _Form:
    """A constant group as constants on one qubit and rotations about XX, YY and ZZ."""
    mirrored = mirrored and place is Place.INSIDE
    parts = _parts((SWAP @ matrix if mirrored else matrix)[None], place)
    left, right = ([gate[0] for gate in side] for side in (parts.left, parts.right))
    return _Form(between(group.qubits, left, parts.angles[0].tolist(), right), mirrored)


def _turned_form(group: Group, rank: int, place: Place, first: int) -> _Form | None:
    """A group as rotations about words, where these need no more entanglers than its rank."""
    terminal = place is Place.LAST
    form = _Form(
        *by_turns(group.qubits, group.elements, first, zeros=place.zeros, terminal=terminal)
    )
    few = sum(len(part.qubits) > 1 for part in form.parts) <= rank
    return form if few else None


def _block_form(group: Group, rank: int, place: Place, *, mirrored: bool) -> _Form:
    """A block to decompose at bind time."""
    mirrored = mirrored and place is Place.INSIDE
    first, second = group.qubits
    block = Block((first, second), tuple(_merged(group.elements)), rank, mirrored, place)
    return _Form([block], mirrored)


def _merged(elements: Iterable[Element]) -> list[Element]:
    """Elements with rotations that follow one another about the same word as one."""
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


def _n_params(groups: Iterable[Group]) -> int:
    """One more than the largest index of a parameter."""
    indices = [
        index
        for group in groups
        for element in group.elements
        if isinstance(element, Rotation)
        for index, _ in element.angle.terms
    ]
    return max(indices, default=-1) + 1


def _sample_params(groups: Iterable[Group]) -> Reals:
    """The same random parameter vectors every time, in radians."""
    return np.random.default_rng(0).uniform(-np.pi, np.pi, (_n_params(groups), _SAMPLES)).T


def _ranks(unitaries: Matrix) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Fewest entanglers of samples (G, S, 4, 4), and whether they are those of SWAP times them."""
    found = weyl.decompose_batch(unitaries.reshape(-1, 4, 4))
    plain, mirrored = (
        count(found, NOISE).reshape(-1, _SAMPLES).max(axis=1)
        for count in (weyl.entanglers, weyl.mirrored_entanglers)
    )
    return np.minimum(plain, mirrored), mirrored < plain


def _cheapest(unitaries: Sequence[Matrix]) -> list[tuple[Weyl, bool]]:
    """Constant unitaries to their cheapest decompositions, and whether they are mirrored."""
    if not unitaries:
        return []
    found, mirrored = weyl.cheapest_batch(np.array(unitaries), NOISE)
    return [(found.row(i), bool(mirrored[i])) for i in range(len(unitaries))]


def _is_constant(element: Element) -> bool:
    return not isinstance(element, Rotation) or element.angle.is_constant
