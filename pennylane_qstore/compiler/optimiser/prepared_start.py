"""State-preparation prefix: prepare what a circuit's constant start makes of |0…0⟩ more cheaply."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.circuit.elements import Clifford, Constant, Element, Matrix, Rotation
from pennylane_qstore.compiler.unitaries.isometries import renamed
from pennylane_qstore.compiler.unitaries.state_preparation import prepare
from pennylane_qstore.compiler.unitaries.two_qubit import matrices
from pennylane_qstore.compiler.unitaries.weyl import PAULIS

# Entanglers that a state of so many qubits takes at most. A state of more takes long to work out,
# and hardly ever takes fewer entanglers than its circuit.
_AT_MOST = (0, 0, 1, 3, 8, 17, 36, 81, 177)
MOST_QUBITS = len(_AT_MOST) - 1
_NO_PARAMS = np.zeros((1, 0))
_IDLE = -1  # no qubit of any circuit


class ConstantPrefix(NamedTuple):
    """A circuit in two.

    Attributes:
        prefix: elements without parameters that no element with one comes before, in order
        rest: all others, in order
    """

    prefix: list[Element]
    rest: list[Element]


def constant_prefix(elements: Iterable[Element], qubits: int) -> ConstantPrefix:
    """Split off the constant start of a circuit.

    Args:
        elements: in order
        qubits: how many there are

    Returns:
        the constant elements, and the rest
    """
    constant = [True] * qubits
    split = ConstantPrefix([], [])
    for element in elements:
        fixed = not isinstance(element, Rotation) or element.angle.is_constant
        if fixed and all(constant[qubit] for qubit in element.qubits):
            split.prefix.append(element)
            continue
        split.rest.append(element)
        for qubit in element.qubits:
            constant[qubit] = False
    return split


def with_prepared_prefix(
    elements: Iterable[Element], qubits: int, *, terminal: Collection[int] = ()
) -> list[Element]:
    """Make what a circuit's constant start makes of |0…0⟩ with fewer entanglers, where that goes.

    Args:
        elements: in order
        qubits: how many there are; all are |0⟩ at first
        terminal: qubits that are only measured after the circuit, in the computational basis;
            where nothing else follows on any qubit of a state, its phases may change

    Returns:
        a circuit that does the same to |0…0⟩, up to a global phase and such phases
    """
    prefix, rest = constant_prefix(elements, qubits)
    busy = {qubit for element in rest for qubit in element.qubits}
    found: list[Element] = []
    for component, own in _components(prefix):
        alone = all(qubit in terminal and qubit not in busy for qubit in component)
        found += _cheapest(component, own, magnitudes_only=alone)
    return [*found, *rest]


def state_of(elements: Iterable[Element], qubits: Sequence[int]) -> Matrix:
    """Return the state that constant elements make of |0…0⟩; the first qubit is the highest bit.

    Args:
        elements: in order, on these qubits
        qubits: of the state

    Returns:
        the amplitudes, shape (2ⁿ,)
    """
    place = {qubit: axis for axis, qubit in enumerate(qubits)}
    state = np.zeros((2,) * len(qubits), dtype=complex)
    state[(0,) * len(qubits)] = 1
    for element in elements:
        if isinstance(element, Rotation):
            turned = state
            for qubit, letter in element.word:
                turned = _applied(PAULIS["IXYZ".index(letter)], turned, [place[qubit]])
            half = element.angle.const / 2
            state = np.cos(half) * state - 1j * np.sin(half) * turned
        else:
            state = _applied(_matrix(element), state, [place[qubit] for qubit in element.qubits])
    return state.reshape(-1)


def _cheapest(
    component: Sequence[int], elements: list[Element], *, magnitudes_only: bool
) -> list[Element]:
    """Return the elements on a component, or ones with fewer entanglers for the same state."""
    count = len(component)
    own = renamed(elements, {qubit: place for place, qubit in enumerate(component)})
    most = _entanglers(own, count)
    if not most or count > MOST_QUBITS or 2 * most < _AT_MOST[count]:
        return elements
    made = prepare(state_of(own, range(count)), magnitudes_only=magnitudes_only)
    if _entanglers(made, count) >= most:
        return elements
    return renamed(made, dict(enumerate(component)))


def _entanglers(elements: Iterable[Element], qubits: int) -> int:
    """Return how many entanglers elements take once consolidated, 2n - 3 for n qubits."""
    joint = [len(part.qubits) for part in consolidate(elements, qubits).elements]
    return sum(2 * count - 3 for count in joint if count > 1)


def _components(elements: Iterable[Element]) -> list[tuple[tuple[int, ...], list[Element]]]:
    """Return groups of qubits that elements join, rising, with their elements in order."""
    group_of: dict[int, set[int]] = {}
    elements = list(elements)
    for element in elements:
        joined = set(element.qubits).union(*(group_of.get(q, set()) for q in element.qubits))
        group_of |= dict.fromkeys(joined, joined)
    groups = {tuple(sorted(group)): list[Element]() for group in group_of.values()}
    for element in elements:
        groups[tuple(sorted(group_of[element.qubits[0]]))].append(element)
    return list(groups.items())


def _matrix(element: Clifford | Constant) -> Matrix:
    if isinstance(element, Constant):
        return element.matrix
    if len(element.qubits) == 1:
        return matrices((*element.qubits, _IDLE), [element], _NO_PARAMS)[0, ::2, ::2]
    return matrices(element.qubits, [element], _NO_PARAMS)[0]


def _applied(matrix: Matrix, state: Matrix, axes: Sequence[int]) -> Matrix:
    """Return a state after a gate on some of its axes."""
    count = len(axes)
    gate = matrix.reshape((2,) * (2 * count))
    moved = np.tensordot(gate, state, axes=(range(count, 2 * count), axes))
    return np.moveaxis(moved, range(count), axes)
