"""How long things take: profiles of a service, and what a queue of lanes makes of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

# Seconds for a one-qubit gate, a larger gate, and the readout of a shot: the order of magnitude
# of the characterizations that IonQ publishes for Forte.
GATE_SECONDS = (0.00013, 0.00097)
READOUT_SECONDS = 0.00015


@dataclass(frozen=True, slots=True)
class Profile:
    """How long a service takes, in seconds, on average.

    Attributes:
        name: what it is called on the command line
        round_trip: from a request to its answer
        check: from a job's submission until it is ready
        queue: behind the jobs of others
        circuit: for each circuit, besides its shots
        shots: whether shots take the time that a machine's gates take
        lanes: how many jobs a backend runs at once
        abreast: how many circuits of one job run at once
        jitter: spread of each time, as the sigma of a log-normal distribution of mean 1
        scale: how many times faster than that everything is
    """

    name: str
    round_trip: float = 0.0
    check: float = 0.0
    queue: float = 0.0
    circuit: float = 0.0
    shots: bool = False
    lanes: int = 64
    abreast: int = 1
    jitter: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        times = (self.round_trip, self.check, self.queue, self.circuit, self.jitter)
        if not all(math.isfinite(each) and each >= 0 for each in times):
            raise ValueError(f"a profile's times must be 0 or more, not {times}")
        if self.lanes < 1:
            raise ValueError(f"a profile needs a lane or more, not {self.lanes}")
        if self.abreast < 1:
            raise ValueError(f"a job runs 1 circuit or more at once, not {self.abreast}")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"the time scale must be more than 0, not {self.scale}")

    @property
    def waiting(self) -> float:
        """Seconds a job waits that no other job of this server delays."""
        return (self.check + self.queue) / self.scale

    def running(self, circuits: int, gates: tuple[int, int], shots: int) -> float:
        """Seconds on the machine.

        Args:
            circuits: of the job
            gates: one-qubit gates and larger ones, of all circuits
            shots: how often each circuit is run
        """
        seconds = math.ceil(circuits / self.abreast) * self.circuit
        if self.shots:
            seconds += machine_seconds(circuits, gates, shots)
        return seconds / self.scale

    def spread(self, random: np.random.Generator) -> float:
        """A factor of mean 1."""
        return math.exp(self.jitter * (random.standard_normal() - self.jitter / 2))


# Times that IonQ does not publish are of the size that users report.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("instant"),
            Profile(
                "cloud-simulator",
                round_trip=0.06,
                check=0.3,
                queue=0.5,
                circuit=0.02,
                lanes=4,
                jitter=0.2,
            ),
            Profile(
                "qpu",
                round_trip=0.06,
                check=2.0,
                queue=900.0,
                circuit=0.5,
                shots=True,
                lanes=1,
                jitter=0.3,
            ),
        )
    }
)


def profile_of(profile: Profile | str, scale: float = 1.0) -> Profile:
    """The profile of a name, or the one given, so many times faster.

    Raises:
        ValueError: there is none of that name
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            raise ValueError(f"the profile is one of {', '.join(PROFILES)}, not {profile!r}")
        profile = PROFILES[profile]
    return replace(profile, scale=profile.scale * scale)


def machine_seconds(circuits: int, gates: tuple[int, int], shots: int) -> float:
    """Seconds that the shots take, gate after gate.

    Args:
        circuits: read out once a shot
        gates: one-qubit gates and larger ones, of all circuits
        shots: how often each circuit is run
    """
    one, more = GATE_SECONDS
    return shots * (gates[0] * one + gates[1] * more + circuits * READOUT_SECONDS)


class Lanes:
    """When a backend's lanes will be free, as far as it is known."""

    def __init__(self, lanes: int) -> None:
        self._free_at = [0.0] * lanes

    def wait(self, now: float, waiting: float) -> float:
        """Seconds a job submitted now would wait."""
        return max(now + waiting, min(self._free_at)) - now

    def take(self, now: float, waiting: float, running: float) -> float:
        """The same, for a job that is submitted."""
        wait = self.wait(now, waiting)
        lane = self._free_at.index(min(self._free_at))
        self._free_at[lane] = now + wait + running
        return wait

    def forget(self, now: float) -> None:
        """Nothing waits or runs any more: all lanes are free."""
        self._free_at = [now] * len(self._free_at)
