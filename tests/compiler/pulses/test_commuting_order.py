"""Commuting rotations in another order: the same unitary, fewer pulses."""

import numpy as np
import pytest
from hypothesis import given

from pennylane_qstore.compiler.circuit.elements import Angle, rotation
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.pulses.commuting_order import ordered
from pennylane_qstore.compiler.pulses.pulses import pulses
from pennylane_qstore.compiler.pulses.timelines import timelines
from tests.compiler.native_matrix import distance_up_to_frames
from tests.compiler.pulses.test_pulses import QUBITS, elements, entanglers, parameters, unitary_of


@entanglers
@given(parts=elements, params=parameters)
def test_the_unitary_is_kept(entangler, parts, params):
    """Whatever the parts are."""
    points = np.random.default_rng(0).uniform(0.3, 2.9, (3, params.shape[1]))
    found = ordered(parts, entangler, timelines(parts, QUBITS), points)
    assert sorted(map(id, found)) == sorted(map(id, parts))
    assert distance_up_to_frames(unitary_of(parts, params), unitary_of(found, params)) < 1e-12


def heisenberg(qubits, steps):
    """Trotter steps with XX, YY and ZZ on neighbours, all angles open."""
    parts = []
    for _ in range(steps):
        for first in [*range(0, qubits - 1, 2), *range(1, qubits - 1, 2)]:
            for letter in "XYZ":
                index = len(parts)
                word = [(first, letter), (first + 1, letter)]
                parts.append(rotation(word, Angle(0.0, ((index, 1.0),))))
    return parts


@pytest.mark.parametrize(("entangler", "alike", "best"), [("ms", 46, 30), ("zz", 90, 66)])
def test_a_block_begins_as_the_one_before_ends(entangler, alike, best):
    """With MS only one pulse is left on each qubit of each block, and none between them."""
    parts = heisenberg(6, 3)
    circuit = timelines(parts, 6)
    samples = circuit.values(np.random.default_rng(0).uniform(0.3, 2.8, (3, len(parts))))
    assert pulses(circuit, entangler, samples).counts() == (len(parts), alike)
    assert Optimised(parts, 6, entangler).counts == (len(parts), best)
