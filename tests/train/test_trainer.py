"""Steps make the loss smaller, with each optimizer, the same way twice."""

import numpy as np
import pytest

from pennylane_qstore.train.optimizers import PACES
from pennylane_qstore.train.options import TrainOptions


def tiny(optimizer, **others):
    """Options of a small exact run."""
    steps = {"spsa": 40, "qnspsa": 15, "adam": 8, "momentum": 8}[optimizer]
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
