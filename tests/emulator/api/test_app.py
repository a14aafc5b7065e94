"""The API as a client sees it: jobs, results, lists, ends, and everything that is refused."""

import gzip
import json
import time

import numpy as np
import pytest

from pennylane_qstore.emulator import REQUESTS
from tests.emulator.conftest import BELL, multi, single, slow

JOB_KEYS = {
    "id", "status", "type", "backend", "dry_run", "submitter_id", "project_id", "parent_job_id",
    "child_job_ids", "session_id", "metadata", "name", "submitted_at", "started_at",
    "completed_at", "predicted_wait_time_ms", "predicted_execution_duration_ms",
    "execution_duration_ms", "failure", "settings", "stats", "output", "results",
}  # fmt: skip
NATIVE = [
    {"gate": "gpi2", "target": 0, "phase": 0.1},
    {"gate": "zz", "targets": [0, 1], "angle": 0.2},
]
MS = [{"gate": "ms", "targets": [0, 1], "phases": [0, 0.5]}]
SOME_ID = "617a1f8b-59d4-435d-aa33-695433d7155e"


def wait_for(api, job_id, status):
    """Waits until a job is in a status."""
    for _ in range(2000):
        if api.get(f"/jobs/{job_id}")["status"] == status:
            return
        time.sleep(0.005)
    raise TimeoutError(status)


class TestJob:
    def test_a_job_from_end_to_end(self, api):
        """A job is submitted, completes, and its probabilities are little-endian."""
        answer = api.call("POST", "/jobs", json=single(BELL, qubits=2))
        assert answer.status_code == 201
        assert answer.json() == {
            "id": answer.json()["id"],
            "status": "submitted",
            "session_id": None,
        }
        job = api.wait(answer.json()["id"])
        assert set(job) >= JOB_KEYS
        assert job["status"] == "completed"
        assert job["type"] == "ionq.circuit.v1"
        assert job["stats"] == {"qubits": 2, "circuits": 1, "gate_counts": {"1q": 1, "2q": 1}}
        assert job["noise"] == {"model": "ideal"}
        assert job["submitted_at"] <= job["started_at"] <= job["completed_at"]
        assert api.results(job) == {"0": 0.5, "3": 0.5}

    @pytest.mark.parametrize("qubit", [0, 1, 2])
    def test_qubit_0_is_the_lowest_bit(self, api, qubit):
        """An x on a qubit gives 2 to the power of its number."""
        assert api.probabilities([{"gate": "x", "target": qubit}], qubits=3) == {1 << qubit: 1}

    def test_both_generations_of_links(self, api):
        """An ideal job links its probabilities by url and by descriptor, and nothing else."""
        job = api.run(single(BELL))
        name, newer = (f"ionq.result.probabilities.json.v{version}" for version in (1, 2))
        assert job["results"] == {
            "probabilities": {"url": f"/v0.4/jobs/{job['id']}/results/probabilities"},
            name: {"id": "probabilities", "format": name, "media_type": "application/json"},
            newer: {"id": "probabilities-v2", "format": newer, "media_type": "application/json"},
        }
        assert api.get(f"/jobs/{job['id']}/artifacts/probabilities") == {"0": 0.5, "3": 0.5}
        assert api.get(f"/jobs/{job['id']}/artifacts/probabilities-v2") == {
            "probabilities": {"registers": {"output_all": {"00": 0.5, "11": 0.5}}}
        }
        for path in ("results/histogram", "results/shots", "artifacts/nothing"):
            api.refused("GET", f"/jobs/{job['id']}/{path}", 404)

    def test_what_is_echoed(self, api):
        """Name, metadata, settings and session come back as they were sent."""
        sent = {
            "name": "my job-1_a",
            "metadata": {"a\u001f": "ü\u0000\U0001f600", "shots": "10"},
            "settings": {"error_mitigation": {"debiasing": False}, "compilation": {"opt": 1}},
            "session_id": None,
        }
        job = api.run(single(BELL, **sent))
        assert {key: job[key] for key in sent} == sent

    def test_what_is_tolerated(self, api):
        """Unknown keys, shots in a string, a null seed and no content type are taken."""
        body = single(BELL, lang="json", shots="1000", noise={"model": "ideal", "seed": None})
        answer = api.call("POST", "/jobs", data=json.dumps(body))
        assert answer.status_code == 201
        assert api.wait(answer.json()["id"])["status"] == "completed"

    def test_nothing_takes_no_time(self, api):
        """A nop does nothing, with targets or without."""
        circuit = [{"gate": "nop"}, {"gate": "nop", "targets": [0, 1]}]
        assert api.probabilities(circuit, "native") == {0: 1}

    def test_a_dry_run(self, api):
        """A dry run completes without results, and was not charged."""
        job = api.run(single(BELL, backend="qpu.forte-1", dry_run=True))
        assert (job["status"], job["results"], job["dry_run"]) == ("completed", None, True)
        api.refused("GET", f"/jobs/{job['id']}/results/probabilities", 404)
        assert set(api.get(f"/jobs/{job['id']}/cost")) == {"dry_run", "estimated_cost"}

    def test_every_status_is_seen(self, api):
        """With both workers taken a third job is ready, and results wait for the end."""
        first, second, third = (api.submit(single(slow(), qubits=20)) for _ in range(3))
        wait_for(api, first, "started")
        wait_for(api, second, "started")
        wait_for(api, third, "ready")
        job = api.get(f"/jobs/{first}")
        assert job["started_at"] is not None
        assert job["completed_at"] is job["results"] is job["failure"] is None
        api.refused("GET", f"/jobs/{first}/results/probabilities", 404)
        for each in (third, first, second):
            api.call("PUT", f"/jobs/{each}/status/cancel")
        assert api.probabilities(BELL) == {0: 0.5, 3: 0.5}


class TestManyCircuits:
    def test_children_are_jobs_in_circuit_order(self, api):
        """A job of many circuits has a child for each, and one object with all results."""
        body = multi([[{"gate": "x", "target": q}] for q in (2, 0, 1, 0)], qubits=3)
        for place, entry in enumerate(body["input"]["circuits"]):
            entry["name"] = f"circuit {place % 2}"
        parent = api.run({**body, "name": "all"})
        assert parent["type"] == "ionq.multi-circuit.v1"
        assert parent["stats"]["circuits"] == 4
        assert "aggregated" in parent["results"]["probabilities"]["url"]
        together = api.results(parent)
        assert list(together) == parent["child_job_ids"]
        assert list(together.values()) == [{"4": 1}, {"1": 1}, {"2": 1}, {"1": 1}]
        artifact = parent["results"]["ionq.result.probabilities-aggregate.json.v1"]["id"]
        assert api.get(f"/jobs/{parent['id']}/artifacts/{artifact}") == together
        for place, child_id in enumerate(parent["child_job_ids"]):
            child = api.get(f"/jobs/{child_id}")
            assert (child["parent_job_id"], child["type"]) == (parent["id"], "ionq.circuit.v1")
            assert (child["name"], child["child_job_ids"]) == (f"circuit {place % 2}", None)
            assert child["stats"]["circuits"] == 1
            assert api.results(child) == together[child_id]
        api.refused("GET", f"/jobs/{parent['id']}/results/probabilities", 404)

    def test_a_circuit_may_have_its_own_gateset_and_qubits(self, api):
        """What a circuit does not say it takes from the job."""
        body = multi([BELL, [{"gate": "gpi", "target": 1, "phase": 0}]], qubits=2)
        body["input"]["circuits"][1] |= {"gateset": "native", "qubits": 3}
        parent = api.run(body)
        assert list(api.results(parent).values()) == [{"0": 0.5, "3": 0.5}, {"2": 1}]
        assert parent["stats"]["qubits"] == 3

    def test_a_bad_circuit_fails_the_job(self, api):
        """A circuit that can't be run takes the job and its siblings with it."""
        parent = api.run(multi([BELL, []]))
        assert parent["failure"]["code"] == "InvalidInput"
        assert parent["failure"]["message"].startswith("Circuit 1")
        assert {api.get(f"/jobs/{c}")["status"] for c in parent["child_job_ids"]} == {"failed"}

    def test_a_canceled_child_is_missing_from_the_results(self, api):
        """A child can be canceled alone; the others' results are there."""
        body = multi([slow(18, 4), BELL], qubits=18)
        parent_id = api.submit(body)
        first, second = api.get(f"/jobs/{parent_id}")["child_job_ids"]
        api.call("PUT", f"/jobs/{second}/status/cancel")
        parent = api.wait(parent_id)
        assert parent["status"] == "completed"
        assert list(api.results(parent)) == [first]
        assert api.get(f"/jobs/{second}")["status"] == "canceled"


class TestQpu:
    def test_frequencies_of_shots(self, start):
        """A QPU gives frequencies; histogram and shots say the same."""
        api = start(seed=1)
        job = api.run(single(BELL, backend="qpu.forte-1", shots=1000))
        histogram = api.results(job, "histogram")
        assert job["shots"] == sum(histogram.values()) == 1000
        assert api.results(job) == {state: n / 1000 for state, n in histogram.items()}
        assert abs(histogram["0"] - 500) < 5 * np.sqrt(250)
        shots = api.results(job, "shots")
        assert {state: shots.count(state) for state in histogram} == histogram
        assert shots != sorted(shots)
        assert shots == api.results(job, "shots")
        assert "noise" not in job

    def test_a_seed_repeats_a_server(self, start):
        """Two servers of one seed measure the same, job for job; two jobs measure differently."""
        body = multi([BELL, BELL], backend="qpu.forte-1", shots=10_000)
        answers = []
        for _ in range(2):
            api = start(seed=5)
            answers.append([list(api.results(api.run(body)).values()) for _ in range(2)])
        assert answers[0] == answers[1]
        circuits = [circuit["0"] for job in answers[0] for circuit in job]
        assert len(set(circuits)) == 4

    def test_debiasing_needs_shots(self, api):
        """Debiasing below 500 shots is refused on a QPU, and nowhere else."""
        settings = {"error_mitigation": {"debiasing": True}}
        body = single(BELL, backend="qpu.forte-1", shots=499, settings=settings)
        assert "500" in api.refused("POST", "/jobs", 400, json=body)["message"]
        for other in ({"shots": 500}, {"backend": "simulator"}):
            assert api.run({**body, **other})["status"] == "completed"

    def test_cost(self, api):
        """A job costs what its gates and shots do, but never less than the minimum."""
        cheap = api.run(single(BELL, backend="qpu.forte-1", shots=10))
        dear = api.run(single(BELL * 10, backend="qpu.forte-1", shots=10_000))
        free = api.run(single(BELL))
        costs = [api.get(f"/jobs/{job['id']}/cost") for job in (cheap, dear, free)]
        assert [cost["cost"]["value"] for cost in costs] == [1.0, 120.0, 0.0]
        assert costs[1]["estimated_cost"] == costs[1]["cost"]


class TestFailures:
    @pytest.mark.parametrize(
        ("code", "body"),
        [
            ("UnsupportedGate", single(MS, "native", backend="qpu.forte-1")),
            ("NotEnoughQubits", single(BELL, qubits=30)),
            ("NotEnoughQubits", single([{"gate": "h", "target": 10**12}])),
            ("InvalidInput", single([])),
            ("SimulationError", single([{"gate": "h", "targets": list(range(25))}])),
        ],
    )
    def test_a_job_that_fails_after_it_was_accepted(self, api, code, body):
        """What only IonQ can know fails the job, with a code and a message."""
        job = api.run(body)
        assert (job["status"], job["results"]) == ("failed", None)
        assert job["failure"]["code"] == code
        assert job["failure"]["message"] == job["failure"]["error"] != ""
        api.refused("GET", f"/jobs/{job['id']}/results/probabilities", 404)

    @pytest.mark.parametrize(("width", "count"), [(9, 2), (1, 2001)])
    def test_a_pauliexp_too_hard_to_do_exactly(self, api, width, count):
        """Many non-commuting terms on many qubits are refused as too complex."""
        gate = {
            "gate": "pauliexp",
            "targets": list(range(width)),
            "terms": ["X" * width, "Z" * width] * (count // 2 + 1),
            "coefficients": [0.1] * 2 * (count // 2 + 1),
            "time": 1,
        }
        job = api.run(single([gate]))
        assert job["failure"]["code"] == "QuantumCircuitComplexityError"

    def test_the_server_survives(self, api):
        """After a failure the next job runs."""
        api.run(single([{"gate": "h", "targets": list(range(25))}]))
        assert api.probabilities(BELL) == {0: 0.5, 3: 0.5}


BAD_BODIES = [
    ("type", {"type": "ionq.circuit.v9"}),
    ("type", {"type": "quantum-function"}),
    ("input.data", {"type": "ionq.qasm3.v1"}),
    ("session_id", {"session_id": SOME_ID}),
    ("type", {"type": None}),
    ("type", {"type": ["ionq.circuit.v1"]}),
    ("backend", {"backend": None}),
    ("backend", {"backend": "qpu.harmony"}),
    ("shots", {"shots": 0}),
    ("shots", {"shots": 1_000_001}),
    ("shots", {"shots": 1.5}),
    ("shots", {"shots": True}),
    ("shots", {"shots": "many"}),
    ("shots", {"shots": "9" * 5000}),
    ("name", {"name": "a/b"}),
    ("name", {"name": 7}),
    ("session_id", {"session_id": 7}),
    ("dry_run", {"dry_run": "yes"}),
    ("metadata", {"metadata": ["a"]}),
    ("metadata.a", {"metadata": {"a": 1}}),
    ("settings", {"settings": 7}),
    ("settings.error_mitigation", {"settings": {"error_mitigation": 7}}),
    ("settings.compilation", {"settings": {"compilation": [1]}}),
    ("noise", {"noise": "aria-1"}),
    ("noise.model", {"noise": {"model": "harmony"}}),
    ("noise.model", {"noise": {"model": "forte-enterprise-1"}}),
    ("noise.model", {"noise": {"model": "loud"}}),
    ("noise.model", {"noise": {"model": ["ideal"]}}),
    ("noise.seed", {"noise": {"model": "ideal", "seed": "1"}}),
    ("noise.seed", {"noise": {"model": "aria-1", "seed": -1}}),
    ("input", {"input": None}),
    ("input", {"input": {"gateset": "qis"}}),
    ("input", {"input": {"gateset": "qis", "circuit": {"gate": "h"}}}),
    ("input.gateset", {"input": {"circuit": BELL}}),
    ("input.gateset", {"input": {"gateset": ["qis"], "circuit": BELL}}),
    ("input.qubits", {"input": {"gateset": "qis", "circuit": BELL, "qubits": 0}}),
    ("input.qubits", {"input": {"gateset": "qis", "circuit": BELL, "qubits": "2"}}),
    ("input.circuit", {"input": {"gateset": "qis", "circuit": BELL, "circuits": []}}),
    ("input.circuit[0]", {"input": {"gateset": "native", "circuit": BELL}}),
    ("input.circuit[1]", {"input": {"gateset": "qis", "circuit": BELL, "qubits": 1}}),
]
BAD_CIRCUITS = [
    ("input.circuits", None),
    ("input.circuits", []),
    ("input", [None]),
    ("input", [{"circuit": None}]),
    ("input.circuits[1].gateset", [{"circuit": BELL}, {"circuit": BELL, "gateset": "x"}]),
    ("input.circuits[0].qubits", [{"circuit": BELL, "qubits": -1}]),
    ("input.circuits[0].circuit[0]", [{"circuit": [7]}]),
    ("name", [{"circuit": BELL, "name": 7}]),
]


class TestRefusals:
    @pytest.mark.parametrize(("key", "wrong"), BAD_BODIES)
    def test_a_body_that_cannot_be(self, api, key, wrong):
        """A malformed body is a 400 that names what is wrong."""
        refusal = api.refused("POST", "/jobs", 400, json={**single(BELL), **wrong})
        assert refusal["validation"]["keys"][0] == key
        assert refusal["validation"]["source"] == "body"
        assert refusal["error"] == "Bad Request"
        assert api.get("/jobs") == {"jobs": [], "next": None}

    @pytest.mark.parametrize(("key", "circuits"), BAD_CIRCUITS)
    def test_circuits_that_cannot_be(self, api, key, circuits):
        """A malformed circuit among many is a 400 that names its place."""
        body = multi([])
        body["input"]["circuits"] = circuits
        assert api.refused("POST", "/jobs", 400, json=body)["validation"]["keys"] == [key]

    @pytest.mark.parametrize(
        "raw", [b"", b"{", b"[]", b"\xff\xfe\xfa", b"[" * 100_000, b'{"a":' * 20_000, b"1" * 5000]
    )
    def test_a_body_that_is_not_json(self, api, raw):
        """Whatever is not a JSON object is a 400, however large."""
        api.refused("POST", "/jobs", 400, data=raw)
        api.refused("PUT", "/jobs/status/cancel", 400, data=raw)

    def test_a_body_of_broken_encoding(self, api):
        """A body is decompressed; one that can't be is a 400."""
        headers = {"Content-Encoding": "gzip"}
        api.refused("POST", "/jobs", 400, data=b"rubbish", headers=headers)
        packed = gzip.compress(json.dumps(single(BELL)).encode())
        assert api.call("POST", "/jobs", data=packed, headers=headers).status_code == 201

    def test_too_many_circuits(self, api):
        """5,000 circuits are taken, one more is not."""
        one = [{"gate": "x", "target": 0}]
        assert "5000" in api.refused("POST", "/jobs", 400, json=multi([one] * 5001))["message"]
        parent = api.run(multi([one] * 5000))
        assert len(api.results(parent)) == 5000

    def test_too_many_gates(self, api):
        """150,000 gates are taken, one more is not."""
        most = [[{"gate": "x", "target": 0}] * 50_000] * 3
        over = [*most, [{"gate": "x", "target": 0}]]
        assert "150000" in api.refused("POST", "/jobs", 400, json=multi(over))["message"]
        assert api.call("POST", "/jobs", json=multi(most)).status_code == 201

    def test_a_body_too_large(self, api):
        """More than 10 MB is a 413."""
        api.refused("POST", "/jobs", 413, data=b" " * 10_000_001)
        api.refused("POST", "/jobs", 400, data=b" " * 10_000_000)

    def test_a_backend_that_is_not_there(self, api):
        """An unknown backend is a 404."""
        body = single(BELL, backend="qpu.nowhere")
        assert "nowhere" in api.refused("POST", "/jobs", 404, json=body)["message"]
        assert "nowhere" in api.refused("GET", "/backends/qpu.nowhere", 404)["message"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", f"/jobs/{SOME_ID}"),
            ("GET", f"/jobs/{SOME_ID}/cost"),
            ("GET", f"/jobs/{SOME_ID}/results/probabilities"),
            ("GET", f"/jobs/{SOME_ID}/artifacts/probabilities"),
            ("DELETE", f"/jobs/{SOME_ID}"),
            ("PUT", f"/jobs/{SOME_ID}/status/cancel"),
            ("GET", "/backends/qpu.forte-1/characterizations/none"),
            ("GET", "/nothing"),
        ],
    )
    def test_what_is_not_there(self, api, method, path):
        """An unknown id or path is a 404."""
        assert api.refused(method, path, 404)["error"] == "Not Found Error"

    def test_a_method_that_is_not_there(self, api):
        """A wrong method is a 405 that says which are right."""
        api.refused("PATCH", "/jobs", 405)
        assert api.call("PATCH", "/jobs").headers["Allow"] == "DELETE,GET,HEAD,POST"

    @pytest.mark.parametrize(
        ("key", "path"),
        [
            ("limit", "/jobs?limit=0"),
            ("limit", "/jobs?limit=many"),
            ("limit", "/jobs?limit=²"),
            ("limit", f"/jobs?limit={'9' * 5000}"),
            ("next", "/jobs?next=x"),
            ("status", "/jobs?status=running"),
            ("ids", "/jobs?ids=x"),
            ("backend", "/jobs/estimate"),
            ("shots", "/jobs/estimate?backend=simulator&shots=-1"),
            ("error_mitigation", "/jobs/estimate?backend=simulator&error_mitigation=2"),
            ("page", "/backends/simulator/characterizations?page=0"),
        ],
    )
    def test_a_query_that_cannot_be(self, api, key, path):
        """A malformed query is a 400 that names the parameter."""
        refusal = api.refused("GET", path, 400)
        assert refusal["validation"] == {"keys": [key], "source": "query"}


class TestKeys:
    @pytest.mark.parametrize("header", [None, "", "apiKey", "apiKey ", "Bearer test", "test"])
    def test_without_a_key(self, api, header):
        """Everything but the backends asks for `apiKey <key>`."""
        api.session.headers["Authorization"] = header
        for method, path in [("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/whoami")]:
            refusal = api.refused(method, path, 401)
            assert refusal["error"] == "Unauthorized Error"
        api.refused("GET", "/backends/qpu.forte-1/characterizations/x", 401)
        assert api.get("/backends")
        assert api.get("/backends/simulator")
        assert api.get("/backends/qpu.forte-1/characterizations")

    def test_one_key_only(self, start):
        """A server with a key of its own takes no other."""
        start("mine", only="mine").get("/whoami")
        start("other", only="mine").refused("GET", "/whoami", 401)


class TestList:
    def test_pages(self, api):
        """A list goes on at its cursor, newest first, without a gap or a double."""
        ids = [api.submit(single(BELL)) for _ in range(7)]
        seen, following = [], ""
        while following is not None:
            page = api.get(f"/jobs?limit=3{following and '&next=' + following}")
            assert all("child_job_ids" not in row for row in page["jobs"])
            seen += [row["id"] for row in page["jobs"]]
            following = page["next"]
        assert seen == ids[::-1]

    def test_a_page_has_25_jobs_at_most(self, api):
        """More than 25 are not given, however many were asked for."""
        for _ in range(26):
            api.submit(single(BELL))
        page = api.get("/jobs?limit=1000", json={"limit": 1000})
        assert len(page["jobs"]) == 25
        assert len(api.get(f"/jobs?next={page['next']}")["jobs"]) == 1

    def test_filters(self, api):
        """A list can be of ids, children, statuses, targets or a session."""
        session = api.call("POST", "/sessions", json={"backend": "qpu.forte-1"}).json()["id"]
        bell = api.run(single(BELL))["id"]
        qpu = api.run(single(BELL, backend="qpu.forte-1", session_id=session))["id"]
        failed = api.run(single([]))["id"]
        parent = api.run(multi([BELL, BELL]))
        children = parent["child_job_ids"]

        def listed(query):
            return [row["id"] for row in api.get(f"/jobs?{query}")["jobs"]]

        assert listed("") == [parent["id"], failed, qpu, bell]
        assert listed(f"ids={bell}&ids={children[0]}") == [children[0], bell]
        assert listed(f"ids={bell}&ids={SOME_ID}") == [bell]
        assert listed(f"parent_job_id={parent['id']}") == children[::-1]
        assert listed(f"parent_job_id={SOME_ID}") == []
        assert listed("status=failed") == [failed]
        assert listed("target=qpu.forte-1") == [qpu]
        assert listed("target=qpu.forte-1,simulator&status=completed") == [parent["id"], qpu, bell]
        assert listed(f"session_id={session}") == [qpu]
        assert listed("submitter_id=somebody") == []
        assert len(listed(f"submitter_id={api.get(f'/jobs/{bell}')['submitter_id']}")) == 4

    def test_results_are_forgotten(self, start):
        """A server keeps as many finished jobs as it was told; of the others it knows nothing."""
        api = start(keep=2)
        ids = [api.run(multi([BELL, BELL]))["id"] for _ in range(4)]
        assert [row["id"] for row in api.get("/jobs")["jobs"]] == ids[:1:-1]
        api.refused("GET", f"/jobs/{ids[0]}", 404)


class TestEnds:
    def test_cancel(self, api):
        """A canceled job stops at once, says so, and has no results."""
        job_id = api.submit(single(slow(), qubits=20))
        answer = api.call("PUT", f"/jobs/{job_id}/status/cancel")
        assert answer.json() == {"id": job_id, "status": "canceled"}
        job = api.get(f"/jobs/{job_id}")
        assert (job["status"], job["results"]) == ("canceled", None)
        assert job["failure"] == {
            "code": "SystemCancel",
            "message": "The job was canceled.",
            "error": "The job was canceled.",
        }

    def test_cancel_takes_the_children(self, api):
        """The children of a canceled job are canceled."""
        job_id = api.submit(multi([slow(), slow()], qubits=20))
        api.call("PUT", f"/jobs/{job_id}/status/cancel")
        for child in api.get(f"/jobs/{job_id}")["child_job_ids"]:
            assert api.get(f"/jobs/{child}")["status"] == "canceled"

    def test_cancel_many(self, api):
        """Many jobs are canceled by one request; what is not there is left out."""
        ids = [api.submit(single(slow(), qubits=20)) for _ in range(3)]
        answer = api.call("PUT", "/jobs/status/cancel", json={"ids": [*ids, SOME_ID]})
        assert answer.json() == {"ids": ids, "status": "canceled"}
        assert {api.get(f"/jobs/{each}")["status"] for each in ids} == {"canceled"}

    def test_a_finished_job_stays_finished(self, api):
        """Cancelling a finished job does nothing."""
        done, failed = api.run(single(BELL)), api.run(single([]))
        for job in (done, failed):
            assert api.call("PUT", f"/jobs/{job['id']}/status/cancel").status_code == 200
            assert api.get(f"/jobs/{job['id']}") == job

    def test_delete(self, api):
        """A deleted job and its children are gone."""
        parent = api.run(multi([BELL, BELL]))
        answer = api.call("DELETE", f"/jobs/{parent['id']}")
        assert answer.json() == {"id": parent["id"], "status": "deleted"}
        for each in (parent["id"], *parent["child_job_ids"]):
            api.refused("GET", f"/jobs/{each}", 404)
        assert api.get("/jobs")["jobs"] == []

    def test_delete_many(self, api):
        """Many jobs are deleted by one request, running ones too."""
        ids = [api.submit(single(slow(), qubits=20)), api.run(single(BELL))["id"]]
        answer = api.call("DELETE", "/jobs", json={"ids": [*ids, "nonsense"]})
        assert answer.json() == {"ids": ids, "status": "deleted"}
        assert api.get("/jobs")["jobs"] == []

    @pytest.mark.parametrize("ids", [None, "x", [1]])
    def test_ids_that_cannot_be(self, api, ids):
        """A bulk request needs an array of strings."""
        refusal = api.refused("PUT", "/jobs/status/cancel", 400, json={"ids": ids})
        assert refusal["validation"]["keys"] == ["ids"]


class TestMachines:
    def test_backends(self, api):
        """The backends are an array; the native gates are those of each machine."""
        told = {backend["backend"]: backend for backend in api.get("/backends")}
        assert told["simulator"]["supported_native_gates"] == ["gpi", "gpi2", "ms", "zz"]
        assert told["qpu.aria-1"]["supported_native_gates"] == ["gpi", "gpi2", "ms"]
        assert told["qpu.forte-1"]["supported_native_gates"] == ["gpi", "gpi2", "zz"]
        retired = [name for name, backend in told.items() if backend["status"] == "retired"]
        assert retired == ["qpu.harmony", "qpu.aria-1", "qpu.aria-2"]
        one = api.get("/backends/qpu.forte-1")
        assert {**one, "last_updated": ""} == {**told["qpu.forte-1"], "last_updated": ""}

    def test_characterizations(self, api):
        """A QPU has one characterization, all to all; the simulator has none."""
        (found,) = api.get("/backends/qpu.forte-1/characterizations?limit=1")["characterizations"]
        assert len(found["connectivity"]) == 36 * 35 / 2
        assert api.get(f"/backends/qpu.forte-1/characterizations/{found['id']}") == found
        assert api.get("/backends/qpu.forte-1/characterizations?page=2")["characterizations"] == []
        assert api.get("/backends/simulator/characterizations")["characterizations"] == []

    def test_estimate(self, api):
        """An estimate knows the query, and its older names."""
        query = "backend=qpu.forte-1&shots=1000&1q_gates=10&2q_gates=10&error_mitigation=True"
        told = api.get(f"/jobs/estimate?{query}")
        assert told["estimated_total_cost"] == told["estimated_cost"] == 12.0
        assert told["estimate_context"]["2q_gates"] == 10
        assert api.get("/jobs/estimate?backend=simulator")["estimated_total_cost"] == 0


def test_requests_are_counted(api):
    """The server counts what it was asked, under the route's template."""
    job = api.run(single(BELL))
    api.results(job)
    api.refused("GET", "/what/is/this", 404)
    seen = api.app[REQUESTS]
    assert seen["POST /jobs"] == 1
    assert seen["GET /jobs/{id}"] >= 1
    assert seen["GET /jobs/{id}/results/probabilities"] == 1
    assert seen["GET ?"] == 1
