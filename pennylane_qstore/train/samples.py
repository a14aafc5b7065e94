"""Labelled samples: to learn from, to validate on, and to test on."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.errors import OptionError


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled samples.

    Attributes:
        features: shape (samples, …)
        labels: shape (samples,): class numbers, or -1 and +1
    """

    features: NDArray[Any]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Any) -> Self:
        """Return some of the samples, chosen as NumPy indexes an array."""
        return type(self)(self.features[chosen], self.labels[chosen])

    def draw(self, size: int, rng: np.random.Generator) -> Self:
        """Return ``size`` samples, drawn without repetition."""
        return self[rng.choice(len(self), size, replace=False)]

    def few(self, per_class: int, rng: np.random.Generator) -> Self:
        """Draw equally many samples of each class, for few-shot training.

        Args:
            per_class: samples of each class; a class that has fewer gives all of them
            rng: random generator that draws

        Returns:
            the samples, class by class
        """
        chosen = [
            rng.permutation(np.flatnonzero(self.labels == label))[:per_class]
            for label in np.unique(self.labels)
        ]
        return self[np.concatenate(chosen)]

    def folds(self, count: int, seed: int) -> list[tuple[Self, Self]]:
        """Split the samples for k-fold cross-validation.

        Args:
            count: number of folds, from 2 to the number of samples
            seed: of the order in which samples are dealt out

        Returns:
            for each fold, the samples to learn from and those to validate on; each sample is
            in the validation set of one fold

        Raises:
            OptionError: fewer than 2 folds, or more than samples
        """
        if not 2 <= count <= len(self):  # noqa: PLR2004
            raise OptionError("count", count, f"use 2 to {len(self)}, the number of samples")
        order = np.random.default_rng([seed, 3]).permutation(len(self))
        parts = np.array_split(order, count)
        return [(self[np.setdiff1d(order, part)], self[np.sort(part)]) for part in parts]

    def split(self, fraction: float, seed: int) -> tuple[Self, Self | None]:
        """Keep a random fraction of the samples aside, for validation.

        Args:
            fraction: of the samples to keep aside, from 0 to less than 1
            seed: of the choice

        Returns:
            the samples to learn from, and those kept aside: at least one, None for fraction 0
        """
        if not fraction:
            return self, None
        order = np.random.default_rng([seed, 2]).permutation(len(self))
        n_aside = max(1, round(fraction * len(self)))
        return self[order[n_aside:]], self[order[:n_aside]]
