"""Load handwritten digits as rotation angles and labels."""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from pennylane_qstore.train.samples import Samples


@dataclass(frozen=True, slots=True)
class Digits:
    """Two classes of digits, split into a training and a test set.

    Attributes:
        train: samples to learn from
        test: samples to test on
    """

    train: Samples
    test: Samples

    @classmethod
    def load(cls, classes: tuple[int, ...], wires: int, seed: int) -> "Digits":
        """Load scikit-learn's 8x8 digits as one angle per wire.

        The scaling and the principal components are fitted on the training set alone.

        Args:
            classes: the digit labelled -1 and the digit labelled +1
            wires: number of principal components to keep
            seed: of the split; a quarter of the samples is the test set

        Returns:
            both sets, with features of shape (samples, wires) in radians
        """
        pixels, digits = load_digits(return_X_y=True)
        wanted = np.isin(digits, classes)
        labels = np.where(digits[wanted] == classes[1], 1.0, -1.0)
        x_train, x_test, y_train, y_test = train_test_split(
            pixels[wanted], labels, test_size=0.25, stratify=labels, random_state=seed
        )
        to_angles = pixels_to_angles(wires).fit(x_train)
        return cls(
            train=Samples(to_angles.transform(x_train), y_train),
            test=Samples(to_angles.transform(x_test), y_test),
        )


def pixels_to_angles(wires: int) -> Pipeline:
    """Return a pipeline that standardises, keeps some components, and scales to [-π/2, π/2]."""
    quarter_turn = np.pi / 2
    return make_pipeline(
        StandardScaler(), PCA(wires), MinMaxScaler((-quarter_turn, quarter_turn), clip=True)
    )
