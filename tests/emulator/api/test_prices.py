"""Both contracts that IonQ has: gates, and seconds of quantum computing."""

import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import serve
from pennylane_qstore.emulator.api.prices import COMPUTE_SECOND
from pennylane_qstore.emulator.service.timing import GATE_SECONDS, READOUT_SECONDS
from tests.emulator.conftest import BELL, multi, single

QPU = "qpu.forte-1"
SECONDS = sum(GATE_SECONDS) + READOUT_SECONDS  # of a shot of BELL


def test_seconds_of_quantum_computing(start):
    """A job costs its seconds, as the estimate, the bill, its statistics and the usage say."""
    api = start(contract="compute-second")
    job = api.run(multi([BELL] * 3, backend=QPU, shots=1000))
    assert job["cost_model"] == "QCT"
    seconds = 3 * 1000 * SECONDS
    assert job["stats"]["predicted_quantum_compute_time_us"] == pytest.approx(1e6 * seconds)
    assert job["stats"]["billed_quantum_compute_time_us"] == pytest.approx(1e6 * seconds)
    bill = api.get(f"/jobs/{job['id']}/cost")
    assert bill["cost"]["value"] == pytest.approx(COMPUTE_SECOND * seconds, abs=0.005)
    child = api.get(f"/jobs/{job['child_job_ids'][0]}/cost")["cost"]["value"]
    assert child == pytest.approx(bill["cost"]["value"] / 3, abs=0.01)
    query = f"backend={QPU}&shots=3000&1q_gates=1&2q_gates=1"
    told = api.get(f"/jobs/estimate?{query}")
    assert told["rate_card"]["rates"] == [
        {"sku": f"emulator.{QPU}", "unit": "compute_second", "unit_cost": COMPUTE_SECOND}
    ]
    assert told["estimated_quantum_compute_time_us"] == pytest.approx(1e6 * seconds)
    assert told["estimated_total_cost"] == bill["cost"]["value"]


def test_what_is_free_stays_free(start):
    """Simulators and dry runs cost nothing under either contract."""
    api = start(contract="compute-second")
    assert api.get(f"/jobs/{api.run(single(BELL))['id']}/cost")["cost"]["value"] == 0
    dry = api.run(single(BELL, backend=QPU, shots=1000, dry_run=True))
    bill = api.get(f"/jobs/{dry['id']}/cost")
    assert "cost" not in bill
    assert bill["estimated_cost"]["value"] == pytest.approx(COMPUTE_SECOND * 1.25, abs=0.005)
    assert "billed_quantum_compute_time_us" not in dry["stats"]


def test_gates_by_default(api):
    """The gates' contract has its own words."""
    job = api.run(single(BELL, backend=QPU, shots=1000))
    assert job["cost_model"] == "2QGE_operations"
    (rate,) = api.get(f"/jobs/estimate?backend={QPU}")["rate_card"]["rates"]
    assert set(rate) == {"sku", "unit", "cost_1q_gate", "cost_2q_gate", "job_cost_minimum"}


def test_a_contract_that_is_not_there(start):
    """Another word is refused with those there are."""
    with pytest.raises(ValueError, match="gates, compute-second, not 'free'"):
        start(contract="free")


def test_estimate_and_budget_of_a_device():
    """A device's estimate is what its job then costs; a budget below it is kept."""
    server = loop.current().run(serve(contract="compute-second"))
    access = {"api_key": "k", "base_url": server.url, "error_mitigation": {}, "journal": None}

    def circuit(budget):
        device = qml.device("qstore.ionq", backend=QPU, budget=budget, **access)

        @qml.set_shots(1000)
        @qml.qnode(device)
        def bell():
            qml.Hadamard(0)
            qml.CNOT([0, 1])
            return qml.probs(wires=[0, 1])

        return device, bell

    device, bell = circuit(1000.0)
    expected = device.estimate(bell)()
    with qml.Tracker(device) as tracker:
        bell()
    assert sum(tracker.history["cost"]) == pytest.approx(expected.value, abs=0.02)
    _, poor = circuit(0.01)
    with pytest.raises(qstore.BudgetError):
        poor()
    loop.current().run(server.close())
