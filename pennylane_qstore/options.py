"""What a user may set, checked where it enters."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, get_args
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
_MITIGATIONS = {"debiasing", "symmetry_verification"}
Level = Literal["none", "template", "full"]
# As a journal's path: the user's state folder, and none for the embedded emulator.
STATE_FOLDER = "user"
# The environment's list of hosts, with commas between, that the key may go to without TLS.
ALLOW_HTTP = "QSTORE_ALLOW_HTTP"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The device's settings; an impossible one never becomes an object.

    Attributes:
        backend: "emulator", "simulator" or "qpu.…"
        api_key: IonQ's, never shown
        base_url: of the API, with its version
        gateset: "native" or "qis"
        noise_model: one of the cloud simulator's
        noise_seed: of the noise, 1 to 2³¹-1
        error_mitigation: {"debiasing": bool, "symmetry_verification": bool}, or None: IonQ's choice
        sharpen: whether debiased results are sharpened, or None: IonQ's choice
        session_id: the IonQ session to run in
        job_name: shown in IonQ's console
        metadata: strings by string, kept with every job
        max_wait: seconds for one batch, all in all
        optimization: "none", "template" or "full"
        measurement_aware: whether what can't reach the outcomes stays away
        verify: whether each program is checked against its tape
        cache: whether structures that were compiled are kept
        submission: "batch", "concurrent" or "sequential"
        max_jobs_in_flight: jobs that are live at the same time
        connection_pool_size: connections at most
        rate_limit: requests a second, or None
        journal: path of the journal, or None
        resume: whether jobs of an earlier process that is gone are taken up
        on_unknown: "lookup" or "raise"
        retry_failed_circuits: how often circuits that failed over there are sent again
        budget: in the contract's unit, or None
        adaptive: whether a simulator's batch is cut into several jobs where that is sooner done
        dry_run: whether jobs are only checked and priced
        progress: whether a line is shown while a batch waits, or None: on a terminal
    """

    backend: str = EMULATOR
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    gateset: str = "native"
    noise_model: str | None = None
    noise_seed: int | None = None
    error_mitigation: Mapping[str, bool] | None = None
    sharpen: bool | None = None
    session_id: str | None = None
    job_name: str | None = None
    metadata: Mapping[str, str] | None = None
    max_wait: float | None = None
    optimization: Level = "full"
    measurement_aware: bool = True
    verify: bool = False
    cache: bool = True
    submission: str = "batch"
    max_jobs_in_flight: int = 100
    connection_pool_size: int = 20
    rate_limit: float | None = None
    journal: Path | str | None = STATE_FOLDER
    resume: bool = True
    on_unknown: str = "lookup"
    retry_failed_circuits: int = 0
    budget: float | None = None
    adaptive: bool = False
    dry_run: bool = False
    progress: bool | None = None

    def __post_init__(self) -> None:
        _check_backend(self)
        _check_access(self)
        _check_noise(self)
        _check_error_mitigation(self)
        _check_labels(self)
        _check_max_wait(self)
        _check_compiler(self)
        _check_submission(self)
        _check_journal(self)

    @property
    def exact(self) -> bool:
        """Whether the backend answers with exact probabilities."""
        return not self.on_qpu and self.noise_model in {None, "ideal"}

    @property
    def on_qpu(self) -> bool:
        """Whether the backend is a quantum computer, which costs money."""
        return self.backend.startswith(QPU)


def _set(options: Options, name: str, value: Any) -> None:
    object.__setattr__(options, name, value)


def _check_backend(options: Options) -> None:
    if not isinstance(options.backend, str) or not re.fullmatch(
        r"emulator|simulator|qpu\.[a-z0-9.-]+", options.backend
    ):
        raise OptionError(
            "backend",
            options.backend,
            'use "emulator", "simulator", or a QPU such as "qpu.forte-1"',
        )
    if options.gateset not in ("native", "qis"):
        raise OptionError("gateset", options.gateset, 'use "native" or "qis"')


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
    except ValueError as error:
        raise OptionError("base_url", ..., f"{error}; use an address as {IONQ_URL!r}") from None
    if parts.username or parts.password:
        raise OptionError("base_url", ..., "it has a password in it; the key goes to api_key")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or port == 0:
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
    model, seed = options.noise_model, options.noise_seed
    if model is not None:
        if model not in NOISE_MODELS:
            raise OptionError("noise_model", model, f"use one of {', '.join(NOISE_MODELS)}")
        if options.backend != SIMULATOR:
            raise OptionError(
                "noise_model", model, f'only backend="simulator" has one, not {options.backend!r}'
            )
    if seed is not None:
        if not _is_integer(seed) or not 1 <= seed < 1 << 31:
            raise OptionError("noise_seed", seed, "use an integer from 1 to 2147483647")
        if model is None:
            raise OptionError("noise_seed", seed, "it needs a noise_model to seed")


def _check_error_mitigation(options: Options) -> None:
    mitigation = options.error_mitigation
    if mitigation is not None and not (
        isinstance(mitigation, Mapping)
        and mitigation.keys() <= _MITIGATIONS
        and all(isinstance(on, bool) for on in mitigation.values())
    ):
        raise OptionError(
            "error_mitigation", mitigation, 'use {"debiasing": bool, "symmetry_verification": bool}'
        )
    if options.sharpen is not None and not isinstance(options.sharpen, bool):
        raise OptionError("sharpen", options.sharpen, "use True, False or None")


def _check_labels(options: Options) -> None:
    # API v0.4: letters, digits, spaces, "-" and "_" only.
    name = options.job_name
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[\w -]+", name, re.A)):
        raise OptionError("job_name", name, 'use letters, digits, spaces, "-" and "_"')
    session = options.session_id
    if session is not None and not (isinstance(session, str) and session):
        raise OptionError("session_id", session, "use the id that IonQ gave the session")
    metadata = options.metadata
    if metadata is not None and not (
        isinstance(metadata, Mapping)
        and all(isinstance(text, str) for item in metadata.items() for text in item)
    ):
        raise OptionError("metadata", metadata, "use strings by string")


def _check_max_wait(options: Options) -> None:
    wait = options.max_wait
    if wait is None:
        _set(options, "max_wait", 86_400.0 if options.on_qpu else 600.0)
    elif isinstance(wait, bool) or not isinstance(wait, Real) or not 0 < wait < float("inf"):
        raise OptionError("max_wait", wait, "use a positive number of seconds")


def _check_compiler(options: Options) -> None:
    if options.optimization not in get_args(Level):
        raise OptionError("optimization", options.optimization, 'use "none", "template" or "full"')
    for name in ("measurement_aware", "verify", "cache"):
        if not isinstance(getattr(options, name), bool):
            raise OptionError(name, getattr(options, name), "use True or False")


def _check_submission(options: Options) -> None:
    if options.submission not in ("batch", "concurrent", "sequential"):
        raise OptionError(
            "submission", options.submission, 'use "batch", "concurrent" or "sequential"'
        )
    for name in ("max_jobs_in_flight", "connection_pool_size"):
        _check_count(options, name, least=1)
    _check_count(options, "retry_failed_circuits", least=0)
    rate = options.rate_limit
    if rate is not None and (
        isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < rate < float("inf")
    ):
        raise OptionError("rate_limit", rate, "use a positive number of requests a second")
    budget = options.budget
    if budget is not None and (
        isinstance(budget, bool) or not isinstance(budget, Real) or not 0 <= budget < float("inf")
    ):
        raise OptionError("budget", budget, "use an amount in your contract's unit, or None")
    if options.progress is not None and not isinstance(options.progress, bool):
        raise OptionError("progress", options.progress, "use True, False, or None: on a terminal")
    for name in ("dry_run", "adaptive"):
        if not isinstance(getattr(options, name), bool):
            raise OptionError(name, getattr(options, name), "use True or False")
    if options.on_unknown not in ("lookup", "raise"):
        raise OptionError("on_unknown", options.on_unknown, 'use "lookup" or "raise"')


def _check_count(options: Options, name: str, least: int) -> None:
    count = getattr(options, name)
    if not _is_integer(count) or count < least:
        raise OptionError(name, count, f"use an integer of at least {least}")


def _check_journal(options: Options) -> None:
    journal = options.journal
    if not isinstance(options.resume, bool):
        raise OptionError("resume", options.resume, "use True or False")
    if journal is not None and not (isinstance(journal, str | os.PathLike) and str(journal)):
        raise OptionError("journal", journal, "use a path, or None")
    if journal == STATE_FOLDER:
        embedded = options.backend == EMULATOR
        _set(options, "journal", None if embedded else default_journal())


def default_journal() -> Path:
    """The journal in the user's state folder."""
    return platformdirs.user_state_path("pennylane-qstore", appauthor=False) / "journal.sqlite"


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
