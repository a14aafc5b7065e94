"""Native programs to unitaries, from IonQ's formulas, for the tests to compare with."""

import numpy as np
from scipy.linalg import expm

X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1.0 + 0j, -1])
NUMBERS = {"gpi": 1, "gpi2": 1, "ms": 3, "zz": 1}


def axis(phase):
    """The Pauli operator about the axis at a phase in turns."""
    return np.cos(2 * np.pi * phase) * X + np.sin(2 * np.pi * phase) * Y


def gate_matrix(name, numbers):
    """A native gate's matrix as the exponential that defines it."""
    if name == "gpi":
        return axis(*numbers)
    if name == "gpi2":
        return expm(-0.25j * np.pi * axis(*numbers))
    if name == "ms":
        phase0, phase1, angle = numbers
        return expm(-1j * np.pi * angle * np.kron(axis(phase0), axis(phase1)))
    return expm(-1j * np.pi * numbers[0] * np.kron(Z, Z))


def on_register(matrix, targets, qubits):
    """A gate's matrix on all qubits, the first the left tensor factor."""
    tensor = np.eye(2**qubits, dtype=complex).reshape([2] * 2 * qubits)
    small = matrix.reshape([2] * 2 * len(targets))
    inputs = range(len(targets), 2 * len(targets))
    moved = np.tensordot(small, tensor, axes=(inputs, targets))
    return np.moveaxis(moved, range(len(targets)), targets).reshape(2**qubits, -1)


def program_matrix(programs, row=0):
    """The unitary of one of the programs."""
    unitary = np.eye(2**programs.qubits, dtype=complex)
    numbers = list(programs.numbers[row])
    for name, targets in programs.gates:
        matrix = gate_matrix(name, [numbers.pop(0) for _ in range(NUMBERS[name])])
        unitary = on_register(matrix, targets, programs.qubits) @ unitary
    return unitary


def distance_up_to_frames(expected, found):
    """How far two unitaries are apart, up to a global phase and an RZ on each qubit at the end.

    What is left when one undoes the other must be diagonal, and its phases additive in the bits.
    """
    left = expected @ found.conj().T
    diagonal = np.diag(left)
    qubits = int(np.log2(len(diagonal)))
    ratios = diagonal / diagonal[0]
    product = np.ones(1, dtype=complex)
    for qubit in range(qubits):
        product = np.kron(product, [1, ratios[1 << (qubits - 1 - qubit)]])
    return max(np.abs(left - np.diag(diagonal)).max(), np.abs(ratios - product).max())
