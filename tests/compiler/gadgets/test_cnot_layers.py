"""CNOT layers as linear maps: the same map by fewer CNOTs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, rotation
from pennylane_qstore.compiler.gadgets.cnot_layers import synthesised, with_short_cnot_layers
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from tests.compiler.native_matrix import (
    applied,
    distance_up_to_names,
    outcome_probabilities,
    program_matrix,
)

MATRICES = {"CX": np.eye(4)[[0, 1, 3, 2]], "SWAP": np.eye(4)[[0, 2, 1, 3]]}


def bits_after(gates, qubits):
    """The bits of each basis state, or of 1000 random ones, after the gates: (n, qubits)."""
    states = np.random.default_rng(0).integers(0, 2**qubits, 1000) if qubits > 9 else None
    states = np.arange(2**qubits) if states is None else states
    bits = states[:, None] >> np.arange(qubits) & 1
    for gate in gates:
        a, b = gate.qubits
        if gate.name == "CX":
            bits[:, b] ^= bits[:, a]
        else:
            bits[:, [a, b]] = bits[:, [b, a]]
    return bits


gates_on = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(
            st.tuples(
                st.sampled_from(["CX", "CX", "CX", "SWAP"]),
                st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True).map(tuple),
            ).map(lambda both: Clifford(*both)),
            max_size=30,
        ),
    )
)


@given(circuit=gates_on)
def test_a_map_is_the_same_with_no_more_cnots(circuit):
    """Of any CNOTs and SWAPs, on every basis state."""
    qubits, gates = circuit
    shorter = with_short_cnot_layers(gates)
    cnots = sum(gate.name == "CX" for gate in gates)
    if shorter is not None:
        assert np.array_equal(bits_after(shorter, qubits), bits_after(gates, qubits))
        assert sum(gate.name == "CX" for gate in shorter) < cnots


@given(circuit=gates_on)
def test_any_invertible_map_is_synthesised(circuit):
    """Whether or not that is shorter: from the rows alone."""
    qubits, gates = circuit
    basis = bits_after(gates, qubits)[1 << np.arange(qubits)]
    rows = [int(sum(int(bit) << i for i, bit in enumerate(basis[:, q]))) for q in range(qubits)]
    found = synthesised(rows, range(qubits))
    assert np.array_equal(bits_after(found, qubits), bits_after(gates, qubits))


def ansatz(qubits, layers):
    """RY on every qubit and a CNOT on every pair in turn, and RY at the end."""
    elements = []
    for layer in range(layers + 1):
        elements += [
            rotation([(q, "Y")], Angle(0.0, ((layer * qubits + q, 1.0),))) for q in range(qubits)
        ]
        if layer < layers:
            elements += [
                Clifford("CX", (i, j)) for i in range(qubits) for j in range(i + 1, qubits)
            ]
    return elements


@pytest.mark.parametrize("qubits", [8, 12, 20, pytest.param(29, marks=pytest.mark.long)])
def test_full_entanglement_is_a_chain(qubits):
    """A layer of n(n-1)/2 CNOTs is the map of n - 1."""
    elements = ansatz(qubits, 3)
    shorter = with_short_cnot_layers(elements)
    assert sum(isinstance(e, Clifford) and e.name == "CX" for e in shorter) == 3 * (qubits - 1)
    layer = [element for element in ansatz(qubits, 1) if isinstance(element, Clifford)]
    assert np.array_equal(
        bits_after(with_short_cnot_layers(layer), qubits), bits_after(layer, qubits)
    )


@pytest.mark.parametrize("entangler", ["zz", "ms"])
@pytest.mark.parametrize(("qubits", "layers"), [(5, 3), (6, 2), (8, 3)])
def test_a_program_has_one_entangler_a_link(qubits, layers, entangler):
    """The same unitary and outcomes, by NumPy; 21 entanglers for 8 qubits and 3 layers."""
    elements = ansatz(qubits, layers)
    params = np.random.default_rng(qubits).uniform(-3, 3, qubits * (layers + 1))
    expected = np.eye(2**qubits, dtype=complex)
    for element in elements:
        if isinstance(element, Clifford):
            matrix = MATRICES[element.name]
        else:
            half = element.angle.at(params) / 2
            matrix = np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])
        expected = applied(matrix, list(element.qubits), expected)
    exact = Optimised(elements, qubits, entangler)
    assert exact.counts[0] <= layers * (qubits - 1)
    (bound,) = exact.bind(params[None])
    assert distance_up_to_names(expected, program_matrix(bound.programs)) < 1e-12
    outcomes = Optimised(elements, qubits, entangler, range(qubits))
    assert outcomes.counts[0] <= exact.counts[0]
    (bound,) = outcomes.bind(params[None])
    found = outcome_probabilities(bound.programs, qubits)
    assert np.abs(found - np.abs(expected[:, 0]) ** 2).max() < 1e-12
