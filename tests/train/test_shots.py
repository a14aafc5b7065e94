"""Shots by the step: what a schedule asks for is what the server counts."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from pennylane_qstore.train import shots

WEIGHTS = pnp.array([0.4, 0.7], requires_grad=True)


def ansatz(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT([0, 1])
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.Z(1) + 0.5 * qml.X(0))


def circuit():
    return qml.QNode(ansatz, qml.device("qstore.ionq", wires=3, seed=3))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (shots.constant(70), [70, 70, 70, 70]),
        (shots.stepped({0: 10, 2: 500}), [10, 10, 500, 500]),
        (shots.geometric(100, 1.5, most=300), [100, 150, 225, 300]),
        (shots.geometric(100, 1.0), [100, 100, 100, 100]),
    ],
)
def test_schedules(schedule, expected):
    """Each step has its shots, for any optimizer."""
    qnode = circuit()
    optimizer = qstore.SPSAOptimizer(maxiter=4)
    weights, seen = WEIGHTS, []
    for _ in expected:
        with qml.Tracker(qnode.device) as tracker:
            weights = optimizer.step(schedule.on(qnode), weights)
        seen.append(tracker.totals["shots"] / tracker.totals["executions"])
        schedule.advance()
    assert seen == expected


def test_a_qnode_stays_itself_while_its_shots_do():
    """So that what QN-SPSA sends ahead is used; with other shots it is dropped."""
    qnode, schedule = circuit(), shots.stepped({0: 10, 3: 20})
    optimizer = qstore.QNSPSAOptimizer(seed=1)
    weights, used = WEIGHTS, []
    for _ in range(5):
        weights, _ = optimizer.step_and_cost(schedule.on(qnode), weights)
        used.append(optimizer.used_ahead)
        schedule.advance()
    assert used == [0, 6, 12, 12, 12]


@pytest.mark.parametrize("optimizer", [qml.AdamOptimizer(0.1), qstore.QNGOptimizer(0.1, lam=0.1)])
def test_variance_driven_gradients_are_right(optimizer):
    """The gradient is the mean over the parts, its value is there too, and a step is one job."""
    qnode = circuit()
    schedule = shots.VarianceDriven(4000, 4000, stepsize=0.1, lipschitz=1.5)
    gradient = schedule.grad_fn(qnode)
    with qml.Tracker(qnode.device) as tracker:
        weights, value = optimizer.step_and_cost(schedule.on(qnode), WEIGHTS, grad_fn=gradient)
    assert tracker.totals["jobs"] == 1
    exact = qml.QNode(ansatz, qml.device("default.qubit"))
    sigma = 1.5 / np.sqrt(4000)  # at most, of a value; a slope is half a difference of two
    assert abs(value - exact(WEIGHTS)) < 5 * sigma
    assert np.abs(gradient(WEIGHTS) - qml.grad(exact)(WEIGHTS)).max() < 5 * sigma
    assert not np.allclose(weights, WEIGHTS)


def test_variance_driven_shots_follow_noise_and_slope():
    """The rule's number for known gradients; more where the slope is flat, within the bounds."""
    schedule = shots.VarianceDriven(20, 5000, stepsize=0.1, lipschitz=2.0, parts=4, memory=0.0)
    noise = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]])
    schedule.observe(noise + 0.5)
    # Variance of a shot: 4/3 times 5 shots a part; slope 0.5 in both parameters.
    spread = 2 * np.sqrt(4 / 3 * 5)
    expected = (2 * 2 * 0.1 / (2 - 2 * 0.1)) * spread**2 / 2 / (2 * 0.25)
    assert schedule.shots == max(20, np.ceil(expected))
    schedule.observe(noise + 0.05)
    assert schedule.shots > 500
    schedule.observe(noise)
    assert schedule.shots == 5000
    schedule.observe(noise * 0 + 1)
    assert schedule.shots == 20


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: shots.stepped({5: 10}), "begins at step 0"),
        (lambda: shots.geometric(10, 0.9), "factor=0.9"),
        (lambda: shots.constant(0).shots, "shots=0"),
        (lambda: shots.constant(2_000_000).shots, "1,000,000"),
        (lambda: shots.VarianceDriven(20, 100, stepsize=1, lipschitz=3), "less than 0.6667"),
        (lambda: shots.VarianceDriven(5, 100, stepsize=0.1, lipschitz=3), "least=5"),
    ],
)
def test_what_cannot_be_is_refused(make, told):
    """Before anything is sent, with what would be right."""
    with pytest.raises(qstore.OptionError, match=told):
        make()
