"""Matrices of gates, by the formulas in IonQ's API reference, for many angles at once.

A matrix is a tuple of rows. An entry is an array with one value for each circuit, or a number for
all circuits; the integers 0 and 1 are exact, so the simulator can skip them.
The first target is the leftmost bit of a matrix's index. Native angles are in turns
(1 turn = 2 pi), the others in radians.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Entry = int | float | complex | NDArray[np.complex128]
Matrix = tuple[tuple[Entry, ...], ...]

TURN = 2 * np.pi
MS_PHASES = 2
MS_ANGLE = 0.25  # turns: the fully entangling gate, which the API takes where none is given


class ParameterRange(NamedTuple):
    """The range of a gate's parameter, in turns.

    Attributes:
        field: the parameter's field in the gate's JSON
        low: least value
        high: greatest value
    """

    field: str
    low: float
    high: float


# "Getting started with native gates", docs.ionq.com: phases of -1 to 1, angles of MS of 0 to 0.25.
# No page gives a range for the angle of ZZ, and clients send more than 0.25 and less than 0.
_PHASE = (ParameterRange("phase", -1, 1),)
_MS = (
    ParameterRange("phases[0]", -1, 1),
    ParameterRange("phases[1]", -1, 1),
    ParameterRange("angle", 0, MS_ANGLE),
)
_ZZ = (ParameterRange("angle", -1, 1),)
_QUBITS = ("gate", "target", "targets", "control", "controls")


@dataclass(frozen=True, slots=True)
class Kind:
    """The API's rules for a gate of one name.

    Attributes:
        targets: number of qubits it acts on; 1 means each of the targets, 0 any number
        read: returns the gate's parameters from its JSON, in the order `matrix` takes them
        matrix: returns its matrix from parameters of shape (batch,); None if it has none
        controls: the fewest controls it needs; None if it takes none
        fields: the fields of its JSON
        bounds: ranges of its parameters, in the order `matrix` takes them; empty for no ranges
    """

    targets: int
    read: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    matrix: Callable[..., Matrix] | None
    controls: int | None = 0
    fields: tuple[str, ...] = (*_QUBITS, "rotation")
    bounds: tuple[ParameterRange, ...] = ()


def phase_factor(radians: Numbers) -> NDArray[np.complex128]:
    """Return exp(i x)."""
    return np.exp(1j * radians)


def rx(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 X)."""
    c, s = np.cos(theta / 2) + 0j, -1j * np.sin(theta / 2)
    return (c, s), (s, c)


def ry(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 Y)."""
    c, s = np.cos(theta / 2) + 0j, np.sin(theta / 2) + 0j
    return (c, -s), (s, c)


def rz(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 Z)."""
    return (phase_factor(-theta / 2), 0), (0, phase_factor(theta / 2))


def phase(theta: Numbers) -> Matrix:
    """Return diag(1, exp(i theta)): what qiskit-ionq means by a z with a rotation."""
    return (1, 0), (0, phase_factor(theta))


def xx(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 X X)."""
    c, s = np.cos(theta / 2) + 0j, -1j * np.sin(theta / 2)
    return (c, 0, 0, s), (0, c, s, 0), (0, s, c, 0), (s, 0, 0, c)


def yy(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 Y Y)."""
    c, s = np.cos(theta / 2) + 0j, -1j * np.sin(theta / 2)
    return (c, 0, 0, -s), (0, c, s, 0), (0, s, c, 0), (-s, 0, 0, c)


def zz(theta: Numbers) -> Matrix:
    """Return exp(-i theta/2 Z Z)."""
    same, other = phase_factor(-theta / 2), phase_factor(theta / 2)
    return (same, 0, 0, 0), (0, other, 0, 0), (0, 0, other, 0), (0, 0, 0, same)


def gpi(phi: Numbers) -> Matrix:
    """Return cos(2 pi phi) X + sin(2 pi phi) Y, phi in turns."""
    forth = phase_factor(TURN * phi)
    return (0, forth.conj()), (forth, 0)


def gpi2(phi: Numbers) -> Matrix:
    """Return exp(-i pi/4 GPI(phi)), phi in turns."""
    half = np.sqrt(0.5)
    forth = -1j * half * phase_factor(TURN * phi)
    back = -1j * half * phase_factor(-TURN * phi)
    return (half, back), (forth, half)


def ms(phi0: Numbers, phi1: Numbers, theta: Numbers) -> Matrix:
    """Return exp(-i pi theta GPI(phi0) GPI(phi1)), all in turns."""
    c, s = np.cos(np.pi * theta) + 0j, -1j * np.sin(np.pi * theta)
    both, apart = phase_factor(TURN * (phi0 + phi1)), phase_factor(TURN * (phi0 - phi1))
    return (
        (c, 0, 0, s * both.conj()),
        (0, c, s * apart.conj(), 0),
        (0, s * apart, c, 0),
        (s * both, 0, 0, c),
    )


def native_zz(theta: Numbers) -> Matrix:
    """Return exp(-i pi theta Z Z), theta in turns."""
    return zz(TURN * theta)


HALF = np.sqrt(0.5)
X: Matrix = ((0, 1), (1, 0))
Y: Matrix = ((0, -1j), (1j, 0))
Z: Matrix = ((1, 0), (0, -1.0))
H: Matrix = ((HALF, HALF), (HALF, -HALF))
S: Matrix = ((1, 0), (0, 1j))
SI: Matrix = ((1, 0), (0, -1j))
T: Matrix = ((1, 0), (0, HALF + 1j * HALF))
TI: Matrix = ((1, 0), (0, HALF - 1j * HALF))
V: Matrix = ((0.5 + 0.5j, 0.5 - 0.5j), (0.5 - 0.5j, 0.5 + 0.5j))
VI: Matrix = ((0.5 - 0.5j, 0.5 + 0.5j), (0.5 + 0.5j, 0.5 - 0.5j))
SWAP: Matrix = ((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1))


def _no_numbers(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return no parameters; refuse a rotation, which would otherwise be ignored silently."""
    if gate.get("rotation") is not None:
        raise ValueError("takes no rotation")
    return ()


def _rotation(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    return (gate["rotation"],)


def _phase(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    return (gate["phase"],)


def _ms_numbers(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    phases = gate["phases"]
    if len(phases) != MS_PHASES:
        raise ValueError(f"needs {MS_PHASES} phases, not {len(phases)}")
    return *phases, gate.get("angle", MS_ANGLE)


def _zz_numbers(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the angle; the spec calls it `angle`, cirq-ionq writes `phase`."""
    return (gate["angle"] if "angle" in gate else gate["phase"],)


def _pauliexp_numbers(gate: Mapping[str, Any]) -> tuple[Any, ...]:
    terms, coefficients, time = gate["terms"], gate["coefficients"], gate["time"]
    if not isinstance(terms, list) or not isinstance(coefficients, list):
        raise TypeError(terms, coefficients)
    if len(coefficients) != len(terms):
        raise ValueError("must have as many coefficients as terms")
    if not time >= 0:
        raise ValueError("time must be 0 or more")
    return *coefficients, time


def _fixed(matrix: Matrix, targets: int = 1, controls: int = 0) -> Kind:
    return Kind(targets, _no_numbers, lambda: matrix, controls)


QIS: Mapping[str, Kind] = {
    "x": _fixed(X),
    "not": _fixed(X),
    "y": _fixed(Y),
    "z": _fixed(Z),
    "h": _fixed(H),
    "s": _fixed(S),
    "si": _fixed(SI),
    "t": _fixed(T),
    "ti": _fixed(TI),
    "v": _fixed(V),
    "vi": _fixed(VI),
    "cnot": _fixed(X, controls=1),
    "swap": _fixed(SWAP, targets=2),
    "rx": Kind(1, _rotation, rx),
    "ry": Kind(1, _rotation, ry),
    "rz": Kind(1, _rotation, rz),
    "xx": Kind(2, _rotation, xx),
    "yy": Kind(2, _rotation, yy),
    "zz": Kind(2, _rotation, zz),
    "pauliexp": Kind(0, _pauliexp_numbers, None, None, (*_QUBITS, "terms", "coefficients", "time")),
}
PHASE = Kind(1, _rotation, phase)

NATIVE: Mapping[str, Kind] = {
    "gpi": Kind(1, _phase, gpi, None, (*_QUBITS, "phase"), _PHASE),
    "gpi2": Kind(1, _phase, gpi2, None, (*_QUBITS, "phase"), _PHASE),
    "ms": Kind(2, _ms_numbers, ms, None, (*_QUBITS, "phases", "angle"), _MS),
    "zz": Kind(2, _zz_numbers, native_zz, None, (*_QUBITS, "angle", "phase"), _ZZ),
    "nop": Kind(0, lambda _: (), None, None, (*_QUBITS, "phase", "phases", "angle")),
}
GATESETS: Mapping[str, Mapping[str, Kind]] = {"qis": QIS, "native": NATIVE}


def kind_of(gateset: str, name: object, turned: bool) -> Kind | None:
    """Return the kind of a gate; `turned` says whether it has a rotation."""
    if gateset == "qis" and name == "z" and turned:
        return PHASE
    return GATESETS[gateset].get(name) if isinstance(name, str) else None
