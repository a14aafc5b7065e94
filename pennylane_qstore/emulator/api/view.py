"""Jobs to what the API says of them."""

from typing import Any

from pennylane_qstore.emulator.api.prices import cost
from pennylane_qstore.emulator.intake.request import SINGLE
from pennylane_qstore.emulator.service.clock import stamp
from pennylane_qstore.emulator.service.faults import UNKNOWN_STATUS
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.links import links

ORGANIZATION_ID = "0f1d7c52-5a07-4b5c-8d1e-6f3d2a9b7c10"
PROJECT_ID = "944904d6-2e30-4cfb-8bc4-04afaabcdd42"
SUBMITTER_ID = "64b03577072d45001c85e9c4"


def row(job: Job) -> dict[str, Any]:
    """The job as it stands in a list."""
    order = job.order
    wait, run = (round(seconds * 1000) for seconds in _top(job).predicted)
    told = {
        "id": job.id,
        "status": "paused" if _top(job).fault(UNKNOWN_STATUS) else job.status,
        "type": order.type if job.parent is None else SINGLE,
        "backend": order.backend.name,
        "dry_run": order.dry_run,
        "cost_model": "2QGE_operations",
        "submitter_id": SUBMITTER_ID,
        "project_id": PROJECT_ID,
        "parent_job_id": None if job.parent is None else job.parent.id,
        "session_id": order.session_id,
        "metadata": order.metadata,
        "name": order.name if job.parent is None else job.circuit.name,
        "submitted_at": _stamp(job, "submitted"),
        "started_at": _stamp(job, "started"),
        "completed_at": _stamp(job, "ended"),
        "predicted_execution_duration_ms": run,
        "predicted_wait_time_ms": wait,
        "execution_duration_ms": _duration_ms(job),
        "failure": None if job.failure is None else job.failure.to_json(),
        "settings": order.settings,
        "stats": _stats(job),
        "output": {},
        "results": None,
    }
    if job.status == "completed" and job.results:
        told["results"] = links(job.id, job.results)
    if order.noise is not None:
        told["noise"] = order.noise
    if not order.is_exact:
        told["shots"] = order.shots
    return told


def whole(job: Job) -> dict[str, Any]:
    """The answer to GET /jobs/{id}."""
    return {**row(job), "child_job_ids": [child.id for child in job.children] or None}


def price(job: Job) -> float:
    """What a job costs, in US dollars."""
    order = job.order
    return cost(order.backend, job.gates, order.shots, order.debiasing)


def charged(job: Job) -> float:
    """What is charged for a job: nothing before it is completed."""
    return price(job) if job.status == "completed" and not job.order.dry_run else 0.0


def bill(job: Job) -> dict[str, Any]:
    """The answer to GET /jobs/{id}/cost."""
    told: dict[str, Any] = {
        "dry_run": job.order.dry_run,
        "estimated_cost": {"value": price(job), "unit": "usd"},
    }
    if job.status == "completed" and not job.order.dry_run:
        told["cost"] = told["estimated_cost"]
    return told


def _top(job: Job) -> Job:
    return job if job.parent is None else job.parent


def _stamp(job: Job, moment: str) -> str | None:
    seconds = job.moments.get(moment)
    return None if seconds is None else stamp(seconds)


def _duration_ms(job: Job) -> int | None:
    if not {"started", "ended"} <= set(job.moments):
        return None
    return round((job.moments["ended"] - job.moments["started"]) * 1000)


def _stats(job: Job) -> dict[str, Any]:
    one, more = job.gates
    return {
        "qubits": job.order.qubits if job.parent is None else job.circuit.qubits,
        "circuits": len(job.children) or 1,
        "gate_counts": {"1q": one, "2q": more},
    }
