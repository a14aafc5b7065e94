"""Jobs as JSON objects of the API."""

from typing import Any

from pennylane_qstore.emulator.api.prices import cost
from pennylane_qstore.emulator.intake.request import SINGLE, JobRequest
from pennylane_qstore.emulator.service.clock import stamp
from pennylane_qstore.emulator.service.faults import UNKNOWN_STATUS
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.links import links
from pennylane_qstore.emulator.service.settings import BY_SECOND, PROJECT_ID, SUBMITTER_ID, Settings
from pennylane_qstore.emulator.service.timing import machine_seconds


def row(job: Job, settings: Settings) -> dict[str, Any]:
    """Return a job as an item of GET /jobs."""
    order = job.order
    wait, run = (round(seconds * 1000) for seconds in _top(job).predicted)
    body = {
        "id": job.id,
        "status": "paused" if _top(job).fault(UNKNOWN_STATUS) else job.status,
        "type": order.type if job.parent is None else SINGLE,
        "backend": order.backend.name,
        "dry_run": order.dry_run,
        "cost_model": "QCT" if job.contract == BY_SECOND else "2QGE_operations",
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
        "failure": _failure(job, settings),
        "settings": order.settings,
        "stats": _stats(job),
        "output": {},
        "results": None,
    }
    if job.status == "completed" and job.results:
        body["results"] = links(job.id, job.results, settings.links)
    if order.noise is not None:
        body["noise"] = order.noise
    if not order.is_exact:
        body["shots"] = order.shots
    return body


def whole(job: Job, settings: Settings) -> dict[str, Any]:
    """Return a job as the answer to GET /jobs/{id}."""
    return {**row(job, settings), "child_job_ids": [child.id for child in job.children] or None}


def price(job: Job) -> float:
    """Return a job's price in US dollars."""
    return price_of(job.order, job.gates, job.contract, len(job.children) or 1)


def price_of(order: JobRequest, gates: tuple[int, int], contract: str, circuits: int) -> float:
    """Return the price of a request, or of some of its circuits, in US dollars."""
    return cost(order.backend, gates, order.shots, order.debiasing, contract, circuits)


def charged(job: Job) -> float:
    """Return the US dollars charged for a job: 0 before it is completed, and for dry runs."""
    return price(job) if job.status == "completed" and not job.order.dry_run else 0.0


def bill(job: Job) -> dict[str, Any]:
    """Return the answer to GET /jobs/{id}/cost."""
    body: dict[str, Any] = {
        "dry_run": job.order.dry_run,
        "estimated_cost": {"value": price(job), "unit": "usd"},
    }
    if job.status == "completed" and not job.order.dry_run:
        body["cost"] = body["estimated_cost"]
    return body


def _failure(job: Job, settings: Settings) -> dict[str, str] | None:
    """Return why a job failed; `error` is an older name that three clients read."""
    if job.failure is None:
        return None
    body = {"code": job.failure.code, "message": job.failure.message}
    return body if settings.documented_failures else {**body, "error": job.failure.message}


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
    circuits = len(job.children) or 1
    times = {}
    if job.contract == BY_SECOND and not job.order.backend.is_simulator:
        seconds = machine_seconds(circuits, job.gates, job.order.shots)
        times["predicted_quantum_compute_time_us"] = round(1e6 * seconds)
        if charged(job):
            times["billed_quantum_compute_time_us"] = round(1e6 * seconds)
    return {
        **times,
        "qubits": job.order.qubits if job.parent is None else job.circuit.qubits,
        "circuits": circuits,
        "gate_counts": {"1q": one, "2q": more},
    }
