"""Programs and tapes to unitaries, and how far these are apart, for the tests to compare."""

import numpy as np
import pennylane as qml
from scipy.linalg import expm

from pennylane_qstore.programs.outcomes import Outcomes

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
    return applied(matrix, targets, np.eye(2**qubits, dtype=complex))


def applied(matrix, targets, unitary):
    """A gate after a unitary on all qubits."""
    qubits = len(unitary).bit_length() - 1
    places = range(len(targets))
    tensor = np.moveaxis(unitary.reshape([2] * qubits + [-1]), targets, places)
    # Not a matrix product: its threads get in one another's way when tests run side by side.
    after = np.einsum("ij,jk->ik", matrix, tensor.reshape(len(matrix), -1))
    return np.moveaxis(after.reshape(tensor.shape), places, targets).reshape(unitary.shape)


def tape_matrix(operations, qubits):
    """The unitary of PennyLane's operations on wires that are numbered as the qubits."""
    unitary = np.eye(2**qubits, dtype=complex)
    for op in operations:
        unitary = applied(qml.matrix(op), list(op.wires), unitary)
    return unitary


def program_matrix(programs, row=0):
    """The unitary of one of the programs."""
    unitary = np.eye(2**programs.qubits, dtype=complex)
    numbers = list(programs.numbers[row])
    for name, targets in programs.gates:
        matrix = gate_matrix(name, [numbers.pop(0) for _ in range(NUMBERS[name])])
        unitary = applied(matrix, targets, unitary)
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


def distance_up_to_names(expected, found):
    """How far two unitaries are apart, up to frames and to which qubit starts as which.

    All qubits start in |0⟩, so that a compiler may exchange them there; at the end each has its
    own name.
    """
    qubits = int(np.log2(len(expected)))
    inputs = expected.reshape([-1] + [2] * qubits)
    exchanged = (
        inputs.transpose([0, *(1 + qubit for qubit in names)]).reshape(found.shape)
        for names in _names(expected, found, qubits)
    )
    return min((distance_up_to_frames(each, found) for each in exchanged), default=np.inf)


def _names(expected, found, qubits, known=()):
    """The ways to exchange inputs that fit the columns with at most one qubit in |1⟩.

    A frame at the end and a global phase are the same in each column of a row, so that they are
    not in the product of one column with the conjugate of another.
    """
    if len(known) == qubits:
        yield known
        return
    column = [1 << (qubits - 1 - qubit) for qubit in range(qubits)]
    pairs = [(0, 0), *((column[here], column[there]) for here, there in enumerate(known))]
    here = column[len(known)]
    for name in sorted(set(range(qubits)) - set(known)):
        there = column[name]
        if all(
            np.allclose(
                found[:, here] * found[:, a].conj(), expected[:, there] * expected[:, b].conj()
            )
            for a, b in [*pairs, (here, there)]
        ):
            yield from _names(expected, found, qubits, (*known, name))


def outcome_probabilities(programs, wires, row=0):
    """What is read out of one of the programs: a tape's basis states, its first wire first."""
    weights = np.abs(program_matrix(programs, row)[:, 0]) ** 2
    shape = (2,) * programs.qubits
    outcomes = Outcomes(np.arange(weights.size), weights.reshape(shape).transpose().ravel())
    bits = programs.bits_of(row)
    if bits is not None:
        outcomes = outcomes.mapped(bits)
    found = np.zeros((2,) * wires)
    np.add.at(found, tuple(outcomes.bits(range(wires)).T), outcomes.weights)
    return found.ravel()
