"""Elements to the circuit with the fewest gates, of the several that are tried."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from pennylane_qstore.compiler import gadgets
from pennylane_qstore.compiler.asked import Asked
from pennylane_qstore.compiler.blocks import Part, consolidate
from pennylane_qstore.compiler.chains import Chains, chains
from pennylane_qstore.compiler.circuit import AnyElement, ControlledX, Element
from pennylane_qstore.compiler.multicontrol import controlled_x
from pennylane_qstore.compiler.pulses import Fold, Pulses, folded, pulses
from pennylane_qstore.outcomes import BitMap
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
        qubits: for each qubit of the programs, the tape's that it is named after
        starts: for each qubit of the programs, the tape's that starts there
    """

    rows: NDArray[np.int64]
    programs: Programs
    qubits: Sequence[int]
    starts: Sequence[int]


class Candidate(NamedTuple):
    """A circuit that does what the tape does.

    Attributes:
        parts: its elements and blocks
        bits: which bits of the tape its bits stand for
    """

    parts: Sequence[Part]
    bits: BitMap


class Sent(NamedTuple):
    """A circuit with one way of folding, as it is sent.

    Attributes:
        pulses: its pulses
        gates: theirs, on the qubits that are sent
        qubits: the circuit's qubits that are sent
        starts: for each of these, the circuit's that starts there
        bits: what their bits stand for, or None where they are the tape's own
    """

    pulses: Pulses
    gates: tuple[Gate, ...]
    qubits: tuple[int, ...]
    starts: tuple[int, ...]
    bits: BitMap | None


class Optimised:
    """The best circuit for one entangler, and its pulses for each way of folding met so far."""

    def __init__(
        self,
        elements: Sequence[AnyElement],
        qubits: int,
        entangler: str,
        measured: Iterable[int] | None = None,
        known: Candidate | None = None,
    ) -> None:
        """Tries what there is and keeps the best.

        Args:
            elements: of the circuit
            qubits: how many
            entangler: "ms" or "zz"
            measured: the qubits whose outcomes are all that matters of the circuit; None sends
                its whole unitary, but for phases before the measurement
            known: the best, where it was found before
        """
        self._entangler = entangler
        self._lock = threading.Lock()
        self._folds: LRUCache[Fold, Sent] = LRUCache(_KEPT_FOLDS)
        self._measured = None if measured is None else frozenset(measured)
        rng = np.random.default_rng(7)
        points = rng.uniform(_LOW, _HIGH, (_SAMPLES, _n_params(elements)))
        best: tuple[int, int] | None = None
        tried: Iterable[Candidate]
        if known is not None:
            tried = [known]
        elif self._measured is None:
            tried = _exact_candidates(elements, qubits)
        else:
            tried = _measured_candidates(Asked.of(elements, qubits, self._measured), qubits)
        for candidate in tried:
            found = chains(candidate.parts, qubits)
            samples = found.values(points)
            counts = self._pulses(found, samples, _fold(found, samples[0], entangler)).counts()
            if best is None or counts < best:
                best = counts
                self._chains, self._samples, self._bits = found, samples, candidate.bits
                self.candidate = candidate
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
            programs = own.pulses.bind(angles[:, rows], gates[:, :, rows], rest.angle[:, rows])
            gates_ = own.gates or programs.gates  # an empty circuit has two idle pulses
            sent = replace(programs, qubits=len(own.qubits), gates=gates_, bits=own.bits)
            found.append(Bound(rows, sent, own.qubits, own.starts))
        return found

    def _known(self, fold: Fold) -> Sent:
        with self._lock:
            if fold not in self._folds:
                found = self._pulses(self._chains, self._samples, fold)
                self._folds[fold] = (
                    _renamed(found, self._bits)
                    if self._measured is None
                    else _packed(found, self._bits, max(1, len(self._measured)))
                )
            return self._folds[fold]

    def _pulses(self, circuit: Chains, samples: tuple[Reals, Reals], fold: Fold) -> Pulses:
        return pulses(circuit, self._entangler, fold, samples)


def _renamed(found: Pulses, bits: BitMap) -> Sent:
    """Pulses on qubits that are named by where they end.

    All of them start in |0⟩, so that nobody can tell.
    """
    held = [parity.bit_length() - 1 for parity in bits.parities] or [0]
    names = {place: qubit for qubit, place in enumerate(held)}
    return Sent(found, _on(found.gates, names), tuple(range(len(held))), tuple(held), None)


def _packed(found: Pulses, bits: BitMap, least: int) -> Sent:
    """Pulses on the qubits that have any, and on as many others as make it the least number."""
    used = {qubit for gate in found.gates for qubit in gate.qubits}
    idle = [qubit for qubit in range(len(bits.parities)) if qubit not in used]
    sent = sorted([*used, *idle[: max(0, least - len(used))]])
    names = {qubit: place for place, qubit in enumerate(sent)}
    parities = tuple(
        sum(1 << names[qubit] for qubit in sent if parity >> qubit & 1) for parity in bits.parities
    )
    packed = replace(bits, parities=parities)
    same = packed.is_identity(len(sent))
    gates, own = _on(found.gates, names), tuple(sent)
    return Sent(found, gates, own, own, None if same else packed)


def _on(gates: Sequence[Gate], names: dict[int, int]) -> tuple[Gate, ...]:
    return tuple(Gate(name, tuple(names[qubit] for qubit in qubits)) for name, qubits in gates)


def _exact_candidates(elements: Sequence[AnyElement], qubits: int) -> Iterator[Candidate]:
    """Several circuits that do the same: by two-qubit blocks, and by Pauli gadgets."""
    pairs = _on_pairs(elements)
    blocks = consolidate(pairs, qubits)
    yield Candidate(blocks.elements, _held(blocks.where))
    entanglers = len(chains(blocks.elements, qubits).entanglers)
    if len(pairs) > _MOST_ELEMENTS:
        return
    words = gadgets.synthesise(pairs, qubits, most=entanglers)
    if words is not None:
        again = consolidate(words.elements, qubits)
        where = [again.where[place] for place in words.where]
        yield Candidate(again.elements, _held(where))


def _measured_candidates(asked: Asked, qubits: int) -> Iterator[Candidate]:
    """Several circuits of the same outcomes."""
    elements = _on_pairs(asked.elements)
    blocks = consolidate(elements, qubits, measured=True)
    yield Candidate(blocks.elements, asked.moved(blocks.where))
    entanglers = len(chains(blocks.elements, qubits).entanglers)
    if not entanglers or len(elements) > _MOST_ELEMENTS:
        return
    words = gadgets.synthesise_measured(
        elements, qubits, measured=asked.needed, from_zero=True, most=entanglers
    )
    if words is not None:
        again = asked.by(words)
        blocks = consolidate(_on_pairs(again.elements), qubits, measured=True)
        yield Candidate(blocks.elements, again.moved(blocks.where))


def _held(where: Sequence[int]) -> BitMap:
    return BitMap(tuple(1 << place for place in where))


def _on_pairs(elements: Iterable[AnyElement]) -> list[Element]:
    """Elements without gates of several controls."""
    return [
        part
        for element in elements
        for part in (
            controlled_x(element.controls, element.target)
            if isinstance(element, ControlledX)
            else [element]
        )
    ]


def _fold(circuit: Chains, angles: Reals, entangler: str) -> Fold:
    """How the first of some sets of angles folds."""
    rest = folded(circuit, angles)
    signs = rest.angle[:, 0] < 0 if entangler == "zz" else np.zeros(len(rest.odd), dtype=bool)
    return Fold(tuple(rest.odd[:, 0].tolist()), tuple(signs.tolist()))


def _n_params(elements: Sequence[AnyElement]) -> int:
    angles = [element.angle for element in elements if hasattr(element, "angle")]
    return 1 + max((index for angle in angles for index, _ in angle.terms), default=-1)
