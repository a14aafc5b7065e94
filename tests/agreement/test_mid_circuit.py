"""Mid-circuit measurements, deferred: values, samples and gates that depend on them."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError

from tests.agreement.comparison import (
    LABELS,
    SHOTS,
    assert_same,
    assert_within,
    basis_state,
    both,
    prepare,
    run,
)
from tests.agreement.observables import CERTAIN

MEASURED = {
    "expval": lambda m: qml.expval(m[0]),
    "expval of both": lambda m: qml.expval(0.5 * m[0] + m[1]),
    "expval of a product": lambda m: qml.expval(m[0] * m[1]),
    "expval of a comparison": lambda m: qml.expval(m[0] == m[1]),
    "var": lambda m: qml.var(m[1]),
    "var of both": lambda m: qml.var(m[0] - 2 * m[1]),
    "probs": lambda m: qml.probs(op=m[1]),
    "probs of both": lambda m: qml.probs(op=[m[1], m[0]]),
    "wires": lambda _: qml.probs(wires=["b", "a"]),
    "wires again": lambda _: qml.expval(qml.X("b")),
    "counts": lambda m: qml.counts(m[0]),
    "counts of both": lambda m: qml.counts([m[0], m[1]]),
    "every count": lambda m: qml.counts(m[1], all_outcomes=True),
    "every count of both": lambda m: qml.counts([m[1], m[0]], all_outcomes=True),
    "counts of a sum": lambda m: qml.counts(0.5 * m[0] + m[1]),
    "every count of a sum": lambda m: qml.counts(0.5 * m[0] + m[1], all_outcomes=True),
    "sample": lambda m: qml.sample(m[0]),
    "sample of both": lambda m: qml.sample([m[1], m[0]]),
    "sample of a sum": lambda m: qml.sample(0.5 * m[0] + m[1]),
    "sample of a comparison": lambda m: qml.sample(m[0] == m[1]),
    "sample of a not": lambda m: qml.sample(~m[0] & m[1]),
}

MEASURED_EXACT = tuple(name for name in MEASURED if "count" not in name and "sample" not in name)


def deferred(name, quantum_function, shots=None):
    device = qml.device(name, seed=8)
    node = qml.QNode(quantum_function, device, mcm_method="deferred")
    return qml.set_shots(node, shots)()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("name", MEASURED_EXACT)
def test_measured_in_mid_circuit(name, reset):
    """Mid-circuit measurements, and gates that depend on them, are default.qubit's, deferred."""

    def circuit():
        prepare(["a", "b"])
        first = qml.measure("a", reset=reset)
        qml.cond(first, qml.RX, qml.RY)(0.7, "b")
        second = qml.measure("b")
        qml.cond(first & ~second, qml.Hadamard)("a")
        return MEASURED[name]([first, second])

    assert_same(*(deferred(device, circuit) for device in ("qstore.ionq", "default.qubit")))


def check_measured(names, shots=6, bits=(1, 0)):
    def circuit():
        for wire, bit in zip("ab", bits, strict=True):
            qml.RX(np.pi * bit, wire)
        measured = [qml.measure(wire) for wire in "ab"]
        if "wires again" in names:
            qml.Hadamard("b")
        return tuple(MEASURED[name](measured) for name in names)

    assert_same(*(deferred(device, circuit, shots) for device in ("qstore.ionq", "default.qubit")))


def check_together(name):
    """Measurements that differ only in what is made of the same bits."""
    if name == "mid-circuit":
        check_measured(("expval of both", "expval of a product", "expval of a comparison"))
        return

    def circuit():
        basis_state(LABELS[0])
        return CERTAIN["all samples"](LABELS[0]), CERTAIN["float samples"](LABELS[0])

    assert_same(*both(circuit, 5))


@pytest.mark.parametrize("name", ["mid-circuit", "dtypes"])
def test_measurements_of_the_same_bits(name):
    """Measurements of the same bits that differ otherwise are not taken for one."""
    check_together(name)


@pytest.mark.parametrize(
    "bits", [(1, 0), *(pytest.param(bits, marks=pytest.mark.long) for bits in ((0, 1), (1, 1)))]
)
@pytest.mark.parametrize("shots", [6, (4, 2)], ids=str)
@pytest.mark.parametrize("name", MEASURED)
def test_certain_in_mid_circuit(name, shots, bits):
    """Where a mid-circuit measurement is certain, its samples are default.qubit's, deferred."""
    check_measured((name,), shots, bits)


def test_several_mid_circuit_measurements():
    """Values of different mid-circuit measurements, in several ways, keep their order."""
    check_measured(("expval", "var", "probs of both", "sample", "counts of both", "wires"))


def test_sampled_in_mid_circuit():
    """Counts of a sum of mid-circuit measurements are within five sigmas of its mean."""

    def circuit(measurement):
        prepare(["a", "b"])
        first = qml.measure("a")
        qml.cond(first, qml.RX)(0.7, "b")
        return measurement(0.5 * first + qml.measure("b"))

    counts = deferred("qstore.ionq", lambda: circuit(qml.counts), SHOTS)
    mean = deferred("default.qubit", lambda: circuit(qml.expval))
    variance = deferred("default.qubit", lambda: circuit(qml.var))
    assert sum(counts.values()) == SHOTS
    ours = sum(value * n for value, n in counts.items()) / SHOTS
    assert_within(ours, mean, np.sqrt(variance / SHOTS))


def test_postselection_is_refused():
    """A machine can't choose an outcome: postselection is an error."""

    def circuit():
        qml.Hadamard(0)
        qml.measure(0, postselect=1)
        return qml.expval(qml.Z(0))

    with pytest.raises((DeviceError, ValueError), match=r"[Pp]ostselect"):
        run("qstore.ionq", circuit, 10)
