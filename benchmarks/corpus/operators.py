"""Textbook gates back to the operators of PennyLane that they were expanded from.

A compiler that sees a Toffoli can do better than one that sees six CNOTs. The numbers are read
from the textbook gates, so that they are kept in one place.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

Gates = Sequence[Operator]


def _angles(gates: Gates, *names: str) -> NDArray[np.float64]:
    """All angles of the gates of some names, in order."""
    return np.array([op.data[0] for op in gates if op.name in names])


def _layers(gates: Gates) -> list[Operator]:
    """StronglyEntanglingLayers: RZ, RY, RZ a qubit, then CNOTs of a longer range each layer."""
    return [qml.StronglyEntanglingLayers(_angles(gates, "RZ", "RY").reshape(-1, 8, 3), range(8))]


def _qft(gates: Gates) -> list[Operator]:
    del gates
    return [qml.QFT(range(8))]


def _embedded_qft(gates: Gates) -> list[Operator]:
    return [qml.AngleEmbedding(_angles(gates, "RY"), range(8), rotation="Y"), qml.QFT(range(8))]


def _uccsd(gates: Gates) -> list[Operator]:
    """UCCSD: the double excitation is eight Pauli words, a single one is two."""
    angles = _angles(gates, "RZ")
    weights = [2 * angles[8], 2 * angles[10], 8 * angles[0]]
    singles, doubles = [[0, 1, 2], [1, 2, 3]], [[[0, 1], [2, 3]]]
    return [qml.UCCSD(weights, range(4), singles, doubles, np.array([1, 1, 0, 0]))]


def _givens(gates: Gates) -> list[Operator]:
    angles = _angles(gates, "RY")
    return [
        qml.BasisState([1, 1, 0, 0], range(4)),
        qml.DoubleExcitation(8 * angles[0], range(4)),
        qml.SingleExcitation(-2 * angles[8], [0, 2]),
        qml.SingleExcitation(-2 * angles[10], [1, 3]),
    ]


def _unitaries(gates: Gates) -> list[Operator]:
    """Gates on the same pair, one after another, as one unitary."""
    found = []
    for pair, own in itertools.groupby(gates, _brick()):
        found.append(qml.QubitUnitary(_matrix(list(own), pair), pair))
    return found


def _brick() -> Callable[[Operator], tuple[int, int]]:
    """The pair of neighbours that a gate belongs to, when gates come one layer after another."""
    pair = (0, 1)

    def of(op: Operator) -> tuple[int, int]:
        nonlocal pair
        if not set(op.wires) <= set(pair):
            first = min(op.wires)
            pair = (first, first + 1)
        return pair

    return of


def _matrix(gates: Gates, wires: Sequence[int]) -> NDArray[np.complex128]:
    return qml.matrix(QuantumScript(gates), wire_order=wires)


def _state(gates: Gates) -> NDArray[np.complex128]:
    """What the gates make of |0…0⟩."""
    wires = sorted(set().union(*(op.wires for op in gates)))
    return _matrix(gates, wires)[:, 0]


def _mottonen(gates: Gates) -> list[Operator]:
    state = _state(gates)
    return [qml.MottonenStatePreparation(state, range(int(np.log2(len(state)))))]


def _embedding(gates: Gates) -> list[Operator]:
    return [qml.AmplitudeEmbedding(_state(gates).real, range(5))]


def _multi_controlled(gates: Gates) -> list[Operator]:
    del gates
    return [qml.MultiControlledX(range(5))]


def _grover(gates: Gates) -> list[Operator]:
    """Two iterations that mark |1011⟩ of four qubits by a flip of the fifth."""
    del gates
    oracle = [qml.X(1), qml.MultiControlledX(range(5)), qml.X(1)]
    step = [*oracle, qml.GroverOperator(range(4))]
    return [*map(qml.Hadamard, range(5)), *step, *step]


def _toffolis(gates: Gates) -> list[Operator]:
    rotations = [qml.RY(angle, wire) for wire, angle in enumerate(_angles(gates, "RY"))]
    up = [qml.Toffoli([wire, wire + 1, wire + 2]) for wire in range(6)]
    down = [
        op
        for wire in (5, 3, 1)
        for op in (qml.Toffoli([wire, wire + 1, wire + 2]), qml.CNOT([wire - 1, wire + 1]))
    ]
    return [*rotations, *up, *down]


def _trotter(order: int, steps: int) -> Callable[[Gates], list[Operator]]:
    """TrotterProduct of a Heisenberg chain: XX + YY + ZZ on neighbours, and a field along Z."""

    def make(gates: Gates) -> list[Operator]:
        time = 0.7
        share = -2 * time / steps / order  # TrotterProduct is exp(iHt), a rotation exp(-iθ/2 ·)
        coupling = _angles(gates, "IsingXX")[0] / share
        field_of = {op.wires[0]: op.data[0] / share for op in gates if op.name == "RZ"}
        words = [
            letter(wire) @ letter(wire + 1) for wire in range(7) for letter in (qml.X, qml.Y, qml.Z)
        ]
        terms = [qml.s_prod(coupling, word) for word in words]
        terms += [qml.s_prod(field_of[wire], qml.Z(wire)) for wire in range(8)]
        return [qml.TrotterProduct(qml.sum(*terms), time, n=steps, order=order)]

    return make


FORMS: dict[str, Callable[[Gates], list[Operator]]] = {
    "b_sel8_l4": _layers,
    "d_qft8": _qft,
    "d_qft8_enc": _embedded_qft,
    "e_uccsd_h2": _uccsd,
    "e_givens4": _givens,
    "f_su4_8_d6": _unitaries,
    "g_mottonen3": _mottonen,
    "g_mottonen4": _mottonen,
    "g_mottonen6": _mottonen,
    "g_ampemb5": _embedding,
    "h_mcx5": _multi_controlled,
    "h_grover5": _grover,
    "h_toffoli8": _toffolis,
    "i_heis8_o2n2": _trotter(order=2, steps=2),
    "i_heis8_o1n2": _trotter(order=1, steps=2),
}
