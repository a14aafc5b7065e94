"""Decompose rotations and unitaries that other qubits select (multiplexed gates).

Selected unitaries are two unitaries around selected RZ rotations (Shende, Bullock and Markov,
quant-ph/0406176, theorem 12). Selected rotations follow a Gray code (Möttönen et al.,
quant-ph/0404089).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import schur

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    Clifford,
    Element,
    Matrix,
    Reals,
    rotation,
)
from pennylane_qstore.compiler.unitaries.weyl import ZZ_SIGNS

SIZE = 4  # of the unitaries whose eigenvalues are balanced
# The ways to pair four eigenvalues, as those of basis states 00, 01, 10, 11: the first with the
# last, the second with the third.
_PAIRINGS = np.array([[0, 1, 2, 3], [0, 1, 3, 2], [0, 2, 3, 1]])


class Selected(NamedTuple):
    """Rotations of one qubit that others select.

    Attributes:
        elements: in order
        dropped: the qubit whose CZ with the rotated one is missing at the end; None if none is
    """

    elements: list[Element]
    dropped: int | None


class Demultiplexed(NamedTuple):
    """first ⊕ second = (outer)·(RZ rotations of the selecting qubit)·(inner).

    Attributes:
        outer: unitary applied last
        angles: of the RZ rotations, in radians, by the other qubits' basis state
        inner: unitary applied first
    """

    outer: Matrix
    angles: Reals
    inner: Matrix

    @property
    def is_balanced(self) -> bool:
        """Whether the rotations are one entangler for each qubit that selects."""
        return _joint(self.angles) < tolerances.SELECTED_ANGLE


def selected(
    axis: str, target: int, controls: Sequence[int], angles: Reals, *, drop: bool = False
) -> Selected:
    """Return exp(-i angles[j]/2 · axis) on the target where the controls are in basis state j.

    Args:
        axis: "Y" or "Z"
        target: the qubit that is rotated
        controls: the qubits that select, the most significant bit first
        angles: radians, one for each basis state
        drop: whether a CZ with the target may be missing at the end; only about "Y"
    """
    count = len(controls)
    parts = _walsh(angles)
    weights = [bin(mask).count("1") for mask in range(len(parts))]
    needed = [abs(part) > tolerances.SELECTED_ANGLE for part in parts]
    if not any(need and weight > 1 for need, weight in zip(needed, weights, strict=True)):
        words = [
            [(target, axis), *((controls[count - 1 - bit], "Z") for bit in _bits(mask))]
            for mask in range(len(parts))
        ]
        turns = zip(words, parts, needed, strict=True)
        return Selected([rotation(word, Angle(float(a))) for word, a, need in turns if need], None)
    return _gray(axis, target, controls, parts, drop=drop)


def demultiplexed(first: Matrix, second: Matrix) -> Demultiplexed:
    """Return the factors of two unitaries that a qubit selects.

    Args:
        first: where the qubit is 0
        second: where it is 1
    """
    product = first @ second.conj().T
    if len(product) == SIZE and _is_rotation(product):
        phases, outer = _planes(product.real)
    else:
        triangle, outer = schur(product, output="complex")
        phases = np.angle(triangle.diagonal())
    if len(phases) == SIZE:
        order = min(_PAIRINGS, key=lambda pairing: _joint(phases[pairing]))
        phases, outer = _closed(phases[order]), outer[:, order]
    inner = np.exp(-0.5j * phases)[:, None] * (outer.conj().T @ first)
    return Demultiplexed(outer, -phases, inner)


def _is_rotation(unitary: Matrix) -> bool:
    return not np.iscomplex(unitary).any() and bool(np.linalg.det(unitary).real > 0)


def _planes(real: Reals) -> tuple[Reals, Matrix]:
    """Return phases and eigenvectors of a rotation in four dimensions, in conjugate pairs.

    The eigenvectors are a real rotation times those of Y⊗1 and 1⊗Y, so that they take two
    entanglers as it does, or one if they may be multiplied with a diagonal.
    """
    blocks, axes = schur(real, output="real")
    planes, single = [], []
    place = 0
    while place < SIZE:
        sine = blocks[place + 1, place] if place + 1 < SIZE else 0.0
        if abs(sine) > tolerances.SELECTED_ANGLE:
            planes.append((place, place + 1, np.arctan2(sine, blocks[place, place])))
            place += 2
        else:
            single.append(place)
            place += 1
    single.sort(key=lambda place: blocks[place, place])
    for one, other in zip(single[::2], single[1::2], strict=True):
        planes.append((one, other, 0.0 if blocks[one, one] > 0 else np.pi))
    (a, b, phi), (c, d, psi) = planes
    first, second = (axes[:, [a, c]] - 1j * axes[:, [b, d]]).T / np.sqrt(2)
    vectors = np.stack([first, second, second.conj(), first.conj()], axis=1)
    return np.array([phi, psi, -psi, -phi]), vectors


def balancing(product: Matrix, generator: Reals | None = None) -> Matrix:
    """The diagonal E = exp(iε·generator) that balances product·E†, for 4x4 unitaries.

    Four eigenvalues are balanced if they come in conjugate pairs, but for a common phase. That is
    where Im tr(product·E†) = 0 once the determinant is 1.

    Args:
        product: first·second†, or second†·first if E stands between second† and first
        generator: a diagonal of ±1 with trace 0; Z⊗Z if none is given

    Returns:
        the diagonal, four phase factors
    """
    signs = ZZ_SIGNS if generator is None else generator
    special = product * np.exp(-0.25j * np.angle(np.linalg.det(product)))
    trace, turned = np.trace(special), (special.diagonal() * signs).sum()
    diagonal: Matrix = np.exp(1j * np.arctan2(trace.imag, turned.real) * signs)
    return diagonal


def _joint(phases: Reals) -> float:
    """Return the part of four phases that depends on both bits together, modulo 2π."""
    total = phases[0] - phases[1] - phases[2] + phases[3]
    return float(abs(np.angle(np.exp(1j * total))))


def _closed(phases: Reals) -> Reals:
    """Return the same four phases plus turns, so that their joint part is in (-π, π]."""
    total = phases[0] - phases[1] - phases[2] + phases[3]
    turns = np.rint(total / (2 * np.pi))
    return phases - 2 * np.pi * turns * np.array([1.0, 0.0, 0.0, 0.0])


def _walsh(angles: Reals) -> Reals:
    """Return angles by parity of bits from angles by basis state (a Walsh-Hadamard transform)."""
    parts = angles.reshape((2,) * (len(angles).bit_length() - 1))
    for place in range(parts.ndim):
        first, second = np.moveaxis(parts, place, 0)
        parts = np.stack([first + second, first - second], axis=place) / 2
    return parts.reshape(-1)


def _gray(axis: str, target: int, controls: Sequence[int], parts: Reals, *, drop: bool) -> Selected:
    """Return a rotation for each parity, ordered so that one bit of it changes at a time."""
    name = "CX" if axis == "Z" else "CZ"
    elements: list[Element] = []
    size = len(parts)
    for place in range(size):
        # The gates so far flip the rotation's sign where the parity of these controls is odd.
        parity = place ^ place >> 1
        elements.append(rotation([(target, axis)], Angle(float(parts[parity]))))
        bit = _lowest((place + 1) % size, len(controls))
        control = controls[len(controls) - 1 - bit]
        if drop and axis == "Y" and place == size - 1:
            return Selected(elements, control)
        elements.append(Clifford(name, (control, target)))
    return Selected(elements, None)


def _lowest(number: int, bits: int) -> int:
    """Return the lowest bit that is set; the highest of all if none is."""
    return (number & -number).bit_length() - 1 if number else bits - 1


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
