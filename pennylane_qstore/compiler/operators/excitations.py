"""Excitations of quantum chemistry to Cliffords and rotations, their one parameter open."""

from collections.abc import Sequence
from itertools import pairwise

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Element, adjoint, rotation
from pennylane_qstore.compiler.operators.multi_controlled import Phases, controlled_diagonal

_ANGLE = Angle(0.0, ((0, 1.0),))


def double_excitation(outside: float = 0.0) -> list[Element]:
    """PennyLane's rotation of |0011⟩ and |1100⟩ on qubits 0 to 3.

    CNOTs make the two states those of qubit 0, which turns about Y where the others are 011.

    Args:
        outside: a phase of all other states, as a multiple of the angle
    """
    return _double((0, 1, 2, 3), outside)


def fermionic_single(qubits: int) -> list[Element]:
    """PennyLane's excitation from the first qubit to the last, with the parity of the others."""
    first, *between, last = range(qubits)
    half = _ANGLE.scaled(0.5)
    core = [
        rotation([(first, "X"), (last, "Y")], half),
        rotation([(first, "Y"), (last, "X")], half.scaled(-1)),
    ]
    return _with_parity(between, last, core)


def fermionic_double(first: int, second: int) -> list[Element]:
    """PennyLane's double excitation of two ranges of qubits, from their ends to their ends.

    Args:
        first: how many qubits there are in the range of the occupied orbitals, the first ones
        second: how many in the other
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
    """Elements that excite a qubit, with a minus where an odd number of others are 1."""
    if not between:
        return list(core)
    chain = [Clifford("CX", pair) for pair in pairwise(between)]
    before = [*chain, Clifford("CZ", (between[-1], end))]
    return [*before, *core, *adjoint(before)]
