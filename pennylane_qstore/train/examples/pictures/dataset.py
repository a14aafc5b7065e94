"""Load ten classes of pictures as features: Fashion-MNIST, or else scikit-learn's digits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from pennylane_qstore.train.examples.options import FASHION
from pennylane_qstore.train.examples.pictures.idx import DataError, read_idx
from pennylane_qstore.train.samples import Samples

CLASSES = 10
# Each feature's standard deviation in radians: it rotates a wire visibly, and seldom beyond π.
SPREAD = 0.5
_IMAGES, _LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"
# A component with less variance than this fraction of the first one's is rounding noise.
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class Pictures:
    """Labelled pictures, split into a training and a test set.

    Attributes:
        name: of the data set
        train: pixels, from 0 to 1, and classes from 0
        test: the same
    """

    name: str
    train: Samples
    test: Samples

    def reduced(self, components: int) -> "Pictures":
        """Replace pixels by their first principal components, fitted on the training set alone.

        Args:
            components: number of features; those beyond the pixels' rank are zero

        Returns:
            pictures with features of standard deviation ``SPREAD``, shape (samples, components)
        """
        n_fitted = min(components, *self.train.features.shape)
        pca = PCA(n_fitted, svd_solver="covariance_eigh").fit(self.train.features)
        variance = pca.explained_variance_
        kept = variance > _NEGLIGIBLE * variance[0]
        scale = np.where(kept, SPREAD / np.sqrt(np.where(kept, variance, 1.0)), 0.0)

        def features(samples: Samples) -> Samples:
            scores = pca.transform(samples.features) * scale
            missing = ((0, 0), (0, components - n_fitted))
            return Samples(np.pad(scores, missing), samples.labels)

        return Pictures(self.name, features(self.train), features(self.test))


def load_pictures(folder: Path | None, seed: int) -> tuple[Pictures, str | None]:
    """Load Fashion-MNIST from a folder, or scikit-learn's digits if none is named or installed.

    Args:
        folder: with the four IDX files, plain or with ``.gz``; None looks where Debian's package
            ``dataset-fashion-mnist`` puts them
        seed: of the digits' split

    Returns:
        the pictures, and a notice if they are the digits, else None

    Raises:
        DataError: the named folder has no such files, or they are damaged
    """
    if folder is not None or FASHION.is_dir():
        return fashion_mnist(folder or FASHION), None
    return digits(seed), (
        f"no Fashion-MNIST in {FASHION}: these are scikit-learn's digits. Install Debian's "
        "dataset-fashion-mnist, or name a folder with the four IDX files: --data FOLDER"
    )


def fashion_mnist(folder: Path) -> Pictures:
    """Read Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv:1708.07747) from its four IDX files.

    Args:
        folder: with the four files

    Returns:
        60,000 training and 10,000 test pictures of 28x28 pixels

    Raises:
        DataError: files are missing, damaged, or don't belong together
    """
    return Pictures("Fashion-MNIST", _read(folder, "train"), _read(folder, "t10k"))


def digits(seed: int) -> Pictures:
    """Return scikit-learn's 1,797 digits of 8x8 pixels, a quarter of them as test set."""
    pixels, labels = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        pixels / 16, labels, test_size=0.25, stratify=labels, random_state=seed
    )
    return Pictures("digits", Samples(x_train, y_train), Samples(x_test, y_test))


def _read(folder: Path, part: str) -> Samples:
    images = read_idx(folder / _IMAGES.format(part), 3)
    labels: NDArray[np.uint8] = read_idx(folder / _LABELS.format(part), 1)
    if len(images) != len(labels):
        raise DataError(f"{folder} has {len(images)} images and {len(labels)} labels of {part}")
    if not len(labels) or labels.max() >= CLASSES:
        raise DataError(f"{folder}: the labels of {part} must be from 0 to {CLASSES - 1}")
    return Samples(images.reshape(len(images), -1) / 255, labels.astype(np.int64))
