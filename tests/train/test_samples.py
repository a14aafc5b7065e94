"""Samples that are drawn keep their labels."""

import numpy as np
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.samples import Samples


def test_draw():
    """A batch holds different samples, each with its own label."""
    samples = Samples(np.arange(20.0).reshape(10, 2), np.arange(10.0))
    batch = samples.draw(6, np.random.default_rng(1))
    assert len(set(batch.labels)) == 6
    assert np.array_equal(batch.features[:, 0], 2 * batch.labels)


def test_few_of_each_class():
    """As many of each class as asked for, or all that a class has."""
    labels = np.array([0] * 50 + [1] * 50 + [2] * 3)
    few = Samples(np.arange(103.0)[:, None], labels).few(5, np.random.default_rng(1))
    assert np.unique(few.labels, return_counts=True)[1].tolist() == [5, 5, 3]
    assert len(set(few.features[:, 0])) == 13
    assert np.array_equal(labels[few.features[:, 0].astype(int)], few.labels)


@pytest.mark.parametrize("count", [2, 3, 10])
def test_folds_validate_each_sample_once(count):
    """Sizes differ by one at most, no sample is on both sides, and a seed decides."""
    samples = Samples(np.arange(10.0)[:, None], np.arange(10) % 2)
    folds = samples.folds(count, seed=1)
    assert len(folds) == count
    assert sorted(np.concatenate([aside.features[:, 0] for _, aside in folds])) == list(range(10))
    for learned, aside in folds:
        assert len(learned) + len(aside) == 10
        assert not set(learned.features[:, 0]) & set(aside.features[:, 0])
        assert len(aside) in (10 // count, -(-10 // count))
    again = samples.folds(count, seed=1)
    assert all(np.array_equal(one[1].features, two[1].features)
               for one, two in zip(folds, again, strict=True))  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 11])
def test_folds_that_cannot_be(count):
    """One fold has nothing to learn from, and a fold needs a sample."""
    with pytest.raises(OptionError, match="use 2 to 10"):
        Samples(np.zeros((10, 1)), np.zeros(10)).folds(count, seed=1)
