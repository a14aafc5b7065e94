"""Q-Store's circuit: 40 one-qubit and 14 two-qubit gates on 8 wires, read out on each wire."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

WIRES, LAYERS, SHOTS = 8, 2, 1_000


def gates(weights: Any, wires: int = WIRES) -> None:
    """RY on each wire, then layers of RY and RZ on each wire and a chain of CNOTs.

    Args:
        weights: of shape (layers, wires, 2), or (layers, wires, 2, batch)
        wires: how many
    """
    for wire in range(wires):
        qml.RY(0.1 * (wire + 1), wire)
    for layer in weights:
        for wire in range(wires):
            qml.RY(layer[wire][0], wire)
            qml.RZ(layer[wire][1], wire)
        for wire in range(wires - 1):
            qml.CNOT([wire, wire + 1])


def tape(weights: Any, wires: int = WIRES, shots: int | None = SHOTS) -> QuantumScript:
    """One circuit, or a broadcast one, with the expectation value of Z on each wire."""
    with qml.queuing.AnnotatedQueue() as queue:
        gates(weights, wires)
        for wire in range(wires):
            qml.expval(qml.Z(wire))
    return QuantumScript.from_queue(queue, shots=shots)


def tapes(count: int, seed: int = 0) -> Sequence[QuantumScript]:
    """Circuits with weights of their own."""
    drawn = np.random.default_rng(seed).uniform(-1, 1, (count, LAYERS, WIRES, 2))
    return [tape(weights) for weights in drawn]
