"""The order of commuting rotations on a pair of qubits, so that neighbours turn about like axes.

exp(-ia/2 XX), exp(-ib/2 YY) and exp(-ic/2 ZZ) commute. So they may also come in the other order,
where that begins with the axes that the rotations before end with, or ends with those that the next
begin with: each of these saves pulses. Which groups to turn round is a bit for each (parity.py).
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations
from typing import NamedTuple

from pennylane_qstore.compiler.blocks import Part
from pennylane_qstore.compiler.circuit import Rotation
from pennylane_qstore.compiler.parity import GROUND, Link, fewest_broken

_PAIR = 2
_MOST = 3  # different words on a pair that commute


class _Axes(NamedTuple):
    """What an entangler makes of axes.

    Attributes:
        free: one that takes no pulse at either end of a circuit
        kinds: of X, Y and Z; between two of one kind there is no pulse
    """

    free: str
    kinds: dict[str, str]


_AXES = {
    "zz": _Axes("Z", {"X": "x", "Y": "y", "Z": "z"}),
    "ms": _Axes("X", {"X": "equator", "Y": "equator", "Z": "pole"}),
}


class _Group(NamedTuple):
    """Parts that may come in any order, since they commute, or a single one.

    Attributes:
        parts: all about words on the same two qubits if there are several
    """

    parts: list[Part]

    def letter(self, qubit: int, end: int) -> str | None:
        """The axis on a qubit of the first part (0) or the last one (-1); None if it has none."""
        part = self.parts[end]
        return dict(part.word).get(qubit) if isinstance(part, Rotation) else None


def ordered(parts: Sequence[Part], entangler: str) -> list[Part]:
    """Parts with the commuting rotations on each pair in an order that saves pulses.

    Args:
        parts: in order
        entangler: "ms" or "zz"
    """
    axes = _AXES[entangler]
    groups = [_Group(_compact(group, axes)) for group in _groups(parts)]
    if all(len(group.parts) == 1 for group in groups):
        return list(parts)
    turned = fewest_broken(len(groups), _links(groups, axes))
    return [
        part
        for group, bit in zip(groups, turned[:-1], strict=True)
        for part in (group.parts[::-1] if bit else group.parts)
    ]


def _compact(group: list[Part], axes: _Axes) -> list[Part]:
    """A group's parts in the order with the fewest changes of axes inside."""
    if not 1 < len(group) <= _MOST:
        return group

    def changes(order: Iterable[Part]) -> int:
        words = [part.word for part in order if isinstance(part, Rotation)]
        return sum(
            axes.kinds[a] != axes.kinds[b]
            for one, other in pairwise(words)
            for (_, a), (_, b) in zip(one, other, strict=True)
        )

    return list(min(permutations(group), key=changes))


def _links(groups: Sequence[_Group], axes: _Axes) -> list[Link]:
    """What neighbouring groups, and a circuit's ends, ask of the groups' orders."""
    links: list[Link] = []
    latest: dict[int, int] = {}
    for place, group in enumerate(groups):
        for qubit in group.parts[0].qubits:
            if len(group.parts[0].qubits) == 1 and group.letter(qubit, 0) == "Z":
                continue  # most often a frame, which changes no axis
            links += _link(groups, latest.get(qubit, GROUND), place, qubit, axes)
            latest[qubit] = place
    for qubit, place in latest.items():
        links += _link(groups, place, GROUND, qubit, axes)
    return links


def _link(groups: Sequence[_Group], before: int, after: int, qubit: int, axes: _Axes) -> list[Link]:
    """Whether two neighbours on a qubit have to be turned round alike, if that matters."""

    def kind(place: int, end: int) -> str | None:
        letter = axes.free if place == GROUND else groups[place].letter(qubit, end)
        return letter and axes.kinds[letter]

    ends, starts = [kind(before, -1), kind(before, 0)], [kind(after, 0), kind(after, -1)]
    if None in (*ends, *starts):
        return []
    alike = [ends[bit] == starts[bit] for bit in range(2)]
    unlike = [ends[bit] == starts[1 - bit] for bit in range(2)]
    if alike[0] == alike[1] != unlike[0] == unlike[1]:
        return [Link((before, after), odd=not alike[0])]
    return []


def _groups(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts that commute on one pair of qubits with nothing in between, together; others alone."""
    groups: list[list[Part]] = []
    latest: dict[int, list[Part]] = {}
    for part in parts:
        group = latest.get(part.qubits[0], [])
        together = all(latest.get(qubit) is group for qubit in part.qubits)
        if not together or not all(_may_swap(part, other) for other in group):
            group = []
            groups.append(group)
        group.append(part)
        latest.update(dict.fromkeys(part.qubits, group))
    return groups


def _may_swap(one: Part, other: Part) -> bool:
    """Whether two parts are rotations about words on the same two qubits, and commute."""
    if not (isinstance(one, Rotation) and isinstance(other, Rotation)):
        return False
    if len(one.qubits) != _PAIR or one.qubits != other.qubits:
        return False
    differ = [a != b for a, b in zip(one.word, other.word, strict=True)]
    return differ[0] == differ[1]
