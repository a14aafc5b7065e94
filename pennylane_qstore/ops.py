"""IonQ's native gates as PennyLane operations, in turns, with their matrices.

Matrices: IonQ, "Getting started with native gates", https://docs.ionq.com/guides/getting-started-with-native-gates.
One turn is 2π; the first wire is the left tensor factor.
"""

from typing import Any, ClassVar

import numpy as np
import pennylane as qml
from pennylane import math
from pennylane.operation import Operation

TURN = 2 * np.pi


def _phase(turns: Any) -> Any:
    """Return exp(2πi·turns), in the interface of the turns."""
    return math.exp(TURN * 1j * turns)


def _matrix(rows: list[list[Any]]) -> Any:
    """Return a matrix of shape (..., rows, columns) from entries of shape (...)."""
    return math.stack([math.stack(row, axis=-1) for row in rows], axis=-2)


class GPI(Operation):
    r"""A π pulse about the axis at angle ``phase`` in the equator of the Bloch sphere.

    .. math:: GPI(\phi) = \begin{pmatrix} 0 & e^{-2\pi i\phi} \\ e^{2\pi i\phi} & 0 \end{pmatrix}

    Args:
        phase: φ, in turns
        wires: the wire the pulse acts on

    **Example**

    >>> qml.matrix(qstore.GPI(0.25, wires=0)).shape
    (2, 2)
    """

    num_params = 1
    num_wires = 1
    ndim_params = (0,)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(2 * TURN,)]

    def __init__(self, phase: Any, wires: Any) -> None:
        super().__init__(phase, wires=wires)

    @staticmethod
    def compute_matrix(phase: Any) -> Any:
        """Return the matrix for a phase in turns, of shape (..., 2, 2)."""
        up = _phase(phase)
        zero = math.zeros_like(up)
        return _matrix([[zero, math.conj(up)], [up, zero]])

    @staticmethod
    def compute_decomposition(phase: Any, wires: Any) -> list[Operation]:
        """Return RZ(4πφ)·X, which is GPI(φ)."""
        return [qml.X(wires), qml.RZ(2 * TURN * phase, wires)]

    def adjoint(self) -> "GPI":
        """Return the same pulse: a π pulse is its own inverse."""
        return GPI(self.data[0], wires=self.wires)


class GPI2(Operation):
    r"""A π/2 pulse about the axis at angle ``phase`` in the equator of the Bloch sphere.

    .. math::

        GPI2(\phi) = \frac{1}{\sqrt 2}
        \begin{pmatrix} 1 & -ie^{-2\pi i\phi} \\ -ie^{2\pi i\phi} & 1 \end{pmatrix}

    Args:
        phase: φ, in turns
        wires: the wire the pulse acts on

    **Example**

    >>> qml.matrix(qstore.GPI2(0.25, wires=0)).shape
    (2, 2)
    """

    num_params = 1
    num_wires = 1
    ndim_params = (0,)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(TURN, 2 * TURN)]

    def __init__(self, phase: Any, wires: Any) -> None:
        super().__init__(phase, wires=wires)

    @staticmethod
    def compute_matrix(phase: Any) -> Any:
        """Return the matrix for a phase in turns, of shape (..., 2, 2)."""
        up = _phase(phase)
        one = math.ones_like(up)
        return _matrix([[one, -1j * math.conj(up)], [-1j * up, one]]) / np.sqrt(2)

    @staticmethod
    def compute_decomposition(phase: Any, wires: Any) -> list[Operation]:
        """Return RZ(2πφ)·RX(π/2)·RZ(-2πφ), which is GPI2(φ)."""
        angle = TURN * phase
        return [qml.RZ(-angle, wires), qml.RX(np.pi / 2, wires), qml.RZ(angle, wires)]

    def adjoint(self) -> "GPI2":
        """Return the pulse about the opposite axis."""
        return GPI2(self.data[0] + 0.5, wires=self.wires)


class MS(Operation):
    r"""A Mølmer-Sørensen gate, the entangler of IonQ's Aria.

    .. math::

        MS(\phi_0, \phi_1, \theta) = e^{-i\pi\theta\, G(\phi_0)\otimes G(\phi_1)},
        \quad G(\phi) = \cos(2\pi\phi) X + \sin(2\pi\phi) Y

    Args:
        phase0: φ₀ on the first wire, in turns
        phase1: φ₁ on the second wire, in turns
        angle: θ, in turns; 0.25 entangles fully
        wires: the two wires

    **Example**

    >>> qml.matrix(qstore.MS(0.0, 0.25, 0.1, wires=[0, 1])).shape
    (4, 4)
    """

    num_params = 3
    num_wires = 2
    ndim_params = (0, 0, 0)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(TURN, 2 * TURN), (TURN, 2 * TURN), (TURN,)]

    def __init__(self, phase0: Any, phase1: Any, angle: Any = 0.25, wires: Any = None) -> None:
        super().__init__(phase0, phase1, angle, wires=wires)

    @staticmethod
    def compute_matrix(phase0: Any, phase1: Any, angle: Any) -> Any:
        """Return the matrix for phases and an angle in turns, of shape (..., 4, 4)."""
        up = _phase(phase0 + phase1) + 0 * angle
        across = _phase(phase0 - phase1) + 0 * angle
        half = np.pi * angle
        stay = math.cos(half) + 0 * up
        move = -1j * math.sin(half)
        zero = math.zeros_like(stay)
        return _matrix(
            [
                [stay, zero, zero, move * math.conj(up)],
                [zero, stay, move * math.conj(across), zero],
                [zero, move * across, stay, zero],
                [move * up, zero, zero, stay],
            ]
        )

    @staticmethod
    def compute_decomposition(phase0: Any, phase1: Any, angle: Any, wires: Any) -> list[Operation]:
        """Return IsingXX(2πθ) between rotations that map X to GPI(φ)."""
        turns = [TURN * phase0, TURN * phase1]
        frames = list(zip(turns, wires, strict=True))
        return [
            *(qml.RZ(-turn, wire) for turn, wire in frames),
            qml.IsingXX(TURN * angle, wires),
            *(qml.RZ(turn, wire) for turn, wire in frames),
        ]

    def adjoint(self) -> "MS":
        """Return the same gate with one axis reversed."""
        phase0, phase1, angle = self.data
        return MS(phase0 + 0.5, phase1, angle, wires=self.wires)


class ZZ(Operation):
    r"""A ZZ interaction, the entangler of IonQ's Forte and after.

    .. math:: ZZ(\theta) = e^{-i\pi\theta\, Z\otimes Z}

    Args:
        angle: θ, in turns; 0.25 entangles fully
        wires: the two wires

    **Example**

    >>> qml.matrix(qstore.ZZ(0.1, wires=[0, 1])).shape
    (4, 4)
    """

    num_params = 1
    num_wires = 2
    ndim_params = (0,)
    grad_method = "A"
    parameter_frequencies: ClassVar = [(TURN,)]

    def __init__(self, angle: Any = 0.25, wires: Any = None) -> None:
        super().__init__(angle, wires=wires)

    @staticmethod
    def compute_matrix(angle: Any) -> Any:
        """Return the matrix for an angle in turns, of shape (..., 4, 4)."""
        same = _phase(-angle / 2)
        zero = math.zeros_like(same)
        diagonal = [same, math.conj(same), math.conj(same), same]
        return _matrix([[diagonal[i] if i == j else zero for j in range(4)] for i in range(4)])

    @staticmethod
    def compute_decomposition(angle: Any, wires: Any) -> list[Operation]:
        """Return IsingZZ(2πθ), which is ZZ(θ)."""
        return [qml.IsingZZ(TURN * angle, wires)]

    def adjoint(self) -> "ZZ":
        """Return the gate with the opposite angle."""
        return ZZ(-self.data[0], wires=self.wires)
