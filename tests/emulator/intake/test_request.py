"""What the API's schema forbids is refused, and the field is named; what clients send is not."""

import pytest

from tests.emulator.conftest import BELL, multi, single

PAIR = {"targets": [0, 1]}
BAD_NATIVE = {
    "angle": {"gate": "ms", **PAIR, "phases": [0, 0], "angle": 0.4},
    "angle ": {"gate": "ms", **PAIR, "phases": [0, 0], "angle": -0.1},
    "angle  ": {"gate": "zz", **PAIR, "angle": 1.01},
    "phase": {"gate": "gpi", "target": 0, "phase": 7},
    "phase ": {"gate": "gpi2", "target": 0, "phase": -1.0000001},
    "phases[1]": {"gate": "ms", **PAIR, "phases": [0.5, 1.5], "angle": 0.1},
    "angel": {"gate": "ms", **PAIR, "phases": [0, 0], "angel": 0.1},
    "rotation": {"gate": "gpi", "target": 0, "phase": 0.5, "rotation": 0.1},
    "time": {"gate": "nop", "target": 0, "time": 1},
    "phases": {"gate": "gpi", "target": 0, "phase": 0.5, "phases": [0, 0]},
}
BAD_QIS = {
    "phase": {"gate": "h", "target": 0, "phase": 0.5},
    "angle": {"gate": "xx", **PAIR, "angle": 0.5, "rotation": 0.2},
    "rotaton": {"gate": "rx", "target": 0, "rotation": 0.2, "rotaton": 1},
    "coefficients": {"gate": "x", "target": 0, "coefficients": [1]},
    "weight": {"gate": "pauliexp", "targets": [0], "terms": ["X"], "coefficients": [1.0]}
    | {"time": 1, "weight": 2},
}


@pytest.mark.parametrize(
    ("gateset", "field", "gate"),
    [("native", field.strip(), gate) for field, gate in BAD_NATIVE.items()]
    + [("qis", field, gate) for field, gate in BAD_QIS.items()],
)
def test_a_gate_that_the_documents_forbid(api, gateset, field, gate):
    """A field or number that isn't allowed is refused by its path, alone and among many."""
    good = {"native": {"gate": "gpi2", "target": 0, "phase": 0.5}, "qis": BELL[0]}[gateset]
    body = single([good, gate], gateset)
    refusal = api.refused("POST", "/jobs", 400, json=body)
    assert refusal["validation"]["keys"] == [f"input.circuit[1].{field}"]
    assert f"input.circuit[1].{field}" in refusal["message"] or field in refusal["message"]
    many = multi([[good], [good, good, gate]], gateset)
    keys = api.refused("POST", "/jobs", 400, json=many)["validation"]["keys"]
    assert keys == [f"input.circuits[1].circuit[2].{field}"]


def test_a_bad_number_in_one_of_many_alike(api):
    """Of circuits of one structure the one whose angle is too large is named."""
    angles = [0, 0.25, 0.1, 0.2500001, 0.2]
    circuits = [[{"gate": "ms", **PAIR, "phases": [-1, 1], "angle": angle}] for angle in angles]
    refusal = api.refused("POST", "/jobs", 400, json=multi(circuits, "native"))
    assert refusal["validation"]["keys"] == ["input.circuits[3].circuit[0].angle"]
    del circuits[3]
    assert api.run(multi(circuits, "native"))["status"] == "completed"


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("shotz", {"shotz": 100}),
        ("target", {"target": "simulator"}),
        ("error_mitigation", {"error_mitigation": {"debiasing": True}}),
        ("noise.sed", {"noise": {"model": "ideal", "sed": 3}}),
        ("noise.sed", {"noise": {"model": "ideal", "sed": 3}, "backend": "qpu.forte-1"}),
        ("input.format", {"input": {"gateset": "qis", "circuit": BELL, "format": "qir"}}),
        ("input.code", {"type": "ionq.qasm3.v1", "input": {"data": "", "code": 1}}),
        (
            "settings.error_mitigation.debiasing",
            {"settings": {"error_mitigation": {"debiasing": 7}}},
        ),
    ],
)
def test_a_field_that_is_not_there(api, path, more):
    """A field that the schema doesn't have is refused, not ignored."""
    refusal = api.refused("POST", "/jobs", 400, json=single(BELL) | more)
    assert refusal["validation"]["keys"] == [path]


def test_a_field_of_one_of_many(api):
    """A circuit's unknown field is refused with the circuit's place, and a near one is named."""
    body = multi([BELL, BELL])
    body["input"]["circuits"][1]["qubit"] = 2
    refusal = api.refused("POST", "/jobs", 400, json=body)
    assert refusal["validation"]["keys"] == ["input.circuits[1].qubit"]
    assert 'Did you mean "qubits"' in refusal["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        ("POST", "/sessions", {"backend": "qpu.forte-1", "limit": 3}, "limit"),
        ("POST", "/sessions", {"backend": "qpu.forte-1", "settings": {"jobs": 3}}, "settings.jobs"),
        ("PUT", "/jobs/status/cancel", {"ids": [], "reason": "none"}, "reason"),
        ("DELETE", "/jobs", {"ids": [], "all": True}, "all"),
    ],
)
def test_other_bodies(api, method, path, body, key):
    """The other requests' bodies are as closed."""
    assert api.refused(method, path, 400, json=body)["validation"]["keys"] == [key]


def test_what_clients_send_beyond_the_schema(api):
    """cirq-ionq's `lang` and `phase` of zz, qiskit-ionq's null seed, pauliexp's own fields."""
    body = single(BELL, lang="json", noise={"model": "ideal", "seed": None})
    assert api.run(body)["status"] == "completed"
    zz = [{"gate": "gpi2", "target": 0, "phase": 0.5}, {"gate": "zz", **PAIR, "phase": -0.3}]
    assert api.run(single(zz, "native"))["status"] == "completed"
    exponential = {"gate": "pauliexp", "targets": [0, 1], "terms": ["XX"], "time": 1}
    found = api.probabilities([exponential | {"coefficients": [0.3]}])
    assert set(found) == {0, 3}
    settings = {"compilation": {"opt": 1, "service_version": "v0.4"}, "anything": {"else": 1}}
    assert api.run(single(BELL, settings=settings))["settings"] == settings
