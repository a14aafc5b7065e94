"""Elements to the circuit with the fewest gates, of the several that are tried."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.blocks.block import Part
from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.blocks.parity_sectors import NONE, Derived
from pennylane_qstore.compiler.circuit.elements import (
    GENERIC_ANGLES,
    AnyElement,
    ControlledX,
    Element,
)
from pennylane_qstore.compiler.gadgets import synthesis
from pennylane_qstore.compiler.operators.multi_controlled import controlled_x
from pennylane_qstore.compiler.optimiser.prepared_start import prepared_heads
from pennylane_qstore.compiler.optimiser.required_outcomes import RequiredCircuit
from pennylane_qstore.compiler.pulses.commuting_order import ordered
from pennylane_qstore.compiler.pulses.pulses import Pulses, pulses
from pennylane_qstore.compiler.pulses.timelines import Chains, Reading, chains
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Programs

Reals = NDArray[np.float64]
_SAMPLES = 3
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
        derived: the angles in it that are beyond the tape's
    """

    parts: Sequence[Part]
    bits: BitMap
    derived: Derived = NONE


class _Made(NamedTuple):
    """A candidate's pulses, and what they stand for.

    Attributes:
        candidate: the circuit
        counts: gates on two qubits, and on one
        chains: its chains
        pulses: of these
        qubits: for each qubit of these, the candidate's
        bits: the map of their bits; None where these are the tape's own
    """

    candidate: Candidate
    counts: tuple[int, int]
    chains: Chains
    pulses: Pulses
    qubits: Sequence[int]
    bits: BitMap | None


class Optimised:
    """The best circuit for one entangler."""

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
        asked = None if measured is None else frozenset(measured)
        rng = np.random.default_rng(7)
        points = rng.uniform(*GENERIC_ANGLES, (_SAMPLES, _n_params(elements)))
        best: _Made | None = None
        for candidate in [known] if known else _candidates(elements, qubits, asked):
            whole = chains(candidate.parts, qubits, candidate.derived)
            if best is not None and len(whole.entanglers) > best.counts[0]:
                continue
            tried = [(candidate, whole)]
            if not known:
                tried += _reordered(candidate, whole, entangler, points)
            for each in tried:
                made = _made(*each, entangler, asked, points)
                if best is None or made.counts < best.counts:
                    best = made
        assert best is not None
        self.candidate, self.counts = best.candidate, best.counts
        found, self._pulses, self._qubits, self._bits = best[2:]
        self._reading = Reading(found, self._pulses.slots)
        self._names = self._qubits if asked is not None else range(len(self._qubits))

    def bind(self, params: Reals) -> list[Bound]:
        """Parameters to programs.

        Args:
            params: shape (batch, n_params)
        """
        return [
            Bound(rows, programs, self._names, self._qubits)
            for rows, programs in self._pulses.bind(*self._reading.at(params), self._bits)
        ]


def _by_ends(bits: BitMap) -> list[int]:
    """For each qubit of the tape, the one that holds its state at the end.

    A qubit may be named by where it ends: all of them start in |0⟩, so that nobody can tell.
    """
    return [parity.bit_length() - 1 for parity in bits.parities]


def _packed(circuit: Chains, bits: BitMap, least: int) -> tuple[list[int], BitMap | None]:
    """The qubits that something is done to, and as many others as make it the least number.

    Returns:
        the qubits, and the map of their bits, or None where these are the tape's own
    """
    used = [qubit for qubit, runs in enumerate(circuit.runs) if any(runs) or len(runs) > 1]
    idle = [qubit for qubit in range(len(circuit.runs)) if qubit not in used]
    order = sorted([*used, *idle[: max(0, least - len(used))]])
    parities = tuple(
        sum(1 << place for place, qubit in enumerate(order) if parity >> qubit & 1)
        for parity in bits.parities
    )
    packed = replace(bits, parities=parities)
    return order, None if packed.is_identity(len(order)) else packed


def _candidates(
    elements: Sequence[AnyElement], qubits: int, asked: frozenset[int] | None
) -> Iterator[Candidate]:
    """Several circuits that do the same: by two-qubit blocks, and by Pauli gadgets."""
    if asked is None:
        return _exact_candidates(elements, qubits)
    return _measured_candidates(RequiredCircuit.of(elements, qubits, asked), qubits)


def _exact_candidates(elements: Sequence[AnyElement], qubits: int) -> Iterator[Candidate]:
    """Circuits of the same unitary."""
    pairs = _on_pairs(elements)
    blocks = consolidate(pairs, qubits)
    yield Candidate(blocks.elements, _held(blocks.where), blocks.derived)
    entanglers = len(chains(blocks.elements, qubits).entanglers)
    if len(pairs) > _MOST_ELEMENTS:
        return
    words = synthesis.synthesise(pairs, qubits, most=entanglers)
    if words is not None:
        again = consolidate(words.elements, qubits)
        where = [again.where[place] for place in words.where]
        yield Candidate(again.elements, _held(where), again.derived)


def _measured_candidates(asked: RequiredCircuit, qubits: int) -> Iterator[Candidate]:
    """Circuits of the same outcomes."""
    elements = _on_pairs(asked.elements)
    made = prepared_heads(elements, qubits, terminal=range(qubits))
    most: int | None = None
    for start in [elements] if made == elements else [made, elements]:
        for states in (False, True):
            blocks = consolidate(start, qubits, measured=True, states=states)
            yield Candidate(blocks.elements, asked.moved(blocks.where), blocks.derived)
        entanglers = len(chains(blocks.elements, qubits).entanglers)
        most = entanglers if most is None else min(most, entanglers)
        if not most or len(start) > _MOST_ELEMENTS:
            return
        words = synthesis.synthesise_measured(
            start, qubits, measured=asked.needed, from_zero=True, most=most
        )
        if words is not None:
            again = asked.by(words)
            for states in (False, True):
                blocks = consolidate(
                    _on_pairs(again.elements), qubits, measured=True, states=states
                )
                yield Candidate(blocks.elements, again.moved(blocks.where), blocks.derived)


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


def _reordered(
    candidate: Candidate, whole: Chains, entangler: str, points: Reals
) -> list[tuple[Candidate, Chains]]:
    """A candidate whose parts come in another order that saves pulses, if there is one."""
    parts = ordered(candidate.parts, entangler, whole, points)
    if all(one is other for one, other in zip(parts, candidate.parts, strict=True)):
        return []
    chosen = candidate._replace(parts=parts)
    return [(chosen, chains(parts, len(whole.runs), candidate.derived))]


def _made(
    candidate: Candidate,
    whole: Chains,
    entangler: str,
    asked: frozenset[int] | None,
    points: Reals,
) -> _Made:
    """A candidate's pulses.

    Args:
        candidate: the circuit
        whole: its chains, on all qubits
        entangler: "ms" or "zz"
        asked: the qubits whose outcomes are all that matters, or None
        points: a few generic parameters
    """
    if asked is None:
        order, bits = _by_ends(candidate.bits), None
    else:
        order, bits = _packed(whole, candidate.bits, max(1, len(asked)))
    found = whole.of(order)
    own = pulses(found, entangler, found.samples(points), flips_free=asked is not None)
    return _Made(candidate, own.counts(), found, own, order, bits)


def _n_params(elements: Sequence[AnyElement]) -> int:
    angles = [element.angle for element in elements if hasattr(element, "angle")]
    return 1 + max((index for angle in angles for index, _ in angle.terms), default=-1)
