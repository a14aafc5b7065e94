"""Classical-state propagation: gates on qubits in a known basis state are evaluated here.

All qubits start in |0⟩. Until a gate makes a superposition of it, a qubit's state stays known; a
gate that it controls either happens or doesn't, and a rotation about Z there is a phase.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    AnyElement,
    Clifford,
    Constant,
    ControlledX,
    Fence,
    Rotation,
)

_DIAGONAL = {"Z", "S", "SDG"}
_FLIPS = {"X", "Y"}


class Simplified(NamedTuple):
    """A circuit that starts in |0…0⟩, without gates on known basis states.

    Attributes:
        elements: in order, for qubits that all start in |0⟩
        flipped: the qubits that are in |1⟩ at the end and that no element acts on, as an integer
    """

    elements: tuple[AnyElement, ...]
    flipped: int


def from_zeros(elements: Iterable[AnyElement], qubits: int) -> Simplified:
    """Remove from a circuit that starts in |0…0⟩ what only acts on known basis states.

    Args:
        elements: in order
        qubits: how many

    Returns:
        the elements that are left, and the qubits that end in |1⟩
    """
    state = _BasisState(qubits)
    kept = [left for element in elements for left in state.after(element)]
    return Simplified(tuple(kept), sum(bit << qubit for qubit, bit in state.bits.items()))


class _BasisState:
    """The qubits whose state is known so far; one that is 1 has not been flipped yet."""

    def __init__(self, qubits: int) -> None:
        self.bits = dict.fromkeys(range(qubits), 0)

    def after(self, element: AnyElement) -> Iterator[AnyElement]:
        """Return what must be done of an element, and update the known bits."""
        if isinstance(element, Rotation):
            return self._rotated(element)
        if isinstance(element, ControlledX):
            return self._controlled(element.controls, element.target)
        if isinstance(element, Fence):
            return self._fenced(element)
        if isinstance(element, Constant):
            return self._unitary(element)
        return self._clifford(element)

    def _fenced(self, element: Fence) -> Iterator[AnyElement]:
        """Yield a fence after the flips that lead to its qubits' states."""
        yield from self._in_superposition(element.qubits)
        yield element

    def _rotated(self, element: Rotation) -> Iterator[AnyElement]:
        angle, word = element.angle, []
        for qubit, letter in element.word:
            if letter != "Z" or qubit not in self.bits:
                word.append((qubit, letter))
            elif self.bits[qubit]:
                angle = angle.scaled(-1)
        if word:
            yield from self._in_superposition(qubit for qubit, _ in word)
            yield Rotation(tuple(word), angle)

    def _controlled(self, controls: Iterable[int], target: int) -> Iterator[AnyElement]:
        if any(self.bits.get(qubit) == 0 for qubit in controls):
            return
        rest = tuple(qubit for qubit in controls if qubit not in self.bits)
        if not rest:
            yield from self._flipped(target)
            return
        yield from self._in_superposition([target])
        if len(rest) == 1:
            yield Clifford("CX", (*rest, target))
        else:
            yield ControlledX(rest, target)

    def _clifford(self, element: Clifford) -> Iterator[AnyElement]:
        first, last = element.qubits[0], element.qubits[-1]
        if element.name == "CX":
            yield from self._controlled([first], last)
        elif element.name == "CZ" and (first in self.bits or last in self.bits):
            classical, other = (first, last) if first in self.bits else (last, first)
            if self.bits[classical] and other not in self.bits:
                yield Clifford("Z", (other,))
        elif element.name == "SWAP":
            yield from self._exchanged(first, last)
        elif element.name in _FLIPS:
            yield from self._flipped(first, element)
        elif element.name not in _DIAGONAL or first not in self.bits:
            yield from self._in_superposition(element.qubits)
            yield element

    def _exchanged(self, first: int, last: int) -> Iterator[AnyElement]:
        """Yield a SWAP where it is needed: known bits change places without a gate."""
        if first in self.bits and last in self.bits:
            self.bits |= {first: self.bits[last], last: self.bits[first]}
            return
        classical = {qubit: self.bits[qubit] for qubit in (first, last) if qubit in self.bits}
        if not any(classical.values()):  # a qubit in |0⟩ stays one wherever it goes
            self.bits |= {first + last - qubit: self.bits.pop(qubit) for qubit in classical}
        yield from self._in_superposition(qubit for qubit, bit in classical.items() if bit)
        yield Clifford("SWAP", (first, last))

    def _unitary(self, element: Constant) -> Iterator[AnyElement]:
        (qubit, *others), matrix = element.qubits, element.matrix
        if qubit in self.bits and not others:
            if max(abs(matrix[0, 1]), abs(matrix[1, 0])) < tolerances.MATRIX_ELEMENT:
                return
            if max(abs(matrix[0, 0]), abs(matrix[1, 1])) < tolerances.MATRIX_ELEMENT:
                yield from self._flipped(qubit)
                return
        yield from self._in_superposition(element.qubits)
        yield element

    def _flipped(self, qubit: int, gate: AnyElement | None = None) -> Iterator[AnyElement]:
        if qubit in self.bits:
            self.bits[qubit] ^= 1
        else:
            yield gate or Clifford("X", (qubit,))

    def _in_superposition(self, qubits: Iterable[int]) -> Iterator[AnyElement]:
        """Yield X for each qubit in |1⟩ that is about to leave its basis state."""
        for qubit in qubits:
            if self.bits.pop(qubit, 0):
                yield Clifford("X", (qubit,))
