"""How jobs are sent: what of it a user may choose."""

from dataclasses import dataclass

from pennylane_qstore.options import EMULATOR, Options

# Seconds between two looks at a job: the emulator is in the same process, IonQ is not.
_EMULATOR_POLL, _CLOUD_POLL = 0.002, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The choices for one connection.

    Attributes:
        max_jobs_in_flight: jobs that are live at the same time
        connection_pool_size: connections at most
        rate_limit: requests a second, or None
        on_unknown: "lookup" or "raise": what becomes of a submit whose reply was lost
        retry_failed_circuits: how often circuits that failed over there are sent again
        resume: whether jobs of an earlier process that is gone are taken up
        shortest_poll: the shortest time between two looks at a job, in seconds
        look_at_once: whether a job is looked at as soon as it is submitted; a small one on the
            emulator has ended by then
    """

    max_jobs_in_flight: int = 100
    connection_pool_size: int = 20
    rate_limit: float | None = None
    on_unknown: str = "lookup"
    retry_failed_circuits: int = 0
    resume: bool = True
    shortest_poll: float = 0.1
    look_at_once: bool = False


def policy_of(options: Options) -> Policy:
    """The device's options to the choices for its connection."""
    sequential = options.submission == "sequential"
    return Policy(
        max_jobs_in_flight=1 if sequential else options.max_jobs_in_flight,
        connection_pool_size=options.connection_pool_size,
        rate_limit=options.rate_limit,
        on_unknown=options.on_unknown,
        retry_failed_circuits=options.retry_failed_circuits,
        resume=options.resume and options.journal is not None,
        shortest_poll=_EMULATOR_POLL if options.backend == EMULATOR else _CLOUD_POLL,
        look_at_once=options.backend == EMULATOR,
    )
