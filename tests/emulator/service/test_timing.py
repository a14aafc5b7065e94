"""Profiles, predictions and lanes; whole queues on a clock that tests move."""

import asyncio
import time

import aiohttp
import numpy as np
import pytest

from pennylane_qstore.emulator import Profile, VirtualClock, serve
from pennylane_qstore.emulator.service.timing import PROFILES, Lanes, profile_of
from tests.emulator.conftest import BELL, multi, single

SLOW = Profile("slow", check=2, queue=100, circuit=10, lanes=1)


class Timed:
    """An emulator on a virtual clock, and a client in its event loop."""

    def __init__(self, clock, server, client):
        self.clock = clock
        self.server = server
        self.client = client

    async def ask(self, method, path, body=None):
        async with self.client.request(method, self.server.url + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def submit(self, body):
        return (await self.ask("POST", "/jobs", body))["id"]

    async def status(self, job_id):
        return (await self.ask("GET", f"/jobs/{job_id}"))["status"]


def timed(session, **options):
    """Runs a session with an emulator whose clock it moves."""

    async def run():
        clock = VirtualClock()
        server = await serve(clock=clock, seed=1, **options)
        headers = {"Authorization": "apiKey k"}
        async with aiohttp.ClientSession(headers=headers) as client:
            await session(Timed(clock, server, client))
        await server.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_job_takes_its_time():
    """A job is checked, waits, runs, and says when, to the millisecond."""

    async def session(emulator):
        job_id = await emulator.submit(multi([BELL, BELL], name="two"))
        for seconds, status in [(1, "submitted"), (2, "ready"), (98, "ready"), (2, "started")]:
            await emulator.clock.advance(seconds)
            assert await emulator.status(job_id) == status
        await emulator.clock.advance(20)
        job = await emulator.ask("GET", f"/jobs/{job_id}")
        assert job["status"] == "completed"
        assert job["submitted_at"] == "2026-01-01T00:00:00.000Z"
        assert job["started_at"] == "2026-01-01T00:01:42.000Z"
        assert job["completed_at"] == "2026-01-01T00:02:02.000Z"
        assert job["execution_duration_ms"] == job["predicted_execution_duration_ms"] == 20_000
        assert job["predicted_wait_time_ms"] == 102_000

    timed(session, profile=SLOW)


def test_a_lane_is_for_one_job():
    """With one lane jobs run one after another, and the predictions know it."""

    async def session(emulator):
        ids = [await emulator.submit(multi([BELL] * 5)) for _ in range(3)]
        jobs = [await emulator.ask("GET", f"/jobs/{each}") for each in ids]
        assert [job["predicted_wait_time_ms"] for job in jobs] == [102_000, 152_000, 202_000]
        await emulator.clock.advance(110)
        assert [await emulator.status(each) for each in ids] == ["started", "ready", "ready"]
        await emulator.clock.advance(50)
        assert [await emulator.status(each) for each in ids] == ["completed", "started", "ready"]
        (backend,) = [
            each
            for each in await emulator.ask("GET", "/backends")
            if each["backend"] == "simulator"
        ]
        assert backend["average_queue_time"] == 102_000
        other = await emulator.ask("GET", "/backends/qpu.forte-1")
        assert other["average_queue_time"] == 102_000

    timed(session, profile=SLOW)


def test_a_cancelled_job_frees_its_lane():
    """When the job on the machine is cancelled, the next one starts at once."""

    async def session(emulator):
        first, second = [await emulator.submit(multi([BELL] * 50)) for _ in range(2)]
        await emulator.clock.advance(110)
        assert await emulator.status(second) == "ready"
        await emulator.ask("PUT", f"/jobs/{first}/status/cancel")
        await emulator.clock.advance(0)
        assert await emulator.status(first) == "canceled"
        assert await emulator.status(second) == "started"

    timed(session, profile=SLOW)


def test_a_faster_clock():
    """A time scale divides every time, predictions too."""

    async def session(emulator):
        job_id = await emulator.submit(single(BELL))
        job = await emulator.ask("GET", f"/jobs/{job_id}")
        assert job["predicted_wait_time_ms"] == 1_020
        assert job["predicted_execution_duration_ms"] == 100
        await emulator.clock.advance(1.13)
        assert await emulator.status(job_id) == "completed"

    timed(session, profile=SLOW, time_scale=100)


def test_predictions_are_about_right():
    """Over many jobs of a jittered QPU the mean wait and run are within 5 sigma as predicted."""
    jobs = 60

    async def session(emulator):
        body = single(BELL, backend="qpu.forte-1", shots=1000)
        ratios = []
        for _ in range(jobs):
            job_id = await emulator.submit(body)
            predicted = await emulator.ask("GET", f"/jobs/{job_id}")
            await emulator.clock.advance(6000)
            job = await emulator.ask("GET", f"/jobs/{job_id}")
            ratios.append(
                job["execution_duration_ms"] / predicted["predicted_execution_duration_ms"]
            )
        sigma = np.sqrt(np.exp(0.3**2) - 1)
        assert abs(np.mean(ratios) - 1) < 5 * sigma / np.sqrt(jobs)
        assert np.std(ratios) > sigma / 3

    timed(session, profile=Profile("qpu", queue=900, circuit=0.5, shots=True, lanes=1, jitter=0.3))


@pytest.mark.parametrize("jitter", [0.0, 0.2, 0.3, 1.0])
def test_jitter_leaves_the_mean_time(jitter):
    """The factor is log-normal of mean 1 and of sigma `jitter`, so its median is below 1."""
    profile, random, draws = Profile("jittery", jitter=jitter), np.random.default_rng(7), 20_000
    factors = np.array([profile.spread(random) for _ in range(draws)])
    deviation = np.sqrt(np.expm1(jitter**2))
    assert abs(factors.mean() - 1) <= 5 * deviation / np.sqrt(draws)
    logarithms = np.log(factors)
    assert abs(logarithms.mean() + jitter**2 / 2) <= 5 * jitter / np.sqrt(draws)
    assert abs(logarithms.std() - jitter) <= 5 * jitter / np.sqrt(2 * draws)


def test_shots_take_time_on_a_machine():
    """A QPU's run is its gates' times, shot after shot."""
    qpu = PROFILES["qpu"]
    assert qpu.running(1, (10, 5), 1000) == pytest.approx(0.5 + 1.3 + 4.85 + 0.15)
    assert PROFILES["cloud-simulator"].running(10, (10, 5), 1000) == pytest.approx(0.2)
    assert PROFILES["instant"].running(10, (10, 5), 1000) == 0


def test_circuits_that_run_abreast():
    """A machine that runs five circuits of a job at once takes as many turns as that leaves."""
    wide = Profile("wide", circuit=2, abreast=5)
    assert [wide.running(circuits, (0, 0), 1) for circuits in (1, 5, 6, 20)] == [2, 2, 4, 8]


def test_a_round_trip(start):
    """Each request takes a round trip."""
    api = start(profile=Profile("far", round_trip=0.2))
    begin = time.monotonic()
    api.get("/whoami")
    assert time.monotonic() - begin >= 0.2


def test_lanes_are_shared_out():
    """Two lanes take two jobs; the third waits for the first that ends."""
    lanes = Lanes(2)
    assert [lanes.take(0, 5, run) for run in (10, 20, 10)] == [5, 5, 15]
    assert lanes.wait(0, 5) == 25
    lanes.forget(3)
    assert lanes.wait(3, 5) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"queue": -1},
        {"jitter": float("nan")},
        {"lanes": 0},
        {"abreast": 0},
        {"scale": 0},
        {"scale": float("inf")},
    ],
)
def test_a_profile_that_cannot_be(wrong):
    """Times are 0 or more, and lanes are 1 or more."""
    with pytest.raises(ValueError, match=r"must be|needs|at once"):
        Profile("wrong", **wrong)


def test_a_profile_that_is_not_there():
    """An unknown name is refused with those there are."""
    with pytest.raises(ValueError, match="instant, cloud-simulator, qpu, not 'slow'"):
        profile_of("slow")
