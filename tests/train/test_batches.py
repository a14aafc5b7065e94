"""Each epoch takes the samples in an order of its own, which can be taken up."""

import numpy as np
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.batches import Batches
from pennylane_qstore.train.history import Measured, Step, from_table, table
from pennylane_qstore.train.samples import Samples


def batches(size=3, seed=1):
    """Of ten samples that are their own numbers."""
    return Batches(Samples(np.arange(10), np.arange(10)), size, np.random.default_rng(seed))


def test_an_epoch_takes_each_sample_once():
    """Up to those that don't fill a batch; and another epoch takes others in another order."""
    drawn = batches()
    assert (drawn.per_epoch, drawn.epoch) == (3, 0)
    epochs = [np.concatenate([drawn.draw().labels for _ in range(3)]) for _ in range(40)]
    assert drawn.epoch == 40
    assert all(len(set(epoch)) == 9 for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])
    assert set(np.concatenate(epochs)) == set(range(10))


@pytest.mark.parametrize("before", range(7))
def test_goes_on(before):
    """Wherever it was stopped, the next batches are the same."""
    first, second = batches(), batches(seed=2)
    for _ in range(before):
        first.draw()
    second.restore(first.state())
    for _ in range(9):
        assert np.array_equal(first.draw().labels, second.draw().labels)
    assert first.epoch == second.epoch


@pytest.mark.parametrize("size", [0, 11])
def test_impossible_size(size):
    """No empty batches, and none larger than what there is."""
    with pytest.raises(OptionError, match=f"^batch_size={size} .* there are 10"):
        batches(size)


def test_history_as_a_table():
    """Steps come back from their columns, without their weights."""
    steps = [
        Step(1, 0.5, 0.6, 0.1, 2, 30, None),
        Step(2, 0.4, 0.7, 0.2, 4, 60, None, epoch=2, queue=1.5, cost=2.5, gradient=0.1,
             validation=Measured(0.3, 0.8)),
    ]  # fmt: skip
    back = from_table(table(steps))
    assert back == steps
    assert isinstance(back[1].jobs, int)
    assert from_table(table([])) == []
