"""A warm call of a QNode enters few files and functions, and reads its outcomes right."""

import numpy as np
import pennylane as qml
import pytest

from benchmarks import warm_path


@pytest.mark.parametrize("shots", [None, warm_path.SHOTS])
def test_a_warm_call_is_short(shots):
    """At most 30 files of the package, 380 calls, and 110 changes from one file to another."""
    files, calls, changes = warm_path.counted(warm_path.warm_call(shots))
    assert 0 < files <= 30
    assert 0 < calls <= 380
    assert 0 < changes <= 110


MEASUREMENTS = {
    "expval": lambda: qml.expval(0.5 * qml.Z(0) @ qml.Z(2) - 1.5 * qml.Z(1)),
    "variance": lambda: qml.var(qml.Z(0) @ qml.Z(1)),
    "hermitian": lambda: qml.expval(qml.Hermitian(np.array([[1, 0.5j], [-0.5j, 2]]), 1)),
    "projector": lambda: qml.expval(qml.Projector([1, 0], wires=[0, 2])),
    "probs": lambda: qml.probs(wires=[2, 0]),
    "several": lambda: (qml.probs(wires=1), qml.expval(qml.Z(2)), qml.var(qml.Z(0))),
}


@pytest.mark.parametrize("is_batch", [True, False])
@pytest.mark.parametrize("measure", MEASUREMENTS.values(), ids=MEASUREMENTS)
def test_outcomes_read_as_arrays_are_default_qubits(measure, is_batch):
    """Rows of a broadcast tape, which are read out together, have the values of a simulator."""
    rng = np.random.default_rng(3)
    angles = rng.uniform(0, 3, (3, 7) if is_batch else 3)

    def circuit(angles):
        for wire in range(3):
            qml.RY(angles[wire], wire)
        qml.CNOT([0, 1])
        qml.Toffoli([0, 1, 2])
        qml.RX(angles[0], 1)
        return measure()

    ours, theirs = (
        qml.QNode(circuit, qml.device(name, wires=3))(angles)
        for name in ("qstore.ionq", "default.qubit")
    )
    both = [each if isinstance(each, tuple) else (each,) for each in (ours, theirs)]
    for one, other in zip(*both, strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("shots", [200, [50, 150]])
def test_one_seed_gives_one_batch(shots):
    """With shots, a broadcast tape's counts, samples and means are of the same draws."""

    def circuit(angles):
        qml.RY(angles, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1)), qml.counts(wires=[0, 1]), qml.sample(wires=0)

    angles = np.linspace(0.2, 2.5, 5)
    device = qml.device("qstore.ionq", wires=2, seed=7)
    results = qml.set_shots(qml.QNode(circuit, device), shots)(angles)
    copies = results if isinstance(shots, list) else [results]
    for copy, size in zip(copies, shots if isinstance(shots, list) else [shots], strict=True):
        means, counts, samples = copy
        assert np.shape(samples)[:2] == (5, size)
        assert np.allclose(means, 1 - 2 * np.reshape(samples, (5, size)).mean(axis=1))
        assert [sum(each.values()) for each in counts] == [size] * 5
