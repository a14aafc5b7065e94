"""A group of circuits to their exact probabilities, many circuits at a time."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.circuit import Gate, Group, Structure
from pennylane_qstore.emulator.gates import Numbers
from pennylane_qstore.emulator.pauli import evolve
from pennylane_qstore.emulator.register import Register

# 256 MB of state, and about 700 MB with what a gate needs on the way.
MOST_QUBITS = 24
# A chunk's state should stay in the cache of one core: 2**16 amplitudes are 1 MB.
CHUNK_AMPLITUDES = 1 << 16
# Fewer columns than this cost more in loop overhead than they save.
FEWEST_COLUMNS = 8


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


def simulate(group: Group, stop: threading.Event) -> Iterator[Chunk]:
    """Simulates a group, in chunks that fit into memory.

    Args:
        group: circuits of one structure
        stop: ends the work with a StoppedError once it is set
    """
    touched = {q for gate in group.structure.gates for q in (*gate.targets, *gate.controls)}
    if len(touched) > MOST_QUBITS:
        raise MemoryError(
            f"The circuit entangles up to {len(touched)} qubits; "
            f"this emulator holds {MOST_QUBITS} in memory."
        )
    columns = CHUNK_AMPLITUDES >> len(touched)
    columns = columns if columns >= FEWEST_COLUMNS else 1
    for start in range(0, len(group.members), columns):
        rows = slice(start, start + columns)
        numbers = np.ascontiguousarray(group.numbers[rows].T)
        members = group.members[rows]
        yield Chunk(members, *_read_out(_run(group.structure, numbers, len(members), stop)))


def _run(structure: Structure, numbers: Numbers, batch: int, stop: threading.Event) -> Register:
    """Applies a structure's gates; `numbers` is of shape (numbers, batch)."""
    register, start = Register(batch), 0
    for gate in structure.gates:
        if stop.is_set():
            raise StoppedError
        _apply(register, gate, numbers[start : start + gate.size])
        start += gate.size
    register.settle_all()
    return register


def _apply(register: Register, gate: Gate, numbers: Numbers) -> None:
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


def _read_out(register: Register) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Basis states in rising order, and each circuit's probabilities of them."""
    order, joined = register.order, len(register.order)
    probabilities = np.square(register.amplitudes.real)
    probabilities += np.square(register.amplitudes.imag)
    descending = [joined - 1 - order.index(qubit) for qubit in sorted(order, reverse=True)]
    batch = probabilities.shape[1]
    tensor = probabilities.reshape(*[2] * joined, batch).transpose(joined, *descending)
    states = np.zeros(1 << joined, dtype=np.int64)
    for place, qubit in enumerate(sorted(order)):
        states.reshape(-1, 2, 1 << place)[:, 1] += 1 << qubit
    return states, tensor.reshape(batch, -1)
