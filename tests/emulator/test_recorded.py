"""Bodies recorded from IonQ's own clients."""

import math

import pytest

RECORDED = {
    "pennylane-ionq single": {
        "type": "ionq.circuit.v1",
        "input": {
            "qubits": 3,
            "gateset": "qis",
            "circuit": [
                {"gate": "rx", "target": 0, "rotation": 0.7},
                {"gate": "cnot", "control": 0, "target": 1},
                {"gate": "ry", "target": 2, "rotation": 0.3},
            ],
        },
        "backend": "simulator",
        "shots": 200000,
    },
    "pennylane-ionq multi": {
        "type": "ionq.multi-circuit.v1",
        "input": {
            "qubits": 3,
            "gateset": "qis",
            "circuits": [
                {
                    "circuit": [
                        {"gate": "rx", "target": 0, "rotation": angle},
                        {"gate": "cnot", "control": 0, "target": 1},
                    ]
                }
                for angle in (0.1, 1.2)
            ],
        },
        "backend": "simulator",
        "shots": 200000,
    },
    "qiskit-ionq single": {
        "type": "ionq.circuit.v1",
        "backend": "simulator",
        "shots": 1000,
        "name": "circuit-59",
        "input": {
            "gateset": "qis",
            "qubits": 3,
            "circuit": [
                {"gate": "x", "targets": [0]},
                {"gate": "ry", "targets": [1], "rotation": 0.4},
                {"gate": "x", "targets": [2], "controls": [0]},
            ],
        },
        "metadata": {
            "shots": "1000",
            "sampler_seed": "None",
            "qiskit_header": "H4sIA",
            "user_agent": "qiskit-ionq/1.1.1",
        },
        "noise": {"model": "ideal", "seed": None},
    },
    "cirq-ionq single": {
        "backend": "simulator",
        "type": "ionq.circuit.v1",
        "lang": "json",
        "input": {
            "gateset": "qis",
            "qubits": 3,
            "circuit": [
                {"gate": "x", "targets": [0]},
                {"gate": "cnot", "control": 0, "target": 2},
            ],
        },
        "metadata": {"measurement0": "m\u001f0,1,2", "shots": "1000"},
        "shots": "1000",
    },
    "cirq-ionq multi": {
        "backend": "simulator",
        "type": "ionq.multi-circuit.v1",
        "lang": "json",
        "input": {
            "gateset": "qis",
            "qubits": 3,
            "circuits": [
                {"circuit": [{"gate": "x", "targets": [0]}]},
                {"circuit": [{"gate": "x", "targets": [1]}]},
            ],
        },
        "metadata": {
            "measurements": '[{"measurement0": "m\\u001f0,1,2"}]',
            "qubit_numbers": "[3, 3]",
            "shots": "100",
        },
        "shots": "100",
    },
}


def half(angle):
    """Probabilities of a rotated qubit."""
    return math.cos(angle / 2) ** 2, math.sin(angle / 2) ** 2


ANSWERS = {
    "pennylane-ionq single": [
        {
            state + 4 * high: low * top
            for state, low in zip((0, 3), half(0.7), strict=True)
            for high, top in enumerate(half(0.3))
        }
    ],
    "pennylane-ionq multi": [dict(zip((0, 3), half(angle), strict=True)) for angle in (0.1, 1.2)],
    "qiskit-ionq single": [dict(zip((5, 7), half(0.4), strict=True))],
    "cirq-ionq single": [{5: 1}],
    "cirq-ionq multi": [{1: 1}, {2: 1}],
}


@pytest.mark.parametrize("client", RECORDED)
def test_a_recorded_body(api, client):
    """What a client really sends is run, and its metadata is echoed."""
    body = RECORDED[client]
    job = api.run(body)
    assert job["metadata"] == body.get("metadata")
    assert job["name"] == body.get("name")
    results = api.results(job)
    found = list(results.values()) if "circuits" in body["input"] else [results]
    for one, expected in zip(found, ANSWERS[client], strict=True):
        assert {int(state): p for state, p in one.items()} == pytest.approx(expected, abs=1e-14)
