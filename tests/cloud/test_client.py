"""Jobs to outcomes against a real server on loopback, with a clock that doesn't wait."""

import asyncio
import gc
import logging
import threading
import time

import numpy as np
import pytest

from pennylane_qstore.cloud import job, loop
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    JobError,
    QStoreError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.events import Cancelled, Submitted
from pennylane_qstore.program import Gate, Programs
from tests.cloud.clock import FakeClock
from tests.scripted import RESET, error, reply

KEY = "secret-key-of-a-user"
SETTINGS = {"backend": "simulator"}


def programs(circuits, qubits=1):
    return Programs("native", qubits, (Gate("gpi", (0,)),), np.zeros((circuits, 1)))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def client(ionq, clock):
    client = Client(ionq.url, KEY, clock=clock, sleep=clock.sleep)
    yield client
    loop.current().run(client.close())


@pytest.fixture
def run(client):
    """Runs circuits and gives their outcomes; events go to ``run.events``."""

    def run(circuits=1, shots=100, max_wait=600.0):
        jobs = job.pack([(programs(circuits), shots)])
        coroutine = client.run(jobs, SETTINGS, max_wait=max_wait, listener=run.events.append)
        return loop.current().run(coroutine)

    run.events = []
    return run


def test_twenty_circuits_cost_one_post(ionq, run):
    """A batch is one POST, one look at the job and one fetch."""
    assert len(run(20)) == 20
    assert [method for method, _ in ionq.requests] == ["POST", "GET", "GET"]
    assert len(ionq.bodies[0]["input"]["circuits"]) == 20
    assert run.events == [Submitted("job-0", 20)]


def test_a_single_circuit_is_a_single_circuit_job(ionq, run):
    """One circuit is sent as the API's single-circuit job."""
    assert run(1)[0].states.tolist() == [0]
    assert ionq.bodies[0]["type"] == "ionq.circuit.v1"
    assert ionq.bodies[0]["input"]["circuit"] == [{"gate": "gpi", "target": 0, "phase": 0.0}]


def test_the_key_is_sent_as_ionq_wants_it(ionq, run):
    """Every request carries the key, with the word apiKey."""
    run()
    assert set(ionq.authorizations) == {f"apiKey {KEY}"}


def test_children_are_joined_by_their_ids(ionq, run):
    """Results in another order than the circuits' still reach the right circuits."""
    children = ["job-0-child-0", "job-0-child-1", "job-0-child-2"]
    answer = {children[2]: {"1": 1}, children[0]: {"0": 1}, children[1]: {"0": 0.25, "1": 0.75}}
    ionq.script("GET", "/jobs/job-0/results/probabilities/aggregated", reply(body=answer))
    found = run(3)
    assert found[0].states.tolist() == [0]
    assert found[1].weights.tolist() == [0.25, 0.75]
    assert found[2].states.tolist() == [1]


def test_a_missing_child_loses_only_its_own_circuit(ionq, run):
    """A job with a child that has no result raises, with what did arrive."""
    answer = {"job-0-child-1": {"0": 1}}
    ionq.script("GET", "/jobs/job-0/results/probabilities/aggregated", reply(body=answer))
    with pytest.raises(JobError, match="job-0-child-0") as caught:
        run(2)
    assert list(caught.value.partial) == [1]


@pytest.mark.parametrize(
    "children", [None, ["job-0-child-0"], ["job-0-child-0", "job-0-child-0"], "ab"]
)
def test_the_wrong_children_are_no_results(ionq, run, children):
    """Without one id a circuit there is no telling whose result is whose."""
    ionq.script(
        "GET", "/jobs/job-0", reply(body={"status": "completed", "child_job_ids": children})
    )
    with pytest.raises(CloudError, match="job-0"):
        run(2)


@pytest.mark.parametrize(
    ("results", "path"),
    [
        ({}, "/jobs/job-0/results/probabilities"),
        (None, "/jobs/job-0/results/probabilities"),
        (
            {"probabilities": {"url": "/v0.4/jobs/job-0/elsewhere"}},
            "/jobs/job-0/elsewhere",
        ),
        (
            {"probabilities": {"url": "https://other.example/v0.4/jobs/job-0/x"}},
            "/jobs/job-0/results/probabilities",
        ),
        (
            {"ionq.result.probabilities.json.v1": {"id": "p", "format": "x"}},
            "/jobs/job-0/artifacts/p",
        ),
    ],
)
def test_results_are_fetched_where_the_server_says(ionq, run, results, path):
    """The server's link comes first, then its artifact, and the key never goes to another host."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "completed", "results": results}))
    ionq.script("GET", path, reply(body={"0": 1}))
    run()
    assert ionq.requests[-1] == ("GET", path)


def test_a_failed_job_says_why(ionq, run):
    """The error of a failed job has its id, IonQ's code and IonQ's words."""
    failure = {"code": "QuotaExhaustedError", "message": "no money left"}
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "failed", "failure": failure}))
    with pytest.raises(JobError, match=r"job-0.*QuotaExhaustedError: no money left") as caught:
        run()
    assert caught.value.code == "QuotaExhaustedError"


def test_a_cancelled_job_ends_the_wait(ionq, run):
    """A job that somebody cancelled is an error, not an endless poll, even without a reason."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "canceled", "failure": None}))
    with pytest.raises(JobError, match=r"job-0.*canceled"):
        run()


def test_one_failed_job_does_not_lose_the_others(ionq, client):
    """The other jobs of a batch are waited for, and the error carries their outcomes."""
    jobs = job.pack([(programs(1), 100), (programs(1), 200)])
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "failed"}))
    with pytest.raises(JobError) as caught:
        loop.current().run(client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None))
    assert len(caught.value.partial) == 1


@pytest.mark.parametrize("status", ["submitted", "started", "ready", "a status of next year"])
def test_a_job_that_never_ends_is_given_up(ionq, run, clock, status):
    """A job that stays live, or in a state nobody knows, is waited for until max_wait."""
    ionq.script("GET", "/jobs/job-0", *[reply(body={"status": status})] * 500)
    with pytest.raises(DeadlineError, match="job-0") as caught:
        run(max_wait=3600)
    assert caught.value.job_ids == ("job-0",)
    assert clock.now == pytest.approx(3600)
    assert len(clock.sleeps) < 420


@pytest.mark.parametrize("fault", [429, 500, 502, 503, 504, 520, 529, 408, 409, 425])
def test_a_poll_that_fails_is_sent_again(ionq, run, fault):
    """No status that passes loses a paid job."""
    ionq.script("GET", "/jobs/job-0", *[error(fault)] * 30)
    assert len(run()) == 1


@pytest.mark.parametrize("fault", [reply(text="<html>"), reply(text='{"status"'), RESET])
def test_a_broken_answer_is_asked_for_again(ionq, run, fault):
    """HTML, half an answer and a lost connection are not the end of a job."""
    ionq.script("GET", "/jobs/job-0", fault, fault)
    ionq.script("GET", "/jobs/job-0/results/probabilities", fault)
    assert len(run()) == 1


def test_a_rate_limited_submit_waits_as_long_as_the_server_says(ionq, run, clock):
    """A 429 is sent again, after the time in its Retry-After."""
    ionq.script("POST", "/jobs", error(429, Retry_After="7"))
    run()
    assert clock.sleeps[0] == 7
    assert ionq.count("POST", "/jobs") == 2


@pytest.mark.parametrize("fault", [error(500), error(503), RESET, reply(201, text="<html>")])
def test_a_submit_that_may_have_arrived_is_never_sent_blind_again(ionq, run, fault):
    """A lost reply could mean a paid job, so there is no second POST."""
    ionq.script("POST", "/jobs", fault)
    with pytest.raises(UnknownOutcomeError):
        run()
    assert ionq.count("POST", "/jobs") == 1


@pytest.mark.parametrize("answer", [{}, [], None, 7, {"id": None}, {"id": ""}])
def test_a_submit_without_an_id_is_an_unknown_outcome(ionq, run, answer):
    """A success that names no job may have made one."""
    ionq.script("POST", "/jobs", reply(201, body=answer))
    with pytest.raises(UnknownOutcomeError):
        run()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (413, RejectedError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
    ],
)
def test_a_refused_submit_is_final(ionq, run, status, kind):
    """What no retry will change is said at once, in the server's words."""
    ionq.script("POST", "/jobs", error(status, "too many qubits", x_request_id="r-1"))
    with pytest.raises(kind, match="too many qubits") as caught:
        run()
    assert caught.value.request_id == "r-1"
    assert ionq.count("POST", "/jobs") == 1


@pytest.mark.parametrize(
    "answer", [[], 3, {"x": 1}, {"0": "a"}, {"0": 0.4}, {"2": 1}, {"-1": 1}, {"0": float("nan")}]
)
def test_rubbish_results_are_an_error_with_the_job(ionq, run, answer):
    """Probabilities that can't be are never handed on."""
    ionq.script("GET", "/jobs/job-0/results/probabilities", reply(body=answer))
    with pytest.raises(CloudError, match="job-0"):
        run()


def test_a_job_that_is_not_seen_yet_is_looked_for_again(ionq, run):
    """A 404 just after the submit is a slow server, not a lost job."""
    ionq.script("GET", "/jobs/job-0", error(404), error(404))
    assert len(run()) == 1


def test_a_job_that_was_deleted_ends_the_wait(ionq, run):
    """A 404 for a job that had been seen is the end of it."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "ready"}), error(404))
    with pytest.raises(JobError, match="job-0"):
        run()


def test_no_server_is_said_so_before_anything_is_sent(clock):
    """An address where nobody listens is an error with that address, after a short time."""
    client = Client("http://127.0.0.1:9/v0.4", KEY, clock=clock, sleep=clock.sleep)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9"):
        loop.current().run(client.backend("simulator"))
    loop.current().run(client.close())
    assert clock.now <= 20


def test_an_unknown_backend_names_those_there_are(client):
    """A backend that IonQ doesn't list, or has retired, is refused with the list."""
    with pytest.raises(RejectedError, match=r"qpu.forte-9.*qpu.forte-1"):
        loop.current().run(client.backend("qpu.forte-9"))
    with pytest.raises(RejectedError, match="retired"):
        loop.current().run(client.backend("qpu.harmony"))


@pytest.mark.parametrize("listed", [{}, 3, [1], [{"backend": "simulator", "qubits": "many"}]])
def test_rubbish_about_backends_is_an_error(ionq, client, listed):
    """A list of backends that is none is not compiled for."""
    ionq.script("GET", "/backends", reply(body=listed))
    with pytest.raises(CloudError, match=r"backends|simulator"):
        loop.current().run(client.backend("simulator"))


def test_the_key_is_never_shown(ionq, client, run, caplog):
    """Neither a repr, nor a log, nor an error has it, even where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    ionq.script("POST", "/jobs", error(400, f"the key {KEY} is bad"))
    with pytest.raises(RejectedError) as caught:
        run()
    told = [repr(client), str(caught.value), repr(caught.value), caplog.text]
    assert not any(KEY in text for text in told)


def test_an_interrupt_cancels_what_is_live_with_one_request(ionq, client):
    """When the wait is cancelled, all live jobs are, and the listener is told."""
    ionq.script("GET", "/jobs/*", *[reply(body={"status": "started"})] * 1000)
    jobs = job.pack([(programs(1), 100), (programs(1), 200)])
    events = []

    both = asyncio.Semaphore(0)

    def listener(event):
        events.append(event)
        both.release()

    async def interrupted():
        task = asyncio.create_task(client.run(jobs, SETTINGS, max_wait=1e9, listener=listener))
        await both.acquire()
        await both.acquire()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert loop.current().run(interrupted())
    assert ionq.cancelled == ["job-0", "job-1"]
    assert ionq.count("PUT", "/jobs/status/cancel") == 1
    assert events[-1] == Cancelled(("job-0", "job-1"))


def test_a_rate_limit_that_outlasts_the_deadline_ends_it_at_once(ionq, run, clock):
    """No submit is squeezed in at the last moment, whose answer nobody would wait for."""
    ionq.script("POST", "/jobs", error(429, "slow down", Retry_After="3600"))
    with pytest.raises(DeadlineError, match="slow down") as caught:
        run(max_wait=60)
    assert ionq.count("POST", "/jobs") == 1
    assert caught.value.job_ids == ()
    assert caught.value.waited == 60


def test_what_the_last_attempt_met_is_told(ionq, run):
    """A wait that ends says why there is no result, not only that time is up."""
    ionq.script("GET", "/jobs/job-0", *[error(502, "bad gateway")] * 400)
    with pytest.raises(DeadlineError, match=r"job-0.*502.*bad gateway"):
        run(max_wait=20)


@pytest.mark.parametrize("header", ["0", "-5", "Tue, 14 Nov 2023 22:13:00 GMT"])
def test_at_once_is_not_a_busy_loop(ionq, run, clock, header):
    """A Retry-After of nothing still leaves the server a moment."""
    ionq.script("POST", "/jobs", *[error(429, Retry_After=header)] * 5)
    run()
    assert all(seconds >= 0.25 for seconds in clock.sleeps[:5])


def test_a_job_is_given_time_to_be_seen_from_its_submit_on(ionq, run, clock):
    """A long wait before the submit is accepted doesn't count as the job's."""
    ionq.script("POST", "/jobs", error(429, Retry_After="30"))
    ionq.script("GET", "/jobs/job-0", error(404))
    assert len(run()) == 1
    assert clock.now > 30


@pytest.mark.parametrize("path", ["/jobs/job-0", "/jobs/job-0/results/probabilities"])
def test_json_that_is_too_deep_is_no_answer(ionq, run, path):
    """Brackets without an end are asked for again, as any other broken answer."""
    ionq.script("GET", path, reply(text="[" * 50_000))
    assert len(run()) == 1


def test_one_malformed_child_loses_only_its_own_circuit(ionq, run):
    """The circuits beside one whose result is rubbish are kept."""
    answer = {"job-0-child-0": {"0": "x"}, "job-0-child-1": {"0": 1}}
    ionq.script("GET", "/jobs/job-0/results/probabilities/aggregated", reply(body=answer))
    with pytest.raises(JobError, match="job-0-child-0") as caught:
        run(2)
    assert list(caught.value.partial) == [1]


@pytest.mark.parametrize("job_id", ["../../whoami?x=", "a/b", "a b", 7])
def test_an_id_that_is_none_is_not_asked_for(ionq, run, job_id):
    """What the server names must be an id, before it stands in an address."""
    ionq.script("POST", "/jobs", reply(201, body={"id": job_id}))
    with pytest.raises(UnknownOutcomeError):
        run()
    assert ionq.count("GET", "/jobs") == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/jobs", {"note": KEY}),
        ("GET", "/jobs/job-0", {"state": KEY}),
        ("GET", "/jobs/job-0", {"status": "failed", "failure": {"code": KEY, "message": KEY}}),
        ("GET", "/jobs/job-0/results/probabilities", {KEY: 1}),
        ("GET", "/jobs/job-0/results/probabilities", "x" * 190 + KEY),
    ],
)
def test_a_server_that_repeats_the_key_does_not_get_it_printed(ionq, run, method, path, body):
    """Whatever the answer, no part of the key is in the error."""
    ionq.script(method, path, reply(200, body=body))
    with pytest.raises(QStoreError) as caught:
        run()
    assert KEY[:8] not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


def test_this_machine_is_never_asked_through_a_proxy(ionq, monkeypatch):
    """A proxy in the environment is for the internet; the key doesn't go to it in the open."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    client = Client(ionq.url, KEY)
    assert loop.current().run(client.backend("simulator")).qubits == 29
    loop.current().run(client.close())


def test_an_interrupt_during_a_submit_cancels_what_it_made(ionq, client):
    """A submit that is under way is waited for a moment, so that its job can be cancelled."""
    arrived = threading.Event()

    def slow():
        arrived.set()
        time.sleep(0.5)
        return reply(201, body={"id": "late-job"})()

    ionq.script("POST", "/jobs", slow)
    jobs, events = job.pack([(programs(1), 100)]), []

    async def interrupted():
        task = asyncio.create_task(client.run(jobs, SETTINGS, max_wait=60, listener=events.append))
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    loop.current().run(interrupted())
    assert ionq.cancelled == ["late-job"]
    assert events[-1] == Cancelled(("late-job",))


def test_connections_are_closed(ionq, run, client):
    """Nothing of a closed client is left open: a warning would fail this test."""
    run()
    loop.current().run(client.close())
    gc.collect()
