"""Verify that compiled programs do what their tape does.

The tape's side is made of PennyLane's own matrices, and the program's of IonQ's formulas; neither
knows the optimiser. What is compared is what the pipeline made of the user's tape, at the angles
of each circuit: PennyLane's own decompositions are not checked again.

- A program that has to have the tape's outcomes (`measurement_aware`): the joint probabilities of
  all the measured bits, from |0…0⟩, its map of bits applied.
- A program that has to be the tape's unitary: all of its columns up to `ALL_COLUMNS` qubits,
  beyond that what it makes of |0…0⟩ and of random product states, which tell any two unitaries
  apart; up to a global phase, an RZ on each qubit at the end, and an order of the qubits at the
  start, since all of them start in |0⟩.
- Beyond `MOST_QUBITS` qubits in the light cone of what is compared: the probabilities, from
  |0…0⟩, of each bit and of each two neighbours whose own light cones are small enough. Where there
  are bits whose light cone is not, a warning says how many went unchecked.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.operators.gate_set import NATIVE, SAME
from pennylane_qstore.compiler.optimiser.optimise import Bound
from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.compiler.verify_statevector import (
    Cone,
    LocalUnitary,
    State,
    cone,
    run,
    steps_of,
    zeros,
)
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Programs
from pennylane_qstore.tensors import to_numpy

Reals = NDArray[np.float64]
ALL_COLUMNS, MOST_QUBITS = 6, 16
_PRODUCT_STATES = 3
_AMPLITUDES = 1 << 21  # at a time, which is 32 MB
_WIDEST_MATRIX = 5
_IDLE = {"Identity", "GlobalPhase", "Barrier"}
# Operators that give the matrices of all circuits at once.
_BROADCASTING = qml.ops.qubit.attributes.supports_broadcasting


class Mismatch(NamedTuple):
    """A program that doesn't do what its tape does.

    Attributes:
        row: the circuit, as an index into the batch
        difference: the largest, of a probability or of an amplitude
        what: was compared
    """

    row: int
    difference: float
    what: str


def mismatch(
    template: Template, params: NDArray[Any], bound: Bound, target: Target
) -> Mismatch | None:
    """Find the circuit that is the furthest from its tape, if one is too far from it.

    Args:
        template: the structure
        params: of the whole batch, shape (batch, n_params)
        bound: some of its programs
        target: what they were compiled to

    Returns:
        the worst circuit, or None where all are right
    """
    qubits = max(1, len(template.qubit_of))
    whole = target.every_qubit or not target.measurement_aware
    measured = range(qubits) if whole else sorted(template.measured)
    inputs = 1 if target.measurement_aware else 1 << min(qubits, ALL_COLUMNS)
    together = max(1, _AMPLITUDES // (inputs << min(qubits, MOST_QUBITS)))
    worst: Mismatch | None = None
    for rows in _chunks(bound.programs, together):
        own = np.real(params[bound.rows[rows]])
        tape = reference(template, own)
        sent = steps_of(bound.programs, rows)
        if target.measurement_aware or qubits > MOST_QUBITS:
            bits = bound.programs.bits_of(int(rows[0]))
            found, what = _of_outcomes(tape, sent, bits, measured), "a probability"
        else:
            found, what = _of_unitaries(tape, sent, bound.starts), "an amplitude"
        over = found - _allowed(template, own)
        place = int(over.argmax())
        if not over[place] <= 0 and (worst is None or found[place] > worst.difference):
            worst = Mismatch(int(bound.rows[rows][place]), float(found[place]), what)
    return worst


def _chunks(programs: Programs, most: int) -> Iterator[NDArray[np.int64]]:
    """Yield groups of programs with the same map of bits, no more than memory has room for."""
    flips = np.zeros(len(programs), dtype=int) if programs.flips is None else programs.flips
    for value in np.unique(flips):
        rows = np.flatnonzero(flips == value)
        for start in range(0, len(rows), most):
            yield rows[start : start + most]


def _allowed(template: Template, params: NDArray[Any]) -> Reals:
    """Return how far each circuit may be from its tape by rounding alone."""
    angles = [np.abs(value) for own in template.columns(params) for value in own]
    allowed: Reals = tolerances.VERIFIED_ELEMENT + tolerances.VERIFIED_ELEMENT_PER_RADIAN * sum(
        angles, start=np.zeros(len(params))
    )
    return allowed


def reference(template: Template, params: NDArray[Any]) -> list[LocalUnitary]:
    """Compute a template's gates at some angles, by PennyLane's matrices.

    Args:
        template: the structure
        params: shape (batch, n_params)

    Returns:
        the gates' matrices, in order
    """
    operations = zip(template.lifted.operations, template.columns(params), strict=True)
    return [
        step for op, values in operations for step in _steps(_at(op, values), template.qubit_of)
    ]


def _at(op: Operator, values: Sequence[Any]) -> Operator:
    kind = SAME.get(type(op))
    if kind is not None:
        return kind(*values, wires=op.wires)
    return bind_new_parameters(op, values) if values else op


def _steps(op: Operator, qubit_of: Mapping[Any, int]) -> Iterator[LocalUnitary]:
    """Yield an operation's matrices; a wide one, or one without, is decomposed by PennyLane."""
    if op.name in _IDLE:
        return
    if not op.has_matrix or (len(op.wires) > _WIDEST_MATRIX and op.has_decomposition):
        for part in op.decomposition():
            yield from _steps(part, qubit_of)
        return
    yield LocalUnitary(tuple(qubit_of[wire] for wire in op.wires), _matrix(op))


def _matrix(op: Operator) -> State:
    """Return an operation's matrix (d, d), or one for each circuit (batch, d, d)."""
    if op.batch_size is None or op in _BROADCASTING or isinstance(op, NATIVE):
        return to_numpy(op.matrix()).astype(complex)
    rows = [[v[row] if np.ndim(v) else v for v in op.data] for row in range(op.batch_size)]
    return np.array([bind_new_parameters(op, values).matrix() for values in rows], dtype=complex)


def _of_unitaries(
    tape: Sequence[LocalUnitary], sent: Sequence[LocalUnitary], starts: Sequence[int]
) -> Reals:
    """Compare two unitaries on inputs that distinguish them.

    Args:
        tape: its steps
        sent: the program's
        starts: for each qubit of the program, the tape's that starts there

    Returns:
        each circuit's largest difference of an amplitude
    """
    qubits = len(starts)
    inputs = _inputs(qubits)
    expected = run(tape, inputs)
    found = run(sent, np.transpose(inputs, (0, *[1 + q for q in starts], 1 + qubits)))
    expected, found = np.broadcast_arrays(expected, found)
    shape = (len(found), 1 << qubits, -1)
    return _apart(expected.reshape(shape), found.reshape(shape), qubits)


def _inputs(qubits: int) -> State:
    """Return all basis states, or |0…0⟩ and random product states: (1, 2, …, 2, inputs)."""
    if qubits <= ALL_COLUMNS:
        return np.eye(1 << qubits, dtype=complex).reshape(1, *[2] * qubits, -1)
    rng = np.random.default_rng(2718)
    states = [zeros(qubits)]
    for _ in range(_PRODUCT_STATES):
        state = np.ones(1, dtype=complex)
        for vector in rng.normal(size=(qubits, 2, 2)) @ [1, 1j]:
            state = np.kron(state, vector / np.linalg.norm(vector))
        states.append(state.reshape(1, *[2] * qubits, 1))
    return np.concatenate(states, axis=-1)


def _apart(expected: State, found: State, qubits: int) -> Reals:
    """Return the distance of columns (batch, 2ⁿ, inputs), but for the phases that may differ.

    Where found is D times expected, and D a phase for each qubit that is 1 and one for all, then
    D is what the overlaps of their rows say it is.
    """
    overlaps = (found * expected.conj()).sum(axis=-1)
    tensor = overlaps.reshape(-1, *[2] * qubits)
    turned = np.ones((len(overlaps), 1), dtype=complex)
    for qubit in range(qubits):
        zero, one = (tensor.take(bit, axis=1 + qubit).reshape(len(tensor), -1) for bit in (0, 1))
        angle = np.angle((one * zero.conj()).sum(axis=1))
        factor = np.stack([np.ones_like(angle), np.exp(1j * angle)], axis=1)
        turned = (turned[:, :, None] * factor[:, None, :]).reshape(len(tensor), -1)
    turned *= np.exp(1j * np.angle((overlaps * turned.conj()).sum(axis=1)))[:, None]
    apart: Reals = np.abs(found - turned[:, :, None] * expected).max(axis=(1, 2))
    return apart


def _of_outcomes(
    tape: Sequence[LocalUnitary],
    sent: Sequence[LocalUnitary],
    bits: BitMap | None,
    measured: Sequence[int],
) -> Reals:
    """Return each circuit's largest difference of a probability, from |0…0⟩."""
    worst, unchecked = np.zeros(1), 0
    together = _compared(tape, sent, bits, measured)
    if together is not None:
        return together
    for own in [*((qubit,) for qubit in measured), *pairwise(measured)]:
        apart = _compared(tape, sent, bits, own)
        if apart is not None:
            worst = np.maximum(worst, apart)
        elif len(own) == 1:
            unchecked += 1
    if unchecked:
        warnings.warn(
            f"verify=True leaves {unchecked} of {len(measured)} bits of a program unchecked: their "
            f"light cones have more than {MOST_QUBITS} qubits",
            stacklevel=2,
        )
    return worst


def _compared(
    tape: Sequence[LocalUnitary],
    sent: Sequence[LocalUnitary],
    bits: BitMap | None,
    measured: Sequence[int],
) -> Reals | None:
    """Return the largest differences of some bits' joint probabilities; None if too large."""
    before = cone(tape, measured)
    after = cone(sent, measured if bits is None else bits.needed(measured))
    if max(len(before.qubits), len(after.qubits)) > MOST_QUBITS:
        return None
    expected = _probabilities(before, None, measured)
    found = _probabilities(after, bits, measured)
    apart: Reals = np.abs(expected - found).max(axis=1)
    return apart


def _probabilities(circuit: Cone, bits: BitMap | None, measured: Sequence[int]) -> Reals:
    """Return the joint probabilities (batch, 2ⁿ) of n bits; the first is the highest."""
    state = run(circuit.steps, zeros(len(circuit.qubits)))
    weights = (np.abs(state) ** 2).reshape(len(state), -1)
    own = np.arange(weights.shape[1])
    places = range(len(circuit.qubits))[::-1]
    states = sum(
        ((own >> place & 1) << qubit for place, qubit in zip(places, circuit.qubits, strict=True)),
        np.zeros_like(own),
    )
    if bits is not None:
        states = bits.of(states)
    of = np.zeros_like(states)
    for qubit in measured:
        of = 2 * of + (states >> qubit & 1)
    summed = np.zeros((len(weights), 1 << len(measured)))
    np.add.at(summed.T, of, weights.T)
    return summed
