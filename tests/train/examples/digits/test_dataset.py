"""Digits become angles, and the test set stays unseen."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from pennylane_qstore.train.examples.digits.dataset import Digits, pixels_to_angles


@pytest.mark.parametrize(("classes", "wires"), [((0, 1), 4), ((3, 8), 64)])
def test_shapes_and_ranges(classes, wires):
    """One angle a wire within a quarter turn, labels -1 and +1 in the same share in both sets."""
    digits = Digits.load(classes, wires, seed=1)
    for samples in (digits.train, digits.test):
        assert samples.features.shape == (len(samples.labels), wires)
        assert np.abs(samples.features).max() <= np.pi / 2 + 1e-12
        assert set(samples.labels) == {-1.0, 1.0}
        assert abs(samples.labels.mean() - digits.train.labels.mean()) < 0.03
    assert len(digits.test.labels) / len(digits.train.labels) == pytest.approx(1 / 3, abs=0.02)


def test_labels_follow_the_order_of_classes():
    """The first class is -1 and the second +1, whichever digit is larger."""
    for classes, second in (((0, 8), 174), ((8, 0), 178)):
        digits = Digits.load(classes, 4, seed=1)
        labels = np.concatenate([digits.train.labels, digits.test.labels])
        assert np.sum(labels == 1) == second


def test_nothing_leaks_from_the_test_set():
    """Training angles are those of a pipeline that never saw the test set."""
    pixels, digits = load_digits(return_X_y=True)
    wanted = np.isin(digits, (0, 1))
    labels = np.where(digits[wanted] == 1, 1.0, -1.0)
    known, unseen, _, _ = train_test_split(
        pixels[wanted], labels, test_size=0.25, stratify=labels, random_state=5
    )
    fitted_on_train = pixels_to_angles(4).fit(known)
    fitted_on_all = pixels_to_angles(4).fit(pixels[wanted])
    loaded = Digits.load((0, 1), 4, seed=5)
    assert np.allclose(loaded.train.features, fitted_on_train.transform(known))
    assert np.allclose(loaded.test.features, fitted_on_train.transform(unseen))
    assert not np.allclose(loaded.train.features, fitted_on_all.transform(known))


def test_seed_decides_the_split():
    """The same seed splits alike, another one differently."""
    first, again, other = (Digits.load((0, 1), 4, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.test.features, again.test.features)
    assert not np.array_equal(first.test.features, other.test.features)
