"""Faults as a client meets them."""

import http.client
import json
import time

import pytest
import requests

from pennylane_qstore.emulator import REQUESTS, Fault
from tests.emulator.api.test_app import wait_for
from tests.emulator.conftest import BELL, multi, single


class TestRequests:
    def test_too_many_requests(self, start):
        """The first two submissions are refused, with the wait that was set; the third is taken."""
        api = start(faults=['429 at=1,2 on="POST /jobs" retry-after=7'])
        for _ in range(2):
            answer = api.call("POST", "/jobs", json=single(BELL))
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "7"
            assert answer.json()["statusCode"] == 429
        assert api.run(single(BELL))["status"] == "completed"

    def test_no_retry_after(self, start):
        """Without the setting there is no header."""
        answer = start(faults=["429"]).call("GET", "/jobs")
        assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_server_s_error(self, start, status):
        """A status is the full triple."""
        api = start(faults=[f"{status} at=1"])
        api.refused("GET", "/jobs", status)
        assert api.get("/jobs")["jobs"] == []

    def test_a_proxy_s_error(self, start):
        """From 520 the body is a page and not JSON."""
        answer = start(faults=["520"]).call("GET", "/jobs")
        assert answer.status_code == 520
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "<h1>Error 520</h1>" in answer.text

    def test_a_reset_before(self, start):
        """A connection that is reset before the request was handled leaves no job."""
        api = start(faults=['reset-before at=1 on="POST /jobs"'])
        with pytest.raises(requests.ConnectionError):
            api.call("POST", "/jobs", json=single(BELL))
        assert api.get("/jobs")["jobs"] == []

    def test_a_reset_after(self, start):
        """A connection that is reset after the request was handled leaves a job behind."""
        api = start(faults=['reset-after at=1 on="POST /jobs"'])
        with pytest.raises(requests.ConnectionError):
            api.call("POST", "/jobs", json=single(BELL))
        assert len(api.get("/jobs")["jobs"]) == 1

    def test_a_truncated_body(self, start):
        """A body that is cut off says so by its length."""
        api = start(faults=["truncated at=1"])
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            api.call("GET", "/backends")
        assert api.get("/backends")

    def test_a_slow_body(self, start):
        """A slow body comes whole, in its time."""
        api = start(faults=["slow at=1 delay=0.4"])
        begin = time.monotonic()
        assert api.get("/backends") != []
        assert time.monotonic() - begin >= 0.4
        assert len(api.get("/backends")) == len(api.get("/backends"))

    def test_faults_are_counted_as_requests(self, start):
        """A request that goes wrong was a request."""
        api = start(faults=["503"])
        api.refused("GET", "/jobs", 503)
        assert api.app[REQUESTS]["GET /jobs"] == 1

    def test_several_at_once(self, start):
        """Two faults on one request: the first that answers wins."""
        api = start(faults=[Fault("slow", delay=0.0), Fault("500", at=(1,))])
        api.refused("GET", "/jobs", 500)
        assert api.get("/jobs")["jobs"] == []


class TestJobs:
    def test_an_unknown_status(self, start):
        """A status that no document names."""
        api = start(faults=["unknown-status"])
        job = api.get(f"/jobs/{api.submit(single(BELL))}")
        assert job["status"] == "paused"

    def test_shuffled_keys(self, start):
        """Results come in another order than their children; each is under its own id."""
        circuits = [[{"gate": "x", "target": q}] for q in range(3)]
        parent = start_and_run(start, "shuffled-keys", multi(circuits))
        together = parent.results
        assert list(together) == parent.job["child_job_ids"][::-1]
        assert [together[child] for child in parent.job["child_job_ids"]] == [
            {"1": 1},
            {"2": 1},
            {"4": 1},
        ]

    def test_a_missing_child(self, start):
        """One child's results are not there, though the job is completed."""
        parent = start_and_run(start, "missing-child child=1", multi([BELL, BELL, BELL]))
        first, _, third = parent.job["child_job_ids"]
        assert list(parent.results) == [first, third]

    def test_a_failed_child(self, start):
        """One child fails, the others complete."""
        fault = "failed-child child=0 code=QuantumComputerError"
        parent = start_and_run(start, fault, multi([BELL, BELL]))
        first, second = parent.job["child_job_ids"]
        assert list(parent.results) == [second]
        child = parent.api.get(f"/jobs/{first}")
        assert (child["status"], child["failure"]["code"]) == ("failed", "QuantumComputerError")

    def test_failed_and_canceled(self, start):
        """The first job fails, the second is canceled, the third completes."""
        api = start(faults=["failed at=1 code=QuotaExhaustedError", "canceled at=2"])
        jobs = [api.run(single(BELL)) for _ in range(3)]
        assert [job["status"] for job in jobs] == ["failed", "canceled", "completed"]
        assert jobs[0]["failure"]["code"] == "QuotaExhaustedError"

    def test_a_stuck_queue(self, start):
        """A job of one backend never starts, and can be canceled; others run."""
        api = start(faults=["stuck on=qpu.forte-1"])
        stuck = api.submit(single(BELL, backend="qpu.forte-1"))
        wait_for(api, stuck, "ready")
        assert api.run(single(BELL))["status"] == "completed"
        assert api.get(f"/jobs/{stuck}")["status"] == "ready"
        api.call("PUT", f"/jobs/{stuck}/status/cancel")
        assert api.get(f"/jobs/{stuck}")["status"] == "canceled"

    def test_a_backend_goes_away_and_comes_back(self, start):
        """While it is away its jobs wait; when it is back they run."""
        api = start(faults=["unavailable on=qpu.forte-1"])
        assert api.get("/backends/qpu.forte-1")["status"] == "unavailable"
        assert api.get("/backends/simulator")["status"] == "available"
        job_id = api.submit(single(BELL, backend="qpu.forte-1"))
        wait_for(api, job_id, "ready")
        api.session.delete(api.url.removesuffix("/v0.4") + "/emulator/faults")
        assert api.wait(job_id)["status"] == "completed"
        assert api.get("/backends/qpu.forte-1")["status"] == "available"


class start_and_run:
    """A job that ran to its end with a fault."""

    def __init__(self, start, fault, body):
        self.api = start(faults=[fault])
        self.job = self.api.run(body)
        assert self.job["status"] == "completed"
        self.results = self.api.results(self.job)


def test_the_log(start, tmp_path):
    """Each request is a line of JSON, without the key."""
    log = tmp_path / "requests.jsonl"
    api = start(key="SECRET", log=log, faults=["503 at=2"])
    api.get("/jobs?limit=3")
    api.refused("GET", "/whoami", 503)
    text = log.read_text()
    assert "SECRET" not in text
    first, second = map(json.loads, text.splitlines())
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v0.4/jobs?limit=3", 200)
    assert (second["status"], second["faults"]) == (503, ["503"])


def test_a_client_that_hangs_up(start):
    """A client that goes away in the middle leaves the server well."""
    api = start(faults=["slow at=1 delay=5"])
    connection = http.client.HTTPConnection(api.url.split("/")[2], timeout=5)
    connection.request("GET", "/v0.4/backends")
    connection.close()
    assert api.get("/backends")
