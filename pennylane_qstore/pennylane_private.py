"""The private names of PennyLane, autograd and JAX that this package uses, all in one place.

A new release may take any of them away. ``tests/test_pennylane_private.py`` has a test for each,
which then fails with its name.
"""

import contextvars
import functools
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from autograd import tracer
from pennylane import QNode
from pennylane.gradients.finite_difference import _processing_fn as of_each_shot_copy
from pennylane.gradients.gradient_transform import _all_zero_grad as all_zero_grad
from pennylane.gradients.gradient_transform import _no_trainable_grad as no_trainable_grad
from pennylane.gradients.gradient_transform import (
    assert_no_trainable_tape_batching,
    choose_trainable_param_indices,
    contract_qjac_with_cjac,
    find_and_validate_gradient_methods,
)
from pennylane.gradients.spsa_gradient import _expand_transform_spsa as expand_for_spsa
from pennylane.gradients.spsa_gradient import _rademacher_sampler as rademacher_sampler
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operation, Operator
from pennylane.optimize.qng import _reshape_and_regularize as reshape_and_regularize
from pennylane.optimize.rotosolve import _restrict_to_univariate as restrict_to_univariate
from pennylane.optimize.rotosolve import _validate_inputs as validate_rotosolve_inputs
from pennylane.queuing import AnnotatedQueue, QueuingManager

try:
    from pennylane.resource import Resources as GateCounts
    from pennylane.resource import ResourcesOperation as CountedOperation
except ImportError:  # PennyLane 0.46 counts an operation as one gate
    CountedOperation, GateCounts = Operation, dict

__all__ = [
    "DATA",
    "HYPERPARAMETERS",
    "CountedOperation",
    "GateCounts",
    "all_zero_grad",
    "assert_no_trainable_tape_batching",
    "carrier",
    "choose_trainable_param_indices",
    "contract_qjac_with_cjac",
    "control_labels",
    "expand_for_spsa",
    "find_and_validate_gradient_methods",
    "is_in_jax_callback",
    "is_in_workflow",
    "is_recording",
    "isolate",
    "no_trainable_grad",
    "of_each_shot_copy",
    "rademacher_sampler",
    "reshape_and_regularize",
    "restrict_to_univariate",
    "sample_dtype",
    "unrecorded",
    "validate_rotosolve_inputs",
    "watching",
    "wire_labels",
]

# Where an operation keeps its hyperparameters and its parameters, for a copy that skips its
# constructor. Until PennyLane 0.45 `data` is a plain attribute.
HYPERPARAMETERS = "_hyperparameters"
DATA = "_data" if hasattr(Operator, "data") else "data"
# An operation's wire labels, past the properties, which take longer than all else that is read.
wire_labels = operator.attrgetter("_wires._labels")
# The labels of a controlled operation's control wires.
control_labels = operator.attrgetter("control_wires._labels")
# Whether this thread records a circuit; PennyLane has one lock for a process.
is_recording: Callable[[], bool] = AnnotatedQueue._lock._is_owned  # noqa: SLF001  no other way
# The module in which JAX's compiled functions call back into Python.
_JAX_CALLBACK = "jax._src.callback"
# The module in which PennyLane has devices execute tapes, inside of what it differentiates.
_WORKFLOW = "pennylane.workflow.run"
# The thread-local settings of JAX: each is a context manager of that name, and the setting
# "jax_…" of ``jax.config``.
JAX_SETTINGS = (
    "check_tracer_leaks", "debug_infs", "debug_nans", "default_device", "default_matmul_precision",
    "default_prng_impl", "disable_jit", "enable_x64", "log_compiles", "numpy_dtype_promotion",
    "numpy_rank_promotion",
)  # fmt: skip


class _ThreadState(threading.local):
    """The state of one thread.

    Attributes:
        top: the innermost of autograd's traces; None before the first
        outputs: what a QNode's function returned last, by the QNode's id; None outside a worker
        watcher: called with each QNode whose circuit has been constructed, before it runs
    """

    top: int | None = None
    outputs: dict[int, Any] | None = None
    watcher: Callable[[QNode], None] | None = None


_kept = _ThreadState()


class _TraceStack(tracer.TraceStack):
    """Autograd's stack of nested derivatives, one for each thread.

    Autograd counts them in one global variable. A thread that leaves a derivative lowers the count
    of every other thread, and a nested derivative there is silently wrong.
    """

    @property
    def top(self) -> int:
        """The number of the innermost derivative in this thread; -1 for none."""
        return int(self.__dict__["top"]) if _kept.top is None else _kept.top

    @top.setter
    def top(self, number: int) -> None:
        _kept.top = number


class _Output:
    """The output of a QNode's function, one for each worker thread.

    Results take the structure of this output. PennyLane keeps it on the QNode while the device
    works, so two threads that call one QNode may get results in each other's structure.
    """

    def __get__(self, qnode: QNode | None, owner: type[QNode]) -> Any:
        if qnode is None:
            return self
        if _kept.outputs is not None and id(qnode) in _kept.outputs:
            return _kept.outputs[id(qnode)]
        return qnode.__dict__.get("_qfunc_output")

    def __set__(self, qnode: QNode, output: Any) -> None:
        qnode.__dict__["_qfunc_output"] = output
        if _kept.outputs is not None:
            _kept.outputs[id(qnode)] = output
        if _kept.watcher is not None:
            _kept.watcher(qnode)


def sample_dtype(measurement: MeasurementProcess) -> Any:
    """Return the data type that a user asked samples to have, or None."""
    return getattr(measurement, "_dtype", None)


def is_in_jax_callback() -> bool:
    """Return whether this thread is inside a function that JAX has compiled."""
    return "jax" in sys.modules and _is_inside(_JAX_CALLBACK)


def is_in_workflow() -> bool:
    """Return whether this thread is inside PennyLane's execution, which takes derivatives."""
    return _is_inside(_WORKFLOW)


def _is_inside(module: str) -> bool:
    """Return whether this thread is inside a function of a module."""
    frame = sys._getframe()  # noqa: SLF001
    while frame is not None:
        if frame.f_globals.get("__name__") == module:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


@contextmanager
def unrecorded() -> Iterator[None]:
    """Keep operations that are created in this context out of a circuit under construction.

    PennyLane's own context manager also stops other threads' recordings, so it is used only where
    this thread records, when no other thread can.
    """
    if not is_recording():
        yield
        return
    with QueuingManager.stop_recording():
        yield


@functools.cache
def isolate() -> None:
    """Keep autograd's traces and QNodes' outputs by thread, for the rest of the process."""
    tracer.trace_stack.__class__ = _TraceStack
    QNode._qfunc_output = _Output()  # noqa: SLF001  PennyLane has no other place for it


@contextmanager
def watching(watcher: Callable[[QNode], None]) -> Iterator[None]:
    """Call a function with each QNode that this thread, or one it gathers, is about to run.

    Args:
        watcher: called with the QNode after its circuit is constructed, before it is executed
    """
    isolate()
    before, _kept.watcher = _kept.watcher, watcher
    try:
        yield
    finally:
        _kept.watcher = before


def carrier() -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Return a function that prepares callables to run in another thread as in this one.

    Context variables, the derivatives that autograd is in, Torch's grad and inference mode, and
    JAX's settings are this thread's at the time of this call. Each callable has a copy of them.
    """
    top, watcher = tracer.trace_stack.top, _kept.watcher
    modes = [*_torch_modes(), *_jax_settings()]

    def carrying(thunk: Callable[[], Any]) -> Callable[[], Any]:
        context = contextvars.copy_context()

        def carried() -> Any:
            before = _kept.top, _kept.outputs, _kept.watcher
            _kept.top, _kept.outputs, _kept.watcher = top, {}, watcher
            try:
                with ExitStack() as stack:
                    for mode in modes:
                        stack.enter_context(mode())
                    return context.run(thunk)
            finally:
                _kept.top, _kept.outputs, _kept.watcher = before

        return carried

    return carrying


def _torch_modes() -> Iterator[Callable[[], Any]]:
    torch = sys.modules.get("torch")
    if torch is not None:
        yield functools.partial(torch.inference_mode, torch.is_inference_mode_enabled())
        yield functools.partial(torch.set_grad_enabled, torch.is_grad_enabled())


def _jax_settings() -> Iterator[Callable[[], Any]]:
    jax: Any = sys.modules.get("jax")
    for name in JAX_SETTINGS if jax is not None else ():
        entered = getattr(jax, name, getattr(jax.experimental, name, None))
        if entered is not None and hasattr(jax.config, f"jax_{name}"):
            value = getattr(jax.config, f"jax_{name}")
            yield functools.partial(_set_here, jax, name, entered, value)
    core: Any = getattr(jax, "core", None)
    if hasattr(core, "set_current_trace"):  # the derivative, or the compilation, that it is in
        yield functools.partial(core.set_current_trace, core.trace_ctx.trace)


@contextmanager
def _set_here(jax: Any, name: str, entered: Callable[[Any], Any], value: Any) -> Iterator[None]:
    """Set a setting of JAX in this thread, unless it has that value already."""
    if getattr(jax.config, f"jax_{name}") == value:
        yield
    else:
        with entered(value):
            yield
