"""IonQ's own clients, and bodies recorded from them, against the emulator."""

import json
import math
import uuid
import warnings

import pytest
from ionq_core import IonQClient, IonQError, JobFailedError, iter_jobs, models, wait_for_job
from ionq_core.api.backends import get_backend, get_backends
from ionq_core.api.characterizations import get_characterizations_for_backend
from ionq_core.api.default import (
    cancel_job,
    cancel_jobs,
    create_job,
    delete_job,
    estimate_job_cost,
    get_job,
    get_job_artifact,
    get_job_cost,
    get_job_probabilities,
)
from ionq_core.api.whoami import get_whoami

from .conftest import BELL, multi, single

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


class TestIonqCore:
    @pytest.fixture
    def client(self, api):
        """ionq-core's client."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it warns of http
            client = IonQClient(api_key="test", base_url=api.url)
        with client:
            yield client

    def submit(self, client, body):
        """Submits by the client's own models."""
        kind = (
            models.JSONMultiCircuitJob
            if "multi" in body["type"]
            else models.CircuitJobCreationPayload
        )
        answer = create_job.sync(client=client, body=kind.from_dict(body))
        assert isinstance(answer, models.JobCreationResponse)
        assert answer.status == "submitted"
        return answer.id

    def test_a_single_job(self, client):
        """Its models parse a job in every state, its results and its cost."""
        body = single(BELL, qubits=2, name="bell", shots=100, settings={})
        job_id = self.submit(client, body)
        job = wait_for_job(client, job_id, poll_interval=0.01)
        assert type(job).__name__ == "SingleCircuitJob"
        assert (job.status, job.name, job.stats.qubits) == ("completed", "bell", 2)
        found = get_job_probabilities.sync(uuid=job_id, client=client)
        assert found.to_dict() == {"0": 0.5, "3": 0.5}
        assert get_job_cost.sync(uuid=job_id, client=client).cost.value == 0

    def test_a_multi_job(self, client):
        """Its models parse a parent, its children, and lists of both."""
        parent_id = self.submit(client, multi([BELL, BELL[:1]], qubits=2))
        parent = wait_for_job(client, parent_id, poll_interval=0.01)
        assert type(parent).__name__ == "MultiCircuitJob"
        for child_id in parent.child_job_ids:
            child = get_job.sync(uuid=child_id, client=client)
            assert (type(child).__name__, child.parent_job_id) == ("SingleCircuitJob", parent_id)
        assert [job.id for job in iter_jobs(client)] == [parent_id]
        artifact = get_job_artifact.sync_detailed(
            uuid=parent_id, artifact_id="probabilities-aggregate", client=client
        )
        assert list(json.loads(artifact.content)) == parent.child_job_ids

    def test_a_failed_and_a_canceled_job(self, client):
        """Its models parse the failures."""
        with pytest.raises(JobFailedError, match="InvalidInput"):
            wait_for_job(client, self.submit(client, single([], qubits=2)), poll_interval=0.01)
        job_id = self.submit(client, single(BELL, qubits=2))
        assert cancel_job.sync(uuid=job_id, client=client).status == "canceled"
        assert get_job.sync(uuid=job_id, client=client).status in ("canceled", "completed")
        bulk = models.JobsBulkOperationRequest(ids=[job_id])
        assert cancel_jobs.sync(client=client, body=bulk).ids == [job_id]
        assert delete_job.sync(uuid=job_id, client=client).status == "deleted"
        with pytest.raises(IonQError):
            get_job.sync(uuid=job_id, client=client)

    def test_what_needs_no_job(self, client):
        """Its models parse backends, characterizations, estimates and the key's owner."""
        names = {backend.backend for backend in get_backends.sync(client=client)}
        assert {"simulator", "qpu.forte-1"} <= names
        one = get_backend.sync(backend="qpu.forte-1", client=client)
        found = get_characterizations_for_backend.sync(backend="qpu.forte-1", client=client)
        assert str(found.characterizations[0].id) == str(one.characterization_id)
        estimate = estimate_job_cost.sync(client=client, backend="qpu.forte-1")
        assert estimate.estimated_total_cost == 1
        assert isinstance(get_whoami.sync(client=client).key_id, uuid.UUID)


class TestPennylaneIonq:
    @pytest.fixture
    def device(self, api, monkeypatch):
        """Makes pennylane-ionq's devices, sent to the emulator: the class has no other seam."""
        qp = pytest.importorskip("pennylane")
        client = pytest.importorskip("pennylane_ionq.api_client").APIClient
        monkeypatch.setattr(client, "BASE_URL", api.url)
        return lambda name="ionq.simulator", **options: qp.device(name, api_key="test", **options)

    def test_a_qnode_and_its_gradient(self, device):
        """Its simulator runs a circuit and a batch of shifted ones."""
        qp = pytest.importorskip("pennylane")

        @qp.set_shots(200_000)
        @qp.qnode(device(wires=2), diff_method="parameter-shift")
        def circuit(x):
            qp.RX(x, wires=0)
            qp.CNOT(wires=[0, 1])
            return qp.expval(qp.Z(1))

        x = qp.numpy.array(0.7, requires_grad=True)
        assert circuit(x) == pytest.approx(math.cos(0.7), abs=0.02)
        assert qp.grad(circuit)(x) == pytest.approx(-math.sin(0.7), abs=0.02)

    def test_bit_order(self, device):
        """Its samples say that the wire was flipped that was."""
        qp = pytest.importorskip("pennylane")

        @qp.set_shots(100)
        @qp.qnode(device("ionq.qpu", backend="aria-1", wires=3))
        def circuit():
            qp.X(1)
            return qp.probs(wires=[0, 1, 2])

        assert circuit().tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


class TestCirqIonq:
    def test_a_circuit_and_a_batch(self, api):
        """Its service runs a circuit, and two at once."""
        cirq = pytest.importorskip("cirq")
        service = pytest.importorskip("cirq_ionq").Service(
            remote_host=api.url.removesuffix("/v0.4"), api_key="test", default_target="simulator"
        )
        q = cirq.LineQubit.range(3)
        circuit = cirq.Circuit(cirq.X(q[0]), cirq.CNOT(q[0], q[2]), cirq.measure(*q, key="m"))
        result = service.run(circuit, repetitions=10)
        assert result.measurements["m"].tolist() == [[1, 0, 1]] * 10
        other = cirq.Circuit(cirq.X(q[1]), cirq.measure(*q, key="m"))
        first, second = service.run_batch([circuit, other], repetitions=10)
        assert first.measurements["m"].tolist() == [[1, 0, 1]] * 10
        assert second.measurements["m"].tolist() == [[0, 1, 0]] * 10
