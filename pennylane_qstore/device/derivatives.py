"""Derivatives by the parameter-shift rule, measured in one batch with the circuits."""

import functools
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pennylane as qml
from autograd.tracer import isbox, trace_stack
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline, Transform

from pennylane_qstore.compiler.tapes.broadcast import expand
from pennylane_qstore.tensors import infer_backend

METHOD = "device"


def preprocessing() -> CompilePipeline:
    """Return the transforms before a tape is shifted: each trainable number becomes a gate's.

    PennyLane differentiates through them: an array of weights that a template takes is one number
    a gate afterwards, and a trained batch is one tape a circuit.
    """
    steps = CompilePipeline()
    steps.add_transform(qml.transform(row_by_row(qml.gradients.param_shift).expand_transform))
    return steps


def has_trained_batch(tape: QuantumScript) -> bool:
    """Return whether a trainable parameter has an array of values, one a circuit."""
    if not any(map(np.ndim, tape.get_parameters())):
        return False
    operations = (tape.par_info[place]["op"] for place in tape.trainable_params)
    return any(op.batch_size is not None for op in operations)


@functools.lru_cache(maxsize=64)
def row_by_row(method: Transform) -> Transform:
    """Return a gradient transform that takes a tape with a trained batch apart first.

    PennyLane's own refuse such a tape. Their circuits still go in one batch.

    Args:
        method: with an expansion of its own
    """

    def expanded(tape: QuantumScript, **settings: Any) -> tuple[Any, Callable[..., Any]]:
        if not has_trained_batch(tape):
            return method.expand_transform(tape, **settings)
        rows, stack = expand(tape)
        found = [method.expand_transform(row, **settings) for row in rows]

        def joined(results: Sequence[Any]) -> Any:
            left = iter(results)
            return stack([post(tuple(islice(left, len(tapes)))) for tapes, post in found])

        return [each for tapes, _ in found for each in tapes], joined

    return qml.transform(
        method.tape_transform,
        expand_transform=expanded,
        classical_cotransform=method.classical_cotransform,
        final_transform=True,
    )


def may_follow(circuit: QuantumScript | None) -> bool:
    """Return whether a gradient may be asked for after a call.

    It may not outside of a derivative by autograd, nor where Torch's gradients are switched off or
    no parameter requires one.
    """
    values = [] if circuit is None else circuit.get_parameters(trainable_only=False)
    interfaces = set(map(infer_backend, values))
    if "torch" in interfaces:
        torch = sys.modules["torch"]
        return bool(torch.is_grad_enabled() and any(map(qml.math.requires_grad, values)))
    if "jax" in interfaces:
        return any(map(qml.math.is_abstract, values)) or any(map(qml.math.requires_grad, values))
    return trace_stack.top >= 0 and (not values or any(map(isbox, values)))


def shifted(
    circuits: Sequence[QuantumScript],
) -> tuple[list[QuantumScript], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """Return the shifted tapes of a batch, and the function from their results to Jacobians.

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
