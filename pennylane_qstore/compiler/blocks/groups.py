"""Group elements by pairs of qubits, and find each group's position in the circuit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pennylane_qstore.compiler.blocks.block import BlockPosition
from pennylane_qstore.compiler.circuit.elements import PAIR, Constant, Element, Rotation


@dataclass(frozen=True, slots=True, eq=False)
class PairGroup:
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


def places_of(groups: Sequence[PairGroup]) -> list[BlockPosition]:
    """Return where each group stands in a circuit from |0…0⟩ to a measurement."""
    first: dict[int, PairGroup] = {}
    last: dict[int, PairGroup] = {}
    for group in groups:
        for qubit in group.qubits:
            first.setdefault(qubit, group)
            last[qubit] = group
    places = []
    for group in groups:
        fresh = tuple(first[qubit] is group for qubit in group.qubits)
        if all(fresh):
            place = BlockPosition.FRESH
        elif all(last[qubit] is group for qubit in group.qubits):
            place = BlockPosition.LAST
        elif any(fresh):
            place = BlockPosition.FIRST_FRESH if fresh[0] else BlockPosition.SECOND_FRESH
        else:
            place = BlockPosition.INSIDE
        places.append(place)
    return places


def collect(elements: Iterable[Element]) -> list[PairGroup]:
    """Return groups of elements, each as long as possible, in an order that keeps the unitary.

    Args:
        elements: in order
    """
    groups: list[PairGroup] = []
    open_at: dict[int, PairGroup] = {}
    for element in elements:
        qubits = tuple(sorted(element.qubits))
        group = open_at.get(qubits[0])
        if group is None or any(open_at.get(qubit) is not group for qubit in qubits):
            group = PairGroup(qubits, _taken(open_at, qubits, groups))
            open_at.update(dict.fromkeys(qubits, group))
        group.elements.append(element)
    return [*groups, *dict.fromkeys(open_at.values())]


def _taken(
    open_at: dict[int, PairGroup], qubits: tuple[int, ...], groups: list[PairGroup]
) -> list[Element]:
    """Return the elements that waited on single qubits for a group to start; close other groups."""
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


def _is_constant(element: Element) -> bool:
    return not isinstance(element, Rotation) or element.angle.is_constant
