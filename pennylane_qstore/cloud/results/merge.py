"""Many jobs' outcomes, or errors, to those of their batch."""

import asyncio
from collections.abc import Sequence

from pennylane_qstore.errors import DeadlineError, QStoreError
from pennylane_qstore.programs.outcomes import Outcomes


def together(
    tasks: Sequence[asyncio.Task[dict[int, Outcomes]]], waited: float
) -> dict[int, Outcomes]:
    """All jobs' outcomes, or the first error with what did arrive.

    Args:
        tasks: that are done
        waited: seconds
    """
    found: dict[int, Outcomes] = {}
    errors: list[BaseException] = []
    for task in tasks:
        error = task.exception()
        if error is None:
            found.update(task.result())
        else:
            errors.append(error)
            found.update(getattr(error, "partial", {}))
    if not errors:
        return found
    first, *others = _of_one_wait(errors, waited)
    if isinstance(first, QStoreError):
        first.partial, first.others = found, (*first.others, *others)
        for other in others:
            first.add_note(f"and: {other}")
    raise first


def _of_one_wait(errors: Sequence[BaseException], waited: float) -> list[BaseException]:
    """The same errors, with those of one deadline as one that names all jobs, first."""
    late = [error for error in errors if isinstance(error, DeadlineError)]
    if not late:
        return list(errors)
    job_ids = [job_id for error in late for job_id in error.job_ids]
    message = f"after {waited:g} s: {'; '.join(map(str, late))}"
    together = DeadlineError(message, job_ids=job_ids, waited=waited)
    return [together, *(error for error in errors if not isinstance(error, DeadlineError))]
