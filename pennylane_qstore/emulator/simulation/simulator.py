"""A group of circuits to their exact probabilities, many circuits at a time."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation import fusion
from pennylane_qstore.emulator.simulation.circuit import CircuitGroup, GateShape, Structure
from pennylane_qstore.emulator.simulation.gates import Numbers
from pennylane_qstore.emulator.simulation.pauli import evolve
from pennylane_qstore.emulator.simulation.register import Register, read_out

# 256 MB of state, and about 700 MB with what a gate needs on the way.
MOST_QUBITS = 24
# A chunk's state should stay in the cache of one core: 2**16 amplitudes are 1 MB.
CHUNK_AMPLITUDES = 1 << 16
# Fewer columns than this cost more in loop overhead than they save.
FEWEST_COLUMNS = 8
# With fewer amplitudes than this, the calls of a gate cost more than its numbers.
FUSED_AMPLITUDES = 1 << 12


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Probabilities of a few circuits of one structure.

    Attributes:
        members: the circuits' places in the job
        states: basis states in rising order; qubit 0 is the lowest bit
        probabilities: of shape (members, states)
    """

    members: tuple[int, ...]
    states: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def simulate(group: CircuitGroup, stop: threading.Event) -> Iterator[Chunk]:
    """Simulates a group, in chunks that fit into memory.

    Args:
        group: circuits of one structure
        stop: ends the work with a StoppedError once it is set
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
    columns = CHUNK_AMPLITUDES >> width
    columns = columns if columns >= FEWEST_COLUMNS else 1
    for start in range(0, len(group.members), columns):
        rows = slice(start, start + columns)
        numbers = np.ascontiguousarray(group.numbers[rows].T)
        members = group.members[rows]
        register = _run(group.structure, numbers, len(members), stop)
        yield Chunk(members, *register.probabilities(group.structure.bits))


def too_wide(width: int) -> MemoryError:
    """Says that a state does not fit."""
    return MemoryError(
        f"The circuit entangles up to {width} qubits; this emulator holds {MOST_QUBITS} in memory."
    )


def _run(structure: Structure, numbers: Numbers, batch: int, stop: threading.Event) -> Register:
    """Applies a structure's gates; `numbers` is of shape (numbers, batch)."""
    register, start = Register(batch), 0
    for gate in structure.gates:
        if stop.is_set():
            raise StoppedError
        apply(register, gate, numbers[start : start + gate.size])
        start += gate.size
    register.settle_all()
    return register


def apply(register: Register, gate: GateShape, numbers: Numbers) -> None:
    """Applies one gate; `numbers` is of shape (the gate's numbers, batch)."""
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
