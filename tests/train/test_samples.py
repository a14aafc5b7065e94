"""Samples that are drawn keep their labels."""

import numpy as np

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
