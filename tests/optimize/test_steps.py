"""Optimizers whose step is one job, against PennyLane's own on the same exact values."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore

WIRES = 3
STEPS = 6
SAMPLES = np.linspace(0.1, 1.2, 10)


def ansatz(weights):
    for layer in weights:
        for wire, (first, second) in enumerate(layer):
            qml.RY(first, wires=wire)
            qml.RZ(second, wires=wire)
        for wire in range(WIRES - 1):
            qml.CNOT([wire, wire + 1])


def ising(weights):
    """The transverse-field Ising model: two groups of commuting words."""
    ansatz(weights)
    pairs = [qml.Z(i) @ qml.Z(i + 1) for i in range(WIRES - 1)]
    return qml.expval(qml.sum(*pairs, *(qml.X(i) for i in range(WIRES))))


def of_sample(weights, sample):
    for wire in range(WIRES):
        qml.RX(sample, wires=wire)
    ansatz(weights)
    return qml.expval(qml.sum(*(qml.Z(i) for i in range(WIRES))))


def weights(layers=1):
    values = np.random.default_rng(2).uniform(0.2, 1.2, (layers, WIRES, 2))
    return pnp.array(values, requires_grad=True)


def qstore_device():
    return qml.device("qstore.ionq", wires=WIRES + 1, seed=1)


FREQUENCIES = {"weights": dict.fromkeys(np.ndindex(1, WIRES, 2), 1)}
TWO_FREQUENCIES = {"weights": dict.fromkeys(np.ndindex(1, WIRES, 2), 2)}
SPECTRA = {"weights": {key: [0.0, 1.0] for key in np.ndindex(1, WIRES, 2)}}
CASES = {
    "SPSA": (qstore.SPSAOptimizer, qml.SPSAOptimizer, {"maxiter": 20}, {}),
    "QNG": (qstore.QNGOptimizer, qml.QNGOptimizer, {"stepsize": 0.05, "lam": 0.01}, {}),
    "QNG diag": (
        qstore.QNGOptimizer, qml.QNGOptimizer,
        {"stepsize": 0.05, "lam": 0.01, "approx": "diag"}, {},
    ),
    "QNG whole": (
        qstore.QNGOptimizer, qml.QNGOptimizer,
        {"stepsize": 0.05, "lam": 0.01, "approx": None}, {},
    ),
    "momentum QNG": (
        qstore.MomentumQNGOptimizer, qml.MomentumQNGOptimizer,
        {"stepsize": 0.05, "lam": 0.01, "momentum": 0.5}, {},
    ),
    "Rotosolve": (
        qstore.RotosolveOptimizer, qml.RotosolveOptimizer, {}, {"nums_frequency": FREQUENCIES},
    ),
    "Rotosolve, two frequencies": (
        qstore.RotosolveOptimizer, qml.RotosolveOptimizer, {},
        {"nums_frequency": TWO_FREQUENCIES, "full_output": True},
    ),
    "Rotosolve, spectra": (
        qstore.RotosolveOptimizer, qml.RotosolveOptimizer, {},
        {"spectra": SPECTRA, "full_output": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_same_path_as_pennylane(name):
    """From the same seed, on the same exact device, steps and costs are PennyLane's."""
    ours, theirs, options, arguments = CASES[name]
    circuit = qml.QNode(ising, qml.device("default.qubit", wires=WIRES + 1))
    found = []
    for kind in (ours, theirs):
        np.random.seed(5)
        optimizer, here, path = kind(**options), weights(), []
        for _ in range(STEPS if "Rotosolve," not in name else 3):
            here, *costs = optimizer.step_and_cost(circuit, here, **arguments)
            path += [np.ravel(here), *map(np.ravel, costs)]
        found.append(np.concatenate(path))
    assert np.allclose(*found, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("name", "jobs"), [(name, 6 if "Roto" in name else 1) for name in CASES])
def test_jobs_of_a_step(name, jobs):
    """A step is one job; Rotosolve's parameters, one job each."""
    ours, _, options, arguments = CASES[name]
    circuit = qml.QNode(ising, qstore_device(), shots=100)
    optimizer = ours(**options)
    here = weights()
    for _ in range(2):
        with qml.Tracker(circuit.device) as tracker:
            here, *_ = optimizer.step_and_cost(circuit, here, **arguments)
        assert tracker.totals["jobs"] == jobs


def test_spsa_step_without_cost_is_one_job_of_two_evaluations():
    circuit = qml.QNode(of_sample, qstore_device())
    optimizer = qstore.SPSAOptimizer(maxiter=10)
    with qml.Tracker(circuit.device) as tracker:
        optimizer.step(lambda w: circuit(w, 0.3), weights())
    assert (tracker.totals["jobs"], tracker.totals["circuits"]) == (1, 2)


def test_spsa_over_samples_is_one_job():
    """A loss over ten samples, mapped or as a list comprehension that is replayed."""
    circuit = qml.QNode(of_sample, qstore_device())

    def mapped(w):
        return sum(qstore.map(lambda x: (circuit(w, x) - x) ** 2, SAMPLES))

    def listed(w):
        return sum([(circuit(w, x) - x) ** 2 for x in SAMPLES])

    found = []
    for loss, replay in ((mapped, False), (listed, True), (listed, False)):
        np.random.seed(4)
        optimizer = qstore.SPSAOptimizer(maxiter=10, replay=replay)
        with qml.Tracker(circuit.device) as tracker:
            here, cost = optimizer.step_and_cost(loss, weights())
        found.append((np.ravel(here), cost, tracker.totals["jobs"]))
    assert [jobs for *_, jobs in found] == [1, 1, 10]  # each of ten calls with the other points'
    for here, cost, _ in found[1:]:
        assert np.allclose(here, found[0][0], atol=1e-9)
        assert cost == pytest.approx(found[0][1], abs=1e-9)


def test_rotosolve_over_samples_is_one_job_a_parameter():
    """A list comprehension that is replayed, at all of a parameter's points."""
    circuit = qml.QNode(of_sample, qstore_device())
    exact = qml.QNode(of_sample, qml.device("default.qubit"))

    def loss(qnode):
        return lambda weights: sum([qnode(weights, x) for x in SAMPLES[:3]])

    optimizer = qstore.RotosolveOptimizer(replay=True)
    with qml.Tracker(circuit.device) as tracker:
        found = optimizer.step_and_cost(loss(circuit), weights(), nums_frequency=FREQUENCIES)
    expected = qml.RotosolveOptimizer().step_and_cost(
        loss(exact), weights(), nums_frequency=FREQUENCIES
    )
    assert tracker.totals["jobs"] == 6
    assert found[1] == pytest.approx(expected[1], abs=1e-9)
    assert loss(exact)(found[0]) == pytest.approx(loss(exact)(expected[0]), abs=1e-9)


def test_adam_over_mapped_samples_is_one_job():
    """A gather inside a derivative that is replayed: forward and backward together."""
    circuit = qml.QNode(of_sample, qstore_device())
    exact = qml.QNode(of_sample, qml.device("default.qubit"))

    def loss(qnode):
        return lambda weights: sum(qstore.map(lambda x: (qnode(weights, x) - x) ** 2, SAMPLES))

    ours = loss(circuit)
    with qml.Tracker(circuit.device) as tracker:
        found, cost = qml.AdamOptimizer().step_and_cost(
            ours, weights(), grad_fn=qstore.grad_fn(ours)
        )
    expected, exact_cost = qml.AdamOptimizer().step_and_cost(loss(exact), weights())
    assert tracker.totals["jobs"] == 1
    assert np.allclose(found, expected, atol=1e-8)
    assert cost == pytest.approx(exact_cost, abs=1e-9)


def test_spsa_averages_over_directions():
    """With many directions the step nears the gradient's: within 5 sigmas of the estimate."""
    circuit = qml.QNode(ising, qml.device("default.qubit"))
    gradient = qml.grad(circuit)(weights())
    np.random.seed(8)
    optimizer = qstore.SPSAOptimizer(maxiter=10, c=0.01, num_directions=100)
    (estimate,) = optimizer.compute_grad(circuit, (weights(),), {})
    # Every other parameter's slope enters with a random sign.
    sigma = np.sqrt((gradient**2).sum() / 100)
    assert np.abs(estimate - gradient).max() < 5 * sigma
    with pytest.raises(ValueError, match="num_directions=0"):
        qstore.SPSAOptimizer(maxiter=1, num_directions=0)


def test_spsa_moves_what_is_trainable():
    """Arguments without requires_grad stay, and a function of many values is refused."""
    circuit = qml.QNode(of_sample, qml.device("default.qubit"))
    sample = pnp.array(0.3, requires_grad=False)
    (moved, same) = qstore.SPSAOptimizer(maxiter=10).step(circuit, weights(), sample)
    assert same == sample
    assert not np.allclose(moved, weights())

    def several(first, count, name, nothing):
        assert (count, name, nothing) == (2, "name", None)
        return sum(circuit(first, 0.1 * i) for i in range(count))

    _, *others = qstore.SPSAOptimizer(maxiter=10).step(several, weights(), 2, "name", None)
    assert others == [2, "name", None]
    with pytest.raises(ValueError, match=r"must be a scalar .* shape \(2,\)"):
        qstore.SPSAOptimizer(maxiter=10).step(lambda w: np.ravel(w)[:2], weights())


@pytest.mark.parametrize("approx", ["block-diag", "diag", None])
def test_a_classical_metric_costs_no_circuit(approx):
    """The path is that of the measured metric, and the job holds only value and gradient."""
    device = qstore_device()
    circuit = qml.QNode(ising, device)
    found, circuits = [], []
    for metric in ("measured", "classical"):
        optimizer = qstore.QNGOptimizer(0.05, approx=approx, lam=0.01, metric=metric)
        with qml.Tracker(device) as tracker:
            found.append(np.ravel(optimizer.step(circuit, weights())))
        circuits.append(tracker.totals["circuits"])
        assert tracker.totals["jobs"] == 1
    assert np.allclose(*found, rtol=0, atol=1e-8)
    with qml.Tracker(device) as tracker:
        qstore.value_and_grad(circuit)(weights())
    assert circuits[1] == tracker.totals["circuits"] < circuits[0]


def test_a_classical_metric_with_shots():
    """It is exact although the circuit is sampled."""
    device = qstore_device()
    circuit = qml.QNode(ising, device, shots=50)
    optimizer = qstore.QNGOptimizer(0.05, lam=0.01, metric="classical")
    optimizer.step(circuit, weights())
    exact = qml.QNGOptimizer(0.05, lam=0.01)
    exact.step(qml.QNode(ising, qml.device("default.qubit")), weights())
    assert np.allclose(optimizer.metric_tensor, exact.metric_tensor, atol=1e-9)
    with pytest.raises(qstore.OptionError, match="metric='exact'"):
        qstore.QNGOptimizer(metric="exact")


def test_natural_gradient_keeps_its_metric_when_told():
    """With recompute_tensor=False, a step measures no metric; grad_fn and metric_tensor_fn work."""
    device = qml.device("default.qubit")
    circuit = qml.QNode(ising, device)
    ours, theirs = (kind(0.05, lam=0.01) for kind in (qstore.QNGOptimizer, qml.QNGOptimizer))
    arguments = [
        {}, {"recompute_tensor": False}, {"grad_fn": qml.grad(circuit)},
        {"metric_tensor_fn": qml.metric_tensor(circuit, approx="diag")},
    ]  # fmt: skip
    here = there = weights()
    for each in arguments:
        here, cost = ours.step_and_cost(circuit, here, **each)
        there, expected = theirs.step_and_cost(circuit, there, **each)
        assert np.allclose(here, there, rtol=0, atol=1e-9)
        assert cost == pytest.approx(expected, abs=1e-9)
    with pytest.raises(ValueError, match="single QNode"):
        ours.step(circuit.func, here)
