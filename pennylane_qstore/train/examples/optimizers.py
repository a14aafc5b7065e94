"""Optimizers by the name that ``qstore train --optimizer`` is given."""

from typing import Any

import pennylane as qml

from pennylane_qstore.optimize import QNSPSAOptimizer, SPSAOptimizer
from pennylane_qstore.train.examples.options import DefaultSteps

# SPSA's and QN-SPSA's perturbation in radians: with a smaller one, shot noise hides the slope.
PERTURBATION = 0.2
# Added to QN-SPSA's metric: with less, steps follow the noise of the metric.
REGULARIZATION = 0.1
_WITH_MOMENTUM = {
    "momentum": qml.MomentumOptimizer,
    "nesterov": qml.NesterovMomentumOptimizer,
}
_BY_GRADIENT = {
    "adam": qml.AdamOptimizer,
    "sgd": qml.GradientDescentOptimizer,
    "adagrad": qml.AdagradOptimizer,
    "rmsprop": qml.RMSPropOptimizer,
}


def make_optimizer(name: str, pace: DefaultSteps, *, momentum: float = 0.9, seed: int = 1) -> Any:
    """Make an optimizer whose step is one job.

    Args:
        name: a key of ``options.PACES``
        pace: steps and step size; SPSA's gains are such that the first step has this size
        momentum: fraction of the last step that is added to the next, for "momentum" and "nesterov"
        seed: of QN-SPSA's directions

    Returns:
        the optimizer
    """
    if name == "spsa":
        stability, alpha = 0.1 * pace.steps, 0.602
        gain = pace.stepsize * (stability + 1) ** alpha
        return SPSAOptimizer(A=stability, a=gain, alpha=alpha, c=PERTURBATION)
    if name == "qnspsa":
        return QNSPSAOptimizer(
            stepsize=pace.stepsize,
            regularization=REGULARIZATION,
            finite_diff_step=PERTURBATION,
            blocking=False,
            seed=seed,
        )
    if name in _WITH_MOMENTUM:
        return _WITH_MOMENTUM[name](pace.stepsize, momentum)
    return _BY_GRADIENT[name](pace.stepsize)


def circuits_per_sample(name: str, n_weights: int) -> int:
    """Return how many circuits a step runs for each sample of its batch.

    Args:
        name: a key of ``options.PACES``
        n_weights: trainable weights of the circuit, each with two parameter shifts
    """
    return {"spsa": 2, "qnspsa": 6}.get(name, 2 * n_weights + 1)
