"""Compile several equivalent circuits; keep that with fewest two-qubit gates, then pulses."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.blocks.block import Part
from pennylane_qstore.compiler.blocks.consolidate import consolidate
from pennylane_qstore.compiler.blocks.parity_sectors import ANGLES, NONE, Derived, Sectors
from pennylane_qstore.compiler.circuit.elements import (
    GENERIC_ANGLES,
    AnyElement,
    ControlledX,
    Element,
    Fence,
)
from pennylane_qstore.compiler.circuit.passes import ALL_PASSES, Passes
from pennylane_qstore.compiler.gadgets import synthesis
from pennylane_qstore.compiler.gadgets.beam_search import ONCE
from pennylane_qstore.compiler.gadgets.cnot_layers import with_short_cnot_layers
from pennylane_qstore.compiler.operators.multi_controlled import controlled_x
from pennylane_qstore.compiler.optimiser.prepared_start import with_prepared_prefix
from pennylane_qstore.compiler.optimiser.required_outcomes import RequiredCircuit
from pennylane_qstore.compiler.pulses.commuting_order import ordered
from pennylane_qstore.compiler.pulses.pulses import Pulses, pulses
from pennylane_qstore.compiler.pulses.timelines import Reading, Timelines, timelines
from pennylane_qstore.compiler.unitaries.isometries import renamed
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Programs

Reals = NDArray[np.float64]
_SAMPLES = 3


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


class _CompiledCandidate(NamedTuple):
    """A candidate's pulses, and what they stand for.

    Attributes:
        candidate: the circuit
        counts: gates on two qubits, and on one
        timelines: its timelines
        pulses: of these
        qubits: for each qubit of these, the candidate's
        bits: the map of their bits; None where these are the tape's own
    """

    candidate: Candidate
    counts: tuple[int, int]
    timelines: Timelines
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
        earlier: Candidate | None = None,
        passes: Passes = ALL_PASSES,
    ) -> None:
        """Compile all candidates and keep the best.

        Args:
            elements: of the circuit
            qubits: how many
            entangler: "ms" or "zz"
            measured: the qubits whose outcomes are all that matters of the circuit; None sends
                its whole unitary, but for phases before the measurement
            earlier: the best one, where an earlier search found it
            passes: those that run
        """
        outcomes = None if measured is None else frozenset(measured)
        rng = np.random.default_rng(7)
        points = rng.uniform(*GENERIC_ANGLES, (_SAMPLES, _n_params(elements)))
        best: _CompiledCandidate | None = None
        for candidate in [earlier] if earlier else _candidates(elements, qubits, outcomes, passes):
            whole = timelines(candidate.parts, qubits, candidate.derived)
            if best is not None and len(whole.entanglers) > best.counts[0]:
                continue
            tried = [(candidate, whole)]
            if not earlier and passes.commuting_order and not whole.fences:
                tried += _reordered(candidate, whole, entangler, points)
            for each in tried:
                made = _made(*each, entangler, outcomes, points, passes)
                if best is None or made.counts < best.counts:
                    best = made
        assert best is not None
        self.candidate, self.counts = best.candidate, best.counts
        found, self._pulses, self._qubits, self._bits = best[2:]
        self._reading = Reading(found, self._pulses.slots)
        self._names = self._qubits if outcomes is not None else range(len(self._qubits))

    def bind(self, params: Reals) -> list[Bound]:
        """Bind parameters to programs.

        Args:
            params: shape (batch, n_params)

        Returns:
            the programs, in groups of one structure each
        """
        return [
            Bound(rows, programs, self._names, self._qubits)
            for rows, programs in self._pulses.bind(*self._reading.at(params), self._bits)
        ]


def _by_ends(bits: BitMap) -> list[int]:
    """Return the qubit that holds, at the end, the state of each qubit of the tape.

    A qubit may be named by where it ends: all of them start in |0⟩, so that nobody can tell.
    """
    return [parity.bit_length() - 1 for parity in bits.parities]


def _packed(circuit: Timelines, bits: BitMap, least: int) -> tuple[list[int], BitMap | None]:
    """The qubits that something is done to, and as many others as make it the least number.

    Returns:
        the qubits, and the map of their bits, or None where these are the tape's own
    """
    used = [qubit for qubit in range(len(circuit.layers)) if not circuit.is_idle(qubit)]
    idle = [qubit for qubit in range(len(circuit.layers)) if qubit not in used]
    order = sorted([*used, *idle[: max(0, least - len(used))]])
    parities = tuple(
        sum(1 << place for place, qubit in enumerate(order) if parity >> qubit & 1)
        for parity in bits.parities
    )
    packed = replace(bits, parities=parities)
    return order, None if packed.is_identity(len(order)) else packed


def _candidates(
    elements: Sequence[AnyElement],
    qubits: int,
    outcomes: frozenset[int] | None,
    passes: Passes,
) -> Iterator[Candidate]:
    """Return circuits that do the same: by two-qubit blocks, and by Pauli gadgets."""
    if any(isinstance(element, Fence) for element in elements):
        return _fenced_candidates(elements, qubits, outcomes, passes)
    if outcomes is None:
        return _exact_candidates(elements, qubits, passes)
    required = RequiredCircuit.of(elements, qubits, outcomes)
    return _measured_candidates(required, qubits, passes)


def _fenced_candidates(
    elements: Sequence[AnyElement], qubits: int, outcomes: frozenset[int] | None, passes: Passes
) -> Iterator[Candidate]:
    """Yield one circuit of a circuit with fences: each section between two is optimised alone."""
    required = None
    if outcomes is not None:
        required = RequiredCircuit.of(elements, qubits, outcomes)
        elements = required.elements
    where, first = list(range(qubits)), _n_params(elements)
    parts: list[Part] = []
    sources: list[Sectors] = []
    for section, fence in _sections(elements):
        own = renamed(_on_pairs(section), dict(enumerate(where)))
        blocks = consolidate(own, qubits, n_params=first + ANGLES * len(sources), passes=passes)
        parts += blocks.elements
        where = [blocks.where[place] for place in where]
        sources += blocks.derived.sources
        if fence is not None:
            parts.append(Fence(tuple(where[qubit] for qubit in fence.qubits)))
    bits = _held(where) if required is None else required.moved(where)
    yield Candidate(parts, bits, Derived(first, tuple(sources)))


def _sections(
    elements: Iterable[AnyElement],
) -> Iterator[tuple[list[AnyElement], Fence | None]]:
    """Yield the elements between fences, each with the fence after them."""
    section: list[AnyElement] = []
    for element in elements:
        if isinstance(element, Fence):
            yield section, element
            section = []
        else:
            section.append(element)
    yield section, None


def _exact_candidates(
    elements: Sequence[AnyElement], qubits: int, passes: Passes
) -> Iterator[Candidate]:
    """Yield circuits of the same unitary."""
    pairs = _on_pairs(elements)
    blocks = consolidate(pairs, qubits, passes=passes)
    yield Candidate(blocks.elements, _held(blocks.where), blocks.derived)
    entanglers = len(timelines(blocks.elements, qubits).entanglers)
    shorter = with_short_cnot_layers(pairs) if passes.cnot_layers else None
    if shorter is not None:
        blocks = consolidate(shorter, qubits, passes=passes)
        yield Candidate(blocks.elements, _held(blocks.where), blocks.derived)
        entanglers = min(entanglers, len(timelines(blocks.elements, qubits).entanglers))
    words = None
    if passes.pauli_gadgets:
        words = synthesis.synthesise(pairs, qubits, most=entanglers)
    if words is not None:
        again = consolidate(words.elements, qubits, passes=passes)
        where = [again.where[place] for place in words.where]
        yield Candidate(again.elements, _held(where), again.derived)


def _measured_candidates(
    required: RequiredCircuit, qubits: int, passes: Passes
) -> Iterator[Candidate]:
    """Yield circuits of the same measured outcomes."""
    merged = functools.partial(consolidate, qubits=qubits, measured=True, passes=passes)
    elements = _on_pairs(required.elements)
    made = elements
    if passes.prepared_start:
        made = with_prepared_prefix(elements, qubits, terminal=range(qubits))
    most: int | None = None
    counts: list[int] = []
    for start in [elements] if made == elements else [made, elements]:
        for states in (False, True):
            blocks = merged(start, states=states)
            yield Candidate(blocks.elements, required.moved(blocks.where), blocks.derived)
        entanglers = len(timelines(blocks.elements, qubits).entanglers)
        most = entanglers if most is None else min(most, entanglers)
        counts.append(most)
        if not most:
            return
        if not passes.pauli_gadgets:
            continue
        words = synthesis.synthesise_measured(
            start, qubits, measured=required.needed, from_zero=True, most=most
        )
        if words is not None:
            again = required.by(words)
            for states in (False, True):
                blocks = merged(_on_pairs(again.elements), states=states)
                yield Candidate(blocks.elements, again.moved(blocks.where), blocks.derived)
            counts.append(len(timelines(blocks.elements, qubits).entanglers))
    for exact in _of_the_unitary(elements, qubits, min(counts), passes):
        blocks = merged(exact.elements, states=True)
        where = [blocks.where[place] for place in exact.where]
        yield Candidate(blocks.elements, required.moved(where), blocks.derived)


def _of_the_unitary(
    elements: Sequence[Element], qubits: int, most: int, passes: Passes
) -> Iterator[synthesis.GadgetSynthesis]:
    """Yield circuits of the same unitary, where these may have fewer entanglers than a number."""
    shorter = with_short_cnot_layers(elements) if passes.cnot_layers else None
    if shorter is not None:
        yield synthesis.GadgetSynthesis(tuple(shorter), tuple(range(qubits)))
    if not passes.pauli_gadgets:
        return
    # It rarely takes fewer than the outcomes alone: a short search tells.
    search = functools.partial(synthesis.synthesise, elements, qubits, most=most - 1)
    exact = search() if search(searches=ONCE) is not None else None
    if exact is not None:
        yield exact


def _held(where: Sequence[int]) -> BitMap:
    return BitMap(tuple(1 << place for place in where))


def _on_pairs(elements: Iterable[AnyElement]) -> list[Element]:
    """Return elements with multi-controlled gates decomposed."""
    return [
        part
        for element in elements
        if not isinstance(element, Fence)  # which circuits have none of at this point
        for part in (
            controlled_x(element.controls, element.target)
            if isinstance(element, ControlledX)
            else [element]
        )
    ]


def _reordered(
    candidate: Candidate, whole: Timelines, entangler: str, points: Reals
) -> list[tuple[Candidate, Timelines]]:
    """Return a candidate with its parts in an order that saves pulses; empty if there is none."""
    parts = ordered(candidate.parts, entangler, whole, points)
    if all(one is other for one, other in zip(parts, candidate.parts, strict=True)):
        return []
    chosen = candidate._replace(parts=parts)
    return [(chosen, timelines(parts, len(whole.layers), candidate.derived))]


def _made(
    candidate: Candidate,
    whole: Timelines,
    entangler: str,
    outcomes: frozenset[int] | None,
    points: Reals,
    passes: Passes,
) -> _CompiledCandidate:
    """Compile a candidate to pulses.

    Args:
        candidate: the circuit
        whole: its timelines, on all qubits
        entangler: "ms" or "zz"
        outcomes: the qubits whose outcomes are measured, or None for the whole unitary
        points: a few generic parameters
        passes: those that run

    Returns:
        the candidate's pulses and gate counts
    """
    if outcomes is None:
        order, bits = _by_ends(candidate.bits), None
    else:
        order, bits = _packed(whole, candidate.bits, max(1, len(outcomes)))
    found = whole.of(order)
    own = pulses(
        found, entangler, found.samples(points), frames_free=outcomes is not None, passes=passes
    )
    return _CompiledCandidate(candidate, own.counts(), found, own, order, bits)


def _n_params(elements: Sequence[AnyElement]) -> int:
    angles = [element.angle for element in elements if hasattr(element, "angle")]
    return 1 + max((index for angle in angles for index, _ in angle.terms), default=-1)
