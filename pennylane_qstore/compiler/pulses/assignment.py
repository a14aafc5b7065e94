"""Choose an option at each node of a graph so that the total cost is low.

The cost of two options together is a table for each edge. On a forest the best options are found
exactly, from the leaves to the roots and back. So the nodes of one forest after another are chosen
again, given those outside it. That never raises the cost, and on a graph that is itself a forest
the result is optimal.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]
# Forests: all in all, of a large graph, and in a row without a gain.
_MOST, _FEWEST, _PATIENCE = 40, 4, 6
_VISITS = 4000  # of nodes, before only the fewest forests are chosen
_TIE = 1e-3  # at most so much a node, at random: among equals, another is chosen every time


class Chosen(NamedTuple):
    """Choices and what they cost.

    Attributes:
        choices: of each node, by its place in the node's costs
        cost: of all of them
    """

    choices: list[int]
    cost: float


def assigned(nodes: Sequence[Costs], edges: Mapping[tuple[int, int], Costs]) -> Chosen:
    """Return choices that cost little, the same ones every time.

    Args:
        nodes: what each choice of each node costs; whole numbers, or nearly so
        edges: by two different nodes, what each choice of the first costs with each of the second
    """
    near: list[dict[int, Costs]] = [{} for _ in nodes]
    for (one, other), table in edges.items():
        near[one][other] = table
        near[other][one] = table.T
    rng = np.random.default_rng(0)
    choices = [int(own.argmin()) for own in nodes]
    best = Chosen(list(choices), _cost(choices, nodes, edges))
    waited, order = 0, list(range(len(nodes)))
    for _ in range(max(_FEWEST, min(_MOST, _VISITS // max(1, len(nodes))))):
        forest = _forest(order, near)
        whole = len(forest) == len(nodes)
        _choose(forest, choices, nodes, near, None if whole else rng)
        cost = _cost(choices, nodes, edges)
        waited = 0 if cost < best.cost else waited + 1
        if cost < best.cost:
            best = Chosen(list(choices), cost)
        if whole or waited == _PATIENCE:
            break
        order = rng.permutation(len(nodes)).tolist()
    return best


def _cost(
    choices: Sequence[int], nodes: Sequence[Costs], edges: Mapping[tuple[int, int], Costs]
) -> float:
    own = sum(float(costs[choice]) for costs, choice in zip(nodes, choices, strict=True))
    return own + sum(float(t[choices[one], choices[other]]) for (one, other), t in edges.items())


def _forest(order: Sequence[int], near: Sequence[Mapping[int, Costs]]) -> list[tuple[int, int]]:
    """As many nodes as have no loop of edges among them, taken in some order.

    Returns:
        each with its parent, which comes earlier; -1 for a root
    """
    tree_of = list(range(len(near)))

    def tree(node: int) -> int:
        while tree_of[node] != node:
            tree_of[node] = node = tree_of[tree_of[node]]
        return node

    taken: set[int] = set()
    for node in order:
        trees = [tree(other) for other in near[node] if other in taken]
        if len(set(trees)) == len(trees):
            taken.add(node)
            for each in trees:
                tree_of[each] = node
    found: list[tuple[int, int]] = []
    for root in order:
        waiting = [(root, -1)] if root in taken else []
        while waiting:
            node, parent = waiting.pop()
            found.append((node, parent))
            taken.discard(node)
            waiting += [(other, node) for other in near[node] if other in taken]
    return found


def _choose(
    forest: Sequence[tuple[int, int]],
    choices: list[int],
    nodes: Sequence[Costs],
    near: Sequence[Mapping[int, Costs]],
    rng: np.random.Generator | None,
) -> None:
    """The best choices of a forest's nodes, given the others'."""
    inside = {node for node, _ in forest}
    costs = {}
    for node in inside:
        costs[node] = nodes[node] + sum(
            table[:, choices[other]] for other, table in near[node].items() if other not in inside
        )
        if rng:
            costs[node] = costs[node] + rng.uniform(0, _TIE, len(costs[node]))
    best = {}
    for node, parent in reversed(forest):
        if parent >= 0:
            together = near[parent][node] + costs[node]
            best[node] = together.argmin(axis=1)
            costs[parent] = costs[parent] + together.min(axis=1)
    for node, parent in forest:
        choices[node] = int(best[node][choices[parent]] if parent >= 0 else costs[node].argmin())
