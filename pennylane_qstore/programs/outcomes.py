"""Measured outcomes as sparse histograms; the only module that depends on the order of bits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9
_SMALLEST = 5e-16  # a probability below this is rounding error: JSON has 15 decimals
_NUMBERS = frozenset({int, float})
_FEW = 1 << 10  # outcomes; fewer are sorted as fast as tallied
_NARROW = 10  # qubits, of which a table of all states is kept
# IonQ rounds probabilities, and error mitigation may leave a little over or under one.
_SLACK = 0.01


def _places(bits: int) -> list[int]:
    return [place for place in range(bits.bit_length()) if bits >> place & 1]


@dataclass(frozen=True, slots=True)
class BitMap:
    """The classical map from a program's measured bits to the bits of its tape.

    Classical gates at the end of a circuit are applied to the outcomes instead of being sent.

    Attributes:
        parities: for each qubit of the tape, the qubits of the program whose parity is its bit, as
            an integer with a bit for each of them
        flips: the qubits of the tape whose bits are flipped then, as an integer
        gates: classical gates that follow, in order: the target bit is flipped where all
            controls are 1; (controls as an integer, target) pairs
    """

    parities: tuple[int, ...]
    flips: int = 0
    gates: tuple[tuple[int, int], ...] = ()

    def of(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the tape's basis states, one for each of the program's."""
        width = max([parity.bit_length() for parity in self.parities], default=0)
        if width > _NARROW:
            return _worked_out(self, states)
        found: NDArray[np.int64] = _table(self, width)[states & ((1 << width) - 1)]
        return found

    def after(self, flips: int) -> "BitMap":
        """Return the map in which some of the program's bits are flipped first.

        Args:
            flips: those bits, as an integer
        """
        odd = [(parity & flips).bit_count() & 1 for parity in self.parities]
        turned = sum(bit << qubit for qubit, bit in enumerate(odd))
        return replace(self, flips=self.flips ^ turned)

    def with_controls(self, qubits: Iterable[int]) -> set[int]:
        """Return the given qubits of the tape, and the controls that their bits depend on."""
        found = set(qubits)
        for controls, target in reversed(self.gates):
            if target in found:
                found.update(_places(controls))
        return found

    def needed(self, qubits: Iterable[int]) -> set[int]:
        """Return the program's qubits that the given qubits of the tape depend on."""
        return {
            place for qubit in self.with_controls(qubits) for place in _places(self.parities[qubit])
        }

    def is_identity(self, qubits: int) -> bool:
        """Return whether the map leaves the outcomes of a program of so many qubits unchanged."""
        own = tuple(1 << qubit for qubit in range(qubits))
        return self.parities == own and not self.flips and not self.gates


@lru_cache(maxsize=256)
def _table(bits: BitMap, width: int) -> NDArray[np.int64]:
    """Return the mapped state of every basis state of so many qubits."""
    return _worked_out(bits, np.arange(1 << width))


def _worked_out(bits: BitMap, states: NDArray[np.int64]) -> NDArray[np.int64]:
    mapped = _of_parities(bits, states)
    for controls, target in bits.gates:
        mapped ^= ((mapped & controls) == controls).astype(np.int64) << target
    return mapped


def _of_parities(bits: BitMap, states: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the tape's states before the map's gates, by tables of a few of the states' bits."""
    width = max([parity.bit_length() for parity in bits.parities], default=0)
    mapped = np.full_like(states, bits.flips)
    for start in range(0, width, _NARROW):
        table = np.zeros(1, dtype=np.int64)
        for place in range(start, min(start + _NARROW, width)):
            column = sum(
                (parity >> place & 1) << qubit for qubit, parity in enumerate(bits.parities)
            )
            table = np.concatenate([table, table ^ column])
        mapped ^= table[states >> start & len(table) - 1]
    return mapped


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One circuit's measured basis states, each with its weight.

    Attributes:
        states: IonQ's integers, qubit 0 the least significant bit; shape (n_outcomes,)
        weights: probabilities (floats), or how many shots gave the state (integers)
    """

    states: NDArray[np.int64]
    weights: NDArray[np.float64] | NDArray[np.int64]

    @classmethod
    def merged(cls, parts: Sequence["Outcomes"], shots: Sequence[int]) -> "Outcomes":
        """Return the probabilities over all shots of a circuit that was run several times.

        Args:
            parts: probabilities of each run
            shots: of each run
        """
        if len(parts) == 1:
            return parts[0]
        shares = [each / sum(shots) for each in shots]
        weights = [part.weights * share for part, share in zip(parts, shares, strict=True)]
        states, places = np.unique(
            np.concatenate([part.states for part in parts]), return_inverse=True
        )
        return cls(states, np.bincount(places, weights=np.concatenate(weights)))

    @classmethod
    def from_json(cls, histogram: Mapping[str, float], qubits: int) -> "Outcomes":
        """Return the outcomes of the API's JSON histogram, checked.

        Args:
            histogram: ``{"0": 0.5, "3": 0.5}``
            qubits: of the circuit that was sent

        Raises:
            ValueError: a key that is no state of that many qubits, a value that is no
                probability, or probabilities that don't sum to one
        """
        digits = "".join(histogram)
        if histogram and not (digits.isascii() and digits.isdecimal()):
            raise ValueError("a key that is no state")
        if not _NUMBERS.issuperset(map(type, histogram.values())):
            raise ValueError("a value that is no number")
        known = list(map(int, histogram))
        if len(set(known)) < len(known):
            raise ValueError("a state that is there twice")
        states = np.array(known, dtype=np.int64)
        weights = np.array(list(histogram.values()), dtype=np.float64)
        return cls.from_arrays(states, weights, qubits)

    @classmethod
    def from_arrays(
        cls, states: NDArray[np.int64], weights: NDArray[np.float64], qubits: int
    ) -> "Outcomes":
        """Return the outcomes of states and their probabilities, checked; zeros are left out.

        Args:
            states: IonQ's integers, each once; shape (n_outcomes,)
            weights: their probabilities
            qubits: of the circuit that was sent

        Raises:
            ValueError: a state that so many qubits don't have, a value that is no probability, or
                probabilities that don't sum to one
        """
        if states.size and not (states.min() >= 0 and states.max() < 1 << qubits):
            raise ValueError(f"a state that {qubits} qubits don't have")
        if not np.isfinite(weights).all() or weights.min(initial=0) < -_ROUNDING:
            raise ValueError("a value that is no probability")
        if abs(weights.sum() - 1) > _SLACK:
            raise ValueError(f"probabilities that sum to {weights.sum():.6g}")
        kept = weights >= _SMALLEST
        if not kept.all():
            states, weights = states[kept], weights[kept]
        return cls(states, weights / weights.sum())

    @classmethod
    def made_up(cls, qubits: int, rng: np.random.Generator) -> "Outcomes":
        """Return random probabilities of some of a circuit's states.

        Args:
            qubits: of the circuit
            rng: draws them
        """
        states = np.unique(rng.integers(1 << min(qubits, 62), size=1 << min(qubits, 6)))
        return cls(states, rng.dirichlet(np.ones(len(states))))

    @property
    def total(self) -> float:
        """The sum of the weights: one, or the number of shots."""
        return float(self.weights.sum())

    def bits(self, qubits: Sequence[int]) -> NDArray[np.int64]:
        """Return each outcome's bits on some qubits, in order; shape (n_outcomes, n_qubits)."""
        return (self.states[:, None] >> np.asarray(qubits, dtype=np.int64)) & 1

    def mapped(self, bits: BitMap) -> "Outcomes":
        """Return the tape's outcomes, mapped from those of its program."""
        found = bits.of(self.states)
        order = np.argsort(found, kind="stable")
        rising = found[order]
        if (rising[1:] > rising[:-1]).all():  # no two have become one
            return Outcomes(rising, self.weights[order])
        states, index = np.unique(found, return_inverse=True)
        weights: NDArray[Any] = np.zeros(len(states), dtype=self.weights.dtype)
        np.add.at(weights, index, self.weights)
        return Outcomes(states, weights)

    def drawn(self, shots: int, rng: np.random.Generator) -> "Outcomes":
        """Return the counts of that many shots, drawn from these probabilities."""
        return _seen(self.states, rng.multinomial(shots, self.weights))

    def redrawn(self, shots: int, rng: np.random.Generator) -> "Outcomes":
        """Return the frequencies of as many shots, drawn from these outcomes.

        Args:
            shots: how many
            rng: draws them
        """
        counts = rng.multinomial(shots, self.weights / self.weights.sum())
        return Outcomes(self.states, counts / shots)

    def rounded(self, shots: int) -> "Outcomes":
        """Return a machine's frequencies as counts, rounded by largest remainders."""
        exact = self.weights * shots
        counts = np.floor(exact + _ROUNDING).astype(np.int64)
        missing = shots - int(counts.sum())
        counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
        return _seen(self.states, counts)

    def shuffled(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the index of each shot's outcome, in random order; shape (shots,)."""
        return rng.permutation(np.repeat(np.arange(len(self.states)), self.weights.astype(int)))

    def of_shots(self, order: NDArray[np.int64]) -> "Outcomes":
        """Return the counts of some of the shots.

        Args:
            order: indices of outcomes, as ``shuffled`` gives them
        """
        return Outcomes(self.states, np.bincount(order, minlength=len(self.states)))


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """The outcomes of many circuits as arrays, one circuit after another.

    Attributes:
        states: as those of ``Outcomes``, shape (n_outcomes,)
        weights: probabilities or counts, shape (n_outcomes,)
        rows: the circuit of each outcome, rising; shape (n_outcomes,)
        batch: how many circuits
        width: where each circuit has all states of so many qubits, in rising order; else None
    """

    states: NDArray[np.int64]
    weights: NDArray[Any]
    rows: NDArray[np.int64]
    batch: int
    width: int | None = None

    @classmethod
    def of(cls, circuits: Sequence[Outcomes]) -> "OutcomeRows":
        """Return the outcomes of some circuits, at least one, in order."""
        sizes = [len(each.states) for each in circuits]
        return cls(
            np.concatenate([each.states for each in circuits]),
            np.concatenate([each.weights for each in circuits]),
            np.arange(len(sizes)).repeat(sizes),
            len(sizes),
        )

    def each(self) -> list[Outcomes]:
        """Return the outcomes of each circuit."""
        ends = np.searchsorted(self.rows, np.arange(1, self.batch))
        states, weights = np.split(self.states, ends), np.split(self.weights, ends)
        return list(map(Outcomes, states, weights))

    def mapped(self, bits: BitMap) -> "OutcomeRows":
        """Return the tape's outcomes, mapped from those of its programs."""
        found = bits.of(self.states)
        width = int(found.max(initial=0)).bit_length()
        if _FEW < self.batch << width <= 2 * len(found):
            return self._tallied(found, width)
        order = np.lexsort((found, self.rows))
        states, rows, weights = found[order], self.rows[order], self.weights[order]
        is_new = np.ones(len(states), dtype=bool)
        is_new[1:] = (states[1:] != states[:-1]) | (rows[1:] != rows[:-1])
        if not is_new.all():  # several have become one
            sums = np.bincount(is_new.cumsum() - 1, weights).astype(weights.dtype)
            states, rows, weights = states[is_new], rows[is_new], sums
        return OutcomeRows(states, weights, rows, self.batch)

    def _tallied(self, states: NDArray[np.int64], width: int) -> "OutcomeRows":
        """Return these weights of other states, which are most of those of so many qubits.

        Probabilities are then there for all of them, also those that are 0.
        """
        keys = states + (self.rows << width)
        total = self.batch << width
        weights = np.bincount(keys, self.weights, total).astype(self.weights.dtype, copy=False)
        if weights.dtype == np.float64:
            places = np.arange(total)
            return OutcomeRows(
                places & (1 << width) - 1, weights, places >> width, self.batch, width
            )
        kept = np.flatnonzero(weights)
        return OutcomeRows(kept & (1 << width) - 1, weights[kept], kept >> width, self.batch)

    def parity_sums(self, mask: int) -> NDArray[np.float64]:
        """Return each circuit's sum of the weights, those of odd parity of some bits subtracted.

        Only where ``width`` isn't None. The highest bit is summed over first, which halves the
        array each time.

        Args:
            mask: the bits
        """
        assert self.width is not None
        sums = self.weights.reshape(self.batch, -1)
        if mask >> self.width:
            mask &= (1 << self.width) - 1  # the bits above are 0
        for place in reversed(_places(mask)):
            pairs = sums.reshape(self.batch, -1, 2, 1 << place)
            sums = (pairs[:, :, 0] - pairs[:, :, 1]).reshape(self.batch, -1)
        return sums.sum(axis=1)

    def drawn(self, shots: int, rng: np.random.Generator) -> "OutcomeRows":
        """Return exact probabilities as the counts of that many shots each, drawn in order."""
        ends = np.searchsorted(self.rows, np.arange(1, self.batch))
        parts = np.split(self.weights, ends)
        counts = np.concatenate([rng.multinomial(shots, weights) for weights in parts])
        seen = counts > 0
        return OutcomeRows(self.states[seen], counts[seen], self.rows[seen], self.batch)


def _seen(states: NDArray[np.int64], counts: NDArray[np.int64]) -> Outcomes:
    return Outcomes(states[counts > 0], counts[counts > 0])
