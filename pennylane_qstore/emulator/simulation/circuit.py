"""What a circuit is: a structure that many circuits share, and arrays of numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.gates import Kind


class MalformedError(ValueError):
    """A request that can't be read: becomes a 400.

    Attributes:
        keys: the parameters that were wrong
        source: where they were: "body", "query" or "params"
    """

    def __init__(self, message: str, *keys: str, source: str = "body") -> None:
        self.keys = keys
        self.source = source
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class GateShape:
    """A gate without its numbers.

    Attributes:
        name: the API's name
        kind: what the API says about gates of this name
        targets: qubits it acts on
        controls: qubits that must be 1 for it to act
        terms: a pauliexp's Pauli strings; the rightmost letter acts on the first target
        size: how many numbers it takes
    """

    name: str
    kind: Kind
    targets: tuple[int, ...]
    controls: tuple[int, ...]
    terms: tuple[str, ...]
    size: int

    @property
    def counts(self) -> tuple[int, int]:
        """How many one-qubit gates and how many larger ones this is, for the bill."""
        if self.name == "nop":
            return 0, 0
        if self.kind.targets == 1:
            many = len(self.targets)
            return (0, many) if self.controls else (many, 0)
        return (1, 0) if len(self.targets) == 1 else (0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A circuit without its numbers.

    Attributes:
        gateset: "qis" or "native"
        gates: in the order of time
        qubits: one more than the highest qubit touched
        counts: one-qubit gates, larger gates
        touched: the qubits that its gates are on
        bits: how many of the lowest qubits are measured; None for all
    """

    gateset: str
    gates: tuple[GateShape, ...]
    qubits: int
    counts: tuple[int, int]
    touched: frozenset[int]
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit of a job.

    Attributes:
        name: as submitted
        qubits: as submitted, or as many as its gates touch
        structure: shared with the circuits that differ in numbers only
    """

    name: str | None
    qubits: int
    structure: Structure


@dataclass(frozen=True, slots=True)
class CircuitGroup:
    """The circuits of a job that have one structure.

    Attributes:
        structure: what they share
        members: their places in the job
        numbers: what they don't share, of shape (members, numbers of the structure)
    """

    structure: Structure
    members: tuple[int, ...]
    numbers: NDArray[np.float64]
