"""Native programs as arrays: many circuits of one structure, and their JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.programs.decimals import PLACE, UNITS, DecimalText
from pennylane_qstore.programs.outcomes import BitMap

# How a gate is written, with a place for each of its numbers.
# API v0.4: phases and angles of native gates in turns, rotations of QIS gates in radians.
_TURNS = f"0.{PLACE}"
_FORMS = {
    "gpi": f'{{{{"gate":"gpi","target":{{0}},"phase":{_TURNS}}}}}',
    "gpi2": f'{{{{"gate":"gpi2","target":{{0}},"phase":{_TURNS}}}}}',
    "ms": f'{{{{"gate":"ms","targets":[{{0}},{{1}}],"phases":[{_TURNS},{_TURNS}],'
    f'"angle":{_TURNS}}}}}',
    "zz": f'{{{{"gate":"zz","targets":[{{0}},{{1}}],"angle":{_TURNS}}}}}',
}
_QIS_FORMS = {
    **{
        name: f'{{{{"gate":"{name}","target":{{0}}}}}}'
        for name in ("x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi")
    },
    **{
        name: f'{{{{"gate":"{name}","target":{{0}},"rotation":%s}}}}' for name in ("rx", "ry", "rz")
    },
    **{
        name: f'{{{{"gate":"{name}","targets":[{{0}},{{1}}],"rotation":%s}}}}'
        for name in ("xx", "yy", "zz")
    },
    "cnot": '{{"gate":"cnot","control":{0},"target":{1}}}',
    "cz": '{{"gate":"z","control":{0},"target":{1}}}',
    "swap": '{{"gate":"swap","targets":[{0},{1}]}}',
}
FORMS = {"native": _FORMS, "qis": _QIS_FORMS}
# What the API takes, in turns; the rotations of QIS gates only have to be finite.
_PHASE, _ANGLE = (-1.0, 1.0), (0.0, 0.25)
_ROTATION = (float(np.finfo(float).min), float(np.finfo(float).max))
_Ranges = dict[str, tuple[tuple[float, float], ...]]
_NATIVE_RANGES: _Ranges = {
    "gpi": (_PHASE,),
    "gpi2": (_PHASE,),
    "ms": (_PHASE, _PHASE, _ANGLE),
    "zz": (_ANGLE,),
}
_QIS_RANGES: _Ranges = dict.fromkeys(("rx", "ry", "rz", "xx", "yy", "zz"), (_ROTATION,))
_RANGES = {"native": _NATIVE_RANGES, "qis": _QIS_RANGES}


class Gate(NamedTuple):
    """A gate's name and the qubits it acts on; its numbers stand in the programs' array."""

    name: str
    qubits: tuple[int, ...]


class Gates(tuple[Gate, ...]):
    """A circuit's gates in the order of time, with a cached hash for use as a cache key."""

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = super().__hash__()
            return self._hash


class Refused(NamedTuple):
    """A number that the API doesn't take.

    Attributes:
        row: the circuit, as an index into the batch
        what: the gate, its place, the number and what it should be
    """

    row: int
    what: str


@dataclass(frozen=True, slots=True)
class Programs:
    """Many circuits of one structure.

    Attributes:
        gateset: "native" or "qis"
        qubits: how many qubits a circuit has
        gates: the structure, in the order of time
        numbers: every gate's numbers in the order of ``gates``, shape (batch, n_slots):
            turns for native gates, radians for QIS gates
        bits: the map from the measured bits to the tape's; None where they are the same
        flips: the qubits of each circuit whose outcomes are flipped, as integers of shape
            (batch,); None where none are
    """

    gateset: str
    qubits: int
    gates: tuple[Gate, ...]
    numbers: NDArray[np.float64]
    bits: BitMap | None = None
    flips: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        gates = self.gates if isinstance(self.gates, Gates) else Gates(self.gates)
        object.__setattr__(self, "gates", gates)
        if self.numbers.shape != (len(self.numbers), _skeleton(self.gateset, gates).slots):
            raise ValueError(f"numbers of shape {self.numbers.shape} don't fit {self.gates}")

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, row: int) -> "Programs":
        """Return one of the circuits, as a batch of one."""
        return self.rows([row])

    def rows(self, rows: Sequence[int]) -> "Programs":
        """Return some of the circuits, in that order."""
        picked = list(rows)
        flips = None if self.flips is None else self.flips[picked]
        return replace(self, numbers=self.numbers[picked], flips=flips)

    def bodies(self) -> list[str]:
        """Return each circuit's gates as the JSON text of the API's ``circuit`` field.

        Turns of native gates are written with 16 decimals, modulo one turn; the rotations of QIS
        gates so that they read back as the same floats.
        """
        form = _skeleton(self.gateset, self.gates).text
        if self.gateset == "native":
            # A phase is as good as any other that is whole turns away from it.
            units = np.rint(self.numbers * UNITS).astype(np.int64)
            units -= units // UNITS * UNITS  # faster than the remainder
            return form.filled(units)
        return [form.text % tuple(map(repr, row)) for row in self.numbers.tolist()]

    def bits_of(self, row: int) -> BitMap | None:
        """Return one circuit's map of bits; None where the measured bits are the tape's."""
        flips = 0 if self.flips is None else int(self.flips[row])
        if not flips:
            return self.bits
        own = self.bits or BitMap(tuple(1 << qubit for qubit in range(self.qubits)))
        return own.after(flips)

    def refused(self) -> Refused | None:
        """Return the first number that is out of the API's range or not finite; None if none is."""
        low, high = _skeleton(self.gateset, self.gates).limits
        fits = (self.numbers >= low) & (self.numbers <= high)  # which a NaN doesn't
        if fits.all():
            return None
        row, slot = (int(index) for index in np.argwhere(~fits)[0])
        ranges = _RANGES[self.gateset]
        places = [i for i, gate in enumerate(self.gates) for _ in ranges.get(gate.name, ())]
        name, qubits = self.gates[places[slot]]
        value = float(self.numbers[row, slot])
        within = f"in [{low[slot]:g}, {high[slot]:g}]" if self.gateset == "native" else "finite"
        return Refused(
            row,
            f"gate {places[slot]}, {name} on {list(qubits)}, has {value!r}; the API takes what is "
            f"{within}",
        )

    def gate_counts(self) -> dict[str, int]:
        """Return one circuit's numbers of gates as the API counts them: {"1q": …, "2q": …}."""
        pairs = _skeleton(self.gateset, self.gates).pairs
        return {"1q": len(self.gates) - pairs, "2q": pairs}

    def depth(self) -> int:
        """Return the largest number of gates of one circuit that follow one another."""
        busy = [0] * self.qubits
        for gate in self.gates:
            end = 1 + max(busy[qubit] for qubit in gate.qubits)
            for qubit in gate.qubits:
                busy[qubit] = end
        return max(busy)

    def circuits(self) -> list[list[dict[str, object]]]:
        """Return each circuit's gates as Python values, as the API would read them."""
        return [json.loads(body) for body in self.bodies()]


class _Skeleton(NamedTuple):
    """The JSON text, the limits and the gate count of a structure, without its numbers.

    Attributes:
        text: JSON with a place for each number
        slots: how many numbers there are
        limits: the lowest and the highest value of each number, shape (2, n_slots)
        pairs: how many gates are on two qubits
    """

    text: DecimalText
    slots: int
    limits: NDArray[np.float64]
    pairs: int


@lru_cache(maxsize=512)
def _skeleton(gateset: str, gates: Gates) -> _Skeleton:
    forms, ranges = FORMS[gateset], _RANGES[gateset]
    text = ",".join(forms[gate.name].format(*gate.qubits) for gate in gates)
    limits = np.array([limit for gate in gates for limit in ranges.get(gate.name, ())])
    return _Skeleton(
        DecimalText(f"[{text}]"),
        text.count("%"),
        limits.reshape(-1, 2).T,
        sum(len(gate.qubits) > 1 for gate in gates),
    )
