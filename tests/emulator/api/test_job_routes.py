"""Clones, newer artifacts, and noise, over HTTP."""

import jsonschema
import numpy as np
import pytest

from pennylane_qstore.emulator import Rates
from pennylane_qstore.emulator.simulation.noise import MODELS
from tests.emulator.api.test_app import NATIVE, SOME_ID
from tests.emulator.conftest import BELL, multi, single


class TestClones:
    def test_a_clone(self, api):
        """A clone is the same job, but for what is said."""
        job = api.run(single(BELL, name="one", metadata={"a": "b"}))
        answer = api.call("POST", f"/jobs/{job['id']}/clone", json={"name": "two"})
        assert answer.status_code == 201
        clone = api.wait(answer.json()["id"])
        assert (clone["name"], clone["metadata"]) == ("two", {"a": "b"})
        assert api.results(clone) == api.results(job)
        assert clone["id"] != job["id"]

    def test_a_clone_on_another_backend(self, api):
        """A clone may run elsewhere, with other shots."""
        job = api.run(single(BELL))
        change = {"backend": "qpu.forte-1", "shots": 77}
        clone = api.wait(api.call("POST", f"/jobs/{job['id']}/clone", json=change).json()["id"])
        assert (clone["backend"], clone["shots"]) == ("qpu.forte-1", 77)
        assert sum(api.results(clone, "histogram").values()) == 77

    def test_a_clone_of_a_child(self, api):
        """A child is cloned as the job of one circuit that it is."""
        parent = api.run(multi([BELL, [{"gate": "x", "target": 1}]], qubits=3))
        child = parent["child_job_ids"][1]
        clone = api.wait(api.call("POST", f"/jobs/{child}/clone").json()["id"])
        assert (clone["type"], clone["stats"]["qubits"]) == ("ionq.circuit.v1", 3)
        assert api.results(clone) == {"2": 1}

    def test_a_move(self, start):
        """A moved job runs elsewhere, and no longer where it was."""
        api = start(faults=["stuck on=qpu.forte-1"])
        there = api.submit(single(BELL, backend="qpu.forte-1"))
        answer = api.call("POST", f"/jobs/{there}/move", json={"backend": "simulator"})
        assert answer.status_code == 201
        assert api.wait(answer.json()["id"])["status"] == "completed"
        assert api.get(f"/jobs/{there}")["status"] == "canceled"

    def test_what_cannot_be_cloned(self, api):
        """A clone can't have other circuits, and must be right."""
        job = api.run(single(BELL))
        path = f"/jobs/{job['id']}/clone"
        assert "input" in api.refused("POST", path, 400, json={"input": {}})["message"]
        api.refused("POST", path, 400, json={"shots": 0})
        api.refused("POST", path, 400, json=[])
        api.refused("POST", f"/jobs/{SOME_ID}/clone", 404)


class TestArtifacts:
    @pytest.mark.parametrize(
        ("body", "count"),
        [
            (single(BELL, qubits=3), 2),
            (single(BELL, qubits=3, backend="qpu.forte-1", shots=20), 6),
            (multi([BELL, BELL]), 1),
        ],
    )
    def test_every_artifact_has_the_form_its_schema_says(self, api, body, count):
        """Each descriptor leads to an artifact that the schema of its format describes."""
        job = api.run(body)
        descriptors = [each for each in job["results"].values() if "format" in each]
        assert len(descriptors) == count
        for each in descriptors:
            schema = api.get(f"/schemas/formats/{each['format']}")
            jsonschema.Draft7Validator.check_schema(schema)
            assert schema["$id"] == each["format"]
            artifact = api.get(f"/jobs/{job['id']}/artifacts/{each['id']}")
            jsonschema.validate(artifact, schema, jsonschema.Draft7Validator)

    def test_the_newer_forms_say_the_same(self, api):
        """Bit strings and bits agree with the decimal states."""
        job = api.run(
            single([{"gate": "x", "target": 2}], qubits=4, backend="qpu.forte-1", shots=3)
        )

        def artifact(name):
            return api.get(f"/jobs/{job['id']}/artifacts/{name}")

        assert artifact("histogram") == {"4": 3}
        histogram = {"histogram": {"registers": {"output_all": {"0100": 3}}}}
        assert artifact("histogram-v2") == histogram
        shot = {"registers": {"output_all": [0, 0, 1, 0]}}
        assert artifact("shots-v2") == {"shots": [shot] * 3}

    def test_a_format_that_is_not_there(self, api):
        """An unknown format is a 404."""
        api.refused("GET", "/schemas/formats/ionq.result.nothing.json.v1", 404)


class TestNoise:
    def test_a_noisy_simulator_measures(self, api):
        """With noise the simulator gives frequencies of shots, and says which noise it was."""
        noise = {"model": "aria-2", "seed": 7}
        job = api.run(single(BELL * 10, noise=noise, shots=2000))
        assert (job["noise"], job["shots"]) == (noise, 2000)
        histogram = api.results(job, "histogram")
        assert sum(histogram.values()) == 2000
        assert len(histogram) == 4

    def test_a_seed_repeats_a_job(self, api):
        """The same seed gives the same counts, on any server; another gives others."""

        def counts(seed):
            body = single(BELL, noise={"model": "aria-1", "seed": seed}, shots=10_000)
            return api.results(api.run(body), "histogram")

        assert counts(1) == counts(1) != counts(2)

    def test_a_model_has_its_machine_s_gates_and_qubits(self, api):
        """A noisy simulator refuses what the machine has not."""
        body = single(NATIVE, "native", noise={"model": "aria-1"})
        assert api.run(body)["failure"]["code"] == "UnsupportedGate"
        assert api.run({**body, "noise": {"model": "forte-1"}})["status"] == "completed"
        wide = single(BELL, qubits=26, noise={"model": "aria-1"})
        assert api.run(wide)["failure"]["code"] == "NotEnoughQubits"

    def test_rates_that_are_not_published(self, start):
        """A model without rates is refused, unless they are given."""
        body = single(BELL, noise={"model": "forte-enterprise-1"}, shots=1000)
        refusal = start().refused("POST", "/jobs", 400, json=body)
        assert "rates are not published" in refusal["message"]
        api = start(rates={"forte-enterprise-1": Rates(0.0, 1.0)}, seed=1)
        histogram = api.results(api.run(body), "histogram")
        assert all(abs(histogram[str(k)] - 250) < 5 * np.sqrt(1000 * 3 / 16) for k in range(4))

    def test_a_qpu_is_as_noisy_as_its_model(self, start):
        """With `qpu_noise` a QPU has the errors of the model of its name; without, none."""
        body = single([{"gate": "x", "target": 0}] * 101, backend="qpu.forte-1", shots=20_000)
        assert start().run_histogram(body) == {"1": 20_000}
        kept = (1 - MODELS["forte-1"].rates.one) ** 101
        right = start(qpu_noise=True, seed=2).run_histogram(body)["1"]
        expected = (1 + kept) / 2
        sigma = np.sqrt(expected * (1 - expected) / 20_000)
        assert abs(right / 20_000 - expected) < 5 * sigma

    def test_a_qpu_whose_rates_nobody_knows(self, start):
        """With `qpu_noise` a QPU without published rates is refused, not run without noise."""
        body = single(BELL, backend="qpu.forte-enterprise-1")
        refusal = start(qpu_noise=True).refused("POST", "/jobs", 400, json=body)
        assert "not published" in refusal["message"]

    def test_readout_errors(self, start):
        """A QPU may misread; the ideal simulator never does."""
        api = start(readout_error=0.1, seed=3)
        flip = [{"gate": "x", "target": 0}]
        histogram = api.run_histogram(single(flip, backend="qpu.forte-1", shots=10_000))
        assert abs(histogram["0"] - 1000) < 5 * 30
        assert api.probabilities(flip) == {1: 1}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"rates": {"loud": Rates(0, 0)}}, "no noise model 'loud'"),
        ({"readout_error": 2}, "readout_error is from 0 to 1"),
        ({"profile": "slow"}, "profile is one of"),
        ({"time_scale": 0}, "more than 0"),
        ({"faults": ["boom"]}, "a fault is a status"),
    ],
)
def test_settings_that_cannot_be(start, wrong, why):
    """A server is not started with settings that can't be."""
    with pytest.raises(ValueError, match=why):
        start(**wrong)


@pytest.mark.parametrize("documented", [False, True])
def test_a_failure_s_fields(start, documented):
    """By default a failure has the older name too; as documented it has code and message."""
    api = start(documented_failures=documented, faults=["failed-child child=1 code=DebiasingError"])
    job = api.run(single([]))
    assert set(job["failure"]) - {"error"} == {"code", "message"}
    assert ("error" in job["failure"]) is not documented
    many = api.run(multi([BELL, BELL]))
    child = api.get(f"/jobs/{many['child_job_ids'][1]}")["failure"]
    assert child["code"] == "DebiasingError"
    assert ("error" in child) is not documented
    (listed,) = api.get(f"/jobs?ids={job['id']}")["jobs"]
    assert listed["failure"] == job["failure"]
