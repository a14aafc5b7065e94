"""What the jobs of a batch share, and what becomes of those that can't be run there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.errors import QStoreError
from pennylane_qstore.runs import RunStep


@dataclass(frozen=True, slots=True)
class Failover:
    """The way out for jobs that a backend can't run.

    Attributes:
        move: runs a job elsewhere; told why. The job surely isn't there
        patience: seconds for which a submit is tried
        queue_timeout: seconds after which a job that is still queued is cancelled and moved; None
            waits on
    """

    move: Callable[[Job, QStoreError], Awaitable[None]]
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
        elsewhere: the way out for jobs that can't be run, or None
    """

    settings: Mapping[str, Any]
    deadline: float
    sharpen: bool | None = None
    run_step: RunStep | None = None
    budget: float | None = None
    since: float = 0.0
    priced: bool = False
    elsewhere: Failover | None = None

    @property
    def backend(self) -> str:
        """Where the jobs go."""
        return str(self.settings["backend"])

    @property
    def is_free(self) -> bool:
        """Whether nothing of it is paid: a dry run."""
        return bool(self.settings.get("dry_run"))
