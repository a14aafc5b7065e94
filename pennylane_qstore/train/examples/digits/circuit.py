"""A hardware-efficient circuit that scores a sample between -1 and +1."""

from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore.train.examples.options import entangled_wires


def make_circuit(device: Any, layers: int, shots: int, entanglement: str = "linear") -> Any:
    """Make a circuit that gives each sample a score between -1 and +1.

    The features are RY angles. A layer rotates each wire by RY and RZ, and entangles the wires by
    CNOTs. Called with features of shape (samples, wires), the circuit returns one score for each
    sample, and PennyLane sends all samples as one batch.

    Args:
        device: where the circuit runs
        layers: number of layers
        shots: of each circuit; 0 for exact values
        entanglement: "linear", "circular" or "full"

    Returns:
        the QNode ``circuit(weights, features)``
    """
    wires = device.wires.tolist()

    @qml.set_shots(shots or None)
    @qml.qnode(device, diff_method="parameter-shift")
    def circuit(weights: Any, features: Any) -> Any:
        for wire in wires:
            qml.RY(features[..., wire], wires=wire)
        for layer in range(layers):
            for wire in wires:
                qml.RY(weights[layer, wire, 0], wires=wire)
                qml.RZ(weights[layer, wire, 1], wires=wire)
            for pair in entangled_wires(len(wires), entanglement):
                qml.CNOT(pair)
        return qml.expval(qml.Z(wires[-1]))

    return circuit


def first_weights(layers: int, wires: int, rng: np.random.Generator) -> Any:
    """Return small random trainable angles in radians, shape (layers, wires, 2).

    The circuit begins near the identity, where its gradient isn't small.
    """
    return qml.numpy.array(rng.uniform(-0.1, 0.1, (layers, wires, 2)), requires_grad=True)
