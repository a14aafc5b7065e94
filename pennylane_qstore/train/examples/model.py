"""Angles and weights to a score: a hardware-efficient circuit."""

from typing import Any

import numpy as np
import pennylane as qml

from pennylane_qstore.train.examples.architecture import entangled


def make_device(wires: int, backend: str, seed: int, **options: Any) -> Any:
    """The one place that says where circuits run.

    Args:
        wires: wires of the device
        backend: "emulator", "simulator" or "qpu.…"
        seed: of the shots drawn on our side
        options: others of the device

    Returns:
        the device
    """
    # The steps have a line of their own.
    options = {"progress": False} | options
    return qml.device("qstore.ionq", wires=wires, backend=backend, seed=seed, **options)


def make_circuit(device: Any, layers: int, shots: int, entanglement: str = "linear") -> Any:
    """A circuit that gives each sample a score between -1 and +1.

    A layer turns every wire about Y and Z and entangles them. Called with features of shape
    (samples, wires), the circuit returns one score a sample: PennyLane sends them as one batch.

    Args:
        device: where it runs
        layers: how many layers
        shots: shots a circuit; 0 for exact values
        entanglement: "linear", "circular" or "full"

    Returns:
        the QNode, ``circuit(weights, features)``
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
            for pair in entangled(len(wires), entanglement):
                qml.CNOT(pair)
        return qml.expval(qml.Z(wires[-1]))

    return circuit


def first_weights(layers: int, wires: int, rng: np.random.Generator) -> Any:
    """Small random angles: a circuit near the identity, whose gradient is still steep.

    Args:
        layers: how many layers
        wires: how many wires
        rng: where the chance comes from

    Returns:
        trainable angles in radians, shape (layers, wires, 2)
    """
    return qml.numpy.array(rng.uniform(-0.1, 0.1, (layers, wires, 2)), requires_grad=True)
