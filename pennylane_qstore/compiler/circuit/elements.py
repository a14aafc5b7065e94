"""A circuit's elements: rotations about Pauli words with symbolic angles, Cliffords, and constants.

A tape's structure becomes a list of these once. No pass sees a parameter's value, so that its
result holds for all values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.columns import sliced

Matrix = NDArray[np.complex128]
Reals = NDArray[np.float64]
PAIR = 2  # qubits of an entangler
# Radians: between them, random angles have nothing special, so that what holds at a few of them is
# an identity (an analytic function that vanishes there vanishes everywhere).
GENERIC_ANGLES = (0.3, 2.9)


class Angle(NamedTuple):
    """An angle in radians that is affine in the parameters: const + Σ slope·params[index].

    Attributes:
        const: radians
        terms: (index, slope) pairs, indices rising, no slope zero; none for a constant angle
    """

    const: float = 0.0
    terms: tuple[tuple[int, float], ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for all parameters."""
        return not self.terms

    def scaled(self, factor: float) -> "Angle":
        """Return the angle times a number."""
        return Angle(self.const * factor, tuple((i, slope * factor) for i, slope in self.terms))

    def plus(self, other: "Angle") -> "Angle":
        """Return the sum of two angles."""
        slopes = dict(self.terms)
        for index, slope in other.terms:
            slopes[index] = slopes.get(index, 0.0) + slope
        terms = tuple(sorted((index, slope) for index, slope in slopes.items() if slope))
        return Angle(self.const + other.const, terms)

    def at(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return its values in radians for parameters of shape (..., n_params)."""
        if not self.terms:
            return np.full(params.shape[:-1], self.const)
        (index, slope), *others = self.terms
        value = slope * params[..., index]
        for index, slope in others:
            value += slope * params[..., index]
        return value + self.const if self.const else value


class Affine:
    """Several angles, ready for parameters."""

    def __init__(self, angles: Sequence[Angle]) -> None:
        """Sorts out their terms.

        Args:
            angles: in radians
        """
        self._constants = np.array([angle.const for angle in angles], dtype=float)[:, None]
        self._terms = []
        for place in range(max((len(angle.terms) for angle in angles), default=0)):
            own = [(i, *a.terms[place]) for i, a in enumerate(angles) if a.terms[place:]]
            rows, indices, slopes = zip(*own, strict=True)
            self._terms.append((sliced(rows), np.array(indices), np.array(slopes)[:, None]))

    def at(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return their values (n_angles, batch) for parameters (batch, n_params)."""
        found = np.repeat(self._constants, len(params), axis=1)
        for rows, indices, slopes in self._terms:
            found[rows] += params.take(indices, axis=1).T * slopes
        return found


@dataclass(frozen=True, slots=True)
class Rotation:
    """exp(-i angle/2 P) for a Pauli word P.

    Attributes:
        word: (qubit, "X" | "Y" | "Z") pairs, qubits rising
        angle: in radians
    """

    word: tuple[tuple[int, str], ...]
    angle: Angle

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits it acts on."""
        return tuple(qubit for qubit, _ in self.word)


@dataclass(frozen=True, slots=True)
class Clifford:
    """A constant Clifford gate.

    Attributes:
        name: "X", "Y", "Z", "H", "S", "SDG", "SX", "SXDG", "CX" (control first), "CZ" or "SWAP"
        qubits: one or two
    """

    name: str
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A constant unitary on one or two qubits that is no Clifford gate by name.

    Attributes:
        qubits: the first is the left tensor factor
        matrix: (2, 2) or (4, 4)
    """

    qubits: tuple[int, ...]
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class ControlledX:
    """X on the target where all of two or more controls are 1.

    Attributes:
        controls: two or more qubits
        target: another one
    """

    controls: tuple[int, ...]
    target: int

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits it acts on."""
        return (*self.controls, self.target)


@dataclass(frozen=True, slots=True)
class Fence:
    """A place that no pass moves a gate across, or merges or cancels gates across.

    Attributes:
        qubits: those that it stands on
    """

    qubits: tuple[int, ...]


Element = Rotation | Clifford | Constant
# What a tape becomes at first; gates of several controls are taken apart once it is known which of
# them are needed.
AnyElement = Element | ControlledX | Fence


def rotation(word: Iterable[tuple[int, str]], angle: Angle) -> Rotation:
    """Return a rotation with the qubits of its word rising."""
    return Rotation(tuple(sorted(word)), angle)


_ADJOINT = {"S": "SDG", "SDG": "S", "SX": "SXDG", "SXDG": "SX"}


def adjoint(elements: Sequence[Element]) -> list[Element]:
    """Return the inverse of elements, in order."""
    return [_inverse(element) for element in reversed(elements)]


def _inverse(element: Element) -> Element:
    if isinstance(element, Rotation):
        return Rotation(element.word, element.angle.scaled(-1))
    if isinstance(element, Constant):
        return Constant(element.qubits, element.matrix.conj().T)
    return Clifford(_ADJOINT.get(element.name, element.name), element.qubits)
