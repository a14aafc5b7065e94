"""Schmidt decomposition of two-qubit states: local gates after one entangler on |00⟩."""

from typing import NamedTuple

import numpy as np

from pennylane_qstore.compiler.circuit.elements import Matrix, Reals
from pennylane_qstore.compiler.circuit.quaternions import unit_phases

_MOST = np.pi / 4
# Which column of a state's matrix each of its numbers is in, real parts beside imaginary ones.
_COLUMNS = np.array([1.0, 1, -1, -1, 1, 1, -1, -1])


class Schmidt(NamedTuple):
    """A state is (left⊗right) exp(-i angle XX)|00>, up to a global phase.

    Attributes:
        left: quaternions, shape (4, B)
        right: quaternions, shape (4, B)
        angle: radians in [0, π/4], shape (B,)
    """

    left: Reals
    right: Reals
    angle: Reals


def schmidt(states: Matrix) -> Schmidt:
    """Return the Schmidt decompositions of states (B, 4), first qubit the more significant bit.

    A state as a 2x2 matrix M is U·diag(weights)·V†; the columns of V are eigenvectors of M†M, and
    the weights' squares add up to one, so that the first is never small. The second is
    |det M| over the first, and its phase, that of det M, goes to the local gates.
    """
    states = np.ascontiguousarray(states)
    batch = len(states)
    first, second = states.reshape(batch, 2, 2).transpose(2, 0, 1)
    numbers = np.empty((2, batch), dtype=complex)  # M†M off its diagonal, and det M
    np.vecdot(first, second, out=numbers[0])
    np.subtract(states[:, 0] * states[:, 3], states[:, 1] * states[:, 2], out=numbers[1])
    sizes = np.abs(numbers)
    mixed, volume = unit_phases(numbers, sizes)
    tilt = np.arctan2(2 * sizes[0], np.square(states.view(float)) @ _COLUMNS) / 2
    cos, turn = np.cos(tilt), np.sin(tilt) * mixed.conj()
    # exp(-i x XX)|00> = cos x |00> - i sin x |11>
    column = first * cos[:, None] + second * turn[:, None]
    square = np.vecdot(column, column).real
    column *= (np.sqrt(1j * volume).conj() / np.sqrt(square))[:, None]
    left, right = np.empty((2, 4, batch))
    left[0], left[2] = column.real.T
    left[3], left[1] = -column.imag.T
    right[0], right[1], right[2], right[3] = cos, turn.imag, turn.real, 0
    return Schmidt(left, right, np.minimum(np.arctan2(sizes[1], square), _MOST))
