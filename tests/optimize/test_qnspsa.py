"""QN-SPSA with shots and batches, against PennyLane's own."""

from itertools import pairwise

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

from pennylane_qstore.optimize import QNSPSAOptimizer

LABELS = np.array([1.0, -1.0, 1.0])
FEATURES = np.array([[0.1, -0.2], [1.5, 0.3], [-0.4, 0.2]])


def ansatz(weights):
    for layer in weights:
        for wire, angle in enumerate(layer):
            qml.RY(angle, wires=wire)
        for pair in pairwise(range(len(layer))):
            qml.CNOT(pair)


def make_cost(shots=None, wires=3):
    device = qml.device("default.qubit", wires=wires, seed=7)

    @qml.set_shots(shots)
    @qml.qnode(device)
    def cost(weights):
        ansatz(weights)
        return qml.expval(qml.Z(0) @ qml.Z(wires - 1))

    return cost


def on_qstore(shots=None):
    return qml.QNode(make_cost().func, qml.device("qstore.ionq", wires=3), shots=shots)


def make_scores(shots=None):
    device = qml.device("default.qubit", wires=2, seed=7)

    @qml.set_shots(shots)
    @qml.qnode(device)
    def scores(weights, features):
        for wire in range(2):
            qml.RX(features[..., wire], wires=wire)
        ansatz(weights)
        return qml.expval(qml.Z(1))

    return scores


def square_loss(scores):
    return np.mean((scores - LABELS) ** 2)


def first_weights(wires=3):
    return pnp.array(np.linspace(0.2, 1.4, 2 * wires).reshape(2, wires), requires_grad=True)


@pytest.mark.parametrize(
    ("blocking", "resamplings", "stepsize"), [(True, 1, 0.02), (True, 1, 1.0), (False, 2, 0.02)]
)
def test_same_path_as_pennylane(blocking, resamplings, stepsize):
    """With an exact QNode of one value, eight steps are PennyLane's own, to the last digits."""
    arguments = {
        "stepsize": stepsize, "blocking": blocking, "resamplings": resamplings, "seed": 11
    }  # fmt: skip
    ours, theirs = QNSPSAOptimizer(**arguments), qml.QNSPSAOptimizer(**arguments)
    cost = make_cost(wires=2)
    our_weights = their_weights = first_weights(wires=2)
    for _ in range(8):
        our_weights, our_loss = ours.step_and_cost(cost, our_weights)
        their_weights, their_loss = theirs.step_and_cost(cost, their_weights)
        assert np.allclose(our_weights, their_weights, rtol=0, atol=1e-9)
        assert our_loss == pytest.approx(their_loss, abs=1e-9)


def shots_of_a_step(optimizer_class):
    """Count a step's tapes and its shots."""
    cost = make_cost(shots=100)
    with qml.Tracker(cost.device) as tracker:
        optimizer_class(blocking=False, seed=1).step(cost, first_weights())
    return tracker.totals["executions"], tracker.totals["shots"]


def test_overlaps_carry_shots():
    """Each of a step's six tapes takes the QNode's shots, where PennyLane's overlaps take none."""
    assert shots_of_a_step(QNSPSAOptimizer) == (6, 600)
    assert shots_of_a_step(qml.QNSPSAOptimizer) == (6, 200)


@pytest.mark.parametrize("call", ["step", "step_and_cost"])
def test_step_without_blocking_is_one_job(call):
    """Gradient, metric and, where it is asked for, the loss go together."""
    cost = on_qstore()
    optimizer = QNSPSAOptimizer(blocking=False, resamplings=2, seed=1)
    with qml.Tracker(cost.device) as tracker:
        getattr(optimizer, call)(cost, first_weights())
    assert tracker.totals["jobs"] == 1
    assert tracker.totals["circuits"] == 12 + (call == "step_and_cost")


def jobs_of_steps(optimizer, steps):
    """The jobs that each step takes; a step is a function of the weights."""
    weights, jobs = first_weights(), []
    for step in steps:
        with qml.Tracker(step.device) as tracker:
            weights, _ = optimizer.step_and_cost(step, weights)
        jobs.append((tracker.totals["jobs"], tracker.totals["circuits"]))
    return jobs


def test_step_with_blocking_is_one_job_after_the_first():
    """The job that tests a step also asks what the next one needs, at both ends."""
    cost = on_qstore()
    optimizer = QNSPSAOptimizer(stepsize=0.02, seed=1)
    assert jobs_of_steps(optimizer, [cost] * 4) == [(2, 6 + 14), (1, 14), (1, 14), (1, 14)]
    assert (optimizer.sent_ahead, optimizer.used_ahead) == (48, 18)


def test_nothing_is_sent_ahead_when_told_so():
    """Two jobs a step, of eight circuits."""
    optimizer = QNSPSAOptimizer(seed=1, speculate=False)
    assert jobs_of_steps(optimizer, [on_qstore()] * 2) == [(2, 8), (2, 8)]
    assert optimizer.sent_ahead == 0


def test_what_was_sent_ahead_is_dropped():
    """Other parameters or another QNode: its answers aren't used, and the path is PennyLane's."""
    ours, theirs = QNSPSAOptimizer(seed=1), qml.QNSPSAOptimizer(seed=1)
    cost, other = make_cost(wires=2), make_cost(wires=2)
    weights, used = first_weights(wires=2), []
    for qnode, move in [(cost, 0), (cost, 0.3), (cost, 0), (cost, 0), (other, 0), (other, 0)]:
        here = weights + move
        weights, loss = ours.step_and_cost(qnode, here)
        expected, expected_loss = theirs.step_and_cost(qnode, here)
        used.append(ours.used_ahead)
        assert np.allclose(weights, expected, rtol=0, atol=1e-9)
        assert loss == pytest.approx(expected_loss, abs=1e-9)
    # After a drop, nothing is sent ahead before a step has followed from the one before it.
    assert used == [0, 0, 0, 6, 6, 6]


def test_what_a_circuit_reads_elsewhere_counts():
    """Samples that a QNode takes from outside its arguments may change: the path is PennyLane's."""
    sample = [0.0]
    base = make_cost(wires=2)

    def function(weights):
        qml.RX(sample[0], wires=0)
        return base.func(weights)

    cost = qml.QNode(function, base.device)
    ours, theirs = QNSPSAOptimizer(seed=1), qml.QNSPSAOptimizer(seed=1)
    weights = expected = first_weights(wires=2)
    for step in range(6):
        sample[0] = 0.3 * (step // 2)
        weights, _ = ours.step_and_cost(cost, weights)
        expected, _ = theirs.step_and_cost(cost, expected)
        assert np.allclose(weights, expected, rtol=0, atol=1e-9)


def test_a_single_number_stays_one():
    """A weight without an axis keeps that, also with a batch of samples."""
    device = qml.device("default.qubit", wires=1)

    @qml.qnode(device)
    def scores(weight, features):
        qml.RX(features, wires=0)
        qml.RY(weight, wires=0)
        return qml.expval(qml.Z(0))

    weight = pnp.array(0.4, requires_grad=True)
    optimizer = QNSPSAOptimizer(seed=1)
    for _ in range(3):
        weight, _ = optimizer.step_and_cost(
            scores, weight, features=np.array([0.1, 0.5, 0.9]), loss=np.mean
        )
        assert np.shape(weight) == ()


def test_batches_that_change_send_nothing_ahead_for_long():
    """A training on other samples each step is told once, and goes on with two jobs a step."""
    scores = make_scores(100)
    optimizer = QNSPSAOptimizer(seed=1)
    weights = first_weights(wires=2)
    for step in range(5):
        weights, _ = optimizer.step_and_cost(
            scores, weights, features=FEATURES + 0.1 * step, loss=square_loss
        )
    assert optimizer.sent_ahead == 12
    assert optimizer.used_ahead == 0


def test_step_warns_with_blocking():
    """As PennyLane's, a step that has to measure losses says so."""
    with pytest.warns(UserWarning, match="blocking=True"):
        QNSPSAOptimizer(seed=1).step(make_cost(), first_weights())


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("shots", [None, 2000])
def test_batch_loss_goes_down(blocking, shots):
    """A QNode with one value a sample trains through the loss given to the step."""
    scores = make_scores(shots)
    optimizer = QNSPSAOptimizer(
        stepsize=0.1, regularization=0.1, finite_diff_step=0.2, blocking=blocking, seed=3
    )
    weights = first_weights(wires=2)
    losses = []
    for _ in range(30):
        weights, loss = optimizer.step_and_cost(
            scores, weights, features=FEATURES, loss=square_loss
        )
        losses.append(float(loss))
    assert losses[-1] < 0.8 * losses[0]


def test_metric_is_the_samples_mean():
    """The metric of a batch is the mean of the metrics of its samples."""
    scores, weights = make_scores(), first_weights(wires=2)

    def metric(features):
        optimizer = QNSPSAOptimizer(blocking=False, regularization=0, seed=5)
        optimizer.step(scores, weights, features=features, loss=np.sum)
        return optimizer.metric_tensor

    alone = [metric(features) for features in FEATURES]
    assert np.allclose(metric(FEATURES), np.mean(alone, axis=0), atol=1e-8)


def test_arguments_of_different_shapes():
    """Several trainable arguments move together, and fixed ones stay as they are."""
    device = qml.device("default.qubit", wires=2)

    @qml.qnode(device)
    def cost(angles, fixed, angle):
        qml.RX(angles[0], wires=0)
        qml.RY(angles[1] + fixed, wires=1)
        qml.CRY(angle[0], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    angles = pnp.array([0.3, 0.4], requires_grad=True)
    angle = pnp.array([0.5], requires_grad=True)
    optimizer = QNSPSAOptimizer(stepsize=0.1, blocking=False, resamplings=2, seed=2)
    new_angles, fixed, new_angle = optimizer.step(cost, angles, 0.1, angle)
    assert fixed == 0.1
    assert new_angles.shape == (2,)
    assert new_angle.shape == (1,)
    assert not np.allclose(new_angles, angles)
    assert not np.allclose(new_angle, angle)


def test_blocking_refuses_a_worse_step():
    """An update that makes the loss worse is taken back, and the loss before it is given."""
    cost = make_cost()
    lowest = pnp.array([[0.0, 0.0, np.pi], [0.0, 0.0, 0.0]], requires_grad=True)
    assert cost(lowest) == pytest.approx(-1)
    optimizer = QNSPSAOptimizer(stepsize=1e4, finite_diff_step=0.1, seed=4)
    weights = lowest + 0.01
    kept, loss = optimizer.step_and_cost(cost, weights)
    assert np.allclose(kept, weights)
    assert loss == pytest.approx(cost(weights))


def test_many_values_need_a_loss():
    """Without a loss, a QNode of several values is an error that says what to give."""
    with pytest.raises(ValueError, match="loss="):
        QNSPSAOptimizer(blocking=False).step(
            make_scores(), first_weights(wires=2), features=FEATURES
        )
