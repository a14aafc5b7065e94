"""Unitaries on one qubit as quaternions w - i(xX + yY + zZ), and back."""

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import Matrix

Reals = NDArray[np.float64]


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
