"""Keys of structures: what is the same and what is not."""

import copy
import itertools

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore import ops
from pennylane_qstore.compiler.templates.key import structure

FIXED = {
    1: (qml.X, qml.Y, qml.Z, qml.Hadamard, qml.S, qml.T, qml.SX),
    2: (qml.CNOT, qml.CY, qml.CZ, qml.CH, qml.SWAP, qml.ISWAP),
    3: (qml.Toffoli, qml.CSWAP),
}
TURNS = {
    1: (qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.U1, ops.GPI, ops.GPI2),
    2: (
        *(qml.CRX, qml.CRY, qml.CRZ, qml.ControlledPhaseShift, ops.ZZ),
        *(qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.IsingXY),
    ),
}


def key(*operations):
    return structure(qml.tape.QuantumScript(operations, [qml.probs(wires=[0])])).key


def everything(angle):
    """Each gate on each order of some wires."""
    for kinds, numbers in ((FIXED, ()), (TURNS, (angle,))):
        for width, classes in kinds.items():
            orders = list(itertools.permutations(range(3), width))
            yield from (kind(*numbers, wires=order) for kind in classes for order in orders)
    for kind, count in ((qml.Rot, 3), (qml.U2, 2), (qml.U3, 3)):
        yield from (kind(*[angle] * count, wires=wire) for wire in range(3))
    yield from (qml.CRot(angle, 1.0, 2.0, wires=pair) for pair in ([0, 1], [1, 0]))


def test_gates_differ_by_class_and_wires_and_not_by_angle():
    """In each order of the wires; labels that are no numbers, too."""
    here, there = ([key(op) for op in everything(angle)] for angle in (0.3, np.float64(-2.0)))
    assert here == there
    assert len(set(here)) == len(here)
    assert key(qml.RX(0.1, "a")) != key(qml.RX(0.1, "b"))


@pytest.mark.parametrize("angle", [1, np.float64(0.2), np.array(0.2), qml.numpy.array(0.2)])
def test_a_number_is_a_number_in_any_form(angle):
    """Of a training's first step and of its later ones."""
    assert key(qml.RX(angle, 0), qml.CRX(angle, [0, 1])) == key(
        qml.RX(0.7, 0), qml.CRX(0.7, [0, 1])
    )


def test_a_batch_is_another_structure():
    """And one of another size yet another."""
    keys = {
        key(qml.RX(angle, 0), qml.CRZ(0.3, [0, 1]))
        for angle in (0.3, np.full(2, 0.3), np.full(3, 0.3), [0.1, 0.2, 0.3, 0.4])
    }
    assert len(keys) == 4


def test_controls_in_zero_and_other_bases_are_other_gates():
    """What looks like a CNOT, but isn't."""
    gates = [
        qml.CNOT([0, 1]),
        qml.ctrl(qml.X(1), 0, control_values=[0]),
        qml.ctrl(qml.SX(1), 0),
        qml.MultiControlledX([0, 1]),
        qml.adjoint(qml.S(1)),
        qml.S(1),
    ]
    assert len({key(gate) for gate in gates}) == len(gates)


def test_a_gate_is_told_by_its_wires_however_it_came_by_them():
    """Mapped, copied, with another angle: a controlled gate's wires are in two places."""
    swapped = {0: 1, 1: 0}
    for kind in TURNS[2]:
        gate, other = kind(0.3, wires=[0, 1]), kind(0.4, wires=[1, 0])
        assert key(qml.map_wires(gate, swapped)) == key(other) != key(gate)
        assert key(qml.map_wires(copy.copy(gate), swapped)) == key(other)
        assert key(copy.deepcopy(gate)) == key(gate)
        assert key(qml.ops.functions.bind_new_parameters(other, [0.1])) == key(other)


def test_the_order_of_gates_of_all_sorts_counts():
    """Of those that are read at once and of those that aren't."""
    gates = [qml.RX(0.1, 0), qml.PauliRot(0.2, "X", 0), qml.S(0), qml.adjoint(qml.T(0))]
    orders = list(itertools.permutations(gates))
    assert len({key(*order) for order in orders}) == len(orders)
