"""Bits on a graph: the fewest broken links, against trying everything."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.pulses.parity_constraints import (
    GROUND,
    Link,
    fewest_broken,
    is_broken,
    tree,
)

NODES = 7
node = st.integers(GROUND, NODES - 1)
links = st.lists(st.builds(Link, st.tuples(node, node), st.booleans()), max_size=20)


def broken(links, bits):
    return sum(is_broken(link, bits) for link in links)


@given(links=links)
def test_no_choice_of_bits_breaks_fewer(links):
    """Loops, parallel links, and links to the ground among them."""
    every = ([*bits, 0] for bits in itertools.product([0, 1], repeat=NODES))
    assert broken(links, fewest_broken(NODES, links)) == min(broken(links, b) for b in every)


@pytest.mark.parametrize("seed", range(3))
def test_a_dense_graph_is_answered_as_well(seed):
    """Too dense to be exact: at least, no other bit of a single node does better."""
    rng = np.random.default_rng(seed)
    pairs = itertools.combinations(range(40), 2)
    links = [Link(ends, bool(rng.integers(2))) for ends in pairs]
    bits = fewest_broken(40, links)
    for place in range(40):
        other = [bit ^ (index == place) for index, bit in enumerate(bits)]
        assert broken(links, other) >= broken(links, bits)


@given(links=links, open_=st.integers(0, 7))
def test_along_a_tree_all_links_are_kept(links, open_):
    """Bits and masks that follow from a forest keep its links, whatever the open bits."""
    forest, seen = [], list(range(NODES + 1))
    for index, (ends, odd, _) in enumerate(links):
        first, second = (seen[end] for end in ends)
        if first != second:
            forest.append(Link(ends, odd, index % 8))
            seen = [first if each == second else each for each in seen]
    found = tree(NODES, forest)
    bits = [odd ^ ((mask & open_).bit_count() & 1) for odd, mask in found]
    for link in forest:
        asked = link.odd ^ ((link.mask & open_).bit_count() & 1)
        assert (bits[link.ends[0]] != bits[link.ends[1]]) == asked
