"""A device's own derivatives: a batch's circuits and those of its parameter-shift gradients."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline

METHOD = "device"


def preprocessing() -> CompilePipeline:
    """What a tape goes through before it is shifted, so that each trainable number is a gate's.

    PennyLane differentiates through it: an array of weights that a template takes is one number a
    gate after it.
    """
    steps = CompilePipeline()
    steps.add_transform(qml.transform(qml.gradients.param_shift.expand_transform))
    return steps


def shifted(
    circuits: Sequence[QuantumScript],
) -> tuple[list[QuantumScript], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """The tapes that the derivatives of a batch need, and what makes Jacobians of their results.

    Args:
        circuits: of gates that have a shift rule
    """
    gradients = [_shifted(tape) for tape in circuits]

    def jacobians(results: Sequence[Any]) -> tuple[Any, ...]:
        left = iter(results)
        return tuple(post(tuple(islice(left, len(tapes)))) for tapes, post in gradients)

    return [tape for tapes, _ in gradients for tape in tapes], jacobians


def _shifted(tape: QuantumScript) -> tuple[Sequence[QuantumScript], Callable[..., Any]]:
    if tape.trainable_params:
        return qml.gradients.param_shift(tape)
    # As PennyLane's, but without a warning: it may be a term whose coefficient is trained.
    nothing: Any = np.zeros(0)
    if len(tape.measurements) > 1:
        nothing = (nothing,) * len(tape.measurements)
    if tape.shots.has_partitioned_shots:
        nothing = (nothing,) * tape.shots.num_copies
    return [], lambda _: nothing
