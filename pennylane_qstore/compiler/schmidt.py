"""States of two qubits as what one entangler and local gates make of |00>."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import Matrix

Reals = NDArray[np.float64]
_MOST = np.pi / 4
_TINY = 1e-150  # gives zero a direction: any is right then


class Schmidt(NamedTuple):
    """A state is (left⊗right) exp(i angle XX)|00>, up to a global phase.

    Attributes:
        left: quaternions, shape (4, B)
        right: quaternions, shape (4, B)
        angle: radians in [0, π/4], shape (B,)
    """

    left: Reals
    right: Reals
    angle: Reals


def schmidt(states: Matrix) -> Schmidt:
    """States (4, B), the first qubit the more significant bit, to their Schmidt decompositions.

    A state as a 2x2 matrix M is U·diag(weights)·V†; the columns of V are eigenvectors of M†M, and
    the weights' squares add up to one, so that the first is never small. The second is
    |det M| over the first, and its phase, that of det M, goes to the local gates.
    """
    m00, m01, m10, m11 = states
    mixed = m00.conj() * m01 + m10.conj() * m11
    sizes = np.square(states.real) + np.square(states.imag)
    tilt = np.arctan2(2 * np.abs(mixed), sizes[0] + sizes[2] - sizes[1] - sizes[3]) / 2
    cos, turn = np.cos(tilt), np.sin(tilt) * _unit(mixed).conj()
    upper, lower = m00 * cos + m01 * turn, m10 * cos + m11 * turn
    square = upper.real**2 + upper.imag**2 + lower.real**2 + lower.imag**2
    volume = m00 * m11 - m01 * m10
    # exp(i x XX)|00> = cos x |00> + i sin x |11>
    phase = np.sqrt(-1j * _unit(volume)).conj() / np.sqrt(square)
    upper *= phase
    lower *= phase
    return Schmidt(
        np.array([upper.real, -lower.imag, lower.real, -upper.imag]),
        np.array([cos, turn.imag, turn.real, np.zeros_like(cos)]),
        np.minimum(np.arctan2(np.abs(volume), square), _MOST),
    )


def _unit(numbers: Matrix) -> Matrix:
    """Complex numbers divided by their sizes; those that are zero become one."""
    safe = numbers + _TINY
    found: Matrix = safe / np.abs(safe)
    return found
