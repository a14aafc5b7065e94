"""Mini-batches of samples, in an order that a resumed training continues."""

from copy import deepcopy
from typing import Any

import numpy as np

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.samples import Samples


class Batches:
    """Mini-batches without end; each epoch draws a new order of the samples.

    Samples that don't fill a last batch are left out of their epoch.

    Attributes:
        samples: to draw from
        size: samples of a batch
        epoch: number of the epoch, from 1; 0 before the first batch
    """

    def __init__(self, samples: Samples, size: int, rng: np.random.Generator) -> None:
        """Start before the first batch.

        Args:
            samples: to draw from
            size: samples of a batch
            rng: random generator of the order

        Raises:
            OptionError: a batch has no samples, or more than there are
        """
        if not 1 <= size <= len(samples):
            raise OptionError("batch_size", size, f"there are {len(samples)} to learn from")
        self.samples, self.size, self.epoch = samples, size, 0
        self._rng = rng
        self._order = np.arange(0)
        self._next = 0

    @property
    def per_epoch(self) -> int:
        """The number of batches of an epoch."""
        return len(self.samples) // self.size

    def draw(self) -> Samples:
        """Return the next batch."""
        if self._next + self.size > len(self._order):
            self._order = self._rng.permutation(len(self.samples))
            self._next, self.epoch = 0, self.epoch + 1
        chosen = self._order[self._next : self._next + self.size]
        self._next += self.size
        return self.samples[chosen]

    def state(self) -> dict[str, Any]:
        """Return the order, the position in it, and the random generator."""
        return {
            "rng": deepcopy(self._rng),
            "order": self._order,
            "next": self._next,
            "epoch": self.epoch,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self._rng, self._order = state["rng"], state["order"]
        self._next, self.epoch = state["next"], state["epoch"]
