"""Advice of the API that makes no sense is no advice, and ends no wait but its own job's."""

import asyncio

import pytest

from pennylane_qstore import errors
from pennylane_qstore.cloud import backend
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import retry
from pennylane_qstore.cloud.submitting import cost, packing
from pennylane_qstore.cloud.waiting import polling
from pennylane_qstore.errors import CloudError, DeadlineError
from pennylane_qstore.reporting.events import Completed
from tests.cloud.test_client import KEY, programs
from tests.scripted import reply

ABSURD = [10**400, -(10**400), 1e308, -5, 1.5e300, "7", True, [], {}, [[1]], None]


@pytest.mark.parametrize("value", ABSURD, ids=lambda each: str(each)[:12])
@pytest.mark.parametrize(
    "field",
    [
        "predicted_wait_time_ms",
        "predicted_execution_duration_ms",
        "execution_duration_ms",
        "submitted_at",
        "started_at",
        "completed_at",
        "metadata",
        "failure",
        "stats",
        "shots",
    ],
)
def test_a_field_without_sense_ends_no_wait(ionq, virtual, field, value):
    """Two jobs are waited for together; both come back."""
    ionq.predictions, ionq.execution = {field: value}, 30.0
    events = []

    async def run():
        client = Client(ionq.url, KEY)
        jobs = packing.pack([(programs(1), 100), (programs(2), 200)])
        try:
            return await client.run(
                jobs, {"backend": "qpu.forte-1"}, max_wait=600.0, listener=events.append
            )
        finally:
            await client.close()

    assert sorted(virtual.run(run())) == [0, 1, 2]
    assert sum(isinstance(event, Completed) for event in events) == 2


@pytest.mark.parametrize("status", [None, 5, ["completed"], {"a": 1}, "Completed", "unknown", ""])
def test_a_job_without_a_state_is_waited_for_until_its_deadline(ionq, virtual, status):
    """And the other one isn't."""
    ended = []

    async def run():
        client = Client(ionq.url, KEY)
        jobs = packing.pack([(programs(1), 100), (programs(2), 200)])
        ionq.script("GET", "/jobs/job-0", *[reply(body={"id": "job-0", "status": status})] * 999)
        ionq.script("GET", "/jobs", *[reply(body={"jobs": [], "next": None})] * 999)
        try:
            await client.run(jobs, {"backend": "simulator"}, max_wait=60.0, listener=ended.append)
        finally:
            await client.close()

    begun = virtual.time()
    with pytest.raises(DeadlineError) as caught:
        virtual.run(run())
    assert virtual.time() - begun < 63
    assert caught.value.job_ids == ("job-0",)
    # Both jobs are posted at once, so that either may be the server's first.
    assert sorted(caught.value.partial) in ([0], [1, 2])


@pytest.mark.parametrize("value", [*ABSURD, "Infinity", "NaN"], ids=lambda each: str(each)[:12])
def test_numbers_that_cannot_be_read_are_none(value):
    """Wherever the API tells any: of a queue, a price, a prediction."""
    row = {"backend": "qpu.x", "qubits": 5, "average_queue_time": value}
    assert backend.chosen("qpu.x", [row]).queue is None
    assert cost.charged({"cost": {"value": value, "unit": "usd"}}) is None
    with pytest.raises(CloudError, match="no price"):
        cost.estimated({"estimated_total_cost": value})
    record = {"predicted_wait_time_ms": value, "predicted_execution_duration_ms": value}
    assert polling.predicted_end(record) is None
    assert polling.seconds_between(value, value) is None
    with pytest.raises(CloudError):
        backend.chosen("qpu.x", [{"backend": "qpu.x", "qubits": value}])


@pytest.mark.parametrize(
    "connectivity",
    [
        [[1e999, 0]],
        [[10**400, 0]],
        [[-1, 0]],
        [[0, 0]],
        [[0, 99]],
        [["a", "b"]],
        [[None, 1]],
        [5],
        [[]],
        [{"a": 1}],
        "ab",
        {"0": 1},
        None,
        [],
    ],
    ids=str,
)
def test_a_connectivity_that_cannot_be_read_is_none(connectivity):
    """Then all pairs are taken to be coupled, as where it isn't told."""
    assert backend.coupled({"connectivity": connectivity}, 5) is None
    assert backend.coupled({"connectivity": [[1, 0], [3, 4]]}, 5) == {(0, 1), (3, 4)}


@pytest.mark.parametrize(
    "header",
    [
        "9" * 5_000,
        "Tue, 14 Nov 99999999999999999999 22:13:30 GMT",
        "Tue, 14 Nov 2023 99:99:99 GMT",
        "Fri, 31 Dec 9999 23:59:59 -9999",
        "Mon, 01 Jan 0001 00:00:00 +9999",
        "Tue, 14 Nov 2023 22:13:30 +99999999999999999999",
        "-1e999",
        "1e999",
        "٣",
        "0x10",
        "\x00",
    ],
)
def test_a_retry_after_without_sense_is_no_crash(header):
    """It is nothing, or a wait within the bounds."""
    asked = retry.retry_after(header, 1_700_000_000.0)
    error = errors.RateLimitError("", retry_after=asked)
    assert 0 <= retry.delay(1, error, lambda low, _: low) <= 120


@pytest.mark.parametrize(
    ("state", "said"), [("ready", "queued"), ("started", "running"), ("submitted", "submitted")]
)
def test_a_late_job_is_described_in_plain_words(ionq, virtual, state, said):
    """In the words of the tracker, not the API's; the error is a TimeoutError as well."""

    async def run():
        client = Client(ionq.url, KEY)
        ionq.script("GET", "/jobs/job-0", *[reply(body={"id": "job-0", "status": state})] * 999)
        try:
            await client.run(
                packing.pack([(programs(1), 100)]),
                {"backend": "simulator"},
                max_wait=5.0,
                listener=lambda _: None,
            )
        finally:
            await client.close()

    with pytest.raises(TimeoutError, match=f"it is {said}") as caught:
        virtual.run(run())
    assert isinstance(caught.value, DeadlineError)
    assert caught.value.job_ids == ("job-0",)


def test_a_list_that_names_itself_as_the_next_page_is_read_once(ionq, virtual):
    """Whoever looks for a lost job isn't led round in circles."""
    page = {"jobs": [{"id": "x", "submitted_at": "2999-01-01T00:00:00Z", "metadata": {}}]}
    ionq.script("POST", "/jobs", *[reply(500, body={})] * 9)
    for following in ("again", ["again"], 5, ""):
        ionq.script("GET", "/jobs", *[reply(body={**page, "next": following})] * 999)

    async def run():
        client = Client(ionq.url, KEY)
        try:
            await client.run(
                packing.pack([(programs(1), 100)]),
                {"backend": "simulator"},
                max_wait=60.0,
                listener=lambda _: None,
            )
        finally:
            await client.close()

    with pytest.raises(errors.UnknownOutcomeError, match="as its next page"):
        virtual.run(run())
    assert ionq.count("GET", "/jobs") <= 3
    asyncio.set_event_loop(virtual)
