"""Tapes that a library folded are compiled as they were before, and their programs folded."""

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennylane.tape import QuantumScript

import pennylane_qstore as qstore
from pennylane_qstore.compiler.tapes.folds import is_inverse, unfold

WIRES = 4
ANGLES = np.linspace(0.2, 1.4, 24)


def layers(entangler):
    """Rotations and entanglers, in layers."""
    angles = iter(ANGLES)
    return [
        op
        for _ in range(2)
        for op in (
            *(qml.RY(next(angles), wire) for wire in range(WIRES)),
            *(entangler([wire, wire + 1]) for wire in range(WIRES - 1)),
        )
    ]


CIRCUITS = {
    "cnot": layers(qml.CNOT),
    "cz": layers(qml.CZ),
    "zz": layers(lambda wires: qml.IsingZZ(0.37, wires)),
    "ghz": [qml.Hadamard(0), *(qml.CNOT([i, i + 1]) for i in range(WIRES - 1))],
    "excitations": [
        qml.X(0),
        qml.X(1),
        qml.DoubleExcitation(0.3, [0, 1, 2, 3]),
        qml.SingleExcitation(0.4, [1, 3]),
    ],
    "embedding": [qml.StronglyEntanglingLayers(ANGLES.reshape(2, 4, 3), wires=range(4))],
    "native": [qstore.MS(0.1, 0.2, 0.2, wires=[0, 1]), qstore.GPI2(0.3, 1)],
    "unitary": [qml.QubitUnitary(qml.matrix(qml.QFT([0, 1])), [0, 1]), qml.CNOT([1, 2])],
}


def entanglers(device, operations):
    """How many two-qubit gates a tape is sent with."""
    tape = QuantumScript(operations, [qml.expval(qml.Z(0) @ qml.Z(3)), qml.probs(wires=[1, 2])])
    (own,), _ = device.preprocess_transforms()((tape,))
    (compiled,) = device.compiled([own])
    return compiled.compiled.programs.gate_counts()["2q"]


def folded_globally(operations, scale):
    """As PennyLane folds."""
    (tape,), _ = qml.noise.fold_global(QuantumScript(operations), scale)
    return list(tape.operations)


def folded_by_gate(operations, scale):
    """As mitiq folds each gate."""
    return [
        each for op in operations for each in (op, *([qml.adjoint(op), op] * ((scale - 1) // 2)))
    ]


@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("fold", [folded_globally, folded_by_gate])
@pytest.mark.parametrize("name", CIRCUITS)
def test_what_is_asked_for_is_sent(name, fold, aware):
    """Three and five times as many two-qubit gates, measurement-aware or not."""
    device = qml.device("qstore.ionq", wires=WIRES, measurement_aware=aware)
    once = entanglers(device, CIRCUITS[name])
    for scale in (3, 5):
        assert entanglers(device, fold(CIRCUITS[name], scale)) == scale * once


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_results_stay(name):
    """Folding changes nothing but the noise."""
    device = qml.device("qstore.ionq", wires=WIRES)

    @qml.qnode(device)
    def circuit():
        for op in CIRCUITS[name]:
            qml.apply(op)
        return qml.probs(wires=range(WIRES))

    assert np.allclose(circuit(), qml.noise.fold_global(circuit, 3)(), atol=1e-10)


@given(
    name=st.sampled_from(sorted(CIRCUITS)),
    scale=st.floats(1.2, 6),
)
def test_partial_folds_are_recognised(name, scale):
    """The end of a circuit once more: PennyLane's folding of any factor."""
    operations = CIRCUITS[name]
    folded = folded_globally(operations, scale)
    if len(folded) == len(operations):
        return
    found = unfold(QuantumScript(folded))
    assert found is not None
    assert len(found.tape.operations) == len(operations)


def test_negative_angles_are_inverses():
    """As in circuits that come from OpenQASM."""
    folded = [
        *(qml.RX(0.3, 0), qml.RX(-0.3, 0), qml.RX(0.3, 0)),
        *(qml.CNOT([0, 1]), qml.CNOT([0, 1]), qml.CNOT([0, 1])),
    ]
    found = unfold(QuantumScript(folded))
    assert [op.name for op in found.tape.operations] == ["RX", "CNOT"]
    assert found.scale == 3


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [qml.RX(0.3, 0)],
        [qml.RX(0.3, 0), qml.RX(-0.3, 0)],
        [qml.RX(0.3, 0), qml.RX(-0.3, 0), qml.RX(0.4, 0)],
        [qml.Hadamard(0), qml.CNOT([0, 1]), qml.CNOT([0, 1]), qml.Hadamard(0)],
        [qml.S(0), qml.S(0), qml.S(0)],
        layers(qml.CNOT),
        [*layers(qml.CNOT), *layers(qml.CNOT)],
        [qml.X(0), qml.CNOT([0, 1]), qml.CNOT([1, 0]), qml.CNOT([0, 1])],
    ],
)
def test_other_circuits_are_no_folds(operations):
    """An echo U U† has no scale; three CNOTs that make a SWAP, and S·S·S, aren't folds either."""
    assert unfold(QuantumScript(operations)) is None


def test_parameters_decide():
    """Adjoint of another angle is another gate."""
    one, other = qml.RX(0.3, 0), qml.adjoint(qml.RX(0.4, 0))
    assert not is_inverse(one, other)
    assert is_inverse(one, other, values=False)


def test_state_preparations_stay_in_front():
    """PennyLane folds what comes after them."""
    state = qml.StatePrep(np.array([0.6, 0.8]), wires=0)
    folded = [state, *folded_globally(CIRCUITS["cnot"], 3)]
    found = unfold(QuantumScript(folded))
    assert found.tape.operations[0] is state
    assert found.scale == 3


def test_a_gradient_of_penny_lanes_folds_is_warned_of():
    """A shifted tape has another angle in one copy."""
    device = qml.device("qstore.ionq", wires=2)

    @qml.qnode(device)
    def circuit(x):
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.X(0) @ qml.X(1))

    mitigated = qml.noise.mitigate_with_zne(
        circuit, [1, 3], qml.noise.fold_global, qml.noise.richardson_extrapolate
    )
    with pytest.warns(UserWarning, match="noise scale of 3"):
        found = qml.grad(mitigated)(qml.numpy.array(0.4, requires_grad=True))
    assert found == pytest.approx(np.cos(0.4), abs=1e-7)


def test_textbook_gates_keep_their_folds_with_a_warning():
    """IonQ's compiler decides what becomes of them."""
    device = qml.device("qstore.ionq", wires=WIRES, gateset="qis")
    with pytest.warns(UserWarning, match='gateset="native"'):
        sent = entanglers(device, folded_globally(CIRCUITS["cnot"], 3))
    assert sent == 18


def test_literal_translation_keeps_folds_as_they_are():
    """optimization="none" sends what stands there."""
    device = qml.device("qstore.ionq", wires=WIRES, optimization="none")
    assert entanglers(device, folded_by_gate(CIRCUITS["cnot"], 3)) == 18
