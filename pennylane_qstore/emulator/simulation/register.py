"""State vectors of a batch of circuits, which grow as qubits are coupled.

The array has a column for each circuit, so that every operation runs over contiguous numbers.
A qubit is added to the state when it is first coupled to another; until then, and between
couplings, its one-qubit gates are multiplied into one 2x2 matrix for each circuit.
"""

from collections.abc import Sequence
from itertools import product as combinations

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.gates import Entry, Matrix

States = NDArray[np.complex128]
IDENTITY: Matrix = ((1, 0), (0, 1))


def is_number(entry: Entry, number: int) -> bool:
    """Return whether an entry is that integer by construction, not by chance."""
    return isinstance(entry, int) and entry == number


def times(left: Entry, right: Entry) -> Entry:
    """Return the product of two entries; integers 0 and 1 stay exact."""
    if is_number(left, 0) or is_number(right, 1):
        return left
    if is_number(right, 0) or is_number(left, 1):
        return right
    return left * right


def plus(left: Entry, right: Entry) -> Entry:
    """Return the sum of two entries."""
    if is_number(left, 0):
        return right
    return left if is_number(right, 0) else left + right


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """Return the matrix product: `right` acts first."""
    columns = tuple(zip(*right, strict=True))
    return tuple(tuple(plus(times(a, c), times(b, d)) for c, d in columns) for a, b in left)


class Register:
    """The qubits of a batch of circuits that share their structure.

    Attributes:
        amplitudes: shape (2**qubits, batch); the qubit that was added first is the lowest bit
        order: the qubits of the state vector, in the order they were added
    """

    def __init__(self, batch: int) -> None:
        self.amplitudes: States = np.ones((1, batch), dtype=np.complex128)
        self.order: list[int] = []
        self._turns: dict[int, Matrix] = {}

    def turn(self, qubit: int, matrix: Matrix) -> None:
        """Apply a one-qubit gate; it is multiplied in when the qubit is next coupled."""
        earlier = self._turns.get(qubit)
        self._turns[qubit] = matrix if earlier is None else multiply(matrix, earlier)

    def couple(self, matrix: Matrix, targets: Sequence[int], controls: Sequence[int] = ()) -> None:
        """Apply a matrix to the targets where all controls are 1."""
        self.settle((*targets, *controls))
        self._apply(matrix, targets, controls)

    def settle(self, qubits: Sequence[int]) -> None:
        """Add qubits to the state vector, and apply their pending one-qubit gates."""
        for qubit in qubits:
            matrix = self._turns.pop(qubit, None)
            if qubit not in self.order:
                self._join(qubit, matrix or IDENTITY)
            elif matrix is not None:
                self._apply(matrix, (qubit,), ())

    def settle_all(self) -> None:
        """Add every qubit that was touched."""
        self.settle(tuple(self._turns))

    def probabilities(self, bits: int | None = None) -> tuple[tuple[int, ...], NDArray[np.float64]]:
        """Compute each circuit's probabilities.

        Args:
            bits: number of the lowest qubits that are measured; None for all

        Returns:
            The measured qubits in rising order, and probabilities of shape (batch, states).
        """
        order, joined = self.order, len(self.order)
        found = np.square(self.amplitudes.real)
        found += np.square(self.amplitudes.imag)
        descending = [joined - 1 - order.index(qubit) for qubit in sorted(order, reverse=True)]
        batch = found.shape[1]
        tensor = found.reshape(*[2] * joined, batch).transpose(joined, *descending)
        return read_out(sorted(order), tensor.reshape(batch, -1), bits)

    def _join(self, qubit: int, matrix: Matrix) -> None:
        zero, one = matrix[0][0], matrix[1][0]
        joined = np.empty((2, *self.amplitudes.shape), dtype=np.complex128)
        np.multiply(self.amplitudes, zero, out=joined[0])
        np.multiply(self.amplitudes, one, out=joined[1])
        self.amplitudes = joined.reshape(-1, self.amplitudes.shape[1])
        self.order.append(qubit)

    def _apply(self, matrix: Matrix, targets: Sequence[int], controls: Sequence[int]) -> None:
        blocks = self._blocks(targets, controls)
        if all(
            is_number(entry, 0)
            for i, row in enumerate(matrix)
            for entry in (*row[:i], *row[i + 1 :])
        ):
            for i, block in enumerate(blocks):
                if not is_number(matrix[i][i], 1):
                    np.multiply(block, matrix[i][i], out=block)
            return
        changed = [
            (block, _combine(row, blocks))
            for i, (row, block) in enumerate(zip(matrix, blocks, strict=True))
            if not _is_identity(row, i)
        ]
        for block, fresh in changed:
            block[...] = fresh

    def _blocks(self, targets: Sequence[int], controls: Sequence[int]) -> list[States]:
        """Return a view of the amplitudes for each value of the targets, the first the top bit."""
        places = {qubit: self.order.index(qubit) for qubit in (*targets, *controls)}
        descending = sorted(places.values(), reverse=True)
        shape, above = [], len(self.order)
        for place in descending:
            shape += [1 << (above - place - 1), 2]
            above = place
        tensor = self.amplitudes.reshape(*shape, 1 << above, self.amplitudes.shape[1])
        axes = {qubit: 2 * descending.index(place) + 1 for qubit, place in places.items()}
        blocks = []
        for bits in combinations((0, 1), repeat=len(targets)):
            index: list[int | slice] = [slice(None)] * tensor.ndim
            for qubit in controls:
                index[axes[qubit]] = 1
            for qubit, bit in zip(targets, bits, strict=True):
                index[axes[qubit]] = bit
            blocks.append(tensor[tuple(index)])
        return blocks


def read_out(
    qubits: Sequence[int], probabilities: NDArray[np.float64], bits: int | None
) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """Sum over the qubits above the lowest `bits`.

    Args:
        qubits: in rising order; the first is the lowest bit of a state in `probabilities`
        probabilities: shape (batch, 2**qubits)
        bits: number of the lowest qubits that are measured; None for all

    Returns:
        The measured qubits, and the probabilities of their states, shape (batch, states).
    """
    low = sum(bits is None or qubit < bits for qubit in qubits)
    seen = probabilities.reshape(len(probabilities), -1, 1 << low)
    return tuple(qubits[:low]), seen[:, 0] if seen.shape[1] == 1 else seen.sum(axis=1)


def states_of(qubits: Sequence[int]) -> NDArray[np.int64]:
    """Return the basis states of some qubits in rising order, qubit 0 as the lowest bit."""
    states = np.zeros(1 << len(qubits), dtype=np.int64)
    for place, qubit in enumerate(qubits):
        states.reshape(-1, 2, 1 << place)[:, 1] += 1 << qubit
    return states


def _is_identity(row: tuple[Entry, ...], place: int) -> bool:
    return all(is_number(entry, int(i == place)) for i, entry in enumerate(row))


def _combine(row: tuple[Entry, ...], blocks: Sequence[States]) -> States:
    """Return a new block: the row's linear combination of the blocks."""
    (first, block), *rest = [
        (entry, block) for entry, block in zip(row, blocks, strict=True) if not is_number(entry, 0)
    ]
    total: States = block.copy() if is_number(first, 1) else block * first
    for entry, block in rest:
        total += block * entry
    return total
