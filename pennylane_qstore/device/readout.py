"""Compute PennyLane's measurement results from sparse outcomes.

An array over all basis states is made only where a user asks for one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    MeasurementValue,
    ProbabilityMP,
    SampleMP,
    Shots,
    VarianceMP,
)
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.wires import Wires

from pennylane_qstore.pennylane_private import sample_dtype
from pennylane_qstore.programs.outcomes import OutcomeRows, Outcomes
from pennylane_qstore.tensors import to_numpy

Values = NDArray[np.float64]
# What needs no order of the shots; samples, and users' own measurements of samples, do.
_OF_COUNTS = {ExpectationMP, VarianceMP, ProbabilityMP, CountsMP}


def read_out(
    measurements: Sequence[MeasurementProcess],
    shots: Shots,
    outcomes: OutcomeRows,
    qubit_of: Mapping[Any, int],
    rng: np.random.Generator,
    *,
    is_batch: bool,
) -> Any:
    """Return the results of one tape, as PennyLane nests them: shot copies, measurements, batch.

    Args:
        measurements: in the computational basis
        shots: of the tape; each circuit's outcomes are that many counts, or exact probabilities
        outcomes: of the tape's circuits
        qubit_of: the qubit of each wire
        rng: shuffles the shots, for samples and for the bins of a shot vector
        is_batch: whether the tape is broadcast

    Returns:
        a value for one measurement, a tuple for several, a tuple of these for a shot vector; for
        a broadcast tape each value has the batch as its first axis
    """
    if not shots.has_partitioned_shots and _OF_COUNTS.issuperset(map(type, measurements)):
        copies = [[_of_rows(m, outcomes, qubit_of) for m in measurements]]
    else:
        readings = [_reading(measurements, shots, each, qubit_of, rng) for each in outcomes.each()]
        copies = [
            [_stacked(values) for values in zip(*copy, strict=True)]
            for copy in zip(*readings, strict=True)
        ]
    if not is_batch:
        copies = [[value[0] for value in copy] for copy in copies]
    results = [copy[0] if len(copy) == 1 else tuple(copy) for copy in copies]
    return tuple(results) if shots.has_partitioned_shots else results[0]


def _stacked(values: Sequence[Any]) -> Any:
    """Return one value a circuit as PennyLane's value of a batch: an array, or a list of counts."""
    return list(values) if isinstance(values[0], dict) else np.stack(values)


def _reading(
    measurements: Sequence[MeasurementProcess],
    shots: Shots,
    outcomes: Outcomes,
    qubit_of: Mapping[Any, int],
    rng: np.random.Generator,
) -> list[tuple[Any, ...]]:
    """Return one circuit's values, by shot copy and measurement."""
    order = outcomes.shuffled(rng)
    readings = []
    for low, high in shots.bins():
        part = order[low:high]
        counts = outcomes.of_shots(part)
        readings.append(tuple(_of_shots(m, counts, part, qubit_of) for m in measurements))
    return readings


def _of_rows(
    measurement: MeasurementProcess, outcomes: OutcomeRows, qubit_of: Mapping[Any, int]
) -> Any:
    """Return a measurement's value for each circuit: an array, or a list of counts."""
    kind = type(measurement)
    if kind is CountsMP:
        return [_counts(measurement, each, qubit_of) for each in outcomes.each()]
    if kind is ExpectationMP and outcomes.width is not None and _words(measurement) is not None:
        return _dense_means(measurement, outcomes, qubit_of)
    weights, rows, batch = outcomes.weights, outcomes.rows, outcomes.batch
    totals = np.bincount(rows, weights, batch)
    if kind is ProbabilityMP:
        qubits = _qubits(measurement, qubit_of)
        size = 1 << len(qubits)
        places = _indices(outcomes.states, qubits) + size * rows
        return np.bincount(places, weights, size * batch).reshape(batch, size) / totals[:, None]
    values = eigenvalues(measurement, outcomes.states, qubit_of)
    means = np.bincount(rows, values * weights, batch) / totals
    if kind is ExpectationMP:
        return means
    return np.bincount(rows, (values - means[rows]) ** 2 * weights, batch) / totals


def _words(measurement: MeasurementProcess) -> Any:
    return None if measurement.obs is None else measurement.obs.pauli_rep


def _dense_means(
    measurement: MeasurementProcess, outcomes: OutcomeRows, qubit_of: Mapping[Any, int]
) -> Values:
    """Return the means of a sum of Pauli words where all states of a register have a weight."""
    means = np.zeros(outcomes.batch)
    for word, coefficient in _words(measurement).items():
        mask = sum([1 << qubit_of[wire] for wire in word])
        value = np.real(to_numpy(coefficient) if hasattr(coefficient, "shape") else coefficient)
        means += float(value) * outcomes.parity_sums(mask)
    return means / outcomes.parity_sums(0)


def _of_shots(
    measurement: MeasurementProcess,
    outcomes: Outcomes,
    order: NDArray[np.int64],
    qubit_of: Mapping[Any, int],
) -> Any:
    """Return a measurement's value for one circuit, of which the order of the shots is known."""
    if type(measurement) in _OF_COUNTS:
        return _of_rows(measurement, OutcomeRows.of([outcomes]), qubit_of)[0]
    if isinstance(measurement, SampleMP):
        return _samples(measurement, outcomes, order, qubit_of)
    samples = outcomes.bits(list(qubit_of.values()))[order]
    return measurement.process_samples(samples, Wires(list(qubit_of)))


def _qubits(measurement: MeasurementProcess, qubit_of: Mapping[Any, int]) -> list[int]:
    return [qubit_of[wire] for wire in measurement.wires]


def _bits(states: NDArray[np.int64], qubits: Sequence[int]) -> NDArray[np.int64]:
    """Return each state's bits on some qubits, in their order; shape (n_states, n_qubits)."""
    return (states[:, None] >> np.asarray(qubits, dtype=np.int64)) & 1


def _indices(states: NDArray[np.int64], qubits: Sequence[int]) -> NDArray[np.int64]:
    """Return PennyLane's index of each state on some qubits: the first is the highest bit."""
    powers = 1 << np.arange(len(qubits), dtype=np.int64)[::-1]
    return _bits(states, qubits) @ powers


def eigenvalues(
    measurement: MeasurementProcess, states: NDArray[np.int64], qubit_of: Mapping[Any, int]
) -> Values:
    """Return the observable's eigenvalue of each state."""
    obs = measurement.obs
    sentence = None if obs is None else obs.pauli_rep
    if sentence is not None:
        values = np.zeros(len(states))
        for word, coefficient in sentence.items():
            # The word's eigenvalue is the parity of its bits.
            even = float(
                np.real(to_numpy(coefficient) if hasattr(coefficient, "shape") else coefficient)
            )
            odd = np.bitwise_count(states & sum([1 << qubit_of[wire] for wire in word])) & 1
            values += even - (2 * even) * odd
        return values
    if isinstance(obs, BasisStateProjector):
        bits = _bits(states, _qubits(measurement, qubit_of))
        return (bits == to_numpy(obs.data[0])).all(axis=1).astype(float)
    return to_numpy(measurement.eigvals())[_indices(states, _qubits(measurement, qubit_of))]


def _is_basis(measurement: MeasurementProcess) -> bool:
    """Return whether a measurement reads bits instead of eigenvalues."""
    if measurement.mv is not None:
        return not isinstance(measurement.mv, MeasurementValue)
    return measurement.obs is None and measurement.eigvals() is None


def _samples(
    measurement: SampleMP,
    outcomes: Outcomes,
    order: NDArray[np.int64],
    qubit_of: Mapping[Any, int],
) -> NDArray[Any]:
    of_outcomes: NDArray[Any]
    if _is_basis(measurement):
        of_outcomes = _bits(outcomes.states, _qubits(measurement, qubit_of))
    else:
        of_outcomes = eigenvalues(measurement, outcomes.states, qubit_of)
    kind = sample_dtype(measurement)
    return of_outcomes[order] if kind is None else of_outcomes[order].astype(kind)


def _counts(
    measurement: CountsMP, outcomes: Outcomes, qubit_of: Mapping[Any, int]
) -> dict[Any, int]:
    keys: NDArray[Any]
    possible: Iterable[Any]
    if _is_basis(measurement):
        qubits = _qubits(measurement, qubit_of)
        bits = f"0{len(qubits)}b"
        keys = np.array(
            [format(index, bits) for index in _indices(outcomes.states, qubits).tolist()]
        )
        possible = (format(index, bits) for index in range(1 << len(qubits)))
    else:
        keys = eigenvalues(measurement, outcomes.states, qubit_of)
        possible = np.unique(measurement.eigvals())
    seen = outcomes.weights > 0
    found, where = np.unique(keys[seen], return_inverse=True)
    totals = np.bincount(where, outcomes.weights[seen], len(found)).astype(int)
    counts = dict(zip(found, totals, strict=True))
    if measurement.all_outcomes:
        return {key: counts.get(key, np.int64(0)) for key in possible}
    return counts
