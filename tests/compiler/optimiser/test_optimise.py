"""Long circuits are searched as short ones are, and outcomes never take more than the unitary."""

import numpy as np
import pytest

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, rotation
from pennylane_qstore.compiler.circuit.passes import Passes
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from tests.compiler.native_matrix import (
    applied,
    distance_up_to_names,
    outcome_probabilities,
    program_matrix,
)

CX = np.eye(4)[[0, 1, 3, 2]]


def entangled(qubits, layers):
    """RY on every qubit, then a CNOT on every pair, several times."""
    elements = []
    for layer in range(layers):
        for qubit in range(qubits):
            angle = Angle(0.0, ((layer * qubits + qubit, 1.0),))
            elements.append(rotation([(qubit, "Y")], angle))
        elements += [Clifford("CX", (i, j)) for i in range(qubits) for j in range(i + 1, qubits)]
    return elements


def unitary_of(elements, qubits, params):
    """The product of the elements' matrices, by NumPy."""
    unitary = np.eye(2**qubits, dtype=complex)
    for element in elements:
        if isinstance(element, Clifford):
            unitary = applied(CX, list(element.qubits), unitary)
        else:
            half = element.angle.at(params) / 2
            turn = np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])
            unitary = applied(turn, list(element.qubits), unitary)
    return unitary


@pytest.mark.parametrize(
    ("qubits", "layers"), [(4, 63), (5, 42), pytest.param(6, 30, marks=pytest.mark.long)]
)
def test_a_circuit_of_more_than_600_elements_is_searched(qubits, layers):
    """It takes fewer entanglers than by blocks alone, and is the same circuit."""
    elements = entangled(qubits, layers)
    params = np.random.default_rng(qubits).uniform(-3, 3, layers * qubits)
    expected = unitary_of(elements, qubits, params)
    assert len(elements) > 600
    searched = Passes(cnot_layers=False)
    exact = Optimised(elements, qubits, "zz", passes=searched)
    alone = Optimised(elements, qubits, "zz", passes=searched._replace(pauli_gadgets=False))
    assert exact.counts[0] < alone.counts[0]
    (bound,) = exact.bind(params[None])
    assert distance_up_to_names(expected, program_matrix(bound.programs)) < 1e-11
    outcomes = Optimised(elements, qubits, "zz", range(qubits), passes=searched)
    assert outcomes.counts[0] <= exact.counts[0]
    (bound,) = outcomes.bind(params[None])
    found = outcome_probabilities(bound.programs, qubits)
    assert np.abs(found - np.abs(expected[:, 0]) ** 2).max() < 1e-11


@pytest.mark.parametrize(
    ("qubits", "layers"), [(20, 1), pytest.param(29, 1, marks=pytest.mark.long)]
)
def test_outcomes_take_no_more_entanglers_than_the_unitary(qubits, layers):
    """Where the search for the outcomes alone finds more, the circuit of the unitary is taken."""
    elements = entangled(qubits, layers)
    elements += [
        rotation([(q, "Y")], Angle(0.0, ((layers * qubits + q, 1.0),))) for q in range(qubits)
    ]
    searched = Passes(cnot_layers=False)
    exact = Optimised(elements, qubits, "zz", passes=searched).counts
    outcomes = Optimised(elements, qubits, "zz", range(qubits), passes=searched).counts
    assert outcomes[0] <= exact[0] == qubits - 1
