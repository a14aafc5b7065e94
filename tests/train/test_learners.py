"""What learners remember, and what they leave alone."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.train import CircuitLearner, Samples
from pennylane_qstore.train.examples.digits.circuit import first_weights, make_circuit
from pennylane_qstore.train.examples.optimizers import make_optimizer
from pennylane_qstore.train.examples.options import PACES
from pennylane_qstore.train.learners import SquareLoss, accuracy, numpy_seed
from pennylane_qstore.train.shots import stepped


def test_square_loss_remembers():
    """Loss and accuracy are means over all scores that were seen."""
    loss = SquareLoss(np.array([1.0, -1.0]))
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
