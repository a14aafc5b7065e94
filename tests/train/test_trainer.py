"""Steps make the loss smaller, with each optimizer, the same way twice."""

from types import SimpleNamespace

import numpy as np
import pytest

from pennylane_qstore.train.options import PACES, TrainOptions
from pennylane_qstore.train.trainer import (
    SquareLoss,
    accuracy,
    count_circuits,
    count_jobs,
    numpy_seed,
)


def tiny(optimizer, **others):
    """Options of a small exact run."""
    steps = {"spsa": 40, "qnspsa": 15, "adam": 8}[optimizer]
    defaults = {"steps": steps, "wires": 3, "layers": 2, "batch_size": 16, "shots": 0}
    return TrainOptions(optimizer=optimizer, **defaults | others)


@pytest.mark.parametrize("optimizer", PACES)
@pytest.mark.parametrize("shots", [0, 500])
def test_loss_goes_down(train_locally, optimizer, shots):
    """Each optimizer learns, from exact values and from shots."""
    steps = train_locally(tiny(optimizer, shots=shots))
    losses = [step.loss for step in steps]
    assert np.mean(losses[-3:]) < 0.75 * np.mean(losses[:3])


@pytest.mark.parametrize("optimizer", PACES)
def test_same_seed_same_steps(train_locally, optimizer):
    """A seed decides the whole run, and another one decides otherwise."""
    first, again, other = (
        train_locally(tiny(optimizer, steps=2, layers=1, seed=seed)) for seed in (1, 1, 2)
    )
    assert [step.loss for step in first] == [step.loss for step in again]
    assert np.array_equal(first[-1].weights, again[-1].weights)
    assert not np.array_equal(first[-1].weights, other[-1].weights)


@pytest.mark.parametrize(("optimizer", "jobs", "circuits"), [("spsa", 2, 32), ("qnspsa", 1, 96)])
def test_cost_of_a_step(train_locally, optimizer, jobs, circuits):
    """Watching costs nothing: a step is what its optimizer needs and no circuit more."""
    steps = train_locally(tiny(optimizer, steps=3))
    assert [step.jobs for step in steps] == [jobs, 2 * jobs, 3 * jobs]
    assert [step.circuits for step in steps] == [circuits, 2 * circuits, 3 * circuits]
    assert [step.number for step in steps] == [1, 2, 3]
    assert 0 < steps[0].seconds < steps[1].seconds < steps[2].seconds


def test_stepsize_is_the_first_step(train_locally):
    """A longer SPSA step moves the weights further, in proportion."""
    short, long = (train_locally(tiny("spsa", steps=1, stepsize=size)) for size in (0.1, 0.2))
    start = 2 * short[0].weights - long[0].weights
    assert np.all(np.abs(start) <= 0.1)


def test_square_loss_remembers():
    """Loss and accuracy are means over all scores that were seen."""
    loss = SquareLoss(np.array([1.0, -1.0]))
    assert loss(np.array([1.0, -1.0])) == 0
    assert loss(np.array([-1.0, -1.0])) == 2
    assert loss.mean == 1
    assert loss.accuracy == 0.75


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


@pytest.mark.parametrize(
    ("totals", "jobs", "circuits"),
    [
        ({"jobs": 3, "circuits": 40, "batches": 2, "executions": 5}, 3, 40),
        ({"batches": 2, "executions": 5}, 2, 5),
        ({}, 0, 0),
    ],
)
def test_counts(totals, jobs, circuits):
    """The device's own counts come first, then PennyLane's, then none."""
    tracker = SimpleNamespace(totals=totals)
    assert (count_jobs(tracker), count_circuits(tracker)) == (jobs, circuits)
