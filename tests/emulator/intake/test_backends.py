"""The machines as they are in September 2026, and as they were."""

import pytest

from tests.emulator.conftest import BELL, single

AWAY = ["qpu.aria-1", "qpu.aria-2"]


def test_the_backends_of_today(api):
    """Forte and Forte Enterprise are there; Harmony and both Arias are retired."""
    status = {backend["backend"]: backend["status"] for backend in api.get("/backends")}
    available = {name for name, word in status.items() if word == "available"}
    assert available == {"simulator", "qpu.forte-1", "qpu.forte-enterprise-1"}
    assert {name for name, word in status.items() if word == "retired"} == {"qpu.harmony", *AWAY}


@pytest.mark.parametrize("name", AWAY)
def test_a_retired_machine(api, start, name):
    """It takes no job, no session and no clone; with the setting it does, as before."""
    body = single(BELL, backend=name, shots=5)
    assert "retired" in api.refused("POST", "/jobs", 400, json=body)["message"]
    api.refused("POST", "/sessions", 400, json={"backend": name})
    done = api.run(single(BELL))
    api.refused("POST", f"/jobs/{done['id']}/clone", 400, json={"backend": name})
    assert api.get(f"/backends/{name}")["status"] == "retired"
    old = start(retired_backends=True)
    assert sum(old.run_histogram(body).values()) == 5
    assert old.get(f"/backends/{name}")["status"] == "available"
    assert old.get(f"/backends/{name}")["supported_native_gates"] == ["gpi", "gpi2", "ms"]
    old.refused("POST", "/jobs", 400, json=single(BELL, backend="qpu.harmony"))


@pytest.mark.parametrize("model", ["aria-1", "aria-2"])
def test_their_noise_models_stay(api, model):
    """A noise model doesn't retire with its machine."""
    assert api.run(single(BELL, noise={"model": model, "seed": 1}))["status"] == "completed"


def test_an_unknown_machine(api):
    """Its refusal names those that there are."""
    message = api.refused("POST", "/jobs", 404, json=single(BELL, backend="qpu.forte-9"))["message"]
    assert "qpu.forte-1, qpu.forte-enterprise-1" in message
    assert "aria" not in message
