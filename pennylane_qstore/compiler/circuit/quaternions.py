"""Single-qubit rotations as quaternions w - i(xX + yY + zZ), and half-angle tangents.

A rotation by θ about X is (cos θ/2, sin θ/2, 0, 0), in proportion to (1, tan θ/2, 0, 0). Where a
common factor doesn't matter, the tangent alone is computed, which NumPy does fast. No float is a
pole of the tangent: the largest is about 2e18.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Matrix, Reals

Complex = NDArray[np.complex128]
Quaternion = tuple[float, float, float, float]
_Number = TypeVar("_Number", float, Reals)
ONE: Quaternion = (1.0, 0.0, 0.0, 0.0)


def quaternions(matrices: Matrix) -> Reals:
    """Return the quaternions (4, batch) of unitaries (batch, 2, 2), up to a global phase."""
    root = np.sqrt(np.linalg.det(matrices) + 0j)
    unit = matrices / root[:, None, None]
    a, b = unit[:, 0, 0], unit[:, 1, 0]
    return np.array([a.real, -b.imag, b.real, -a.imag])


def unitaries(quaternions: Reals) -> Matrix:
    """Return the unitaries (batch, 2, 2) of quaternions (4, batch)."""
    w, x, y, z = quaternions
    return np.stack([w - 1j * z, -y - 1j * x, y - 1j * x, w + 1j * z], axis=-1).reshape(-1, 2, 2)


def times(
    left: tuple[_Number, _Number, _Number, _Number],
    right: tuple[_Number, _Number, _Number, _Number],
) -> tuple[_Number, _Number, _Number, _Number]:
    """Return the rotation `right`, then `left`."""
    aw, ax, ay, az = left
    bw, bx, by, bz = right
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def composed(left: Reals, right: Reals, axis: int = -1) -> Reals:
    """Return the rotations `right`, then `left`; quaternions along some axis."""
    (aw, ax, ay, az), (bw, bx, by, bz) = np.moveaxis(left, axis, 0), np.moveaxis(right, axis, 0)
    return np.stack(times((aw, ax, ay, az), (bw, bx, by, bz)), axis=axis)


def inverse(quaternions: Reals) -> Reals:
    """Return the inverse rotations; quaternions along the last axis."""
    return quaternions * np.array([1.0, -1.0, -1.0, -1.0])


def unit(quaternions: Reals, axis: int) -> Reals:
    """Return quaternions along some axis, divided by their lengths."""
    found: Reals = quaternions / np.sqrt(np.square(quaternions).sum(axis=axis, keepdims=True))
    return found


def magnitudes(quaternions: Reals) -> tuple[Reals, Reals]:
    """Return |U₀₀| and |U₁₀| of rotations U, quaternions along the second axis."""
    w, x, y, z = np.moveaxis(quaternions, 1, 0)
    return np.hypot(w, z), np.hypot(x, y)


def unit_phases(numbers: Complex, sizes: Reals | None = None) -> Complex:
    """Complex numbers divided by their magnitudes.

    Args:
        numbers: of any shape
        sizes: their magnitudes, where they have been computed before

    Returns:
        numbers of magnitude 1 of the same shape: 1 where a number is zero (or too small for a float
        of full precision), which has no phase; NaN where it is NaN
    """
    sizes = np.abs(numbers) if sizes is None else sizes
    phases: Complex = np.ones_like(numbers)
    has_phase = ~(sizes < tolerances.SMALLEST)  # NaN has one: NaN
    # Part by part: complex division overflows where 1/size does.
    np.divide(numbers.real, sizes, out=phases.real, where=has_phase)
    np.divide(numbers.imag, sizes, out=phases.imag, where=has_phase)
    return phases


def tangents(angles: Reals) -> Reals:
    """Return the tangents of half of some angles in radians."""
    found = angles * 0.5
    return np.tan(found, out=found)


def multiplied(numbers: Reals, first: Reals | None = None) -> Reals:
    """All products of some of a row's numbers.

    Args:
        numbers: shape (n_numbers, n_rows, batch)
        first: what is multiplied, shape (n_rows, n, batch); 1 where it isn't given

    Returns:
        shape (n_rows, n * 2**n_numbers, batch): the first ones alone, times the first number, times
        the second one, times both, times the third one, and so on
    """
    count, rows, batch = numbers.shape
    width = 1 if first is None else first.shape[1]
    found = np.empty((rows, width * 2**count, batch))
    found[:, :width] = 1 if first is None else first
    for place in range(count):
        half = width * 2**place
        np.multiply(found[:, :half], numbers[place][:, None], out=found[:, half : 2 * half])
    return found
