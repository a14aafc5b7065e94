"""Fewer derivatives a step, by lot or by dropping small ones: does it save circuits in the end?

Run with `python -m benchmarks.simplification`. Two digits are learned by parameter-shift gradients
with Adam, from simulated shots. Counted are circuits and steps, each of which is a job and a wait,
until the loss on all training samples, without shot noise, is as low as asked for. The rivals are
the full gradient, and the full gradient of smaller batches, which needs no new code.

- by lot: each step measures a random share of the weights' derivatives and moves those weights.
- dropped: a weight whose derivative stayed below its shot noise for some steps rests for some
  steps, and is looked at again after them.

`--short` runs two seeds.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from pennylane_qstore.train.examples.digits.dataset import Digits
from pennylane_qstore.train.examples.pictures.architecture import Architecture
from pennylane_qstore.train.examples.pictures.statevector import StatevectorSimulator
from pennylane_qstore.train.samples import Samples

WIRES, BATCH, STEPSIZE, MOST = 4, 16, 0.1, 600
SHAPES = {"3 layers": 3, "8 layers": 8}
SHOTS, GOALS = (100, 1_000), (0.5, 0.3)
PATIENCE, REST = 5, 20  # steps

Chooser = Callable[["Choice"], np.ndarray]


class Choice:
    """What a way of choosing may look at: a lot, and each weight's last derivatives."""

    def __init__(self, n_weights: int, rng: np.random.Generator) -> None:
        self.rng, self.n_weights = rng, n_weights
        self.small = np.zeros(n_weights, int)  # steps below the noise, in a row
        self.rests = np.zeros(n_weights, int)  # steps left

    def saw(self, chosen: np.ndarray, slopes: np.ndarray, noise: float) -> None:
        """Notes the derivatives of the chosen weights, and puts small ones to rest."""
        self.rests = np.maximum(self.rests - 1, 0)
        self.small[chosen] = np.where(np.abs(slopes) < noise, self.small[chosen] + 1, 0)
        tired = self.small >= PATIENCE
        self.rests[tired], self.small[tired] = REST, PATIENCE - 1  # one look after the rest


def everything(choice: Choice) -> np.ndarray:
    """All weights."""
    return np.arange(choice.n_weights)


def by_lot(choice: Choice, share: float) -> np.ndarray:
    """A share of the weights."""
    size = max(1, round(share * choice.n_weights))
    return choice.rng.choice(choice.n_weights, size, replace=False)


def dropped(choice: Choice) -> np.ndarray:
    """The weights that don't rest; all of them where none is left."""
    awake = np.flatnonzero(choice.rests == 0)
    return awake if awake.size else everything(choice)


# And the samples a step.
WAYS: dict[str, tuple[Chooser, int]] = {
    "full gradient": (everything, BATCH),
    "full, batch / 2": (everything, BATCH // 2),
    "full, batch / 4": (everything, BATCH // 4),
    "by lot, 1/2": (partial(by_lot, share=0.5), BATCH),
    "by lot, 1/4": (partial(by_lot, share=0.25), BATCH),
    "dropped below noise": (dropped, BATCH),
}


def cost_of(
    way: Chooser, size: int, layers: int, shots: int, seed: int
) -> list[tuple[float, float]]:
    """Circuits and steps until each loss is reached; inf where it isn't in the steps there are."""
    rng = np.random.default_rng(seed)
    samples = Digits.load((3, 8), WIRES, seed).train
    shape = Architecture(WIRES, WIRES, layers, "linear", "angle", 2)
    simulator, weights = StatevectorSimulator(shape), np.zeros(shape.n_weights)
    shape.split(weights)["scale"][:] = 1
    scales = shape.split(weights)["scale"].size
    turned = np.arange(scales, scales + 2 * layers * WIRES - WIRES)  # what has a shift rule
    weights[turned] = rng.uniform(-0.3, 0.3, turned.size)

    def scores(weights: np.ndarray, batch: Samples, shots: int | None) -> np.ndarray:
        exact = simulator.values(weights, batch.features)[:, -1]
        up = np.clip((1 + exact) / 2, 0, 1)
        return exact if shots is None else 2 * rng.binomial(shots, up) / shots - 1

    choice, reached = Choice(turned.size, rng), [(np.inf, np.inf)] * len(GOALS)
    moments, squares, ages = np.zeros((3, turned.size))
    circuits = 0
    for step in range(1, MOST + 1):
        batch = samples.draw(size, rng)
        chosen = way(choice)
        errors = scores(weights, batch, shots) - batch.labels
        slopes, circuits = np.zeros(chosen.size), circuits + size * (1 + 2 * chosen.size)
        for place, index in enumerate(chosen):
            shift = np.zeros_like(weights)
            shift[turned[index]] = np.pi / 2
            plus, minus = (scores(weights + sign * shift, batch, shots) for sign in (1, -1))
            slopes[place] = np.mean(errors * (plus - minus))
        noise = np.sqrt(np.mean(errors**2) / (2 * shots * size))
        choice.saw(chosen, slopes, float(noise))
        ages[chosen] += 1
        moments[chosen] = 0.9 * moments[chosen] + 0.1 * slopes
        squares[chosen] = 0.99 * squares[chosen] + 0.01 * slopes**2
        length = STEPSIZE * np.sqrt(1 - 0.99 ** ages[chosen]) / (1 - 0.9 ** ages[chosen])
        weights[turned[chosen]] -= length * moments[chosen] / (np.sqrt(squares[chosen]) + 1e-8)
        loss = np.mean((scores(weights, samples, None) - samples.labels) ** 2)
        now = (circuits, step)
        pairs = zip(reached, GOALS, strict=True)
        reached = [min(before, now) if loss <= goal else before for before, goal in pairs]
        if np.isfinite(reached).all():
            break
    return reached


def main() -> None:
    """Print a table: medians over seeds, and how many times fewer than for the full gradient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    seeds = range(1, 2 if parser.parse_args().short else 8)
    print("circuit   shots  loss  way                   circuits   gain   steps   gain  reached")
    for (circuit, layers), shots in product(SHAPES.items(), SHOTS):
        found = {
            name: np.array([cost_of(way, size, layers, shots, seed) for seed in seeds])
            for name, (way, size) in WAYS.items()
        }
        for place, goal in enumerate(GOALS):
            rival = np.median(found["full gradient"][:, place], axis=0)
            for name, counts in found.items():
                median = np.median(counts[:, place], axis=0)
                gain = rival / median
                reached = np.isfinite(counts[:, place, 0]).sum()
                print(
                    f"{circuit:9} {shots:5} {goal:5}  {name:20} {median[0]:9.0f} {gain[0]:5.2f}x "
                    f"{median[1]:7.0f} {gain[1]:5.2f}x  {reached} of {len(seeds)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
