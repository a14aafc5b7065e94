"""Circuits: a structure that many circuits share, and arrays of parameters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.gates import Kind


class MalformedError(ValueError):
    """An invalid request: a 400.

    Attributes:
        keys: the invalid fields
        source: where they stand: "body", "query" or "params"
    """

    def __init__(self, message: str, *keys: str, source: str = "body") -> None:
        self.keys = keys
        self.source = source
        super().__init__(message)


class StoppedError(Exception):
    """The simulation was stopped, because its job was cancelled."""


@dataclass(frozen=True, slots=True)
class GateShape:
    """A gate without its parameters.

    Attributes:
        name: the API's name
        kind: the API's rules for gates of this name
        targets: qubits it acts on
        controls: qubits that must be 1 for it to act
        terms: a pauliexp's Pauli strings; the rightmost letter acts on the first target
        size: number of its parameters
    """

    name: str
    kind: Kind
    targets: tuple[int, ...]
    controls: tuple[int, ...]
    terms: tuple[str, ...]
    size: int

    @property
    def counts(self) -> tuple[int, int]:
        """How many one-qubit gates and how many larger gates it counts as, for the price."""
        if self.name == "nop":
            return 0, 0
        if self.kind.targets == 1:
            many = len(self.targets)
            return (0, many) if self.controls else (many, 0)
        return (1, 0) if len(self.targets) == 1 else (0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A circuit without its parameters.

    Attributes:
        gateset: "qis" or "native"
        gates: its gates in time order
        qubits: one more than the highest qubit touched
        counts: numbers of one-qubit gates and of larger gates
        touched: the qubits that its gates act on
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
        name: the submitted name
        qubits: the submitted number of qubits, or one more than the highest qubit touched
        structure: shared with circuits that differ only in parameters
        registers: names of its classical registers, and the qubit of each bit; None for no qubit
    """

    name: str | None
    qubits: int
    structure: Structure
    registers: tuple[tuple[str, tuple[int | None, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class CircuitGroup:
    """The circuits of a job that share a structure.

    Attributes:
        structure: their common structure
        members: the circuits' places in the job
        numbers: their parameters, shape (members, parameters of the structure)
    """

    structure: Structure
    members: tuple[int, ...]
    numbers: NDArray[np.float64]
