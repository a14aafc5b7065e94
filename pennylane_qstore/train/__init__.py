"""``qstore train``, and the trainer it is built on, for circuits and modules of your own.

Names are imported when they are first used: the command's options need no PennyLane.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pennylane_qstore.train.checkpoint import CheckpointError
    from pennylane_qstore.train.examples.arguments import add_arguments
    from pennylane_qstore.train.examples.command import main, run
    from pennylane_qstore.train.history import Measured, Step
    from pennylane_qstore.train.learners import CircuitLearner, GradientLearner
    from pennylane_qstore.train.meter import Meter
    from pennylane_qstore.train.samples import Samples
    from pennylane_qstore.train.trainer import Plan, Saving, Trainer

_MODULES = {
    "CheckpointError": "checkpoint",
    "CircuitLearner": "learners",
    "GradientLearner": "learners",
    "Measured": "history",
    "Meter": "meter",
    "Plan": "trainer",
    "Samples": "samples",
    "Saving": "trainer",
    "Step": "history",
    "Trainer": "trainer",
    "add_arguments": "examples.arguments",
    "main": "examples.command",
    "run": "examples.command",
}

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


def __getattr__(name: str) -> Any:
    """Return a public name, imported from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, also those that aren't imported yet."""
    return sorted({*globals(), *__all__})
