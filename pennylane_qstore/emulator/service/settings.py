"""The settings of an emulator."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pennylane_qstore.emulator.intake.backends import BACKENDS, WITH_RETIRED, Backend
from pennylane_qstore.emulator.service.clock import Clock, RealClock
from pennylane_qstore.emulator.service.faults import Fault
from pennylane_qstore.emulator.service.timing import Profile, profile_of
from pennylane_qstore.emulator.simulation.noise import MODELS, Rates

# Ids of the one account that every key belongs to.
ORGANIZATION_ID = "0f1d7c52-5a07-4b5c-8d1e-6f3d2a9b7c10"
PROJECT_ID = "944904d6-2e30-4cfb-8bc4-04afaabcdd42"
SUBMITTER_ID = "64b03577072d45001c85e9c4"

LINKS = ("both", "old", "new")
BY_GATES, BY_SECOND = CONTRACTS = ("gates", "compute-second")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An emulator's settings.

    Attributes:
        key: the only API key accepted; None accepts any key that isn't empty
        keep: how many finished jobs are stored, with their results
        seed: seed of the machines' randomness, of jitter and of faults; None for a random seed
        profile: how long requests and jobs take: "instant", "cloud-simulator", "qpu", or a Profile
        time_scale: how many times faster than the profile everything is
        clock: the source of time; tests pass a VirtualClock
        faults: faults that are set from the start
        rates: error rates by noise model, for models whose rates IonQ doesn't publish, or instead
        qpu_noise: whether QPUs have the noise of the model of the same name
        readout_error: probability that a QPU or a noisy simulator reads a qubit wrongly; or two, of
            a 0 and of a 1
        retired_backends: whether aria-1 and aria-2, which IonQ retired, run as they did
        contract: how jobs are priced: by "gates", or by "compute-second"
        links: which links to results a job has: "old" URLs, "new" artifact descriptors, or "both"
        documented_failures: whether a job's `failure` has only the fields that IonQ documents
        state: a SQLite file that keeps jobs over a restart
        log: a file that gets a JSON line for each request
    """

    key: str | None = None
    keep: int = 200
    seed: int | None = None
    profile: Profile | str = "instant"
    time_scale: float = 1.0
    clock: Clock = field(default_factory=RealClock)
    faults: Sequence[Fault | str] = ()
    rates: Mapping[str, Rates] = field(default_factory=dict)
    qpu_noise: bool = False
    readout_error: float | tuple[float, float] = 0.0
    retired_backends: bool = False
    contract: str = "gates"
    links: str = "both"
    documented_failures: bool = False
    state: Path | str | None = None
    log: Path | str | None = None

    def __post_init__(self) -> None:
        unknown = set(self.rates) - set(MODELS)
        if unknown:
            raise ValueError(f"there is no noise model {min(unknown)!r}; there are {[*MODELS]}")
        errors = self.readout_error
        for error in errors if isinstance(errors, tuple) else (errors,):
            if not (math.isfinite(error) and 0 <= error <= 1):
                raise ValueError(f"readout_error is from 0 to 1, not {error}")
        if self.contract not in CONTRACTS:
            raise ValueError(f"contract is one of {', '.join(CONTRACTS)}, not {self.contract!r}")
        if self.links not in LINKS:
            raise ValueError(f"links is one of {', '.join(LINKS)}, not {self.links!r}")

    @property
    def backends(self) -> Mapping[str, Backend]:
        """The backends by name."""
        return WITH_RETIRED if self.retired_backends else BACKENDS

    @property
    def timing(self) -> Profile:
        """The profile, with its time scale."""
        return profile_of(self.profile, self.time_scale)

    def published(self) -> dict[str, Rates]:
        """Return the rates of the noise models that can be run, by name."""
        known = {name: model.rates for name, model in MODELS.items() if model.rates is not None}
        return {**known, **self.rates}
