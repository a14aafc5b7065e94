"""Beam search for a sequence of few entanglers that does Pauli rotations and then a Clifford.

The rotations' words are the first rows of a table, the Clifford's words the last. One entangler
does one of three things:

1. a rotation whose word has weight two;
2. that rotation and a quarter turn about the same word, in one;
3. a quarter turn that takes a letter off a word.

Rotations of weight one cost nothing. The cost of a table is Σ (weight - 1) over its rows, where
rows that must wait for others count less (after Paykin et al., "PCOAST", and pytket's
GreedyPauliSimp, whose entanglers are CNOTs only).
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from pennylane_qstore.compiler.circuit.elements import PAIR
from pennylane_qstore.compiler.circuit.paulis import Word, bits
from pennylane_qstore.compiler.gadgets.bit_columns import (
    GadgetStep,
    Path,
    Position,
    blockers,
    letters_in,
    letters_of,
    moved,
    placed,
    pulses,
    shortenings,
)

_GROUPS = 6  # of rows that count differently; all others count the same


class BeamParameters(NamedTuple):
    """How wide a beam search is, and how it weighs the remaining words.

    Attributes:
        width: how many positions it keeps
        patience: what a row counts that must wait for another, against that other
        clifford: what a row of the Clifford counts
    """

    width: int
    patience: float
    clifford: float


# From a grid search on a corpus of circuits: each set is the best for some of them.
_PARAMETERS = (
    BeamParameters(1, 0.3, 0.2),
    BeamParameters(4, 1.0, 0.5),
    BeamParameters(4, 0.3, 0.05),
    BeamParameters(4, 0.5, 0.5),
    BeamParameters(8, 1.0, 0.5),
    BeamParameters(8, 0.3, 0.5),
    BeamParameters(8, 0.5, 0.05),
    BeamParameters(16, 0.7, 0.5),
    BeamParameters(32, 0.3, 0.2),
    BeamParameters(32, 1.0, 0.5),
    BeamParameters(32, 0.5, 0.5),
    BeamParameters(32, 0.3, 0.05),
)
# How many parameter sets are tried, from the first one on.
ONCE, QUICK, THOROUGH = 1, 6, len(_PARAMETERS)
# Moves to weigh, 2 to 6 µs each: before no further search starts or goes on, and before the first
# one, which alone decides about circuits of thousands of gates, is given up.
_MOVES, _FIRST_MOVES = 20_000, 500_000


class _BeamEnd(NamedTuple):
    entanglers: int
    pulses: int
    path: Path | None


class BeamSearch:
    """The search for few entanglers.

    Args:
        rotations: the words of the rotations, the first one first
        clifford: the words that must become words of one letter, or see `measured`
        qubits: their number
        measured: whether the Clifford's words are those of a measurement, which may stay long as
            long as they have the same letter wherever they share a qubit
    """

    def __init__(
        self, rotations: Sequence[Word], clifford: Sequence[Word], qubits: int, measured: bool
    ) -> None:
        rows = [*rotations, *clifford]
        self._start = placed(rows, qubits, waiting=len(rotations))
        self._before = [blockers(self._start, i, row) for i, row in enumerate(rotations)]
        self._clifford = (1 << len(rows)) - (1 << len(rotations))
        self._waves = self._ranked()
        first = len(rotations)
        # The two words that end on the same qubit.
        self._ends = [1 << first + q | 1 << first + q + qubits for q in range(qubits)]
        self._measured = measured
        self._moves = 0

    def best(self, most: int | None = None, searches: int = THOROUGH) -> list[GadgetStep] | None:
        """The steps with the fewest entanglers, and among those with the fewest pulses.

        Args:
            most: how many entanglers they may have; by default one for every letter of a word
            searches: how many parameter sets are tried: ONCE, QUICK or THOROUGH

        Returns:
            None where no search finds as few.
        """
        if most is None:
            most = sum(map(int.bit_count, map(int.__or__, self._start.x, self._start.z)))
        found: list[_BeamEnd] = []
        for number, parameters in enumerate(_PARAMETERS[:searches]):
            bound = _MOVES if number else _FIRST_MOVES
            found += self._searched(parameters, most, bound)
            most = min([most, *(end.entanglers for end in found)])
        if not found:
            return None
        return list(min(found, key=lambda end: end[:2]).path or ())[::-1]

    def _ranked(self) -> list[int]:
        """Return masks of the rotations that wait for none, for those, and so on."""
        waves: list[int] = []
        for row, before in enumerate(self._before):
            rank = len(waves)
            while rank and not waves[rank - 1] & before:
                rank -= 1
            if rank == len(waves):
                waves.append(0)
            waves[rank] |= 1 << row
        return waves

    def _searched(self, parameters: BeamParameters, most: int, bound: int) -> list[_BeamEnd]:
        """Return the ends of one search; none if it takes too long."""
        beam = [self._freed(self._start)]
        seen: set[tuple[object, ...]] = set()
        for entanglers in range(most + 1):
            ends = [position.path for position in beam if self._is_done(position)]
            if ends:
                return [_BeamEnd(entanglers, pulses(path), path) for path in ends]
            if self._moves > bound:
                break
            beam = self._next(beam, parameters, seen)
        return []

    def _next(
        self, beam: list[Position], parameters: BeamParameters, seen: set[tuple[object, ...]]
    ) -> list[Position]:
        """Return the best positions that are one entangler further and were not seen before."""
        moves = [
            (cost, rank, number, step)
            for rank, position in enumerate(beam)
            for number, (cost, step) in enumerate(self._weighed(position, parameters))
        ]
        self._moves += len(moves)
        heapq.heapify(moves)  # hardly more than the best few are needed
        after: list[Position] = []
        while moves:
            _, rank, _, step = heapq.heappop(moves)
            position = self._freed(moved(beam[rank], step))
            if position[:3] not in seen:
                seen.add(position[:3])
                after.append(position)
                if len(after) == parameters.width:
                    break
        return after

    def _freed(self, position: Position) -> Position:
        """Return the position after all rotations of weight one that needn't wait."""
        x, z, waiting, path = position
        once = twice = 0
        for column in map(int.__or__, x, z):
            twice |= once & column
            once |= column
        free = True
        while free:
            free = False
            for row in bits(waiting & ~twice):
                if not self._before[row] & waiting:
                    path = Path(GadgetStep(row, False, letters_of(position, row)), path)
                    waiting ^= 1 << row
                    free = True
        return Position(x, z, waiting, path)

    def _is_done(self, position: Position) -> bool:
        if position.waiting:
            return False
        once = twice = 0
        for x, z in zip(position.x, position.z, strict=True):
            if self._measured:
                twice |= (x | z) & self._clifford if letters_in(x, z, self._clifford) > 1 else 0
            else:
                twice |= once & (x | z) & self._clifford
                once |= x | z
        return not twice

    def _weighed(
        self, position: Position, parameters: BeamParameters
    ) -> Iterator[tuple[float, GadgetStep]]:
        """Yield each step that may be next, with the cost of the words that remain after it."""
        x, z = position.x, position.z
        masks = self._masks(position, parameters)
        support = [one | other for one, other in zip(x, z, strict=True)]
        left = sum(
            weight * sum([(column & mask).bit_count() for column in support])
            - weight * mask.bit_count()
            for mask, weight in masks
        )
        flips = [(z[q], x[q] ^ z[q], x[q]) for q in range(len(x))]
        for step in self._steps(position):
            cost = left
            row, turn, letters = step
            if row >= 0:
                cost -= next(weight for mask, weight in masks if mask >> row & 1)
            if turn:
                (a, first), (b, second) = letters
                one, other = flips[a][first], flips[b][second]
                shorter = (other & ~one & support[a]) | (one & ~other & support[b])
                changed = one ^ other  # by one letter each, shorter or longer
                for mask, weight in masks:
                    inside = changed & mask
                    if inside:
                        cost += weight * (inside.bit_count() - 2 * (shorter & inside).bit_count())
            yield cost, step

    def _masks(self, position: Position, parameters: BeamParameters) -> list[tuple[int, float]]:
        """Return the rows in groups, and the weight of a letter of each."""
        if not position.waiting and not self._measured:
            return self._lightest_first(position)
        masks = []
        weight = 1.0
        rest = position.waiting
        for wave in self._waves:
            if wave & rest:
                masks.append((wave & rest, weight))
                weight *= parameters.patience
                rest &= ~wave
                if len(masks) == _GROUPS:
                    break
        if rest:
            masks.append((rest, weight))
        return [*masks, (self._clifford, parameters.clifford)]

    def _lightest_first(self, position: Position) -> list[tuple[int, float]]:
        """Return the Clifford's words in groups; those nearest to their end count most."""
        support = list(map(int.__or__, position.x, position.z))
        lengths = [sum([(column & rows).bit_count() for column in support]) for rows in self._ends]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        order = [end for end in order if lengths[end] > self._ends[end].bit_count()]
        masks = [(self._ends[end], 0.5**rank) for rank, end in enumerate(order[:_GROUPS])]
        rest = self._clifford
        for mask, _ in masks:
            rest &= ~mask
        return [*masks, (rest, 0.5 ** len(masks))]

    def _steps(self, position: Position) -> dict[GadgetStep, None]:
        """Return the steps that may be next, each once, in a fixed order."""
        waiting = position.waiting
        rows = bits(waiting or self._clifford)
        steps: dict[GadgetStep, None] = {}
        for row in rows:
            if waiting and self._before[row] & waiting:
                continue
            letters = letters_of(position, row)
            if waiting and len(letters) == PAIR:
                steps[GadgetStep(row, False, letters)] = None
                steps[GadgetStep(row, True, letters)] = None
            for one, other in combinations(letters, 2):
                steps.update(shortenings(one, other))
        return steps
