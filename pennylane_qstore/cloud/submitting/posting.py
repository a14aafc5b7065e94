"""Post a job once; if its reply is lost, adopt the job that it made."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from pennylane_qstore.cloud.http.bodies import MOST_OF_A_LIST
from pennylane_qstore.cloud.http.retry import LONGEST_DELAY
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.cloud.http.values import is_id, of_job, shown
from pennylane_qstore.cloud.journal.journal import JournalEntry
from pennylane_qstore.cloud.submitting import lookup
from pennylane_qstore.cloud.submitting.packing import TOKEN
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    RateLimitError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.reporting.events import Adopted, Listener, Resent


async def submit(
    transport: Transport,
    body: str,
    token: str,
    *,
    deadline: float,
    on_unknown: str,
    listener: Listener,
    patience: float | None = None,
) -> str:
    """Return the id of a job that is posted once.

    Where the outcome is unknown, the job is looked for by its token, a few times over some
    seconds. If it is there it is adopted; only if it surely isn't, it is posted again.

    Args:
        transport: to the API
        body: of the POST, with the token in it
        token: in the job's metadata
        deadline: in seconds of the loop's clock
        on_unknown: "lookup", or "raise" to leave an unknown outcome to the caller
        listener: gets the events
        patience: seconds for which a server that can't be reached, or asks to slow down, is tried;
            None tries on until the deadline

    Raises:
        UnknownOutcomeError: it is not certain whether there is a job
        CloudError: there is none
        DeadlineError: there is none, and time is up
    """
    for resends in range(lookup.RESENDS + 1):
        sent_at = time.time()
        try:
            return await _tried(transport, body, deadline, patience)
        except UnknownOutcomeError as error:
            if on_unknown == "raise":
                raise _unsettled(error, token) from None
            lost = error
            job_id = await settled(transport, token, error, sent_at=sent_at, deadline=deadline)
        if job_id is not None:
            listener(Adopted(job_id))
            return job_id
        if resends < lookup.RESENDS:
            listener(Resent(token))
    raise _unsettled(lost, token)


async def adopt(
    transport: Transport, entry: JournalEntry, *, deadline: float
) -> tuple[str | None, float]:
    """Return the id of a job that an earlier process sent, if it did, and its age in seconds.

    Raises:
        UnknownOutcomeError: the list of jobs didn't tell
    """
    age = max(time.time() - entry.created, 0.0)
    if entry.job_id is not None:
        return entry.job_id, age
    lost = UnknownOutcomeError("an earlier process was killed while it sent a job")
    found = await settled(transport, entry.token, lost, sent_at=entry.created, deadline=deadline)
    return found, age


async def settled(
    transport: Transport,
    token: str,
    error: UnknownOutcomeError,
    *,
    sent_at: float,
    deadline: float,
) -> str | None:
    """Return the id of the job that a submit of unknown outcome made, or None if surely none.

    Raises:
        UnknownOutcomeError: the list of jobs didn't tell, or there is no time to ask it
    """
    for pause in lookup.looks(error, time.time() - sent_at):
        if asyncio.get_running_loop().time() + pause >= deadline:
            raise _unsettled(error, token)
        await asyncio.sleep(pause)
        try:
            job_id = await find(transport, token, sent_at=sent_at, deadline=deadline)
        except (CloudError, DeadlineError) as reason:
            raise _unsettled(error, token, reason) from None
        if job_id is not None:
            return job_id
    return None


async def find(transport: Transport, token: str, *, sent_at: float, deadline: float) -> str | None:
    """Return the id of the job with a token, from the list of jobs, or None.

    Raises:
        CloudError: the list is too long, or no list
        DeadlineError: there was no time to read it
    """
    following: str | None = None
    visited: set[str] = set()
    while len(visited) < lookup.PAGES:
        params = [("limit", "25")] + ([] if following is None else [("next", following)])
        answer = await transport.request(
            "GET", "/jobs", params=params, deadline=deadline, most=MOST_OF_A_LIST
        )
        rows = answer.get("jobs") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise CloudError(f"GET /jobs answered no list of jobs: {shown(answer)}")
        job_id = lookup.job_of(token, rows)
        if job_id is not None:
            return _checked(job_id)
        for unlabelled in lookup.unlabelled(rows, sent_at):
            if await _is_of(transport, unlabelled, token, deadline):
                return _checked(unlabelled)
        following = answer.get("next")
        if following is None or lookup.reach_back(rows, sent_at):
            return None
        if not isinstance(following, str) or following in visited:
            raise CloudError(f"GET /jobs named {shown(following)} as its next page")
        visited.add(following)
    raise CloudError(f"GET /jobs has more than {lookup.PAGES} pages since the submit")


async def _is_of(transport: Transport, job_id: str, token: str, deadline: float) -> bool:
    """Return whether a job that a list doesn't tell enough of has a token.

    Raises:
        CloudError: the job itself doesn't tell, either
    """
    answer = await transport.request("GET", f"/jobs/{_checked(job_id)}", deadline=deadline)
    metadata = of_job(job_id, answer).get("metadata")
    if not isinstance(metadata, Mapping):
        raise CloudError(f"job {job_id} is as young as the submit, and tells no metadata")
    return metadata.get(TOKEN) == token


async def _tried(transport: Transport, body: str, deadline: float, patience: float | None) -> str:
    """Return the id of a job that is posted for as long as patience lasts.

    Raises:
        UnavailableError: it didn't arrive in that time
        RateLimitError: the server asked to slow down all the time
    """
    try:
        return await _post(transport, body, deadline, patience)
    except DeadlineError as error:
        if patience is None or asyncio.get_running_loop().time() + LONGEST_DELAY >= deadline:
            raise
        kind = RateLimitError if isinstance(error.__cause__, RateLimitError) else UnavailableError
        raise kind(f"no job was taken within {patience:g} s: {error}") from None


async def _post(transport: Transport, body: str, deadline: float, patience: float | None) -> str:
    answer: Any = await transport.request(
        "POST", "/jobs", body=body, deadline=deadline, patience=patience
    )
    return _checked(answer.get("id") if isinstance(answer, Mapping) else None, answer)


def _checked(job_id: Any, answer: Any = None) -> str:
    """Return an id that may stand in an address."""
    if not isinstance(job_id, str) or not is_id(job_id):
        raise UnknownOutcomeError(f"POST /jobs named no job: {shown(answer or job_id)}")
    return job_id


def _unsettled(
    error: UnknownOutcomeError, token: str, reason: Exception | None = None
) -> UnknownOutcomeError:
    then = "" if reason is None else f"; looking it up failed: {reason}"
    return UnknownOutcomeError(
        f"{error}; whether there is a job is unknown{then}. It would have {token!r} as its "
        f"metadata's {TOKEN!r}",
        status=error.status,
        request_id=error.request_id,
    )
