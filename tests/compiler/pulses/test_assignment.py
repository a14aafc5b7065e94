"""Choices on a graph: the best ones where they can be found, and good ones elsewhere."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.pulses.assignment import assigned

seeds = st.integers(0, 2**32 - 1)


def graph(seed, pairs, counts):
    """Random whole costs of nodes and of some pairs of them."""
    rng = np.random.default_rng(seed)
    nodes = [rng.integers(0, 5, count).astype(float) for count in counts]
    edges = {(a, b): rng.integers(0, 5, (counts[a], counts[b])).astype(float) for a, b in pairs}
    return nodes, edges


def cost(choices, nodes, edges):
    """What choices cost."""
    own = sum(costs[choice] for costs, choice in zip(nodes, choices, strict=True))
    return own + sum(table[choices[a], choices[b]] for (a, b), table in edges.items())


def least(nodes, edges):
    """What the best choices cost, by looking at all."""
    return min(cost(each, nodes, edges) for each in product(*(range(len(own)) for own in nodes)))


@given(seed=seeds, counts=st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_on_a_forest_the_choices_are_the_best(seed, counts):
    """A node may have a link with one earlier node, whichever end of the link is named first."""
    rng = np.random.default_rng(seed)
    pairs = [
        (int(rng.integers(node)), node) for node in range(1, len(counts)) if rng.random() < 0.8
    ]
    pairs = [pair if rng.random() < 0.5 else pair[::-1] for pair in pairs]
    nodes, edges = graph(seed, pairs, counts)
    found = assigned(nodes, edges)
    assert found.cost == cost(found.choices, nodes, edges) == least(nodes, edges)


@given(seed=seeds)
def test_with_loops_the_choices_are_no_worse_than_each_alone(seed):
    """Where each node has a link with each other; and they are the same every time."""
    nodes, edges = graph(seed, combinations(range(5), 2), [3] * 5)
    found = assigned(nodes, edges)
    alone = [int(own.argmin()) for own in nodes]
    assert found.cost == cost(found.choices, nodes, edges) <= cost(alone, nodes, edges)
    assert found == assigned(nodes, edges)


@pytest.mark.parametrize("seed", range(10))
def test_a_ladder_is_most_often_chosen_best(seed):
    """Rungs make loops, as qubits do that meet again: within two of the best, of about ten."""
    steps = 5
    pairs = [(2 * i, 2 * i + 1) for i in range(steps)]
    pairs += [(i, i + 2) for i in range(2 * steps - 2)]
    nodes, edges = graph(seed, pairs, [2] * (2 * steps))
    assert assigned(nodes, edges).cost <= least(nodes, edges) + 2


def test_without_nodes_there_is_nothing_to_choose():
    """And nothing to pay."""
    assert assigned([], {}) == ([], 0)
