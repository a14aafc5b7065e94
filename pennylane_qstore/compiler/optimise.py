"""Elements to the circuit with the fewest gates, of the several that are tried."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from pennylane_qstore.compiler import gadgets
from pennylane_qstore.compiler.blocks import Part, consolidate
from pennylane_qstore.compiler.chains import Chains, chains
from pennylane_qstore.compiler.circuit import Element
from pennylane_qstore.compiler.pulses import Fold, Pulses, folded, pulses
from pennylane_qstore.program import Gate, Programs

Reals = NDArray[np.float64]
# Ways of folding that are kept for a structure, and tried for one batch.
_KEPT_FOLDS, _MOST_FOLDS = 256, 64
_LOW, _HIGH, _SAMPLES = 0.3, 2.9, 3
_MOST_ELEMENTS = 600  # a longer circuit isn't searched for a better one


class Bound(NamedTuple):
    """Some circuits of a batch, as programs.

    Attributes:
        rows: which circuits, as indices into the batch
        programs: theirs, in that order
    """

    rows: NDArray[np.int64]
    programs: Programs


class Candidate(NamedTuple):
    """A circuit that does what the tape does.

    Attributes:
        parts: its elements and blocks
        where: the qubit that holds logical qubit q at the end, for each q
    """

    parts: Sequence[Part]
    where: Sequence[int]


class Optimised:
    """The best circuit for one entangler, and its pulses for each way of folding met so far.

    Where a circuit leaves a qubit's state on another one, the qubits are named by where they
    end: all of them start in |0⟩, so that nobody can tell.
    """

    def __init__(self, elements: Sequence[Element], qubits: int, entangler: str) -> None:
        """Tries what there is and keeps the best.

        Args:
            elements: of the circuit
            qubits: how many
            entangler: "ms" or "zz"
        """
        self._entangler = entangler
        self._lock = threading.Lock()
        self._folds: LRUCache[Fold, Pulses] = LRUCache(_KEPT_FOLDS)
        rng = np.random.default_rng(7)
        points = rng.uniform(_LOW, _HIGH, (_SAMPLES, _n_params(elements)))
        best: tuple[int, int] | None = None
        for candidate in _candidates(elements, qubits):
            found = chains(candidate.parts, qubits)
            samples = found.values(points)
            counts = self._pulses(found, samples, _fold(found, samples[0], entangler)).counts()
            if best is None or counts < best:
                best = counts
                self._chains, self._samples = found, samples
                self._names = {place: q for q, place in enumerate(candidate.where)}
        self.counts = best

    def bind(self, params: Reals) -> list[Bound] | None:
        """Parameters to programs; None where the circuits fold in too many ways.

        Args:
            params: shape (batch, n_params)
        """
        angles, gates = self._chains.values(params)
        rest = folded(self._chains, angles)
        signs = rest.angle < 0 if self._entangler == "zz" else np.zeros_like(rest.odd)
        ways, way_of = np.unique(np.concatenate([rest.odd, signs]), axis=1, return_inverse=True)
        if ways.shape[1] > _MOST_FOLDS:
            return None
        half = len(rest.odd)
        found = []
        for way, bits in enumerate(ways.T.tolist()):
            rows = np.flatnonzero(way_of.reshape(-1) == way)
            own = self._known(Fold(tuple(bits[:half]), tuple(bits[half:])))
            programs = own.bind(angles[:, rows], gates[:, :, rows], rest.angle[:, rows])
            found.append(Bound(rows, programs))
        return found

    def _known(self, fold: Fold) -> Pulses:
        with self._lock:
            if fold not in self._folds:
                self._folds[fold] = self._pulses(self._chains, self._samples, fold, self._names)
            return self._folds[fold]

    def _pulses(
        self,
        circuit: Chains,
        samples: tuple[Reals, Reals],
        fold: Fold,
        names: dict[int, int] | None = None,
    ) -> Pulses:
        found = pulses(circuit, self._entangler, fold, samples)
        if names is None:
            return found
        gates = tuple(
            Gate(name, tuple(names[qubit] for qubit in qubits)) for name, qubits in found.gates
        )
        return replace(found, gates=gates)


def _candidates(elements: Sequence[Element], qubits: int) -> Iterator[Candidate]:
    """Several circuits that do the same: by two-qubit blocks, and by Pauli gadgets."""
    blocks = consolidate(elements, qubits)
    yield Candidate(*blocks)
    entanglers = len(chains(blocks.elements, qubits).entanglers)
    if len(elements) > _MOST_ELEMENTS:
        return
    words = gadgets.synthesise(elements, qubits, most=entanglers)
    if words is not None:
        again = consolidate(words.elements, qubits)
        yield Candidate(again.elements, [again.where[place] for place in words.where])


def _fold(circuit: Chains, angles: Reals, entangler: str) -> Fold:
    """How the first of some sets of angles folds."""
    rest = folded(circuit, angles)
    signs = rest.angle[:, 0] < 0 if entangler == "zz" else np.zeros(len(rest.odd), dtype=bool)
    return Fold(tuple(rest.odd[:, 0].tolist()), tuple(signs.tolist()))


def _n_params(elements: Sequence[Element]) -> int:
    angles = [element.angle for element in elements if hasattr(element, "angle")]
    return 1 + max((index for angle in angles for index, _ in angle.terms), default=-1)
