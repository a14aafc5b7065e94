"""What a run takes: no pulse, one or two, by where it takes |0⟩.

What holds at a few generic parameters holds for all of them, since a run's unitary is analytic in
its angles.
"""

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Reals


def always(amplitudes: NDArray[np.inexact]) -> NDArray[np.bool_]:
    """Whether something is zero at all samples, which are the last axis."""
    found: NDArray[np.bool_] = (np.abs(amplitudes) < tolerances.LAYER_AMPLITUDE).all(axis=-1)
    return found


def pulses_needed(stay: Reals, move: Reals) -> NDArray[np.int_]:
    """How many pulses there are in rotations U, a frame before and after them for free.

    None where U is diagonal or antidiagonal, if an X is for free as well; one where |0⟩ goes to the
    equator of the Bloch sphere; else two.

    Args:
        stay: |U₀₀| at some samples, the last axis
        move: |U₁₀|
    """
    still = always(stay) | always(move)
    return np.where(still, 0, np.where(always(stay - move), 1, 2))
