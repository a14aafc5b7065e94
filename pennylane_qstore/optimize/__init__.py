"""PennyLane's optimizers, with the same arguments and the same steps: each step is one job."""

from pennylane_qstore.optimize.natural import MomentumQNGOptimizer, QNGOptimizer
from pennylane_qstore.optimize.qnspsa import QNSPSAOptimizer
from pennylane_qstore.optimize.rotosolve import RotosolveOptimizer
from pennylane_qstore.optimize.spsa import SPSAOptimizer

__all__ = [
    "MomentumQNGOptimizer",
    "QNGOptimizer",
    "QNSPSAOptimizer",
    "RotosolveOptimizer",
    "SPSAOptimizer",
]
