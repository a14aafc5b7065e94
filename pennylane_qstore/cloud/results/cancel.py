"""Cancel jobs that are no longer wanted, and wait until that is certain."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pennylane_qstore.cloud.http.loop import stopped
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.http.values import of_job
from pennylane_qstore.errors import CloudError, DeadlineError

CANCEL_TIMEOUT = 3.0  # seconds
_QUEUED = frozenset({"submitted", "ready"})


async def cancel(transport: Transport, job_ids: Sequence[str], *, urgent: bool = False) -> None:
    """Asks for a cancellation; whether it was done, only the jobs themselves tell.

    Args:
        transport: to the API
        job_ids: IonQ's
        urgent: whether it waits for nobody's turn

    Raises:
        CloudError: the server refused it
        DeadlineError: there was no answer
    """
    await transport.request(
        "PUT",
        "/jobs/status/cancel",
        body=json.dumps({"ids": list(job_ids)}),
        deadline=asyncio.get_running_loop().time() + CANCEL_TIMEOUT,
        urgent=urgent,
    )


async def unqueued(
    transport: Transport,
    job_id: str,
    end: Coroutine[Any, Any, Mapping[str, Any]],
    *,
    most: float,
    deadline: float,
) -> tuple[Mapping[str, Any], bool]:
    """Waits for a job's end; one that is queued for too long is cancelled.

    Its end is waited for all the same: only the server knows whether it did start.

    Args:
        transport: to the API
        job_id: IonQ's
        end: gives its record when it has ended
        most: seconds from now that it may be queued
        deadline: in seconds of the loop's clock

    Returns:
        the record, and whether a cancellation was asked for
    """
    waiting = asyncio.create_task(end)
    is_given_up = False
    try:
        await asyncio.wait([waiting], timeout=max(most, 0.0))
        if not waiting.done() and await _is_queued(transport, job_id, deadline):
            is_given_up = True
            with suppress(CloudError, DeadlineError):  # it may have arrived
                await cancel(transport, [job_id])
        return await waiting, is_given_up
    finally:
        await stopped([waiting])


async def _is_queued(transport: Transport, job_id: str, deadline: float) -> bool:
    try:
        answer = await transport.request("GET", f"/jobs/{job_id}", deadline=deadline)
        return of_job(job_id, answer)["status"] in _QUEUED
    except (CloudError, DeadlineError):
        return False
