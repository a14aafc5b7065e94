"""Device preprocessing: look a tape's template up in the cache or make it, and read the angles."""

import functools
import operator
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml
from autograd.tracer import isbox, trace_stack
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline

from pennylane_qstore.compiler.tapes.directive import Directive, directive_of
from pennylane_qstore.compiler.tapes.folds import unfold
from pennylane_qstore.compiler.tapes.measurements import qubits_of
from pennylane_qstore.compiler.tapes.pipeline import Pipeline, full_pipeline
from pennylane_qstore.compiler.templates.cache import CacheEntry, CacheLookup, TemplateCache
from pennylane_qstore.compiler.templates.key import Read, UncacheableError, structure
from pennylane_qstore.compiler.templates.operation import BoundTemplate
from pennylane_qstore.compiler.templates.parameters import Lifted, lift, params_of, picked
from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.pennylane_private import unrecorded


def preprocessing(
    name: str,
    wires: Any,
    inexact: str | None,
    cache: TemplateCache,
    target: Callable[[], Target],
    *,
    with_values: bool = True,
    at_once: bool = False,
) -> CompilePipeline:
    """Build the device's preprocessing: one transform that uses the cache.

    Args:
        name: of the device, for errors
        wires: of the device, or None
        inexact: why the backend has no exact probabilities, or None where it has
        cache: of the device
        target: tells what is compiled to
        with_values: whether a structure may have values in it, as a unitary's
        at_once: whether such a structure gets a template at its first sight

    Returns:
        a pipeline of one transform
    """
    steps = CompilePipeline()
    full = full_pipeline(name, None if wires is None else qml.wires.Wires(wires), inexact)
    steps.add_transform(
        use_template,
        full=full,
        wires=wires,
        cache=cache,
        target=target,
        with_values=with_values,
        at_once=at_once,
    )
    return steps


@qml.transform
def use_template(
    tape: QuantumScript,
    full: Pipeline,
    wires: Any,
    cache: TemplateCache,
    target: Callable[[], Target],
    with_values: bool,
    at_once: bool,
) -> tuple[Sequence[QuantumScript], Callable[..., Any]]:
    """Find or make the templates of a tape's structure, and read the tape's angles.

    A tape that comes out has one operation, with one array of angles. A tape whose structure
    can't be compared, or depends on its angles, goes through the full pipeline each time; so does
    one that has values in its structure, as a state preparation's, at its first sight, if it isn't
    to have a template at once. Without values in structures, it is what the pipeline makes of such
    a tape that has a template.

    Returns:
        one tape a circuit, and a function that makes the tape's result of theirs
    """
    started = time.perf_counter()
    directive = None
    if Directive in map(type, tape.operations):
        directive, tape = directive_of(tape)
    read = _read(tape, cache)
    entry, is_hit = _found(tape, read, full, wires, cache, with_values=with_values, at_once=at_once)
    if entry is None or entry.looks_folded:
        unfolded = _unfolded(tape, target, directive)
        if unfolded is not None:
            return use_template(
                unfolded,
                full=full,
                wires=wires,
                cache=cache,
                target=target,
                with_values=with_values,
                at_once=at_once,
            )
    if read is not None and entry is not None:
        if is_hit:
            cache.spent(time.perf_counter() - started)
        return _carriers(tape, read, entry, target, directive), entry.post
    batch, post = full((tape,))
    if not with_values:
        batch = [_opened(each, wires, cache, target) for each in batch]
    if directive is not None:
        batch = [_directed(each, directive) for each in batch]
    return batch, lambda results: post(results)[0]


def _unfolded(
    tape: QuantumScript, target: Callable[[], Target], directive: Directive | None
) -> QuantumScript | None:
    """Return what a folded tape was before, with a directive that asks for its scale.

    Nothing is changed where the gates are sent as they are.
    """
    found = unfold(tape)
    if found is None:
        _warn_of_other_folds(tape)
        return None
    asked = target()
    if asked.optimization == "none":
        return None
    if asked.gates == "qis":
        warnings.warn(
            f"the tape is folded to a noise scale of {found.scale:g}, and IonQ's compiler, which "
            'gets it with gateset="qis", may take the folds out. Use gateset="native"',
            stacklevel=2,
        )
        return None
    scale = Directive(scale=found.scale).merged(directive)
    operations = [scale, *found.tape.operations]
    return found.tape.copy(operations=operations, trainable_params=found.tape.trainable_params)


def _warn_of_other_folds(tape: QuantumScript) -> None:
    """Warn of a tape that has the form of a folded one, and other angles in its copies."""
    if not any(isinstance(op, qml.ops.Adjoint) for op in tape.operations):
        return
    other = unfold(tape, values=False)
    if other is not None:
        warnings.warn(
            f"a tape has the form of one that is folded to a noise scale of {other.scale:g}, but "
            "the copies' angles differ, as in a gradient of it: it is compiled as any other, so "
            "that folds may be taken out. Fold with qstore.fold, which gradients go through",
            stacklevel=2,
        )


def _carriers(
    tape: QuantumScript,
    read: Read,
    entry: CacheEntry,
    target: Callable[[], Target],
    directive: Directive | None = None,
) -> list[QuantumScript]:
    """Return a tape's circuits, each as one operation with the tape's angles."""
    params = params_of(tape, entry.pick, entry.batch_size, read.values)
    shots = tape.shots
    circuits = [
        QuantumScript([carrier.of(params, target, directive)], measurements, shots)
        for carrier, measurements in entry.circuits
    ]
    if trace_stack.top >= 0 and any(map(isbox, tape.get_parameters(trainable_only=False))):
        for circuit in circuits:
            circuit.operations[0].is_differentiated = True
    return circuits


def _directed(tape: QuantumScript, directive: Directive) -> QuantumScript:
    """Return a tape that is run as a directive says."""
    last = tape.operations[-1] if tape.operations else None
    if isinstance(last, BoundTemplate):
        carrier = last.of(last.data[0], last.hyperparameters["target"], directive)
        return QuantumScript([carrier], tape.measurements, tape.shots)
    return tape.copy(operations=[directive, *tape.operations])


def _opened(
    tape: QuantumScript, wires: Any, cache: TemplateCache, target: Callable[[], Target]
) -> QuantumScript:
    """Return a tape of the gate set with a template that leaves its angles open, if it has one."""
    read = _read(tape, cache)
    entry, _ = _found(tape, read, CompilePipeline(), wires, cache, with_values=False)
    if read is None or entry is None:
        return tape
    return _carriers(tape, read, entry, target)[0]


def _read(tape: QuantumScript, cache: TemplateCache) -> Read | None:
    """Return a tape's structure; None where it can't have a template."""
    if not cache.is_on:
        return None
    try:
        return structure(tape)
    except UncacheableError:
        cache.bypass()
        return None


def _found(
    tape: QuantumScript,
    read: Read | None,
    full: Pipeline,
    wires: Any,
    cache: TemplateCache,
    *,
    with_values: bool,
    at_once: bool = False,
) -> CacheLookup:
    """Return the entry of a tape's structure, where it can have one."""
    if read is None or (not with_values and read.key.has_values):
        return CacheLookup(None, is_hit=False)
    cached = cache.get(read.key)
    if cached is not None:
        return cached
    make = functools.partial(_entry, tape, full, wires, cache)
    return cache.find(read.key, make, at_once=at_once or not read.key.has_values)


def _entry(tape: QuantumScript, full: Pipeline, wires: Any, cache: TemplateCache) -> CacheEntry:
    with unrecorded():  # the QNode may be called inside another's function
        found, post = lift(tape, full)
        templates = [Template(lifted, _qubits(lifted, wires), cache.search) for lifted in found]
        circuits = tuple(
            (BoundTemplate(np.zeros(0), each, _no_target), each.lifted.measurements)
            for each in templates
        )
    looks_folded = unfold(tape, values=False) is not None
    if len(circuits) == 1 and _returns_its_only(post):
        post = operator.itemgetter(0)
    return CacheEntry(circuits, picked(tape), tape.batch_size, post, looks_folded)


class _OpaqueResult:
    """A result of which nothing is known but that adding zeros to it doesn't change it."""

    __array_ufunc__ = None

    def __radd__(self, other: Any) -> "_OpaqueResult":
        return NotImplemented if np.any(other) else self


def _returns_its_only(post: Callable[..., Any]) -> bool:
    """Return whether a post-processing returns its only circuit's result, whatever that is."""
    result = _OpaqueResult()
    try:
        return post((result,)) is result
    except (TypeError, IndexError, AttributeError):  # it takes the result apart
        return False


def _no_target() -> Target:
    raise AssertionError("a carrier of no tape is never bound")


def _qubits(lifted: Lifted, wires: Any) -> dict[Any, int]:
    used = qml.wires.Wires.all_wires(
        [each.wires for each in (*lifted.operations, *lifted.measurements)]
    )
    return qubits_of(used, wires)
