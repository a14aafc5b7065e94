"""Quantum chemistry's excitations as Clifford gates and rotations with one open angle."""

from collections.abc import Sequence
from itertools import pairwise

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Element, adjoint, rotation
from pennylane_qstore.compiler.operators.multi_controlled import Phases, controlled_diagonal

_ANGLE = Angle(0.0, ((0, 1.0),))


def double_excitation(outside: float = 0.0) -> list[Element]:
    """Return PennyLane's rotation between |0011⟩ and |1100⟩ on qubits 0 to 3.

    CNOTs make the two states those of qubit 0, which turns about Y where the others are 011.

    Args:
        outside: a phase of all other states, as a multiple of the angle

    Returns:
        elements with one open angle
    """
    return _double((0, 1, 2, 3), outside)


def fermionic_single(qubits: int) -> list[Element]:
    """Return PennyLane's excitation from the first to the last qubit, with the others' parity."""
    first, *between, last = range(qubits)
    half = _ANGLE.scaled(0.5)
    core = [
        rotation([(first, "X"), (last, "Y")], half),
        rotation([(first, "Y"), (last, "X")], half.scaled(-1)),
    ]
    return _with_parity(between, last, core)


def fermionic_double(first: int, second: int) -> list[Element]:
    """Return PennyLane's double excitation between two ranges of qubits.

    Args:
        first: how many qubits there are in the range of the occupied orbitals, the first ones
        second: how many in the other

    Returns:
        elements with one open angle
    """
    last = first + second - 1
    between = [*range(1, first - 1), *range(first + 1, last)]
    return _with_parity(between, last, _double((0, first - 1, first, last)))


def _double(qubits: Sequence[int], outside: float = 0.0) -> list[Element]:
    target, second, third, fourth = qubits
    before = [
        *(Clifford("CX", (target, qubit)) for qubit in (second, third, fourth)),
        Clifford("X", (second,)),
        Clifford("SX", (target,)),
    ]
    phases = Phases(_ANGLE.scaled(-0.5 - outside), _ANGLE.scaled(0.5 - outside))
    core = controlled_diagonal(phases, [second, third, fourth], target)
    return [*before, *core, *adjoint(before)]


def _with_parity(between: Sequence[int], end: int, core: Sequence[Element]) -> list[Element]:
    """Return an excitation with a minus sign where an odd number of other qubits are 1."""
    if not between:
        return list(core)
    chain = [Clifford("CX", pair) for pair in pairwise(between)]
    before = [*chain, Clifford("CZ", (between[-1], end))]
    return [*before, *core, *adjoint(before)]
