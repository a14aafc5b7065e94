"""How much of a qubit's state still matters downstream: nothing, its bit, or the full state.

A circuit is read from its end. Of a qubit that is measured in the computational basis and that no
later gate acts on, only the bit matters: a diagonal gate there does nothing, and X, CNOT, SWAP and
Toffoli act on bits, which can be done to the outcomes just as well. A gate on qubits that aren't
measured does nothing, either.
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
    Fence,
    Rotation,
)

_DIAGONAL = {"Z", "S", "SDG", "CZ"}


class Flip(NamedTuple):
    """A correction of the outcomes: a bit is flipped where all controls are 1.

    Attributes:
        controls: qubits, or none
        target: the qubit whose bit it is
    """

    controls: tuple[int, ...]
    target: int


class LightCone(NamedTuple):
    """The part of a circuit that the outcomes depend on.

    Attributes:
        elements: in order
        flips: corrections of the outcomes, in order
    """

    elements: tuple[AnyElement, ...]
    flips: tuple[Flip, ...]


class _Use(Enum):
    """How much of a qubit's state the rest of the circuit and its measurement depend on."""

    NOTHING = 0
    BIT = 1
    STATE = 2


def light_cone(elements: Sequence[AnyElement], measured: Iterable[int]) -> LightCone:
    """Reduce a circuit to the part that the measured outcomes depend on.

    Args:
        elements: in order
        measured: the measured qubits

    Returns:
        the elements that are left, and bit flips to apply to the outcomes
    """
    uses = _Uses(measured)
    kept: list[AnyElement] = []
    flips: list[Flip] = []
    for element in reversed(elements):
        if uses.is_irrelevant(element):
            continue
        element_flips = None if uses.has_state(element) else _as_flips(element)
        if element_flips is None:
            kept.append(element)
            uses.take(element)
        else:
            flips[:0] = element_flips
            uses.take_bits(element)
    return LightCone(tuple(reversed(kept)), tuple(flips))


class _Uses:
    """How much of each qubit's state matters after a point of the circuit."""

    def __init__(self, measured: Iterable[int]) -> None:
        self._of = dict.fromkeys(measured, _Use.BIT)

    def _at(self, qubit: int) -> _Use:
        return self._of.get(qubit, _Use.NOTHING)

    def has_state(self, element: AnyElement) -> bool:
        """Return whether more than the bit matters of one of an element's qubits."""
        return any(self._at(qubit) is _Use.STATE for qubit in element.qubits)

    def is_irrelevant(self, element: AnyElement) -> bool:
        """Return whether no measured outcome depends on an element.

        An element may do anything to unmeasured qubits, also where measured bits control it.
        """
        if self.has_state(element) or isinstance(element, Fence):
            return False
        seen = {qubit for qubit in element.qubits if self._at(qubit) is _Use.BIT}
        return seen <= _kept_bits(element)

    def take(self, element: AnyElement) -> None:
        """Record an element that is kept."""
        self._of |= dict.fromkeys(element.qubits, _Use.STATE)

    def take_bits(self, element: AnyElement) -> None:
        """Record an element that is applied to the outcomes instead."""
        if isinstance(element, Clifford) and element.name == "SWAP":
            first, last = element.qubits
            self._of |= {first: self._at(last), last: self._at(first)}
        else:
            self._of |= dict.fromkeys(element.qubits, _Use.BIT)


def _kept_bits(element: AnyElement) -> set[int]:
    """Return the qubits whose bits an element leaves as they are."""
    if isinstance(element, Rotation):
        return {qubit for qubit, letter in element.word if letter == "Z"}
    if isinstance(element, ControlledX):
        return set(element.controls)
    if isinstance(element, Fence):
        return set()
    if isinstance(element, Constant):
        across = element.matrix - np.diag(np.diag(element.matrix))
        return set(element.qubits) if np.abs(across).max() < tolerances.MATRIX_ELEMENT else set()
    if element.name == "CX":
        return {element.qubits[0]}
    return set(element.qubits) if element.name in _DIAGONAL else set()


def _as_flips(element: AnyElement) -> list[Flip] | None:
    """Return an element as flips of bits; None where it does more than that, but for phases."""
    if isinstance(element, ControlledX):
        return [Flip(element.controls, element.target)]
    if isinstance(element, Fence):
        return None
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
    """Return a rotation by a constant multiple of π as flips; None for any other angle."""
    turns = element.angle.const / np.pi
    if not element.angle.is_constant or abs(turns - round(turns)) > tolerances.HALF_TURNS:
        return None
    return [Flip((), qubit) for qubit, letter in element.word if round(turns) % 2 and letter != "Z"]
