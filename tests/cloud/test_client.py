"""Jobs to outcomes against a real server on loopback, with a clock that doesn't wait."""

import asyncio
import gc
import logging
import threading
import time

import numpy as np
import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.lookup import RESENDS
from pennylane_qstore.cloud.submitting.request_terms import Policy
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
from pennylane_qstore.programs.program import Gate, Programs
from pennylane_qstore.reporting.events import (
    Adopted,
    Cancelled,
    Completed,
    Repeated,
    Resent,
    Resumed,
    Submitted,
    Waiting,
)
from tests.scripted import HTML, RESET, SILENCE, TRUNCATED, After, error, reply

KEY = "secret-key-of-a-user"
SETTINGS = {"backend": "simulator"}


def phases(values):
    """Circuits whose first phases a telling server gives back as probabilities."""
    return Programs("native", 1, (Gate("gpi", (0,)),), np.array(values)[:, None])


def programs(circuits, qubits=1):
    return Programs("native", qubits, (Gate("gpi", (0,)),), np.zeros((circuits, 1)))


@pytest.fixture
def client(ionq, virtual):
    client = Client(ionq.url, KEY)
    yield client
    virtual.run(client.close())


@pytest.fixture
def run(client, virtual):
    """Runs circuits and gives their outcomes; events go to ``run.events``."""

    def run(circuits=1, shots=100, max_wait=600.0, batch=None):
        jobs = packing.pack([(programs(circuits) if batch is None else batch, shots)])
        coroutine = client.run(jobs, SETTINGS, max_wait=max_wait, listener=run.events.append)
        return virtual.run(coroutine)

    run.events = []
    return run


def test_twenty_circuits_cost_one_post(ionq, run):
    """A batch is one POST, one look at the job and one fetch."""
    assert len(run(20)) == 20
    assert [method for method, _ in ionq.requests] == ["POST", "GET", "GET"]
    assert len(ionq.bodies[0]["input"]["circuits"]) == 20
    assert run.events == [
        Submitted("job-0", 20, "simulator"),
        Waiting("job-0", "completed", None),
        Completed("job-0", 0.0, 0.0),
    ]


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
    """A job with a child that failed raises, with IonQ's reason and what did arrive."""
    ionq.fates.append({"failed": {0}})
    with pytest.raises(JobError, match=r"job-0-child-0.*the trap was empty") as caught:
        run(2)
    assert list(caught.value.partial) == [1]
    assert caught.value.status == "completed"


def test_a_child_that_the_answer_left_out_is_asked_for(ionq, run):
    """A child that is completed, but missing among the results of all, is fetched by itself."""
    ionq.fates.append({"missing": {0, 2}})
    assert len(run(3)) == 3


def test_what_a_failed_job_did_measure_is_kept(ionq, run):
    """The children of a failed job that are completed are in the error."""
    ionq.fates.append({"end": "failed", "failed": {1}})
    with pytest.raises(JobError, match="the trap was empty") as caught:
        run(3)
    assert sorted(caught.value.partial) == [0, 2]


def test_failed_circuits_are_sent_again_and_only_they(ionq, virtual):
    """``retry_failed_circuits`` sends those without a result again, and no other."""
    ionq.telling = True
    ionq.fates.extend([{"failed": {1, 2}}, {"end": "failed", "failed": {0, 1}}])
    client = Client(ionq.url, KEY, Policy(retry_failed_circuits=2))
    jobs, events = packing.pack([(phases([0.1, 0.2, 0.3]), 100)]), []
    found = virtual.run(client.run(jobs, SETTINGS, max_wait=60, listener=events.append))
    assert [found[i].weights[1].round(9) for i in range(3)] == [0.1, 0.2, 0.3]
    sent = [[c["circuit"][0]["phase"] for c in b["input"]["circuits"]] for b in ionq.bodies[:2]]
    assert sent == [[0.1, 0.2, 0.3], [0.2, 0.3]]
    assert [event.circuits for event in events if isinstance(event, Repeated)] == [2, 2]
    virtual.run(client.close())


@pytest.mark.parametrize("code", ["QuotaExhaustedError", "InvalidInput"])
def test_what_would_fail_again_is_not_sent_again(ionq, virtual, code):
    """A circuit that IonQ refuses for good is not paid for twice."""
    failed = {"status": "failed", "failure": {"code": code, "message": "no"}}
    ionq.script("GET", "/jobs/job-0", reply(body=failed))
    client = Client(ionq.url, KEY, Policy(retry_failed_circuits=5))
    jobs = packing.pack([(programs(1), 100)])
    with pytest.raises(JobError, match=code):
        virtual.run(client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None))
    assert len(ionq.bodies) == 1
    virtual.run(client.close())


@pytest.mark.parametrize(
    "children", [None, ["job-0-child-0"], ["job-0-child-0", "job-0-child-0"], "ab"]
)
def test_the_wrong_children_are_no_results(ionq, run, children):
    """Without one id a circuit there is no telling whose result is whose."""
    record = reply(body={"status": "completed", "child_job_ids": children})
    ionq.script("GET", "/jobs/job-0", *[record] * 4)
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


def test_one_failed_job_does_not_lose_the_others(ionq, client, virtual):
    """The other jobs of a batch are waited for, and the error carries their outcomes."""
    jobs = packing.pack([(programs(1), 100), (programs(1), 200)])
    ionq.fates.append({"end": "failed"})
    with pytest.raises(JobError) as caught:
        virtual.run(client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None))
    assert len(caught.value.partial) == 1


@pytest.mark.parametrize("status", ["submitted", "started", "ready", "a status of next year"])
def test_a_job_that_never_ends_is_given_up(ionq, run, virtual, status):
    """A job that stays live, or in a state nobody knows, is waited for until max_wait."""
    ionq.script("GET", "/jobs/job-0", *[reply(body={"status": status})] * 500)
    begun = virtual.time()
    with pytest.raises(DeadlineError, match="job-0") as caught:
        run(max_wait=3600)
    assert caught.value.job_ids == ("job-0",)
    assert virtual.time() - begun == pytest.approx(3600, abs=1)
    assert len(ionq.requests) < 90


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


def test_a_rate_limited_submit_waits_as_long_as_the_server_says(ionq, run):
    """A 429 is sent again, after the time in its Retry-After."""
    ionq.script("POST", "/jobs", error(429, Retry_After="7"))
    run()
    assert ionq.times[1] - ionq.times[0] == pytest.approx(7, abs=0.1)
    assert ionq.count("POST", "/jobs") == 2


LOST = [
    error(500),
    error(503),
    HTML,
    RESET,
    TRUNCATED,
    reply(201, text="<html>"),
    reply(201, body={}),
]


@pytest.mark.parametrize("fault", LOST)
def test_a_job_whose_reply_was_lost_is_found_again(ionq, run, fault):
    """A submit that was stored, but not answered well, is one job and one POST."""
    ionq.script("POST", "/jobs", After(fault))
    assert len(run(3)) == 3
    assert ionq.count("POST", "/jobs") == len(ionq.jobs) == 1
    assert Adopted("job-0") in run.events


@pytest.mark.parametrize("fault", [*LOST[:4], *LOST[5:]])
def test_a_job_that_surely_is_not_there_is_sent_again(ionq, run, fault):
    """A submit that was lost on its way is sent again, after the list has been asked."""
    ionq.script("POST", "/jobs", fault)
    assert len(run(3)) == 3
    assert ionq.count("POST", "/jobs") == 2
    assert len(ionq.jobs) == 1
    assert [each for each in run.events if isinstance(each, Resent)]
    looks = [path for method, path in ionq.requests[1:] if method == "GET" and path == "/jobs"]
    assert len(looks) >= 4


def test_a_reply_that_never_comes_is_looked_up(ionq, run):
    """A submit that times out is not sent again while its job is there."""
    ionq.script("POST", "/jobs", After(SILENCE))
    assert len(run()) == 1
    assert len(ionq.jobs) == 1


def test_a_job_is_found_behind_its_own_children_and_other_jobs(ionq, run, client, virtual):
    """The list has children beside parents, in pages of 25; any of them tells the job."""

    async def others():
        jobs = packing.pack([(programs(30), 100)] * 3, 30)
        await client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None)

    ionq.script("POST", "/jobs", After(RESET))

    async def both():
        mine = asyncio.create_task(
            client.run(
                packing.pack([(programs(60), 100)]),
                SETTINGS,
                max_wait=60,
                listener=run.events.append,
            )
        )
        while not ionq.jobs:
            await asyncio.sleep(0.01)
        await others()
        return await mine

    assert len(virtual.run(both())) == 60
    assert len(ionq.jobs) == 4


def test_an_unknown_outcome_can_be_left_to_the_caller(ionq, virtual):
    """``on_unknown="raise"`` says the token by which the job can be found, and sends no more."""
    ionq.script("POST", "/jobs", After(RESET))
    client = Client(ionq.url, KEY, Policy(on_unknown="raise"))
    jobs = packing.pack([(programs(1), 100)])
    with pytest.raises(UnknownOutcomeError) as caught:
        virtual.run(client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None))
    assert ionq.bodies[0]["metadata"]["qstore_token"] in str(caught.value)
    assert len(ionq.requests) == 1
    virtual.run(client.close())


@pytest.mark.parametrize("listed", [error(401), reply(body={"jobs": None}), error(503)])
def test_a_job_that_cannot_be_looked_up_is_never_sent_blind_again(ionq, run, listed):
    """Where the list of jobs says nothing, the outcome stays unknown, and that is the error."""
    ionq.script("POST", "/jobs", After(RESET))
    ionq.script("GET", "/jobs", *[listed] * 200)
    with pytest.raises(UnknownOutcomeError, match="qstore_token"):
        run(max_wait=120)
    assert ionq.count("POST", "/jobs") == 1


@pytest.mark.parametrize("answer", [{}, [], None, 7, {"id": None}, {"id": ""}, {"id": "../x"}])
def test_a_submit_without_an_id_is_an_unknown_outcome(ionq, run, answer):
    """A success that names no job may have made one: it is looked up, and never asked for."""
    ionq.script("POST", "/jobs", After(reply(201, body=answer)))
    assert len(run()) == 1
    assert len(ionq.jobs) == 1


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
    ionq.script("GET", "/jobs/job-0/results/probabilities", *[reply(body=answer)] * 3)
    with pytest.raises(CloudError, match="job-0"):
        run()
    assert len(ionq.requests) == 5


def test_rubbish_results_are_asked_for_again(ionq, run):
    """A paid job is not lost to one answer that makes no sense."""
    ionq.script("GET", "/jobs/job-0/results/probabilities", *[reply(body={"0": 0.4})] * 2)
    assert len(run()) == 1


def test_a_job_that_is_not_seen_yet_is_looked_for_again(ionq, run):
    """A 404 just after the submit is a slow server, not a lost job."""
    ionq.script("GET", "/jobs/job-0", error(404), error(404))
    assert len(run()) == 1


def test_a_job_that_was_deleted_ends_the_wait(ionq, run):
    """A 404 that lasts, for a job that had been seen, is the end of it."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "ready"}), *[error(404)] * 200)
    with pytest.raises(JobError, match="job-0"):
        run()


def test_one_404_is_not_the_end_of_a_job(ionq, run):
    """A part of the server that lags doesn't lose a job that is running."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "ready"}), error(404))
    assert len(run()) == 1
    assert len(ionq.jobs) == 1


def test_no_server_is_said_so_before_anything_is_sent(virtual):
    """An address where nobody listens is an error with that address, after a short time."""
    client = Client("http://127.0.0.1:9/v0.4", KEY)
    begun = virtual.time()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9"):
        virtual.run(client.backend("simulator"))
    virtual.run(client.close())
    assert virtual.time() - begun <= 20


def test_an_unknown_backend_names_those_there_are(client, virtual):
    """A backend that IonQ doesn't list, or has retired, is refused with the list."""
    with pytest.raises(RejectedError, match=r"qpu.forte-9.*qpu.forte-1"):
        virtual.run(client.backend("qpu.forte-9"))
    with pytest.raises(RejectedError, match="retired"):
        virtual.run(client.backend("qpu.harmony"))


@pytest.mark.parametrize("listed", [{}, 3, [1], [{"backend": "simulator", "qubits": "many"}]])
def test_rubbish_about_backends_is_an_error(ionq, client, listed, virtual):
    """A list of backends that is none is not compiled for."""
    ionq.script("GET", "/backends", reply(body=listed))
    with pytest.raises(CloudError, match=r"backends|simulator"):
        virtual.run(client.backend("simulator"))


def test_the_key_is_never_shown(ionq, client, run, caplog):
    """Neither a repr, nor a log, nor an error has it, even where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    ionq.script("POST", "/jobs", error(400, f"the key {KEY} is bad"))
    with pytest.raises(RejectedError) as caught:
        run()
    told = [repr(client), str(caught.value), repr(caught.value), caplog.text]
    assert not any(KEY in text for text in told)


def test_an_interrupt_cancels_what_is_live_with_one_request(ionq, client, virtual):
    """When the wait is cancelled, all live jobs are, and the listener is told."""
    ionq.script("GET", "/jobs/*", *[reply(body={"status": "started"})] * 1000)
    jobs = packing.pack([(programs(1), 100), (programs(1), 200)])
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

    assert virtual.run(interrupted())
    assert ionq.cancelled == ["job-0", "job-1"]
    assert ionq.count("PUT", "/jobs/status/cancel") == 1
    assert events[-1] == Cancelled(("job-0", "job-1"))


def test_a_rate_limit_that_outlasts_the_deadline_ends_it_at_once(ionq, run):
    """No submit is squeezed in at the last moment, whose answer nobody would wait for."""
    ionq.script("POST", "/jobs", error(429, "slow down", Retry_After="3600"))
    with pytest.raises(DeadlineError, match="slow down") as caught:
        run(max_wait=60)
    assert ionq.count("POST", "/jobs") == 1
    assert caught.value.job_ids == ()
    assert caught.value.waited < 60


def test_what_the_last_attempt_met_is_told(ionq, run):
    """A wait that ends says why there is no result, not only that time is up."""
    ionq.script("GET", "/jobs/job-0", *[error(502, "bad gateway")] * 400)
    with pytest.raises(DeadlineError, match=r"job-0.*502.*bad gateway"):
        run(max_wait=20)


@pytest.mark.parametrize("header", ["0", "-5", "Tue, 14 Nov 2023 22:13:00 GMT"])
def test_at_once_is_not_a_busy_loop(ionq, run, header):
    """A Retry-After of nothing still leaves the server a moment."""
    ionq.script("POST", "/jobs", *[error(429, Retry_After=header)] * 5)
    run()
    gaps = np.diff(ionq.times[:6])
    assert gaps.min() > 0.24


def test_a_job_is_given_time_to_be_seen_from_its_submit_on(ionq, run):
    """A long wait before the submit is accepted doesn't count as the job's."""
    ionq.script("POST", "/jobs", error(429, Retry_After="30"))
    ionq.script("GET", "/jobs/job-0", error(404))
    assert len(run()) == 1
    assert ionq.times[-1] - ionq.times[0] > 30


@pytest.mark.parametrize("path", ["/jobs/job-0", "/jobs/job-0/results/probabilities"])
def test_json_that_is_too_deep_is_no_answer(ionq, run, path):
    """Brackets without an end are asked for again, as any other broken answer."""
    ionq.script("GET", path, reply(text="[" * 50_000))
    assert len(run()) == 1


def test_one_malformed_child_loses_only_its_own_circuit(ionq, run):
    """The circuits beside one whose result is rubbish are kept."""
    answer = {"job-0-child-0": {"0": "x"}, "job-0-child-1": {"0": 1}}
    ionq.script("GET", "/jobs/job-0/results/probabilities/aggregated", reply(body=answer))
    ionq.script("GET", "/jobs/job-0-child-0/results/probabilities", *[reply(body={"0": "x"})] * 3)
    with pytest.raises(JobError, match="job-0-child-0") as caught:
        run(2)
    assert list(caught.value.partial) == [1]


@pytest.mark.parametrize("job_id", ["../../whoami?x=", "a/b", "a b"])
def test_an_id_that_is_none_is_not_asked_for(ionq, run, job_id):
    """What the server names must be an id, before it stands in an address."""
    ionq.script("POST", "/jobs", reply(201, body={"id": job_id}))
    assert len(run()) == 1
    assert all(path in {"/jobs", "/jobs/job-0"} or "job-0/" in path for _, path in ionq.requests)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/jobs/job-0", {"status": "canceled", "failure": {"message": KEY}}),
        ("GET", "/jobs/job-0", {"status": "failed", "failure": {"code": KEY, "message": KEY}}),
        ("GET", "/jobs/job-0/results/probabilities", {KEY: 1}),
        ("GET", "/jobs/job-0/results/probabilities", "x" * 190 + KEY),
    ],
)
def test_a_server_that_repeats_the_key_does_not_get_it_printed(ionq, run, method, path, body):
    """Whatever the answer, no part of the key is in the error."""
    ionq.script(method, path, *[reply(200, body=body)] * 3)
    with pytest.raises(QStoreError) as caught:
        run()
    assert KEY[:8] not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


def test_this_machine_is_never_asked_through_a_proxy(ionq, monkeypatch, virtual):
    """A proxy in the environment is for the internet; the key doesn't go to it in the open."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    client = Client(ionq.url, KEY)
    assert virtual.run(client.backend("simulator")).qubits == 29
    virtual.run(client.close())


def test_an_interrupt_during_a_submit_cancels_what_it_made(ionq, client, virtual):
    """A submit that is under way is waited for a moment, so that its job can be cancelled."""
    arrived = threading.Event()

    def slow():
        arrived.set()
        time.sleep(0.5)
        return reply(201, body={"id": "late-job"})()

    ionq.script("POST", "/jobs", slow)
    jobs, events = packing.pack([(programs(1), 100)]), []

    async def interrupted():
        task = asyncio.create_task(client.run(jobs, SETTINGS, max_wait=60, listener=events.append))
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual.run(interrupted())
    assert ionq.cancelled == ["late-job"]
    assert events[-1] == Cancelled(("late-job",))


def test_connections_are_closed(ionq, run, client, virtual):
    """Nothing of a closed client is left open: a warning would fail this test."""
    run()
    virtual.run(client.close())
    gc.collect()


def test_a_job_that_is_too_large_is_halved_until_it_fits(ionq, run):
    """A 413 splits a job, again where a half is still too large; results stay in order."""
    ionq.telling = True
    too_large = error(413, "body too large")
    ionq.script("POST", "/jobs", too_large, too_large)
    values = [i / 10 for i in range(7)]
    found = run(batch=phases(values))
    assert [found[i].weights[-1] for i in range(1, 7)] == pytest.approx(values[1:])
    sizes = sorted(len(body["input"].get("circuits", [0])) for body in ionq.bodies)
    assert sum(sizes) == 7
    assert len(sizes) == 3


def test_a_circuit_that_is_too_large_by_itself_is_refused(ionq, run):
    """What can't be halved is the server's refusal."""
    ionq.script("POST", "/jobs", *[error(413, "body too large")] * 9)
    with pytest.raises(RejectedError, match="too large"):
        run(2)


def test_a_token_is_in_the_metadata_beside_the_users(ionq, client, virtual):
    """Every job has a token of its own, and the user's metadata stay."""
    jobs = packing.pack([(programs(1), 100), (programs(1), 200)])
    settings = {**SETTINGS, "metadata": {"mine": "1"}}
    virtual.run(client.run(jobs, settings, max_wait=60, listener=lambda _: None))
    first, second = [body["metadata"] for body in ionq.bodies]
    assert first["mine"] == second["mine"] == "1"
    assert first["qstore_token"] != second["qstore_token"]


def test_a_deadline_can_be_resumed(ionq, client, virtual):
    """The jobs of a wait that ended are taken up by the next call that asks for the same."""
    ionq.queue = 100.0
    jobs, events = packing.pack([(programs(2), 100)]), []

    def once(max_wait):
        waiting = client.run(jobs, SETTINGS, max_wait=max_wait, listener=events.append)
        return virtual.run(waiting)

    with pytest.raises(DeadlineError):
        once(30)
    assert len(once(300)) == 2
    assert len(ionq.jobs) == 1
    assert any(isinstance(event, Resumed) for event in events)
    once(300)
    assert len(ionq.jobs) == 2


def test_a_job_that_is_lost_is_not_looked_for_again(ionq, client, virtual):
    """What the server has deleted is paid anew when it is asked for anew."""
    ionq.queue = 5.0
    jobs = packing.pack([(programs(2), 100)])

    async def twice():
        waiting = client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None)
        first = asyncio.create_task(waiting)
        await asyncio.sleep(1.0)
        ionq.jobs["gone"] = ionq.jobs.pop("job-0")
        await asyncio.wait([first])
        assert isinstance(first.exception(), JobError)
        return await client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None)

    assert len(virtual.run(twice())) == 2
    assert len(ionq.bodies) == 2


def test_rubbish_that_lasts_is_not_served_again(ionq, client, virtual):
    """A job whose results never made sense doesn't stand in the way of the same request."""
    rubbish = [reply(body={"0": 7})] * 3
    ionq.script("GET", "/jobs/job-0/results/probabilities", *rubbish)
    jobs = packing.pack([(programs(1), 100)])

    def once():
        return virtual.run(client.run(jobs, SETTINGS, max_wait=60, listener=lambda _: None))

    with pytest.raises(CloudError):
        once()
    assert len(once()) == 1
    assert len(ionq.jobs) == 2


def test_a_list_without_metadata_never_pays_twice(ionq, run):
    """The job itself is asked; where it doesn't tell either, nothing is sent again."""
    ionq.script("POST", "/jobs", reply(503, body={}))
    ionq.script("GET", "/jobs", *[reply(body={"jobs": [{"id": "a", "metadata": None}]})] * 9)
    ionq.script("GET", "/jobs/a", *[reply(body={"id": "a", "metadata": None})] * 9)
    with pytest.raises(UnknownOutcomeError, match=packing.TOKEN):
        run()
    assert ionq.count("POST", "/jobs") == 1


def test_a_way_that_loses_every_reply_is_given_up(ionq, run):
    """After a few submits that surely made no job, the error is the caller's."""
    ionq.script("POST", "/jobs", *[reply(503, body={})] * 9)
    with pytest.raises(UnknownOutcomeError):
        run()
    assert ionq.count("POST", "/jobs") == 1 + RESENDS


def test_a_server_that_takes_nothing_is_not_asked_for_ever(ionq, run):
    """What is too large even as a single circuit stops its job, after as many tries as halvings."""
    ionq.script("POST", "/jobs", *[error(413, "body too large")] * 10_000)
    with pytest.raises(RejectedError, match="too large"):
        run(4_000)
    assert ionq.count("POST", "/jobs") == 12  # 4000, 2000, 1000, … 3, 1


def test_nothing_is_asked_after_an_error(ionq, run, virtual):
    """Where an answer can't be had, what was asked for beside it is given up."""
    ionq.script("GET", "/jobs/job-0/results/probabilities/aggregated", error(400))
    broken = reply(body={"status": "completed", "child_job_ids": None})
    ionq.script("GET", "/jobs/job-0", broken, *[error(503)] * 500)
    with pytest.raises(RejectedError):
        run(2)
    asked = len(ionq.requests)
    virtual.run(asyncio.sleep(60.0))
    assert len(ionq.requests) == asked


@pytest.mark.parametrize("status", [["completed"], {"a": 1}, 3, None])
def test_a_status_that_is_none_is_no_end(ionq, run, status):
    """It is waited on, and said when time is up."""
    ionq.script("GET", "/jobs/job-0", *[reply(body={"status": status})] * 1_000)
    with pytest.raises(DeadlineError, match="no status"):
        run(max_wait=5.0)
