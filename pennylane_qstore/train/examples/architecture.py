"""What a ten-class circuit looks like, and how many numbers it has to learn."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray

from pennylane_qstore.errors import OptionError

ENTANGLEMENTS = ("linear", "circular", "full")
ENCODINGS = ("angle", "amplitude")
_PAIR = 2  # wires; on fewer a ring is a line


def entangled(wires: int, entanglement: str) -> list[tuple[int, int]]:
    """The controls and targets of one layer's CNOTs, in order.

    Args:
        wires: how many
        entanglement: "linear" joins neighbours, "circular" the last wire with the first as well,
            "full" every pair
    """
    if entanglement == "full":
        return [(first, second) for first in range(wires) for second in range(first + 1, wires)]
    pairs = list(pairwise(range(wires)))
    if entanglement == "circular" and wires > _PAIR:
        pairs.append((wires - 1, 0))
    return pairs


@dataclass(frozen=True, slots=True)
class Architecture:
    """A hardware-efficient circuit with a linear softmax head.

    Angle encoding turns each wire by ``scale · feature + bias`` about Y in every layer: layer after
    layer uploads the next ``wires`` features, and begins again at the first when they are used up.
    Amplitude encoding makes the features the start's amplitudes, and turns by ``bias`` alone.
    Between layers come Z turns; after each layer CNOTs. Each wire's Z goes into the head.

    Attributes:
        features: of a sample
        wires: of the circuit
        layers: turns and CNOTs, so often
        entanglement: "linear", "circular" or "full"
        encoding: "angle" or "amplitude"
        classes: to tell apart
    """

    features: int = 64
    wires: int = 8
    layers: int = 8
    entanglement: str = "circular"
    encoding: str = "angle"
    classes: int = 10

    def __post_init__(self) -> None:
        """Refuses what can't be, by name.

        Raises:
            OptionError: for the first such setting
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
        """Whether features are amplitudes."""
        return self.encoding == "amplitude"

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The CNOTs of a layer."""
        return entangled(self.wires, self.entanglement)

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
        """How many numbers are learned, in circuit and head together."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def uploaded(self, layer: int) -> NDArray[np.intp]:
        """Which feature each wire takes in a layer."""
        return (layer * self.wires + np.arange(self.wires)) % self.features

    def split(self, weights: Any) -> dict[str, Any]:
        """A flat vector of weights to named arrays, as views."""
        parts, start = {}, 0
        for name, shape in self.shapes.items():
            end = start + int(np.prod(shape))
            parts[name] = weights[start:end].reshape(shape)
            start = end
        return parts

    def first_weights(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Weights to start from: small turns, and a head that trusts no wire yet.

        Args:
            rng: where the chance comes from
        """
        weights = np.zeros(self.n_weights)
        parts = self.split(weights)
        parts["scale"][:] = rng.uniform(0.2, 0.5, parts["scale"].shape)
        parts["bias"][:] = rng.uniform(-0.5, 0.5, parts["bias"].shape)
        parts["phase"][:] = rng.uniform(-0.5, 0.5, parts["phase"].shape)
        parts["head"][:] = rng.normal(0, 0.5, parts["head"].shape)
        return weights

    def logits(self, weights: Any, values: Any) -> Any:
        """The head: each wire's expectation value to each class's logit.

        Args:
            weights: all of them
            values: shape (samples, wires)

        Returns:
            shape (samples, classes)
        """
        parts = self.split(weights)
        return values @ parts["head"] + parts["offset"]

    def qnode(self, device: Any, shots: int | None = None) -> Any:
        """The circuit on a device.

        Args:
            device: where it runs
            shots: shots a circuit; None for exact values

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
