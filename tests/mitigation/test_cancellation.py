"""Probabilistic error cancellation: what is drawn, averaged over chance, has no errors left."""

from itertools import product

import numpy as np
import pytest

from pennylane_qstore.mitigation.cancellation import gamma_of, sampled
from pennylane_qstore.programs.program import Gate, Programs
from tests.compiler.native_matrix import X, Y, Z, gate_matrix, on_register

PAULIS = (np.eye(2), X, Y, Z)
PROGRAM = Programs(
    "native",
    2,
    (Gate("gpi2", (0,)), Gate("ms", (0, 1)), Gate("gpi2", (1,)), Gate("ms", (1, 0))),
    np.array([[0.1, 0.2, -0.3, 0.17, 0.4, 0.05, 0.6, 0.21]]),
)
SLOTS = {"gpi": 1, "gpi2": 1, "ms": 3}


def depolarised(state, qubits, rate):
    """A density matrix after a depolarising channel, by its Paulis."""
    mixed = sum(
        on_register(pauli, qubits, 2) @ state @ on_register(pauli, qubits, 2).conj().T
        for pauli in (
            PAULIS if len(qubits) == 1 else [np.kron(a, b) for a, b in product(PAULIS, repeat=2)]
        )
    ) / 4 ** len(qubits)
    return (1 - rate) * state + rate * mixed


def noisy(program, one, two):
    """The density matrix of a program with errors after its own gates."""
    state = np.zeros((4, 4), dtype=complex)
    state[0, 0] = 1
    numbers = list(program.numbers[0])
    originals = list(PROGRAM.gates)
    for name, qubits in program.gates:
        matrix = on_register(
            gate_matrix(name, [numbers.pop(0) for _ in range(SLOTS[name])]), qubits, 2
        )
        state = matrix @ state @ matrix.conj().T
        if originals and (name, qubits) == tuple(originals[0]):
            originals.pop(0)
            state = depolarised(state, qubits, one if len(qubits) == 1 else two)
    assert not originals
    return state


def test_the_mean_has_no_errors():
    """Over many draws, within 5 sigmas of the exact state; Paulis are put in without errors."""
    one, two, samples = 0.02, 0.1, 3000
    drawn = sampled(PROGRAM, one, two, samples, np.random.default_rng(3))
    states = np.array([noisy(program, one, two) for program in drawn.programs])
    exact = noisy(PROGRAM, 0, 0)
    mean = np.einsum("s,sij->ij", drawn.weights, states[drawn.which])
    sigma = drawn.gamma / np.sqrt(samples * 2 / 3)
    assert np.abs(mean - exact).max() < 5 * sigma
    raw = np.abs(noisy(PROGRAM, one, two) - exact).max()
    assert np.abs(mean - exact).max() < raw / 2


def test_gamma_is_the_cost_that_is_published():
    """1.31 for ten entanglers at aria-1's rates, with three pulses for each (mitigation's page)."""
    gates = tuple([Gate("ms", (0, 1))] * 10 + [Gate("gpi2", (0,))] * 30)
    assert gamma_of(gates, 0.0005, 0.0133) == pytest.approx(1.31, abs=0.02)


def test_without_errors_nothing_is_put_in():
    """All circuits are the one that was asked for."""
    drawn = sampled(PROGRAM, 0.0, 0.0, 7, np.random.default_rng(0))
    assert drawn.programs == [PROGRAM]
    assert drawn.weights.sum() == pytest.approx(1)
    assert drawn.gamma == pytest.approx(1)
