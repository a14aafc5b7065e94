"""What a measurement returns: values, shapes, types, and the order of wires and results."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.measurements import SampleMeasurement

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
from tests.agreement.observables import ANALYTIC, CERTAIN, MEASURES, OBSERVABLES, A, H, cases

# PennyLane warns of Hermitian on any device, since its probabilities depend on a basis.
pytestmark = pytest.mark.filterwarnings("ignore:Using qp.probs with a Hermitian:UserWarning")


@pytest.mark.parametrize("shots", [1, 7, (7,), (2, 3), ((4, 2), 1)], ids=str)
@pytest.mark.parametrize("name", CERTAIN)
@pytest.mark.parametrize(
    "wires",
    [
        pytest.param(LABELS[0], id="numbers", marks=pytest.mark.long),
        pytest.param(LABELS[1], id="labels"),
        pytest.param(LABELS[2], id="unordered", marks=pytest.mark.long),
    ],
)
def test_certain_samples(wires, name, shots):
    """Where a state leaves no chance, results with shots equal default.qubit's."""

    def circuit():
        basis_state(wires)
        return CERTAIN[name](wires)

    assert_same(*both(circuit, shots))


def check_types(name):
    def circuit():
        basis_state(LABELS[1])
        return CERTAIN[name](LABELS[1])

    ours, theirs = both(circuit, 7)
    if isinstance(theirs, dict):
        assert {type(n) for n in ours.values()} == {type(n) for n in theirs.values()}
        assert {type(key) for key in ours} == {type(key) for key in theirs}
    else:
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("name", CERTAIN)
def test_types(name):
    """Results with shots are of default.qubit's types, down to the values of a dictionary."""
    check_types(name)


DEVICE_WIRES = {
    "none": lambda _: None,
    "its own": lambda w: w,
    "reversed": lambda w: w[::-1],
    "more": lambda w: ["spare", *w[::-1], 99],
}


@pytest.mark.parametrize("shots", [None, 5], ids=str)
@pytest.mark.parametrize("order", DEVICE_WIRES)
@pytest.mark.parametrize("wires", LABELS, ids=["numbers", "labels", "unordered"])
def test_wire_order(wires, order, shots):
    """Measurements without wires come in the order of the device's wires, as default.qubit's."""
    names = ANALYTIC if shots is None else [n for n in CERTAIN if n != "float samples"]

    def circuit():
        basis_state(wires)
        return tuple(CERTAIN[name](wires) for name in names)

    assert_same(*both(circuit, shots, wires=DEVICE_WIRES[order](wires)))


def test_number_of_wires():
    """A device with a number of wires has them in order, and measures those not used, too."""

    def circuit():
        qml.X(2)
        return qml.probs(), qml.expval(qml.Z(3)), qml.probs(wires=[3, 2])

    assert_same(*both(circuit, wires=4))


@pytest.mark.parametrize("name", ["qstore.ionq", "default.qubit"])
def test_unknown_wires_are_refused(name):
    """A wire that the device doesn't have is an error, as on default.qubit."""
    with pytest.raises(qml.exceptions.WireError, match="Cannot run circuit"):
        run(name, lambda: [qml.X("c"), qml.expval(qml.Z("a"))][1], wires=["a", "b"])


MIXES = {
    "exact": (None, ("expval", "all probs", "var", "hamiltonian", "probs", "expval")),
    "counts first": (9, ("all counts", "expval", "all samples", "probs", "hamiltonian", "var")),
    "samples first": (9, ("one sample", "z counts", "hamiltonian", "every count", "z samples")),
    "shot vector": ((2, 5), ("hamiltonian", "counts", "all samples", "var", "one probs")),
}


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("container", [tuple, list])
def test_several_measurements(mix, container):
    """Several measurements come in the order they were returned, nested as default.qubit's."""
    shots, names = MIXES[mix]
    wires = LABELS[1]

    def circuit():
        basis_state(wires)
        return container(CERTAIN[name](wires) for name in names)

    assert_same(*both(circuit, shots))


def test_several_bases():
    """Measurements in different bases, in one tuple, each have their own value."""
    wires = LABELS[2]

    def circuit():
        prepare(wires)
        pairs = [(m, name) for m, name in cases(("expval", "var")) if name in OBSERVABLES]
        measured = [MEASURES[m](OBSERVABLES[name](wires)) for m, name in pairs]
        return (*measured, qml.probs(wires=wires))

    assert_same(*both(circuit))


def test_shot_vector_is_one_job_in_parts():
    """The bins of a shot vector are disjoint parts of the shots of one job."""

    def circuit():
        prepare(LABELS[0])
        return qml.counts(wires=LABELS[0])

    device = qml.device("qstore.ionq", verify=True, seed=5)
    with qml.Tracker(device) as tracker:
        bins = qml.set_shots(qml.QNode(circuit, device), (10, 10, 100))()
    assert tracker.totals["jobs"] == 1
    assert tracker.totals["circuits"] == 1
    assert tracker.totals["shots"] == 120
    assert [sum(counts.values()) for counts in bins] == [10, 10, 100]
    whole = run("qstore.ionq", circuit, 120, seed=5)
    assert {key: sum(counts.get(key, 0) for counts in bins) for key in whole} == whole
    assert set().union(*bins) == set(whole)


def test_a_seed_repeats():
    """Two devices with one seed draw the same samples; one device draws others each time."""

    def circuit():
        prepare(LABELS[0])
        return qml.sample()

    first, second = (qml.device("qstore.ionq", verify=True, seed=42) for _ in range(2))
    ours, again = (qml.set_shots(qml.QNode(circuit, d), 50) for d in (first, second))
    samples = ours()
    assert np.array_equal(samples, again())
    assert not np.array_equal(samples, ours())
    other = run("qstore.ionq", circuit, 50, seed=43)
    assert not np.array_equal(samples, other)


def test_samples_are_in_no_order():
    """The shots of one circuit come shuffled: both halves have the same mean, to five sigmas."""

    def circuit():
        qml.RY(1.1, 0)
        return qml.sample(qml.Z(0))

    halves = run("qstore.ionq", circuit, SHOTS).reshape(2, -1).mean(axis=1)
    variance = run("default.qubit", lambda: [qml.RY(1.1, 0), qml.var(qml.Z(0))][1])
    assert_within(halves[0], halves[1], np.sqrt(2 * variance / (SHOTS / 2)))


@pytest.mark.parametrize("shots", [None, 100], ids=str)
def test_measurements_that_agree_share_a_circuit(shots):
    """Observables that need no wire in two bases are one circuit, and others are two."""
    device = qml.device("qstore.ionq", verify=True)

    def circuits(*observables):
        @qml.set_shots(shots)
        @qml.qnode(device)
        def circuit():
            prepare([0, 1, 2])
            return tuple(map(qml.expval, observables))

        with qml.Tracker(device) as tracker:
            circuit()
        assert tracker.totals["jobs"] == 1
        return tracker.totals["circuits"]

    had, herm = qml.Hadamard(2), qml.Hermitian(A, 2)
    assert circuits(qml.X(0), qml.Z(1), qml.X(0) @ qml.Z(1)) == 1
    assert circuits(qml.X(0), had, had @ qml.X(0), had @ qml.Z(1)) == 1
    assert circuits(herm, herm @ qml.X(0), 2 * qml.X(0) @ qml.Z(1)) == 1
    assert circuits(H([1, 2, 3], [qml.X(0), qml.X(0) @ qml.Y(1), qml.Identity(2)])) == 1
    assert circuits(qml.X(0), qml.Z(0)) == 2
    assert circuits(qml.X(0), qml.Z(0) @ had, had) == 2
    assert circuits(qml.X(0) + qml.Z(0) + qml.Y(0), qml.Y(0)) == 3


class Parity(SampleMeasurement):
    """A user's own measurement: how often the bits of some wires have an odd sum."""

    def process_samples(self, samples, wire_order, shot_range=None, bin_size=None):
        del shot_range, bin_size
        columns = [wire_order.index(wire) for wire in self.wires]
        return np.mean(samples[:, columns].sum(axis=1) % 2)

    def process_counts(self, counts, wire_order):
        places = [wire_order.index(wire) for wire in self.wires]
        odd = sum(n for key, n in counts.items() if sum(int(key[i]) for i in places) % 2)
        return odd / sum(counts.values())


@pytest.mark.parametrize("shots", [9, (4, 5)], ids=str)
@pytest.mark.parametrize("pair", [(0, 1), (3, 0), (1, 3)])
def test_own_measurement(pair, shots):
    """A user's own sample measurement reads the wires it names."""
    wires = LABELS[1]

    def circuit():
        basis_state(wires)
        return Parity(wires=qml.wires.Wires([wires[i] for i in pair])), qml.probs(wires=wires[0])

    ours, theirs = both(circuit, shots)
    copies = zip(ours, theirs, strict=True) if isinstance(shots, tuple) else [(ours, theirs)]
    for our, their in copies:
        assert our[0] == their[0]
        assert_same(our[1], their[1])
