"""Readout errors: their rates from two circuits, and outcomes without them.

Each qubit is taken to be read wrongly on its own (tensored calibration: Bravyi et al.,
arXiv 2006.14044). The circuits are one of all 0 and one of all 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.programs.program import Gate, Programs

Reals = NDArray[np.float64]
MOST_QUBITS = 16  # an array of all basis states is made
_LEAST_CONTRAST = 0.1  # of a qubit's 0 and 1; below it, its rates are noise


@dataclass(frozen=True, slots=True)
class ReadoutRates:
    """How often each qubit is read wrongly.

    Attributes:
        zeros: the chance that a 0 is read as 1, shape (n_qubits,)
        ones: the chance that a 1 is read as 0
    """

    zeros: Reals
    ones: Reals


def circuits(qubits: int) -> tuple[Programs, Programs]:
    """Make the circuits that tell the rates.

    Args:
        qubits: how many are read

    Returns:
        one that ends in all 0 (a pulse there and back), and one that ends in all 1
    """
    flips = tuple(Gate("gpi", (qubit,)) for qubit in range(qubits))
    back = (Gate("gpi", (0,)), Gate("gpi", (0,)))
    return (
        Programs("native", qubits, back, np.zeros((1, 2))),
        Programs("native", qubits, flips, np.zeros((1, qubits))),
    )


def rates_of(zeros: Outcomes, ones: Outcomes, qubits: int) -> ReadoutRates:
    """Read the rates off what the two circuits gave.

    Args:
        zeros: of the circuit that ends in all 0
        ones: of the other
        qubits: how many they have

    Returns:
        the rates of each qubit
    """
    places = range(qubits)
    wrong = zeros.weights @ zeros.bits(places) / zeros.total
    right = ones.weights @ ones.bits(places) / ones.total
    return ReadoutRates(wrong, 1 - right)


def corrected(outcomes: Outcomes, rates: ReadoutRates, qubits: int) -> Outcomes:
    """Undo the readout errors of one circuit.

    Args:
        outcomes: of a program's qubits
        rates: of its qubits, and maybe of more
        qubits: how many the program has

    Returns:
        all basis states with weights that sum to one, of which some may be negative

    Raises:
        CompileError: more qubits than an array of all basis states is made for
    """
    if qubits > MOST_QUBITS:
        raise CompileError(
            f'mitigation="readout" takes circuits of at most {MOST_QUBITS} qubits, not {qubits}: '
            "measure fewer wires, or leave it out"
        )
    weights = np.zeros(1 << qubits)
    np.add.at(weights, outcomes.states, outcomes.weights / outcomes.total)
    for qubit in range(qubits):
        pairs = weights.reshape(-1, 2, 1 << qubit)
        zero, one = rates.zeros[qubit], rates.ones[qubit]
        contrast = 1 - zero - one
        if contrast < _LEAST_CONTRAST:
            continue
        inverse = np.array([[1 - one, -one], [-zero, 1 - zero]]) / contrast
        weights = np.einsum("ab,ibj->iaj", inverse, pairs).ravel()
    return Outcomes(np.arange(1 << qubits), weights)


def postselected(outcomes: Outcomes, mask: int, ones: int | None, parity: int | None) -> Outcomes:
    """Keep the outcomes that have a conserved quantity's value.

    Args:
        outcomes: of a tape's qubits
        mask: the qubits that are counted, as an integer
        ones: how many of them must be 1, or None
        parity: whether an odd number of them must be 1, or None

    Returns:
        the outcomes that are left, none where there are none
    """
    count = np.bitwise_count(outcomes.states & mask)
    keep = count == ones if ones is not None else (count & 1) == parity
    return Outcomes(outcomes.states[keep], outcomes.weights[keep])


def combined(parts: Sequence[Outcomes], factors: Sequence[float]) -> Outcomes:
    """Add outcomes of several circuits, each as a distribution times a factor.

    Args:
        parts: of the same qubits
        factors: one a part; they sum to one where the result is a distribution

    Returns:
        the states of all parts, and the sums of their weights
    """
    states, index = np.unique(np.concatenate([part.states for part in parts]), return_inverse=True)
    weights = np.zeros(len(states))
    shares = [
        part.weights * (factor / part.total) for part, factor in zip(parts, factors, strict=True)
    ]
    np.add.at(weights, index, np.concatenate(shares))
    return Outcomes(states, weights)
