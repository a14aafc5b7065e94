"""Train PennyLane circuits on IonQ's computers: ``qml.device("qstore.ionq")``."""

from pennylane_qstore.compilation import Compilation, compile
from pennylane_qstore.device import QStoreDevice
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
from pennylane_qstore.ops import GPI, GPI2, MS, ZZ
from pennylane_qstore.optimize import QNSPSAOptimizer
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
    "NoBackendError",
    "OptionError",
    "QNSPSAOptimizer",
    "QStoreDevice",
    "QStoreError",
    "RateLimitError",
    "RejectedError",
    "TemplateFileError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOutcomeError",
    "__version__",
    "compile",
    "run",
]
