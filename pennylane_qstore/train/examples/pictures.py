"""Pictures of ten classes, to features: Fashion-MNIST, or scikit-learn's digits in its place."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from pennylane_qstore.train.examples.idx import DataError, read_idx
from pennylane_qstore.train.examples.options import FASHION
from pennylane_qstore.train.samples import Samples

CLASSES = 10
# The standard deviation that each feature is given: as an angle, half a radian turns a wire
# visibly, and seldom round.
SPREAD = 0.5
_IMAGES, _LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"
# A component with less than this share of the first one's variance is noise of the arithmetic.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Pictures:
    """Labelled pictures, split into what is learned from and what is asked in the end.

    Attributes:
        name: of the data set
        train: pixels, from 0 to 1, and classes from 0
        test: the same
    """

    name: str
    train: Samples
    test: Samples

    def reduced(self, components: int) -> "Pictures":
        """The first principal components of the pixels, fitted on the training set alone.

        Args:
            components: how many; those beyond what the pixels have are zero

        Returns:
            features of equal spread instead of pixels
        """
        found = min(components, *self.train.features.shape)
        pca = PCA(found, svd_solver="covariance_eigh").fit(self.train.features)
        variance = pca.explained_variance_
        kept = variance > _NOTHING * variance[0]
        scale = np.where(kept, SPREAD / np.sqrt(np.where(kept, variance, 1.0)), 0.0)

        def features(samples: Samples) -> Samples:
            scores = pca.transform(samples.features) * scale
            missing = ((0, 0), (0, components - found))
            return Samples(np.pad(scores, missing), samples.labels)

        return Pictures(self.name, features(self.train), features(self.test))


def load_pictures(folder: Path | None, seed: int) -> tuple[Pictures, str | None]:
    """Fashion-MNIST from a folder; where none is named and none is installed, the digits.

    Args:
        folder: with the four IDX files, plain or with ``.gz``; None looks where Debian's package
            ``dataset-fashion-mnist`` puts them
        seed: of the digits' split

    Returns:
        the pictures, and a notice where they are not what was asked for

    Raises:
        DataError: the folder that was named has no such files, or they are damaged
    """
    if folder is not None or FASHION.is_dir():
        return fashion_mnist(folder or FASHION), None
    return digits(seed), (
        f"no Fashion-MNIST in {FASHION}: these are scikit-learn's digits. Install Debian's "
        "dataset-fashion-mnist, or name a folder with the four IDX files: --data FOLDER"
    )


def fashion_mnist(folder: Path) -> Pictures:
    """Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv:1708.07747) from its four IDX files.

    Raises:
        DataError: they aren't there, are damaged, or don't belong together
    """
    return Pictures("Fashion-MNIST", _read(folder, "train"), _read(folder, "t10k"))


def digits(seed: int) -> Pictures:
    """Scikit-learn's 1,797 digits of 8x8 pixels, a quarter of them for testing."""
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
