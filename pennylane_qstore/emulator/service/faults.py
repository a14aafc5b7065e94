"""Faults to inject, by the number of a request or job, or at a seeded rate."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

# Faults of requests; any status from 400 to 599 is another.
RESET_BEFORE, RESET_AFTER = "reset-before", "reset-after"
SLOW, TRUNCATED = "slow", "truncated"
REQUEST_KINDS = (RESET_BEFORE, RESET_AFTER, SLOW, TRUNCATED)
# Faults of jobs.
UNKNOWN_STATUS, SHUFFLED, MISSING_CHILD = "unknown-status", "shuffled-keys", "missing-child"
FAILED_CHILD, FAILED, CANCELED, STUCK = "failed-child", "failed", "canceled", "stuck"
CHILD_KINDS = (SHUFFLED, MISSING_CHILD, FAILED_CHILD)
JOB_KINDS = (UNKNOWN_STATUS, SHUFFLED, MISSING_CHILD, FAILED_CHILD, FAILED, CANCELED, STUCK)
# Faults of backends.
UNAVAILABLE = "unavailable"
BACKEND_KINDS = (UNAVAILABLE,)

FAILURE_CODES = (
    "InvalidInput",
    "CompilationError",
    "ContractExpiredError",
    "DebiasingError",
    "InternalError",
    "NotEnoughQubits",
    "OptimizationError",
    "PreflightError",
    "QuantumCircuitComplexityError",
    "QuantumComputerError",
    "QuotaExhaustedError",
    "SimulationError",
    "SimulationTimeout",
    "SystemCancel",
    "TooLongPredictedExecutionTime",
    "TooManyControls",
    "TooManyGates",
    "TooManyShots",
    "UnknownBillingError",
    "UnsupportedGate",
)
LEAST_STATUS, MOST_STATUS = 400, 599
NUMBERS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
MOST_NUMBERS = 100_000
MOST_DELAY = 3600


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, and which requests, jobs or backends it affects.

    Attributes:
        kind: a status such as "429", or one of `REQUEST_KINDS`, `JOB_KINDS`, `BACKEND_KINDS`
        at: numbers of the affected requests or jobs, counted from 1 among those that `on` selects,
            from when the fault was set; empty to use `rate`
        rate: the fraction of them that is affected, at random; 1 for all
        on: of requests, the start of a method and route such as "POST /jobs"; of jobs and
            backends, the backend; None for all
        retry_after: seconds or a date for the Retry-After header of a status
        delay: seconds that a slow body takes
        child: number of the affected child, from 0
        code: failure code of a failed job
    """

    kind: str
    at: tuple[int, ...] = ()
    rate: float = 1.0
    on: str | None = None
    retry_after: str | None = None
    delay: float = 1.0
    child: int = 0
    code: str = "InternalError"

    def __post_init__(self) -> None:
        kinds = (*REQUEST_KINDS, *JOB_KINDS, *BACKEND_KINDS)
        if self.kind not in kinds and self.status is None:
            raise ValueError(
                f"a fault is a status from {LEAST_STATUS} to {MOST_STATUS} or one of "
                f"{', '.join(kinds)}, not {self.kind!r}"
            )
        if not all(number >= 1 for number in self.at):
            raise ValueError(f"requests and jobs are counted from 1, not {min(self.at)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"a rate is from 0 to 1, not {self.rate}")
        if not 0 <= self.delay <= MOST_DELAY:
            raise ValueError(f"a delay is from 0 to {MOST_DELAY} seconds, not {self.delay}")
        if self.child < 0:
            raise ValueError(f"children are counted from 0, not {self.child}")
        if self.code not in FAILURE_CODES:
            raise ValueError(f"a failure's code is one of {FAILURE_CODES}, not {self.code!r}")
        if self.retry_after is not None and not re.fullmatch(r"[ -~]+", self.retry_after):
            raise ValueError(f"a Retry-After is of printable ASCII, not {self.retry_after!r}")

    @property
    def status(self) -> int | None:
        """The HTTP status of the response, if the fault is one."""
        number = int(self.kind) if re.fullmatch(r"\d{3}", self.kind) else 0
        return number if LEAST_STATUS <= number <= MOST_STATUS else None

    @property
    def scope(self) -> str:
        """What its numbers count: "request", "job" or "backend"."""
        if self.kind in JOB_KINDS:
            return "job"
        return "backend" if self.kind in BACKEND_KINDS else "request"

    def to_json(self) -> dict[str, Any]:
        """Return the fault as the control endpoint shows it."""
        return {
            "kind": self.kind,
            "at": list(self.at),
            "rate": self.rate,
            "on": self.on,
            "retry_after": self.retry_after,
            "delay": self.delay,
            "child": self.child,
            "code": self.code,
        }


def read_fault(text: str) -> Fault:
    """Parse a fault as it is written on the command line.

    It is a kind and its settings: ``429 at=1,3-5 on="POST /jobs" retry-after=2``.

    Returns:
        The fault.

    Raises:
        ValueError: it can't be read
    """
    try:
        kind, *settings = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"fault {text!r} can't be read: {error}") from error
    pairs = [setting.partition("=") for setting in settings]
    for key, equals, _ in pairs:
        if not equals:
            raise ValueError(f"fault {text!r}: {key!r} should be a setting such as rate=0.1")
    return fault_of({"kind": kind, **{key.replace("-", "_"): value for key, _, value in pairs}})


def fault_of(settings: Mapping[str, Any]) -> Fault:
    """Build a fault from its settings, as numbers or as texts.

    Returns:
        The fault.

    Raises:
        ValueError: one of them can't be
    """
    read: Mapping[str, Callable[[Any], Any]] = {
        "kind": str,
        "at": _numbers,
        "rate": float,
        "on": str,
        "retry_after": str,
        "delay": float,
        "child": int,
        "code": str,
    }
    unknown = set(settings) - set(read)
    if unknown:
        raise ValueError(f"a fault has no setting {min(unknown)!r}; it has {', '.join(read)}")
    if "kind" not in settings:
        raise ValueError("a fault needs a kind")
    values: dict[str, Any] = {}
    for key, value in settings.items():
        if value is None:
            continue
        try:
            values[key] = read[key](value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"a fault's {key} can't be {value!r}") from error
    return Fault(**values)


def _numbers(value: object) -> tuple[int, ...]:
    """Return the numbers of 1, [1, 2] or "1,3-5"."""
    if type(value) is int:
        return (value,)
    if isinstance(value, list) and all(type(each) is int for each in value):
        return tuple(value)
    if not isinstance(value, str) or not NUMBERS.fullmatch(value):
        raise ValueError(value)
    numbers: list[int] = []
    for part in value.split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if len(span) > MOST_NUMBERS:
            raise ValueError(value)
        numbers += span
    return tuple(numbers)


@dataclass(slots=True)
class _ActiveFault:
    """A fault that is set, with how often it was considered and how often it struck."""

    fault: Fault
    number: int
    seen: int = 0
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """The faults of one emulator.

    Attributes:
        seed: seed of the faults with a rate
    """

    seed: int
    _set: list[_ActiveFault] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def add(self, faults: Sequence[Fault]) -> None:
        """Set faults; they count from now."""
        self._set += [_ActiveFault(fault, next(self._numbers)) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        self._set.clear()

    def to_json(self) -> list[dict[str, Any]]:
        """Return the faults that are set, with how often each struck."""
        return [{**each.fault.to_json(), "struck": each.struck} for each in self._set]

    def strike(self, scope: str, place: str, children: bool = True) -> list[Fault]:
        """Count one request or job, and find the faults that affect it.

        Args:
            scope: "request" or "job"
            place: the request's method and route, or the job's backend
            children: whether the job has any; without, faults of children don't count it

        Returns:
            Those faults, in the order they were set.
        """
        struck = []
        for each in self._set:
            on = each.fault.on
            fits = on is None or (place.startswith(on) if scope == "request" else place == on)
            if not children and each.fault.kind in CHILD_KINDS:
                continue
            if each.fault.scope != scope or not fits:
                continue
            each.seen += 1
            if self._hits(each):
                each.struck += 1
                struck.append(each.fault)
        return struck

    def is_unavailable(self, backend: str) -> bool:
        """Return whether a backend is set to be unavailable."""
        return any(
            each.fault.kind == UNAVAILABLE and each.fault.on in (None, backend)
            for each in self._set
        )

    def _hits(self, each: _ActiveFault) -> bool:
        if each.fault.at:
            return each.seen in each.fault.at
        chance = np.random.default_rng([self.seed, each.number, each.seen]).random()
        return bool(chance < each.fault.rate)
