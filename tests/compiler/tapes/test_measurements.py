"""Measurements to circuits: what PennyLane orders stays in its order."""

import numpy as np
import pennylane as qml


def test_probabilities_of_a_sum_come_in_the_order_of_its_eigenvalues():
    """As PennyLane has them, also where the sum is one Pauli word."""
    dev = qml.device("qstore.ionq", wires=2)
    for obs in (qml.Z(0) + qml.Z(0), qml.X(0) + qml.X(0), (qml.Z(0) + qml.Z(0)) @ qml.X(1)):
        tape = qml.tape.QuantumScript([qml.RY(0.5, 0), qml.RX(0.3, 1)], [qml.probs(op=obs)])
        found, expected = (qml.execute([tape], d)[0] for d in (dev, qml.device("default.qubit")))
        assert np.allclose(found, expected, rtol=0, atol=1e-10)
