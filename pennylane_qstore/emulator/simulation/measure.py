"""Sampled counts of circuits, with gate noise and readout errors."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.circuit import CircuitGroup
from pennylane_qstore.emulator.simulation.noise import DENSITY_QUBITS, Rates, density, trajectories
from pennylane_qstore.emulator.simulation.simulator import Chunk, simulate

Random = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each basis state was measured.

    Attributes:
        states: the measured basis states, in rising order
        counts: how often each was measured
    """

    states: NDArray[np.int64]
    counts: NDArray[np.int64]

    def histogram(self) -> dict[str, int]:
        """Return counts by state, as the API writes them."""
        return dict(zip(map(str, self.states.tolist()), self.counts.tolist(), strict=True))

    def shots(self, random: np.random.Generator) -> list[str]:
        """Return one state for each shot, in random order."""
        shots = np.repeat(self.states, self.counts)
        random.shuffle(shots)
        return list(map(str, shots.tolist()))


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a backend samples circuits.

    Attributes:
        shots: number of shots of each circuit
        random: returns the random generator of a circuit from its place in the job
        rates: the rates of its gate noise; None without noise
        readout_error: probability that a qubit is read wrongly; or two, of a 0 and of a 1
        density_qubits: most qubits that are simulated as a density matrix
    """

    shots: int
    random: Random
    rates: Rates | None = None
    readout_error: float | tuple[float, float] = 0.0
    density_qubits: int = DENSITY_QUBITS


def measure(
    group: CircuitGroup, sampling: Sampling, stop: threading.Event
) -> Iterator[tuple[int, Counts]]:
    """Sample the circuits of a group.

    Args:
        group: circuits of one structure
        sampling: how they are sampled
        stop: ends the simulation with a StoppedError once it is set

    Yields:
        Each circuit's place in the job, and its counts.
    """
    qubits = group.structure.qubits if group.structure.bits is None else group.structure.bits
    width = len(group.structure.touched)
    if sampling.rates is not None and width > sampling.density_qubits:
        for member, numbers in zip(group.members, group.numbers, strict=True):
            random = sampling.random(member)
            runs = trajectories(
                group.structure, numbers, sampling.rates, sampling.shots, random, stop
            )
            parts = [_draw(chunk, row, n, random) for chunk, part in runs for row, n in _rows(part)]
            yield member, _misread(_together(parts), qubits, sampling, random)
        return
    rates = sampling.rates
    for chunk in simulate(group, stop) if rates is None else density(group, rates, stop):
        for row, member in enumerate(chunk.members):
            random = sampling.random(member)
            counts = _draw(chunk, row, sampling.shots, random)
            yield member, _misread(counts, qubits, sampling, random)


def _rows(share: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    return enumerate(share.tolist())


def _draw(chunk: Chunk, row: int, shots: int, random: np.random.Generator) -> Counts:
    exact = chunk.probabilities[row]
    drawn = random.multinomial(shots, exact / exact.sum())
    seen = np.flatnonzero(drawn)
    return Counts(chunk.states[seen], drawn[seen])


def _together(parts: list[Counts]) -> Counts:
    return _tally(
        np.concatenate([part.states for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


def _tally(states: NDArray[np.int64], counts: NDArray[np.int64]) -> Counts:
    """Return the counts of states that may occur more than once."""
    seen, places = np.unique(states, return_inverse=True)
    total = np.zeros(len(seen), dtype=np.int64)
    np.add.at(total, places, counts)
    return Counts(seen, total)


def _misread(
    counts: Counts, qubits: int, sampling: Sampling, random: np.random.Generator
) -> Counts:
    """Return the counts after each qubit of each shot was flipped at the readout error's rate."""
    error = sampling.readout_error
    zero, one = error if isinstance(error, tuple) else (error, error)
    if not zero and not one:
        return counts
    shots = np.repeat(counts.states, counts.counts)
    for qubit in range(qubits):
        wrong = random.random(len(shots)) < np.where(shots >> qubit & 1, one, zero)
        shots ^= wrong.astype(np.int64) << qubit
    return _tally(shots, np.ones_like(shots))
