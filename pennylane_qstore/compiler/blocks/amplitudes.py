"""What elements on two qubits make of |00>, for any number of parameters at once.

A state is linear in the cosine and sine of half of each angle. So it is a constant table times the
products of these, and what is constant costs nothing when parameters are bound.
"""

from collections.abc import Sequence

import numpy as np

from pennylane_qstore.compiler.circuit.elements import (
    Affine,
    Angle,
    Element,
    Matrix,
    Reals,
    Rotation,
)
from pennylane_qstore.compiler.circuit.half_angles import multiplied, tangents
from pennylane_qstore.compiler.unitaries.two_qubit import matrices, on_both

_MOST = 6  # angles of a table, whose size each of them doubles


class Amplitudes:
    """The states of two qubits, ready for parameters."""

    def __init__(self, qubits: tuple[int, ...], elements: Sequence[Element]) -> None:
        """Works out the table.

        Args:
            qubits: the first is the left tensor factor
            elements: in order
        """
        self._qubits, self._elements = qubits, elements
        columns: Matrix = np.eye(4, 1, dtype=complex)
        angles: list[Angle] = []
        for element in elements:
            turned = on_both(qubits, element) @ columns
            if not isinstance(element, Rotation):
                columns = turned
            elif element.angle.is_constant:
                half = element.angle.const / 2
                columns = np.cos(half) * columns - 1j * np.sin(half) * turned
            else:
                angles.append(element.angle)
                if len(angles) > _MOST:
                    break
                columns = np.concatenate([columns, -1j * turned], axis=1)
        self._fits = len(angles) <= _MOST
        self._angles = Affine(angles)
        # Imaginary parts beside real ones, as NumPy keeps complex numbers.
        self._table = np.ascontiguousarray(columns.T).view(float)

    def at(self, params: Reals) -> Matrix:
        """States (B, 4) for parameters (B, P), each times some number."""
        if not self._fits:
            return matrices(self._qubits, self._elements, params)[..., 0]
        products = multiplied(tangents(self._angles.at(params))[:, None])[0]
        found: Matrix = (products.T @ self._table).view(complex)
        return found
