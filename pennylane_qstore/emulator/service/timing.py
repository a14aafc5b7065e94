"""Time profiles of a service, and waiting times in a queue with several lanes."""

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
    """The mean times of a service, in seconds.

    Attributes:
        name: its name on the command line
        round_trip: time from a request to its response
        check: time from a job's submission until it is ready
        queue: waiting time behind the jobs of others
        circuit: time of each circuit apart from its shots
        shots: whether shots take the time of their gates
        lanes: number of jobs that a backend runs at once
        abreast: number of circuits of one job that run at once
        jitter: sigma of each time's random factor, which is log-normal with mean 1
        scale: how many times faster everything is
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
        """Seconds that a job waits apart from this server's other jobs."""
        return (self.check + self.queue) / self.scale

    def running(self, circuits: int, gates: tuple[int, int], shots: int) -> float:
        """Compute a job's time on the machine.

        Args:
            circuits: the job's number of circuits
            gates: numbers of one-qubit gates and of larger gates, over all circuits
            shots: number of shots of each circuit

        Returns:
            Seconds.
        """
        seconds = math.ceil(circuits / self.abreast) * self.circuit
        if self.shots:
            seconds += machine_seconds(circuits, gates, shots)
        return seconds / self.scale

    def spread(self, random: np.random.Generator) -> float:
        """Return a random factor of mean 1: log-normal, with the jitter as its sigma."""
        return math.exp(self.jitter * (random.standard_normal() - self.jitter / 2))


# Times that IonQ doesn't publish are of the order that users report.
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
    """Look up a profile by name, and multiply its time scale.

    Returns:
        The profile.

    Raises:
        ValueError: there is none of that name
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            raise ValueError(f"the profile is one of {', '.join(PROFILES)}, not {profile!r}")
        profile = PROFILES[profile]
    return replace(profile, scale=profile.scale * scale)


def machine_seconds(circuits: int, gates: tuple[int, int], shots: int) -> float:
    """Compute how long the shots take, gate after gate.

    Args:
        circuits: number of circuits; each is read out once a shot
        gates: numbers of one-qubit gates and of larger gates, over all circuits
        shots: number of shots of each circuit

    Returns:
        Seconds.
    """
    one, more = GATE_SECONDS
    return shots * (gates[0] * one + gates[1] * more + circuits * READOUT_SECONDS)


class Lanes:
    """The times at which a backend's lanes are expected to be free."""

    def __init__(self, lanes: int) -> None:
        self._free_at = [0.0] * lanes

    def wait(self, now: float, waiting: float) -> float:
        """Return the seconds that a job submitted now would wait."""
        return max(now + waiting, min(self._free_at)) - now

    def take(self, now: float, waiting: float, running: float) -> float:
        """Return the seconds until a lane is free, and reserve it."""
        wait = self.wait(now, waiting)
        lane = self._free_at.index(min(self._free_at))
        self._free_at[lane] = now + wait + running
        return wait

    def forget(self, now: float) -> None:
        """Mark all lanes as free: no job waits or runs."""
        self._free_at = [now] * len(self._free_at)
