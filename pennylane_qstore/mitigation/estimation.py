"""Mitigated Z strings to PennyLane's measurement results."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pennylane.measurements import (
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    VarianceMP,
)

from pennylane_qstore.errors import CompileError
from pennylane_qstore.mitigation.words import coefficients, nearest_probabilities, transform

Reals = NDArray[np.float64]
MOST_WIRES = 10  # of a measurement that is no sum of Pauli words: 2ⁿ strings are needed
MITIGABLE = (ExpectationMP, VarianceMP, ProbabilityMP)


class Needed(NamedTuple):
    """A measurement as sums of Z strings.

    Attributes:
        words: the strings, on the tape's qubits, as integers
        rows: coefficients, shape (n_values, n_words): of the mean; of the mean of the square; or of
            each probability
        kind: the measurement's class
    """

    words: tuple[int, ...]
    rows: Reals
    kind: type[MeasurementProcess]


def needed(measurement: MeasurementProcess, qubit_of: Mapping[Any, int], values: Any) -> Needed:
    """Write a measurement as sums of Z strings.

    Args:
        measurement: in the computational basis
        qubit_of: the qubit of each wire
        values: gives the eigenvalue of each outcome, from (measurement, outcomes, qubit_of)

    Returns:
        the strings and their coefficients

    Raises:
        CompileError: it can't be mitigated
    """
    if not isinstance(measurement, MITIGABLE):
        raise CompileError(
            f"{measurement} can't be mitigated: mitigation changes mean values, and there are no "
            "single shots of those. Use expval, var or probs, or mitigation=None"
        )
    sentence = None if measurement.obs is None else measurement.obs.pauli_rep
    if sentence is not None and isinstance(measurement, ExpectationMP):
        terms: dict[int, float] = {}
        for word, coefficient in sentence.items():
            mask = sum([1 << qubit_of[wire] for wire in word])
            terms[mask] = terms.get(mask, 0.0) + float(np.real(coefficient))
        return Needed(tuple(terms), np.array([list(terms.values())]), ExpectationMP)
    wires = list(measurement.wires) or list(qubit_of)
    qubits = [qubit_of[wire] for wire in wires]
    if len(qubits) > MOST_WIRES:
        raise CompileError(
            f"{measurement} on {len(qubits)} wires can't be mitigated: at most {MOST_WIRES}"
        )
    local = np.arange(1 << len(qubits))
    states = np.zeros(len(local), dtype=np.int64)
    words = [0] * len(local)
    for bit, qubit in enumerate(qubits):
        states |= (local >> bit & 1) << qubit
    words = states.tolist()  # a string's qubits are spread out as a state's bits are
    if isinstance(measurement, ProbabilityMP):
        # PennyLane's first wire is the most significant bit of a probability's index.
        flipped = np.zeros(len(local), dtype=np.int64)
        for bit in range(len(qubits)):
            flipped |= (local >> bit & 1) << (len(qubits) - 1 - bit)
        rows = np.array([transform(np.eye(len(local))[index]) for index in flipped]) / len(local)
        return Needed(tuple(words), rows, ProbabilityMP)
    eigenvalues = values(measurement, states, qubit_of)
    moments = [coefficients(eigenvalues)]
    if isinstance(measurement, VarianceMP):
        moments.append(coefficients(eigenvalues**2))
    return Needed(tuple(words), np.array(moments), type(measurement))


def result(need: Needed, means: Mapping[int, float]) -> Any:
    """Put a measurement's result together.

    Args:
        need: the measurement
        means: the mitigated mean of each Z string

    Returns:
        a number, or probabilities of shape (n_states,)
    """
    sums = need.rows @ np.array([means[word] for word in need.words])
    if need.kind is ProbabilityMP:
        return nearest_probabilities(sums)
    if need.kind is VarianceMP:
        return np.float64(max(sums[1] - sums[0] ** 2, 0.0))
    return np.float64(sums[0])


def all_words(needs: Sequence[Needed]) -> list[int]:
    """Return the Z strings of some measurements, each once, rising."""
    return sorted({word for need in needs for word in need.words} | {0})
