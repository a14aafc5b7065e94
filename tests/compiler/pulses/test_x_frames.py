"""Frames of X: what costs no pulse, what costs one, and what is left to the outcomes."""

import numpy as np
import pytest

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Rotation, rotation
from pennylane_qstore.compiler.circuit.paulis import bits
from pennylane_qstore.compiler.pulses.pulses import pulses
from pennylane_qstore.compiler.pulses.timelines import timelines
from tests.compiler.native_matrix import X, distance_up_to_frames, on_register, program_matrix
from tests.compiler.pulses.test_pulses import unitary_of

QUBITS = 3
entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])


def opened(index, slope=1.0):
    return Angle(0.0, ((index, slope),))


def zz(first, second, angle):
    return rotation([(first, "Z"), (second, "Z")], angle)


def made(parts, entangler="zz", **options):
    """The circuit's timelines, and its pulses."""
    circuit = timelines(parts, QUBITS)
    samples = circuit.values(np.random.default_rng(5).uniform(0.3, 2.8, (3, 40)))
    return circuit, pulses(circuit, entangler, samples, **options)


def ones(parts, entangler="zz", **options):
    """How many gates on one qubit a circuit takes."""
    return made(parts, entangler, **options)[1].counts()[1]


def bound(parts, params, entangler="zz", **options):
    """The programs for some parameters, each of them checked."""
    circuit, found = made(parts, entangler, **options)
    groups = found.bind(*circuit.values(params, found.slots))
    for group in groups:
        for place, row in enumerate(group.rows.tolist()):
            matrix = program_matrix(group.programs, place)
            flips = group.programs.flips
            for qubit in bits(0 if flips is None else int(flips[place])):
                matrix = on_register(X, (qubit,), QUBITS) @ matrix
            assert distance_up_to_frames(unitary_of(parts, params[row : row + 1]), matrix) < 1e-11
    return groups


TURNED = [Rotation(((q, "Y"),), opened(q)) for q in range(QUBITS)]
WEIGHTS = [zz(0, 1, Angle(0.3)), zz(1, 2, Angle(0.4))]


@entanglers
def test_a_flip_inside_a_circuit_takes_no_pulse(entangler):
    """It is carried to where there are pulses anyway."""
    flips = [Clifford("X", (1,)), Clifford("Y", (2,))]
    plain = [*TURNED, *WEIGHTS, *TURNED]
    flipped = [*TURNED, WEIGHTS[0], *flips, WEIGHTS[1], *TURNED]
    assert ones(flipped, entangler) == ones(plain, entangler)


@entanglers
def test_a_flip_that_reaches_the_end_takes_a_pulse_unless_outcomes_take_it(entangler):
    """Two qubits whose outcomes may be turned around need none."""
    word = [(0, "X"), (1, "X")] if entangler == "ms" else [(0, "Z"), (1, "Z")]
    parts = [rotation(word, Angle(0.3)), Clifford("X", (0,)), Clifford("X", (2,))]
    assert ones(parts, entangler) == 2
    assert ones(parts, entangler, frames_free=True) == 0
    (group,) = bound(parts, np.zeros((2, 40)), entangler, frames_free=True)
    assert group.programs.flips.tolist() == [0b101] * 2


def test_negative_angles_take_no_pulse_along_a_line():
    """One end of each ZZ may be flipped, and the flips are taken in by the turns around."""
    plain = [*TURNED, *WEIGHTS, *TURNED]
    negative = [zz(0, 1, Angle(-0.3)), zz(1, 2, Angle(-0.4))]
    assert ones([*TURNED, *negative, *TURNED]) == ones(plain) == 12


def test_negative_angles_take_a_pulse_around_an_odd_circle():
    """Three qubits can't differ from each other in one bit."""
    triangle = [zz(0, 1, Angle(-0.3)), zz(1, 2, Angle(-0.4)), zz(0, 2, Angle(-0.5))]
    assert ones([*TURNED, *triangle, *TURNED]) == 12 + 1


@entanglers
def test_signs_that_parameters_decide_are_bound_as_one(entangler):
    """A batch with angles of all signs and sizes has one structure where frames can follow."""
    parts = []
    for layer in range(3):
        parts += [Rotation(((q, "Y"),), opened(5 * layer + q)) for q in range(QUBITS)]
        parts += [zz(0, 1, opened(5 * layer + 3)), zz(1, 2, opened(5 * layer + 4))]
    parts += TURNED
    params = np.random.default_rng(0).uniform(-7, 7, (30, 40))
    (group,) = bound(parts, params, entangler)
    assert group.rows.tolist() == list(range(30))


def test_circuits_of_different_circles_are_bound_apart():
    """Only what is odd around a circle needs a pulse of its own."""
    triangle = [zz(0, 1, opened(3)), zz(1, 2, opened(4)), zz(0, 2, opened(5))]
    params = np.random.default_rng(0).uniform(-1.5, 1.5, (30, 40))
    groups = bound([*TURNED, *triangle, *TURNED], params)
    counts = {group.programs.gate_counts()["1q"]: group.rows for group in groups}
    negative = (params[:, 3:6] < 0).sum(axis=1)
    assert set(counts) == {12, 13}
    assert counts[13].tolist() == np.flatnonzero(negative % 2).tolist()


def test_too_many_ways_become_one():
    """Circuits that differ around many circles share pulses that do for all of them."""
    pairs = [(0, 1), (1, 2), (0, 2)] * 4
    parts = [*TURNED, *(zz(*pair, opened(3 + i)) for i, pair in enumerate(pairs)), *TURNED]
    params = np.random.default_rng(0).uniform(-7, 7, (150, 40))
    (group,) = bound(parts, params)
    assert group.rows.tolist() == list(range(150))
    assert len(bound(parts, params[:20])) > 1


@entanglers
def test_a_flip_of_a_batch_that_reaches_the_end(entangler):
    """Some circuits end with a pulse, others don't; or the outcomes of some are turned around."""
    word = [(0, "X"), (1, "X")] if entangler == "ms" else [(0, "Z"), (1, "Z")]
    parts = [Rotation(((1, "Y"),), opened(1)), rotation(word, opened(0))]
    params = np.array([[0.3] * 40, [3.0 if entangler == "ms" else -0.3] * 40])
    exact = bound(parts, params, entangler)
    assert sorted(group.programs.gate_counts()["1q"] for group in exact) == [2, 3]
    (free,) = bound(parts, params, entangler, frames_free=True)
    assert free.programs.gate_counts()["1q"] == 2
    assert (free.programs.flips > 0).tolist() == [False, True]


def test_no_circuits_are_no_programs():
    """A batch may be empty."""
    (group,) = bound([*TURNED, *WEIGHTS, zz(0, 2, opened(0))], np.zeros((0, 40)))
    assert len(group.programs) == 0
