"""Train PennyLane circuits on IonQ's computers: ``qml.device("qstore.ionq")``.

Names are imported when they are first used, so that the command line starts without PennyLane.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pennylane_qstore.version import __version__

if TYPE_CHECKING:
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
    from pennylane_qstore.gathering.deviations import to_precision, with_std
    from pennylane_qstore.gathering.gather import gather, map
    from pennylane_qstore.gathering.replay import replay
    from pennylane_qstore.mitigation.extrapolation import (
        exponential_extrapolate,
        linear_extrapolate,
        richardson_extrapolate,
    )
    from pennylane_qstore.mitigation.settings import PEC, ZNE, Calibration, Readout, Symmetry
    from pennylane_qstore.mitigation.transforms import fold, mitigate
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

__all__ = [
    "GPI",
    "GPI2",
    "MS",
    "PEC",
    "ZNE",
    "ZZ",
    "BudgetError",
    "Calibration",
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
    "Readout",
    "RejectedError",
    "RotosolveOptimizer",
    "SPSAOptimizer",
    "Symmetry",
    "TemplateFileError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOutcomeError",
    "__version__",
    "compile",
    "exponential_extrapolate",
    "fold",
    "gather",
    "grad_fn",
    "linear_extrapolate",
    "map",
    "mitigate",
    "replay",
    "richardson_extrapolate",
    "run",
    "spsa_grad",
    "to_precision",
    "value_and_grad",
    "with_std",
]

# The names of each module.
_MODULES = {
    "device.compilation": ("Compilation", "compile"),
    "device.device": ("QStoreDevice",),
    "errors": (
        "BudgetError",
        "CloudError",
        "CompileError",
        "DeadlineError",
        "DryRun",
        "Interrupted",
        "JobError",
        "NoBackendError",
        "OptionError",
        "QStoreError",
        "RateLimitError",
        "RejectedError",
        "TemplateFileError",
        "UnauthorizedError",
        "UnavailableError",
        "UnknownOutcomeError",
    ),
    "gathering.deviations": ("to_precision", "with_std"),
    "gathering.gather": ("gather", "map"),
    "gathering.replay": ("replay",),
    "mitigation.extrapolation": (
        "exponential_extrapolate",
        "linear_extrapolate",
        "richardson_extrapolate",
    ),
    "mitigation.settings": ("PEC", "ZNE", "Calibration", "Readout", "Symmetry"),
    "mitigation.transforms": ("fold", "mitigate"),
    "ops": ("GPI", "GPI2", "MS", "ZZ"),
    "optimize": (
        "MomentumQNGOptimizer",
        "QNGOptimizer",
        "QNSPSAOptimizer",
        "RotosolveOptimizer",
        "SPSAOptimizer",
    ),
    "optimize.gradients": ("grad_fn", "spsa_grad", "value_and_grad"),
    "runs": ("run",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name or a submodule, imported now."""
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
        return import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, also those that aren't imported yet."""
    return sorted({*globals(), *__all__})
