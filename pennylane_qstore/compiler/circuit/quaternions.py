"""Unitaries on one qubit as quaternions w - i(xX + yY + zZ), and back."""

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
    """Unitaries (batch, 2, 2) to quaternions (4, batch), up to a global phase."""
    root = np.sqrt(np.linalg.det(matrices) + 0j)
    unit = matrices / root[:, None, None]
    a, b = unit[:, 0, 0], unit[:, 1, 0]
    return np.array([a.real, -b.imag, b.real, -a.imag])


def unitaries(quaternions: Reals) -> Matrix:
    """Quaternions (4, batch) to unitaries (batch, 2, 2)."""
    w, x, y, z = quaternions
    return np.stack([w - 1j * z, -y - 1j * x, y - 1j * x, w + 1j * z], axis=-1).reshape(-1, 2, 2)


def times(
    left: tuple[_Number, _Number, _Number, _Number],
    right: tuple[_Number, _Number, _Number, _Number],
) -> tuple[_Number, _Number, _Number, _Number]:
    """The rotation `right`, then `left`."""
    aw, ax, ay, az = left
    bw, bx, by, bz = right
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def composed(left: Reals, right: Reals, axis: int = -1) -> Reals:
    """The rotations `right`, then `left`; quaternions along some axis."""
    (aw, ax, ay, az), (bw, bx, by, bz) = np.moveaxis(left, axis, 0), np.moveaxis(right, axis, 0)
    return np.stack(times((aw, ax, ay, az), (bw, bx, by, bz)), axis=axis)


def inverse(quaternions: Reals) -> Reals:
    """The rotations back; quaternions along the last axis."""
    return quaternions * np.array([1.0, -1.0, -1.0, -1.0])


def unit(quaternions: Reals, axis: int) -> Reals:
    """Quaternions along some axis, divided by their lengths."""
    found: Reals = quaternions / np.sqrt(np.square(quaternions).sum(axis=axis, keepdims=True))
    return found


def magnitudes(quaternions: Reals) -> tuple[Reals, Reals]:
    """|U₀₀| and |U₁₀| of rotations U, quaternions along the second axis."""
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
