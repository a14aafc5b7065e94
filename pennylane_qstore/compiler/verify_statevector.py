"""A small statevector simulator, used only to verify programs.

The matrices are written from IonQ's formulas on their own, so that an error in the compiler can't
hide behind the same error here: "Getting started with native gates" for native gates, the API's
reference for QIS gates.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.programs.program import Programs

Reals = NDArray[np.float64]
State = NDArray[np.complex128]
TURN = 2 * np.pi
_I = np.eye(2, dtype=complex)
_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.diag([1, -1]).astype(complex)
_PAULIS = {"x": _X, "y": _Y, "z": _Z}
_V = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_EIGHTH = np.exp(0.25j * np.pi)
_FIXED = {
    **_PAULIS,
    "h": (_X + _Z) / np.sqrt(2),
    "s": np.diag([1, 1j]),
    "si": np.diag([1, -1j]),
    "t": np.diag([1, _EIGHTH]),
    "ti": np.diag([1, _EIGHTH.conj()]),
    "v": _V,
    "vi": _V.conj(),
    "cnot": np.eye(4, dtype=complex)[[0, 1, 3, 2]],
    "cz": np.diag([1, 1, 1, -1]).astype(complex),
    "swap": np.eye(4, dtype=complex)[[0, 2, 1, 3]],
}
# How many numbers a gate has, where it has any; one of a name in both sets has as many in both.
_NUMBERS = {
    **{"gpi": 1, "gpi2": 1, "ms": 3},
    **dict.fromkeys(("rx", "ry", "rz", "xx", "yy", "zz"), 1),
}


class LocalUnitary(NamedTuple):
    """A unitary on some qubits.

    Attributes:
        qubits: the first is the left tensor factor
        matrix: shape (d, d), or (batch, d, d)
    """

    qubits: tuple[int, ...]
    matrix: State


def steps_of(programs: Programs, rows: NDArray[np.int64] | slice) -> list[LocalUnitary]:
    """Return the gates of some of the programs."""
    columns = iter(programs.numbers[rows].T)
    return [
        LocalUnitary(
            qubits, _matrix(programs.gateset, name, [next(columns) for _ in range(_count(name))])
        )
        for name, qubits in programs.gates
    ]


def _count(name: str) -> int:
    return _NUMBERS.get(name, 0)


def _matrix(gateset: str, name: str, numbers: Sequence[Reals]) -> State:
    if not numbers:
        return _FIXED[name]
    if gateset == "native":
        return _native(name, numbers)
    (angle,) = numbers
    word = _PAULIS[name[-1]]
    return _exponential(angle / 2, word if name[0] == "r" else np.kron(word, word))


def _native(name: str, numbers: Sequence[Reals]) -> State:
    """Return a native gate's matrices (batch, d, d), of its numbers in turns."""
    if name == "gpi":
        return _equator(numbers[0])
    if name == "gpi2":
        return _exponential(np.full(len(numbers[0]), np.pi / 4), _equator(numbers[0]))
    if name == "zz":
        return _exponential(np.pi * numbers[0], np.kron(_Z, _Z))
    first, second, angle = _equator(numbers[0]), _equator(numbers[1]), np.pi * numbers[2]
    both = first[:, :, None, :, None] * second[:, None, :, None, :]
    return _exponential(angle, both.reshape(-1, 4, 4))


def _equator(phase: Reals) -> State:
    """Return cos(2πφ) X + sin(2πφ) Y."""
    angle = TURN * phase[:, None, None]
    return np.cos(angle) * _X + np.sin(angle) * _Y


def _exponential(angle: Reals, generator: State) -> State:
    """Return exp(-i angle G) of a G that is its own inverse."""
    angles = angle[:, None, None]
    unit = np.eye(generator.shape[-1])
    return np.cos(angles) * unit - 1j * np.sin(angles) * generator


def run(steps: Iterable[LocalUnitary], state: State) -> State:
    """Apply gates to a state.

    Args:
        steps: in the order of time
        state: shape (1 or batch, 2, …, 2, inputs), an axis for each qubit

    Returns:
        the state after them, shape (batch, 2, …, 2, inputs)
    """
    for step in steps:
        state = _applied(step, state)
    return state


def _applied(step: LocalUnitary, state: State) -> State:
    """Return a state after one gate, summed over the matrix elements that aren't 0."""
    axes = tuple(1 + qubit for qubit in step.qubits)
    front = tuple(range(1, 1 + len(axes)))
    batch = max(len(state), *step.matrix.shape[:-2], 1)
    after = np.zeros((batch, *state.shape[1:]), dtype=complex)
    old, new = np.moveaxis(state, axes, front), np.moveaxis(after, axes, front)
    bits = list(np.ndindex(*[2] * len(axes)))
    for row, column in product(range(len(bits)), repeat=2):
        element = step.matrix[..., row, column]
        if element.any():
            factor = element.reshape(-1, *[1] * (old.ndim - 1 - len(axes)))
            new[:, *bits[row]] += factor * old[:, *bits[column]]
    return after


def zeros(qubits: int) -> State:
    """Return |0…0⟩, as the only input."""
    state = np.zeros((1, *[2] * qubits, 1), dtype=complex)
    state.flat[0] = 1
    return state


class Cone(NamedTuple):
    """The light cone of some qubits.

    Attributes:
        steps: in the order of time, on the cone's own qubits
        qubits: which they are
    """

    steps: list[LocalUnitary]
    qubits: list[int]


def cone(steps: Sequence[LocalUnitary], qubits: Iterable[int]) -> Cone:
    """Return the steps that can reach some qubits, on as many qubits as they need."""
    reached, kept = set(qubits), []
    for step in reversed(steps):
        if not reached.isdisjoint(step.qubits):
            reached.update(step.qubits)
            kept.append(step)
    own = sorted(reached)
    place = {qubit: i for i, qubit in enumerate(own)}
    moved = [
        LocalUnitary(tuple(place[q] for q in step.qubits), step.matrix) for step in reversed(kept)
    ]
    return Cone(moved, own)
