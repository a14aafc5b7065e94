"""Depolarising noise after every gate: density matrices of few qubits, else trajectories.

IonQ's noise models (docs.ionq.com, "Simulation with noise models") put a depolarising channel of
rate r after each gate: with probability 1 - r the state is kept, with r the gate's qubits are fully
mixed. As Kraus operators: sqrt(1 - 3r/4) I and sqrt(r/4) of each Pauli on one qubit;
sqrt(1 - 15r/16) and sqrt(r/16) on two. IonQ compiles a gate on more than two qubits to several; the
emulator puts a two-qubit channel on each pair of neighbours among its qubits.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.circuit import (
    CircuitGroup,
    GateShape,
    StoppedError,
    Structure,
)
from pennylane_qstore.emulator.simulation.gates import NATIVE, Entry, Matrix, Numbers
from pennylane_qstore.emulator.simulation.pauli import evolve
from pennylane_qstore.emulator.simulation.register import Register, read_out
from pennylane_qstore.emulator.simulation.simulator import (
    CHUNK_AMPLITUDES,
    MOST_QUBITS,
    Chunk,
    apply,
    too_wide,
)

# 2**(2 * 7) numbers a circuit; above, a thousand trajectories are faster than the matrix.
DENSITY_QUBITS = 7
MOST_TRAJECTORIES = 1_000
PAULIS: NDArray[np.complex128] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)

LARGEST_ANGLE = 0.25  # turns, of a native entangler
_ENTANGLERS = (NATIVE["ms"], NATIVE["zz"])


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of the depolarising channels, and what native entanglers do besides.

    Attributes:
        one: rate after a one-qubit gate
        two: rate after a two-qubit gate
        over_rotation: how much larger a native entangler's angle is than asked for, as a fraction
            of it; this error is coherent
        by_angle: whether a native entangler's rate is in proportion to its angle, and `two` at a
            quarter turn (QSCOUT measured errors that fall with the angle: arXiv 2504.06259)
    """

    one: float
    two: float
    over_rotation: float = 0.0
    by_angle: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.one <= 1 and 0 <= self.two <= 1):
            raise ValueError(f"rates are from 0 to 1, not {self.one} and {self.two}")
        if not -1 < self.over_rotation < 1:
            raise ValueError(f"over_rotation is from -1 to 1, not {self.over_rotation}")

    def turned(self, gate: GateShape, numbers: Numbers) -> Numbers:
        """Return a gate's parameters with its over-rotation, shape (parameters, batch)."""
        if not self.over_rotation or gate.kind not in _ENTANGLERS:
            return numbers
        turned = np.array(numbers)
        turned[-1] *= 1 + self.over_rotation
        return turned

    def of_pair(self, gate: GateShape, numbers: Numbers) -> float | NDArray[np.float64]:
        """Return the rate after a gate on two qubits, a number or one for each circuit.

        Args:
            gate: the gate
            numbers: its parameters, shape (parameters, batch)
        """
        if not self.by_angle or gate.kind not in _ENTANGLERS:
            return self.two
        return self.two * np.abs(np.asarray(numbers[-1])) / LARGEST_ANGLE


@dataclass(frozen=True, slots=True)
class Model:
    """A noise model of IonQ's.

    Attributes:
        qubits: number of qubits of its machine
        native: the machine's native gates
        rates: the rates that IonQ publishes; None if it doesn't
    """

    qubits: int
    native: tuple[str, ...]
    rates: Rates | None


_MS, _ZZ = ("gpi", "gpi2", "ms"), ("gpi", "gpi2", "zz")
# Harmony's noise is another formula, which is not published in full.
MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "harmony": Model(11, _MS, None),
        "harmony-1": Model(11, _MS, None),
        "harmony-2": Model(11, _MS, None),
        "aria-1": Model(25, _MS, Rates(0.0005, 0.0133)),
        "aria-2": Model(25, _MS, Rates(0.000657333, 0.01856)),
        "forte-1": Model(36, _ZZ, Rates(0.000266667, 0.004949333)),
        "forte-enterprise-1": Model(36, _ZZ, None),
    }
)


def density(group: CircuitGroup, rates: Rates, stop: threading.Event) -> Iterator[Chunk]:
    """Simulate noisy circuits exactly, as density matrices.

    Args:
        group: circuits of one structure
        rates: the rates of the channels
        stop: ends the simulation with a StoppedError once it is set

    Yields:
        Probabilities of a few circuits at a time.
    """
    width = len(group.structure.touched)
    if 2 * width > MOST_QUBITS:
        raise too_wide(2 * width)
    columns = max(1, CHUNK_AMPLITUDES >> (2 * width))
    for start in range(0, len(group.members), columns):
        rows = slice(start, start + columns)
        numbers = np.ascontiguousarray(group.numbers[rows].T)
        members = group.members[rows]
        matrix = _Density(group.structure, len(members), rates)
        yield Chunk(members, *matrix.run(numbers, stop))


class _Density:
    """Density matrices, as states of twice as many qubits: the upper half are the columns."""

    def __init__(self, structure: Structure, batch: int, rates: Rates) -> None:
        self._structure = structure
        self._register = Register(batch)
        self._rates = rates
        self._shift = structure.qubits
        self._kept: dict[int, float] = {}

    def run(
        self, numbers: Numbers, stop: threading.Event
    ) -> tuple[tuple[int, ...], NDArray[np.float64]]:
        start = 0
        for gate in self._structure.gates:
            if stop.is_set():
                raise StoppedError
            self._apply(gate, numbers[start : start + gate.size])
            start += gate.size
        self._settle(tuple(self._kept))
        self._register.settle_all()
        return self._diagonal()

    def _apply(self, gate: GateShape, numbers: Numbers) -> None:
        for noisy in _channels(gate):
            if len(noisy) > 1:
                self._settle(noisy)
        turned = self._rates.turned(gate, numbers)
        apply(self._register, gate, turned)
        self._apply_conjugate(gate, turned)
        for noisy in _channels(gate):
            if len(noisy) == 1:
                # On one qubit the channel commutes with every gate, so it can wait.
                self._kept[noisy[0]] = self._kept.get(noisy[0], 1.0) * (1 - self._rates.one)
            else:
                self._channel(noisy, 1 - self._rates.of_pair(gate, numbers))

    def _apply_conjugate(self, gate: GateShape, numbers: Numbers) -> None:
        """Apply a gate to the columns, with all matrices conjugated."""
        targets = tuple(q + self._shift for q in gate.targets)
        controls = tuple(q + self._shift for q in gate.controls)
        if gate.terms:
            # The conjugate of exp(-i t P) is exp(i t P*), and P* is -P where P has an odd
            # number of Ys.
            signs = np.array([(-1.0) ** (term.count("Y") + 1) for term in gate.terms])
            evolve(self._register, targets, gate.terms, signs[:, None] * numbers[:-1], numbers[-1])
        elif gate.kind.matrix is not None:
            matrix = conjugate(gate.kind.matrix(*numbers))
            if gate.kind.targets > 1:
                self._register.couple(matrix, targets, controls)
                return
            for target in targets:
                if controls:
                    self._register.couple(matrix, (target,), controls)
                else:
                    self._register.turn(target, matrix)

    def _settle(self, qubits: Sequence[int]) -> None:
        for qubit in qubits:
            kept = self._kept.pop(qubit, 1.0)
            if kept < 1:
                self._channel((qubit,), kept)

    def _channel(self, qubits: Sequence[int], kept: float | NDArray[np.float64]) -> None:
        """Apply a depolarising channel that keeps a part of the state."""
        both = (*qubits, *(q + self._shift for q in qubits))
        self._register.couple(_depolarising(len(qubits), kept), both)

    def _diagonal(self) -> tuple[tuple[int, ...], NDArray[np.float64]]:
        """Return qubits and probabilities: the amplitudes whose two halves are equal."""
        order, batch = self._register.order, self._register.amplitudes.shape[1]
        qubits = sorted(q for q in order if q < self._shift)
        joined = len(order)
        rows = [joined - 1 - order.index(q) for q in reversed(qubits)]
        columns = [joined - 1 - order.index(q + self._shift) for q in reversed(qubits)]
        tensor = self._register.amplitudes.reshape(*[2] * joined, batch)
        size = 1 << len(qubits)
        square = tensor.transpose(joined, *rows, *columns).reshape(batch, size, size)
        diagonal = np.ascontiguousarray(np.einsum("bii->bi", square).real).clip(min=0)
        return read_out(qubits, diagonal, self._structure.bits)


def _depolarising(width: int, kept: Any) -> Matrix:
    """Return the channel as a matrix on the row bits followed by the column bits."""
    size, mixed = 1 << width, (1 - kept) / (1 << width)
    rows: list[tuple[Entry, ...]] = []
    for row, column in product(range(size), repeat=2):
        entries: list[Entry] = [0] * (size * size)
        if row == column:
            for other in range(size):
                entries[other * size + other] = mixed
        place = row * size + column
        entries[place] = kept + (mixed if row == column else 0.0)
        rows.append(tuple(entries))
    return tuple(rows)


def conjugate(matrix: Matrix) -> Matrix:
    """Return the complex conjugate; 0 and 1 stay integers."""
    return tuple(tuple(e if isinstance(e, int) else np.conj(e) for e in row) for row in matrix)


def trajectories(
    structure: Structure,
    numbers: Numbers,
    rates: Rates,
    shots: int,
    random: np.random.Generator,
    stop: threading.Event,
) -> Iterator[tuple[Chunk, NDArray[np.int64]]]:
    """Simulate runs of one noisy circuit, each with its own errors.

    A run's errors are Paulis drawn beforehand, since a depolarising channel doesn't depend on the
    state. There is a run for each shot, up to `MOST_TRAJECTORIES`; then runs have several shots.

    Args:
        structure: the circuit's structure
        numbers: the circuit's parameters, shape (parameters,)
        rates: the rates of the channels
        shots: number of shots, divided among the runs
        random: random generator of the errors
        stop: ends the simulation with a StoppedError once it is set

    Yields:
        Probabilities of a few runs, and how many shots each of them has.
    """
    width = len(structure.touched)
    if width > MOST_QUBITS:
        raise too_wide(width)
    runs = min(shots, MOST_TRAJECTORIES)
    share = np.full(runs, shots // runs)
    share[: shots % runs] += 1
    columns = max(1, CHUNK_AMPLITUDES >> width)
    for start in range(0, runs, columns):
        part = share[start : start + columns]
        register, place = Register(len(part)), 0
        for gate in structure.gates:
            if stop.is_set():
                raise StoppedError
            column = numbers[place : place + gate.size, None]
            own = np.broadcast_to(column, (gate.size, len(part)))
            apply(register, gate, rates.turned(gate, own))
            place += gate.size
            _err(register, gate, own, rates, random)
        register.settle_all()
        chunk = Chunk(tuple(range(len(part))), *register.probabilities(structure.bits))
        yield chunk, part


def _err(
    register: Register,
    gate: GateShape,
    numbers: Numbers,
    rates: Rates,
    random: np.random.Generator,
) -> None:
    """Apply random Paulis to the gate's qubits, in the runs drawn at the channel's rate."""
    batch = register.amplitudes.shape[1]
    for qubits in _channels(gate):
        rate = rates.one if len(qubits) == 1 else rates.of_pair(gate, numbers)
        hit: NDArray[np.bool_] = np.asarray(random.random(batch) < rate)
        if not hit.any():
            continue
        for qubit in qubits:
            # Fully mixed is any Pauli, the identity too, on each of the qubits.
            drawn = np.where(hit, random.integers(0, 4, batch), 0)
            register.turn(qubit, _pauli(drawn))


def _pauli(which: NDArray[np.int64]) -> Matrix:
    """Return I, X, Y or Z for each run: 0, 1, 2, 3."""
    (a, b), (c, d) = np.moveaxis(PAULIS[which], 0, 2)
    return (a, b), (c, d)


def _channels(gate: GateShape) -> tuple[tuple[int, ...], ...]:
    """Return the qubits of each of a gate's channels."""
    if gate.kind.matrix is None and not gate.terms:
        return ()
    if gate.kind.targets == 1:
        if not gate.controls:
            return tuple((target,) for target in gate.targets)
        return tuple(pair for target in gate.targets for pair in pairwise((*gate.controls, target)))
    qubits = (*gate.controls, *gate.targets)
    return (qubits,) if len(qubits) == 1 else tuple(pairwise(qubits))
