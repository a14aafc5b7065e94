"""Only the outcomes that are asked for: what is left of a circuit, and the map of its bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Constant,
    ControlledX,
    rotation,
)
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.optimiser.required_outcomes import RequiredCircuit
from pennylane_qstore.programs.outcomes import Outcomes
from tests.compiler.native_matrix import on_register, program_matrix
from tests.compiler.pulses.test_pulses import GATES as ONE_AND_TWO
from tests.compiler.pulses.test_pulses import PAULIS, matrix_of, values

QUBITS = 4
SWAP = np.eye(4)[[0, 2, 1, 3]]
everywhere = st.permutations(range(QUBITS))
angle = st.one_of(
    values.map(Angle),
    st.builds(lambda i, slope: Angle(0.1, ((i, slope),)), st.integers(0, 2), st.just(1.0)),
)
elements = st.lists(
    st.one_of(
        st.builds(
            lambda qs, letters, a: rotation(zip(qs, letters, strict=False), a),
            everywhere,
            st.text("XYZ", min_size=1, max_size=2),
            angle,
        ),
        st.builds(lambda n, qs: Clifford(n, tuple(qs[:1])), st.sampled_from("XYZHS"), everywhere),
        st.builds(
            lambda n, qs: Clifford(n, tuple(qs[:2])),
            st.sampled_from(["CX", "CX", "CZ", "SWAP"]),
            everywhere,
        ),
        st.builds(
            lambda qs, n: ControlledX(tuple(qs[:n]), qs[n]), everywhere, st.sampled_from([2, 3])
        ),
        st.builds(
            lambda qs, name: Constant((qs[0],), PAULIS[name] @ ONE_AND_TWO["S"]),
            everywhere,
            st.sampled_from("XYZ"),
        ),
    ),
    max_size=10,
)
measured = st.sets(st.integers(0, QUBITS - 1), min_size=1)
parameters = st.lists(values, min_size=3, max_size=3).map(lambda row: np.array([row]))


def matrix(element, params):
    if isinstance(element, ControlledX):
        size = 2 ** len(element.qubits)
        return np.eye(size)[[*range(size - 2), size - 1, size - 2]]
    if isinstance(element, Clifford) and element.name == "SWAP":
        return SWAP
    return matrix_of(element, params)


def probabilities(circuit, params, qubits):
    """Of a circuit from |0…0⟩, with an axis for each qubit."""
    state = np.eye(2**qubits, dtype=complex)
    for element in circuit:
        state = on_register(matrix(element, params), element.qubits, qubits) @ state
    return (np.abs(state[:, 0]) ** 2).reshape((2,) * qubits)


def of_bits(outcomes, asked):
    """The joint probabilities of some of a tape's qubits."""
    found = np.zeros((2,) * len(asked))
    np.add.at(found, tuple(outcomes.bits(asked).T), outcomes.weights)
    return found


def mapped(weights, bits):
    """A program's probabilities, with an axis for each qubit, as the tape's outcomes."""
    flat = np.asarray(weights).transpose(range(weights.ndim)[::-1]).ravel()
    outcomes = Outcomes(np.arange(len(flat)), flat)
    return outcomes if bits is None else outcomes.mapped(bits)


def marginal(weights, asked):
    return weights.sum(axis=tuple(q for q in range(weights.ndim) if q not in asked))


@given(circuit=elements, asked=measured, params=parameters)
def test_what_is_left_has_the_same_outcomes(circuit, asked, params):
    """Head and tail are worked out on bits; the rest is the circuit's."""
    asked = sorted(asked)
    left = RequiredCircuit.of(circuit, QUBITS, asked)
    expected = marginal(probabilities(circuit, params, QUBITS), asked)
    found = of_bits(mapped(probabilities(left.elements, params, QUBITS), left.bits), asked)
    assert np.allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("entangler", ["ms", "zz"])
@given(circuit=elements, asked=measured, params=parameters)
def test_what_is_sent_has_the_same_outcomes(entangler, circuit, asked, params):
    """Whatever is tried to make it shorter, and at special angles too."""
    asked = sorted(asked)
    (bound,) = Optimised(circuit, QUBITS, entangler, asked).bind(params)
    programs = bound.programs
    sent = (np.abs(program_matrix(programs)[:, 0]) ** 2).reshape((2,) * programs.qubits)
    expected = marginal(probabilities(circuit, params, QUBITS), asked)
    found = of_bits(mapped(sent, programs.bits_of(0)), asked)
    assert np.allclose(found, expected, rtol=0, atol=1e-12)


def sent(circuit, qubits, asked):
    params = np.array([[0.4, 1.9, -0.7]])
    (bound,) = Optimised(circuit, qubits, "zz", asked).bind(params)
    return bound.programs


def test_a_tail_on_bits_is_free():
    """CNOT, Toffoli, SWAP and X at the end are done to the outcomes."""
    ry = [rotation([(q, "Y")], Angle(0.0, ((q, 1.0),))) for q in range(3)]
    tail = [
        Clifford("CX", (0, 1)),
        ControlledX((0, 1), 2),
        Clifford("SWAP", (0, 2)),
        Clifford("X", (1,)),
        Clifford("CZ", (0, 1)),
    ]
    programs = sent([*ry, *tail], 3, range(3))
    assert programs.gate_counts() == {"1q": 6, "2q": 0}
    assert programs.bits.gates


def test_gates_on_known_states_vanish():
    """Controls in |0⟩ do nothing, controls in |1⟩ are none."""
    theta = rotation([(2, "Y")], Angle(0.0, ((0, 1.0),)))
    head = [Clifford("X", (0,)), Clifford("CX", (0, 1)), ControlledX((0, 1), 2), theta]
    programs = sent(head, 3, range(3))
    assert programs.gate_counts() == {"1q": 2, "2q": 0}
    outcomes = mapped(np.array([1.0, 0.0]), programs.bits_of(0))
    assert outcomes.bits([0, 1])[outcomes.weights > 0].tolist() == [[1, 1]]


def test_qubits_nobody_asks_about_are_not_sent():
    """Only the light cone of the measured qubits is compiled."""
    layer = [rotation([(q, "Y")], Angle(0.0, ((q % 3, 1.0),))) for q in range(6)]
    pairs = [Clifford("CX", (q, q + 1)) for q in range(0, 6, 2)]
    assert sent([*layer, *pairs, *layer], 6, [0]).qubits == 2
    assert sent([*layer, *pairs, *layer], 6, [0, 3]).qubits == 4


def test_a_circuit_of_known_states_alone_still_runs():
    """What is measured is no more than the map, but something has to be sent."""
    programs = sent([Clifford("X", (1,))], 2, range(2))
    assert programs.gate_counts() == {"1q": 2, "2q": 0}
    outcomes = mapped(np.array([1.0, 0.0]), programs.bits_of(0))
    assert outcomes.bits([0, 1])[outcomes.weights > 0].tolist() == [[0, 1]]


def test_a_known_bit_goes_where_a_swap_takes_it():
    """A SWAP of a qubit in |1⟩ and one in a superposition, with nothing after it."""
    theta = rotation([(1, "Y")], Angle(0.0, ((0, 1.0),)))
    circuit = [Clifford("X", (0,)), theta, Clifford("SWAP", (0, 1))]
    params = np.array([[1.0, 0.0, 0.0]])
    left = RequiredCircuit.of(circuit, 2, range(2))
    found = of_bits(mapped(probabilities(left.elements, params, 2), left.bits), range(2))
    assert np.allclose(found, probabilities(circuit, params, 2), rtol=0, atol=1e-12)
    assert np.isclose(found[0, 1], np.cos(0.5) ** 2)
