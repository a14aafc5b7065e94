"""The transforms, most of them PennyLane's, that turn any tape into one that can be compiled."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pennylane as qml
from pennylane.devices.preprocess import (
    decompose,
    device_resolve_dynamic_wires,
    validate_device_wires,
    validate_observables,
)
from pennylane.exceptions import DeviceError, WireError
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMeasurement,
    SampleMP,
    VarianceMP,
)
from pennylane.operation import Operator
from pennylane.tape import QuantumScript
from pennylane.transforms import defer_measurements
from pennylane.transforms.core import CompilePipeline

from pennylane_qstore.compiler.operators.angles import is_parametric
from pennylane_qstore.compiler.operators.decompositions import decomposition
from pennylane_qstore.compiler.operators.gate_set import PENNYLANE_GATES, has_rule
from pennylane_qstore.compiler.operators.unitarity import WIDEST_MATRIX, why_not_hermitian
from pennylane_qstore.compiler.tapes.broadcast import expand
from pennylane_qstore.compiler.tapes.checks import refuse_broken_values
from pennylane_qstore.compiler.tapes.measurements import share_circuits
from pennylane_qstore.errors import CompileError

Pipeline = Callable[[Sequence[QuantumScript]], tuple[Any, Callable[..., Any]]]
_REFUSALS = (DeviceError, WireError, CompileError)
_ANALYTIC = (ExpectationMP, VarianceMP, ProbabilityMP)
_SAMPLED = (*_ANALYTIC, CountsMP, SampleMP)


@functools.lru_cache(maxsize=64)
def full_pipeline(name: str, wires: Any, inexact: str | None) -> Pipeline:
    """Return the pipeline of a device, the same one each time."""
    return functools.partial(_placed, pipeline(name, wires, inexact), wires)


def _placed(
    steps: Pipeline, wires: Any, tapes: Sequence[QuantumScript]
) -> tuple[Any, Callable[..., Any]]:
    """Return what a pipeline makes of tapes; its error names the operation that it is about."""
    try:
        return steps(tapes)
    except _REFUSALS as error:
        if str(error).startswith("operation "):
            raise
        for tape in tapes:
            _refuse_deferred(tape, wires, error)
        refused = filter(None, (_refused(steps, tape) for tape in tapes))
        raise type(error)(f"{next(refused, '')}{error}") from error


def _refuse_deferred(tape: QuantumScript, wires: Any, error: Exception) -> None:
    """Refuse a tape whose deferred measurements need more wires than the device has.

    Raises:
        WireError: says how many wires it needs
    """
    measurements = [op for op in tape.operations if isinstance(op, qml.ops.MidMeasure)]
    if not isinstance(error, WireError) or not measurements or wires is None:
        return
    if not set(tape.wires) <= set(wires):
        return
    (deferred,), _ = defer_measurements(tape, allow_postselect=False)
    more = [wire for wire in deferred.wires if wire not in wires]
    raise WireError(
        f"the tape has {len(measurements)} mid-circuit measurements. Each is deferred to the end "
        f"on a wire of its own, unless its wire isn't used again. So the tape needs {len(more)} "
        f"wires more than the device's {len(wires)}: use wires={[*wires, *more]} for the device, "
        "or wires=None, or measure a wire only once and don't use it afterwards"
    ) from error


def _refused(steps: Pipeline, tape: QuantumScript) -> str:
    """Return the first operation that a pipeline refuses by itself, and its place in the tape."""
    for place, op in enumerate((None, *tape.operations), -1):
        if isinstance(op, qml.ops.MidMeasure | qml.ops.Conditional):
            continue
        try:
            steps((QuantumScript([] if op is None else [op], shots=tape.shots),))
        except _REFUSALS:
            return "" if op is None else f"operation {place}, {op.name} on {op.wires.tolist()}: "
    return ""


def pipeline(name: str, wires: Any, inexact: str | None) -> CompilePipeline:
    """Build the transforms, PennyLane's and ours, in the order that a tape meets them.

    Args:
        name: of the device, for errors
        wires: of the device, or None
        inexact: why the backend has no exact probabilities, or None where it has

    Returns:
        the pipeline
    """
    steps = CompilePipeline()
    steps.add_transform(refuse_analytic, name=name, why=inexact)
    steps.add_transform(refuse_broken_values)
    steps.add_transform(defer_measurements, allow_postselect=False)
    steps.add_transform(decompose_gates, device_wires=wires, name=name)
    steps.add_transform(device_resolve_dynamic_wires, wires=wires, allow_resets=False)
    steps.add_transform(validate_device_wires, wires, name=name)
    steps.add_transform(refuse_measurements, name=name)
    steps.add_transform(validate_observables, stopping_condition=_has_basis, name=name)
    steps.add_transform(share_circuits)
    # Only an observable such as a Hermitian's needs more than the gate set to be turned.
    steps.add_transform(decompose_gates, device_wires=wires, name=name)
    return steps


@qml.transform
def refuse_analytic(
    tape: QuantumScript, name: str, why: str | None
) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Refuse a tape without shots where the backend has no exact probabilities.

    Returns:
        the tape as it is, and a function that returns its result

    Raises:
        DeviceError: says why, and how to set shots
    """
    if why is not None and not tape.shots:
        raise DeviceError(
            f"Analytic execution (shots=None) is not supported with {name}: {why}. "
            "Set shots with qml.set_shots(qnode, shots)."
        )
    return [tape], lambda results: results[0]


@qml.transform
def decompose_gates(
    tape: QuantumScript, device_wires: Any, name: str
) -> tuple[Any, Callable[..., Any]]:
    """Decompose a tape to the gate set; a batch stays one tape where the rules allow it.

    Some of PennyLane's decompositions take a single value only, such as a two-qubit unitary's.
    A broadcast tape that has one of them becomes one tape a circuit.

    Returns:
        the tapes, and a function that makes the tape's results of theirs

    Raises:
        DeviceError: an operation that can't be decomposed
    """
    if all(map(has_rule, tape.operations)):
        return (tape,), lambda results: results[0]
    options = {
        "stopping_condition": has_rule,
        "skip_initial_state_prep": False,
        "decomposer": decomposition,
        "device_wires": device_wires,
        "target_gates": set(PENNYLANE_GATES),
        "name": name,
    }
    if tape.batch_size is None or not any(map(_takes_one_value, tape.operations)):
        return decompose(tape, **options)
    tapes, stack = expand(tape)
    return [decompose(single, **options)[0][0] for single in tapes], stack


def _takes_one_value(op: Operator) -> bool:
    """Return whether a batched operation's decomposition might look at its values."""
    return op.batch_size is not None and not (has_rule(op) or is_parametric(op))


@qml.transform
def refuse_measurements(
    tape: QuantumScript, name: str
) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Refuse a measurement that can't be made from the probabilities of bit strings.

    Returns:
        the tape as it is, and a function that returns its result

    Raises:
        DeviceError: names the measurement
    """
    for measurement in tape.measurements:
        if not _is_sampled(measurement):
            # PennyLane's words: its test-suite looks for "accepted" and for "supported".
            how, also = (" with finite shots", "nor ") if tape.shots else ("", "with or ")
            raise DeviceError(
                f"Measurement {measurement} not accepted{how}: not supported on {name}, {also}"
                "without shots. The device has the outcomes of measured wires and no state: use "
                "expval, var, probs, counts or sample"
            )
        if not tape.shots and type(measurement) not in _ANALYTIC:
            raise DeviceError(
                f"Measurement {measurement} not accepted without shots: not supported on {name}"
            )
        _refuse_not_hermitian(measurement)
    return [tape], lambda results: results[0]


def _refuse_not_hermitian(measurement: MeasurementProcess) -> None:
    """Refuse an observable with complex values; the basis of probabilities needs none."""
    if measurement.obs is None or isinstance(measurement, ProbabilityMP):
        return
    problem = why_not_hermitian(measurement.obs)
    if problem is not None:
        raise DeviceError(
            f"Observable {measurement.obs} is not supported: it isn't Hermitian, {problem}. "
            "Measure its Hermitian and its anti-Hermitian part (divided by 1j) instead"
        )


def _is_sampled(measurement: MeasurementProcess) -> bool:
    """Return whether a measurement is ours, or a user's own that reads samples of bits."""
    own = isinstance(measurement, SampleMeasurement) and measurement.obs is None
    return own or type(measurement) in _SAMPLED


def _has_basis(obs: Operator) -> bool:
    """Return whether an observable can be rotated to the computational basis."""
    if obs.pauli_rep is not None:
        return True
    if isinstance(obs, qml.ops.CompositeOp):
        return all(map(_has_basis, obs.operands))
    if isinstance(obs, qml.ops.SymbolicOp):
        return _has_basis(obs.base)
    if isinstance(obs, qml.SparseHamiltonian):
        return len(obs.wires) <= WIDEST_MATRIX
    return bool(obs.has_diagonalizing_gates)
