"""Our own client's requests, as ionq-core's models read them."""

import json

import pennylane as qml
import pytest
from ionq_core import models

import pennylane_qstore as qstore
from pennylane_qstore.emulator.api.context import RUNNER


@pytest.mark.parametrize("gateset", ["native", "qis"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("backend", ["simulator", "qpu.forte-1"])
def test_every_body_is_what_the_models_say(api, gateset, count, backend):
    """A body parses as ionq-core's request, and comes out of it as it went in."""
    device = qml.device(
        "qstore.ionq",
        wires=3,
        backend=backend,
        base_url=api.url,
        api_key="test",
        gateset=gateset,
        job_name="a job",
        metadata={"a": "b"},
        error_mitigation={"debiasing": False},
    )
    assert isinstance(device, qstore.QStoreDevice)
    tapes = [
        qml.tape.QuantumScript(
            [qml.RX(0.1 + k, 0), qml.CNOT([0, 1]), qml.IsingZZ(0.4, [1, 2]), qml.RY(0.2, 2)],
            [qml.expval(qml.Z(0)), qml.expval(qml.Z(2))],
            shots=100,
        )
        for k in range(count)
    ]
    qml.execute(tapes, device)
    (job,) = api.app[RUNNER].store.submitted()
    body = json.loads(job.order.raw)
    kind = models.JSONMultiCircuitJob if "multi" in body["type"] else None
    model = (kind or models.CircuitJobCreationPayload).from_dict(body)
    assert model.to_dict() == body
