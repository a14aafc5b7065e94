"""Pictures become features of equal spread, and the test set stays unseen."""

import gzip

import numpy as np
import pytest

from pennylane_qstore.train.examples.pictures import dataset
from pennylane_qstore.train.examples.pictures.dataset import SPREAD, Pictures, digits, load_pictures
from pennylane_qstore.train.examples.pictures.idx import DataError
from pennylane_qstore.train.samples import Samples
from tests.train.examples.pictures.test_idx import written


@pytest.fixture
def folder(tmp_path):
    """Four IDX files as Debian's package has them, of few and small pictures."""
    rng = np.random.default_rng(1)
    for part, count in (("train", 200), ("t10k", 50)):
        images = rng.integers(0, 256, (count, 4, 4), dtype=np.uint8)
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            path = written(tmp_path / f"{part}-{kind}-ubyte", array)
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    return tmp_path


def test_a_folder(folder):
    """Pixels from 0 to 1, labels as integers, and no notice."""
    found, notice = load_pictures(folder, seed=1)
    assert notice is None
    assert found.name == "Fashion-MNIST"
    assert (found.train.features.shape, found.test.features.shape) == ((200, 16), (50, 16))
    assert 0 <= found.train.features.min() < found.train.features.max() <= 1
    assert found.train.labels.dtype == np.int64


def test_a_folder_without_them(tmp_path):
    """Where a folder is named, nothing else is taken instead."""
    with pytest.raises(DataError, match=r"there is no .*train-images-idx3-ubyte"):
        load_pictures(tmp_path, seed=1)


def test_files_that_do_not_belong_together(folder):
    """Other numbers of labels than of images, or labels that are no classes, are refused."""
    written(folder / "train-labels-idx1-ubyte", np.zeros(7, np.uint8))
    with pytest.raises(DataError, match="200 images and 7 labels of train"):
        load_pictures(folder, seed=1)
    written(folder / "train-labels-idx1-ubyte", np.full(200, 10, np.uint8))
    with pytest.raises(DataError, match="labels of train must be from 0 to 9"):
        load_pictures(folder, seed=1)


def test_digits_are_the_fallback(monkeypatch, tmp_path):
    """Where nothing is installed, the notice says what is there instead and what to do."""
    monkeypatch.setattr(dataset, "FASHION", tmp_path / "nowhere")
    found, notice = load_pictures(None, seed=1)
    assert found.name == "digits"
    assert len(found.train) + len(found.test) == 1797
    assert "dataset-fashion-mnist" in notice
    assert "--data FOLDER" in notice


def test_features_are_fitted_on_the_training_set():
    """Equal spread and no correlation there; the test set changes nothing."""
    found = digits(seed=1)
    few = found.reduced(20)
    assert np.allclose(few.train.features.std(axis=0, ddof=1), SPREAD)
    assert np.allclose(np.corrcoef(few.train.features.T), np.eye(20), atol=1e-9)
    other = Pictures("", found.train, Samples(found.test.features[:5] * 3, found.test.labels[:5]))
    assert np.array_equal(other.reduced(20).train.features, few.train.features)


def test_more_components_than_there_are():
    """Features that the pixels don't have are zero, not noise or nan."""
    pixels = np.zeros((30, 4))
    pixels[:, :2] = np.random.default_rng(1).normal(size=(30, 2))
    samples = Samples(pixels, np.zeros(30, int))
    features = Pictures("", samples, samples).reduced(6).train.features
    assert features.shape == (30, 6)
    assert np.allclose(features.std(axis=0, ddof=1), [SPREAD, SPREAD, 0, 0, 0, 0])
