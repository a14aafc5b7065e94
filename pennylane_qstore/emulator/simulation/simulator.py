"""Exact probabilities of a group of circuits, many circuits at a time."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation import fusion, statevector
from pennylane_qstore.emulator.simulation.circuit import (
    CircuitGroup,
    GateShape,
    StoppedError,
    Structure,
)
from pennylane_qstore.emulator.simulation.gates import Numbers
from pennylane_qstore.emulator.simulation.pauli import evolve
from pennylane_qstore.emulator.simulation.register import Register, read_out, states_of

# 256 MB of state, and about 700 MB with what a gate needs on the way.
MOST_QUBITS = 24
# Amplitudes of a chunk, which should fit into the cache of one core: 2**16 are 1 MB.
CHUNK_AMPLITUDES = 1 << 16
# With fewer columns than this, loop overhead costs more than batching saves.
FEWEST_COLUMNS = 8
# From this width, a circuit by itself is faster than many at a time in numpy.
FEWEST_WIDE = 10
# With fewer amplitudes than this, numpy's calls cost more than its arithmetic.
FUSED_AMPLITUDES = 1 << 12


@dataclass(frozen=True, slots=True)
class Chunk:
    """Probabilities of a few circuits of one structure.

    Attributes:
        members: the circuits' places in the job
        qubits: the measured qubits in rising order
        probabilities: of their states, shape (members, 2**qubits); the first is the lowest bit
    """

    members: tuple[int, ...]
    qubits: tuple[int, ...]
    probabilities: NDArray[np.float64]

    @property
    def states(self) -> NDArray[np.int64]:
        """The basis states in rising order; qubit 0 is the lowest bit."""
        return states_of(self.qubits)


def simulate(group: CircuitGroup, stop: threading.Event) -> Iterator[Chunk]:
    """Simulate a group in chunks that fit into memory.

    Args:
        group: circuits of one structure
        stop: ends the simulation with a StoppedError once it is set

    Yields:
        Probabilities of a few circuits at a time.
    """
    width = len(group.structure.touched)
    if width > MOST_QUBITS:
        raise too_wide(width)
    if len(group.members) << width <= FUSED_AMPLITUDES:
        plan = fusion.plan(group.structure)
        if plan is not None:
            numbers = np.ascontiguousarray(group.numbers.T)
            found = fusion.probabilities(group.structure, plan, numbers, len(group.members))
            yield Chunk(group.members, *read_out(*found, group.structure.bits))
            return
    if width >= FEWEST_WIDE:
        for member, numbers in zip(group.members, group.numbers, strict=True):
            qubits, row = statevector.probabilities(group.structure, numbers, stop)
            yield Chunk((member,), *read_out(qubits, row[None], group.structure.bits))
        return
    columns = CHUNK_AMPLITUDES >> width
    columns = columns if columns >= FEWEST_COLUMNS else 1
    for start in range(0, len(group.members), columns):
        rows = slice(start, start + columns)
        numbers = np.ascontiguousarray(group.numbers[rows].T)
        members = group.members[rows]
        register = _run(group.structure, numbers, len(members), stop)
        yield Chunk(members, *register.probabilities(group.structure.bits))


def too_wide(width: int) -> MemoryError:
    """Return the error for a state that doesn't fit into memory."""
    return MemoryError(
        f"The circuit entangles up to {width} qubits; this emulator holds {MOST_QUBITS} in memory."
    )


def _run(structure: Structure, numbers: Numbers, batch: int, stop: threading.Event) -> Register:
    """Return the register after a structure's gates; `numbers` has shape (numbers, batch)."""
    register, start = Register(batch), 0
    for gate in structure.gates:
        if stop.is_set():
            raise StoppedError
        apply(register, gate, numbers[start : start + gate.size])
        start += gate.size
    register.settle_all()
    return register


def apply(register: Register, gate: GateShape, numbers: Numbers) -> None:
    """Apply one gate; `numbers` has shape (the gate's numbers, batch)."""
    if gate.terms:
        evolve(register, gate.targets, gate.terms, numbers[:-1], numbers[-1])
        return
    if gate.kind.matrix is None:
        return
    matrix = gate.kind.matrix(*numbers)
    if gate.kind.targets > 1:
        register.couple(matrix, gate.targets, gate.controls)
        return
    for target in gate.targets:
        if gate.controls:
            register.couple(matrix, (target,), gate.controls)
        else:
            register.turn(target, matrix)
