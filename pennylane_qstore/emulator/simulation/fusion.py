"""Small circuits with their one-qubit gates fused into the two-qubit ones.

With a few hundred amplitudes, numpy's calls cost more than its arithmetic. So all matrices of a
kind are built with one call, runs of one-qubit gates are multiplied together, and each step on two
qubits is one product with a 4x4 matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.simulation.circuit import GateShape, Structure
from pennylane_qstore.emulator.simulation.gates import Kind, Numbers

Matrices = NDArray[np.complex128]
PAIR = 2
LONGEST = 2_000  # most gates of a circuit that is fused
_IDENTITY = -1  # the place of a gate that does nothing


class KindGroup(NamedTuple):
    """The gates of one kind in a structure.

    Attributes:
        kind: their common kind
        is_controlled: whether each has a control
        places: the gates' places in the structure, shape (gates,)
        numbers: places of their parameters, shape (parameters of a gate, gates)
    """

    kind: Kind
    is_controlled: bool
    places: NDArray[np.int_]
    numbers: NDArray[np.int_]


@dataclass(slots=True)
class FusionPlan:
    """The fused steps of a structure; gates are given by their places in it.

    Attributes:
        kinds: the gates that have a matrix
        runs: one-qubit gates that follow one another on a qubit, in time order
        pairs: the qubits of each step, in time order
        before: for each pair, the runs applied first to its two qubits
        couplings: for each pair, its two-qubit gate; `_IDENTITY` if there is none
        axes: for each pair, the transposition that makes its axes the first two
        order: the qubits of the axes after the last step
    """

    kinds: tuple[KindGroup, ...]
    runs: list[list[int]] = field(default_factory=lambda: [[_IDENTITY]])
    pairs: list[tuple[int, int]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    couplings: list[int] = field(default_factory=list)
    axes: list[tuple[int, ...]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    def couple(self, pair: tuple[int, int], place: int, waiting: dict[int, list[int]]) -> None:
        """Add a step on two qubits.

        Args:
            pair: the two qubits
            place: the gate's place in the structure
            waiting: runs not yet fused into a step, by qubit; those of the pair are removed
        """
        own = []
        for qubit in pair:
            run = waiting.pop(qubit, None)
            own.append(len(self.runs) if run else 0)
            self.runs += [run] if run else []
        self.pairs.append(pair)
        self.before.append(own)
        self.couplings.append(place)

    def close(self) -> None:
        """Compute the axes, once all pairs are known."""
        self.order = sorted({qubit for pair in self.pairs for qubit in pair})
        for pair in self.pairs:
            moved = [*pair, *(qubit for qubit in self.order if qubit not in pair)]
            self.axes.append((0, *(1 + self.order.index(qubit) for qubit in moved)))
            self.order = moved


@lru_cache(maxsize=64)
def plan(structure: Structure) -> FusionPlan | None:
    """Compute the fused steps of a structure.

    Args:
        structure: the structure of a job's circuits

    Returns:
        The plan; None if the circuit is long, or has gates on more than two qubits.
    """
    if not _is_fusible(structure):
        return None
    found = FusionPlan(tuple(_by_kind(structure.gates)))
    waiting: dict[int, list[int]] = {}
    for place, gate in enumerate(structure.gates):
        if gate.kind.matrix is None:
            continue
        if len(gate.targets) == gate.kind.targets == PAIR:
            found.couple((gate.targets[0], gate.targets[1]), place, waiting)
            continue
        for target in gate.targets:
            if gate.controls:
                found.couple((gate.controls[0], target), place, waiting)
            else:
                waiting.setdefault(target, []).append(place)
    for qubit in tuple(waiting):
        if qubit in waiting:  # those that end with a run end together, two by two
            other = next(q for q in (*waiting, *structure.touched) if q != qubit)
            found.couple((qubit, other), _IDENTITY, waiting)
    found.close()
    return found if found.pairs else None


def _is_fusible(structure: Structure) -> bool:
    if len(structure.touched) < PAIR or len(structure.gates) > LONGEST:
        return False
    return not any(
        gate.terms or len(gate.controls) > (gate.kind.targets < PAIR) for gate in structure.gates
    )


def probabilities(
    structure: Structure, found: FusionPlan, numbers: Numbers, batch: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Compute the probabilities of all basis states of the qubits that gates touch.

    Args:
        structure: the circuits' structure
        found: the structure's plan
        numbers: the circuits' parameters, shape (parameters, batch)
        batch: number of circuits

    Returns:
        The qubits in rising order, and an array of shape (batch, 2**qubits); the first qubit is
        the lowest bit.
    """
    ones, twos = _matrices(found.kinds, len(structure.gates), numbers, batch)
    runs = _runs(found.runs, ones)
    before = np.array(found.before).T
    left, right = runs[before[0]], runs[before[1]]
    fused = (left[..., :, None, :, None] * right[..., None, :, None, :]).reshape(-1, batch, 4, 4)
    fused = twos[found.couplings] @ fused
    axes, order = found.axes, found.order
    state = np.zeros((batch, 1 << len(order)), dtype=np.complex128)
    state[:, 0] = 1
    shape = (batch, *[2] * len(order))
    for moved, matrix in zip(axes, fused, strict=True):
        state = matrix @ state.reshape(shape).transpose(moved).reshape(batch, 4, -1)
    weights = np.square(state.real) + np.square(state.imag)
    rising = sorted(order)
    back = [1 + order.index(qubit) for qubit in reversed(rising)]
    return rising, weights.reshape(shape).transpose(0, *back).reshape(batch, -1)


def _matrices(
    kinds: Sequence[KindGroup], gates: int, numbers: Numbers, batch: int
) -> tuple[Matrices, Matrices]:
    """Return the matrices of all gates by place, shapes (gates + 1, batch, 2, 2) and (…, 4, 4).

    Both of shape (gates + 1, batch, d, d). A controlled gate's first qubit is its control.
    """
    ones = np.zeros((gates + 1, batch, 2, 2), dtype=np.complex128)
    twos = np.zeros((gates + 1, batch, 4, 4), dtype=np.complex128)
    ones[_IDENTITY], twos[_IDENTITY] = np.eye(2), np.eye(4)
    for kind, is_controlled, places, own in kinds:
        assert kind.matrix is not None
        rows = kind.matrix(*numbers[own])
        if kind.targets == PAIR:
            block = twos
        elif is_controlled:
            block = twos[:, :, 2:, 2:]
            twos[places, :, 0, 0] = twos[places, :, 1, 1] = 1
        else:
            block = ones
        for i, row in enumerate(rows):
            for j, entry in enumerate(row):
                block[places, :, i, j] = entry
    return ones, twos


def _by_kind(gates: Sequence[GateShape]) -> Iterator[KindGroup]:
    """Group the gates that have a matrix by kind.

    Yields:
        The gates of each kind.
    """
    groups: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    start = 0
    for place, gate in enumerate(gates):
        if gate.kind.matrix is not None:
            groups.setdefault((id(gate.kind), bool(gate.controls)), []).append((place, start))
        start += gate.size
    for (_, is_controlled), own in groups.items():
        places, starts = np.array(own).T
        first = gates[own[0][0]]
        numbers = starts + np.arange(first.size)[:, None]
        yield KindGroup(first.kind, is_controlled, places, numbers)


def _runs(runs: Sequence[Sequence[int]], ones: Matrices) -> Matrices:
    """Return the product of each run, shape (n_runs, batch, 2, 2)."""
    product = ones[[run[0] for run in runs]]
    for place in range(1, max(map(len, runs))):
        longer = [index for index, run in enumerate(runs) if len(run) > place]
        product[longer] = ones[[runs[index][place] for index in longer]] @ product[longer]
    return product
