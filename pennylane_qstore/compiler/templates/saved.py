"""Save the results of searches for short circuits to a file of plain data, and load them.

What was searched for is what decides it: the elements, the entangler and the measured qubits. A
file holds its digest and the circuit that was found, so that another process runs PennyLane's
pipeline on a structure, but does not search again. A file is read as JSON, every part of it is
checked, and nothing in it is ever run.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pennylane_qstore.compiler.blocks.block import Block, BlockPosition, Part
from pennylane_qstore.compiler.blocks.parity_sectors import Derived, Sectors, WordRotation
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    Angle,
    AnyElement,
    Clifford,
    Constant,
    ControlledX,
    Element,
    Rotation,
)
from pennylane_qstore.compiler.optimiser.optimise import Candidate
from pennylane_qstore.errors import TemplateFileError
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.version import __version__

_FORMAT, _VERSION = "pennylane-qstore templates", 2
_ONE, _PAIR = 1, 2
_WIDTH = {
    **dict.fromkeys(("X", "Y", "Z", "H", "S", "SDG", "SX", "SXDG"), _ONE),
    **dict.fromkeys(("CX", "CZ", "SWAP"), _PAIR),
}


# What a damaged file makes of its reading.
_BROKEN = (ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError)


class SearchKey(NamedTuple):
    """The input of a search for a short circuit.

    Attributes:
        elements: of the circuit
        qubits: how many
        entangler: "ms" or "zz"
        measured: the qubits whose outcomes are all that matters, or None
    """

    elements: Sequence[AnyElement]
    qubits: int
    entangler: str
    measured: frozenset[int] | None

    def digest(self) -> str | None:
        """Return a digest of what is searched for; None where an element has no plain form."""
        measured = None if self.measured is None else sorted(self.measured)
        try:
            elements = [_plain(element) for element in self.elements]
            return _hash([elements, self.qubits, self.entangler, measured])
        except TypeError:
            return None


class Searches:
    """Circuits found by earlier searches, by the digest of the search."""

    def __init__(self) -> None:
        self._found: dict[str, Candidate] = {}

    def __len__(self) -> int:
        return len(self._found)

    def get(self, search: SearchKey) -> Candidate | None:
        """Return the circuit that was found for a search before, or None."""
        if not self._found:
            return None
        digest = search.digest()
        found = None if digest is None else self._found.get(digest)
        return found if found is not None and _fits(found, search) else None

    def write(self, path: str | Path, more: Iterable[tuple[SearchKey, Candidate]]) -> int:
        """Writes these and others to a file, which is there as a whole or not at all.

        Args:
            path: of the file, which is replaced
            more: what was found since; parts that have no plain form are left out

        Returns:
            how many
        """
        found = {digest: _plain_candidate(each) for digest, each in self._found.items()}
        for search, candidate in more:
            digest = search.digest()
            if digest is not None:
                with contextlib.suppress(TypeError):
                    found[digest] = _plain_candidate(candidate)
        content = {
            "format": _FORMAT,
            "version": _VERSION,
            "package": __version__,
            "checksum": _hash(found),
            "templates": found,
        }
        path = Path(path)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(_text(content))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return len(found)

    def read(self, path: str | Path) -> int:
        """Adds those of a file: all of them, or none where it is wrong.

        Returns:
            how many

        Raises:
            TemplateFileError: the file is no such file, is damaged, or is of another version
            OSError: the file can't be read
        """
        try:
            content = json.loads(Path(path).read_bytes())
            found = _checked(content)
        except _BROKEN as error:
            raise TemplateFileError(
                f"{path} can't be loaded as saved templates: {error}; nothing of it was. Delete "
                "it, and save it again"
            ) from error
        self._found.update(found)
        return len(found)


def _fits(candidate: Candidate, search: SearchKey) -> bool:
    """Return whether a circuit has the qubits of a search, and no more parameters."""
    inner = [each for part in candidate.parts for each in getattr(part, "elements", (part,))]
    own = {index for each in inner for index in _parameters(each)}
    open_ = {index for each in search.elements for index in _parameters(each)}
    return len(candidate.bits.parities) == search.qubits and own <= open_


def _parameters(element: AnyElement | Block) -> list[int]:
    return [index for index, _ in element.angle.terms] if isinstance(element, Rotation) else []


def _checked(content: Mapping[str, Any]) -> dict[str, Candidate]:
    if content.get("format") != _FORMAT:
        raise ValueError("it is another kind of file")
    if content.get("version") != _VERSION or content.get("package") != __version__:
        raise ValueError(
            f"it is of version {content.get('version')} and pennylane-qstore "
            f"{content.get('package')}, here are {_VERSION} and {__version__}"
        )
    templates = content["templates"]
    if content.get("checksum") != _hash(templates):
        raise ValueError("its checksum is not that of what is in it")
    return {digest: _candidate(plain) for digest, plain in templates.items()}


def _hash(plain: Any) -> str:
    return hashlib.sha256(_text(plain).encode()).hexdigest()


def _text(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True, default=_as_python)


def _as_python(value: Any) -> Any:
    """Return NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} has no plain form")


def _plain_candidate(candidate: Candidate) -> dict[str, Any]:
    bits = candidate.bits
    return {
        "parts": [_plain(part) for part in candidate.parts],
        "parities": list(bits.parities),
        "flips": bits.flips,
        "gates": [list(gate) for gate in bits.gates],
        "derived": _plain_derived(candidate.derived),
    }


def _candidate(plain: Mapping[str, Any]) -> Candidate:
    qubits = len(plain["parities"])
    own = 1 << qubits
    bits = BitMap(
        tuple(_whole(parity, own) for parity in plain["parities"]),
        _whole(plain["flips"], own),
        tuple(
            (_whole(controls, own), _whole(target, qubits)) for controls, target in plain["gates"]
        ),
    )
    parts = [_part(part, qubits) for part in plain["parts"]]
    first, sources = plain["derived"]
    derived = Derived(_whole(first, None), tuple(_sectors(*source) for source in sources))
    return Candidate(parts, bits, derived)


def _plain(part: AnyElement | Block) -> list[Any]:
    """Convert a part of a circuit to lists of texts and numbers.

    Returns:
        the part in plain form

    Raises:
        TypeError: a kind of part that has no such form
    """
    match part:
        case Rotation(word, angle):
            return ["rotation", [list(letter) for letter in word], *_plain_angle(angle)]
        case Clifford(name, qubits):
            return ["clifford", name, list(qubits)]
        case Constant(qubits, matrix):
            values = np.asarray(matrix, dtype=complex).ravel()
            return ["constant", list(qubits), values.real.tolist(), values.imag.tolist()]
        case ControlledX(controls, target):
            return ["controlled x", list(controls), target]
        case Block(qubits, elements, rank, mirrored, place):
            inner = [_plain(element) for element in elements]
            return ["block", list(qubits), inner, rank, mirrored, place.name]
    raise TypeError(f"{type(part)} has no plain form")


def _plain_angle(angle: Angle) -> tuple[float, list[list[Any]]]:
    return float(angle.const), [[int(index), float(slope)] for index, slope in angle.terms]


def _plain_derived(derived: Derived) -> list[Any]:
    return [
        derived.first,
        [
            [source.parity, [[word, *_plain_angle(angle)] for word, angle in source.rotations]]
            for source in derived.sources
        ],
    ]


def _sectors(parity: Any, turns: Sequence[Any]) -> Sectors:
    found = (WordRotation(_whole(word, 16), _angle(const, terms)) for word, const, terms in turns)
    return Sectors(_whole(parity, 16), tuple(found))


def _part(plain: Sequence[Any], qubits: int) -> Part:
    kind, *fields = plain
    if kind != "block":
        return _ELEMENTS[kind](fields, qubits)
    own, elements, rank, mirrored, place = fields
    first, second = _distinct(own, qubits, _PAIR)
    if first > second or not isinstance(mirrored, bool):
        raise ValueError(f"a block on {own} that may be mirrored: {mirrored}")
    inner = tuple(_ELEMENTS[each[0]](each[1:], qubits) for each in elements)
    if not all({first, second}.issuperset(each.qubits) for each in inner):
        raise ValueError(f"a block on {own} with something on other qubits")
    return Block((first, second), inner, _whole(rank, 4), mirrored, BlockPosition[place])


def _rotation(fields: Sequence[Any], qubits: int) -> Rotation:
    word, const, terms = fields
    places = _distinct([qubit for qubit, _ in word], qubits)
    letters = [letter for _, letter in word]
    if not places or list(places) != sorted(places) or not set(letters) <= set("XYZ"):
        raise ValueError(f"a rotation about {word}")
    return Rotation(tuple(zip(places, letters, strict=True)), _angle(const, terms))


def _angle(const: Any, terms: Sequence[Any]) -> Angle:
    slopes = tuple((_whole(index, None), _number(slope)) for index, slope in terms)
    return Angle(_number(const), slopes)


def _clifford(fields: Sequence[Any], qubits: int) -> Clifford:
    name, own = fields
    return Clifford(name, _distinct(own, qubits, _WIDTH[name]))


def _constant(fields: Sequence[Any], qubits: int) -> Constant:
    own, real, imaginary = fields
    places = _distinct(own, qubits)
    size = 1 << len(places)
    values = [complex(_number(x), _number(y)) for x, y in zip(real, imaginary, strict=True)]
    matrix = np.array(values).reshape(size, size)
    if not np.allclose(
        matrix @ matrix.conj().T, np.eye(size), rtol=0, atol=tolerances.SAVED_MATRIX
    ):
        raise ValueError(f"a matrix on {own} that is not unitary")
    return Constant(places, matrix)


_ELEMENTS: dict[str, Callable[[Sequence[Any], int], Element]] = {
    "rotation": _rotation,
    "clifford": _clifford,
    "constant": _constant,
}


def _distinct(values: Sequence[Any], qubits: int, count: int | None = None) -> tuple[int, ...]:
    """Return different qubits, as many as the count says."""
    found = tuple(_whole(value, qubits) for value in values)
    if len(set(found)) < len(found) or count not in {None, len(found)}:
        raise ValueError(f"qubits {values}")
    return found


def _whole(value: Any, below: int | None) -> int:
    if type(value) is not int or value < 0 or (below is not None and value >= below):
        raise ValueError(f"{value!r} where there is a number below {below}")
    return value


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not np.isfinite(value):
        raise ValueError(f"{value!r} where there is a finite number")
    return float(value)
