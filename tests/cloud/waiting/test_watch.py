"""One look for all live jobs."""

import asyncio

import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.request_terms import Policy
from pennylane_qstore.errors import DeadlineError, JobError
from tests.cloud.test_client import KEY, phases, programs
from tests.scripted import error, reply


def run(virtual, ionq, count, *, policy=None, max_wait=3600.0, together=1):
    """So many single-circuit jobs in one batch, and so many batches at once, to their outcomes."""
    client = Client(ionq.url, KEY, policy)

    async def all_of_them():
        batches = [
            client.run(
                packing.pack([(phases([i / 1000 for i in range(count)]), 100)], 1),
                {"backend": "simulator"},
                max_wait=max_wait,
                listener=lambda _: None,
            )
            for _ in range(together)
        ]
        try:
            return await asyncio.gather(*batches)
        finally:
            await client.close()

    return virtual.run(all_of_them())


def polls(ionq):
    return [path for method, path in ionq.requests if method == "GET" and "results" not in path]


def test_all_live_jobs_are_asked_for_with_one_request(ionq, virtual):
    """Twenty jobs in flight cost one request a look, and each comes back to its own circuit."""
    ionq.telling, ionq.queue, ionq.execution = True, 1.0, 1.0
    (found,) = run(virtual, ionq, 20)
    ones = {i: outcomes.weights[outcomes.states == 1].sum() for i, outcomes in found.items()}
    assert ones == pytest.approx({i: i / 1000 for i in range(20)})
    assert set(polls(ionq)) == {"/jobs"}
    assert len(polls(ionq)) < 25
    asked = [query for query in ionq.queries if "ids" in query]
    assert all(query["limit"] == "25" for query in asked)


def test_batches_that_wait_together_share_their_looks(ionq, virtual):
    """Two calls of one device don't double the requests."""
    ionq.execution = 5.0
    run(virtual, ionq, 10)
    alone = len(polls(ionq))
    ionq.requests.clear()
    run(virtual, ionq, 10, together=2)
    assert len(polls(ionq)) <= alone + 3


def test_more_jobs_than_a_page_takes_are_several_requests(ionq, virtual):
    """Sixty jobs are three pages; none is forgotten."""
    ionq.telling, ionq.execution = True, 2.0
    (found,) = run(virtual, ionq, 60)
    assert sorted(found) == list(range(60))


def test_jobs_in_flight_are_bounded(ionq, virtual):
    """No more jobs are live than the user allows."""
    ionq.execution = 1.0
    live = []

    async def count():
        while True:
            live.append(len(ionq.live()))
            await asyncio.sleep(0.05)

    task = virtual.create_task(count())
    run(virtual, ionq, 12, policy=Policy(max_jobs_in_flight=3))
    task.cancel()
    virtual.run(asyncio.gather(task, return_exceptions=True))
    assert max(live) == 3


def test_finished_jobs_are_fetched_while_others_run(ionq, virtual):
    """A slow job doesn't hold up the answers of the quick ones."""
    ionq.fates.extend([{"execution": 100.0}, {"execution": 1.0}])
    run(virtual, ionq, 2)
    fetched = [
        at for at, (_, path) in zip(ionq.times, ionq.requests, strict=True) if "results" in path
    ]
    assert fetched[0] - ionq.times[0] < 2
    assert fetched[1] - ionq.times[0] > 99


def test_a_job_that_a_list_leaves_out_is_asked_for_by_name(ionq, virtual):
    """A list that lags, or is cut, loses nobody."""
    ionq.execution = 1.0
    ionq.script("GET", "/jobs", *[reply(body={"jobs": [], "next": None})] * 3)
    (found,) = run(virtual, ionq, 3)
    assert len(found) == 3
    assert "/jobs/job-0" in polls(ionq)


def test_a_server_without_bulk_looks_is_asked_one_by_one(ionq, virtual):
    """A 400 to ``ids=`` is not the end of paid jobs."""
    ionq.execution = 1.0
    ionq.script("GET", "/jobs", *[error(400)] * 100)
    (found,) = run(virtual, ionq, 3)
    assert len(found) == 3


def test_a_deleted_job_ends_only_its_own_wait(ionq, virtual):
    """A job that was seen and is gone is lost; those beside it go on."""
    ionq.execution = 5.0

    async def delete():
        await asyncio.sleep(1.5)
        del ionq.jobs["job-1"]

    task = virtual.create_task(delete())
    with pytest.raises(JobError, match=r"job-1 is lost") as caught:
        run(virtual, ionq, 3)
    assert len(caught.value.partial) == 2
    assert task.done()


def test_a_ten_minute_job_costs_at_most_forty_requests(ionq, virtual):
    """With the server's predictions, from the submit to the outcomes."""
    ionq.queue, ionq.execution = 540.0, 60.0
    ionq.predictions = {
        "predicted_wait_time_ms": 500_000,
        "predicted_execution_duration_ms": 80_000,
    }
    run(virtual, ionq, 1)
    assert len(ionq.requests) <= 40


def test_a_qpu_s_own_queue_is_expected_where_nothing_is_predicted(ionq, virtual):
    """A new device's first job, of ten minutes, on a machine whose queue is said to be ten."""
    ionq.queue, ionq.execution = 540.0, 60.0
    client = Client(ionq.url, KEY)

    async def first():
        await client.backend("qpu.forte-1")
        jobs = packing.pack([(programs(5), 100)])
        settings = {"backend": "qpu.forte-1"}
        await client.run(jobs, settings, max_wait=3600, listener=lambda _: None)
        await client.close()

    virtual.run(first())
    assert len(ionq.requests) <= 43  # forty looks, the submit, and two for what the backend is


def test_the_second_job_knows_from_the_first(ionq, virtual):
    """What a job took is expected of the next: its end is met with fewer looks."""
    ionq.queue, ionq.execution = 20.0, 10.0
    client = Client(ionq.url, KEY)
    jobs = packing.pack([(programs(5), 100)])

    def once():
        before = len(ionq.requests)
        begun = virtual.time()
        waiting = client.run(jobs, {"backend": "simulator"}, max_wait=600, listener=lambda _: None)
        virtual.run(waiting)
        return len(ionq.requests) - before, virtual.time() - begun

    first, second = once(), once()
    assert second[0] < first[0]
    assert 29.9 < second[1] < 30.1
    virtual.run(client.close())


def test_a_deadline_names_all_jobs_that_go_on(ionq, virtual):
    """The error of a wait that ends has every id, and what did arrive."""
    ionq.fates.extend([{"execution": 1.0}, {"queue": 1e6}, {"queue": 1e6}])
    with pytest.raises(DeadlineError) as caught:
        run(virtual, ionq, 3, max_wait=30)
    assert sorted(caught.value.job_ids) == ["job-1", "job-2"]
    assert len(caught.value.partial) == 1  # which one, the order of three submits decides
