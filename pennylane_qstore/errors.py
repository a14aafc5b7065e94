"""What can go wrong, as one tree; the class decides whether to try again.

QStoreError
├── OptionError                 a setting that can't be
├── CompileError                a tape that can't become native gates
├── TemplateFileError           a file of saved templates that is damaged
├── CloudError                  what the server, or the way to it, answered
│   ├── UnauthorizedError       401, 403: stop
│   ├── RejectedError           other 4xx: stop, no retry will change it
│   ├── RateLimitError          429: retry
│   ├── UnavailableError        5xx on a GET, no connection: retry
│   └── UnknownOutcomeError     a submit that may have arrived: never resent blind
├── JobError                    a job that failed or was cancelled over there
├── DeadlineError (TimeoutError) a wait that came to its end
├── BudgetError                 a batch that would cost more than is left
├── NoBackendError              circuits that no member of a fleet could run
└── DryRun                      what a batch would have cost: nothing ran
Interrupted (KeyboardInterrupt) Ctrl-C: what was cancelled
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

# A shorter key is none of IonQ's, and would be found in words.
_SHORTEST_KEY = 6


def _rebuilt(kind: type[BaseException], message: str, fields: dict[str, Any]) -> BaseException:
    """Return an error as it was before it was pickled, whatever its constructor asks for."""
    error = kind.__new__(kind, message)
    error.args = (message,)  # which an OSError, as a TimeoutError is, leaves to its constructor
    error.__dict__.update(fields)
    return error


def _shown(option: str, value: object) -> str:
    """Return a value for an error's text; of an address no more than its host."""
    if value is ... or option in {"api_key", "metadata"}:
        return "…"
    if option != "base_url" or not isinstance(value, str):
        return repr(value)
    scheme, around, rest = value.partition("://")
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    return repr(f"{scheme}://{host}/…") if around and scheme.isalpha() else "…"


class QStoreError(Exception):
    """Root of everything that this package raises by itself.

    Attributes:
        partial: outcomes that did arrive before the error, by the circuit's place in the batch:
            its tape, and its row where the tape is broadcast
        others: what else went wrong in the same batch
    """

    partial: Mapping[Any, Any]
    others: tuple[BaseException, ...]

    def __init__(self, message: str) -> None:
        self.partial = {}
        self.others = ()
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), str(self), self.__dict__)


class OptionError(QStoreError, ValueError):
    """A setting that can't be: names it, the value, and what can.

    The value isn't shown where it is ``...``, nor where a key may stand in it by mistake.

    Attributes:
        option: its name
    """

    def __init__(self, option: str, value: object, expected: str) -> None:
        self.option = option
        super().__init__(f"{option}={_shown(option, value)} can't be used: {expected}")
        self.redact(os.environ.get("IONQ_API_KEY"))

    def redact(self, key: object) -> None:
        """Take a key out of the text, under whichever option it was given."""
        if isinstance(key, str) and len(key) >= _SHORTEST_KEY:
            self.args = (str(self).replace(key, "...").replace(repr(key)[1:-1], "..."),)


class CompileError(QStoreError):
    """A tape that can't become native gates: names the operator and its place."""


class TemplateFileError(QStoreError):
    """A file of saved templates that is damaged, or of another version."""


class CloudError(QStoreError):
    """What the server, or the way to it, answered.

    Attributes:
        backend: the backend the request was about, where there was one
        job_ids: the jobs the request was about
        status: of the answer, where there was one
        request_id: the server's own name for the request, for a support ticket
    """

    def __init__(
        self,
        message: str,
        *,
        backend: str | None = None,
        job_ids: Sequence[str] = (),
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        self.backend = backend
        self.job_ids = tuple(job_ids)
        self.status = status
        self.request_id = request_id
        super().__init__(message)


class UnauthorizedError(CloudError):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class RejectedError(CloudError):
    """The server won't do this, however often it is asked (4xx)."""


class RateLimitError(CloudError):
    """Too many requests (429).

    Attributes:
        retry_after: seconds the server asked to wait, or None
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **about: Any) -> None:
        self.retry_after = retry_after
        super().__init__(message, **about)


class UnavailableError(CloudError):
    """No connection, no sense in the answer, or 5xx on a request that changes nothing."""


class UnknownOutcomeError(CloudError):
    """A submit that may or may not have arrived; sending it again could pay twice."""


class JobError(QStoreError):
    """A job that failed or was cancelled over there.

    Attributes:
        job_id: IonQ's id of the job
        code: IonQ's failure code, or None
        status: "failed", "canceled", "completed" where circuits of it have no result, or "lost"
    """

    def __init__(
        self, message: str, *, job_id: str, code: str | None = None, status: str = "failed"
    ) -> None:
        self.job_id = job_id
        self.code = code
        self.status = status
        super().__init__(message)


class DeadlineError(QStoreError, TimeoutError):
    """A wait that came to its end, which is a TimeoutError too; the jobs go on over there.

    Attributes:
        job_ids: the jobs that were waited for
        waited: seconds
    """

    def __init__(self, message: str, *, job_ids: Sequence[str], waited: float) -> None:
        self.job_ids = tuple(job_ids)
        self.waited = waited
        super().__init__(message)


class BudgetError(QStoreError):
    """A job that would cost more than is left of the budget; it was not sent.

    Attributes:
        estimate: what it would cost
        budget: all in all
        committed: what was paid or is reserved
    """

    def __init__(self, message: str, *, estimate: float, budget: float, committed: float) -> None:
        self.estimate = estimate
        self.budget = budget
        self.committed = committed
        super().__init__(message)


class NoBackendError(QStoreError):
    """Circuits that no backend could run, of those that were listed.

    Attributes:
        errors: why not, by backend
    """

    def __init__(self, message: str, *, errors: Mapping[str, BaseException]) -> None:
        self.errors = dict(errors)
        super().__init__(message)


class DryRun(QStoreError):  # noqa: N818  it is no error, but there is no result to return
    """A batch that was checked and priced over there, and not run.

    Attributes:
        price: what it would cost
        unit: of the price
        job_ids: IonQ's ids of the dry jobs
    """

    def __init__(self, message: str, *, price: float, unit: str, job_ids: Sequence[str]) -> None:
        self.price = price
        self.unit = unit
        self.job_ids = tuple(job_ids)
        super().__init__(message)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while jobs were live; says which were cancelled.

    Attributes:
        job_ids: the jobs that a cancellation was sent for
    """

    def __init__(self, message: str, *, job_ids: Sequence[str]) -> None:
        self.job_ids = tuple(job_ids)
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), str(self), self.__dict__)
