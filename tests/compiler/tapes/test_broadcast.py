"""Batches wherever an operation may hold one: PennyLane's shapes and values, or a refusal."""

import importlib.util

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore

ANGLES, POWERS = np.array([0.4, 0.9]), [2, 1]
BATCHED = {
    "a power's exponents": lambda: qml.pow(qml.X(0), z=POWERS),
    "a rotation's powers": lambda: qml.pow(qml.RX(0.4, 0), z=ANGLES),
    "powers of a batch": lambda: qml.pow(qml.RX(ANGLES, 0), z=POWERS),
    "one power of a batch": lambda: qml.pow(qml.RX(ANGLES, 0), z=2),
    "a power of powers": lambda: qml.pow(qml.pow(qml.X(0), z=POWERS), 2),
    "powers of a matrix": lambda: qml.pow(qml.QubitUnitary(np.eye(2)[::-1], 0), z=POWERS),
    "controlled powers": lambda: qml.ctrl(qml.pow(qml.X(0), z=POWERS), 1),
    "an adjoint of powers": lambda: qml.adjoint(qml.pow(qml.SX(0), z=ANGLES)),
    "a factor": lambda: qml.prod(qml.pow(qml.X(0), z=POWERS), qml.Z(1)),
    "times": lambda: qml.evolve(qml.X(0) + 0.3 * qml.Z(1), ANGLES),
    "exponents": lambda: qml.exp(qml.X(0) @ qml.Z(1), 1j * ANGLES),
    "an exponent's scalars": lambda: qml.exp(qml.s_prod(ANGLES, qml.X(0)), 1j),
    "phases": lambda: qml.s_prod(np.exp(1j * ANGLES), qml.X(0)),
    "a changed basis": lambda: qml.change_op_basis(qml.RX(ANGLES, 0), qml.Z(0)),
    "a sequence": lambda: qml.ControlledSequence(qml.RX(ANGLES, 0), control=[1]),
    "a sequence of powers": lambda: qml.ControlledSequence(
        qml.pow(qml.RX(0.3, 0), z=POWERS), control=[1]
    ),
    "a selection": lambda: qml.Select([qml.RX(ANGLES, 0), qml.X(0)], control=[1]),
    "a reflection": lambda: qml.Reflection(qml.RX(ANGLES, 0)),
    "a block encoding": lambda: qml.QSVT(
        qml.RX(ANGLES, 0), [qml.PCPhase(0.1, 1, [0]), qml.PCPhase(0.4, 1, [0])]
    ),
    "a controlled phase": lambda: qml.ctrl(qml.GlobalPhase(ANGLES), 0),
}


def circuit_of(device, make, measure, **options):
    @qml.qnode(device, **{"diff_method": None, **options})
    def circuit(*args):
        qml.Hadamard(1)
        make(*args)
        qml.RX(0.3, 0)
        return measure()

    return circuit


def both(make, measure):
    return [
        circuit_of(qml.device(kind, wires=2), make, measure)()
        for kind in ("qstore.ionq", "default.qubit")
    ]


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_has_pennylanes_shape_and_values(name):
    """One measurement, probabilities, and several measurements."""
    for measure in (
        lambda: qml.expval(qml.Z(0) @ qml.X(1)),
        lambda: qml.probs(wires=[0, 1]),
        lambda: (qml.expval(qml.Z(0)), qml.expval(qml.X(1))),
    ):
        found, expected = both(BATCHED[name], measure)
        np.testing.assert_allclose(found, expected, atol=1e-9)
        assert np.shape(found) == np.shape(expected)


@pytest.mark.parametrize("name", BATCHED)
def test_counts_of_a_batch_are_one_a_circuit(name):
    """Of all shots each."""
    circuit = circuit_of(
        qml.device("qstore.ionq", wires=2), BATCHED[name], lambda: qml.counts(wires=[0])
    )
    counts = qml.set_shots(circuit, 50)()
    assert [sum(each.values()) for each in counts] == [50, 50]


@pytest.mark.parametrize("interface", ["torch", "jax"])
def test_counts_of_other_interfaces_have_pennylanes_form(interface):
    """A list in Torch, a tuple in JAX, as on PennyLane's simulator."""
    if importlib.util.find_spec(interface) is None:
        pytest.skip(f"{interface} isn't installed")
    angles = qml.math.asarray([0.3, 0.8], like=interface)

    def make(angles):
        qml.evolve(qml.X(0), angles)

    forms = [
        type(
            qml.set_shots(
                circuit_of(
                    qml.device(kind, wires=2),
                    make,
                    lambda: qml.counts(wires=[0]),
                    interface=interface,
                ),
                20,
            )(angles)
        )
        for kind in ("qstore.ionq", "default.qubit")
    ]
    assert forms[0] is forms[1]


def test_what_gradient_transforms_fail_on_is_refused():
    """With what to do instead."""
    device = qml.device("qstore.ionq", wires=2)
    circuit = circuit_of(
        device,
        lambda: qml.exp(qml.X(0), 1j * ANGLES),
        lambda: qml.expval(qml.Z(0)),
        diff_method="parameter-shift",
    )
    with pytest.raises(qstore.CompileError, match=r"operation 1, Exp .*use qml\.evolve"):
        circuit()
