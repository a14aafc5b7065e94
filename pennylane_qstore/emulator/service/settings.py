"""What whoever starts an emulator may set."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pennylane_qstore.emulator.service.clock import Clock, RealClock
from pennylane_qstore.emulator.service.faults import Fault
from pennylane_qstore.emulator.service.timing import Profile, profile_of
from pennylane_qstore.emulator.simulation.noise import MODELS, Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An emulator's settings.

    Attributes:
        key: the only API key it accepts; None for any that is not empty
        keep: how many finished jobs it remembers, with their results
        seed: of the machines' randomness, of jitter and faults; None for another one each time
        profile: how long things take: "instant", "cloud-simulator", "qpu", or one made oneself
        time_scale: how many times faster than the profile says
        clock: the machine's, or a test's
        faults: what goes wrong, from the beginning
        rates: of noise models that IonQ does not publish, or instead of those it does
        qpu_noise: whether QPUs have the noise of the model that is named after them
        readout_error: the chance that a QPU or a noisy simulator reads a qubit wrongly
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
    readout_error: float = 0.0
    state: Path | str | None = None
    log: Path | str | None = None

    def __post_init__(self) -> None:
        unknown = set(self.rates) - set(MODELS)
        if unknown:
            raise ValueError(f"there is no noise model {min(unknown)!r}; there are {[*MODELS]}")
        if not (math.isfinite(self.readout_error) and 0 <= self.readout_error <= 1):
            raise ValueError(f"readout_error is from 0 to 1, not {self.readout_error}")

    @property
    def timing(self) -> Profile:
        """The profile, with its scale."""
        return profile_of(self.profile, self.time_scale)

    def published(self) -> dict[str, Rates]:
        """The noise models that can be run, with their rates."""
        known = {name: model.rates for name, model in MODELS.items() if model.rates is not None}
        return {**known, **self.rates}
