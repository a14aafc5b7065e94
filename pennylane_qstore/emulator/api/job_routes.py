"""Routes of jobs and their results."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiohttp import hdrs, web

from pennylane_qstore.emulator.api import prices, queries, view
from pennylane_qstore.emulator.api.context import BASE, MOST_BYTES, RUNNER, SESSIONS, SETTINGS
from pennylane_qstore.emulator.api.refusals import NotFoundError
from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.intake.fields import check_fields, read_object
from pennylane_qstore.emulator.intake.request import QASM, SINGLE, read_request
from pennylane_qstore.emulator.service.clock import stamp
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.links import (
    AGGREGATED,
    PROBABILITIES,
    Result,
    ResultSource,
    write,
)
from pennylane_qstore.emulator.simulation.circuit import MalformedError

# Bytes above which a body is read in a thread, so that the event loop stays free.
LARGE_BODY = 100_000
# The form of results that this package's client asks for: IonQ has none like it, and sends JSON.
ARRAYS = "application/vnd.qstore.probabilities"
CLONED = (
    "parent",
    "name",
    "metadata",
    "shots",
    "backend",
    "session_id",
    "settings",
    "dry_run",
    "noise",
)

routes = web.RouteTableDef()


def _job(request: web.Request) -> Job:
    job = request.app[RUNNER].store.find(request.match_info["id"])
    if job is None:
        raise NotFoundError
    return job


async def _submit(request: web.Request, raw: bytes) -> web.Response:
    runner, settings = request.app[RUNNER], request.app[SETTINGS]
    known, backends = settings.published(), settings.backends
    if QASM.encode() in raw:
        order, groups = await runner.read_program(read_request, raw, known, backends)
    elif len(raw) > LARGE_BODY:
        order, groups = await runner.write(read_request, raw, known, backends)
    else:
        order, groups = read_request(raw, known, backends)
    if settings.qpu_noise and not order.backend.is_simulator:
        _check_model(order.backend, known)
    if order.session_id is not None:
        price = view.price_of(order, order.gates, settings.contract, len(order.circuits))
        request.app[SESSIONS].admit(order.session_id, order.backend.name, price)
    job = runner.submit(order, groups)
    body = {"id": job.id, "status": job.status, "session_id": order.session_id}
    return web.json_response(body, status=201)


def _check_model(backend: Backend, known: Collection[str]) -> None:
    """Refuse a QPU whose noise rates aren't published, rather than run it without noise."""
    if backend.model not in known:
        raise MalformedError(
            f"{backend.name} can't be emulated with noise: its rates are not published.", "backend"
        )


@routes.post(f"{BASE}/jobs")
async def submit(request: web.Request) -> web.Response:
    """Return the id of a new job (POST /jobs)."""
    raw = await request.read()
    if len(raw) > MOST_BYTES:  # versions of aiohttp differ by one byte
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, len(raw))
    return await _submit(request, raw)


@routes.post(BASE + "/jobs/{id}/clone")
async def clone_job(request: web.Request) -> web.Response:
    """Return the id of a job's copy with some fields changed (POST /jobs/{id}/clone)."""
    return await _submit(request, _changed(_job(request), await request.read()))


@routes.post(BASE + "/jobs/{id}/move")
async def move_job(request: web.Request) -> web.Response:
    """Return the id of a job's copy, and cancel the job: IonQ documents no more of it."""
    job = _job(request)
    answer = await _submit(request, _changed(job, await request.read()))
    job.cancel()
    return answer


def _changed(job: Job, raw: bytes) -> bytes:
    """Return the request body of a job with some of its fields replaced."""
    changes = read_object(raw or b"{}")
    check_fields(changes, CLONED)
    body = read_object(job.order.raw)
    if job.parent is not None:
        entry = {key: body["input"][key] for key in ("gateset", "qubits") if key in body["input"]}
        body |= {"type": SINGLE, "input": entry | body["input"]["circuits"][job.place]}
    body |= {key: value for key, value in changes.items() if key != "parent"}
    return json.dumps(body).encode()


@routes.get(f"{BASE}/jobs")
async def list_jobs(request: web.Request) -> web.Response:
    """Return one page of jobs, the newest first (GET /jobs)."""
    limit = queries.whole(request, "limit", queries.MOST_ROWS, 1, queries.MOST_ROWS)
    jobs, following = request.app[RUNNER].store.page(queries.wanted(request), limit)
    rows = [view.row(job, request.app[SETTINGS]) for job in jobs]
    return web.json_response({"jobs": rows, "next": None if following is None else str(following)})


@routes.delete(f"{BASE}/jobs")
async def delete_jobs(request: web.Request) -> web.Response:
    """Return the ids of the jobs deleted (DELETE /jobs)."""
    return await _with_each(request, request.app[RUNNER].store.delete, "deleted")


@routes.put(f"{BASE}/jobs/status/cancel")
async def cancel_jobs(request: web.Request) -> web.Response:
    """Return the ids of the jobs cancelled (PUT /jobs/status/cancel)."""
    return await _with_each(request, Job.cancel, "canceled")


async def _with_each(request: web.Request, act: Callable[[Job], None], status: str) -> web.Response:
    """Return the ids of a bulk request that exist, after applying a function to their jobs."""
    body = read_object(await request.read())
    check_fields(body, ("ids",))
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
        raise MalformedError('"ids" must be an array of strings.', "ids")
    store, done = request.app[RUNNER].store, []
    for job_id in ids:
        job = store.find(job_id)
        if job is not None:
            act(job)
            done.append(job_id)
    return web.json_response({"ids": done, "status": status})


@routes.get(f"{BASE}/jobs/estimate")
async def estimate(request: web.Request) -> web.Response:
    """Return the estimated cost of a job that isn't submitted (GET /jobs/estimate)."""
    context = queries.estimate_context(request)
    backend = request.app[SETTINGS].backends[context["backend"]]
    moment = stamp(request.app[SETTINGS].clock.now())
    waiting = request.app[RUNNER].waiting_ms(backend.name)
    contract = request.app[SETTINGS].contract
    return web.json_response(prices.estimate(backend, context, moment, waiting, contract))


@routes.get(BASE + "/jobs/{id}")
async def get_job(request: web.Request) -> web.Response:
    """Return one job (GET /jobs/{id})."""
    return web.json_response(view.whole(_job(request), request.app[SETTINGS]))


@routes.delete(BASE + "/jobs/{id}")
async def delete_job(request: web.Request) -> web.Response:
    """Return the status "deleted" after deleting one job (DELETE /jobs/{id})."""
    job = _job(request)
    request.app[RUNNER].store.delete(job)
    return web.json_response({"id": job.id, "status": "deleted"})


@routes.put(BASE + "/jobs/{id}/status/cancel")
async def cancel_job(request: web.Request) -> web.Response:
    """Return the status "canceled"; a job that has ended is left as it is."""
    job = _job(request)
    job.cancel()
    return web.json_response({"id": job.id, "status": "canceled"})


@routes.get(BASE + "/jobs/{id}/cost")
async def get_cost(request: web.Request) -> web.Response:
    """Return the cost of a job (GET /jobs/{id}/cost)."""
    return web.json_response(view.bill(_job(request)))


@routes.get(BASE + "/jobs/{id}/results/probabilities")
@routes.get(BASE + "/jobs/{id}/results/probabilities/aggregated")
@routes.get(BASE + "/jobs/{id}/results/histogram")
@routes.get(BASE + "/jobs/{id}/results/shots")
async def get_results(request: web.Request) -> web.Response:
    """Return one of a job's results, by its path below the job (the older links)."""
    queries.truth(request, "sharpen")
    job = _job(request)
    path = request.path.partition(f"{job.id}/")[2]
    offered = {each.path: each for each in job.results}
    if request.app[SETTINGS].links == "new":  # IonQ's newest document has this one alone
        offered = {PROBABILITIES.path: PROBABILITIES} if PROBABILITIES in job.results else {}
    return await _result(request, job, offered, path)


@routes.get(BASE + "/jobs/{id}/artifacts/{artifact}")
async def get_artifact(request: web.Request) -> web.Response:
    """Return one of a job's results, by its artifact id (the newer descriptors)."""
    job = _job(request)
    generations = request.app[SETTINGS].links
    offered = {each.artifact_id: each for each in job.results if generations != "old"}
    return await _result(request, job, offered, request.match_info["artifact"])


async def _result(
    request: web.Request, job: Job, offered: Mapping[Any, Result], name: str
) -> web.Response:
    if job.status != "completed" or name not in offered or job.answer is None:
        raise NotFoundError
    result, runner = offered[name], request.app[RUNNER]
    takes_arrays = ARRAYS in request.headers.get(hdrs.ACCEPT, "")
    if takes_arrays and job.answer.is_exact and result in (PROBABILITIES, AGGREGATED):
        return web.Response(body=job.packed(), content_type=ARRAYS)
    if result is AGGREGATED:
        return _json(await runner.write(job.together))
    bits = job.circuit.structure.bits
    sheet = ResultSource(
        job.answer,
        job.place,
        job.circuit.qubits if bits is None else bits,
        job.circuit.registers,
        lambda: runner.random(job, job.place, purpose=1),
    )
    return _json(await runner.write(write, result, sheet))


def _json(raw: bytes) -> web.Response:
    return web.Response(body=raw, content_type="application/json")
