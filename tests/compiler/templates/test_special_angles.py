"""Angles at which gates vanish: fewer gates, the same outcomes, and few compiles."""

import threading

import numpy as np
import pytest

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, rotation
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.templates.special_angles import MOST, MOST_AT_ONCE, ByAngles
from tests.compiler.native_matrix import program_matrix
from tests.compiler.optimiser.test_required_outcomes import mapped, of_bits, probabilities

QUBITS, LAYERS = 4, 2
N = 2 * QUBITS * LAYERS


def ansatz():
    """Layers of RY, RZ on each qubit and a chain of CNOTs."""
    indices = iter(range(N))
    found = []
    for _ in range(LAYERS):
        found += [
            rotation([(q, axis)], Angle(0.0, ((next(indices), 1.0),)))
            for q in range(QUBITS)
            for axis in "YZ"
        ]
        found += [Clifford("CX", (q, q + 1)) for q in range(QUBITS - 1)]
    return found


class Makes:
    """Makes the best circuits, and counts them."""

    def __init__(self, measured):
        self.measured, self.times = measured, 0

    def __call__(self, elements):
        self.times += 1
        return Optimised(elements, QUBITS, "zz", self.measured)


def total(bound):
    return sum(bound.programs.gate_counts().values())


@pytest.mark.parametrize("measured", [None, range(QUBITS)])
def test_special_rows_are_right_and_shorter(measured):
    """Zeros, quarter turns and half turns, each row with its own circuit."""
    rng = np.random.default_rng(3)
    params = rng.choice([0.0, np.pi / 2, np.pi, -np.pi / 2, 0.4], size=(30, N))
    params[0] = rng.uniform(0.3, 2, N)
    own = ByAngles(ansatz(), Makes(measured))
    found = own.bind(params)
    assert sorted(row for bound in found for row in bound.rows.tolist()) == list(range(30))
    (general,) = own.general.bind(params[:1])
    sizes = {}
    for bound in found:
        for place, row in enumerate(bound.rows.tolist()):
            expected = probabilities(ansatz(), params[row : row + 1], QUBITS)
            amplitudes = program_matrix(bound.programs, place)[:, 0]
            weights = (np.abs(amplitudes) ** 2).reshape((2,) * bound.programs.qubits)
            outcomes = of_bits(mapped(weights, bound.programs.bits_of(place)), range(QUBITS))
            assert np.allclose(outcomes, expected, rtol=0, atol=1e-12)
            sizes[row] = total(bound)
    assert sizes[0] == total(general)
    assert min(sizes.values()) < total(general)


def test_zero_weights_do_not_compile_a_hundred_times():
    """A first gradient at zero, by parameter shift, has another pattern in each circuit."""
    make = Makes(range(QUBITS))
    own = ByAngles(ansatz(), make)
    shifts = np.concatenate([np.eye(N), -np.eye(N)]) * np.pi / 2
    own.bind(np.concatenate([np.zeros((1, N)), shifts]))
    assert make.times == 1 + MOST_AT_ONCE
    for _ in range(10):
        own.bind(np.concatenate([np.zeros((1, N)), shifts]))
    assert make.times == 1 + MOST
    for angle in np.linspace(0.1, 0.2, 10):
        own.bind(np.full((1, N), angle) + shifts)
    assert make.times == 1 + MOST


def test_what_is_seen_most_gets_a_circuit_first():
    """Data with many patterns once and one pattern often: the often one is short."""
    params = np.random.default_rng(1).choice([0.0, 0.7], size=(100, N))
    params[20:60] = 0.0
    found = ByAngles(ansatz(), Makes(range(QUBITS))).bind(params)
    zeros = next(bound for bound in found if 30 in bound.rows)
    assert total(zeros) <= 2
    assert len(zeros.rows) >= 40


def test_a_thread_does_not_wait_for_anothers_special_circuit():
    """It takes the one for any angles meanwhile."""
    started, go_on = threading.Event(), threading.Event()
    make = Makes(range(QUBITS))

    def slow(elements):
        if make.times:
            started.set()
            assert go_on.wait(10)
        return make(elements)

    own, zeros = ByAngles(ansatz(), slow), np.zeros((1, N))
    thread = threading.Thread(target=own.bind, args=(zeros,))
    thread.start()
    assert started.wait(10)
    (meanwhile,) = own.bind(zeros)
    go_on.set()
    thread.join()
    (bound,) = own.bind(zeros)
    assert make.times == 2
    assert total(bound) < total(meanwhile) == total(own.general.bind(zeros)[0])


def test_huge_angles_are_not_special():
    """Of an angle of 1e17 nobody can tell which multiple of π/2 is near."""
    make = Makes(range(QUBITS))
    ByAngles(ansatz(), make).bind(np.full((1, N), 1e17))
    assert make.times == 1
