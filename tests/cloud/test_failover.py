"""Jobs that move to another backend, over random faults: none is paid twice, none is lost."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.request_terms import Failover, Policy
from pennylane_qstore.errors import QStoreError
from tests.cloud.clock import VirtualLoop
from tests.cloud.test_client import KEY, phases
from tests.cloud.test_faults import LOOKS, PASSING, SUBMITS, some
from tests.examples import examples
from tests.scripted import ScriptedIonQ, Slow, error

QUEUES = st.sampled_from([0.0, 3.0, 19.9, 20.0, 20.1, 35.0, 500.0])
CANCELLATIONS = [*PASSING, error(400), error(409), Slow(6.0)]
SCHEDULES = st.fixed_dictionaries(
    {
        "jobs": st.lists(st.integers(1, 3), min_size=1, max_size=4),
        "submits": some([*SUBMITS, error(429, Retry_After="900"), error(413)], 6),
        "looks": st.lists(some([*LOOKS, error(401)], 4), max_size=3),
        "fetches": some([*PASSING, error(401)], 4),
        "cancellations": some(CANCELLATIONS, 5),
        "queues": st.lists(QUEUES, min_size=4, max_size=8),
        "execution": st.sampled_from([0.0, 0.5, 12.0]),
        "queue_timeout": st.sampled_from([None, 20.0]),
        "patience": st.sampled_from([0.5, 30.0]),
        "interrupt": st.sampled_from([None, None, 10.0, 21.0]),
    }
)


class Moving:
    """A batch on one backend, with another to go to, and what came of it."""

    def __init__(self, schedule):
        self.schedule, self.found, self.error, self.moved = schedule, {}, None, 0
        self.interrupted, self.live_after = False, []
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.server = ScriptedIonQ()
        self.loop.run(self._everything())
        self.loop.finish()

    async def _everything(self):
        server, schedule = self.server, self.schedule
        server.telling, server.execution = True, schedule["execution"]
        server.fates.extend({"queue": queue} for queue in schedule["queues"])
        server.script("POST", "/jobs", *schedule["submits"])
        server.script("PUT", "/jobs/status/cancel", *schedule["cancellations"])
        server.script("GET", "/jobs/*", *schedule["fetches"])
        for number, looks in enumerate(schedule["looks"]):
            server.script("GET", f"/jobs/job-{number}", *looks)
        await server.start()
        client = Client(server.url, KEY, Policy())

        async def run(jobs, backend, failover=None):
            settings = {"backend": backend}
            return await client.run(
                jobs, settings, max_wait=3_000, listener=lambda _: None, failover=failover
            )

        async def move(moved, reason):
            self.moved += len(moved.circuits)
            self.found.update(await run([moved], "qpu.aria-1"))

        failover = Failover(move, schedule["patience"], schedule["queue_timeout"])
        batch = [
            (phases([(100 * shots + i) / 1000 for i in range(count)]), shots)
            for shots, count in enumerate(schedule["jobs"], 1)
        ]
        self.jobs = packing.pack(batch)
        waiting = asyncio.create_task(run(self.jobs, "qpu.forte-1", failover))
        try:
            async with asyncio.timeout(schedule["interrupt"]):
                self.found.update(await waiting)
        except TimeoutError:
            self.interrupted, self.live_after = True, server.live()
        except QStoreError as problem:
            self.error = problem
            self.found.update(problem.partial)
        await client.close()
        await server.stop()


@examples(60)
@given(SCHEDULES)
def test_a_job_that_moves_is_paid_once(schedule):
    """Whatever a submit, a look or a cancellation meets, a circuit runs on one backend only."""
    moving = Moving(schedule)
    ran = [
        (made.body["shots"], round(circuit[0]["phase"], 3))
        for made in moving.server.jobs.values()
        if not made.cancelled
        for circuit in made.circuits
    ]
    assert len(set(ran)) == len(ran)
    expected = {
        index: each.shots / 10 + place / 1000
        for each in moving.jobs
        for place, index in enumerate(each.indices)
    }
    for index, outcomes in moving.found.items():
        one = outcomes.weights[outcomes.states == 1].sum()
        assert one == pytest.approx(expected[index], abs=1e-9)
    if moving.error is None and not moving.interrupted:
        assert moving.found.keys() == expected.keys()
        assert sorted(ran) == sorted(
            (each.shots, round(expected[index], 3))
            for each in moving.jobs
            for index in each.indices
        )
    if not moving.moved:
        backends = {made.body["backend"] for made in moving.server.jobs.values()}
        assert backends <= {"qpu.forte-1"}
