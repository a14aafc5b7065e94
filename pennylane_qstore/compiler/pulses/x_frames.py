"""Pauli-X frames: π pulses that are carried along instead of being played.

The gates before a layer may leave an X on its qubit. A layer with pulses absorbs it or leaves
another. A layer without pulses passes it on, or takes a GPi; so does the end of the circuit. An X
on one qubit changes the sign of a ZZ's angle, and passes through MS unchanged; an odd number of
half turns of MS leaves an X on both qubits.

So every end of a layer has a bit, the layers without pulses and the circuit's ends link these bits,
and each broken link is a pulse (parity_constraints.py). The signs of angles that depend on
parameters are open bits: along a spanning forest all other bits follow from them, for each circuit
of a batch. Only where links form a cycle do the pulses differ between circuits.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.pulses.angle_range import is_odd
from pennylane_qstore.compiler.pulses.parity_constraints import (
    GROUND,
    Link,
    fewest_broken,
    is_broken,
    tree,
)

Bits = NDArray[np.bool_]


class FrameEnd(NamedTuple):
    """The frame before or after a layer: a node's bit, with others added to it.

    Attributes:
        node: the node, or GROUND, whose bit is 0
        odd: whether a constant 1 is added
        mask: of the open bits that are added
    """

    node: int
    odd: bool = False
    mask: int = 0


class FramePattern(NamedTuple):
    """Which layers take a GPi or two pulses more, and everybody's frames.

    Frames are given as a matrix for the open bits and, in its last column, a 1.

    Attributes:
        flipped: the layers that take a GPi though they would take nothing
        opened: the layers that take two pulses so that all frames are possible
        layers: those whose frames may be set
        before: the frames before them, (n, n_open + 1)
        after: the frames after them
        ends: the frames at the end of each qubit, (n_qubits, n_open + 1)
    """

    flipped: tuple[int, ...]
    opened: tuple[int, ...]
    layers: NDArray[np.int_]
    before: Reals
    after: Reals
    ends: Reals

    def at(self, bits: Bits) -> "Frames":
        """Return the frames of circuits with some open bits, shape (n_open, batch)."""
        batch = bits.shape[-1]
        if not len(self.layers) and not self.ends.any():
            nobody = np.zeros((0, batch), dtype=bool)
            return Frames(nobody, nobody, None)
        values = np.concatenate([bits, np.ones((1, batch))])
        before, after, ends = (is_odd(m @ values) for m in (self.before, self.after, self.ends))
        masks = ends.T @ (1 << np.arange(len(ends)))
        return Frames(before, after, masks if self.ends.any() else None)


class Frames(NamedTuple):
    """The frames of some circuits.

    Attributes:
        before: those before the pattern's layers, shape (n, batch)
        after: those after them
        ends: the qubits of each circuit that end with one, as integers of shape (batch,); None
            where there are none
    """

    before: Bits
    after: Bits
    ends: NDArray[np.int64] | None


class XFrames:
    """The frames of a circuit's layers.

    Attributes:
        before: the frames before the layers where no open bit is set, for the layers to take in
        after: the frames after them
        cycles: the sums of open bits, (n, n_open), that decide which pattern a circuit has
    """

    def __init__(
        self,
        ends: Sequence[tuple[FrameEnd, FrameEnd]],
        still: dict[int, bool],
        last: Sequence[int],
        n_open: int,
        *,
        carried: bool = True,
    ) -> None:
        """Finds the frames that cost the fewest pulses.

        Args:
            ends: of each layer
            still: the layers that take no pulse, and whether they are an X up to a frame
            last: each qubit's last layer
            n_open: how many open bits there are
            carried: whether frames are carried where that saves pulses, or none at all
        """
        self._ends, self._last, self._n_open = ends, last, n_open
        self._nodes = 1 + max((end.node for pair in ends for end in pair), default=GROUND)
        self._runs = list(still)
        links = [_link(*ends[layer], odd) for layer, odd in still.items()]
        bits = fewest_broken(self._nodes, links) if carried else [0] * (self._nodes + 1)
        self.before = np.array([bits[end.node] != end.odd for end, _ in ends], dtype=bool)
        self.after = np.array([bits[end.node] != end.odd for _, end in ends], dtype=bool)
        # From here on, bits are relative to these.
        self._links = [link._replace(odd=is_broken(link, bits)) for link in links]
        self._masks = [mask for _, mask in tree(self._nodes, self._links)]
        sums = [
            self._masks[link.ends[0]] ^ self._masks[link.ends[1]] ^ link.mask
            for link in self._links
        ]
        self._closing = [layer for layer, total in zip(self._runs, sums, strict=True) if total]
        self._sums = sorted({total for total in sums if total})
        self.cycles = _rows(self._sums, n_open)

    def pattern(self, bits: Bits) -> FramePattern:
        """Return pulses and frames of all circuits that share this one's cycles.

        Args:
            bits: one circuit's open bits
        """
        mine = sum(1 << int(place) for place in np.flatnonzero(bits))
        along = [_parity(mask & mine) for mask in self._masks]
        links = [link._replace(odd=link.odd != _parity(link.mask & mine)) for link in self._links]
        found = fewest_broken(self._nodes, links) if self._turned(mine) else along
        broken = [r for r, link in zip(self._runs, links, strict=True) if is_broken(link, found)]
        shifts = [(a ^ b) << self._n_open for a, b in zip(found, along, strict=True)]
        return self._with(broken, (), shifts)

    def _turned(self, mine: int) -> bool:
        """Return whether open bits change what some cycle of links asks for."""
        return any(_parity(total & mine) for total in self._sums)

    def universal(self) -> FramePattern:
        """Return pulses and frames that serve all circuits, with a few pulses more."""
        closing = set(self._closing)
        broken = [
            layer
            for layer, link in zip(self._runs, self._links, strict=True)
            if link.odd and layer not in closing
        ]
        return self._with(broken, self._closing, [0] * (self._nodes + 1))

    def _with(
        self, flipped: Iterable[int], opened: Iterable[int], shifts: list[int]
    ) -> FramePattern:
        at = [mask ^ shift for mask, shift in zip(self._masks, shifts, strict=True)]
        before = [at[end.node] ^ end.mask for end, _ in self._ends]
        after = [at[end.node] ^ end.mask for _, end in self._ends]
        layers = [
            layer for layer, masks in enumerate(zip(before, after, strict=True)) if any(masks)
        ]
        columns = self._n_open + 1
        ends = [after[layer] ^ (int(self.after[layer]) << self._n_open) for layer in self._last]
        return FramePattern(
            tuple(flipped),
            tuple(opened),
            np.array(layers, dtype=int),
            _rows([before[layer] for layer in layers], columns),
            _rows([after[layer] for layer in layers], columns),
            _rows(ends, columns),
        )


def _link(before: FrameEnd, after: FrameEnd, odd: bool) -> Link:
    """Return the link between the frames at the ends of a layer without pulses."""
    return Link(
        (before.node, after.node), (before.odd != after.odd) != odd, before.mask ^ after.mask
    )


def _rows(masks: Iterable[int], columns: int) -> Reals:
    """Return masks as rows of zeros and ones."""
    size = columns // 8 + 1
    data = bytearray().join(mask.to_bytes(size, "little") for mask in masks)
    table = np.array(data, dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(table, axis=1, bitorder="little", count=columns).astype(float)


def _parity(mask: int) -> int:
    return mask.bit_count() & 1
