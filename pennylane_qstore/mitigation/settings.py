"""The user's settings of error mitigation, checked when they are made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, Literal

from pennylane_qstore.errors import OptionError

Fit = Literal["linear", "richardson", "exponential"]
_FITS = ("linear", "richardson", "exponential")
HOUR = 3600.0
_OPTION = "mitigation"


@dataclass(frozen=True, slots=True)
class Readout:
    """Correct readout errors, by the rates that an all-0 and an all-1 circuit in the job show."""


@dataclass(frozen=True, slots=True)
class ZNE:
    """Zero-noise extrapolation: the compiled program is folded at its entanglers.

    Attributes:
        scales: of the noise, rising, the first 1
        extrapolate: "linear"; "richardson", a polynomial through all scales; or "exponential", with
            one decay rate for all circuits of a structure
    """

    scales: Sequence[float] = (1, 3)
    extrapolate: Fit = "exponential"

    def __post_init__(self) -> None:
        scales = self.scales
        if (
            isinstance(scales, str)
            or not isinstance(scales, Sequence)
            or len(scales) < 2  # noqa: PLR2004  a line has two points
            or not all(_is_real(scale) for scale in scales)
            or scales[0] != 1
            or any(one >= other for one, other in pairwise(scales))
        ):
            raise OptionError(
                _OPTION, scales, "scales rise from 1, and there are at least two, as (1, 3)"
            )
        if self.extrapolate not in _FITS:
            raise OptionError(_OPTION, self.extrapolate, f"extrapolate is one of {_FITS}")
        object.__setattr__(self, "scales", tuple(float(scale) for scale in scales))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Correct by circuits of the same structure whose values are known.

    Their angles are multiples of a quarter turn, chosen so that what is measured survives; they are
    in the same job, and serve all circuits of the structure. Gate errors, over-rotation and readout
    are corrected together.

    Attributes:
        circuits: how many a structure has
        max_age: seconds for which what they gave is used again
    """

    circuits: int = 10
    max_age: float = HOUR

    def __post_init__(self) -> None:
        if not isinstance(self.circuits, Integral) or isinstance(self.circuits, bool):
            raise OptionError(_OPTION, self.circuits, "circuits is an integer of at least 2")
        if self.circuits < 2:  # noqa: PLR2004
            raise OptionError(_OPTION, self.circuits, "circuits is an integer of at least 2")
        _check_age(self.max_age)


@dataclass(frozen=True, slots=True)
class PEC:
    """Probabilistic error cancellation: inverse errors, as Pauli gates drawn at random.

    Temme, Bravyi and Gambetta, arXiv 1612.02058, for depolarising errors.

    Attributes:
        one: rate of the depolarising error of a one-qubit gate; None takes the backend's
            characterization
        two: rate of an entangler's
        samples: circuits drawn for each circuit
    """

    one: float | None = None
    two: float | None = None
    samples: int = 100

    def __post_init__(self) -> None:
        for rate in (self.one, self.two):
            if rate is not None and not (_is_real(rate) and 0 <= rate < 0.5):  # noqa: PLR2004
                raise OptionError(_OPTION, rate, "a rate is from 0 to less than 0.5, or None")
        if (self.one is None) != (self.two is None):
            raise OptionError(_OPTION, (self.one, self.two), "give both rates, or none")
        if not isinstance(self.samples, Integral) or self.samples < 1:
            raise OptionError(_OPTION, self.samples, "samples is an integer of at least 1")


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Keep only outcomes that have a conserved quantity's value.

    Attributes:
        wires: those that are counted
        ones: how many of them are 1; or None where only their parity is conserved
        parity: 0 or 1, whether an odd number of them is 1
    """

    wires: Sequence[Any]
    ones: int | None = None
    parity: int | None = None

    def __post_init__(self) -> None:
        if (self.ones is None) == (self.parity is None):
            raise OptionError(_OPTION, self, "give the number of ones, or the parity")
        if self.parity not in (None, 0, 1):
            raise OptionError(_OPTION, self.parity, "a parity is 0 or 1")
        object.__setattr__(self, "wires", tuple(self.wires))


Method = Readout | ZNE | Calibration | PEC | Symmetry
_NAMES: Mapping[str, Callable[[], Method]] = {
    "readout": Readout,
    "zne": ZNE,
    "calibrate": Calibration,
    "pec": PEC,
}


@dataclass(frozen=True, slots=True)
class Mitigation:
    """The methods of mitigation to apply; None for those that aren't.

    Attributes:
        readout: inversion of readout errors
        zne: zero-noise extrapolation
        calibration: by circuits of the same structure
        pec: probabilistic error cancellation
        symmetry: postselection
    """

    readout: Readout | None = None
    zne: ZNE | None = None
    calibration: Calibration | None = None
    pec: PEC | None = None
    symmetry: Symmetry | None = None

    def __post_init__(self) -> None:
        gates = [each for each in (self.zne, self.calibration, self.pec) if each is not None]
        if len(gates) > 1:
            raise OptionError(
                _OPTION,
                gates,
                'gate errors are corrected once: use one of "zne", "calibrate" and "pec"',
            )
        if self.calibration is not None and self.readout is not None:
            raise OptionError(
                _OPTION,
                [self.readout, self.calibration],
                '"calibrate" corrects readout errors too: leave "readout" out',
            )


_FIELDS = {
    Readout: "readout",
    ZNE: "zne",
    Calibration: "calibration",
    PEC: "pec",
    Symmetry: "symmetry",
}


def mitigation_of(option: object) -> Mitigation | None:
    """Read the option `mitigation`.

    Args:
        option: a name, an object with settings, or several of them

    Returns:
        what is to be done; None where nothing is

    Raises:
        OptionError: a name that isn't one, or methods that exclude each other
    """
    if option is None or isinstance(option, Mitigation):
        return option
    several = option if isinstance(option, list | tuple) else [option]
    methods: dict[str, Method] = {}
    for each in several:
        method: Any = _NAMES[each]() if isinstance(each, str) and each in _NAMES else each
        name = _FIELDS.get(type(method))
        if name is None:
            raise OptionError(
                _OPTION,
                each,
                f"use {', '.join(map(repr, _NAMES))}, an object such as qstore.ZNE(scales=(1, 3)), "
                "or a list of them",
            )
        if name in methods:
            raise OptionError(_OPTION, option, f"{name} is there twice")
        methods[name] = method
    return Mitigation(**methods) if methods else None  # type: ignore[arg-type]


def _is_real(value: Any) -> bool:
    return (
        isinstance(value, Real) and not isinstance(value, bool) and abs(float(value)) < float("inf")
    )


def _check_age(age: Any) -> None:
    if not _is_real(age) or age < 0:
        raise OptionError(_OPTION, age, "max_age is a number of seconds, at least 0")
