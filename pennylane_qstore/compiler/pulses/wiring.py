"""The schedule of a circuit's gates in time, and how each of their numbers is computed.

A number is a row of the table that parameters give (layout.py), plus a constant. Frames are carried
along each qubit; the constants include the frames of layers that no parameter moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.programs.program import Gate, Gates

Bits = NDArray[np.bool_]
Indices = NDArray[np.int_]
NOTHING, HALF, TWO_HALVES, PI = range(4)
_PULSES = ((), ("gpi2",), ("gpi2", "gpi2"), ("gpi",))
QUARTER_TURN, HALF_TURN = 0.25, 0.5


def always(amplitudes: NDArray[np.inexact]) -> NDArray[np.bool_]:
    """Return whether amplitudes are zero at all samples, which are the last axis."""
    found: NDArray[np.bool_] = (np.abs(amplitudes) < tolerances.LAYER_AMPLITUDE).all(axis=-1)
    return found


def pulses_needed(stay: Reals, move: Reals) -> NDArray[np.int_]:
    """Return how many pulses rotations U need, with a free frame before and after them.

    None where U is diagonal or antidiagonal, if an X is for free as well; one where |0⟩ goes to the
    equator of the Bloch sphere; else two.

    Args:
        stay: |U₀₀| at some samples, the last axis
        move: |U₁₀|
    """
    still = always(stay) | always(move)
    return np.where(still, 0, np.where(always(stay - move), 1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """How a circuit's layers and entanglers hang together.

    Attributes:
        entangler: "ms" or "zz"
        layers_of: for each qubit, its layers, which are numbered along the qubits
        qubits: the two of each entangler, in time
        fences: for each, how many entanglers come before it, and its qubits
        before: the layers that each entangler comes right after, shape (2, n_entanglers)
        slots: the timelines' slots of their angles
        signed: the entanglers whose angles parameters decide, but for the steady ones
        steady: those whose angles parameters decide, but never out of the API's range
        sizes: the entanglers' angles in turns without signs, zero where parameters decide
        negative: whether they are negative
    """

    entangler: str
    layers_of: tuple[range, ...]
    qubits: tuple[tuple[int, int], ...]
    fences: tuple[tuple[int, tuple[int, ...]], ...]
    before: Indices
    slots: Indices
    signed: Indices
    steady: Indices
    sizes: Reals
    negative: Bits


class Rows:
    """The table's rows, and what the lags in it are made of.

    Attributes:
        first: the phases of the moving layers' first pulses
        second: those of their second pulses, where they have two
        lag: minus the frames after the moving layers, qubit by qubit, as many for each of them
        turned: the phases of signed MS on their first qubits
        signed: the angles of the signed entanglers
        steady: those of the steady ones
        zero: a row of zeros
        count: how many rows there are
        place_of: each layer's place among the moving ones, -1 where it doesn't move
        two: the places of those with two pulses
        lags: how many qubits there are, and how many lags each of them has
        filled: the places whose frames make the lags; what fills up a qubit's is never used
        lag_of: which lag is that of each moving layer
        lag_turned: which lag comes before each signed MS on its first qubit
    """

    def __init__(self, wiring: Wiring, place_of: Indices, two: Indices) -> None:
        """Numbers the rows for the moving layers of a circuit."""
        self.place_of, self.two = place_of, two
        timelines = [[place for place in place_of[own] if place >= 0] for own in wiring.layers_of]
        n_moving, longest = sum(map(len, timelines)), max(map(len, timelines), default=0)
        self.lags = len(timelines), longest
        filled = [[*own, *[0] * (longest - len(own))] for own in timelines]
        self.filled = np.array(filled, dtype=int).reshape(-1)
        self.lag_of = np.zeros(n_moving, dtype=int)
        for qubit, own in enumerate(timelines):
            self.lag_of[own] = np.arange(len(own)) + qubit * longest
        ms = wiring.signed if wiring.entangler == "ms" else wiring.signed[:0]
        self.lag_turned = self.lag_of[place_of[wiring.before[0, ms]]]
        counts = (n_moving, len(two), len(self.filled), len(ms), len(wiring.signed))
        stops = np.cumsum([*counts, len(wiring.steady), 1]).tolist()
        rows = map(slice, [0, *stops[:-1]], stops)
        self.first, self.second, self.lag, self.turned, self.signed, self.steady, self.zero = rows
        self.count: int = stops[-1]


class Still(NamedTuple):
    """The Euler angles of the layers that nothing moves, in turns; of the others, anything.

    Attributes:
        ends: minus the phases of U₀₀ and U₁₀, shape (n_layers, 2)
        tilt: the angle with |U₁₀|/|U₀₀| as half its tangent, shape (n_layers,)
    """

    ends: Reals
    tilt: Reals


class Schedule(NamedTuple):
    """A circuit's gates.

    Attributes:
        gates: in time
        rows: the row of each of their numbers in the table
        constants: what is added to it, in turns
    """

    gates: Gates
    rows: Indices
    constants: Reals


class _Number(NamedTuple):
    row: int
    constant: float

    def plus(self, constant: float) -> "_Number":
        return _Number(self.row, self.constant + constant)


def schedule(wiring: Wiring, kinds: Sequence[int], rows: Rows, still: Still) -> Schedule:
    """Return the gates of a circuit in time.

    Args:
        wiring: of the circuit
        kinds: what each layer is
        rows: of the table
        still: the layers that nothing moves
    """
    before, after = _lags(wiring, kinds, rows, still)
    phases = _phases(kinds, rows, still, before)
    gates: list[Gate] = []
    numbers: list[_Number] = []
    waiting = [iter(own) for own in wiring.layers_of]

    def play(qubit: int) -> int:
        layer = next(waiting[qubit])
        gates.extend(Gate(name, (qubit,)) for name in _PULSES[kinds[layer]])
        numbers.extend(phases[layer])
        return layer

    turned, sizes = _turned(wiring, rows), _sizes(wiring, rows)
    fences: dict[int, list[int]] = {}
    for index, own in wiring.fences:
        fences.setdefault(index, []).extend(own)
    for index, qubits in enumerate(wiring.qubits):
        for qubit in fences.get(index, ()):
            play(qubit)
        lags = [after[play(qubit)] for qubit in qubits]
        gates.append(Gate(wiring.entangler, qubits))
        if wiring.entangler == "ms":
            first, other = lags
            if index in turned:
                first = _Number(turned[index], first.constant)
            elif wiring.negative[index]:
                first = first.plus(HALF_TURN)
            numbers += [first, other]
        numbers.append(sizes[index])
    for qubit in (*fences.get(len(wiring.qubits), ()), *range(len(waiting))):
        play(qubit)
    constants = np.array([number.constant for number in numbers])
    constants -= np.rint(constants)
    return Schedule(Gates(gates), np.array([n.row for n in numbers], dtype=int), constants)


def _phases(
    kinds: Sequence[int], rows: Rows, still: Still, before: dict[int, _Number]
) -> list[list[_Number]]:
    """Return the phases of each layer's pulses."""
    second = dict(zip(rows.two.tolist(), range(rows.second.start, rows.second.stop), strict=True))
    found = []
    for layer, (kind, place) in enumerate(zip(kinds, rows.place_of.tolist(), strict=True)):
        lag = before[layer]
        alone = 0.0 if kind == TWO_HALVES else QUARTER_TURN
        if place >= 0:
            first = _Number(rows.first.start + place, lag.constant + alone)
            other = _Number(second.get(place, 0), lag.constant - HALF_TURN)
        else:
            first = lag.plus(alone - still.ends[layer].sum())
            other = first.plus(-still.tilt[layer] - HALF_TURN)
        found.append([first, other][: len(_PULSES[kind])])
    return found


def _lags(
    wiring: Wiring, kinds: Sequence[int], rows: Rows, still: Still
) -> tuple[dict[int, _Number], dict[int, _Number]]:
    """Return minus the frames before and after each layer."""
    before, after = {}, {}
    for own in wiring.layers_of:
        lag = _Number(rows.zero.start, 0.0)
        for layer in own:
            before[layer], place = lag, int(rows.place_of[layer])
            if place >= 0:
                lag = _Number(rows.lag.start + int(rows.lag_of[place]), lag.constant)
            else:
                tilt = still.tilt[layer] if kinds[layer] == TWO_HALVES else 0.0
                drop = -2 * still.ends[layer, 0] - tilt
                lag = lag.plus(float(drop - np.rint(drop)))
            after[layer] = lag
    return before, after


def _turned(wiring: Wiring, rows: Rows) -> dict[int, int]:
    """Return the signed MS and their rows; none for ZZ."""
    own = range(rows.turned.start, rows.turned.stop)
    return dict(zip(wiring.signed.tolist(), own, strict=False))


def _sizes(wiring: Wiring, rows: Rows) -> list[_Number]:
    """Return the entanglers' angles."""
    sizes = [_Number(rows.zero.start, size) for size in wiring.sizes.tolist()]
    for places, own in ((wiring.signed, rows.signed), (wiring.steady, rows.steady)):
        for place, row in zip(places.tolist(), range(own.start, own.stop), strict=True):
            sizes[place] = _Number(row, 0.0)
    return sizes
