"""The ten-class circuit with its linear head, and the shapes of its weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.options import ENCODINGS, ENTANGLEMENTS, entangled_wires


@dataclass(frozen=True, slots=True)
class Architecture:
    """A hardware-efficient circuit with a linear softmax head.

    Angle encoding rotates each wire by RY(``scale · feature + bias``) in every layer: each layer
    uploads the next ``wires`` features, and starts again at the first when they are used up.
    Amplitude encoding makes the features the initial state's amplitudes, and its RY angles are
    ``bias``. CNOTs follow each layer, and RZ rotations come between layers. The expectation value
    of each wire's Z is an input of the head.

    Attributes:
        features: number of features of a sample
        wires: number of wires, 1 to 16
        layers: number of layers
        entanglement: "linear", "circular" or "full"
        encoding: "angle" or "amplitude"
        classes: number of classes
    """

    features: int = 64
    wires: int = 8
    layers: int = 8
    entanglement: str = "circular"
    encoding: str = "angle"
    classes: int = 10

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            OptionError: names the first one that can't be used
        """
        room = f"at most {2**self.wires} features are amplitudes of {self.wires} wires"
        for option, possible, expected in (
            ("wires", 1 <= self.wires <= 16, "1 to 16, which a simulator can still hold"),  # noqa: PLR2004
            ("layers", self.layers >= 1, "at least 1"),
            ("features", self.features >= 1, "at least 1"),
            ("classes", self.classes > 1, "at least 2"),
            ("entanglement", self.entanglement in ENTANGLEMENTS, "linear, circular or full"),
            ("encoding", self.encoding in ENCODINGS, "angle or amplitude"),
            ("features", not self.by_amplitude or self.features <= 2**self.wires, room),
        ):
            if not possible:
                raise OptionError(option, getattr(self, option), expected)

    @property
    def by_amplitude(self) -> bool:
        """Whether features are the initial state's amplitudes."""
        return self.encoding == "amplitude"

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The (control, target) of a layer's CNOTs, in order."""
        return entangled_wires(self.wires, self.entanglement)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each of the weights, by name."""
        return {
            "scale": (0 if self.by_amplitude else self.layers, self.wires),
            "bias": (self.layers, self.wires),
            "phase": (self.layers - 1, self.wires),
            "head": (self.wires, self.classes),
            "offset": (self.classes,),
        }

    @property
    def n_weights(self) -> int:
        """The number of weights of circuit and head."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def uploaded(self, layer: int) -> NDArray[np.intp]:
        """Return the index of the feature that each wire encodes in a layer, shape (wires,)."""
        return (layer * self.wires + np.arange(self.wires)) % self.features

    def split(self, weights: Any) -> dict[str, Any]:
        """Return views of a flat vector of weights, by name, in the shapes of ``shapes``."""
        parts, start = {}, 0
        for name, shape in self.shapes.items():
            end = start + int(np.prod(shape))
            parts[name] = weights[start:end].reshape(shape)
            start = end
        return parts

    def first_weights(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return random initial weights, shape (weights,)."""
        weights = np.zeros(self.n_weights)
        parts = self.split(weights)
        parts["scale"][:] = rng.uniform(0.2, 0.5, parts["scale"].shape)
        parts["bias"][:] = rng.uniform(-0.5, 0.5, parts["bias"].shape)
        parts["phase"][:] = rng.uniform(-0.5, 0.5, parts["phase"].shape)
        parts["head"][:] = rng.normal(0, 0.5, parts["head"].shape)
        return weights

    def logits(self, weights: Any, values: Any) -> Any:
        """Return the head's logits, shape (samples, classes).

        Args:
            weights: of circuit and head
            values: expectation values, shape (samples, wires)
        """
        parts = self.split(weights)
        return values @ parts["head"] + parts["offset"]

    def qnode(self, device: Any, shots: int | None = None) -> Any:
        """Make the circuit on a device.

        Args:
            device: where the circuit runs
            shots: of each circuit; None for exact values

        Returns:
            the QNode ``circuit(weights, features)``: a list with each wire's expectation value, of
            one sample or, broadcast, of many
        """
        wires = range(self.wires)

        @qml.set_shots(shots)
        @qml.qnode(device)
        def circuit(weights: Any, features: Any) -> Any:
            parts = self.split(weights)
            if self.by_amplitude:
                qml.AmplitudeEmbedding(features, wires, pad_with=0.0, normalize=True)
            for layer in range(self.layers):
                for wire, feature in zip(wires, self.uploaded(layer), strict=True):
                    angle = parts["bias"][layer, wire]
                    if not self.by_amplitude:
                        angle = angle + parts["scale"][layer, wire] * features[..., feature]
                    qml.RY(angle, wire)
                if layer < self.layers - 1:
                    for wire in wires:
                        qml.RZ(parts["phase"][layer, wire], wire)
                for pair in self.pairs:
                    qml.CNOT(pair)
            return [qml.expval(qml.Z(wire)) for wire in wires]

        return circuit
