"""A thousand random schedules of faults: no job twice, none lost, no wait without an end."""

import asyncio

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http.limiter import BURST
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.request_terms import Policy
from pennylane_qstore.errors import JobError, QStoreError
from pennylane_qstore.reporting.events import Cancelled, Submitted, Unanswered
from tests.cloud.clock import VirtualLoop
from tests.cloud.test_client import KEY, phases
from tests.examples import examples
from tests.scripted import (
    HTML,
    RESET,
    SILENCE,
    TRUNCATED,
    After,
    ScriptedIonQ,
    Slow,
    error,
    reply,
)

MAX_WAIT = 2_000.0
PASSING = [
    error(429),
    error(429, Retry_After="3"),
    error(429, Retry_After="Tue, 14 Nov 2023 22:13:00 GMT"),
    error(500),
    error(503),
    HTML,
    RESET,
    TRUNCATED,
    Slow(3.0),
    Slow(90.0),  # longer than a request may take
    SILENCE,
    reply(200, text="<html>"),
]
# What a submit meets, before or after it was stored; a 429 is never stored.
SUBMITS = [*PASSING, *(After(fault) for fault in (error(500), error(502), HTML, RESET, SILENCE))]
LOOKS = [*PASSING, reply(200, body={"status": "a status of next year"}), reply(200, body={})]
ENDS = [
    {},
    {"missing": {0}},
    {"failed": {0}},
    {"end": "failed", "failed": {0}},
    {"end": "canceled"},
]


def some(faults, most):
    """A schedule: now and then a fault, else the honest answer."""
    return st.lists(st.one_of(st.none(), st.sampled_from(faults)), max_size=most)


PLAIN = {
    "jobs": st.lists(st.integers(1, 4), min_size=1, max_size=4),
    "submits": some(SUBMITS, 5),
    "looks": st.lists(some(LOOKS, 5), max_size=4),
    "fetches": some(PASSING, 8),
    "lists": some(PASSING, 6),
    "fates": st.just([]),
    "queue": st.sampled_from([0.0, 0.7, 40.0]),
    "execution": st.sampled_from([0.0, 0.3, 12.0]),
    "latency": st.sampled_from([0.0, 0.05, 0.8]),
    "predicted": st.sampled_from([None, 1, 15_000, 10_000_000]),
    "shuffled": st.booleans(),
    "interrupt": st.none(),
    "rate_limit": st.none(),
}


class Run:
    """One batch against a server with a schedule of faults, and what came of it."""

    def __init__(self, schedule):
        self.schedule, self.events, self.found, self.error = schedule, [], {}, None
        self.interrupted, self.live_after = False, []
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.server = ScriptedIonQ()
        self.loop.run(self._everything())
        self.loop.finish()

    async def _everything(self):
        await self._serve()
        policy = Policy(rate_limit=self.schedule["rate_limit"])
        client = Client(self.server.url, KEY, policy)
        batch = [
            (phases([(100 * shots + i) / 1000 for i in range(count)]), shots)
            for shots, count in enumerate(self.schedule["jobs"], 1)
        ]
        self.jobs = packing.pack(batch)
        start = asyncio.get_running_loop().time()
        waiting = asyncio.create_task(
            client.run(
                self.jobs,
                {"backend": "simulator"},
                max_wait=MAX_WAIT,
                listener=self.events.append,
            )
        )
        try:
            async with asyncio.timeout(self.schedule["interrupt"]):
                self.found = await waiting
        except TimeoutError:
            self.interrupted, self.live_after = True, self.server.live()
        except QStoreError as problem:
            self.error, self.found = problem, problem.partial
        self.waited = asyncio.get_running_loop().time() - start
        await client.close()
        await self.server.stop()

    async def _serve(self):
        server, schedule = self.server, self.schedule
        server.telling, server.shuffled = True, schedule["shuffled"]
        server.queue, server.execution = schedule["queue"], schedule["execution"]
        server.latency = schedule["latency"]
        server.predictions = {"predicted_wait_time_ms": schedule["predicted"]}
        server.fates.extend(schedule["fates"])
        server.script("POST", "/jobs", *schedule["submits"])
        server.script("GET", "/jobs", *schedule["lists"])
        server.script("GET", "/jobs/*", *schedule["fetches"])
        for number, looks in enumerate(schedule["looks"]):
            server.script("GET", f"/jobs/job-{number}", *looks)
        await server.start()


def tokens(server):
    return [made.body["metadata"]["qstore_token"] for made in server.jobs.values()]


def named(run):
    """Ids of the jobs that the error, or what else went wrong, tells of."""
    problems = [] if run.error is None else [run.error, *run.error.others]
    ids = {job_id for each in problems for job_id in getattr(each, "job_ids", ())}
    return ids | {each.job_id for each in problems if isinstance(each, JobError)}


INTERRUPTED = st.fixed_dictionaries({**PLAIN, "interrupt": st.floats(0.0, 60.0)})
LIMITED = st.fixed_dictionaries({**PLAIN, "rate_limit": st.sampled_from([0.5, 4.0])})
ENDED = st.fixed_dictionaries(
    {**PLAIN, "fates": st.lists(st.sampled_from(ENDS), min_size=1, max_size=4)}
)


@examples(60)
@given(st.fixed_dictionaries(PLAIN))
@example(
    {
        "jobs": [3],
        "submits": [After(SILENCE), RESET, After(RESET)],
        "looks": [[SILENCE] * 3],
        "fetches": [RESET, TRUNCATED],
        "lists": [TRUNCATED, RESET],
        "fates": [],
        "queue": 40.0,
        "execution": 0.3,
        "latency": 0.8,
        "predicted": 10_000_000,
        "shuffled": True,
        "interrupt": None,
        "rate_limit": None,
    }
)
def test_nothing_is_paid_twice_or_lost(schedule):
    """Whatever happens on the way, in whatever order."""
    run = Run(schedule)
    check_what_is_paid_and_right(run)
    assert run.error is None
    assert len(run.found) == sum(schedule["jobs"])
    assert submitted(run) == set(run.server.jobs)


@examples(60)
@given(ENDED)
def test_what_failed_is_told_and_the_rest_is_kept(schedule):
    """Each circuit has its outcome, or an error that tells why not, and of which job."""
    run = Run(schedule)
    check_what_is_paid_and_right(run)
    lost = {made.id: lost_of(made) for made in run.server.jobs.values() if lost_of(made)}
    assert (run.error is not None) == bool(lost)
    assert named(run) == lost.keys()
    assert len(run.found) == sum(schedule["jobs"]) - sum(lost.values())
    assert submitted(run) == set(run.server.jobs)


@examples(60)
@given(INTERRUPTED)
def test_an_interrupt_leaves_nothing_running(schedule):
    """What is live is cancelled with one request, but for submits that are said to be open."""
    run = Run(schedule)
    check_what_is_paid_and_right(run)
    unanswered = sum(event.submits for event in run.events if isinstance(event, Unanswered))
    assert len(run.live_after) <= unanswered
    assert sum(isinstance(event, Cancelled) for event in run.events) <= 1
    if run.interrupted:
        assert run.waited <= schedule["interrupt"] + 5.0


@examples(60)
@given(LIMITED)
def test_the_users_rate_is_kept(schedule):
    """However the requests go, there are no more of them than the user allows."""
    run = Run(schedule)
    check_what_is_paid_and_right(run)
    times, rate = np.array(run.server.times), schedule["rate_limit"]
    for start in times:
        for seconds in (1.0, 10.0):
            within = ((times >= start) & (times < start + seconds)).sum()
            # aiohttp asks again by itself where a server closes an idle connection.
            assert within <= rate * seconds + BURST + 2


def check_what_is_paid_and_right(run):
    """Never twice, never wrong, and never for ever."""
    server = run.server
    assert len(set(tokens(server))) == len(server.jobs) <= len(run.jobs)
    expected = {
        index: each.shots / 10 + place / 1000
        for each in run.jobs
        for place, index in enumerate(each.indices)
    }
    for index, outcomes in run.found.items():
        one = outcomes.weights[outcomes.states == 1].sum()
        assert one == pytest.approx(expected[index], abs=1e-9)
    assert run.waited <= MAX_WAIT + 70


def lost_of(made):
    """How many circuits of a job have no result, as the server knows."""
    if made.end == "canceled" or not made.children:
        return 0 if made.end == "completed" else len(made.circuits)
    return len(made.failed)


def submitted(run):
    return {event.job_id for event in run.events if isinstance(event, Submitted)}
