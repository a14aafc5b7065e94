"""Tapes that go to the device without its preprocessing."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore

RAW = [
    qml.StatePrep(np.array([0.6, 0.8]), 0),
    qml.QubitUnitary(np.eye(2), 0),
    qml.AngleEmbedding([0.1, 0.2], [0, 1]),
    qml.BasisState([1, 1], [0, 1]),
    qml.StronglyEntanglingLayers(np.zeros((1, 2, 3)), [0, 1]),
    qml.ctrl(qml.RX(0.3, 1), 0),
    qml.Rot(0.1, 0.2, 0.3, 0),
    qml.prod(qml.X(0), qml.Z(1)),
]


@pytest.mark.parametrize("op", RAW, ids=lambda op: op.name)
def test_an_operation_that_needs_decomposition_says_what_to_do(op):
    """Also with a batch, where the text was about its shape."""
    device = qml.device("qstore.ionq", wires=2)
    tape = qml.tape.QuantumScript([qml.H(0), op], [qml.expval(qml.Z(0))])
    with pytest.raises(qstore.CompileError, match=r"operation 1, .*run the tape with qml\.execute"):
        device.execute([tape])
    qml.execute([tape], device)


def test_gates_of_the_device_run_as_they_are():
    """As before."""
    device = qml.device("qstore.ionq", wires=2)
    tape = qml.tape.QuantumScript([qml.RX(0.3, 0), qml.CNOT([0, 1])], [qml.expval(qml.Z(1))])
    assert device.execute([tape])[0] == pytest.approx(np.cos(0.3))
