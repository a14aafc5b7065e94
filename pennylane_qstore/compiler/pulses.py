"""Chains to native programs: each run becomes as few pulses as its structure allows.

A run is a rotation U. What the gates before it have left as a frame RZ(F) is taken along:
U·RZ(F) = RZ(F')·(pulses), where there is

    no pulse      where U is diagonal
    a GPi         where U is antidiagonal
    a GPi2        where |U₀₀| = |U₁₀|
    two GPi2      anywhere else

and F' goes on to the next run, through ZZ as it is, through MS by its phases. The pulses' phases
follow from the Euler angles of U: IonQ, "Getting started with native gates", virtual Z. Which of
the four it is, is decided once, at generic parameters; two pulses make any rotation, so special
values are right as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.chains import CLIFFORDS, Chains, Factor, Fixed, Local
from pennylane_qstore.compiler.products import Step, merged, products, steps_of
from pennylane_qstore.program import Gate, Programs

Reals = NDArray[np.float64]
TURN = 2 * np.pi
_SAME = 1e-9
# A run's kind, and what it takes.
_NOTHING, _HALF, _TWO_HALVES, _PI = range(4)
_PULSES = {_NOTHING: (), _HALF: ("gpi2",), _TWO_HALVES: ("gpi2", "gpi2"), _PI: ("gpi",)}
_X, _Z, _H = (Fixed(CLIFFORDS[name]) for name in "XZH")


class Fold(NamedTuple):
    """How each entangler's angle comes into the API's range, for some circuits of a batch.

    Attributes:
        odd: whether an odd number of half turns is taken away, by entangler
        negative: whether what is left is negative, by entangler
    """

    odd: tuple[bool, ...]
    negative: tuple[bool, ...]


class Rest(NamedTuple):
    """Entanglers' angles in turns, shape (n_entanglers, batch), taken apart.

    Attributes:
        odd: whether an odd number of half turns is taken away
        angle: what is left, in [-¼, ¼]
    """

    odd: NDArray[np.bool_]
    angle: Reals


def folded(chains: Chains, angles: Reals) -> Rest:
    """Entanglers' angles to the range that the API takes, up to the sign.

    Args:
        chains: the circuit
        angles: what its slots hold, in radians
    """
    slots = [entangler.slot for entangler in chains.entanglers]
    turns = angles[slots] / TURN
    halves = np.rint(2 * turns)
    return Rest(halves % 2 == 1, turns - halves / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """A circuit's pulses for one way of folding, ready for parameters.

    Attributes:
        chains: the circuit
        entangler: "ms" or "zz"
        gates: the pulses and entanglers, in time
        steps: what the runs are the product of
        chain_of: for each qubit, its runs
        kinds: of the runs
        slots: where each number of the gates comes from
    """

    chains: Chains
    entangler: str
    gates: tuple[Gate, ...]
    steps: tuple[Step, ...]
    chain_of: tuple[tuple[int, ...], ...]
    kinds: NDArray[np.int_]
    slots: NDArray[np.int_]

    def counts(self) -> tuple[int, int]:
        """Gates on two qubits, and on one."""
        pairs = sum(len(gate.qubits) > 1 for gate in self.gates)
        return pairs, len(self.gates) - pairs

    def bind(self, angles: Reals, gates: Reals, rest: Reals) -> Programs:
        """Values to programs.

        Args:
            angles: what the chains' slots hold, shape (n_angles, batch)
            gates: what the chains' locals are, shape (n_locals, 4, batch)
            rest: the entanglers' folded angles in turns, shape (n_entanglers, batch)
        """
        product = products(len(self.kinds), self.steps, angles, gates)
        phases, frames = self._phases(product)
        table = np.concatenate([phases, self._entangler_numbers(frames, rest)])
        qubits = max(1, len(self.chain_of))
        if self.gates:
            return Programs("native", qubits, self.gates, table[self.slots].T.copy())
        # IonQ fails an empty circuit: these two pulses cancel.
        idle = np.tile([0.0, 0.5], (angles.shape[-1], 1))
        return Programs("native", qubits, (Gate("gpi2", (0,)),) * 2, idle)

    def _phases(self, product: Reals) -> tuple[Reals, Reals]:
        """Runs' unitaries to the phases of their pulses and the frames after them, in turns.

        Returns:
            phases (2 n_runs, batch): of the first pulse of each run, then of the second; and
            frames (n_runs, batch)
        """
        w, x, y, z = product
        kinds = self.kinds[:, None]
        diagonal, falling = np.arctan2(-z, w), np.arctan2(-x, y)  # arguments of U₀₀ and U₁₀
        theta = 2 * np.arctan2(np.hypot(x, y), np.hypot(w, z))
        last = -diagonal - falling  # the Euler angle of the RZ that comes first
        quarter = np.where(kinds == _HALF, np.pi / 2, 0.0)
        change = -2 * diagonal + np.where(kinds == _TWO_HALVES, theta + TURN, 0.0)
        before, after = self._frames(change)
        first = np.where(
            kinds == _PI, (2 * falling + np.pi - before) / 2, -(last - quarter + before)
        )
        second = -(theta + np.pi + last + before)
        return _wrapped(np.concatenate([first, second]) / TURN), after / TURN

    def _frames(self, change: Reals) -> tuple[Reals, Reals]:
        """Each run's frame before and after it, in radians."""
        before, after = np.zeros_like(change), np.empty_like(change)
        for own in self.chain_of:
            rows = list(own)
            if (self.kinds[rows] == _PI).any():
                for run, following in zip(own, [*own[1:], None], strict=True):
                    after[run] = 0.0 if self.kinds[run] == _PI else before[run] + change[run]
                    if following is not None:
                        before[following] = after[run]
            else:
                after[rows] = np.cumsum(change[rows], axis=0)
                before[rows[1:]] = after[rows[:-1]]
        return before, after

    def _entangler_numbers(self, frames: Reals, rest: Reals) -> Reals:
        """The entanglers' angles, then MS's phases on the first and on the second qubit."""
        if self.entangler == "zz" or not len(rest):
            return np.abs(rest)
        seen = [0] * len(self.chain_of)
        runs = []
        for entangler in self.chains.entanglers:
            runs.append([self.chain_of[qubit][seen[qubit]] for qubit in entangler.qubits])
            for qubit in entangler.qubits:
                seen[qubit] += 1
        first, second = np.array(runs).T
        # MS(φ₀, φ₁, -θ) = MS(φ₀+½, φ₁, θ)
        opposite = np.where(rest < 0, 0.5, 0.0)
        phases = [_wrapped(opposite - frames[first]), _wrapped(-frames[second])]
        return np.concatenate([np.abs(rest), *phases])


def pulses(chains: Chains, entangler: str, fold: Fold, samples: tuple[Reals, Reals]) -> Pulses:
    """Finds the pulses of a circuit, for one way of folding.

    Args:
        chains: the circuit
        entangler: "ms" or "zz"
        fold: of the entanglers' angles
        samples: the chains' angles and locals at a few generic parameters
    """
    own = _turned_runs(chains, entangler, fold, samples)
    numbers = iter(range(sum(map(len, own))))
    chain_of = tuple(tuple(next(numbers) for _ in runs) for runs in own)
    runs = tuple(merged(run) for of_qubit in own for run in of_qubit)
    kinds = _kinds(runs, samples)
    gates, slots = _layout(chains, entangler, chain_of, kinds)
    table = np.array(slots, dtype=int)
    return Pulses(chains, entangler, gates, steps_of(runs), chain_of, kinds, table)


def _turned_runs(
    chains: Chains, entangler: str, fold: Fold, samples: tuple[Reals, Reals]
) -> list[list[list[Factor]]]:
    """The runs with what the entangler and the folding put into them."""
    runs = [[list(run) for run in own] for own in chains.runs]
    seen = [0] * len(runs)
    for index, (qubits, _) in enumerate(chains.entanglers):
        around = [(runs[qubit][seen[qubit]], runs[qubit][seen[qubit] + 1]) for qubit in qubits]
        if entangler == "ms":  # exp(-iθ/2 Z⊗Z) = (H⊗H) exp(-iθ/2 X⊗X) (H⊗H)
            for before, after in around:
                before.append(_H)
                after.insert(0, _H)
        if fold.odd[index]:  # ZZ(θ+½) = -i (Z⊗Z) ZZ(θ), and the same with X for XX
            for _, after in around:
                after.insert(0, _Z if entangler == "zz" else _X)
        if entangler == "zz" and fold.negative[index]:  # ZZ(-θ) = (X⊗1) ZZ(θ) (X⊗1)
            before, after = min(around, key=lambda pair: _price_of_flip(pair, samples))
            before.append(_X)
            after.insert(0, _X)
        for qubit in qubits:
            seen[qubit] += 1
    return runs


def _price_of_flip(
    around: tuple[Sequence[Factor], Sequence[Factor]], samples: tuple[Reals, Reals]
) -> int:
    """How many pulses more it takes to flip a qubit before and after an entangler."""
    before, after = around
    plain = [merged(before), merged(after)]
    flipped = [merged([*before, _X]), merged([_X, *after])]
    kinds = _kinds((*plain, *flipped), samples)
    prices = [len(_PULSES[kind]) for kind in kinds.tolist()]
    return sum(prices[2:]) - sum(prices[:2])


def _kinds(runs: Sequence[Sequence[Factor]], samples: tuple[Reals, Reals]) -> NDArray[np.int_]:
    """What each run takes, whatever the parameters; shape (n_runs,)."""
    w, x, y, z = products(len(runs), steps_of(runs), *samples)
    stay, move = np.hypot(w, z), np.hypot(x, y)
    kinds = np.full(len(runs), _TWO_HALVES)
    kinds[(np.abs(stay - move) < _SAME).all(axis=1)] = _HALF
    kinds[(move < _SAME).all(axis=1)] = _NOTHING
    kinds[(stay < _SAME).all(axis=1)] = _PI
    # A block's local gates are not unique at special parameters, so no sample speaks for them.
    kinds[[any(isinstance(factor, Local) for factor in run) for run in runs]] = _TWO_HALVES
    return kinds


def _layout(
    chains: Chains,
    entangler: str,
    chain_of: Sequence[Sequence[int]],
    kinds: NDArray[np.int_],
) -> tuple[tuple[Gate, ...], list[int]]:
    """The gates in time, and the row of each of their numbers in the table that `bind` makes."""
    n_runs, n_entanglers = len(kinds), len(chains.entanglers)
    gates: list[Gate] = []
    slots: list[int] = []
    seen = [0] * len(chain_of)

    def play(qubit: int) -> None:
        run = chain_of[qubit][seen[qubit]]
        for pulse, name in enumerate(_PULSES[int(kinds[run])]):
            gates.append(Gate(name, (qubit,)))
            slots.append(run + pulse * n_runs)
        seen[qubit] += 1

    for index, (qubits, _) in enumerate(chains.entanglers):
        for qubit in qubits:
            play(qubit)
        gates.append(Gate(entangler, qubits))
        angle = 2 * n_runs + index
        if entangler == "ms":
            slots.extend([angle + n_entanglers, angle + 2 * n_entanglers])
        slots.append(angle)
    for qubit in range(len(chain_of)):
        play(qubit)
    return tuple(gates), slots


def _wrapped(turns: Reals) -> Reals:
    """Turns to the same phase in [-½, ½]."""
    return turns - np.rint(turns)
