"""IonQ's gates and PennyLane-IonQ's, with the matrices of IonQ's documentation."""

from collections.abc import Callable

import numpy as np
import pennylane_ionq
from pennylane.operation import Operator

import pennylane_qstore as qstore


def gpi(phase: float) -> np.ndarray:
    up = np.exp(2j * np.pi * phase)
    return np.array([[0, up.conj()], [up, 0]])


def gpi2(phase: float) -> np.ndarray:
    up = np.exp(2j * np.pi * phase)
    return np.array([[1, -1j * up.conj()], [-1j * up, 1]]) / np.sqrt(2)


def ms(phase0: float, phase1: float, turns: float) -> np.ndarray:
    return ising(np.kron(gpi(phase0), gpi(phase1)), 2 * np.pi * turns)


def ising(word: np.ndarray, radians: float) -> np.ndarray:
    """exp(-i·radians/2·word), for a word that is its own inverse."""
    return np.cos(radians / 2) * np.eye(len(word)) - 1j * np.sin(radians / 2) * word


XX, YY, ZZ = (np.kron(p, p) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], np.diag([1, -1])))


# IonQ's gates, and PennyLane-IonQ's Ising gates in radians: the class, and its matrix by IonQ.
NATIVE: dict[str, tuple[type[Operator], Callable[..., np.ndarray]]] = {
    "qstore.GPI": (qstore.GPI, gpi),
    "qstore.GPI2": (qstore.GPI2, gpi2),
    "qstore.MS": (qstore.MS, ms),
    "qstore.ZZ": (qstore.ZZ, lambda turns: ising(ZZ, 2 * np.pi * turns)),
    "ionq.GPI": (pennylane_ionq.ops.GPI, gpi),
    "ionq.GPI2": (pennylane_ionq.ops.GPI2, gpi2),
    "ionq.MS": (pennylane_ionq.ops.MS, ms),
    "ionq.XX": (pennylane_ionq.ops.XX, lambda radians: ising(XX, radians)),
    "ionq.YY": (pennylane_ionq.ops.YY, lambda radians: ising(YY, radians)),
    "ionq.ZZ": (pennylane_ionq.ops.ZZ, lambda radians: ising(ZZ, radians)),
}
