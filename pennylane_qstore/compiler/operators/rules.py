"""Our decomposition rules: PennyLane operators as Clifford gates and Pauli rotations.

Only operators that are better off so than with PennyLane's own decomposition have a rule. In a
rule an operator's wires are the qubits 0, 1, …, and its parameters are open.
"""

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Element, adjoint, rotation
from pennylane_qstore.compiler.operators.cnot_ladders import laddered
from pennylane_qstore.compiler.operators.controlled import controlled, matrix_of
from pennylane_qstore.compiler.operators.excitations import (
    double_excitation,
    fermionic_double,
    fermionic_single,
)
from pennylane_qstore.compiler.operators.gate_set import CONTROLLED_X, has_rule
from pennylane_qstore.compiler.operators.generators import by_generator
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.two_qubit import resolved
from pennylane_qstore.tensors import to_numpy

Elements = Sequence[Element]

_PAIR = 2
_OPEN = Angle(0.0, ((0, 1.0),))


def elements_of(op: Operator) -> Elements | None:
    """Return an operator's elements, up to a global phase; None where it has no rule."""
    if has_rule(op) and op.name not in CONTROLLED_X:
        return None
    if isinstance(op, qml.ops.Adjoint):
        inner = elements_of(op.base)
        return None if inner is None else adjoint(inner)
    rule = _BY_CLASS.get(type(op))
    if rule is not None:
        return rule(op)
    if isinstance(op, qml.ops.Controlled):
        found = controlled(op)
        if found is not None:
            return found
    return by_generator(op)


def _pauli_rotation(op: Operator) -> Elements:
    word = op.hyperparameters.get("pauli_word", "Z" * len(op.wires))
    return laddered([pair for pair in enumerate(word) if pair[1] != "I"], _OPEN)


def _pswap(_: Operator) -> Elements:
    return [Clifford("SWAP", (0, 1)), rotation([(0, "Z"), (1, "Z")], _OPEN)]


def _exchange(angle: float) -> Elements:
    """Return a power of iSWAP, of the given angle in radians."""
    return [rotation([(0, axis), (1, axis)], Angle(angle)) for axis in "XY"]


def _fermionic_double(op: Operator) -> Elements:
    return fermionic_double(*(len(op.hyperparameters[key]) for key in ("wires1", "wires2")))


def _unitary(op: Operator) -> Elements | None:
    """Return a two-wire unitary's elements, by its Weyl coordinates; None for other widths."""
    if len(op.wires) != _PAIR or op.batch_size is not None:
        return None
    return resolved((0, 1), weyl.decompose(matrix_of(op)))


def _exponential(op: Operator) -> Elements | None:
    """Return one rotation for each word of a sum of commuting Pauli words, exponentiated."""
    sentence = op.base.pauli_rep
    if sentence is None or op.batch_size is not None:
        return None
    if not all(one.commutes_with(other) for one, other in combinations(sentence, _PAIR)):
        return None
    values = to_numpy(list(sentence.values()))
    angles = 2j * complex(to_numpy(op.coeff)) * values.astype(complex)
    if np.abs(angles.imag).max(initial=0.0) > tolerances.MATRIX_ELEMENT:
        return None  # it isn't unitary
    places = {wire: qubit for qubit, wire in enumerate(op.wires)}
    words = [[(places[wire], letter) for wire, letter in word.items()] for word in sentence]
    turns = zip(words, angles.real.tolist(), strict=True)
    return [element for word, angle in turns for element in laddered(word, Angle(angle))]


_BY_CLASS: dict[type[Operator], Callable[[Operator], Elements | None]] = {
    qml.PauliRot: _pauli_rotation,
    qml.MultiRZ: _pauli_rotation,
    qml.PSWAP: _pswap,
    qml.ISWAP: lambda _: _exchange(-math.pi / 2),
    qml.SISWAP: lambda _: _exchange(-math.pi / 4),
    qml.DoubleExcitation: lambda _: double_excitation(),
    qml.DoubleExcitationPlus: lambda _: double_excitation(0.5),
    qml.DoubleExcitationMinus: lambda _: double_excitation(-0.5),
    qml.FermionicSingleExcitation: lambda op: fermionic_single(len(op.wires)),
    qml.FermionicDoubleExcitation: _fermionic_double,
    qml.QubitUnitary: _unitary,
    qml.ops.Exp: _exponential,
    qml.ops.Evolution: _exponential,
}
