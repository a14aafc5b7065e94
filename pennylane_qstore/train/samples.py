"""Labelled samples, as what is learned from and what is asked in the end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled samples.

    Attributes:
        features: shape (samples, …)
        labels: a class, or -1 and +1; shape (samples,)
    """

    features: NDArray[Any]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Any) -> "Samples":
        """Some of them, chosen as NumPy chooses."""
        return Samples(self.features[chosen], self.labels[chosen])

    def draw(self, size: int, rng: np.random.Generator) -> "Samples":
        """Draw without repetition.

        Args:
            size: how many
            rng: where the chance comes from

        Returns:
            the ones drawn
        """
        return self[rng.choice(len(self), size, replace=False)]

    def few(self, a_class: int, rng: np.random.Generator) -> "Samples":
        """Draw equally many of each class, for few-shot training.

        Args:
            a_class: how many of each; a class that has fewer gives all of them
            rng: where the chance comes from
        """
        chosen = [
            rng.permutation(np.flatnonzero(self.labels == label))[:a_class]
            for label in np.unique(self.labels)
        ]
        return self[np.concatenate(chosen)]
