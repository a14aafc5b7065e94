"""The states that programs are checked with: IonQ's gates, on any qubits, a batch at once."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.compiler.verify_statevector import cone, run, steps_of, zeros
from pennylane_qstore.programs.program import FORMS, Gate, Programs
from tests.compiler.native_matrix import NUMBERS, program_matrix

QUBITS = 4
QIS = {
    "x": qml.X,
    "y": qml.Y,
    "z": qml.Z,
    "h": qml.Hadamard,
    "s": qml.S,
    "si": lambda wires: qml.adjoint(qml.S(wires)),
    "t": qml.T,
    "ti": lambda wires: qml.adjoint(qml.T(wires)),
    "v": qml.SX,
    "vi": lambda wires: qml.adjoint(qml.SX(wires)),
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "xx": qml.IsingXX,
    "yy": qml.IsingYY,
    "zz": qml.IsingZZ,
    "cnot": qml.CNOT,
    "cz": qml.CZ,
    "swap": qml.SWAP,
}
PAIRS = {"cnot", "cz", "swap", "xx", "yy", "zz"}
ANGLES = {"rx", "ry", "rz", "xx", "yy", "zz"}


def unitaries(steps):
    inputs = np.eye(2**QUBITS, dtype=complex).reshape(1, *[2] * QUBITS, -1)
    return run(steps, inputs).reshape(-1, 2**QUBITS, 2**QUBITS)


def test_native_programs_are_what_their_formulas_say():
    """Each circuit of a batch is the product of the exponentials that define the gates."""
    rng = np.random.default_rng(3)
    names = rng.choice(list(NUMBERS), 30)
    sizes = [1 + (name in {"ms", "zz"}) for name in names]
    gates = [
        Gate(name, tuple(rng.permutation(QUBITS)[:size].tolist()))
        for name, size in zip(names, sizes, strict=True)
    ]
    numbers = rng.uniform(-1, 1, (3, sum(NUMBERS[name] for name in names)))
    programs = Programs("native", QUBITS, tuple(gates), numbers)
    found = unitaries(steps_of(programs, slice(1, 3)))
    for row in (1, 2):
        assert np.allclose(found[row - 1], program_matrix(programs, row), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", FORMS["qis"])
def test_qis_gates_are_those_of_pennylane(name):
    """Each QIS gate is the operation of its name, on qubits in any order."""
    qubits = (3, 1) if name in PAIRS else (2,)
    numbers = np.array([[0.4], [-1.3]]) if name in ANGLES else np.zeros((2, 0))
    programs = Programs("qis", QUBITS, (Gate(name, qubits),), numbers)
    for found, row in zip(unitaries(steps_of(programs, slice(None))), numbers, strict=False):
        op = QIS[name](*row, wires=list(qubits))
        assert np.allclose(found, qml.matrix(op, wire_order=range(QUBITS)), rtol=0, atol=1e-14)


def test_a_light_cone_has_the_same_marginals():
    """What can't reach some qubits is left out, and their probabilities stay."""
    rng = np.random.default_rng(6)
    gates = [
        *[Gate("gpi2", (qubit,)) for qubit in range(QUBITS)],
        *[Gate("ms", pair) for pair in ((2, 3), (0, 1), (1, 2))],
        *[Gate("gpi2", (qubit,)) for qubit in range(QUBITS)],
    ]
    steps = steps_of(
        Programs("native", QUBITS, tuple(gates), rng.uniform(0, 0.25, (2, 17))), slice(None)
    )
    left = cone(steps, [1])
    assert left.qubits == [0, 1, 2, 3]
    left = cone(steps[:-5], [1])
    assert left.qubits == [0, 1]
    assert len(left.steps) == 3
    whole = np.abs(run(steps[:-5], zeros(QUBITS))) ** 2
    part = np.abs(run(left.steps, zeros(2))) ** 2
    assert np.allclose(part.sum(axis=1), whole.sum(axis=(1, 3, 4)), rtol=0, atol=1e-14)
