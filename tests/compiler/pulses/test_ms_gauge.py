"""MS's gauge: circuits stay the same, and layers take the pulses that were promised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.pulses.ms_gauge import choose, constants, gauge
from pennylane_qstore.compiler.pulses.products import products
from pennylane_qstore.compiler.pulses.timelines import BoundGate
from tests.compiler.pulses.test_products import layers, matrix
from tests.compiler.pulses.test_pulses import special

LOCALS, SAMPLES = 2, 3


def about_ms(angle):
    """A turn about MS's axis, as a quaternion."""
    return np.array([np.cos(angle / 2), np.sin(angle / 2), 0, 0])


def locals_of(angles):
    """Gates that are Clifford gates where the angles are special."""
    w, x = np.cos(angles / 2), np.sin(angles / 2)
    return np.stack([w * w[::-1], x * w[::-1], w * x[::-1], x * x[::-1]], axis=1)


@given(
    timeline=layers,
    angles=st.lists(special, min_size=5, max_size=5),
    seed=st.integers(0, 99),
)
def test_a_chain_takes_what_was_promised_whatever_the_angles(timeline, angles, seed):
    """The unitary is kept, and a layer with a pulse less is on the equator or on a pole."""
    rng = np.random.default_rng(seed)
    own = range(len(timeline))
    plain = products(timeline)
    opaque = np.array([any(isinstance(each, BoundGate) for each in layer) for layer in timeline])
    samples = plain.at(
        rng.uniform(0.3, 2.8, (3, SAMPLES)), locals_of(rng.uniform(0.3, 2.8, (2, SAMPLES)))
    )
    choice = choose(samples, [own], opaque)
    before = np.array([about_ms(-angle) for angle in constants(choice.before)])
    after = np.array([about_ms(angle) for angle in constants(choice.after)])
    values = np.array(angles)[:, None]
    expected = plain.at(values[:3], locals_of(values[3:]))
    found = plain.between(before, after).at(values[:3], locals_of(values[3:]))
    gauge(choice).apply(found)

    unitaries = np.eye(2), np.eye(2)
    for index in own:
        ms = matrix(about_ms(0.3 + index))  # what MS does to a qubit if the other one lets it
        unitaries = tuple(
            ms @ matrix(each[index, :, 0]) @ u
            for each, u in zip((expected, found), unitaries, strict=True)
        )
    phase = np.vdot(unitaries[0], unitaries[1])
    assert np.allclose(unitaries[0] * phase / abs(phase), unitaries[1], atol=1e-12)

    w, x, y, z = found[:, :, 0].T
    stay, move = np.hypot(w, z), np.hypot(x, y)
    assert np.abs(stay - move)[choice.pulses == 1].max(initial=0) < 1e-12
    assert np.minimum(stay, move)[choice.pulses == 0].max(initial=0) < 1e-12


@pytest.mark.parametrize("entanglers", [1, 2, 5, 9])
def test_generic_runs_take_two_pulses_more_than_there_are_entanglers(entanglers):
    """One pulse between any two, two at the end, one at the start: no gate can do with fewer."""
    rng = np.random.default_rng(entanglers)
    samples = rng.normal(size=(entanglers + 1, 4, SAMPLES))
    samples /= np.linalg.norm(samples, axis=1, keepdims=True)
    opaque = np.zeros(len(samples), dtype=bool)
    assert choose(samples, [range(len(samples))], opaque).pulses.sum() == entanglers + 2


def test_qubits_have_a_gauge_each():
    """What is best for several qubits together is what is best for each of them."""
    rng = np.random.default_rng(3)
    samples = rng.normal(size=(9, 4, SAMPLES))
    samples[:4, 1:3] = 0
    samples /= np.linalg.norm(samples, axis=1, keepdims=True)
    timelines = [range(4), range(4, 7), range(7, 9)]
    together = choose(samples, timelines, np.zeros(9, dtype=bool)).pulses
    alone = [
        choose(samples[list(own)], [range(len(own))], np.zeros(len(own), dtype=bool)).pulses
        for own in timelines
    ]
    assert together.tolist() == np.concatenate(alone).tolist()
