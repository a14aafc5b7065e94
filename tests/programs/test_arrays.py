"""Probabilities as arrays: what the emulator sends to this package, and to nobody else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.programs import arrays
from pennylane_qstore.programs.outcomes import Outcomes
from tests.emulator.conftest import BELL, api, loop, multi, single, start

__all__ = ["api", "loop", "start"]
ASKED = {"Accept": f"application/json, {arrays.MEDIA_TYPE}"}
WIDE = [{"gate": "ry", "target": q, "rotation": 0.3 + q} for q in range(1, 12)]


def sent(api, path):
    """What is answered to who asks for arrays."""
    answer = api.call("GET", path, headers=ASKED)
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("circuits", [[BELL], [WIDE], [BELL, WIDE, BELL[:1]]])
def test_arrays_are_what_the_json_says(api, circuits):
    """Both forms have the same probabilities of the same states, by child or alone."""
    body = single(circuits[0], qubits=12) if len(circuits) == 1 else multi(circuits, qubits=12)
    job = api.run(body)
    path = job["results"]["probabilities"]["url"] if len(circuits) == 1 else None
    path = path or f"/jobs/{job['id']}/results/probabilities/aggregated"
    answer = sent(api, path)
    assert answer.headers["Content-Type"] == arrays.MEDIA_TYPE
    found, texts = arrays.read(answer.content), api.get(path)
    if len(circuits) == 1:
        found, texts = {"": found}, {"": texts}
    assert list(found) == list(texts)
    for child, text in texts.items():
        of_json = Outcomes.from_json(text, 12)
        of_arrays = Outcomes.from_arrays(found[child].states, found[child].probabilities, 12)
        assert of_arrays.states.tolist() == of_json.states.tolist()
        np.testing.assert_allclose(of_arrays.weights, of_json.weights, rtol=0, atol=2e-15)


def test_only_who_asks_gets_them(api):
    """Others get JSON; shots, other results and other clients' headers are JSON too."""
    job = api.run(single(BELL))
    path = f"/jobs/{job['id']}/results/probabilities"
    for accept in ("*/*", "application/json", "text/html, application/*"):
        assert api.call("GET", path, headers={"Accept": accept}).json() == {"0": 0.5, "3": 0.5}
    measured = api.run(single(BELL, backend="qpu.forte-1", shots=100))
    for name in ("probabilities", "histogram", "shots"):
        assert sent(api, f"/jobs/{measured['id']}/results/{name}").json()
    assert sent(api, f"/jobs/{job['id']}/artifacts/probabilities-v2").json()
    newer = arrays.read(sent(api, f"/jobs/{job['id']}/artifacts/probabilities").content)
    assert newer.qubits == (0, 1)


def test_faults_strike_arrays(start):
    """A child that is missing, or another order, shows in the arrays as it does in JSON."""
    api = start(faults=["missing-child at=1 child=0", "shuffled-keys at=2"])
    for expected in (slice(1, None), slice(None, None, -1)):
        job = api.run(multi([BELL, BELL, BELL]))
        answer = sent(api, f"/jobs/{job['id']}/results/probabilities/aggregated")
        assert list(arrays.read(answer.content)) == job["child_job_ids"][expected]


def packed(header, *rows):
    """Some arrays, as they are sent."""
    text = json.dumps(header).encode()
    start = arrays.MAGIC + len(text).to_bytes(4, "little") + text
    return start + b"".join(np.array(row, dtype="<f8").tobytes() for row in rows)


@pytest.mark.parametrize(
    "raw",
    [
        packed([[None, [0]]], [0.5]),
        packed([[None, [0]]], [0.5, 0.5, 0.0]),
        packed([[None, [1, 0]]], [0.25] * 4),
        packed([[None, [0, 0]]], [0.25] * 4),
        packed([[None, [-1]]], [0.5, 0.5]),
        packed([[None, [0.0]]], [0.5, 0.5]),
        packed([[None, list(range(50))]], [1.0]),
        packed([["a", [0]], ["a", [0]]], [0.5, 0.5], [0.5, 0.5]),
        packed(7),
        packed([7]),
        packed([[["a"], [0]]], [0.5, 0.5]),
        arrays.MAGIC,
        arrays.MAGIC + b"\xff\xff\xff\xff{}",
        packed([[None, [0]]], [0.5, 0.5])[:-3],
    ],
)
def test_what_is_no_such_thing(raw):
    """Bytes that aren't what they should be are refused, whatever they are."""
    with pytest.raises(ValueError):  # noqa: PT011  what json says is its own
        arrays.read(raw)


@pytest.mark.parametrize("row", [[0.5, float("nan")], [0.5, -0.5], [0.5, 0.2], [2.0, -1.0]])
def test_values_that_are_no_probabilities(row):
    """Arrays are checked as JSON is."""
    found = arrays.read(packed([[None, [0]]], row))
    with pytest.raises(ValueError, match="probabilit"):
        Outcomes.from_arrays(found.states, found.probabilities, 1)
    high = arrays.read(packed([[None, [3]]], [0.5, 0.5]))
    with pytest.raises(ValueError, match="2 qubits"):
        Outcomes.from_arrays(high.states, high.probabilities, 2)


@given(st.sets(st.integers(0, 30), max_size=6).map(sorted))
def test_states_of_some_qubits(qubits):
    """A state is the sum of the qubits that are 1, the first the fastest."""
    found = arrays.Distribution(tuple(qubits), np.ones(1 << len(qubits))).states
    for index, state in enumerate(found.tolist()):
        assert state == sum(1 << qubit for k, qubit in enumerate(qubits) if index >> k & 1)
