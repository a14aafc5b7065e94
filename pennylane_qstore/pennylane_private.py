"""What libraries keep by thread, carried into another; and what they should keep by thread."""

import contextvars
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from autograd import tracer
from pennylane import QNode
from pennylane.queuing import AnnotatedQueue, QueuingManager

# The thread-local settings of JAX: each is a context manager of that name, and the setting
# "jax_…" of ``jax.config``.
_JAX = (
    "check_tracer_leaks", "debug_infs", "debug_nans", "default_device", "default_matmul_precision",
    "default_prng_impl", "disable_jit", "enable_x64", "log_compiles", "numpy_dtype_promotion",
    "numpy_rank_promotion",
)  # fmt: skip


class _ThreadState(threading.local):
    """What one thread keeps.

    Attributes:
        top: the innermost of autograd's traces; None before the first
        outputs: what a QNode's function returned last, by the QNode's id; None outside a worker
        watcher: is told of each QNode whose circuit is made, before it runs
    """

    top: int | None = None
    outputs: dict[int, Any] | None = None
    watcher: Callable[[QNode], None] | None = None


_kept = _ThreadState()


class _TraceStack(tracer.TraceStack):
    """Autograd's stack of nested derivatives, one a thread.

    Autograd numbers them in one global: a thread that leaves one takes a number from another
    thread's, and a derivative inside a derivative there is silently wrong.
    """

    @property
    def top(self) -> int:
        """The number of the innermost derivative in this thread; -1 for none."""
        return int(self.__dict__["top"]) if _kept.top is None else _kept.top

    @top.setter
    def top(self, number: int) -> None:
        _kept.top = number


class _Output:
    """What a QNode's function returned, of which its results take the form, one a worker.

    PennyLane keeps it on the QNode while the device works, so that two threads that call one QNode
    may get their results in each other's form.
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


def is_recording() -> bool:
    """Whether this thread records a circuit, for which PennyLane has one lock in a process."""
    return bool(AnnotatedQueue._lock._is_owned())  # noqa: SLF001  there is no other way to ask


@contextmanager
def unrecorded() -> Iterator[None]:
    """Has no operation that is made here recorded.

    PennyLane's own way stops other threads' recordings as well, so it is gone only where this
    thread records, and no other one can.
    """
    if not is_recording():
        yield
        return
    with QueuingManager.stop_recording():
        yield


@functools.cache
def isolate() -> None:
    """Has autograd's traces and QNodes' outputs kept by thread, for the rest of the process."""
    tracer.trace_stack.__class__ = _TraceStack
    QNode._qfunc_output = _Output()  # noqa: SLF001  PennyLane has no other place for it


@contextmanager
def watching(watcher: Callable[[QNode], None]) -> Iterator[None]:
    """Has a callable told of each QNode that this thread, and those it gathers, is about to run."""
    isolate()
    before, _kept.watcher = _kept.watcher, watcher
    try:
        yield
    finally:
        _kept.watcher = before


def carrier() -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """What makes a callable do in another thread what it would have done in this one.

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
    for name in _JAX if jax is not None else ():
        entered = getattr(jax, name, getattr(jax.experimental, name, None))
        if entered is not None and hasattr(jax.config, f"jax_{name}"):
            value = getattr(jax.config, f"jax_{name}")
            yield functools.partial(_set_here, jax, name, entered, value)
    core: Any = getattr(jax, "core", None)
    if hasattr(core, "set_current_trace"):  # the derivative, or the compilation, that it is in
        yield functools.partial(core.set_current_trace, core.trace_ctx.trace)


@contextmanager
def _set_here(jax: Any, name: str, entered: Callable[[Any], Any], value: Any) -> Iterator[None]:
    """A setting of JAX in this thread, where it isn't so anyway."""
    if getattr(jax.config, f"jax_{name}") == value:
        yield
    else:
        with entered(value):
            yield
