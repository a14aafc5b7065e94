"""Convert PennyLane gates with open angles to the elements that the optimiser works on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pennylane_qstore import ops
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    AnyElement,
    Clifford,
    ControlledX,
    Element,
    Fence,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.operators.gate_set import (
    CONTROLLED_X,
    PENNYLANE_IONQ_ISING,
    PENNYLANE_IONQ_NATIVE,
)
from pennylane_qstore.compiler.templates.parameters import Lifted, Source
from pennylane_qstore.errors import CompileError

TURN = 2 * np.pi
Qubits = tuple[int, ...]
Rule = Callable[[Qubits, Sequence[Angle]], list[Element]]

_CLIFFORDS = {
    "PauliX": "X",
    "PauliY": "Y",
    "PauliZ": "Z",
    "Hadamard": "H",
    "S": "S",
    "Adjoint(S)": "SDG",
    "SX": "SX",
    "Adjoint(SX)": "SXDG",
    "CNOT": "CX",
    "CZ": "CZ",
    "SWAP": "SWAP",
}
_ROTATIONS = {
    "RX": "X",
    "RY": "Y",
    "RZ": "Z",
    "PhaseShift": "Z",  # up to a global phase
    "IsingXX": "XX",
    "IsingYY": "YY",
    "IsingZZ": "ZZ",
}
_T = {"T": np.pi / 4, "Adjoint(T)": -np.pi / 4}
_IDLE = {"Identity", "GlobalPhase", "Barrier"}


def _word(letters: str) -> Rule:
    return lambda qubits, angles: [rotation(zip(qubits, letters, strict=True), angles[0])]


def _gpi(qubits: Qubits, angles: Sequence[Angle]) -> list[Element]:
    """Return GPi(φ) = RZ(4πφ)·X."""
    return [Clifford("X", qubits), _about_z(qubits[0], angles[0].scaled(2 * TURN))]


def _gpi2(qubits: Qubits, angles: Sequence[Angle]) -> list[Element]:
    """Return GPi2(φ) = RZ(2πφ)·RX(π/2)·RZ(-2πφ)."""
    turn = angles[0].scaled(TURN)
    half = Rotation(((qubits[0], "X"),), Angle(np.pi / 2))
    return [_about_z(qubits[0], turn.scaled(-1)), half, _about_z(qubits[0], turn)]


def _ms(qubits: Qubits, angles: Sequence[Angle]) -> list[Element]:
    """Return MS(φ₀, φ₁, θ): RXX(2πθ) between RZ gates that rotate X to its axes."""
    frames = [angle.scaled(TURN) for angle in angles[:2]]
    before = [_about_z(q, frame.scaled(-1)) for q, frame in zip(qubits, frames, strict=True)]
    after = [_about_z(q, frame) for q, frame in zip(qubits, frames, strict=True)]
    return [*before, *_word("XX")(qubits, [angles[2].scaled(TURN)]), *after]


def _zz(qubits: Qubits, angles: Sequence[Angle]) -> list[Element]:
    """Return ZZ(θ) = RZZ(2πθ)."""
    return _word("ZZ")(qubits, [angles[0].scaled(TURN)])


def _about_z(qubit: int, angle: Angle) -> Rotation:
    return Rotation(((qubit, "Z"),), angle)


_BY_CLASS: dict[type[Operator], Rule] = {
    **dict(zip((ops.GPI, ops.GPI2, ops.MS, ops.ZZ), (_gpi, _gpi2, _ms, _zz), strict=True)),
    **dict(zip(PENNYLANE_IONQ_NATIVE, (_gpi, _gpi2, _ms), strict=True)),
    **{
        kind: _word(letters)
        for kind, letters in zip(PENNYLANE_IONQ_ISING, ("XX", "YY", "ZZ"), strict=True)
    },
}


def lower(lifted: Lifted, qubit_of: Mapping[Any, int]) -> list[AnyElement]:
    """One circuit's gates to elements.

    Args:
        lifted: the circuit
        qubit_of: the qubit of each wire

    Returns:
        elements whose product is the circuit's unitary, up to a global phase

    Raises:
        CompileError: an operation without a rule
    """
    return [
        element
        for place, (op, sources) in enumerate(zip(lifted.operations, lifted.sources, strict=True))
        for element in _elements(op, place, [_angle(source) for source in sources], qubit_of)
    ]


def _elements(
    op: Operator, place: int, angles: Sequence[Angle], qubit_of: Mapping[Any, int]
) -> Sequence[AnyElement]:
    qubits = tuple([qubit_of[wire] for wire in op.wires])
    rule = _BY_CLASS.get(type(op))
    if rule is not None:
        return rule(qubits, angles)
    name = op.name
    elements: list[AnyElement] = []
    if name in _CLIFFORDS:
        elements = [Clifford(_CLIFFORDS[name], qubits)]
    elif name in _ROTATIONS:
        elements = [*_word(_ROTATIONS[name])(qubits, angles)]
    elif name in CONTROLLED_X:
        elements = _controlled_x(op, qubits)
    elif name in _T:
        elements = [_about_z(qubits[0], Angle(_T[name]))]
    elif name == "Barrier" and not op.hyperparameters["only_visual"]:
        elements = [Fence(qubits or tuple(qubit_of.values()))]  # without wires it is on all
    elif name not in _IDLE:
        raise CompileError(f"operation {place}, {op}, has no rule in IonQ's native gates")
    return elements


def _controlled_x(op: Operator, qubits: Qubits) -> list[AnyElement]:
    *controls, target = qubits
    values = zip(controls, op.control_values, strict=True)
    flips = [Clifford("X", (qubit,)) for qubit, on in values if not on]
    if len(controls) == 1:
        return [*flips, Clifford("CX", qubits), *flips]
    return [*flips, ControlledX(tuple(controls), target), *flips]


def _angle(source: Source) -> Angle:
    terms = () if source.index < 0 else ((source.index, source.slope),)
    return Angle(source.const, terms)
