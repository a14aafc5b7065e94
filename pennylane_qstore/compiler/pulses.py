"""Chains to native programs: each run becomes as few pulses as its structure allows.

What a run takes is decided once, at generic parameters; it holds for special values as well. MS's
gauge (gauge.py) and frames of X (flips.py) make it less than what its unitary alone asks for.
"""

import threading
from collections.abc import Container, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from pennylane_qstore.compiler.chains import CLIFFORDS, Chains, Local
from pennylane_qstore.compiler.flips import End, Flips
from pennylane_qstore.compiler.folding import Folded, folded, is_odd
from pennylane_qstore.compiler.gauge import Choice, Gauge, choose, constants, gauge
from pennylane_qstore.compiler.kinds import always, pulses_needed
from pennylane_qstore.compiler.layout import Layout, Wiring, layout
from pennylane_qstore.compiler.parity import GROUND
from pennylane_qstore.compiler.products import ONE, Products, Quaternion, products, times
from pennylane_qstore.outcomes import BitMap
from pennylane_qstore.program import Gate, Programs

Reals = NDArray[np.float64]
# Patterns of pulses that are kept for a structure, and made for one batch.
_KEPT, _MOST = 256, 64
_X, _Z, _H = (CLIFFORDS[name] for name in "XZH")


class Group(NamedTuple):
    """Circuits of a batch that have the same pulses.

    Attributes:
        rows: which circuits, as indices into the batch
        programs: theirs, in that order
    """

    rows: NDArray[np.int64]
    programs: Programs


class Pulses:
    """A circuit's pulses, ready for parameters."""

    def __init__(
        self,
        slots: NDArray[np.int_],
        runs: Products,
        angles: Gauge,
        flips: Flips,
        wiring: Wiring,
        pulses: NDArray[np.int_],
        typical: NDArray[np.bool_],
    ) -> None:
        """Lays out the pulses that most circuits have.

        Args:
            slots: of the open entanglers' angles
            runs: the circuit's
            angles: to find in the runs
            flips: the runs' frames
            wiring: the circuit's
            pulses: how many each run takes
            typical: the open bits of the circuits to count the pulses of
        """
        self._slots, self._runs, self._gauge, self._flips = slots, runs, angles, flips
        self._wiring, self._pulses = wiring, pulses
        self._lock = threading.Lock()
        self._layouts: LRUCache[bytes, Layout] = LRUCache(_KEPT)
        self._first = self._layout(typical)

    def counts(self) -> tuple[int, int]:
        """Gates on two qubits, and on one, of a circuit whose parameters are small and positive."""
        return self._first.counts()

    def bind(self, angles: Reals, gates: Reals, meaning: BitMap | None = None) -> list[Group]:
        """Values to programs.

        Args:
            angles: what the chains' slots hold, shape (n_angles, batch)
            gates: what the chains' locals are, shape (n_locals, 4, batch)
            meaning: of the programs' bits, which goes with them

        Returns:
            the programs of all circuits, in groups that have the same pulses
        """
        product = self._runs.at(angles, gates)
        self._gauge.apply(product)
        fold = folded(angles[self._slots], self._wiring.entangler)
        bits = fold.negative if self._wiring.entangler == "zz" else fold.odd
        return [
            self._bound(rows, own, product, fold, bits, meaning) for rows, own in self._groups(bits)
        ]

    def _groups(self, bits: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], Layout]]:
        """Circuits with the same pulses."""
        everyone = np.arange(bits.shape[-1])
        cycles = self._flips.cycles
        if not cycles.size or not everyone.size:
            yield everyone, self._first
            return
        ways = np.packbits(is_odd(cycles @ bits), axis=0)
        if (ways == ways[:, :1]).all():
            yield everyone, self._known(ways[:, 0], bits[:, 0])
            return
        _, first, way_of = np.unique(ways, axis=1, return_index=True, return_inverse=True)
        if len(first) > _MOST:
            yield everyone, self._known(None, bits)
            return
        for way, row in enumerate(first.tolist()):
            rows = np.flatnonzero(way_of.reshape(-1) == way)
            yield rows, self._known(ways[:, row], bits[:, row])

    def _known(self, way: NDArray[np.uint8] | None, bits: NDArray[np.bool_]) -> Layout:
        """The pulses of circuits with some sums of open bits, or those that do for all."""
        key = b"" if way is None else way.tobytes()
        with self._lock:
            if key not in self._layouts:
                self._layouts[key] = self._layout(None if way is None else bits)
            return self._layouts[key]

    def _layout(self, bits: NDArray[np.bool_] | None) -> Layout:
        pattern = self._flips.universal() if bits is None else self._flips.pattern(bits)
        return layout(self._wiring, pattern, self._pulses)

    def _bound(
        self,
        rows: NDArray[np.int64],
        own: Layout,
        product: Reals,
        fold: Folded,
        bits: NDArray[np.bool_],
        meaning: BitMap | None,
    ) -> Group:
        if len(rows) < product.shape[-1]:
            product, bits = product[:, :, rows], bits[:, rows]
            fold = fold.of(rows)
        batch, qubits = len(rows), len(self._wiring.chain_of)
        pattern = own.pattern
        values = np.concatenate([bits, np.ones((1, batch))])
        flips = None
        if pattern.ends.any():
            flips = is_odd(pattern.ends @ values).T @ (1 << np.arange(qubits))
        if not own.gates:
            # IonQ fails an empty circuit: these two pulses cancel.
            idle = np.tile([0.0, 0.5], (batch, 1))
            pair = (Gate("gpi2", (0,)),) * 2
            return Group(rows, Programs("native", max(1, qubits), pair, idle, meaning, flips))
        frames = (is_odd(pattern.before @ values), is_odd(pattern.after @ values))
        numbers = own.numbers(product, frames, fold)
        return Group(rows, Programs("native", qubits, own.gates, numbers, meaning, flips))


def pulses(
    chains: Chains, entangler: str, samples: tuple[Reals, Reals], *, flips_free: bool = False
) -> Pulses:
    """Finds the pulses of a circuit.

    Args:
        chains: the circuit
        entangler: "ms" or "zz"
        samples: the chains' angles and locals at a few generic parameters
        flips_free: whether outcomes of a qubit may come out turned around, as the programs tell,
            where that saves a pulse
    """
    wiring, constant, slots = _wiring(chains, entangler)
    table = products([run for own in chains.runs for run in own])
    opaque = [any(isinstance(each, Local) for each in run) for own in chains.runs for run in own]
    runs, needed, angles = _fewest(table, wiring, samples, np.array(opaque, dtype=bool))
    value = runs.at(*samples)
    angles.apply(value)
    antidiagonal = always(np.hypot(value[:, 0], value[:, 3]))
    still = {run: bool(antidiagonal[run]) for run in np.flatnonzero(needed == 0).tolist()}
    flips = Flips(
        _ends(wiring, constant, still if flips_free else ()),
        still,
        [own[-1] for own in wiring.chain_of],
        len(slots),
    )
    before = _powers(_X, flips.before)
    if entangler == "zz":  # a half turn is a Z on both qubits
        odd = np.zeros(len(needed), dtype=bool)
        odd[wiring.before + 1] = constant.odd
        before = _in_turn(before, _powers(_Z, odd))
    runs = runs.between(before, _powers(_X, flips.after))
    typical = (samples[0][slots, 0] < 0) & (entangler == "zz")
    return Pulses(slots, runs, angles, flips, wiring, needed, typical)


def _wiring(chains: Chains, entangler: str) -> tuple[Wiring, Folded, NDArray[np.int_]]:
    """How a circuit hangs together, its constant entanglers' angles, and the open ones' slots.

    The open ones count as angles of zero.
    """
    stops = list(accumulate(map(len, chains.runs), initial=0))
    chain_of = tuple(range(*ends) for ends in pairwise(stops))
    waiting = [iter(own) for own in chain_of]
    qubits = tuple(entangler.qubits for entangler in chains.entanglers)
    before = np.array([[next(waiting[qubit]) for qubit in pair] for pair in qubits], dtype=int)
    angles = [chains.angles[slot] for _, slot in chains.entanglers]
    is_open = [angle is None or not angle.is_constant for angle in angles]
    fixed = [0.0 if angle is None else angle.const for angle in angles]
    constant = folded(np.where(is_open, 0.0, fixed), entangler)
    open_ = np.flatnonzero(is_open)
    slots = np.array([slot for _, slot in chains.entanglers], dtype=int)[open_]
    wiring = Wiring(
        entangler,
        chain_of,
        qubits,
        before.reshape(-1, 2).T,
        open_,
        constant.size[:, None],
        constant.negative[:, None],
    )
    return wiring, constant, slots


def _fewest(
    table: Products, wiring: Wiring, samples: tuple[Reals, Reals], opaque: NDArray[np.bool_]
) -> tuple[Products, NDArray[np.int_], Gauge]:
    """The runs as the entangler and its gauge make them, how many pulses each takes, and the gauge.

    Frames of X are not counted.
    """
    everywhere = np.zeros(len(opaque), dtype=int)
    if wiring.entangler == "zz":
        value = table.at(*samples)
        stay, move = np.hypot(value[:, 0], value[:, 3]), np.hypot(value[:, 1], value[:, 2])
        needed = np.where(opaque, 2, pulses_needed(stay, move))
        return table, needed, gauge(Choice(needed, everywhere, everywhere))
    # exp(-iθ/2 Z⊗Z) = (H⊗H) exp(-iθ/2 X⊗X) (H⊗H)
    inner_end, inner_start = everywhere > 0, everywhere > 0
    inner_end[wiring.before] = inner_start[wiring.before + 1] = True
    turned = table.between(_powers(_H, inner_start), _powers(_H, inner_end))
    choice = choose(turned.at(*samples), wiring.chain_of, opaque)
    before, after = (
        np.stack([np.cos(angles / 2), sign * np.sin(angles / 2), *np.zeros((2, len(angles)))], -1)
        for sign, angles in ((-1, constants(choice.before)), (1, constants(choice.after)))
    )
    return turned.between(before, after), choice.pulses, gauge(choice)


def _ends(wiring: Wiring, constant: Folded, loose: Container[int]) -> list[tuple[End, End]]:
    """The frames at the ends of each run.

    Args:
        wiring: of the circuit
        constant: the constant entanglers' angles
        loose: the runs that, where they are a qubit's last ones, may leave any frame
    """
    before = [End(GROUND)] * wiring.chain_of[-1].stop if wiring.chain_of else []
    after = before.copy()
    masks = {int(index): 1 << place for place, index in enumerate(wiring.open)}
    for index, runs in enumerate(wiring.before.T.tolist()):
        mask = masks.get(index, 0)
        for place, run in enumerate(runs):
            if wiring.entangler == "zz":  # the qubits' frames differ where the angle is negative
                negative = bool(constant.negative[index])
                end = End(index, negative, mask) if place else End(index)
                after[run], before[run + 1] = end, end
            else:  # a half turn is an X on both qubits
                node = 2 * index + place
                after[run] = End(node)
                before[run + 1] = End(node, bool(constant.odd[index]), mask)
    free = 2 * len(wiring.qubits)
    for qubit, own in enumerate(wiring.chain_of):
        if own[-1] in loose:
            after[own[-1]] = End(free + qubit)
    return list(zip(before, after, strict=True))


def _powers(quaternion: Quaternion, where: NDArray[np.bool_]) -> Reals:
    """A rotation where it is asked for, and nothing elsewhere; shape (n, 4)."""
    return np.where(where[:, None], quaternion, ONE)


def _in_turn(first: Reals, second: Reals) -> Reals:
    """Rotations (n, 4) one after another."""
    w, x, y, z = first.T
    return np.stack(times(tuple(second.T), (w, x, y, z)), axis=-1)
