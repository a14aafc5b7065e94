"""Compile qubit timelines to native programs with as few pulses as the structure allows.

Pulse counts are decided once, at generic parameters, and hold for special values as well. MS's
gauge (ms_gauge.py) and Pauli-X frames (x_frames.py) make them lower than a layer alone would need.
"""

import threading
from collections.abc import Container, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.circuit.passes import ALL_PASSES, Passes
from pennylane_qstore.compiler.circuit.quaternions import ONE, Quaternion, composed, magnitudes
from pennylane_qstore.compiler.pulses.angle_range import MOST, TURN, Folded, folded, is_odd
from pennylane_qstore.compiler.pulses.layout import Entangling, Layout
from pennylane_qstore.compiler.pulses.ms_gauge import Choice, Gauge, choose, constants, gauge
from pennylane_qstore.compiler.pulses.parity_constraints import GROUND
from pennylane_qstore.compiler.pulses.products import Products, products
from pennylane_qstore.compiler.pulses.timelines import CLIFFORDS, BoundGate, Timelines
from pennylane_qstore.compiler.pulses.wiring import Wiring, always, pulses_needed
from pennylane_qstore.compiler.pulses.x_frames import FrameEnd, XFrames
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Gate, Gates, Programs

# Patterns of pulses that are kept for a structure, and made for one batch.
_KEPT, _AT_ONCE = 256, 64
_X, _Z, _H = (CLIFFORDS[name] for name in "XZH")


class ProgramGroup(NamedTuple):
    """Circuits of a batch that have the same pulses.

    Attributes:
        rows: which circuits, as indices into the batch
        programs: theirs, in that order
    """

    rows: NDArray[np.int64]
    programs: Programs


class Pulses:
    """A circuit's pulses, ready for parameters.

    Attributes:
        slots: the timelines' angles that they are made of, in the order that `bind` takes them
    """

    def __init__(
        self,
        layers: Products,
        angles: Gauge,
        x_frames: XFrames,
        wiring: Wiring,
        pulses: NDArray[np.int_],
        samples: tuple[Reals, Reals],
    ) -> None:
        """Lays out the pulses that most circuits have.

        Args:
            layers: the circuit's
            angles: to find in the layers
            x_frames: the layers' frames
            wiring: the circuit's
            pulses: how many each layer takes
            samples: all the timelines' angles, and locals, at a few generic parameters
        """
        is_moving = ~layers.is_constant
        is_moving[angles.layers] = True
        if len(wiring.signed):  # their signs decide about the frames of any layer
            is_moving[:] = True
        self._moving = layers.in_groups(is_moving)
        self._layers, self._gauge = (
            layers.only(self._moving),
            angles.among(self._moving, len(pulses)),
        )
        self._still = layers.at(*samples)[..., 0]
        self._x_frames, self._wiring, self._pulses = x_frames, wiring, pulses
        turning, signed = self._layers.turning, wiring.slots[wiring.signed]
        self.slots = np.concatenate([turning, signed, wiring.slots[wiring.steady]])
        cuts = [0, len(turning), len(turning) + len(signed), len(self.slots)]
        self._parts = [slice(*own) for own in pairwise(cuts)]
        self._lock = threading.Lock()
        self._layouts: LRUCache[bytes, Layout] = LRUCache(_KEPT)
        self._first = self._layout((samples[0][signed, 0] < 0) & (wiring.entangler == "zz"))

    def counts(self) -> tuple[int, int]:
        """Return gates on two qubits, and on one, of a circuit with small positive parameters."""
        return self._first.counts()

    def bind(
        self, angles: Reals, gates: Reals, meaning: BitMap | None = None
    ) -> list[ProgramGroup]:
        """Values to programs.

        Args:
            angles: what the slots hold, shape (n_slots, batch)
            gates: what the timelines' locals are, shape (n_locals, 4, batch)
            meaning: of the programs' bits, which goes with them

        Returns:
            the programs of all circuits, in groups that have the same pulses
        """
        turning, signed, steady = (angles[own] for own in self._parts)
        product = self._layers.turned(turning, gates)
        if self._gauge.count:
            self._gauge.apply(product)
        no_bits = signed.astype(bool)
        fold = Folded(no_bits, no_bits, signed)
        if signed.size:
            fold = folded(signed, self._wiring.entangler)
        open_ = Entangling(fold, np.minimum(steady / TURN, MOST))
        bits = fold.negative if self._wiring.entangler == "zz" else fold.odd
        return [
            self._bound(rows, own, product, open_, bits, meaning)
            for rows, own in self._groups(bits)
        ]

    def _groups(self, bits: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], Layout]]:
        """Yield circuits with the same pulses."""
        everyone = np.arange(bits.shape[-1])
        cycles = self._x_frames.cycles
        if not cycles.size or not everyone.size:
            yield everyone, self._first
            return
        ways = np.packbits(is_odd(cycles @ bits), axis=0)
        if (ways == ways[:, :1]).all():
            yield everyone, self._remembered(ways[:, 0], bits[:, 0])
            return
        _, first, way_of = np.unique(ways, axis=1, return_index=True, return_inverse=True)
        if len(first) > _AT_ONCE:
            yield everyone, self._remembered(None, bits)
            return
        for way, row in enumerate(first.tolist()):
            rows = np.flatnonzero(way_of.reshape(-1) == way)
            yield rows, self._remembered(ways[:, row], bits[:, row])

    def _remembered(self, way: NDArray[np.uint8] | None, bits: NDArray[np.bool_]) -> Layout:
        """Return the remembered pulses for some sums of open bits, or those for all."""
        key = b"" if way is None else way.tobytes()
        with self._lock:
            if key not in self._layouts:
                self._layouts[key] = self._layout(None if way is None else bits)
            return self._layouts[key]

    def _layout(self, bits: NDArray[np.bool_] | None) -> Layout:
        pattern = self._x_frames.universal() if bits is None else self._x_frames.pattern(bits)
        return Layout(self._wiring, pattern, self._pulses, self._moving, self._still)

    def _bound(
        self,
        rows: NDArray[np.int64],
        own: Layout,
        product: Reals,
        open_: Entangling,
        bits: NDArray[np.bool_],
        meaning: BitMap | None,
    ) -> ProgramGroup:
        if len(rows) < product.shape[-1]:
            product, bits, open_ = product[:, :, rows], bits[:, rows], open_.of(rows)
        batch, qubits = len(rows), len(self._wiring.layers_of)
        frames = own.pattern.at(bits)
        if not own.gates:
            # IonQ fails an empty circuit: these two pulses cancel.
            gates = Gates((Gate("gpi2", (0,)),) * 2)
            numbers = np.tile([0.0, 0.5], (batch, 1))
        else:
            gates, numbers = own.gates, own.numbers(product, frames, open_)
        found = Programs("native", max(1, qubits), gates, numbers, meaning, frames.ends)
        return ProgramGroup(rows, found)


def pulses(
    timelines: Timelines,
    entangler: str,
    samples: tuple[Reals, Reals],
    *,
    frames_free: bool = False,
    passes: Passes = ALL_PASSES,
) -> Pulses:
    """Return the pulses of a circuit.

    Args:
        timelines: the circuit
        entangler: "ms" or "zz"
        samples: the timelines' angles and locals at a few generic parameters
        frames_free: whether outcomes of a qubit may come out turned around, as the programs tell,
            where that saves a pulse
        passes: those that run
    """
    wiring, constant = _wiring(timelines, entangler)
    table = products([layer for own in timelines.layers for layer in own])
    opaque = [
        any(isinstance(each, BoundGate) for each in layer)
        for own in timelines.layers
        for layer in own
    ]
    layers, needed, angles = _fewest(table, wiring, samples, np.array(opaque, dtype=bool), passes)
    value = layers.at(*samples)
    angles.apply(value)
    antidiagonal = always(magnitudes(value)[0])
    still = {layer: bool(antidiagonal[layer]) for layer in np.flatnonzero(needed == 0).tolist()}
    x_frames = XFrames(
        _ends(wiring, constant, still if frames_free else ()),
        still,
        [own[-1] for own in wiring.layers_of],
        len(wiring.signed),
        carried=passes.x_frames,
    )
    before = _powers(_X, x_frames.before)
    if entangler == "zz":  # a half turn is a Z on both qubits
        odd = np.zeros(len(needed), dtype=bool)
        odd[wiring.before + 1] = constant.odd
        before = composed(_powers(_Z, odd), before)
    layers = layers.between(before, _powers(_X, x_frames.after))
    return Pulses(layers, angles, x_frames, wiring, needed, samples)


def _wiring(timelines: Timelines, entangler: str) -> tuple[Wiring, Folded]:
    """Return a circuit's wiring, and its constant entanglers' angles; open ones are zero."""
    stops = list(accumulate(map(len, timelines.layers), initial=0))
    layers_of = tuple(range(*ends) for ends in pairwise(stops))
    waiting = [iter(own) for own in layers_of]
    qubits = tuple(entangler.qubits for entangler in timelines.entanglers)
    fences = tuple(timelines.fences)
    before = np.array(_before(qubits, fences, waiting), dtype=int)
    slots = np.array([slot for _, slot in timelines.entanglers], dtype=int)
    angles = [timelines.angles[slot] for slot in slots]
    is_open = np.array([angle is None or not angle.is_constant for angle in angles], dtype=bool)
    is_steady = np.array([slot in timelines.steady for slot in slots.tolist()], dtype=bool)
    fixed = [0.0 if angle is None else angle.const for angle in angles]
    constant = folded(np.where(is_open, 0.0, fixed), entangler)
    wiring = Wiring(
        entangler,
        layers_of,
        qubits,
        fences,
        before.reshape(-1, 2).T,
        slots,
        np.flatnonzero(is_open & ~is_steady),
        np.flatnonzero(is_steady),
        constant.size,
        constant.negative,
    )
    return wiring, constant


def _before(
    qubits: Sequence[tuple[int, int]],
    fences: Sequence[tuple[int, tuple[int, ...]]],
    waiting: Sequence[Iterator[int]],
) -> list[list[int]]:
    """Return the layers that each entangler comes right after; a fence ends a layer as well."""
    found = []
    for index, pair in enumerate(qubits):
        for at, own in fences:
            if at == index:
                for qubit in own:
                    next(waiting[qubit])
        found.append([next(waiting[qubit]) for qubit in pair])
    return found


def _sections(wiring: Wiring) -> list[list[int]]:
    """Return each qubit's layers, cut where no entangler is between two of them."""
    entangled = set(wiring.before.reshape(-1).tolist())
    sections: list[list[int]] = []
    for own in wiring.layers_of:
        sections.append([])
        for layer in own:
            sections[-1].append(layer)
            if layer not in entangled and layer != own[-1]:
                sections.append([])
    return sections


def _fewest(
    table: Products,
    wiring: Wiring,
    samples: tuple[Reals, Reals],
    opaque: NDArray[np.bool_],
    passes: Passes,
) -> tuple[Products, NDArray[np.int_], Gauge]:
    """Return the layers with the entangler's gauge, their numbers of pulses, and the gauge.

    Pauli-X frames are not counted.
    """
    everywhere = np.zeros(len(opaque), dtype=int)
    if wiring.entangler == "ms":
        # exp(-iθ/2 Z⊗Z) = (H⊗H) exp(-iθ/2 X⊗X) (H⊗H)
        inner_end, inner_start = everywhere > 0, everywhere > 0
        inner_end[wiring.before] = inner_start[wiring.before + 1] = True
        table = table.between(_powers(_H, inner_start), _powers(_H, inner_end))
    if wiring.entangler == "zz" or not passes.ms_gauge:
        value = table.at(*samples)
        needed = np.where(opaque, 2, pulses_needed(*magnitudes(value)))
        return table, needed, gauge(Choice(needed, everywhere, everywhere))
    choice = choose(table.at(*samples), _sections(wiring), opaque)
    before, after = (
        np.stack([np.cos(angles / 2), sign * np.sin(angles / 2), *np.zeros((2, len(angles)))], -1)
        for sign, angles in ((-1, constants(choice.before)), (1, constants(choice.after)))
    )
    return table.between(before, after), choice.pulses, gauge(choice)


def _ends(
    wiring: Wiring, constant: Folded, loose: Container[int]
) -> list[tuple[FrameEnd, FrameEnd]]:
    """Return the frames at the ends of each layer.

    Args:
        wiring: of the circuit
        constant: the constant entanglers' angles
        loose: the layers that, where they are a qubit's last ones, may leave any frame
    """
    before = [FrameEnd(GROUND)] * wiring.layers_of[-1].stop if wiring.layers_of else []
    after = before.copy()
    masks = {int(index): 1 << place for place, index in enumerate(wiring.signed)}
    for index, layers in enumerate(wiring.before.T.tolist()):
        mask = masks.get(index, 0)
        for place, layer in enumerate(layers):
            if wiring.entangler == "zz":  # the qubits' frames differ where the angle is negative
                negative = bool(constant.negative[index])
                end = FrameEnd(index, negative, mask) if place else FrameEnd(index)
                after[layer], before[layer + 1] = end, end
            else:  # a half turn is an X on both qubits
                node = 2 * index + place
                after[layer] = FrameEnd(node)
                before[layer + 1] = FrameEnd(node, bool(constant.odd[index]), mask)
    free = 2 * len(wiring.qubits)
    for qubit, own in enumerate(wiring.layers_of):
        if own[-1] in loose:
            after[own[-1]] = FrameEnd(free + qubit)
    return list(zip(before, after, strict=True))


def _powers(quaternion: Quaternion, where: NDArray[np.bool_]) -> Reals:
    """Return a rotation where a flag is set, and the identity elsewhere; shape (n, 4)."""
    return np.where(where[:, None], quaternion, ONE)
