"""Multi-controlled gates as Cliffords and rotations, each of at most one entangler.

The numbers of entanglers are 5 for a Toffoli, 13 for three controls and 27 for four; synthesis
finds fewer where neighbours cancel.
"""

import math
from collections.abc import Sequence
from itertools import chain, combinations

from pennylane_qstore.compiler.circuit import Angle, Clifford, Element, Rotation, rotation

_EIGHTH = Angle(math.pi / 4)


def phase_polynomial(angle: Angle, qubits: Sequence[int]) -> list[Element]:
    """Multiplies |1…1⟩ by exp(i angle), as a rotation about the parity of each set of qubits."""
    sets = chain.from_iterable(combinations(qubits, size) for size in range(1, len(qubits) + 1))
    share = angle.scaled(2 / 2 ** len(qubits))
    return [_parity(chosen, share.scaled(-((-1) ** len(chosen)))) for chosen in sets]


def toffoli(first: int, second: int, target: int) -> list[Element]:
    """X on the target where both controls are 1."""
    return _as_x([first, second], target)


def controlled_x(controls: Sequence[int], target: int) -> list[Element]:
    """X on the target where all of one to four controls are 1.

    Raises:
        ValueError: another number of controls
    """
    if len(controls) == 1:
        return [Clifford("CX", (controls[0], target))]
    return _as_x(controls, target)


def controlled_phase(angle: Angle, qubits: Sequence[int]) -> list[Element]:
    """Multiplies |1…1⟩ by exp(i angle), for one to five qubits.

    Raises:
        ValueError: another number of qubits
    """
    *controls, target = qubits
    match len(controls):
        case 0 | 1:
            return phase_polynomial(angle, qubits)
        case 2:
            return _twice_controlled(angle, controls, target)
        case 3:
            return _thrice_controlled(angle, controls, target)
        case 4:
            return _four_times_controlled(angle, controls, target)
    raise ValueError(f"a phase on {len(qubits)} qubits; one to five have a circuit here")


def _as_x(controls: Sequence[int], target: int) -> list[Element]:
    hadamard = Clifford("H", (target,))
    return [hadamard, *controlled_phase(Angle(math.pi), [*controls, target]), hadamard]


def _twice_controlled(angle: Angle, controls: Sequence[int], target: int) -> list[Element]:
    """Barenco's circuit: half the angle with b, minus half with a⊕b, half with a."""
    a, b = controls
    half = angle.scaled(0.5)
    flip = Clifford("CX", (a, b))
    return [
        *phase_polynomial(half, [b, target]),
        flip,
        *phase_polynomial(half.scaled(-1), [b, target]),
        flip,
        *phase_polynomial(half, [a, target]),
    ]


def _thrice_controlled(angle: Angle, controls: Sequence[int], target: int) -> list[Element]:
    """Each parity of the controls once, in the order of a Gray code."""
    a, b, c = controls
    quarter = angle.scaled(0.25)
    elements = phase_polynomial(quarter, [a, target])
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
        elements += phase_polynomial(quarter.scaled(sign), [holder, target])
    return elements


def _four_times_controlled(angle: Angle, controls: Sequence[int], target: int) -> list[Element]:
    """Barenco's circuit with a Toffoli of three controls up to phases, which cancel."""
    *three, fourth = controls
    half = angle.scaled(0.5)
    flip = _relative_toffoli(three, fourth)
    return [
        *phase_polynomial(half, [fourth, target]),
        *flip,
        *phase_polynomial(half.scaled(-1), [fourth, target]),
        *_adjoint(flip),
        *_thrice_controlled(half, three, target),
    ]


def _relative_toffoli(controls: Sequence[int], target: int) -> list[Element]:
    """X where all three controls are 1, times a diagonal unitary (Maslov, arXiv:1508.03273)."""
    a, b, c = controls
    hadamard = Clifford("H", (target,))
    t, t_dagger = _parity([target], _EIGHTH), _parity([target], _EIGHTH.scaled(-1))
    onto = {control: Clifford("CX", (control, target)) for control in controls}
    outer: list[Element] = [hadamard, t, onto[c], t_dagger, hadamard]
    inner: list[Element] = [onto[a], t, onto[b], t_dagger]
    return [*outer, *inner, *inner, *outer]


def _adjoint(elements: Sequence[Element]) -> list[Element]:
    """The adjoint of rotations and of gates that are their own."""
    return [
        Rotation(element.word, element.angle.scaled(-1))
        if isinstance(element, Rotation)
        else element
        for element in reversed(elements)
    ]


def _parity(qubits: Sequence[int], angle: Angle) -> Rotation:
    return rotation([(qubit, "Z") for qubit in qubits], angle)
