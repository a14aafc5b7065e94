"""Both generations of results: which are sent, and the registers of the newer one."""

import pytest

from tests.emulator.conftest import BELL, multi, single

FLIP = [{"gate": "x", "target": 0}, {"gate": "h", "target": 2}]


def artifact(api, job, name):
    """The body of one of a job's artifacts."""
    return api.get(f"/jobs/{job['id']}/artifacts/{job['results'][name]['id']}")


def test_old_links_alone(start):
    """With `links="old"` there are addresses and no artifacts."""
    api = start(links="old")
    job = api.run(single(BELL, backend="qpu.forte-1", shots=10))
    assert set(job["results"]) == {"probabilities", "histogram", "shots"}
    assert sum(api.results(job, "histogram").values()) == 10
    api.refused("GET", f"/jobs/{job['id']}/artifacts/probabilities", 404)


def test_new_links_alone(start):
    """With `links="new"` only IonQ's documented routes give results."""
    api = start(links="new")
    job = api.run(single(BELL, backend="qpu.forte-1", shots=10))
    assert all(set(told) == {"id", "format", "media_type"} for told in job["results"].values())
    assert sum(artifact(api, job, "ionq.result.histogram.json.v1").values()) == 10
    assert sum(api.get(f"/jobs/{job['id']}/results/probabilities?sharpen=true").values()) == 1
    for path in ("histogram", "shots"):
        api.refused("GET", f"/jobs/{job['id']}/results/{path}", 404)
    many = api.run(multi([BELL, BELL]))
    assert list(many["results"]) == ["ionq.result.probabilities-aggregate.json.v1"]
    api.refused("GET", f"/jobs/{many['id']}/results/probabilities/aggregated", 404)
    together = artifact(api, many, "ionq.result.probabilities-aggregate.json.v1")
    for child in many["child_job_ids"]:
        assert api.get(f"/jobs/{child}/results/probabilities?sharpen=False") == together[child]


def test_both_by_default(api):
    """The live service sends both, and so does this one."""
    assert {"probabilities", "ionq.result.probabilities.json.v1"} < set(
        api.run(single(BELL))["results"]
    )


def test_a_generation_that_is_not_there(start):
    """Another word is refused with those there are."""
    with pytest.raises(ValueError, match="both, old, new, not 'none'"):
        start(links="none")


def test_a_circuit_s_own_registers(api):
    """Beside all qubits there is an entry a register, in its own order; null is a bit of 0."""
    body = multi([FLIP, BELL], qubits=3, backend="qpu.forte-1", shots=200)
    registers = {"a": [0], "b": [2, 0, None], "none": []}
    body["input"]["circuits"][0]["registers"] = registers
    job = api.run(body)
    first, second = (api.get(f"/jobs/{child}") for child in job["child_job_ids"])
    counts = artifact(api, first, "ionq.result.histogram.json.v2")["histogram"]["registers"]
    assert set(counts["output_all"]) == {"001", "101"}
    assert counts["a"] == {"1": 200}
    assert counts["b"] == {"010": counts["output_all"]["001"], "011": counts["output_all"]["101"]}
    assert counts["none"] == {"": 200}
    shares = artifact(api, first, "ionq.result.probabilities.json.v2")["probabilities"]["registers"]
    assert shares["b"]["011"] == pytest.approx(counts["b"]["011"] / 200)
    for shot in artifact(api, first, "ionq.result.shots.json.v2")["shots"]:
        bits = shot["registers"]
        assert bits["a"] == [1]
        assert bits["b"] == [bits["output_all"][2], 1, 0]
    other = artifact(api, second, "ionq.result.histogram.json.v2")["histogram"]["registers"]
    assert list(other) == ["output_all"]


@pytest.mark.parametrize(
    "registers", [{"a": [3]}, {"a": [True]}, {"a": 0}, [], {"output_all": [0]}]
)
def test_registers_that_cannot_be(api, registers):
    """A register names qubits of its circuit; the name of all qubits is taken."""
    body = single(FLIP, qubits=3)
    body["input"]["registers"] = registers
    (key,) = api.refused("POST", "/jobs", 400, json=body)["validation"]["keys"]
    assert key.startswith("input.registers")


def test_a_child_s_clone_keeps_its_registers(api):
    """A circuit of many, cloned by itself, still has its registers."""
    body = multi([FLIP, BELL], qubits=3)
    body["input"]["circuits"][0]["registers"] = {"a": [2]}
    child = api.run(body)["child_job_ids"][0]
    clone = api.wait(api.call("POST", f"/jobs/{child}/clone", json={}).json()["id"])
    found = artifact(api, clone, "ionq.result.probabilities.json.v2")["probabilities"]["registers"]
    assert found["a"] == {"0": 0.5, "1": 0.5}
