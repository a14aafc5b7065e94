"""Probabilistic error cancellation of depolarising errors, with gates drawn from their inverse.

A depolarising channel of rate r keeps a state with 1 - r and mixes its qubits fully with r. Its
inverse is c·identity minus ε/4ⁿ times each of the other Paulis on n qubits, with ε = r/(1 - r) and
c = 1/(1 - r) - ε/4ⁿ. It is sampled as Paulis of both signs. The standard deviation grows by gamma,
the sum of the coefficients' sizes (Temme, Bravyi and Gambetta, arXiv 1612.02058; on ions:
arXiv 1905.10135).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.programs.program import Gate, Gates, Programs

_SLOTS = {"gpi": 1, "gpi2": 1, "ms": 3, "zz": 1}
# X, Y and Z as GPi pulses with these phases in turns; Z takes two.
_PULSES = ((), (0.0,), (0.25,), (0.0, 0.25))


_PLAIN = 1 / 3  # of the drawn circuits: the one without insertions, which is sent that often


class Sampled(NamedTuple):
    """Circuits whose signed mean has no errors.

    Attributes:
        programs: one circuit each, those that are equal once
        weights: of each drawn circuit's value, of both signs; their expected sum is 1
        which: the program of each drawn circuit
        gamma: the sum of the sizes of the inverse's coefficients
    """

    programs: list[Programs]
    weights: NDArray[np.float64]
    which: NDArray[np.int_]
    gamma: float


def gamma_of(gates: tuple[Gate, ...], one: float, two: float) -> float:
    """Return gamma of a circuit: its standard deviation grows by as much.

    Args:
        gates: native ones
        one: depolarising rate of a gate on one qubit
        two: that of a gate on two
    """
    sizes = [_size(len(gate.qubits), one if len(gate.qubits) == 1 else two) for gate in gates]
    return float(np.prod(sizes))


def _size(qubits: int, rate: float) -> float:
    """Return gamma of one gate: the sum of the sizes of its inverse error's coefficients."""
    paulis, excess = 4**qubits, rate / (1 - rate)
    return 1 / (1 - rate) - excess / paulis + (paulis - 1) * excess / paulis


def sampled(
    program: Programs, one: float, two: float, samples: int, rng: np.random.Generator
) -> Sampled:
    """Draw circuits with the inverse of their errors.

    The circuit without insertions, by far the likeliest, is not left to chance: it counts its
    probability, and only the others are drawn (stratified sampling).

    Args:
        program: one circuit of native gates
        one: depolarising rate of a gate on one qubit
        two: that of a gate on two
        samples: how many are drawn
        rng: draws them

    Returns:
        the circuits and their weights
    """
    gates = program.gates
    odds = np.array([_chance(len(g.qubits), one if len(g.qubits) == 1 else two) for g in gates])
    none = float(np.prod(1 - odds))  # the chance that nothing is inserted
    plain = samples if none == 1 else max(1, round(samples * _PLAIN))
    drawn = [()] * plain + [_drawn(gates, odds, rng) for _ in range(samples - plain)]
    places: dict[tuple[tuple[int, int], ...], int] = {}
    which = [places.setdefault(errors, len(places)) for errors in drawn]
    gamma = gamma_of(gates, one, two)
    weights = [
        none / plain if not errors else (-1) ** len(errors) * (1 - none) / (samples - plain)
        for errors in drawn
    ]
    programs = [_inserted(program, dict(errors)) for errors in places]
    return Sampled(programs, gamma * np.array(weights), np.array(which), gamma)


def _drawn(
    gates: tuple[Gate, ...], odds: NDArray[np.float64], rng: np.random.Generator
) -> tuple[tuple[int, int], ...]:
    """Return the Paulis that are inserted, drawn, at least one: (gate's place, Pauli) pairs."""
    while True:
        hits = np.flatnonzero(rng.random(len(gates)) < odds).tolist()
        if hits:
            return tuple((hit, int(rng.integers(1, 4 ** len(gates[hit].qubits)))) for hit in hits)


def _chance(qubits: int, rate: float) -> float:
    """Return how likely a Pauli other than the identity is drawn."""
    paulis, excess = 4**qubits, rate / (1 - rate)
    return (paulis - 1) * excess / paulis / _size(qubits, rate)


def _inserted(program: Programs, errors: dict[int, int]) -> Programs:
    """Put a Pauli after some of a circuit's gates.

    Args:
        program: the circuit
        errors: by the gate's place, the Pauli as a number in base 4, the first qubit's lowest

    Returns:
        the circuit with the Paulis' pulses
    """
    if not errors:
        return program
    gates: list[Gate] = []
    numbers: list[float] = []
    old = iter(program.numbers[0].tolist())
    for place, gate in enumerate(program.gates):
        gates.append(gate)
        numbers += [next(old) for _ in range(_SLOTS[gate.name])]
        paulis = errors.get(place, 0)
        for qubit in gate.qubits:
            for phase in _PULSES[paulis % 4]:
                gates.append(Gate("gpi", (qubit,)))
                numbers.append(phase)
            paulis //= 4
    array = np.array([numbers])
    return Programs(
        program.gateset, program.qubits, Gates(gates), array, program.bits, program.flips
    )
