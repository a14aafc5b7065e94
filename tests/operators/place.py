"""Where an example of an operator is put, and seeded parameters for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from scipy.stats import unitary_group


@dataclass(frozen=True)
class Place:
    """Where an example is put.

    Attributes:
        w: six wires that are rotated before it
        z: five wires that are in |0⟩ before it
        r: draws its parameters
    """

    w: Sequence[Any]
    z: Sequence[Any]
    r: np.random.Generator


Example = Callable[[Place], Operator]


def angle(r: np.random.Generator) -> float:
    return r.uniform(-3, 3)


def angles(r: np.random.Generator, *shape: int) -> np.ndarray:
    return r.uniform(-3, 3, shape)


def unitary(r: np.random.Generator, wires: int) -> np.ndarray:
    return unitary_group.rvs(2**wires, random_state=r)


def real_state(r: np.random.Generator, wires: int) -> np.ndarray:
    state = r.uniform(0.1, 1, 2**wires)
    return state / np.linalg.norm(state)


def state(r: np.random.Generator, wires: int) -> np.ndarray:
    vector = r.normal(size=2**wires) + 1j * r.normal(size=2**wires)
    return vector / np.linalg.norm(vector)


def commuting(w: Sequence[Any], r: np.random.Generator) -> Operator:
    return qml.dot(angles(r, 2), [qml.X(w[0]) @ qml.X(w[1]), qml.Z(w[0]) @ qml.Z(w[1])])


def hamiltonian(w: Sequence[Any], r: np.random.Generator) -> Operator:
    words = [qml.X(w[0]) @ qml.Y(w[1]), qml.Z(w[0]), qml.Y(w[0]) @ qml.Y(w[2])]
    return qml.dot(angles(r, 3), words)


def noncommuting(w: Sequence[Any]) -> Operator:
    return qml.X(w[0]) + qml.Z(w[0]) @ qml.Y(w[1])
