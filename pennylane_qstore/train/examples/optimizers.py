"""The optimizers that a training can be asked for by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pennylane as qml

from pennylane_qstore.optimize import QNSPSAOptimizer, SPSAOptimizer

# How far SPSA and QN-SPSA look to each side, in radians. Smaller, and shot noise hides the slope.
LOOK = 0.2
# What is added to QN-SPSA's metric. Smaller, and it takes noise for directions to run along.
REGULARIZATION = 0.1


@dataclass(frozen=True, slots=True)
class DefaultSteps:
    """How many steps an optimizer takes when nothing else is asked for, and how long ones."""

    steps: int
    stepsize: float


# Found by experiment on digits 0 and 1, with seeds 1 to 21.
PACES: Mapping[str, DefaultSteps] = MappingProxyType(
    {
        "spsa": DefaultSteps(100, 0.4),
        "qnspsa": DefaultSteps(100, 0.2),
        "adam": DefaultSteps(20, 0.2),
        "momentum": DefaultSteps(20, 0.1),
    }
)


def make_optimizer(name: str, pace: DefaultSteps, *, momentum: float = 0.9, seed: int = 1) -> Any:
    """An optimizer by its name, whose step is one job.

    Args:
        name: a key of ``PACES``
        pace: SPSA's gain falls with the steps, and is such that the first has the length asked for
        momentum: share of the last step that goes into the next one, where the optimizer has that
        seed: of QN-SPSA's directions
    """
    if name == "spsa":
        stability, alpha = 0.1 * pace.steps, 0.602
        gain = pace.stepsize * (stability + 1) ** alpha
        return SPSAOptimizer(A=stability, a=gain, alpha=alpha, c=LOOK)
    if name == "qnspsa":
        return QNSPSAOptimizer(
            stepsize=pace.stepsize,
            regularization=REGULARIZATION,
            finite_diff_step=LOOK,
            blocking=False,
            seed=seed,
        )
    if name == "momentum":
        return qml.MomentumOptimizer(pace.stepsize, momentum)
    return qml.AdamOptimizer(pace.stepsize)


def circuits_a_sample(name: str, n_weights: int) -> int:
    """How many circuits a step runs for each sample of its batch.

    Args:
        name: a key of ``PACES``
        n_weights: of the circuit, each with two parameter shifts
    """
    return {"spsa": 2, "qnspsa": 6}.get(name, 2 * n_weights + 1)
