"""Multi-controlled gates as Clifford gates and rotations with at most one entangler each.

What is controlled is diagonal: phases of |0⟩ and |1⟩ of the target, or a rotation about Z, whose
phases are opposite and cost less. Anything else on one qubit is diagonal in another basis.

The numbers of entanglers are 1, 5, 13, 27, 53 and 91 for phases with one to six controls, and 1, 4,
8 and 16 for a rotation with one to four; synthesis finds fewer where neighbours cancel.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Element,
    Rotation,
    adjoint,
    rotation,
)

_EIGHTH = Angle(math.pi / 4)
_HALF_TURN = Angle(math.pi)
# With more controls the phases' circuit is the shorter one for a rotation, too.
_MOST_FOR_ROTATION = 6


class Phases(NamedTuple):
    """diag(exp(i zero), exp(i one)).

    Attributes:
        zero: of |0⟩
        one: of |1⟩
    """

    zero: Angle
    one: Angle

    def scaled(self, factor: float) -> "Phases":
        """Return both phases multiplied by a factor."""
        return Phases(self.zero.scaled(factor), self.one.scaled(factor))


def controlled_x(controls: Sequence[int], target: int) -> list[Element]:
    """Return the elements of X on the target where all controls are 1."""
    if len(controls) == 1:
        return [Clifford("CX", (controls[0], target))]
    hadamard = Clifford("H", (target,))
    return [hadamard, *controlled_phase(_HALF_TURN, [*controls, target]), hadamard]


def controlled_phase(angle: Angle, qubits: Sequence[int]) -> list[Element]:
    """Return the elements that multiply |1…1⟩ by exp(i angle)."""
    *controls, target = qubits
    return controlled_diagonal(Phases(Angle(), angle), controls, target)


def controlled_diagonal(phases: Phases, controls: Sequence[int], target: int) -> list[Element]:
    """Return the elements of a diagonal gate on the target where all controls are 1."""
    if phases == Phases(Angle(), Angle()):
        return []
    opposite = phases.zero.plus(phases.one) == Angle()
    if opposite and len(controls) <= _MOST_FOR_ROTATION:
        return controlled_rotation(phases.one.scaled(2), controls, target)
    if not controls:
        return [_parity([target], phases.one.plus(phases.zero.scaled(-1)))]
    if len(controls) in _SHORT:
        return _SHORT[len(controls)](phases, controls, target)
    # Barenco's circuit with an X whose phases cancel, since all between the two is diagonal.
    *others, last = controls
    half = phases.scaled(0.5)
    flip = _relative_x(others, last)
    return [
        *_once(half, [last], target),
        *flip,
        *_once(half.scaled(-1), [last], target),
        *adjoint(flip),
        *controlled_diagonal(half, others, target),
    ]


def controlled_rotation(angle: Angle, controls: Sequence[int], target: int) -> list[Element]:
    """Return the elements of RZ(angle) on the target where all controls are 1.

    It turns the target by the same share about the parity of each set of controls, with a minus
    where the set is odd; the target holds one parity after another, in the order of a Gray code.
    """
    share = angle.scaled(1 / 2 ** len(controls))
    elements: list[Element] = [_parity([target], share)]
    if len(controls) == 1:
        return [*elements, _parity([*controls, target], share.scaled(-1))]
    for place in range(1, 2 ** len(controls)):
        changed = (place & -place).bit_length() - 1
        elements.append(Clifford("CX", (controls[changed], target)))
        elements.append(_parity([target], share.scaled((-1) ** place)))
    last = [Clifford("CX", (controls[-1], target))] if controls else []
    return [*elements, *last]


def _once(phases: Phases, controls: Sequence[int], target: int) -> list[Element]:
    total = phases.one.plus(phases.zero).scaled(0.5)
    share = phases.one.plus(phases.zero.scaled(-1)).scaled(0.5)
    turned = [_parity([target], share), _parity([*controls, target], share.scaled(-1))]
    return [*turned] if total == Angle() else [_parity(controls, total), *turned]


def _twice(phases: Phases, controls: Sequence[int], target: int) -> list[Element]:
    """Return Barenco's circuit: half of the phases with b, minus half with a⊕b, half with a."""
    a, b = controls
    half = phases.scaled(0.5)
    flip = Clifford("CX", (a, b))
    return [
        *_once(half, [b], target),
        flip,
        *_once(half.scaled(-1), [b], target),
        flip,
        *_once(half, [a], target),
    ]


def _thrice(phases: Phases, controls: Sequence[int], target: int) -> list[Element]:
    """Return each parity of three controls once, in the order of a Gray code."""
    a, b, c = controls
    quarter = phases.scaled(0.25)
    elements = _once(quarter, [a], target)
    # After each CNOT, its target holds the next parity; signs are those of the parities' sizes.
    for source, holder, sign in [
        (a, b, -1),
        (a, b, 1),
        (b, c, -1),
        (a, c, 1),
        (b, c, -1),
        (a, c, 1),
    ]:
        elements.append(Clifford("CX", (source, holder)))
        elements += _once(quarter.scaled(sign), [holder], target)
    return elements


_SHORT = {1: _once, 2: _twice, 3: _thrice}


def _relative_x(controls: Sequence[int], target: int) -> list[Element]:
    """Return X where three or more controls are all 1, times a diagonal unitary.

    Maslov's circuit (arXiv:1508.03273), its three controls replaced by three groups of them.
    """
    hadamard = Clifford("H", (target,))
    t, t_dagger = _parity([target], _EIGHTH), _parity([target], _EIGHTH.scaled(-1))
    first, second, third = (_half_turn(controls[start::3], target) for start in range(3))
    outer: list[Element] = [hadamard, t, *third, t_dagger, hadamard]
    inner: list[Element] = [*first, t, *second, t_dagger]
    return [*outer, *inner, *inner, *outer]


def _half_turn(controls: Sequence[int], target: int) -> list[Element]:
    """Return X where all controls are 1, times phases that depend on the controls only."""
    if len(controls) == 1:
        return controlled_x(controls, target)
    hadamard = Clifford("H", (target,))
    return [hadamard, *controlled_rotation(_HALF_TURN, controls, target), hadamard]


def _parity(qubits: Sequence[int], angle: Angle) -> Rotation:
    return rotation([(qubit, "Z") for qubit in qubits], angle)
