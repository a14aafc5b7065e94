"""Mitigation through the device: nearer to the truth, in one job, and refused where it can't be."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore

NOISE = {"two_qubit": 0.03, "one_qubit": 0.001, "readout": 0.01}
WEIGHTS = pnp.array([0.4, 0.9, 0.6, 0.3], requires_grad=True)
SHOTS = 20_000


def ansatz(weights):
    """Two layers that leave entanglers in every observable's light cone."""
    for wire in range(4):
        qml.RY(weights[wire], wire)
    for wire in range(3):
        qml.CNOT([wire, wire + 1])
    for wire in range(4):
        qml.RY(weights[wire] + 0.3, wire)
    for wire in range(3):
        qml.CZ([wire, wire + 1])
    for wire in range(4):
        qml.RX(weights[wire] / 2, wire)


def energy(weights):
    """Terms that need two circuits."""
    ansatz(weights)
    return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.Z(2) @ qml.Z(3) + 0.7 * qml.X(1))


def node(device, function=energy, shots=SHOTS):
    """A QNode with shots."""
    return qml.set_shots(qml.QNode(function, device), shots)


def noisy(**options):
    """A device on the embedded emulator with noise, the same each time."""
    return qml.device(
        "qstore.ionq", wires=4, noise_model=NOISE, **{"noise_seed": 11, "seed": 5, **options}
    )


@pytest.fixture(scope="module")
def exact():
    """The value without noise."""
    return float(qml.QNode(energy, qml.device("default.qubit"))(WEIGHTS))


@pytest.mark.parametrize(
    ("method", "left"),
    [
        ("zne", 0.6),
        (["readout", "zne"], 0.45),
        (["readout", qstore.ZNE((1, 3, 5), "richardson")], 0.6),
        ("calibrate", 0.45),
        (["readout", "pec"], 0.5),
    ],
)
def test_what_is_left_of_the_error(method, left, exact):
    """Within five standard deviations of the shots, and in one job."""
    raw = float(node(noisy())(WEIGHTS))
    device = noisy(mitigation=method)
    with qml.Tracker(device) as tracker:
        value, deviation = qstore.with_std(node(device), draws=30)(WEIGHTS)
    assert tracker.totals["jobs"] == 1
    assert abs(value - exact) < left * abs(raw - exact) + 5 * deviation
    assert abs(value - exact) < abs(raw - exact)


def test_a_batch_shares_its_calibration():
    """Twelve circuits of one structure have ten calibration circuits, and the next batch none."""
    device = noisy(mitigation="calibrate")
    circuit = node(device, lambda x: (ansatz([x, 1, 1, 1]), qml.expval(qml.Z(0)))[1], 8000)
    with qml.Tracker(device) as tracker:
        circuit(np.linspace(0.2, 1, 12))
    assert tracker.totals["circuits"] == 12 + 10
    with qml.Tracker(device) as tracker:
        circuit(np.linspace(0.3, 0.9, 4))
    assert tracker.totals["circuits"] == 4


def test_calibrations_grow_old():
    """With a largest age of no seconds, each batch has its own."""
    device = noisy(mitigation=qstore.Calibration(circuits=3, max_age=0))
    circuit = node(device, lambda x: (ansatz([x, 1, 1, 1]), qml.expval(qml.Z(0)))[1], 8000)
    with qml.Tracker(device) as tracker:
        circuit(0.4)
        circuit(0.4)
    assert tracker.totals["circuits"] == 8


def test_what_was_done_is_in_the_tracker():
    """With the values that weren't mitigated."""
    device = noisy(mitigation="zne")
    with qml.Tracker(device) as tracker:
        node(device)(WEIGHTS)
    (report,) = tracker.history["mitigation"]
    assert report.circuits == tracker.totals["circuits"]
    assert report.used == [True, True]
    assert len(report.raw) == 2


def test_an_estimate_counts_what_mitigation_sends(ionq):
    """The price is that of all circuits and shots, before anything is sent."""
    access = {"backend": "qpu.aria-1", "api_key": "k", "base_url": ionq.url, "wires": 4}
    prices = {}
    for method in (None, "zne", "calibrate"):
        device = qml.device("qstore.ionq", **access, mitigation=method)
        circuit = node(device, shots=4000)
        prices[method] = device.estimate(circuit)(WEIGHTS)
    assert not ionq.jobs
    assert prices["zne"] != prices[None]


def test_a_qnode_says_otherwise():
    """The transform wins over the device's option; None switches it off."""
    device = noisy(mitigation="zne")
    with qml.Tracker(device) as tracker:
        qstore.mitigate(node(device), None)(WEIGHTS)
    assert tracker.totals["circuits"] == 2
    with qml.Tracker(device) as tracker:
        qstore.mitigate(node(device), ["readout"])(WEIGHTS)
    assert tracker.totals["circuits"] == 4


def test_mixed_batches_are_read_out_each_in_its_way():
    """Counts beside a mitigated mean, in one job."""
    device = noisy()

    @qml.set_shots(400)
    @qml.qnode(device)
    def counted():
        ansatz(WEIGHTS)
        return qml.counts()

    with qml.Tracker(device) as tracker:
        mean, counts = qstore.gather(
            [lambda: qstore.mitigate(node(device, shots=1600), "zne")(WEIGHTS), counted]
        )
    assert sum(counts.values()) == 400
    assert -2.2 < mean < 2.2
    assert tracker.totals["jobs"] == 1


def test_probabilities_stay_probabilities():
    """However far the extrapolation overshoots."""
    device = noisy(mitigation=["readout", qstore.ZNE((1, 3), "linear")])
    circuit = node(device, lambda w: (ansatz(w), qml.probs(wires=[2, 0]), qml.var(qml.Z(1)))[1:])
    probabilities, variance = circuit(WEIGHTS)
    wanted, varied = qml.QNode(circuit.func, qml.device("default.qubit"))(WEIGHTS)
    assert probabilities.min() >= 0
    assert abs(probabilities.sum() - 1) < 1e-12
    # four variants of 5,000 shots; the extrapolation doubles the deviation
    assert np.abs(probabilities - wanted).max() < 5 * 2 * 0.5 / np.sqrt(SHOTS)
    assert abs(variance - varied) < 5 * 4 / np.sqrt(SHOTS)


def test_a_gradient_is_one_job():
    """Value, gradient, scales and calibration."""
    device = noisy(mitigation="calibrate")
    with qml.Tracker(device) as tracker:
        _, gradient = qstore.value_and_grad(node(device, shots=4000))(WEIGHTS)
    assert tracker.totals["jobs"] == 1
    exact = qml.grad(qml.QNode(energy, qml.device("default.qubit")))(WEIGHTS)
    assert np.abs(gradient - exact).max() < 5 * 2.2 / np.sqrt(4000) + 0.05


@pytest.mark.parametrize(
    "optimizer",
    [
        qstore.SPSAOptimizer(10),
        qstore.QNGOptimizer(0.05),
        qstore.QNSPSAOptimizer(0.05, blocking=False),
    ],
)
@pytest.mark.filterwarnings("ignore:mitigation would add more variance")
def test_optimizers_take_one_job_a_step(optimizer):
    """Mitigated circuits are a batch as any other."""
    np.random.seed(3)  # PennyLane's optimizers draw from the global state
    device = noisy(mitigation="zne")
    circuit = node(device, shots=8000)
    weights = optimizer.step(circuit, WEIGHTS)
    with qml.Tracker(device) as tracker:
        optimizer.step(circuit, weights)
    assert tracker.totals["jobs"] == 1


@pytest.mark.parametrize(
    ("measure", "shots", "said"),
    [
        (lambda: qml.counts(wires=0), 100, "mitigation changes mean values"),
        (lambda: qml.sample(wires=0), 100, "mitigation changes mean values"),
        (lambda: qml.expval(qml.Z(0)), 3, "3 shots can't be shared out over the 4 circuits"),
        (lambda: qml.expval(qml.Z(0)), (50, 50), "one number of shots"),
    ],
)
def test_what_cannot_be_mitigated_is_refused_before_anything_is_sent(measure, shots, said):
    """With what to do."""
    device = noisy(mitigation="zne")
    circuit = node(device, lambda: (ansatz(WEIGHTS), measure())[1], shots)
    with (
        qml.Tracker(device) as tracker,
        pytest.raises(qstore.CompileError, match=said),
    ):
        circuit()
    assert "jobs" not in tracker.totals


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("zn", "'readout', 'zne', 'calibrate', 'pec'"),
        (["zne", "pec"], "gate errors are corrected once"),
        (["readout", "calibrate"], "corrects readout errors too"),
        (["zne", "zne"], "twice"),
        (3, "'readout'"),
    ],
)
def test_an_impossible_option_is_refused(option, said):
    """When the device is made."""
    with pytest.raises(qstore.OptionError, match=said):
        qml.device("qstore.ionq", mitigation=option)


@pytest.mark.parametrize(
    "make",
    [
        lambda: qstore.ZNE((0.5, 1)),
        lambda: qstore.ZNE((1,)),
        lambda: qstore.ZNE((1, 3), "cubic"),
        lambda: qstore.ZNE("13"),
        lambda: qstore.Calibration(circuits=1),
        lambda: qstore.Calibration(max_age=-1),
        lambda: qstore.PEC(one=0.1),
        lambda: qstore.PEC(one=0.1, two=0.7),
        lambda: qstore.PEC(samples=0),
        lambda: qstore.Symmetry([0]),
        lambda: qstore.Symmetry([0], parity=2),
    ],
)
def test_impossible_settings_are_refused(make):
    """Scales below 1, even where they don't rise, rates that aren't any."""
    with pytest.raises(qstore.OptionError):
        make()


def test_debiasing_by_ionq_and_ours_exclude_each_other():
    """IonQ's changes the outcomes that ours works on."""
    with pytest.raises(qstore.OptionError, match="debiasing"):
        qml.device("qstore.ionq", mitigation="zne", error_mitigation={"debiasing": True})


def test_postselection_keeps_the_number_of_excitations():
    """What lost one is thrown away, and the fraction that was kept is reported."""
    symmetry = qstore.Symmetry(wires=range(4), ones=2)
    device = noisy(mitigation=symmetry)

    def circuit(x):
        qml.X(0)
        qml.X(1)
        for first, second in [(1, 2), (0, 3), (2, 3), (0, 1)]:
            qml.SingleExcitation(x, [first, second])
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.probs(wires=range(4))

    with qml.Tracker(device) as tracker:
        _, probabilities = node(device, circuit)(0.7)
    (report,) = tracker.history["mitigation"]
    assert 0.5 < report.kept < 0.97
    wrong = [state for state in range(16) if state.bit_count() != 2]
    assert probabilities[wrong].max() < 1e-9


def test_a_symmetry_that_the_circuit_breaks_is_told():
    """Instead of a mean over nothing."""
    device = noisy(mitigation=qstore.Symmetry(wires=[0, 1], ones=2), noise_seed=3)
    with pytest.raises(qstore.CompileError, match="no outcome has the symmetry"):
        node(device, lambda: (qml.Identity(0), qml.probs(wires=[0, 1]))[1], 5)()


def test_few_shots_keep_the_raw_value():
    """Where the variance would grow more than the bias falls, and a warning says so."""
    quiet = qml.device(
        "qstore.ionq",
        wires=4,
        noise_model={"two_qubit": 0.0005},
        noise_seed=2,
        mitigation=qstore.ZNE((1, 3, 5), "richardson"),
    )
    with qml.Tracker(quiet) as tracker, pytest.warns(UserWarning, match="raw values"):
        node(quiet, shots=20)(WEIGHTS)
    assert False in tracker.history["mitigation"][0].used


def test_penny_lanes_own_extrapolation_folds_the_compiled_program():
    """In PennyLane's own spelling, and nearer to the truth than the raw value."""
    device = noisy()

    def term(weights):
        ansatz(weights)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    mitigated = qml.noise.mitigate_with_zne(
        node(device, term, 100_000), [1, 3], qstore.fold, qstore.linear_extrapolate
    )
    exact = qml.QNode(term, qml.device("default.qubit"))(WEIGHTS)
    raw = node(device, term, 100_000)(WEIGHTS)
    assert abs(mitigated(WEIGHTS) - exact) < abs(raw - exact) / 2
