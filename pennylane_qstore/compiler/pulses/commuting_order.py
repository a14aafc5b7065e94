"""Order commuting rotations on a pair of qubits so that neighbours have like axes.

exp(-ia/2 XX), exp(-ib/2 YY) and exp(-ic/2 ZZ) commute, so they may come in any order. The pulses of
a layer between two entanglers depend on the axes of these, and with MS on the states of its gauge
at both (order_costs.py). So an order of each group, together with a state of the gauge inside it,
is chosen to make all layers together cheap (assignment.py).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.blocks.block import Block, Part
from pennylane_qstore.compiler.circuit.elements import PAIR, Clifford, Reals, Rotation
from pennylane_qstore.compiler.pulses.assignment import assigned
from pennylane_qstore.compiler.pulses.ms_gauge import BACKWARD, FORWARD
from pennylane_qstore.compiler.pulses.order_costs import END, LETTERS, prices
from pennylane_qstore.compiler.pulses.timelines import BLOCK_WORDS, Timelines

_MOST = 3  # different words on a pair that commute
_NEVER = 99.0  # pulses
# States of the gauge (gauge.py) that are tried at an entangler where it is one of up to two in a
# group, and at the second of more: the others hardly ever take fewer pulses.
_STATES = {"zz": ([0], [0]), "ms": ([0, 2, FORWARD, BACKWARD], [0, 2])}


class _Node(NamedTuple):
    """Entanglers on one pair of qubits with nothing in between.

    Attributes:
        group: the parts, by the group's place
        words: the entanglers' axes on both qubits
        is_free: whether they may come in any order
    """

    group: int
    words: tuple[tuple[int, int], ...]
    is_free: bool

    @property
    def kind(self) -> tuple[tuple[tuple[int, int], ...], bool]:
        """The key that nodes with the same choices share."""
        return self.words, self.is_free


class _Gap(NamedTuple):
    """A layer between groups.

    Attributes:
        qubit: the layer's
        layer: its place among the qubit's
        before: the node before it and which of the node's qubits this is; None at a start
        after: the node after it, likewise; None at an end
        axes: of the entanglers before and after it, as the parts stand
    """

    qubit: int
    layer: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None
    axes: tuple[int, int]


class _Side(NamedTuple):
    """The choices for a node, n of them, seen from one of its qubits.

    Attributes:
        first: the axes that they begin with, shape (n,)
        last: the axes that they end with
        enter: pulses inside the group up to the state that is chosen there, by the gauge's state
            at its start; shape (n, n_states)
        leave: pulses inside the group from there on, by the gauge's state at its end
    """

    first: NDArray[np.int_]
    last: NDArray[np.int_]
    enter: Reals
    leave: Reals


class _Choices(NamedTuple):
    """The possible orders of a node's words.

    Attributes:
        orders: of its words
        sides: how that looks from both of its qubits
    """

    orders: Sequence[tuple[int, ...]]
    sides: tuple[_Side, _Side]


def ordered(parts: Sequence[Part], entangler: str, circuit: Timelines, points: Reals) -> list[Part]:
    """Return the parts with commuting rotations on each pair in an order that saves pulses.

    Args:
        parts: in order
        entangler: "ms" or "zz"
        circuit: the same parts as timelines
        points: a few generic parameters, shape (n_points, n_params)
    """
    groups = _groups(parts)
    if all(len(group) == 1 for group in groups):
        return list(parts)
    nodes, gaps = _graph(groups, len(circuit.layers))
    *each, nothing = prices(
        [circuit.layers[gap.qubit][gap.layer] for gap in gaps],
        [gap.axes for gap in gaps],
        entangler,
        circuit.samples(points),
    )
    nodes = _where_it_matters(nodes, gaps, each)
    if not any(node.is_free for node in nodes):
        return list(parts)
    alike = {node.kind: node for node in nodes}
    choices_of = {kind: _choices(node, nothing, entangler) for kind, node in alike.items()}
    choices = [choices_of[node.kind] for node in nodes]
    costs = [np.zeros(len(own.orders)) for own in choices]
    edges: dict[tuple[int, int], Reals] = {}
    for gap, price in zip(gaps, each, strict=True):
        before, after = gap.before, gap.after
        if before and after:
            table = _between(_side(choices, before), _side(choices, after), price)
            ends = before[0], after[0]
            edges[ends] = edges[ends] + table if ends in edges else table
        elif after:
            costs[after[0]] += _at_start(_side(choices, after), price)
        elif before:
            costs[before[0]] += _at_end(_side(choices, before), price)
    for node, own, choice in zip(nodes, choices, assigned(costs, edges).choices, strict=True):
        if node.is_free:
            group = groups[node.group]
            groups[node.group] = [group[place] for place in own.orders[choice]]
    return [part for group in groups for part in group]


def _where_it_matters(
    nodes: Sequence[_Node], gaps: Sequence[_Gap], prices_of: Sequence[Reals]
) -> list[_Node]:
    """Return the nodes, free only where the pulses of a layer beside them depend on their axis."""
    seen: set[int] = set()
    for gap, price in zip(gaps, prices_of, strict=True):
        if gap.before and (price[:END] != price[:1]).any():
            seen.add(gap.before[0])
        if gap.after and (price[:, :END] != price[:, :1]).any():
            seen.add(gap.after[0])
    return [
        node._replace(is_free=node.is_free and place in seen) for place, node in enumerate(nodes)
    ]


def _graph(groups: Sequence[Sequence[Part]], qubits: int) -> tuple[list[_Node], list[_Gap]]:
    """Return the groups that have entanglers, and the layers between them."""
    layer_of = [0] * qubits
    latest: dict[int, tuple[tuple[int, int], int]] = {}
    nodes: list[_Node] = []
    gaps: list[_Gap] = []
    for place, group in enumerate(groups):
        words = tuple(word for part in group for word in _words(part))
        if not words:
            continue
        for own, qubit in enumerate(group[0].qubits):
            here = (len(nodes), own)
            before, axis = latest.get(qubit, (None, END))
            gaps.append(_Gap(qubit, layer_of[qubit], before, here, (axis, words[0][own])))
            latest[qubit] = here, words[-1][own]
            layer_of[qubit] += len(words)
        nodes.append(_Node(place, words, 1 < len(group) <= _MOST))
    for qubit, (before, axis) in latest.items():
        gaps.append(_Gap(qubit, layer_of[qubit], before, None, (axis, END)))
    return nodes, gaps


def _words(part: Part) -> Iterator[tuple[int, int]]:
    """Yield the axes of a part's entanglers on both of its qubits."""
    letters: Sequence[str] = ()
    if isinstance(part, Block):
        letters = BLOCK_WORDS[: part.rank]
    elif isinstance(part, Rotation) and len(part.qubits) == PAIR:
        letters = ["".join(letter for _, letter in part.word)]
    elif isinstance(part, Clifford) and len(part.qubits) == PAIR:
        letters = ["ZX" if part.name == "CX" else "ZZ"]
    for word in letters:
        yield LETTERS.index(word[0]), LETTERS.index(word[1])


def _choices(node: _Node, nothing: Reals, entangler: str) -> _Choices:
    """Return the orders of a group, each with some states of the gauge inside it.

    Args:
        node: the group
        nothing: what a layer takes that does nothing, by the axes and states before and after it
        entangler: "ms" or "zz"
    """
    orders, seen = [], []
    places = range(len(node.words))
    for order in permutations(places) if node.is_free else [tuple(places)]:
        words = [node.words[place] for place in order]
        ways = [list(_ways([word[own] for word in words], nothing, entangler)) for own in range(2)]
        for both in product(*ways):
            orders.append(order)
            seen.append(both)
    one, other = (_Side(*map(np.array, zip(*own, strict=True))) for own in zip(*seen, strict=True))
    return _Choices(orders, (one, other))


def _ways(
    axes: Sequence[int], nothing: Reals, entangler: str
) -> Iterator[tuple[int, int, Reals, Reals]]:
    """Yield a side's fields for entanglers on one qubit, for some states of the gauge inside."""
    few, several = _STATES[entangler]
    inside = [nothing[a, b] for a, b in pairwise(axes)]
    same = np.full(nothing.shape[2:], _NEVER)
    np.fill_diagonal(same, 0)
    is_long = len(inside) > 1
    enter, leave = inside[0] if is_long else same, same
    for step in reversed(inside[is_long:]):
        leave = (step[:, :, None] + leave).min(axis=1)
    for state in several if is_long else few:
        yield axes[0], axes[-1], enter[:, state], leave[state]


def _side(choices: Sequence[_Choices], end: tuple[int, int]) -> _Side:
    node, own = end
    return choices[node].sides[own]


def _between(before: _Side, after: _Side, price: Reals) -> Reals:
    """Return the pulses of a layer and of the groups at its ends, by both choices."""
    arriving = (price[:, after.first] + after.enter[:, None]).min(axis=-1)
    table: Reals = (before.leave[:, None] + arriving[before.last]).min(axis=-1)
    return table


def _at_start(after: _Side, price: Reals) -> Reals:
    """Return the same for a layer that begins the circuit, where the gauge's state is the first."""
    costs: Reals = (price[END, after.first, 0] + after.enter).min(axis=-1)
    return costs


def _at_end(before: _Side, price: Reals) -> Reals:
    """Return the same for a layer that ends the circuit."""
    costs: Reals = (before.leave + price[before.last, END, :, 0]).min(axis=-1)
    return costs


def _groups(parts: Sequence[Part]) -> list[list[Part]]:
    """Return the parts in groups: those that commute on one pair with nothing in between."""
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
    """Return whether two parts are rotations about words on the same two qubits, and commute."""
    if not (isinstance(one, Rotation) and isinstance(other, Rotation)):
        return False
    if len(one.qubits) != PAIR or one.qubits != other.qubits:
        return False
    differ = [a != b for a, b in zip(one.word, other.word, strict=True)]
    return differ[0] == differ[1]
