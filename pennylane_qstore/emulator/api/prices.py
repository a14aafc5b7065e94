"""Prices of jobs, by a made-up rate card of IonQ's form."""

from collections.abc import Mapping
from typing import Any

from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.service.timing import machine_seconds

# US dollars a gate and shot, and the minimum a job: about Azure's former prices for Aria.
ONE_QUBIT_GATE = 0.00022
TWO_QUBIT_GATE = 0.00098
LEAST = 1.0
LEAST_WITH_DEBIASING = 4.0


def cost(backend: Backend, gates: tuple[int, int], shots: int, debiasing: bool = False) -> float:
    """Compute the price of a job.

    Args:
        backend: the machine; simulators are free
        gates: numbers of one-qubit gates and of larger gates
        shots: number of shots
        debiasing: whether debiasing is on, which raises the minimum price

    Returns:
        The price in US dollars, rounded to cents.
    """
    if backend.is_simulator:
        return 0.0
    least = LEAST_WITH_DEBIASING if debiasing else LEAST
    return round(max(least, shots * (gates[0] * ONE_QUBIT_GATE + gates[1] * TWO_QUBIT_GATE)), 2)


def estimate(
    backend: Backend, context: Mapping[str, Any], moment: str, queue_ms: int
) -> dict[str, Any]:
    """Build the answer to GET /jobs/estimate, with the older field names beside the new.

    Args:
        backend: the machine
        context: the query, checked, with its defaults filled in
        moment: the present time, as the API writes it
        queue_ms: how long a job would wait now, in milliseconds

    Returns:
        The body, a JSON object.
    """
    gates = context["1q_gates"], context["2q_gates"]
    price = cost(backend, gates, context["shots"], context["error_mitigation"])
    free = backend.is_simulator
    rates = {
        "cost_1q_gate": 0.0 if free else ONE_QUBIT_GATE,
        "cost_2q_gate": 0.0 if free else TWO_QUBIT_GATE,
        "job_cost_minimum": 0.0 if free else LEAST,
    }
    return {
        "estimate_context": {**context, "organization": None, "project": None},
        "estimated_at": moment,
        "estimated_unit": "usd",
        "rate_card": {
            "id": "emulator",
            "rates": [{"sku": f"emulator.{backend.name}", "unit": "gates", **rates}],
        },
        "estimated_total_cost": price,
        "estimated_execution_time": round(1000 * machine_seconds(1, gates, context["shots"])),
        "current_predicted_queue_time": queue_ms,
        "input_values": dict(context),
        "cost_unit": "usd",
        "rate_information": {**rates, "organization": None},
        "estimated_cost": price,
    }
