"""Read a tape's angles into one array, and find how each native gate depends on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.columns import Column, columns, tabled
from pennylane_qstore.compiler.circuit.elements import GENERIC_ANGLES
from pennylane_qstore.compiler.operators.angles import is_parametric
from pennylane_qstore.compiler.templates.key import UncacheableError
from pennylane_qstore.compiler.templates.plain_gates import are_numbers, parameters, picking
from pennylane_qstore.errors import CompileError
from pennylane_qstore.tensors import numbers, to_numpy

# Three generic points: two tell which parameter a gate's angle is of, the third must agree.
_PROBES = 3
_SLOPES = 4096  # the largest denominator of a slope; decompositions halve angles again and again


@dataclass(frozen=True, slots=True)
class Source:
    """Where a gate's angle comes from: slope·params[index] + const.

    Attributes:
        index: of the parameter; -1 where the angle is constant
        slope: how it follows the parameter
        const: in the gate's own unit
    """

    index: int
    slope: float
    const: float


@dataclass(frozen=True, slots=True)
class Lifted:
    """One circuit of a structure, its angles left open.

    Attributes:
        operations: of the gate set; their own parameters mean nothing
        sources: where each of the operations' parameters comes from, operation by operation
        measurements: in the computational basis
        origins: (place, name) in the user's tape of the operation that each parameter is of
    """

    operations: tuple[Operator, ...]
    sources: tuple[tuple[Source, ...], ...]
    measurements: tuple[MeasurementProcess, ...]
    origins: tuple[tuple[int, str], ...]


# Types that NumPy reads by itself.
_PLAIN = {np.ndarray, np.float64, float, int}
Pick = Callable[[Sequence[Operator]], Sequence[Operator]]


def picked(tape: QuantumScript) -> Pick:
    """Return a function that picks the operations whose parameters stay open from a tape's."""
    return picking(place for place, op in enumerate(tape.operations) if is_parametric(op))


def params_of(
    tape: QuantumScript,
    pick: Pick,
    batch_size: int | None,
    values: Sequence[Any] | None = None,
) -> NDArray[Any]:
    """Read a tape's angles in the order of its operations.

    Args:
        tape: of any values
        pick: of its structure
        batch_size: of all tapes of its structure; PennyLane takes long to find a tape's own
        values: the angles, where they have been read and are single numbers

    Returns:
        the angles, shape (n_params,) or (batch, n_params)
    """
    if batch_size is None:
        own = parameters(pick(tape.operations)) if values is None else values
        flat = numbers(own, are_plain=values is not None or are_numbers(own))
        if flat is not None:
            return flat
    return _columns(pick(tape.operations), batch_size)


def _columns(operations: Sequence[Operator], batch_size: int | None) -> NDArray[Any]:
    columns: list[NDArray[Any]] = []
    for op in operations:
        for value, ndim in zip(op.data, op.ndim_params, strict=True):
            array = np.asarray(value) if type(value) in _PLAIN else to_numpy(value)
            if batch_size is not None and array.ndim == ndim:
                array = np.broadcast_to(array, (batch_size, *array.shape))
            columns.append(array.reshape(*array.shape[: array.ndim - ndim], -1))
    rows = () if batch_size is None else (batch_size,)
    return np.concatenate(columns, axis=-1) if columns else np.zeros((*rows, 0))


def lift(
    tape: QuantumScript, pipeline: Callable[..., Any]
) -> tuple[tuple[Lifted, ...], Callable[..., Any]]:
    """Runs the pipeline on a structure at generic angles, and finds what became of each.

    Args:
        tape: any tape of the structure
        pipeline: the device's, batch of tapes to (batch of tapes, post-processing)

    Returns:
        the circuits that the tape becomes, and what makes its results from theirs

    Raises:
        UncacheableError: the pipeline's output depends on values, or not affinely
        CompileError: the tape is a batch of no circuits
    """
    _refuse_no_circuits(tape)
    n_params = params_of(tape, picked(tape), tape.batch_size).shape[-1]
    rng = np.random.default_rng(2024)
    points = rng.uniform(*GENERIC_ANGLES, (_PROBES, n_params))
    runs = [pipeline((_at(tape, points[0]),))]
    if not all(_is_lifted(single, points[0]) for single in runs[0][0]):
        runs += [pipeline((_at(tape, point),)) for point in points[1:]]
    batches = [batch for batch, _ in runs]
    if len({len(batch) for batch in batches}) != 1:
        raise UncacheableError("the number of circuits depends on the angles")
    origins = tuple(_origins(tape))
    circuits = tuple(
        Lifted(
            operations=tuple(same[0].operations),
            sources=_sources(same, points[: len(runs)]),
            measurements=tuple(same[0].measurements),
            origins=origins,
        )
        for same in zip(*batches, strict=True)
    )
    post = runs[0][1]
    return circuits, lambda results: post(results)[0]


def literal(tape: QuantumScript) -> tuple[Lifted, NDArray[np.float64]]:
    """A tape of the gate set with its values in it; only those that differ in a batch are open.

    Args:
        tape: has been through the pipeline

    Returns:
        the circuit, and the values that are open, shape (batch, n_params)

    Raises:
        CompileError: an angle that is no finite real number, or a batch of no circuits
    """
    _refuse_no_circuits(tape)
    rows = tape.batch_size or 1
    sources: list[tuple[Source, ...]] = []
    open_: list[Column | float] = []
    origins: list[tuple[int, str]] = []
    for place, op in enumerate(tape.operations):
        own = []
        for column in columns(op, place, tape.batch_size):
            if column.shape:
                own.append(Source(len(open_), 1.0, 0.0))
                open_.append(column)
                origins.append((place, op.name))
            else:
                own.append(Source(-1, 0.0, float(column)))
        sources.append(tuple(own))
    lifted = Lifted(
        tuple(tape.operations), tuple(sources), tuple(tape.measurements), tuple(origins)
    )
    return lifted, tabled(open_, rows)


def _refuse_no_circuits(tape: QuantumScript) -> None:
    if tape.batch_size == 0:
        raise CompileError("the tape is broadcast over no values at all: give it one at least")


def _at(tape: QuantumScript, point: NDArray[np.float64]) -> QuantumScript:
    """Return the tape at other angles, the same ones in all circuits of a broadcast tape."""
    operations, used = [], 0
    for op in tape.operations:
        if not is_parametric(op):
            operations.append(op)
            continue
        values = []
        for value, ndim in zip(op.data, op.ndim_params, strict=True):
            shape = np.shape(value)
            own = shape[len(shape) - ndim :]
            size = int(np.prod(own))
            values.append(np.broadcast_to(point[used : used + size].reshape(own), shape) + 0.0)
            used += size
        operations.append(bind_new_parameters(op, values))
    return QuantumScript(operations, tape.measurements, shots=tape.shots)


def _origins(tape: QuantumScript) -> list[tuple[int, str]]:
    origins = []
    for place, op in enumerate(tape.operations):
        if is_parametric(op):
            for value, ndim in zip(op.data, op.ndim_params, strict=True):
                shape = np.shape(value)
                origins.extend([(place, op.name)] * int(np.prod(shape[len(shape) - ndim :])))
    return origins


def _is_lifted(tape: QuantumScript, point: NDArray[np.float64]) -> bool:
    """Return whether all that the gates take are the angles themselves, at any point."""
    values = set(point.tolist())
    return all(_single(value) in values for op in tape.operations for value in op.data)


def _sources(
    tapes: Sequence[QuantumScript], points: NDArray[np.float64]
) -> tuple[tuple[Source, ...], ...]:
    shapes = [[(type(op), op.name, op.wires, len(op.data)) for op in t.operations] for t in tapes]
    if any(shape != shapes[0] for shape in shapes):
        raise UncacheableError("which gates there are depends on the angles")
    return tuple(
        tuple(
            _source([_single(value) for value in values], points)
            for values in zip(*(op.data for op in ops), strict=True)
        )
        for ops in zip(*(tape.operations for tape in tapes), strict=True)
    )


def _single(value: Any) -> float:
    """Return the one value that all circuits of a probe's batch share."""
    array = to_numpy(value).astype(float).reshape(-1)
    if np.any(array != array[0]):
        raise UncacheableError("an array where a gate takes one value")
    return float(array[0])


def _source(values: Sequence[float], points: NDArray[np.float64]) -> Source:
    if len(values) == 1:  # the angles themselves
        return Source(int(np.flatnonzero(points[0] == values[0])[0]), 1.0, 0.0)
    first, second, third = values
    if first == second == third:
        return Source(-1, 0.0, first)
    slopes = (second - first) / (points[1] - points[0])
    consts = first - slopes * points[0]
    agree = np.flatnonzero(np.abs(slopes * points[2] + consts - third) < tolerances.AFFINE_ANGLE)
    if len(agree) != 1:
        raise UncacheableError("an angle is no affine function of one parameter")
    index = int(agree[0])
    # Slopes of decompositions are small fractions; the division left rounding noise.
    slope = round(float(slopes[index]) * _SLOPES) / _SLOPES
    if abs(slope - slopes[index]) > tolerances.AFFINE_ANGLE:
        raise UncacheableError("an angle follows its parameter at an odd slope")
    const = float(np.mean(np.asarray(values) - slope * points[:, index]))
    return Source(index, slope, const if abs(const) > tolerances.AFFINE_ANGLE else 0.0)
