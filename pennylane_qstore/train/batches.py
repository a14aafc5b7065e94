"""Samples to mini-batches, in an order that can be taken up again."""

from copy import deepcopy
from typing import Any

import numpy as np

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.samples import Samples


class Batches:
    """Mini-batches without end: each epoch takes the samples in an order drawn anew.

    What doesn't fill a last batch is left to the next epoch's luck.

    Attributes:
        samples: to draw from
        size: of a batch
        epoch: from 1; 0 before the first batch
    """

    def __init__(self, samples: Samples, size: int, rng: np.random.Generator) -> None:
        n_samples = len(samples.labels)
        if not 1 <= size <= n_samples:
            raise OptionError("batch_size", size, f"there are {n_samples} to learn from")
        self.samples, self.size, self.epoch = samples, size, 0
        self._rng = rng
        self._order = np.arange(0)
        self._next = 0

    @property
    def an_epoch(self) -> int:
        """How many batches an epoch has."""
        return len(self.samples.labels) // self.size

    def draw(self) -> Samples:
        """The next batch."""
        if self._next + self.size > len(self._order):
            self._order = self._rng.permutation(len(self.samples.labels))
            self._next, self.epoch = 0, self.epoch + 1
        chosen = self._order[self._next : self._next + self.size]
        self._next += self.size
        return self.samples[chosen]

    def state(self) -> dict[str, Any]:
        """Where in which order it is, and where the chance stands."""
        return {
            "rng": deepcopy(self._rng),
            "order": self._order,
            "next": self._next,
            "epoch": self.epoch,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as a state says."""
        self._rng, self._order = state["rng"], state["order"]
        self._next, self.epoch = state["next"], state["epoch"]
