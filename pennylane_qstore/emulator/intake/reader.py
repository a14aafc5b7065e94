"""Reads circuits from JSON into structures, each once, and arrays of parameters.

A training job holds one circuit hundreds of times with other angles. Their common part is read
once: gates are cached by their names and qubits, structures by their gates.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.intake.fields import check_fields
from pennylane_qstore.emulator.simulation.circuit import (
    Circuit,
    CircuitGroup,
    GateShape,
    MalformedError,
    Structure,
)
from pennylane_qstore.emulator.simulation.gates import GATESETS, Kind, kind_of

# A larger double doesn't resolve an angle modulo a turn.
LARGEST_NUMBER = 1e9
# Most gates and structures of the catalogue, and most gates of a structure in it.
MOST_GATES, MOST_STRUCTURES, LONGEST = 50_000, 256, 2_000
# Number of fields of a gate with a name, its targets, and one parameter.
FEWEST_FIELDS = 3
_Shape = tuple[str, tuple[int, ...], int | None]


class Catalogue:
    """Gates and structures read so far: a training sends the same ones again and again.

    Attributes:
        numbers: number of each gate, by its name, qubits and spelling
        gates: gate of each number
        structures: structure by the numbers of its gates
    """

    def __init__(self) -> None:
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.gates: dict[int, GateShape] = {}
        self.structures: dict[_Shape, Structure] = {}
        self._next = count()

    @classmethod
    def current(cls) -> "Catalogue":
        """Return this process's catalogue; a full one is replaced, readers at work keep theirs."""
        found = _current[0]
        if len(found.gates) > MOST_GATES or len(found.structures) > MOST_STRUCTURES:
            found = _current[0] = cls()
        return found

    def add(self, key: tuple[Any, ...], gate: GateShape) -> int:
        """Return the number of a gate added to the catalogue."""
        number = next(self._next)  # two threads get two
        self.gates[number] = gate
        self.numbers[key] = number
        return number


_current = [Catalogue()]


class CircuitReader:
    """Reads the circuits of one job, which often share gates and structures."""

    def __init__(self) -> None:
        self._catalogue = Catalogue.current()
        self._structures: dict[_Shape, Structure] = {}
        self._members: dict[int, list[int]] = {}
        self._rows: dict[int, list[NDArray[np.float64]]] = {}
        self._where: list[str] = []
        self._read = 0

    def read(
        self,
        gates: list[Any],
        where: str,
        gateset: str,
        qubits: int | None,
        name: str | None = None,
        bits: int | None = None,
    ) -> Circuit:
        """Read one circuit.

        Args:
            gates: its gates, as JSON
            where: its place in the request, for error messages
            gateset: "qis" or "native"
            qubits: number of qubits it may use; None for no limit
            name: its name, if any
            bits: number of the lowest qubits that are measured; None for all

        Returns:
            The circuit; its numbers are kept for `groups`.
        """
        keys, numbers = self._scan(gates, where, gateset)
        structure = self._structure(gateset, keys, bits)
        if qubits is not None and structure.qubits > qubits:
            raise _out_of_range(gates, structure, where, qubits)
        row = _to_array(numbers)
        if row is None:
            raise _bad_number(gates, structure, where, numbers)
        self._members.setdefault(id(structure), []).append(self._read)
        self._rows.setdefault(id(structure), []).append(row)
        self._where.append(where)
        self._read += 1
        return Circuit(name, max(1, structure.qubits) if qubits is None else qubits, structure)

    def groups(self) -> tuple[CircuitGroup, ...]:
        """Return the circuits read so far, grouped by structure.

        Raises:
            MalformedError: a parameter is outside its range
        """
        groups = tuple(
            CircuitGroup(shape, tuple(self._members[id(shape)]), np.array(self._rows[id(shape)]))
            for shape in self._structures.values()
            if id(shape) in self._members
        )
        for group in groups:
            self._check_bounds(group)
        return groups

    def _check_bounds(self, group: CircuitGroup) -> None:
        gates = group.structure.gates
        bounds = [bound for gate in gates for bound in gate.kind.bounds]
        if not bounds:
            return
        _, low, high = zip(*bounds, strict=True)
        outside = (group.numbers < np.array(low)) | (group.numbers > np.array(high))
        if not outside.any():
            return
        row, column = np.argwhere(outside)[0].tolist()
        place = next(i for i, (_, end) in enumerate(_slots(group.structure)) if end > column)
        name, least, most = bounds[column]
        path = f"{self._where[group.members[row]]}[{place}]"
        raise MalformedError(
            f"Gate {gates[place].name!r} at {path} has {name} {group.numbers[row, column]:g}; "
            f"it must be from {least} to {most} turns.",
            f"{path}.{name}",
        )

    def _scan(
        self, gates: list[Any], where: str, gateset: str
    ) -> tuple[tuple[int, ...], list[Any]]:
        """Return the catalogue numbers of a circuit's gates, and all their parameters in order."""
        known, gates_of, keys = self._catalogue.numbers, self._catalogue.gates, []
        numbers: list[Any] = []
        whole: list[Any] = []
        for place, gate in enumerate(gates):
            try:
                key: tuple[Any, ...]
                if len(gate) == FEWEST_FIELDS and "phase" in gate and "target" in gate:
                    key = (gateset, gate["gate"], gate["target"])
                    whole.append(gate["target"])
                elif len(gate) == FEWEST_FIELDS and "angle" in gate and "targets" in gate:
                    key = (gateset, gate["gate"], tuple(gate["targets"]))
                    whole += gate["targets"]
                else:
                    key, qubits = _key_of(gate, gateset)
                    whole += qubits
                number = known.get(key)
                if number is None:
                    number = self._catalogue.add(key, _learned(gate, gateset, f"{where}[{place}]"))
                keys.append(number)
                numbers += gates_of[number].kind.read(gate)
            except MalformedError:
                raise
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise _refused(where, place, gate, _reason(error)) from error
        # True and 1.0 equal 1, so the look-up above does not see the difference.
        if not set(map(type, whole)) <= {int, type(None)}:
            raise _not_whole(gates, where)
        return tuple(keys), numbers

    def _structure(self, gateset: str, keys: tuple[int, ...], bits: int | None) -> Structure:
        """Return the structure of a list of gates, shared with earlier circuits."""
        shape, shared = (gateset, keys, bits), self._catalogue.structures
        found = self._structures.get(shape) or shared.get(shape)
        if found is None:
            gates = tuple(self._catalogue.gates[key] for key in keys)
            touched = frozenset(q for gate in gates for q in (*gate.targets, *gate.controls))
            counts = [gate.counts for gate in gates]
            both = sum(one for one, _ in counts), sum(two for _, two in counts)
            found = Structure(gateset, gates, max(touched, default=-1) + 1, both, touched, bits)
            if len(gates) <= LONGEST:
                shared[shape] = found
        self._structures[shape] = found
        return found


def _learned(gate: Mapping[str, Any], gateset: str, where: str) -> GateShape:
    """Return the checked shape of a gate that isn't in the catalogue."""
    kind = kind_of(gateset, gate.get("gate"), gate.get("rotation") is not None)
    if kind is None:
        raise ValueError(_unknown(gate.get("gate"), gateset))
    check_fields(gate, kind.fields, where)
    targets, controls = _qubits(gate, "target"), _qubits(gate, "control")
    terms = tuple(gate["terms"]) if gate["gate"] == "pauliexp" else ()
    _check_qubits(kind, gate["gate"], targets, controls)
    _check_terms(terms, len(targets), gate["gate"])
    return GateShape(gate["gate"], kind, targets, controls, terms, len(kind.read(gate)))


def _key_of(gate: Mapping[str, Any], gateset: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return what identifies a gate but for its parameters, and the qubits it names."""
    get = gate.get
    target, targets, control, controls = get("target"), get("targets"), get("control"), None
    if "controls" in gate:
        controls = gate["controls"]
    qubits = (target, *(targets or ()), control, *(controls or ()))
    shape = len(targets or ()), controls is None, get("rotation") is None, tuple(gate)
    terms = tuple(gate["terms"]) if "terms" in gate else None
    return (gateset, get("gate"), qubits, shape, terms), qubits


def _qubits(gate: Mapping[str, Any], role: str) -> tuple[int, ...]:
    """Return a gate's targets or controls, in either spelling."""
    one, many = gate.get(role), gate.get(role + "s")
    if one is not None and many is not None:
        raise ValueError(f"has both {role} and {role}s")
    qubits = [one] if one is not None else [] if many is None else many
    if not isinstance(qubits, list) or any(type(q) is not int or q < 0 for q in qubits):
        raise ValueError(f"{role}s must be whole numbers from 0, not {qubits!r}")
    return tuple(qubits)


def _check_qubits(
    kind: Kind, name: str, targets: tuple[int, ...], controls: tuple[int, ...]
) -> None:
    if kind.targets > 1 and len(targets) != kind.targets:
        raise ValueError(f"needs {kind.targets} targets, not {len(targets)}")
    if not targets and name != "nop":
        raise ValueError("needs a target")
    if controls and kind.controls is None:
        raise ValueError("takes no control")
    if len(controls) < (kind.controls or 0):
        raise ValueError("needs a control")
    if len({*targets, *controls}) != len(targets) + len(controls):
        raise ValueError("names a qubit twice")


def _check_terms(terms: tuple[Any, ...], length: int, name: str) -> None:
    if name == "pauliexp" and not terms:
        raise ValueError("needs terms")
    for term in terms:
        if not isinstance(term, str) or len(term) != length or set(term) - set("IXYZ"):
            raise ValueError(f"term {term!r} must have {length} of the letters I, X, Y and Z")


def _unknown(name: object, gateset: str) -> str:
    for other, kinds in GATESETS.items():
        if isinstance(name, str) and name in kinds:
            return f"belongs to the gateset {other}, but this circuit's is {gateset}"
    return f"is not a gate of the gateset {gateset}"


def _to_array(numbers: list[Any]) -> NDArray[np.float64] | None:
    """Return the numbers as floats; None if one can't be an angle."""
    if not set(map(type, numbers)) <= {int, float}:
        return None
    try:
        row = np.array(numbers, dtype=np.float64)
    except OverflowError:
        return None
    return row if bool((np.abs(row) <= LARGEST_NUMBER).all()) else None


def _slots(structure: Structure) -> Iterator[tuple[int, int]]:
    """Return an iterator over the first and last place of each gate's numbers."""
    ends = np.cumsum([0, *(gate.size for gate in structure.gates)])
    return pairwise(ends.tolist())


def _refused(where: str, place: int, gate: object, reason: str) -> MalformedError:
    name = gate.get("gate") if isinstance(gate, dict) else gate
    path = f"{where}[{place}]"
    return MalformedError(f"Gate {str(name)[:40]!r} at {path} {reason[:200]}.", path)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"needs {error.args[0]}"
    if isinstance(error, ValueError) and error.args:
        return str(error)
    return "is malformed"


def _bad_number(
    gates: Sequence[Any], structure: Structure, where: str, numbers: list[Any]
) -> MalformedError:
    place, shown = next(
        (place, str(numbers[start:end]))
        for place, (start, end) in enumerate(_slots(structure))
        if _to_array(numbers[start:end]) is None
    )
    return _refused(where, place, gates[place], f"has a number that can't be: {shown}")


def _out_of_range(
    gates: Sequence[Any], structure: Structure, where: str, qubits: int
) -> MalformedError:
    place, highest = next(
        (place, max((*gate.targets, *gate.controls), default=-1))
        for place, gate in enumerate(structure.gates)
        if max((*gate.targets, *gate.controls), default=-1) >= qubits
    )
    return _refused(where, place, gates[place], f"is on qubit {highest} of {qubits}")


def _not_whole(gates: Sequence[Any], where: str) -> MalformedError:
    place = next(
        place
        for place, gate in enumerate(gates)
        if not set(map(type, _key_of(gate, "")[1])) <= {int, type(None)}
    )
    return _refused(where, place, gates[place], "must name its qubits by whole numbers")
