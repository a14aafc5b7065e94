"""Train PennyLane circuits on IonQ's computers: ``qml.device("qstore.ionq")``."""

from pennylane_qstore.device.compilation import Compilation, compile
from pennylane_qstore.device.device import QStoreDevice
from pennylane_qstore.errors import (
    BudgetError,
    CloudError,
    CompileError,
    DeadlineError,
    DryRun,
    Interrupted,
    JobError,
    NoBackendError,
    OptionError,
    QStoreError,
    RateLimitError,
    RejectedError,
    TemplateFileError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.gathering.gather import gather, map
from pennylane_qstore.gathering.replay import replay
from pennylane_qstore.ops import GPI, GPI2, MS, ZZ
from pennylane_qstore.optimize import (
    MomentumQNGOptimizer,
    QNGOptimizer,
    QNSPSAOptimizer,
    RotosolveOptimizer,
    SPSAOptimizer,
)
from pennylane_qstore.optimize.gradients import grad_fn, spsa_grad, value_and_grad
from pennylane_qstore.runs import run
from pennylane_qstore.version import __version__

__all__ = [
    "GPI",
    "GPI2",
    "MS",
    "ZZ",
    "BudgetError",
    "CloudError",
    "Compilation",
    "CompileError",
    "DeadlineError",
    "DryRun",
    "Interrupted",
    "JobError",
    "MomentumQNGOptimizer",
    "NoBackendError",
    "OptionError",
    "QNGOptimizer",
    "QNSPSAOptimizer",
    "QStoreDevice",
    "QStoreError",
    "RateLimitError",
    "RejectedError",
    "RotosolveOptimizer",
    "SPSAOptimizer",
    "TemplateFileError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOutcomeError",
    "__version__",
    "compile",
    "gather",
    "grad_fn",
    "map",
    "replay",
    "run",
    "spsa_grad",
    "value_and_grad",
]
