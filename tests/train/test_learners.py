"""What learners remember, and what they leave alone."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train import CircuitLearner, Samples
from pennylane_qstore.train.examples.digits.circuit import first_weights, make_circuit
from pennylane_qstore.train.examples.optimizers import make_optimizer
from pennylane_qstore.train.examples.options import PACES
from pennylane_qstore.train.learners import BatchLoss, accuracy, numpy_seed
from pennylane_qstore.train.shots import stepped


def test_square_loss_remembers():
    """Loss and accuracy are means over all scores that were seen."""
    loss = BatchLoss(np.array([1.0, -1.0]))
    assert loss(np.array([1.0, -1.0])) == 0
    assert loss(np.array([-1.0, -1.0])) == 2
    assert loss.measured().loss == 1
    assert loss.measured().accuracy == 0.75


def test_accuracy_counts_signs():
    """A score is right when its sign is the label's; zero counts as -1."""
    assert accuracy([0.2, -0.1, 0.0, 0.3], np.array([1, -1, -1, -1])) == 0.75


def draw_and_fail():
    np.random.random(5)
    raise ZeroDivisionError


def test_numpy_seed_leaves_no_trace():
    """The global generator goes on as if nothing had been drawn, even after an error."""
    np.random.seed(3)
    expected = np.random.random(2)
    np.random.seed(3)
    seen = [np.random.random()]
    with pytest.raises(ZeroDivisionError), numpy_seed(9):
        draw_and_fail()
    seen.append(np.random.random())
    assert np.array_equal(seen, expected)


@pytest.mark.parametrize("optimizer", PACES)
def test_shots_by_the_step(optimizer):
    """A schedule holds for whatever a step runs, and goes on from a checkpoint's state."""
    device = qml.device("qstore.ionq", wires=2, seed=1)
    batch = Samples(np.zeros((4, 2)), np.array([1.0, -1.0, 1.0, -1.0]))
    weights = first_weights(1, 2, np.random.default_rng(1))

    def learner():
        circuit = make_circuit(device, 1, 0)
        own = make_optimizer(optimizer, PACES[optimizer])
        return CircuitLearner(circuit, weights, own, shots=stepped({0: 10, 1: 30, 2: 50}))

    def shots_of(one):
        with qml.Tracker(device) as tracker:
            one.step(batch)
        return tracker.totals["shots"] / tracker.totals["circuits"]

    first = learner()
    assert [shots_of(first), shots_of(first)] == [10, 30]
    second = learner()
    second.restore(first.state())
    assert shots_of(second) == 50


@pytest.fixture
def line():
    """A circuit of one weight on one wire, exact, whose score is cos(weight + feature)."""

    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(weights, features):
        qml.RY(weights[0] + features[..., 0], wires=0)
        return qml.expval(qml.Z(0))

    return circuit


BATCH = Samples(np.array([[0.0], [0.3], [0.6]]), np.array([1.0, -1.0, -1.0]))
START = qml.numpy.array([0.4], requires_grad=True)


def slope(function, step=1e-6):
    """The derivative of a function of the weight at the start, by differences."""
    return (function(0.4 + step) - function(0.4 - step)) / (2 * step)


def scores(weight):
    """What the circuit gives for the batch."""
    return np.cos(weight + BATCH.features[:, 0])


def stepped_by(learner):
    """How far one step moves the weight, and what it measured."""
    measured = learner.step(BATCH)
    return float(learner.weights[0] - 0.4), measured


@pytest.mark.parametrize(
    ("options", "loss"),
    [
        ({}, lambda w: np.mean((scores(w) - BATCH.labels) ** 2)),
        (
            {"sample_loss": lambda s, y: qml.math.log(1 + qml.math.exp(-3 * s * y))},
            lambda w: np.mean(np.log1p(np.exp(-3 * scores(w) * BATCH.labels))),
        ),
        (
            {"class_weights": {1: 4.0}},
            lambda w: np.average((scores(w) - BATCH.labels) ** 2, weights=[4, 1, 1]),
        ),
        (
            {"sample_loss": lambda s, y: qml.math.abs(s - y), "class_weights": {-1.0: 0.5}},
            lambda w: np.average(abs(scores(w) - BATCH.labels), weights=[1, 0.5, 0.5]),
        ),
    ],
)
def test_a_loss_of_ones_own_and_class_weights(line, options, loss):
    """The step goes down its gradient; step and validation measure the same loss."""
    learner = CircuitLearner(line, START, qml.GradientDescentOptimizer(0.1), **options)
    assert learner.measure(BATCH).loss == pytest.approx(loss(0.4))
    moved, measured = stepped_by(learner)
    assert measured.loss == pytest.approx(loss(0.4))
    assert moved == pytest.approx(-0.1 * slope(loss), rel=1e-6)


@pytest.mark.parametrize("limit", [0.01, 1e6])
def test_long_gradients_are_cut(line, limit):
    """In their direction; shorter ones stay, and the length that is recorded is the uncut one."""
    learner = CircuitLearner(
        line, START, qml.GradientDescentOptimizer(0.1), max_gradient=limit, track_gradient=True
    )
    length = slope(lambda w: np.mean((scores(w) - BATCH.labels) ** 2))
    moved, measured = stepped_by(learner)
    assert moved == pytest.approx(-0.1 * np.sign(length) * min(abs(length), limit), rel=1e-6)
    assert measured.gradient == pytest.approx(abs(length), rel=1e-6)


def test_step_sizes_by_the_step(line):
    """A schedule sets the optimizer's, and a restored learner goes on in it."""

    def learner():
        optimizer = qml.GradientDescentOptimizer(7.0)
        return CircuitLearner(line, START, optimizer, stepsizes=lambda step: [0.1, 0.0, 0.2][step])

    one, other = learner(), learner()
    first = [one.step(BATCH).loss for _ in range(2)]
    weights = one.weights
    assert first[0] != first[1]
    other.restore(one.state())
    third = [each.step(BATCH).loss for each in (one, other)]
    assert third[0] == third[1] == pytest.approx(first[1])
    assert np.array_equal(one.weights, other.weights)
    assert not np.array_equal(one.weights, weights)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (qml.SPSAOptimizer(maxiter=5), {"max_gradient": 1.0}),
        (qml.AdamOptimizer(), {"max_gradient": 0.0}),
        (qml.AdamOptimizer(), {"max_gradient": float("nan")}),
        (qml.SPSAOptimizer(maxiter=5), {"stepsizes": [0.1].__getitem__}),
        (qml.AdamOptimizer(), {"class_weights": {1: 0.0}}),
        (qml.AdamOptimizer(), {"class_weights": {1: -1.0}}),
    ],
)
def test_what_an_optimizer_cannot_do_is_refused(line, optimizer, options):
    """By the option's name."""
    with pytest.raises(OptionError, match=next(iter(options))):
        CircuitLearner(line, START, optimizer, **options)
