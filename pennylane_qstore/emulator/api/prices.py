"""Prices of jobs, by a made-up rate card of IonQ's form."""

from collections.abc import Mapping
from typing import Any

from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.service.settings import BY_GATES, BY_SECOND
from pennylane_qstore.emulator.service.timing import machine_seconds

# US dollars a gate and shot, and the minimum a job: about Azure's former prices for Aria.
ONE_QUBIT_GATE = 0.00022
TWO_QUBIT_GATE = 0.00098
LEAST = 1.0
LEAST_WITH_DEBIASING = 4.0
COMPUTE_SECOND = 0.8  # invented, so that a job of 1,000 shots costs about what its gates would


def cost(
    backend: Backend,
    gates: tuple[int, int],
    shots: int,
    debiasing: bool = False,
    contract: str = BY_GATES,
    circuits: int = 1,
) -> float:
    """Compute the price of a job.

    Args:
        backend: the machine; simulators are free
        gates: numbers of one-qubit gates and of larger gates, over all circuits
        shots: number of shots of each circuit
        debiasing: whether debiasing is on, which raises the minimum price of gates
        contract: one of the settings' contracts
        circuits: number of circuits

    Returns:
        The price in US dollars, rounded to cents.
    """
    if backend.is_simulator:
        return 0.0
    if contract == BY_SECOND:
        return round(COMPUTE_SECOND * machine_seconds(circuits, gates, shots), 2)
    least = LEAST_WITH_DEBIASING if debiasing else LEAST
    return round(max(least, shots * (gates[0] * ONE_QUBIT_GATE + gates[1] * TWO_QUBIT_GATE)), 2)


def estimate(
    backend: Backend, context: Mapping[str, Any], moment: str, queue_ms: int, contract: str
) -> dict[str, Any]:
    """Build the answer to GET /jobs/estimate, with the older field names beside the new.

    Args:
        backend: the machine
        context: the query, checked, with its defaults filled in
        moment: the present time, as the API writes it
        queue_ms: how long a job would wait now, in milliseconds
        contract: one of the settings' contracts

    Returns:
        The body, a JSON object.
    """
    gates, shots = (context["1q_gates"], context["2q_gates"]), context["shots"]
    price = cost(backend, gates, shots, context["error_mitigation"], contract)
    seconds = machine_seconds(1, gates, shots)
    rates = _rates(backend, contract)
    body = {
        "estimate_context": {**context, "organization": None, "project": None},
        "estimated_at": moment,
        "estimated_unit": "usd",
        "rate_card": {
            "id": "emulator",
            "rates": [{"sku": f"emulator.{backend.name}", **rates}],
        },
        "estimated_total_cost": price,
        "estimated_execution_time": round(1000 * seconds),
        "current_predicted_queue_time": queue_ms,
        "input_values": dict(context),
        "cost_unit": "usd",
        "estimated_cost": price,
    }
    if contract == BY_SECOND:
        return {**body, "estimated_quantum_compute_time_us": round(1e6 * seconds)}
    rates.pop("unit")
    return {**body, "rate_information": {**rates, "organization": None}}


def _rates(backend: Backend, contract: str) -> dict[str, Any]:
    """Return what a rate card says of a backend, with the unit."""
    free = backend.is_simulator
    if contract == BY_SECOND:
        return {"unit": "compute_second", "unit_cost": 0.0 if free else COMPUTE_SECOND}
    return {
        "unit": "gates",
        "cost_1q_gate": 0.0 if free else ONE_QUBIT_GATE,
        "cost_2q_gate": 0.0 if free else TWO_QUBIT_GATE,
        "job_cost_minimum": 0.0 if free else LEAST,
    }
