"""What layers would take between other axes, against circuits that have these axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, rotation
from pennylane_qstore.compiler.pulses.order_costs import END, LETTERS, prices
from pennylane_qstore.compiler.pulses.timelines import timelines

entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])
axes = st.tuples(*[st.integers(0, 2)] * 2)
between = st.lists(
    st.one_of(
        st.sampled_from(["H", "S", "SX", "X"]).map(lambda name: Clifford(name, (0,))),
        st.builds(
            lambda letter, index: rotation([(0, letter)], Angle(0.1, ((index, 1.0),))),
            st.sampled_from("XYZ"),
            st.integers(0, 1),
        ),
    ),
    max_size=4,
)


def word(axis):
    """A rotation about a word with a letter on the first qubit."""
    return rotation([(0, LETTERS[axis]), (1, "Z")], Angle(0.0, ((2, 1.0),)))


def table(parts, own, entangler, layer=1):
    """The prices of one layer of the first qubit, and of a layer that does nothing."""
    circuit = timelines(parts, 2)
    points = np.random.default_rng(2).uniform(0.3, 2.9, (3, 3))
    return prices([circuit.layers[0][layer]], [own], entangler, circuit.values(points))


@entanglers
@given(inner=between, here=axes, there=axes)
def test_a_run_is_priced_as_it_would_be_between_other_axes(entangler, inner, here, there):
    """Whatever stands between the entanglers, and whatever their axes are now."""
    found = table([word(here[0]), *inner, word(here[1])], here, entangler)
    other = table([word(there[0]), *inner, word(there[1])], there, entangler)
    assert np.array_equal(found[0], other[0])
    assert np.array_equal(found[1], table([], (END, END), entangler, layer=0)[1])


def test_between_like_axes_there_is_nothing_to_do():
    """With ZZ an axis is changed by a pulse; with MS two axes share a state of the gauge."""
    (_, zz) = table([], (END, END), "zz", layer=0)
    assert np.array_equal(zz[:3, :3, 0, 0], 1 - np.eye(3))
    assert zz[END, :, 0, 0].tolist() == zz[:, END, 0, 0].tolist() == [1, 1, 0, 0]
    (_, ms) = table([], (END, END), "ms", layer=0)
    assert ms.min(axis=(2, 3)).max() == 0
    assert ms[END, :, 0].min(axis=-1).tolist() == [0, 0, 1, 0]
    assert (ms == np.floor(ms))[..., :4].all()


@entanglers
def test_a_run_that_a_block_gives_is_priced_as_any(entangler):
    """Its samples say nothing about other parameters."""
    haar = [rotation([(0, a), (1, b)], Angle(0.0, ((i, 1.0),))) for i, (a, b) in enumerate(WORDS)]
    circuit = consolidate([*haar, *haar], 2)
    found = timelines(circuit.elements, 2)
    points = np.random.default_rng(2).uniform(0.3, 2.9, (3, len(WORDS)))
    (price, _) = prices([found.layers[0][0]], [(END, 0)], entangler, found.values(points))
    assert (price == price[:1, :1]).all()
    assert price[0, 0, 0, 0] == 2


WORDS = ("XX", "YZ", "ZY", "XZ", "YY", "ZX")
