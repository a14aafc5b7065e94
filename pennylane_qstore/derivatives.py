"""A device's own derivatives: a batch's circuits and those of its parameter-shift gradients."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import pennylane as qml
from pennylane.devices import ExecutionConfig
from pennylane.tape import QuantumScript

METHOD = "device"


def is_asked_for(config: ExecutionConfig | None) -> bool:
    """Whether a QNode says ``diff_method="device"``; "best" is no such wish.

    A forward call that has trainable arguments pays for a gradient as well, which whoever takes
    steps without gradients doesn't need.
    """
    return config is not None and config.gradient_method == METHOD and config.derivative_order == 1


def shifted(
    circuits: Sequence[QuantumScript],
) -> tuple[list[QuantumScript], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """The tapes that the derivatives of a batch need, and what makes Jacobians of their results.

    Args:
        circuits: as users write them
    """
    gradients = [qml.gradients.param_shift(tape) for tape in circuits]

    def jacobians(results: Sequence[Any]) -> tuple[Any, ...]:
        left = iter(results)
        return tuple(post(tuple(islice(left, len(tapes)))) for tapes, post in gradients)

    return [tape for tapes, _ in gradients for tape in tapes], jacobians
