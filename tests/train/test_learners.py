"""What learners remember, and what they leave alone."""

import numpy as np
import pytest

from pennylane_qstore.train.learners import SquareLoss, accuracy, numpy_seed


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
