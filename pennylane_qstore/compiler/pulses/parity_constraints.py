"""Choose bits on a graph so that as few links as possible are broken (have the wrong parity).

The answer is exact: nodes are eliminated one after another, with the best bit of each as a table
over its remaining neighbours. Where a table would become too wide, a node gets the bit that a
spanning tree gives it instead, and at the end single bits are changed where that helps.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GROUND = -1
_WIDEST = 12  # nodes in one table, which has 2**nodes entries
_Scope = tuple[int, ...]
_Table = NDArray[np.int_]


class Link(NamedTuple):
    """Asks for two bits to be equal, or to differ.

    Attributes:
        ends: their nodes; GROUND's bit is 0
        odd: whether they are to differ
        mask: of some open bits; an odd number of these that are set turns `odd` around
    """

    ends: tuple[int, int]
    odd: bool
    mask: int = 0


def is_broken(link: Link, bits: Sequence[int]) -> bool:
    """Return whether a link's condition doesn't hold where no open bit is set.

    Args:
        link: the link
        bits: of the nodes, and then GROUND's
    """
    return (bits[link.ends[0]] != bits[link.ends[1]]) != link.odd


def fewest_broken(nodes: int, links: Sequence[Link]) -> list[int]:
    """Return the bits of nodes and GROUND that break the fewest links with no open bit set."""
    links = [link for link in links if link.ends[0] != link.ends[1]]
    guess = [int(odd) for odd, _ in tree(nodes, links)]
    if not any(is_broken(link, guess) for link in links):
        return guess
    bits = [0] * (nodes + 1)
    work = _Elimination(links)
    picked: list[tuple[int, _Scope, _Table]] = []
    guessed = False
    while (node := work.next()) is not None:
        if work.width(node) <= _WIDEST:
            picked.append((node, *work.eliminate(node)))
            continue
        guessed, busiest = True, work.busiest()
        work.settle(busiest, guess[busiest])
        picked.append((busiest, (), np.array(guess[busiest])))
    for node, scope, best in reversed(picked):
        bits[node] = int(best[tuple(bits[other] for other in scope)])
    if guessed:
        _descend(bits, links)
    return bits


def tree(nodes: int, links: Sequence[Link]) -> list[tuple[bool, int]]:
    """Each node's bit, and GROUND's, that follows from its links in a spanning forest.

    Returns:
        whether it is set, and the mask of the open bits that turn it around
    """
    at: dict[int, list[Link]] = {}
    for link in links:
        for end in link.ends:
            at.setdefault(end, []).append(link)
    found: dict[int, tuple[bool, int]] = {}
    for root in (GROUND, *range(nodes)):
        if root in found:
            continue
        found[root] = (False, 0)
        waiting = [root]
        while waiting:
            node = waiting.pop()
            for link in at.get(node, ()):
                other = link.ends[link.ends[0] == node]
                if other not in found:
                    found[other] = (found[node][0] != link.odd, found[node][1] ^ link.mask)
                    waiting.append(other)
    return [found[node] for node in (*range(nodes), GROUND)]


class _Elimination:
    """The links that are left, as tables of how many are broken."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._tables: dict[int, dict[_Scope, _Table]] = {}
        self._near: dict[int, set[int]] = {}
        for link in links:
            scope = tuple(sorted(end for end in link.ends if end != GROUND))
            table = np.array([[link.odd, not link.odd], [not link.odd, link.odd]], dtype=int)
            self._add(scope, table if len(scope) > 1 else table[0])
        self._heap = [(len(near), node) for node, near in self._near.items()]
        heapq.heapify(self._heap)

    def width(self, node: int) -> int:
        """Return how many nodes the table to eliminate a node has."""
        return len(self._near[node]) + 1

    def busiest(self) -> int:
        """Return the node with the most links."""
        return max(self._near, key=lambda node: len(self._near[node]))

    def next(self) -> int | None:
        """Return a node with the fewest links; None if no node remains."""
        while self._heap:
            width, node = self._heap[0]
            if node in self._near and len(self._near[node]) == width:
                return node
            heapq.heappop(self._heap)
        return None

    def eliminate(self, node: int) -> tuple[_Scope, _Table]:
        """Takes a node out.

        Returns:
            the nodes it had links with, and its best bit for each of their bits
        """
        scope = tuple(sorted({node, *self._near[node]}))
        total = np.zeros((2,) * len(scope), dtype=int)
        for own, table in self._taken(node).items():
            total = total + table.reshape([2 if each in own else 1 for each in scope])
        axis = scope.index(node)
        rest = scope[:axis] + scope[axis + 1 :]
        if rest:
            self._add(rest, np.asarray(total.min(axis=axis)))
        self._forget(node)
        best: _Table = np.asarray(total.argmin(axis=axis))
        return rest, best

    def settle(self, node: int, bit: int) -> None:
        """Takes a node out whose bit is given."""
        for own, table in self._taken(node).items():
            if len(own) > 1:
                rest = tuple(each for each in own if each != node)
                self._add(rest, np.asarray(table.take(bit, axis=own.index(node))))
        self._forget(node)

    def _taken(self, node: int) -> dict[_Scope, _Table]:
        found = self._tables.pop(node)
        for scope in found:
            for other in scope:
                if other != node:
                    del self._tables[other][scope]
        return found

    def _add(self, scope: _Scope, table: _Table) -> None:
        for node in scope:
            own = self._tables.setdefault(node, {})
            own[scope] = own[scope] + table if scope in own else table
            self._near.setdefault(node, set()).update(set(scope) - {node})

    def _forget(self, node: int) -> None:
        for other in self._near.pop(node):
            self._near[other].discard(node)
            heapq.heappush(self._heap, (len(self._near[other]), other))


def _descend(bits: list[int], links: Sequence[Link]) -> None:
    """Changes single bits as long as that leaves fewer links broken."""
    at: dict[int, list[Link]] = {}
    for link in links:
        for end in link.ends:
            at.setdefault(end, []).append(link)
    at.pop(GROUND, None)
    better = True
    while better:
        better = False
        for node, own in at.items():
            if 2 * sum(is_broken(link, bits) for link in own) > len(own):
                bits[node] ^= 1
                better = True
