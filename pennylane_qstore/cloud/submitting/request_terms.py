"""What the jobs of a batch share: policy, deadline, budget and failover."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.errors import QStoreError
from pennylane_qstore.options import EMULATOR, SIMULATOR, Options
from pennylane_qstore.runs import RunStep


@dataclass(frozen=True, slots=True)
class Failover:
    """Failover: how, and after how long, a job moves to another backend.

    Attributes:
        run: runs a job on another backend, given the reason; the job surely isn't on this one
        patience: seconds for which a submit is tried
        queue_timeout: seconds after which a job that is still queued is cancelled and moved; None
            waits on
    """

    run: Callable[[Job, QStoreError], Awaitable[None]]
    patience: float
    queue_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class RequestTerms:
    """What all jobs of a batch share.

    Attributes:
        settings: the fields of the POST
        deadline: in seconds of the loop's clock
        sharpen: whether debiased results are sharpened
        run_step: the batch's place in a named run, or None
        budget: what all jobs since ``since``, or of the named run, may cost
        since: in seconds since the epoch
        priced: whether each job's cost is asked for when it has ended
        failover: to another backend, or None
    """

    settings: Mapping[str, Any]
    deadline: float
    sharpen: bool | None = None
    run_step: RunStep | None = None
    budget: float | None = None
    since: float = 0.0
    priced: bool = False
    failover: Failover | None = None

    @property
    def backend(self) -> str:
        """Where the jobs go."""
        return str(self.settings["backend"])

    @property
    def is_exact(self) -> bool:
        """Whether the answers are exact probabilities, whatever shots were asked for."""
        model = self.settings.get("noise", {}).get("model", "ideal")
        return self.backend == SIMULATOR and model == "ideal"

    @property
    def is_free(self) -> bool:
        """Whether nothing of it is paid: a dry run."""
        return bool(self.settings.get("dry_run"))


# Seconds between two looks at a job: the emulator is in the same process, IonQ is not.
_EMULATOR_POLL, _CLOUD_POLL = 0.002, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The choices for one connection.

    Attributes:
        max_jobs_in_flight: jobs that are live at the same time
        connection_pool_size: connections at most
        rate_limit: requests a second, or None
        on_unknown: what to do when the reply to a submit is lost: "lookup" its job, or "raise"
        retry_failed_circuits: how often circuits that failed over there are sent again
        resume: whether jobs of an earlier process that is gone are resumed
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
    """Return the policy of a device's connection."""
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
