"""The device's options, each declared once: its name, type, default, meaning and check."""

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import platformdirs

from pennylane_qstore.errors import OptionError

IONQ_URL = "https://api.ionq.co/v0.4"
EMULATOR, SIMULATOR, QPU = "emulator", "simulator", "qpu."
# API v0.4, the enum of noise.model.
NOISE_MODELS = (
    "ideal",
    "harmony",
    "harmony-1",
    "harmony-2",
    "aria-1",
    "aria-2",
    "forte-1",
    "forte-enterprise-1",
)
# The rates of a noise model of one's own: depolarising errors after gates on one and on two
# qubits; how often a qubit is read wrongly, or a 0 and a 1; how much too far an entangler turns, as
# a fraction of its angle; and whether its error is in proportion to its angle.
NOISE_RATES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("one_qubit", "two_qubit", "readout", "readout_0", "readout_1"),
        lambda rate: _is_number(rate) and 0 <= rate <= 1,
    ),
    "over_rotation": lambda part: _is_number(part) and -1 < part < 1,
    "by_angle": lambda on: isinstance(on, bool),
}
_MITIGATIONS = {"debiasing", "symmetry_verification"}
Level = Literal["none", "template", "full"]
Gateset = Literal["native", "qis"]
Submission = Literal["batch", "concurrent", "sequential"]
OnUnknown = Literal["lookup", "raise"]
Route = Callable[[Any], str | None]
# As a journal's path: the user's state folder, and none for the embedded emulator.
STATE_FOLDER = "user"
# The environment's list of hosts, with commas between, that the key may go to without TLS.
ALLOW_HTTP = "QSTORE_ALLOW_HTTP"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_LARGEST_SEED = (1 << 31) - 1

# Returns whether a value that is set is a possible one.
_Check = Callable[[Any], bool]


def _option(
    default: Any,
    meaning: str,
    check: _Check | None = None,
    expected: str = "",
    *,
    secret: bool = False,
) -> Any:
    """Return the dataclass field of an option.

    Args:
        default: also of the device's keyword argument
        meaning: one or more sentences, for docstring and documentation
        check: whether a value other than None is possible; None where the type tells it, or where
            the value is checked together with others
        expected: what to use instead of an impossible value
        secret: whether the value is never shown
    """
    about = {"meaning": meaning, "check": check, "expected": expected, "secret": secret}
    return field(default=default, repr=not secret, metadata=about)


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_at_least(least: int) -> _Check:
    return lambda value: _is_integer(value) and value >= least


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value < float("inf")


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_mitigation(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() <= _MITIGATIONS
        and all(isinstance(on, bool) for on in value.values())
    )


def _is_rates(value: object) -> bool:
    """Return whether a value is a noise model of one's own: rates from 0 to 1 by their names."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(name in NOISE_RATES and NOISE_RATES[name](rate) for name, rate in value.items())
    )


def _is_text_by_text(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) for item in value.items() for text in item
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one backend, checked: an impossible one never becomes an object.

    The meaning of each is in its declaration below, and in the docstring of ``QStoreDevice``.

    Raises:
        OptionError: names the option, its value, and what can be used instead
    """

    backend: str = _option(
        EMULATOR,
        '"emulator", IonQ\'s "simulator", or a QPU such as "qpu.forte-1". Or a list of them, which '
        "may contain PennyLane devices of this machine: jobs are spread over its QPUs by queue, or "
        "over its simulators where it has no QPU.",
        lambda name: re.fullmatch(r"emulator|simulator|qpu\.[a-z0-9.-]+", name) is not None,
        'use "emulator", "simulator", or a QPU such as "qpu.forte-1"',
    )
    api_key: str | None = _option(
        None,
        "IonQ's key. None: the variable IONQ_API_KEY. A list has one key for each backend.",
        secret=True,
    )
    base_url: str | None = _option(
        None,
        "Address of the API, with its version. None: the variable IONQ_API_URL, else IonQ's "
        "address.",
    )
    gateset: Gateset = _option(
        "native",
        '"native": this package compiles to native gates. "qis": it sends textbook gates, and IonQ '
        "compiles.",
    )
    noise_model: str | Mapping[str, float] | None = _option(
        None,
        'Noise model of a simulator, such as "aria-1". On the embedded emulator also rates of your '
        'own: {"one_qubit": 0.0005, "two_qubit": 0.01, "readout": 0.004}, with "readout_0" and '
        '"readout_1", "over_rotation" and "by_angle" besides.',
        lambda model: model in NOISE_MODELS if isinstance(model, str) else _is_rates(model),
        f"use one of {', '.join(NOISE_MODELS)}",
    )
    noise_seed: int | None = _option(
        None,
        "Seed of the noise model, from 1 to 2³¹-1.",
        lambda seed: _is_integer(seed) and 1 <= seed <= _LARGEST_SEED,
        f"use an integer from 1 to {_LARGEST_SEED}",
    )
    error_mitigation: Mapping[str, bool] | None = _option(
        None,
        '{"debiasing": bool, "symmetry_verification": bool}. None: IonQ\'s choice.',
        _is_mitigation,
        'use {"debiasing": bool, "symmetry_verification": bool}',
    )
    sharpen: bool | None = _option(
        None, "Whether debiased results are sharpened. None: IonQ's choice."
    )
    session_id: str | None = _option(
        None,
        "IonQ session in which the jobs run.",
        _is_text,
        "use the id that IonQ gave the session",
    )
    # API v0.4: letters, digits, spaces, "-" and "_" only.
    job_name: str | None = _option(
        None,
        "Name of the jobs in IonQ's console.",
        lambda name: isinstance(name, str) and re.fullmatch(r"[\w -]+", name, re.ASCII) is not None,
        'use letters, digits, spaces, "-" and "_"',
    )
    metadata: Mapping[str, str] | None = _option(
        None,
        "Dictionary of strings that is kept with every job.",
        _is_text_by_text,
        "use strings by string",
    )
    max_wait: float | None = _option(
        None,
        "Seconds until a batch must have its results. None: one day on a QPU, ten minutes "
        "elsewhere.",
        _is_positive,
        "use a positive number of seconds",
    )
    optimization: Level = _option(
        "full",
        '"none": translate gate by gate. "template": optimise what holds for all angles, once per '
        'structure. "full": also use the values of constants, and angles at which gates vanish.',
    )
    measurement_aware: bool = _option(
        True,
        "Whether gates that cannot change the measured outcomes are left out, and bit flips at the "
        "end are applied to the outcomes. False sends the whole unitary, up to phases before the "
        "measurement.",
    )
    verify: bool = _option(
        False, "Whether each program is checked against its tape before it is sent."
    )
    cache: bool = _option(True, "Whether compiled structures are kept.")
    submission: Submission = _option(
        "batch",
        '"batch": as few jobs as the API\'s limits allow. "concurrent": one job per circuit, many '
        'at a time. "sequential": one job per circuit, one after another.',
    )
    max_jobs_in_flight: int = _option(
        100,
        "Largest number of jobs that are live at a time.",
        _is_at_least(1),
        "use an integer of at least 1",
    )
    connection_pool_size: int = _option(
        20,
        "Largest number of connections to the API.",
        _is_at_least(1),
        "use an integer of at least 1",
    )
    rate_limit: float | None = _option(
        None,
        "Largest number of requests per second. None: no limit until the server answers 429.",
        _is_positive,
        "use a positive number of requests a second",
    )
    journal: Path | str | None = _option(
        STATE_FOLDER,
        'Path of the SQLite file in which each job is recorded before it is sent. "user": a file '
        "in the user's state folder, and no file for the emulator. None: no file.",
        lambda path: isinstance(path, str | os.PathLike) and bool(str(path)),
        "use a path, or None",
    )
    resume: bool = _option(
        True,
        "Whether the device resumes a job that a killed process left, when the same circuits are "
        "run again.",
    )
    on_unknown: OnUnknown = _option(
        "lookup",
        'What to do when the reply to a job submission is lost. "lookup": find the job in IonQ\'s '
        'list. "raise": raise UnknownOutcomeError.',
    )
    retry_failed_circuits: int = _option(
        0,
        "How many times circuits that failed at IonQ are sent again.",
        _is_at_least(0),
        "use an integer of at least 0",
    )
    budget: float | None = _option(
        None,
        "Largest cost of all jobs of the device, in your contract's unit. In a named run: of all "
        "jobs of the run.",
        lambda budget: _is_number(budget) and budget >= 0,
        "use an amount in your contract's unit, or None",
    )
    adaptive: bool = _option(
        False,
        "Whether a simulator's batch is sent as up to four jobs, where earlier jobs ran for half a "
        "second or more. A QPU's batch is never split.",
    )
    dry_run: bool = _option(
        False,
        "Whether jobs are only checked and priced. The device then raises DryRun with the price.",
    )
    progress: bool | None = _option(
        None,
        "Whether a line on the terminal shows the state of a batch that takes longer than a "
        "second. None: only on a terminal.",
        lambda shown: isinstance(shown, bool),
        "use True, False, or None: on a terminal",
    )

    def __post_init__(self) -> None:
        try:
            for declared in fields(self):
                check_option(declared, getattr(self, declared.name))
            _check_access(self)
            _check_noise(self)
        except OptionError as error:
            error.redact(self.api_key)
            raise
        if self.max_wait is None:
            _set(self, "max_wait", 86_400.0 if self.on_qpu else 600.0)
        if self.journal == STATE_FOLDER:
            _set(self, "journal", None if self.backend == EMULATOR else default_journal())

    @property
    def exact(self) -> bool:
        """Whether the backend answers with exact probabilities."""
        return not self.on_qpu and self.noise_model in (None, "ideal")

    @property
    def noise_name(self) -> str | None:
        """The name under which the noise model is sent; rates of one's own replace aria-1's."""
        return "aria-1" if isinstance(self.noise_model, Mapping) else self.noise_model

    @property
    def on_qpu(self) -> bool:
        """Whether the backend is a quantum computer, which costs money."""
        return self.backend.startswith(QPU)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """The options of a device that no single backend has."""

    wires: Any = _option(
        None, "Number or labels of the wires, as in PennyLane. None: the wires of each tape."
    )
    shots: Any = _option(None, "Default number of shots, for old code. Prefer qml.set_shots.")
    seed: Any = _option(
        None, "Seed of the samples that this package draws from exact probabilities."
    )
    mitigation: Any = _option(
        None,
        'What this package does against errors: "readout", "zne", "calibrate", "pec", an object '
        "with settings such as qstore.ZNE(scales=(1, 3)), or a list of them. None: nothing.",
    )
    fallback: str | None = _option(
        None, "Simulator or PennyLane device for circuits that no listed backend can run."
    )
    route: Route | None = _option(
        None,
        "Function of a tape that returns the name of a listed backend, or None.",
        callable,
        "use a function of a tape that gives a backend",
    )
    queue_timeout: float | None = _option(
        None,
        "Seconds in the queue after which a job moves to the next backend.",
        _is_positive,
        "use a positive number of seconds, or None",
    )

    def __post_init__(self) -> None:
        for declared in fields(self):
            check_option(declared, getattr(self, declared.name))


# Each option of a device by its name.
DECLARED: Mapping[str, Field[Any]] = {
    declared.name: declared for declared in (*fields(DeviceOptions), *fields(Options))
}


def refuse_unknown(name: str) -> OptionError:
    """Return the error of an option that doesn't exist, with the nearest one that does.

    Its value isn't shown: it may be a key under a misspelt name.

    Args:
        name: of the option
    """
    near = difflib.get_close_matches(name, DECLARED, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return OptionError(name, ..., f"{hint}the options are {', '.join(DECLARED)}")


def check_option(declared: "Field[Any]", value: Any) -> None:
    """Check a value against an option's type and check.

    Args:
        declared: the option
        value: as the user gave it

    Raises:
        OptionError: an impossible value
    """
    about, kind = declared.metadata, declared.type
    if value is None and (kind is Any or type(None) in get_args(kind)):
        return
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    check, expected = about["check"], about["expected"]
    if choices:
        check = choices.__contains__
        expected = "use " + _listed([json.dumps(choice) for choice in choices])
    elif kind in {bool, bool | None} and check is None:
        check, expected = _is_bool, f"use {_listed(_BOOLS[kind])}"
    if check is not None and not _passes(check, value):
        raise OptionError(declared.name, ... if about["secret"] else value, expected)


_BOOLS: Mapping[Any, Sequence[str]] = {
    bool: ("True", "False"),
    bool | None: ("True", "False", "None"),
}


def _passes(check: _Check, value: Any) -> bool:
    try:
        return bool(check(value))
    except (TypeError, ValueError):  # a value of a type that can't even be compared
        return False


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _listed(words: Sequence[str]) -> str:
    """Return words with commas, and "or" before the last."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _set(options: Options, name: str, value: Any) -> None:
    object.__setattr__(options, name, value)


def _check_access(options: Options) -> None:
    if options.backend == EMULATOR:
        if options.base_url is not None:
            raise OptionError(
                "base_url",
                options.base_url,
                'the embedded emulator has its own address; use backend="simulator" for a server',
            )
        return
    key = options.api_key or os.environ.get("IONQ_API_KEY")
    if not key or not isinstance(key, str) or not key.isprintable() or key != key.strip():
        raise OptionError(
            "api_key",
            ... if key else None,
            f"the backend {options.backend!r} needs IonQ's key: set IONQ_API_KEY, or api_key="
            ' (backend="emulator" needs none)',
        )
    _set(options, "api_key", key)
    url = options.base_url or os.environ.get("IONQ_API_URL") or IONQ_URL
    _set(options, "base_url", _checked_url(url))


def _checked_url(url: object) -> str:
    if not isinstance(url, str):
        raise OptionError("base_url", url, f"use a text such as {IONQ_URL!r}")
    try:
        parts = urlsplit(url)
        port = parts.port  # raises where there is no such port
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise OptionError("base_url", ..., f"it is no address; use one as {IONQ_URL!r}") from None
    if not url.isprintable() or " " in url:
        raise OptionError(
            "base_url", ..., f"it has characters that no address has, as {IONQ_URL!r}"
        )
    if parts.username or parts.password:
        raise OptionError("base_url", ..., "it has a password in it; the key goes to api_key")
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or port == 0
    ):
        raise OptionError("base_url", url, f"use the API's address and version, as {IONQ_URL!r}")
    allowed = {name.strip().lower() for name in os.environ.get(ALLOW_HTTP, "").split(",")}
    if parts.scheme == "http" and parts.hostname not in LOOPBACK | (allowed - {""}):
        raise OptionError(
            "base_url",
            url,
            "the key would travel in the open; use https (http only on loopback, or to a host that "
            f"{ALLOW_HTTP} names)",
        )
    return url.rstrip("/")


def _check_noise(options: Options) -> None:
    model = options.noise_model
    if model is not None and options.on_qpu:
        raise OptionError(
            "noise_model", model, f"only a simulator has one, not {options.backend!r}"
        )
    if isinstance(model, Mapping) and options.backend != EMULATOR:
        raise OptionError(
            "noise_model",
            model,
            f'rates of your own run on backend="emulator"; {options.backend!r} takes one of '
            f"{', '.join(NOISE_MODELS)}",
        )
    if options.noise_seed is not None and model is None:
        raise OptionError("noise_seed", options.noise_seed, "it needs a noise_model to seed")


def default_journal() -> Path:
    """Return the path of the journal in the user's state folder."""
    return platformdirs.user_state_path("pennylane-qstore", appauthor=False) / "journal.sqlite"
