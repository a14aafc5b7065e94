"""``qstore train``, and the trainer it is built on, for one's own circuits and modules."""

from pennylane_qstore.train.checkpoint import CheckpointError
from pennylane_qstore.train.examples.arguments import add_arguments
from pennylane_qstore.train.examples.command import main, run
from pennylane_qstore.train.history import Measured, Step
from pennylane_qstore.train.learners import CircuitLearner, GradientLearner
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples
from pennylane_qstore.train.trainer import Plan, Saving, Trainer

__all__ = [
    "CheckpointError",
    "CircuitLearner",
    "GradientLearner",
    "Measured",
    "Meter",
    "Plan",
    "Samples",
    "Saving",
    "Step",
    "Trainer",
    "add_arguments",
    "main",
    "run",
]
