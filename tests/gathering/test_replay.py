"""Functions that are run twice, so that their circuits are one job."""

import random
import sys
import threading
import warnings

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from pennylane_qstore.optimize import gradients
from tests.gathering.test_gather import EXACT, SAMPLES, WEIGHTS, jobs_of, make


def square_loss(qnode):
    return lambda weights: sum([(qnode(weights, x) - x) ** 2 for x in SAMPLES])


def test_a_list_comprehension_is_one_job():
    """Calls one after another go together, and give what they give."""
    circuit = make()
    found, jobs = jobs_of(circuit.device, lambda: qstore.replay(square_loss(circuit))(WEIGHTS))
    assert jobs == 1
    assert found == pytest.approx(square_loss(EXACT)(WEIGHTS), abs=1e-10)


def test_a_gradient_is_one_job_with_its_value():
    """Forward and backward through several calls are one batch."""
    circuit = make()
    with qml.Tracker(circuit.device) as tracker:
        value, gradient = qstore.value_and_grad(square_loss(circuit))(WEIGHTS)
    assert tracker.totals["jobs"] == 1
    assert value == pytest.approx(square_loss(EXACT)(WEIGHTS), abs=1e-10)
    assert np.allclose(gradient, qml.grad(square_loss(EXACT))(WEIGHTS), atol=1e-10)


def test_replays_share_a_gathers_batch():
    """Several replayed functions in one gather are one job."""
    circuit = make()
    loss = square_loss(circuit)
    found, jobs = jobs_of(
        circuit.device,
        lambda: qstore.map(qstore.replay(loss), [WEIGHTS, WEIGHTS + 0.2]),
    )
    assert jobs == 1
    exact = [square_loss(EXACT)(w) for w in (WEIGHTS, WEIGHTS + 0.2)]
    assert np.allclose(found, exact, atol=1e-10)


def test_a_gather_inside_is_recorded():
    """A function that gathers can be replayed with what it does besides."""
    circuit = make()

    def both(weights):
        mapped = qstore.map(lambda x: circuit(weights, x), SAMPLES)
        return sum(mapped) + circuit(weights, 0.7)

    found, jobs = jobs_of(circuit.device, lambda: qstore.replay(both)(WEIGHTS))
    assert jobs == 1
    exact = sum(EXACT(WEIGHTS, x) for x in SAMPLES) + EXACT(WEIGHTS, 0.7)
    assert found == pytest.approx(exact, abs=1e-10)


def test_a_circuit_that_depends_on_outcomes_is_a_job_of_its_own():
    """It falls back, gives the right value, and says so."""
    circuit = make()

    def chained(weights):
        return circuit(weights, circuit(weights, 0.1))

    with pytest.warns(UserWarning, match="chained asked for other circuits .* 1 calls"):
        found, jobs = jobs_of(circuit.device, lambda: qstore.replay(chained)(WEIGHTS))
    assert jobs == 2
    assert found == pytest.approx(EXACT(WEIGHTS, EXACT(WEIGHTS, 0.1)), abs=1e-10)


def test_a_function_that_fails_on_made_up_outcomes_runs_as_it_is():
    """Nothing is sent for nothing; errors of the function itself are its own."""
    circuit = make()

    def exacting(weights):
        value = circuit(weights, 0.1)
        if abs(value - EXACT(WEIGHTS, 0.1)) > 1e-6:
            raise ValueError("impossible")
        return value

    with pytest.warns(UserWarning, match=r"can't be replayed.*\(ValueError: impossible\)"):
        found, jobs = jobs_of(circuit.device, lambda: qstore.replay(exacting)(WEIGHTS))
    assert jobs == 1
    assert found == pytest.approx(EXACT(WEIGHTS, 0.1), abs=1e-10)


def test_random_numbers_are_the_same_in_both_runs():
    """Functions that draw samples from the global generators ask for the same circuits twice."""
    circuit = make()

    def loss(weights):
        drawn = [np.random.uniform(), random.random()]
        return [circuit(weights, x) for x in drawn], drawn

    (values, drawn), jobs = jobs_of(circuit.device, lambda: qstore.replay(loss)(WEIGHTS))
    assert jobs == 1
    assert np.allclose(values, [EXACT(WEIGHTS, x) for x in drawn], atol=1e-10)


def test_a_cache_of_results_keeps_nothing_that_was_made_up():
    """A QNode with a cache of its own gives the right values in the replay and after it."""
    cache = {}
    circuit = make(cache=cache)
    known = circuit(WEIGHTS, 0.7)

    def loss(weights):
        mapped = qstore.map(lambda x: circuit(weights, x), SAMPLES)
        return [*mapped, circuit(weights, 0.1), circuit(weights, 0.7), circuit(weights, 0.6)]

    found, jobs = jobs_of(circuit.device, lambda: qstore.replay(loss)(WEIGHTS))
    exact = [EXACT(WEIGHTS, x) for x in (*SAMPLES, 0.1, 0.7, 0.6)]
    assert jobs == 1
    assert np.allclose(found, exact, atol=1e-10)
    assert np.allclose(loss(WEIGHTS), exact, atol=1e-10)
    assert known == found[-2]

    def exacting(weights):
        assert abs(circuit(weights, 0.93) - EXACT(weights, 0.93)) < 1e-6

    with pytest.warns(UserWarning, match="can't be replayed"):
        qstore.replay(exacting)(WEIGHTS)
    assert circuit(WEIGHTS, 0.93) == pytest.approx(EXACT(WEIGHTS, 0.93), abs=1e-10)


def test_replays_in_a_gather_draw_what_they_would_draw():
    """Their random numbers are those of a run without replay, and each is one circuit a draw."""
    circuit = make()

    def loss():
        return [circuit(WEIGHTS, x) for x in np.random.uniform(size=2)]

    found = []
    for fn in (loss, qstore.replay(loss)):
        np.random.seed(6)
        with qml.Tracker(circuit.device) as tracker:
            found.append((np.array(qstore.gather([fn] * 3)), np.random.uniform()))
    assert tracker.totals["jobs"] == 1
    assert tracker.totals["circuits"] == 6
    assert np.allclose(found[0][0], found[1][0], atol=1e-10)
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("rng", [None, np.random.default_rng(4)])
def test_a_random_gradient_is_asked_for_once(rng):
    """Both runs draw the same directions, and steps draw different ones."""
    options = {"num_directions": 4, "sampler_rng": rng}
    circuit = make(diff_method=qstore.spsa_grad, gradient_kwargs=options)
    both = qstore.value_and_grad(lambda w: circuit(w, 0.4))
    with qml.Tracker(circuit.device) as tracker:
        gradients_of_steps = [both(WEIGHTS)[1] for _ in range(3)]
    assert tracker.totals["jobs"] == 3
    assert tracker.totals["circuits"] == 3 * 9
    assert np.ptp(gradients_of_steps, axis=0).max() > 1e-3


def test_a_loop_that_waits_for_an_outcome_is_not_replayed(monkeypatch):
    """It would wait for ever for one that is made up."""
    monkeypatch.setattr(sys.modules["pennylane_qstore.gathering.replay"], "_MOST_CALLS", 20)
    circuit = make()

    def loop(x):
        while circuit(WEIGHTS, x) < 0.7:
            x -= 0.2
        return x

    with pytest.warns(UserWarning, match="more than 20 calls"):
        found = qstore.replay(loop)(1.0)
    assert EXACT(WEIGHTS, found) >= 0.7


def test_warnings_are_heard_again():
    """Replays in several threads leave the process's filters as they were."""
    circuit = make()
    before = list(warnings.filters)
    losses = [
        threading.Thread(target=qstore.replay(square_loss(circuit)), args=(WEIGHTS,)) for _ in "abc"
    ]
    for each in losses:
        each.start()
    for each in losses:
        each.join(60)
    assert warnings.filters == before


@pytest.mark.parametrize("shots", [None, 100, (20, 30)])
def test_every_kind_of_result_can_be_made_up(shots):
    """Whatever a circuit returns, what is recorded is asked for again, states included."""
    device = qml.device("qstore.ionq", wires=3, seed=2)

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(x):
        qml.StatePrep(np.array([1, x]) / np.hypot(1, x), wires=0)
        qml.CRX(x, wires=[0, 1])
        found = [qml.expval(qml.X(0) + qml.Z(1)), qml.var(qml.Z(1)), qml.probs([0, 2])]
        return [*found, qml.counts(), qml.sample(qml.Z(0))] if shots else found

    def several(x):
        return [circuit(x), circuit(0.3), circuit(x + 0.1)]

    if shots is None:
        found, jobs = jobs_of(device, lambda: qstore.replay(several)(0.4))
        exact = [circuit(x) for x in (0.4, 0.5)]
        assert np.allclose(np.hstack(found[0]), np.hstack(exact[0]), atol=1e-10)
        assert np.allclose(np.hstack(found[2]), np.hstack(exact[1]), atol=1e-10)
    else:
        _, jobs = jobs_of(device, lambda: qstore.replay(several)(0.4))
    assert jobs == 1


def test_adam_takes_one_job_a_step():
    """PennyLane's optimizer, given our gradient, takes PennyLane's path."""
    circuit = make()
    ours, theirs = qml.AdamOptimizer(0.1), qml.AdamOptimizer(0.1)
    loss = square_loss(circuit)
    gradient = qstore.grad_fn(loss)
    weights = exact = WEIGHTS
    for _ in range(20):
        with qml.Tracker(circuit.device) as tracker:
            weights, value = ours.step_and_cost(loss, weights, grad_fn=gradient)
        assert tracker.totals["jobs"] == 1
        exact, expected = theirs.step_and_cost(square_loss(EXACT), exact)
        assert np.allclose(weights, exact, rtol=0, atol=1e-9)
        assert value == pytest.approx(expected, abs=1e-9)


def test_value_and_grad_is_no_grad_fn():
    """An optimizer that is given it says what to give instead."""
    circuit = make()
    with pytest.raises(TypeError, match=r"use grad_fn=qstore\.grad_fn"):
        qml.AdamOptimizer().step_and_cost(
            lambda w: circuit(w, 0.1), WEIGHTS,
            grad_fn=qstore.value_and_grad(lambda w: circuit(w, 0.1)),
        )  # fmt: skip


def ansatz(weights, samples):
    qml.RX(samples, wires=0)
    qml.RY(2 * weights[0], wires=0)
    qml.CRY(weights[1] + weights[0], wires=[0, 1])
    return qml.expval(qml.Z(1) + qml.X(0)), qml.probs(0)


@pytest.mark.parametrize("samples", [0.3, np.array([0.1, 0.5, 0.9])])
@pytest.mark.parametrize(
    "options",
    [
        {"num_directions": 4},
        {"num_directions": 3, "strategy": "forward", "approx_order": 1},
        {"num_directions": 2, "argnum": [1]},
    ],
)
def test_spsa_gradient_is_pennylanes(samples, options):
    """The same directions, the same estimate, for tapes with and without a batch."""
    circuit = qml.QNode(ansatz, qml.device("qstore.ionq", wires=2))
    exact = qml.QNode(ansatz, qml.device("default.qubit"))
    found = qstore.spsa_grad(circuit, h=0.1, sampler_rng=3, **options)(WEIGHTS, samples)
    expected = qml.gradients.spsa_grad(exact, h=0.1, sampler_rng=3, **options)(WEIGHTS, samples)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.allclose(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("interface", ["autograd", "torch", "jax"])
def test_spsa_gradient_as_diff_method(interface):
    """Sixty-four directions are one broadcast tape, in any interface; the estimate is unbiased."""
    library = pytest.importorskip(interface)
    device = qml.device("qstore.ionq", wires=2, seed=5)
    options = {"num_directions": 64, "h": 0.01, "sampler_rng": 1}
    circuit = make(device, diff_method=qstore.spsa_grad, gradient_kwargs=options)
    exact = qml.grad(EXACT, argnums=0)(WEIGHTS, 0.4)
    with qml.Tracker(device) as tracker:
        if interface == "torch":
            weights = library.tensor([0.3, 0.5], dtype=library.float64, requires_grad=True)
            circuit(weights, 0.4).backward()
            found = weights.grad.numpy()
        elif interface == "jax":
            with library.experimental.enable_x64():
                found = library.grad(circuit)(library.numpy.array([0.3, 0.5]), 0.4)
        else:
            found = qml.grad(circuit, argnums=0)(WEIGHTS, 0.4)
    assert tracker.totals["executions"] == 1 + 2 * 64
    assert tracker.totals["batches"] <= 2
    # A slope is its own plus the other one's with a random sign, as a mean over 64 directions.
    sigmas = np.abs(exact[::-1]) / np.sqrt(64)
    assert (np.abs(found - exact) <= 5 * sigmas + 1e-3).all()


def test_spsa_gradient_of_what_cannot_be_broadcast():
    """A tape with such an operation is left to PennyLane's."""

    def controlled(angle):
        qml.ctrl(qml.RX, control=0)(angle, wires=1)
        qml.ControlledPhaseShift(angle, wires=[0, 1])
        return qml.expval(qml.Z(1))

    angle = pnp.array(0.4, requires_grad=True)
    options = {"h": 0.1, "num_directions": 2, "sampler_rng": 3}
    found = gradients.spsa_grad(qml.QNode(controlled, qml.device("default.qubit")), **options)
    expected = qml.gradients.spsa_grad(
        qml.QNode(controlled, qml.device("default.qubit")), **options
    )
    assert found(angle) == pytest.approx(expected(angle), abs=1e-10)
