"""Ctrl-C during ``qstore train``: one line, the curves so far, and how to continue.

A KeyboardInterrupt can be raised in any line of any library. Some swallow it, others raise an error
of their own for it. So the signal is also remembered, and checked after each step.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pennylane_qstore.train.examples.options import RunOptions
from pennylane_qstore.train.history import Step

if TYPE_CHECKING:
    from pennylane_qstore.train.trainer import Trainer

EXIT_CODE = 130  # what shells report after a SIGINT
_requested = threading.Event()


def check(_: Any = None) -> None:
    """Raise again a Ctrl-C that a library swallowed; a callback of the trainer.

    Raises:
        KeyboardInterrupt: there was one
    """
    if _requested.is_set():
        raise KeyboardInterrupt


@contextmanager
def ending_the_process(text: str) -> Iterator[None]:
    """End the process at a Ctrl-C within the block, where nothing is under way.

    Args:
        text: one line for the user

    Yields:
        nothing
    """
    with _handler(lambda: _end(text)):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt at a Ctrl-C within the block; a second one ends the process.

    Yields:
        nothing

    Raises:
        KeyboardInterrupt: also where the block raised another error after a Ctrl-C, or none
    """
    _requested.clear()

    def interrupt() -> None:
        if _requested.is_set():
            _end("stopped; jobs that were sent may still run: see qstore jobs list")
        _requested.set()
        raise KeyboardInterrupt

    def report(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, report
    try:
        with _handler(interrupt):
            yield
            check()
    except Exception as error:
        if _requested.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        sys.unraisablehook = hook


@contextmanager
def _handler(action: Callable[[], None]) -> Iterator[None]:
    """Do an action at a Ctrl-C within the block; other threads than the main one get no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(text: str) -> None:
    """End the process at once, with one line: other code may hold any lock."""
    Console().show_cursor()
    os.write(2, f"qstore train: {text}\n".encode())
    os._exit(EXIT_CODE)


@contextmanager
def keeping_curves(
    trainer: "Trainer", options: RunOptions, draw: Callable[[list[Step]], None]
) -> Iterator[None]:
    """At a Ctrl-C within the block, draw the steps so far, and say how to continue.

    Args:
        trainer: of the training
        options: of the training
        draw: draws a picture of steps

    Yields:
        nothing

    Raises:
        KeyboardInterrupt: with the line for the user
    """
    try:
        yield
        check()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and not _requested.is_set():
            raise
        steps = list(trainer.history)
        parts = [f"stopped after {len(steps)} of {trainer.plan.steps} steps"]
        if options.backend != "emulator" and str(error):
            parts.append(str(error))
        if steps:
            draw(steps)
            parts.append(f"curves so far in {options.plot}")
        parts.append(hint(options))
        raise KeyboardInterrupt("; ".join(parts)) from error


def hint(options: RunOptions | None) -> str:
    """Return how to continue a training, or a later one if it has no name."""
    command = "qstore train"
    if options is not None and options.dataset != "digits":
        command += f" --dataset {options.dataset}"
    if options is None or options.name is None:
        return f"with {command} --run NAME, a training can be continued"
    return f"{command} --run {options.name} --resume continues it"
