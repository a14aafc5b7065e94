"""What can't reach the outcomes isn't sent.

A circuit is read from its end. Of a qubit that is measured in the computational basis and that no
later gate acts on, only the bit matters: a diagonal gate there does nothing, and X, CNOT, SWAP and
Toffoli do to bits what can be done to the outcomes just as well. A gate on qubits that nobody asks
about does nothing, either.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    AnyElement,
    Clifford,
    Constant,
    ControlledX,
    Rotation,
)

_DIAGONAL = {"Z", "S", "SDG", "CZ"}


class Flip(NamedTuple):
    """What is done to the outcomes: a bit is flipped where all controls are 1.

    Attributes:
        controls: qubits, or none
        target: the qubit whose bit it is
    """

    controls: tuple[int, ...]
    target: int


class Reaching(NamedTuple):
    """The part of a circuit that the outcomes depend on.

    Attributes:
        elements: in order
        flips: what is done to the outcomes, in order
    """

    elements: tuple[AnyElement, ...]
    flips: tuple[Flip, ...]


class _Use(Enum):
    """What the rest of the circuit and its measurement make of a qubit."""

    NOTHING = 0
    BIT = 1
    STATE = 2


def reaching(elements: Sequence[AnyElement], measured: Iterable[int]) -> Reaching:
    """A circuit without what can't reach the outcomes.

    Args:
        elements: in order
        measured: the qubits whose bits are asked for
    """
    uses = _Uses(measured)
    kept: list[AnyElement] = []
    flips: list[Flip] = []
    for element in reversed(elements):
        if uses.misses(element):
            continue
        done = None if uses.has_state(element) else _on_bits(element)
        if done is None:
            kept.append(element)
            uses.take(element)
        else:
            flips[:0] = done
            uses.take_bits(element)
    return Reaching(tuple(reversed(kept)), tuple(flips))


class _Uses:
    """What becomes of each qubit after a point of the circuit."""

    def __init__(self, measured: Iterable[int]) -> None:
        self._of = dict.fromkeys(measured, _Use.BIT)

    def _at(self, qubit: int) -> _Use:
        return self._of.get(qubit, _Use.NOTHING)

    def has_state(self, element: AnyElement) -> bool:
        """Whether more than a bit matters of one of an element's qubits."""
        return any(self._at(qubit) is _Use.STATE for qubit in element.qubits)

    def misses(self, element: AnyElement) -> bool:
        """Whether nothing depends on an element.

        It may do what it likes to qubits that nobody asks about, also where bits that are asked
        for decide what it does.
        """
        if self.has_state(element):
            return False
        seen = {qubit for qubit in element.qubits if self._at(qubit) is _Use.BIT}
        return seen <= _kept_bits(element)

    def take(self, element: AnyElement) -> None:
        """An element that is kept."""
        self._of |= dict.fromkeys(element.qubits, _Use.STATE)

    def take_bits(self, element: AnyElement) -> None:
        """An element that is done to the outcomes instead."""
        if isinstance(element, Clifford) and element.name == "SWAP":
            first, last = element.qubits
            self._of |= {first: self._at(last), last: self._at(first)}
        else:
            self._of |= dict.fromkeys(element.qubits, _Use.BIT)


def _kept_bits(element: AnyElement) -> set[int]:
    """The qubits whose bits an element leaves as they are."""
    if isinstance(element, Rotation):
        return {qubit for qubit, letter in element.word if letter == "Z"}
    if isinstance(element, ControlledX):
        return set(element.controls)
    if isinstance(element, Constant):
        across = element.matrix - np.diag(np.diag(element.matrix))
        return set(element.qubits) if np.abs(across).max() < tolerances.MATRIX_ELEMENT else set()
    if element.name == "CX":
        return {element.qubits[0]}
    return set(element.qubits) if element.name in _DIAGONAL else set()


def _on_bits(element: AnyElement) -> list[Flip] | None:
    """What an element does to the bits, if that is all it does but for phases."""
    if isinstance(element, ControlledX):
        return [Flip(element.controls, element.target)]
    if isinstance(element, Rotation):
        return _half_turns(element)
    if isinstance(element, Constant):
        moves = (
            len(element.qubits) == 1
            and np.abs(np.diag(element.matrix)).max() < tolerances.MATRIX_ELEMENT
        )
        return [Flip((), element.qubits[0])] if moves else None
    first, last = element.qubits[0], element.qubits[-1]
    return {
        "X": [Flip((), first)],
        "Y": [Flip((), first)],
        "CX": [Flip((first,), last)],
        "SWAP": [Flip((a,), b) for a, b in [(first, last), (last, first), (first, last)]],
    }.get(element.name)


def _half_turns(element: Rotation) -> list[Flip] | None:
    """A rotation as flips, where its angle is a multiple of π for all parameters."""
    turns = element.angle.const / np.pi
    if not element.angle.is_constant or abs(turns - round(turns)) > tolerances.HALF_TURNS:
        return None
    return [Flip((), qubit) for qubit, letter in element.word if round(turns) % 2 and letter != "Z"]
