"""The measurement half of a key: one device answers as a new one does, whatever it answered before.

The circuit ends in a basis state, so that results with shots are exact as well.
"""

import functools
import itertools

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError

MATRIX = np.diag([1.0, 4.0])
MEASUREMENTS = {
    "probs": lambda: qml.probs(wires=[0, 1]),
    "probs of other wires": lambda: qml.probs(wires=[1, 0]),
    "probs of one wire": lambda: qml.probs(wires=[0]),
    "counts": lambda: qml.counts(wires=[0, 1]),
    "counts of all outcomes": lambda: qml.counts(wires=[0, 1], all_outcomes=True),
    "counts of eigenvalues": lambda: qml.counts(qml.Z(0)),
    "counts of all eigenvalues": lambda: qml.counts(qml.Z(0), all_outcomes=True),
    "sample": lambda: qml.sample(wires=[0, 1]),
    "sample as floats": lambda: qml.sample(wires=[0, 1], dtype=float),
    "sample of eigenvalues": lambda: qml.sample(qml.Z(0)),
    "expval": lambda: qml.expval(qml.Z(0)),
    "expval of another wire": lambda: qml.expval(qml.Z(1)),
    "expval of a sum": lambda: qml.expval(qml.Z(0) + 2 * qml.Z(1)),
    "expval of other coefficients": lambda: qml.expval(qml.Z(0) + 3 * qml.Z(1)),
    "expval of a matrix": lambda: qml.expval(qml.Hermitian(MATRIX, 0)),
    "expval of another matrix": lambda: qml.expval(qml.Hermitian(2 * MATRIX, 0)),
    "var": lambda: qml.var(qml.Z(0)),
}
SHOTS = (None, 20, (10, 10), (10, 20))


def answer(device, measure, shots):
    """What a call gives, in a form that compares by type, shape and value; or its refusal."""

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(angle):
        qml.RX(angle, 0)
        qml.CNOT([0, 1])
        qml.RX(angle, 1)
        return measure()

    try:
        return plain(circuit(np.pi))
    except DeviceError as error:
        return str(error)


def plain(value):
    """A result with its types, shapes and dtypes."""
    if isinstance(value, dict):
        return [(str(key), int(count)) for key, count in sorted(value.items())]
    if isinstance(value, tuple | list):
        return (type(value), *map(plain, value))
    array = np.asarray(value)
    return type(value), array.dtype.str, array.shape, np.round(array, 9).tolist()


def new():
    return qml.device("qstore.ionq", wires=2, seed=1)


@functools.cache
def answer_of_a_new_one(name, shots):
    return answer(new(), MEASUREMENTS[name], shots)


@pytest.mark.parametrize("order", [1, -1])
def test_one_device_answers_as_new_ones_do(order):
    """Each measurement with each setting, in an order and in the reverse of it, and again."""
    device = new()
    calls = list(itertools.product(MEASUREMENTS, SHOTS))[::order]
    for name, shots in calls:
        got = answer(device, MEASUREMENTS[name], shots)
        assert got == answer_of_a_new_one(name, shots), (name, shots)
    assert device.cache.stats().hits == 0  # no two of these are one structure
    for name, shots in calls:
        got = answer(device, MEASUREMENTS[name], shots)
        assert got == answer_of_a_new_one(name, shots), (name, shots)
    assert device.cache.stats().hits == device.cache.stats().misses > len(calls) / 2
