"""Outcomes to PennyLane's measurement results, sparse.

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
from pennylane.pauli import PauliSentence
from pennylane.wires import Wires

from pennylane_qstore.pennylane_private import sample_dtype
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.tensors import to_numpy

Values = NDArray[np.float64]
# What needs no order of the shots; samples, and users' own measurements of samples, do.
_OF_COUNTS = (ExpectationMP, VarianceMP, ProbabilityMP, CountsMP)


def read_out(
    measurements: Sequence[MeasurementProcess],
    shots: Shots,
    batch: Outcomes | Sequence[Outcomes],
    qubit_of: Mapping[Any, int],
    rng: np.random.Generator,
) -> Any:
    """The results of one tape, as PennyLane nests them: shot copies, measurements, batch.

    Args:
        measurements: in the computational basis
        shots: of the tape; each circuit's outcomes are that many counts, or exact probabilities
        batch: the outcomes of the tape's circuit, or of each circuit of a broadcast tape
        qubit_of: the qubit of each wire
        rng: shuffles the shots, for samples and for the bins of a shot vector

    Returns:
        a value for one measurement, a tuple for several, a tuple of these for a shot vector; for
        a broadcast tape each value has the batch as its first axis
    """
    if isinstance(batch, Outcomes):
        copies = _reading(measurements, shots, batch, qubit_of, rng)
    else:
        readings = [_reading(measurements, shots, outcomes, qubit_of, rng) for outcomes in batch]
        copies = [
            tuple(_stacked(values) for values in zip(*copy, strict=True))
            for copy in zip(*readings, strict=True)
        ]
    results = [copy[0] if len(copy) == 1 else copy for copy in copies]
    return tuple(results) if shots.has_partitioned_shots else results[0]


def _stacked(values: Sequence[Any]) -> Any:
    """One value a circuit to what PennyLane makes of a batch: an array, or a list of counts."""
    return list(values) if isinstance(values[0], dict) else np.stack(values)


def _reading(
    measurements: Sequence[MeasurementProcess],
    shots: Shots,
    outcomes: Outcomes,
    qubit_of: Mapping[Any, int],
    rng: np.random.Generator,
) -> list[tuple[Any, ...]]:
    """One circuit's values, by shot copy and measurement."""
    if not shots.has_partitioned_shots and all(isinstance(m, _OF_COUNTS) for m in measurements):
        return [tuple(_value(m, outcomes, None, qubit_of) for m in measurements)]
    order = outcomes.shuffled(rng)
    readings = []
    for low, high in shots.bins():
        part = order[low:high]
        counts = outcomes.of_shots(part)
        readings.append(tuple(_value(m, counts, part, qubit_of) for m in measurements))
    return readings


def _value(
    measurement: MeasurementProcess,
    outcomes: Outcomes,
    order: NDArray[np.int64] | None,
    qubit_of: Mapping[Any, int],
) -> Any:
    if isinstance(measurement, ProbabilityMP):
        return _probabilities(outcomes, _qubits(measurement, qubit_of))
    if isinstance(measurement, ExpectationMP):
        return _mean(eigenvalues(measurement, outcomes, qubit_of), outcomes)
    if isinstance(measurement, VarianceMP):
        values = eigenvalues(measurement, outcomes, qubit_of).astype(float)
        return _mean((values - _mean(values, outcomes)) ** 2, outcomes)
    if isinstance(measurement, CountsMP):
        return _counts(measurement, outcomes, qubit_of)
    assert order is not None
    if isinstance(measurement, SampleMP):
        return _samples(measurement, outcomes, order, qubit_of)
    samples = outcomes.bits(list(qubit_of.values()))[order]
    return measurement.process_samples(samples, Wires(list(qubit_of)))


def _mean(values: Values, outcomes: Outcomes) -> np.float64:
    return np.float64(values @ outcomes.weights / outcomes.total)


def _qubits(measurement: MeasurementProcess, qubit_of: Mapping[Any, int]) -> list[int]:
    return [qubit_of[wire] for wire in measurement.wires]


def _indices(outcomes: Outcomes, qubits: Sequence[int]) -> NDArray[np.int64]:
    """Each outcome as PennyLane's basis-state index on some qubits: the first is the highest."""
    powers = 1 << np.arange(len(qubits), dtype=np.int64)[::-1]
    return outcomes.bits(qubits) @ powers


def _probabilities(outcomes: Outcomes, qubits: Sequence[int]) -> Values:
    indices = _indices(outcomes, qubits)
    return np.bincount(indices, outcomes.weights, 1 << len(qubits)) / outcomes.total


def eigenvalues(
    measurement: MeasurementProcess, outcomes: Outcomes, qubit_of: Mapping[Any, int]
) -> Values:
    """The observable's eigenvalue of each outcome."""
    sentence = measurement.obs.pauli_rep if measurement.obs is not None else None
    if sentence is not None:
        return _pauli_values(sentence, outcomes, qubit_of)
    if isinstance(measurement.obs, BasisStateProjector):
        bits = outcomes.bits(_qubits(measurement, qubit_of))
        return (bits == to_numpy(measurement.obs.data[0])).all(axis=1).astype(float)
    return to_numpy(measurement.eigvals())[_indices(outcomes, _qubits(measurement, qubit_of))]


def _pauli_values(
    sentence: PauliSentence, outcomes: Outcomes, qubit_of: Mapping[Any, int]
) -> Values:
    """A sum of words of Z: each word is its coefficient times the parity of its bits."""
    values = np.zeros(len(outcomes.states))
    for word, coefficient in sentence.items():
        mask = sum([1 << qubit_of[wire] for wire in word])
        odd = np.bitwise_count(outcomes.states & mask) & 1
        even = float(np.real(to_numpy(coefficient)))
        values += even - (2 * even) * odd
    return values


def _is_basis(measurement: MeasurementProcess) -> bool:
    """Whether bits are asked for, not eigenvalues."""
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
        of_outcomes = outcomes.bits(_qubits(measurement, qubit_of))
    else:
        of_outcomes = eigenvalues(measurement, outcomes, qubit_of)
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
        keys = np.array([format(index, bits) for index in _indices(outcomes, qubits).tolist()])
        possible = (format(index, bits) for index in range(1 << len(qubits)))
    else:
        keys = eigenvalues(measurement, outcomes, qubit_of)
        possible = np.unique(measurement.eigvals())
    seen = outcomes.weights > 0
    found, where = np.unique(keys[seen], return_inverse=True)
    totals = np.bincount(where, outcomes.weights[seen], len(found)).astype(int)
    counts = dict(zip(found, totals, strict=True))
    if measurement.all_outcomes:
        return {key: counts.get(key, np.int64(0)) for key in possible}
    return counts
