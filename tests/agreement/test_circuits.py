"""Circuits with little or nothing to run, and batches of unlike tapes."""

import numpy as np
import pennylane as qml
import pytest

from tests.agreement.comparison import LABELS, assert_same, both, prepare, structure
from tests.agreement.observables import H


def test_execute_keeps_the_order():
    """Tapes of one batch, alike and unlike, with shots of their own, come back in their order."""
    angles = np.linspace(0.1, 3, 7)
    tapes = [qml.tape.QuantumScript([qml.RX(x, 0)], [qml.expval(qml.Z(0))]) for x in angles]
    tapes.insert(3, qml.tape.QuantumScript([qml.X("b")], [qml.counts(wires="b")], shots=11))
    tapes.insert(5, qml.tape.QuantumScript([qml.RY(0.4, 1)], [qml.probs(), qml.var(qml.X(1))]))
    tapes.append(qml.tape.QuantumScript([qml.X(2)], [qml.sample(wires=2)], shots=(2, 3)))
    ours, theirs = (
        qml.execute(tapes, qml.device(name)) for name in ("qstore.ionq", "default.qubit")
    )
    assert_same(ours, theirs)


def test_snapshots_change_nothing():
    """A snapshot between two gates is passed over."""

    def circuit():
        prepare(LABELS[0])
        qml.Snapshot("here")
        qml.Snapshot(measurement=qml.expval(qml.X(0)))
        qml.RX(0.3, 1)
        return qml.probs(wires=LABELS[0])

    assert_same(*both(circuit))


IDENTITIES = {
    "identity": lambda: qml.expval(qml.Identity("a")),
    "two": lambda: (qml.expval(qml.Identity("a")), qml.expval(qml.Identity(["b", "c"]))),
    "scaled": lambda: qml.expval(3.5 * qml.Identity("a")),
    "hamiltonian": lambda: qml.expval(H([0.5, 0.25], [qml.Identity(0), qml.Identity(1)])),
    "among others": lambda: (
        qml.expval(qml.Identity("a")),
        qml.expval(qml.Z("a")),
        qml.expval(qml.Identity("b")),
    ),
    "product": lambda: qml.expval(qml.Identity("a") @ qml.Identity("b")),
}


@pytest.mark.parametrize("shots", [None, 5, (5, 2)], ids=str)
@pytest.mark.parametrize("name", IDENTITIES)
def test_identities(name, shots):
    """Expectation values of nothing but identities are default.qubit's."""

    def circuit():
        qml.X("a")
        return IDENTITIES[name]()

    assert_same(*both(circuit, shots))


EMPTY = {
    "expval": lambda: qml.expval(qml.Z(0)),
    "x": lambda: qml.expval(qml.X("a")),
    "probs": lambda: qml.probs(wires=["b", "a"]),
    "several": lambda: (qml.expval(qml.Z(0)), qml.probs(wires=[1]), qml.var(qml.Z(1))),
}


@pytest.mark.parametrize("shots", [None, 4], ids=str)
@pytest.mark.parametrize("gates", [(), (qml.Identity,), (qml.Barrier,), (qml.Z,)], ids=str)
@pytest.mark.parametrize("name", EMPTY)
def test_empty_circuits(name, gates, shots):
    """A circuit without a gate that would need a pulse still has its results."""

    def circuit():
        for gate in gates:
            gate(wires=0)
        return EMPTY[name]()

    ours, theirs = both(circuit, shots)
    if name == "x" and shots:
        assert structure(ours) == structure(theirs)
    else:
        assert_same(ours, theirs)


def test_empty_counts():
    """Counts and samples of a circuit without gates are all zeros, as on default.qubit."""

    def circuit():
        return qml.counts(wires=["b", 0]), qml.sample(wires=[0, 1])

    assert_same(*both(circuit, 6))


def test_a_known_bit_turns_a_rotation_around():
    """A rotation about ZZ with one qubit in |1> is a rotation of the other, the other way."""

    def circuit():
        qml.X(0)
        qml.Hadamard(1)
        qml.IsingZZ(0.7, [0, 1])
        return qml.expval(qml.Y(1)), qml.expval(qml.X(1))

    assert_same(*both(circuit))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (qml.RX(0.3, 0), qml.RY(0.3, 0)),
        (qml.PauliRot(0.3, "XY", [0, 1]), qml.PauliRot(0.3, "YX", [0, 1])),
        (qml.PauliRot(0.3, "XZ", [0, 1]), qml.PauliRot(0.3, "ZX", [0, 1])),
    ],
    ids=["class", "word", "another word"],
)
def test_equal_angles_of_other_circuits_are_not_cached_for_one_another(one, other):
    """Neither PennyLane's cache of results nor the device's cache of structures mixes them up."""
    measured = [qml.expval(qml.Y(0)), qml.expval(qml.X(0)), qml.expval(qml.Y(1))]
    tapes = [qml.tape.QuantumScript([gate], measured) for gate in (one, other)]
    ours, theirs = (
        qml.execute(tapes, qml.device(name), cache=True)
        for name in ("qstore.ionq", "default.qubit")
    )
    assert_same(ours, theirs)
