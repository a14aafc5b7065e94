"""What a user reads of a tape that the device can't run."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError, WireError

import pennylane_qstore as qstore


def run(circuit, shots=None, **options):
    return qml.set_shots(qml.QNode(circuit, qml.device("qstore.ionq", **options)), shots)()


@pytest.mark.parametrize("shots", [None, 100])
@pytest.mark.parametrize(
    "measure",
    [
        qml.state,
        lambda: qml.density_matrix([0]),
        lambda: qml.vn_entropy([0]),
        lambda: qml.mutual_info([0], [1]),
        lambda: qml.purity([0]),
        lambda: qml.classical_shadow([0]),
    ],
)
def test_what_no_shots_help_with_does_not_ask_for_them(measure, shots):
    """A state can't be read, with or without shots."""

    def circuit():
        qml.Hadamard(0)
        return measure()

    with pytest.raises(DeviceError, match=r"without shots.*use expval") as caught:
        run(circuit, shots, wires=2)
    assert "set_shots" not in str(caught.value)
    with_both = "with finite shots: " if shots else "with or without shots"
    assert with_both in str(caught.value)


@pytest.mark.parametrize("measure", [lambda: qml.counts(wires=[0]), lambda: qml.sample(qml.Z(0))])
def test_what_needs_shots_says_so(measure):
    """Counts and samples."""
    with pytest.raises(DeviceError, match="not accepted without shots"):
        run(measure, wires=1)


def three():
    qml.Hadamard(0)
    first = qml.measure(0)
    qml.measure(1)
    qml.measure(2, reset=True)
    qml.cond(first, qml.X)(3)
    return qml.probs(wires=[0, 1, 2, 3])


def one():
    qml.Hadamard(0)
    first = qml.measure(0, reset=True)
    qml.Hadamard(0)
    return qml.expval(first), qml.expval(qml.Z(0))


def labelled():
    first = qml.measure("x")
    qml.RX(0.3, "x")
    return qml.expval(first)


@pytest.mark.parametrize(
    ("circuit", "wires", "needs", "enough"),
    [
        (three, 4, "3 mid-circuit measurements.*3 wires more than the device's 4", 7),
        (one, 1, r"1 mid-circuit measurements.*1 wires more.*wires=\[0, 1\]", 2),
        (labelled, ["x", "y"], r"1 mid-circuit.*wires=\['x', 'y', 0\]", ["x", "y", 0]),
    ],
)
def test_deferred_measurements_say_what_they_need(circuit, wires, needs, enough):
    """The wires that nobody wrote aren't all that is named; what helps is, and it does."""
    with pytest.raises(WireError, match=needs):
        run(circuit, wires=wires)
    for helps in (enough, None):
        found = run(circuit, wires=helps)
        expected = qml.QNode(circuit, qml.device("default.qubit"))()
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_wire_that_the_user_wrote_is_named_as_before():
    """Though there is a measurement to defer as well."""

    def circuit():
        qml.CNOT([0, 9])
        return qml.expval(qml.measure(0))

    with pytest.raises(WireError, match=r"operation 0, CNOT on \[0, 9\]"):
        run(circuit, wires=4)


@pytest.mark.parametrize("what", [lambda x: x, 3, None, [qml.tape.QuantumScript()], qml.X(0)])
def test_what_is_no_circuit_cannot_be_compiled(what):
    """Said at once, with what can be."""
    device = qml.device("qstore.ionq", wires=1)
    with pytest.raises(qstore.OptionError, match="use a QNode, or a tape"):
        qstore.compile(what, device)
