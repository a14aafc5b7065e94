"""An emulator in a thread of its own, and a client of few words."""

import asyncio
import threading
import time

import pytest
import requests

from pennylane_qstore.emulator import serve

FINAL = {"completed", "failed", "canceled"}


class Api:
    """Speaks HTTP to one emulator."""

    def __init__(self, server, key="test", stop=None):
        self.url = server.url
        self.stop = stop
        self.app = server.app
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"apiKey {key}"

    def call(self, method, path, **options):
        address = self.url.removesuffix("/v0.4") + path if path.startswith("/v0.4") else None
        return self.session.request(method, address or self.url + path, timeout=60, **options)

    def get(self, path, **options):
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, body):
        answer = self.call("POST", "/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def refused(self, method, path, status, **options):
        """The body of an answer that must be a refusal, and a full triple."""
        answer = self.call(method, path, **options)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert set(body) - {"validation"} == {"statusCode", "error", "message"}
        assert body["statusCode"] == status
        assert ("validation" in body) == (status == 400)
        return body

    def wait(self, job_id):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            job = self.get(f"/jobs/{job_id}")
            if job["status"] in FINAL:
                return job
            time.sleep(0.002)
        raise TimeoutError(job_id)

    def run(self, body):
        return self.wait(self.submit(body))

    def run_histogram(self, body):
        """Counts of a job of one circuit, by state."""
        job = self.run(body)
        assert job["status"] == "completed", job["failure"]
        return self.results(job, "histogram")

    def results(self, job, link="probabilities"):
        return self.get(job["results"][link]["url"])

    def probabilities(self, circuit, gateset="qis", qubits=None, backend="simulator"):
        """Probabilities of one circuit, by state."""
        job = self.run(single(circuit, gateset, qubits, backend=backend))
        assert job["status"] == "completed", job["failure"]
        return {int(state): p for state, p in self.results(job).items()}


def single(circuit, gateset="qis", qubits=None, **more):
    """The body of a job of one circuit."""
    entry = {"gateset": gateset, "circuit": circuit}
    if qubits is not None:
        entry["qubits"] = qubits
    return {"type": "ionq.circuit.v1", "backend": "simulator", "input": entry, **more}


def multi(circuits, gateset="qis", qubits=None, **more):
    """The body of a job of many circuits."""
    body = single(None, gateset, qubits, **more)
    del body["input"]["circuit"]
    body["input"]["circuits"] = [{"circuit": circuit} for circuit in circuits]
    return {**body, "type": "ionq.multi-circuit.v1"}


BELL = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]


def slow(qubits=20, rounds=500):
    """A circuit that takes much longer than any test, if nobody cancels it."""
    turn = [{"gate": "rx", "target": q, "rotation": 0.1} for q in range(qubits)]
    ring = [{"gate": "cnot", "control": q, "target": (q + 1) % qubits} for q in range(qubits)]
    return (turn + ring) * rounds


@pytest.fixture(scope="session")
def loop():
    """An event loop that runs in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def start(loop):
    """Starts emulators, and stops them after the test."""
    servers, apis = [], []

    def start(key="test", *, only=None, **options):
        server = asyncio.run_coroutine_threadsafe(serve(key=only, **options), loop).result(10)
        servers.append(server)
        apis.append(Api(server, key, lambda: stop(server)))
        return apis[-1]

    def stop(server):
        servers.remove(server)
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)

    yield start
    for api in apis:
        api.session.close()
    while servers:
        stop(servers[-1])


@pytest.fixture
def api(start):
    """A client of an emulator with its options left alone."""
    return start()
