"""Elements to the circuit with the fewest gates, of the several that are tried."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler import gadgets
from pennylane_qstore.compiler.blocks import Part, consolidate
from pennylane_qstore.compiler.chains import chains
from pennylane_qstore.compiler.circuit import Element
from pennylane_qstore.compiler.ordering import ordered
from pennylane_qstore.compiler.pulses import Bound, pulses

Reals = NDArray[np.float64]
_LOW, _HIGH, _SAMPLES = 0.3, 2.9, 3
_MOST_ELEMENTS = 600  # a longer circuit isn't searched for a better one


class Candidate(NamedTuple):
    """A circuit that does what the tape does.

    Attributes:
        parts: its elements and blocks
        where: the qubit that holds logical qubit q at the end, for each q
    """

    parts: Sequence[Part]
    where: Sequence[int]


class Optimised:
    """The best circuit for one entangler.

    Where a circuit leaves a qubit's state on another one, the qubits are named by where they
    end: all of them start in |0⟩, so that nobody can tell.
    """

    def __init__(
        self,
        elements: Sequence[Element],
        qubits: int,
        entangler: str,
        *,
        flips_free: bool = False,
    ) -> None:
        """Tries what there is and keeps the best.

        Args:
            elements: of the circuit
            qubits: how many
            entangler: "ms" or "zz"
            flips_free: whether outcomes of a qubit may come out turned around, as `Bound` tells
        """
        rng = np.random.default_rng(7)
        points = rng.uniform(_LOW, _HIGH, (_SAMPLES, _n_params(elements)))
        best: tuple[int, int] | None = None
        for candidate in _reordered(_candidates(elements, qubits), entangler):
            ends = {place: q for q, place in enumerate(candidate.where)}
            found = chains(candidate.parts, qubits).renamed([ends[q] for q in range(qubits)])
            each = pulses(found, entangler, found.values(points), flips_free=flips_free)
            counts = each.counts()
            if best is None or counts < best:
                best = counts
                self._chains, self._pulses = found, each
        self.counts = best

    def bind(self, params: Reals) -> list[Bound]:
        """Parameters to programs.

        Args:
            params: shape (batch, n_params)
        """
        return self._pulses.bind(*self._chains.values(params))


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


def _reordered(candidates: Iterable[Candidate], entangler: str) -> Iterator[Candidate]:
    """Candidates, and those among them whose parts may come in a better order, in that order."""
    for candidate in candidates:
        yield candidate
        parts = ordered(candidate.parts, entangler)
        if any(one is not other for one, other in zip(parts, candidate.parts, strict=True)):
            yield candidate._replace(parts=parts)


def _n_params(elements: Sequence[Element]) -> int:
    angles = [element.angle for element in elements if hasattr(element, "angle")]
    return 1 + max((index for angle in angles for index, _ in angle.terms), default=-1)
