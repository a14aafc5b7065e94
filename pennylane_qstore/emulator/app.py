"""The API's routes, as an aiohttp application."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from pennylane_qstore.emulator import prices, queries
from pennylane_qstore.emulator.backends import BACKENDS
from pennylane_qstore.emulator.circuit import MalformedError
from pennylane_qstore.emulator.jobs import HISTOGRAM, PROJECT_ID, SHOTS, Job, Result
from pennylane_qstore.emulator.life import Workshop
from pennylane_qstore.emulator.order import read_object, read_order
from pennylane_qstore.emulator.refusals import NotFoundError, UnauthorizedError, refuse
from pennylane_qstore.emulator.store import Store

BASE = "/v0.4"
MOST_BYTES = 10_000_000
# Above this, parsing a body would be felt by whoever shares the event loop.
LARGE_BODY = 100_000
IDENTITY = {
    "key_id": "e060759f-4348-4767-a645-8c0301265791",
    "key_name": "Emulator",
    "project_id": PROJECT_ID,
}

REQUESTS = web.AppKey("REQUESTS", Counter[str])
WORKSHOP = web.AppKey("WORKSHOP", Workshop)
KEY = web.AppKey("KEY", str)

routes = web.RouteTableDef()


def create_app(
    *, key: str | None = None, keep: int = 200, seed: int | None = None
) -> web.Application:
    """An application that speaks IonQ's REST API v0.4 and simulates exactly.

    Its `app[REQUESTS]` counts the requests it got, by method and route: `POST /jobs`,
    `GET /jobs/{id}`.

    Args:
        key: the only API key it accepts; by default any that is not empty
        keep: how many finished jobs it remembers, with their results
        seed: of the QPUs' randomness
    """
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[count, refuse, authorize])
    app[REQUESTS] = Counter()
    app[KEY] = key or ""
    app[WORKSHOP] = Workshop(Store(keep), seed)
    app.add_routes(routes)
    app.cleanup_ctx.append(_close)
    return app


async def _close(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[WORKSHOP].close()


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Counts a request under its route; one counter for all that have none."""
    resource = request.match_info.route.resource
    route = "?" if resource is None else resource.canonical.removeprefix(BASE)
    request.app[REQUESTS][f"{request.method} {route}"] += 1
    return await handler(request)


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Asks for a key, except where the backends are."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    expected = request.app[KEY]
    allowed = scheme == "apiKey" and key.strip() and (not expected or key.strip() == expected)
    if not allowed and not _is_open(request.path):
        raise UnauthorizedError
    return await handler(request)


def _is_open(path: str) -> bool:
    """All of /backends but a single characterization needs no key."""
    parts = path.removeprefix(BASE).strip("/").split("/")
    return parts[0] == "backends" and parts[2:] in ([], ["characterizations"])


def _json(raw: bytes) -> web.Response:
    return web.Response(body=raw, content_type="application/json")


def _job(request: web.Request) -> Job:
    job = request.app[WORKSHOP].store.find(request.match_info["id"])
    if job is None:
        raise NotFoundError
    return job


@routes.post(f"{BASE}/jobs")
async def submit(request: web.Request) -> web.Response:
    """Takes in a job."""
    raw = await request.read()
    workshop = request.app[WORKSHOP]
    large = len(raw) > LARGE_BODY
    order, groups = await workshop.write(read_order, raw) if large else read_order(raw)
    job = workshop.submit(order, groups)
    body = {"id": job.id, "status": job.status, "session_id": order.session_id}
    return web.json_response(body, status=201)


@routes.get(f"{BASE}/jobs")
async def list_jobs(request: web.Request) -> web.Response:
    """The newest jobs first, a page at a time."""
    limit = queries.whole(request, "limit", queries.MOST_ROWS, 1, queries.MOST_ROWS)
    jobs, following = request.app[WORKSHOP].store.page(queries.wanted(request), limit)
    rows = [job.to_row() for job in jobs]
    return web.json_response({"jobs": rows, "next": None if following is None else str(following)})


@routes.delete(f"{BASE}/jobs")
async def delete_jobs(request: web.Request) -> web.Response:
    """Deletes many jobs."""
    return await _with_each(request, request.app[WORKSHOP].store.delete, "deleted")


@routes.put(f"{BASE}/jobs/status/cancel")
async def cancel_jobs(request: web.Request) -> web.Response:
    """Cancels many jobs."""
    return await _with_each(request, Job.cancel, "canceled")


async def _with_each(request: web.Request, act: Callable[[Job], None], status: str) -> web.Response:
    """Does something to the jobs of a bulk request; ids that are not there are left out."""
    ids = read_object(await request.read()).get("ids")
    if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
        raise MalformedError('"ids" must be an array of strings.', "ids")
    store, done = request.app[WORKSHOP].store, []
    for job_id in ids:
        job = store.find(job_id)
        if job is not None:
            act(job)
            done.append(job_id)
    return web.json_response({"ids": done, "status": status})


@routes.get(f"{BASE}/jobs/estimate")
async def estimate(request: web.Request) -> web.Response:
    """What a job would cost."""
    context = queries.estimate_context(request)
    return web.json_response(prices.estimate(BACKENDS[context["backend"]], context))


@routes.get(BASE + "/jobs/{id}")
async def get_job(request: web.Request) -> web.Response:
    """One job."""
    return web.json_response(_job(request).to_json())


@routes.delete(BASE + "/jobs/{id}")
async def delete_job(request: web.Request) -> web.Response:
    """Deletes one job."""
    job = _job(request)
    request.app[WORKSHOP].store.delete(job)
    return web.json_response({"id": job.id, "status": "deleted"})


@routes.put(BASE + "/jobs/{id}/status/cancel")
async def cancel_job(request: web.Request) -> web.Response:
    """Cancels one job; one that has ended stays as it is."""
    job = _job(request)
    job.cancel()
    return web.json_response({"id": job.id, "status": "canceled"})


@routes.get(BASE + "/jobs/{id}/cost")
async def get_cost(request: web.Request) -> web.Response:
    """What a job costs."""
    return web.json_response(_job(request).to_cost())


@routes.get(BASE + "/jobs/{id}/results/probabilities")
@routes.get(BASE + "/jobs/{id}/results/probabilities/aggregated")
@routes.get(BASE + "/jobs/{id}/results/histogram")
@routes.get(BASE + "/jobs/{id}/results/shots")
async def get_results(request: web.Request) -> web.Response:
    """One of a job's results, by the link of the older generation."""
    job = _job(request)
    path = request.path.partition(f"{job.id}/")[2]
    return await _result(request, job, {each.path: each for each in job.results}, path)


@routes.get(BASE + "/jobs/{id}/artifacts/{artifact}")
async def get_artifact(request: web.Request) -> web.Response:
    """One of a job's results, by the descriptor of the newer generation."""
    job = _job(request)
    offered = {each.artifact_id: each for each in job.results}
    return await _result(request, job, offered, request.match_info["artifact"])


async def _result(
    request: web.Request, job: Job, offered: Mapping[str, Result], name: str
) -> web.Response:
    if job.status != "completed" or name not in offered:
        raise NotFoundError
    result, workshop = offered[name], request.app[WORKSHOP]
    if result is HISTOGRAM:
        return web.json_response(job.counts().histogram())
    if result is SHOTS:
        random = workshop.random(job, job.place, purpose=1)
        return _json(await workshop.write(_shots_text, job, random))
    return _json(job.probabilities())


def _shots_text(job: Job, random: Any) -> bytes:
    return json.dumps(job.counts().shots(random)).encode()


@routes.get(f"{BASE}/backends")
async def list_backends(_: web.Request) -> web.Response:
    """All machines."""
    return web.json_response([backend.to_json() for backend in BACKENDS.values()])


@routes.get(BASE + "/backends/{backend}")
async def get_backend(request: web.Request) -> web.Response:
    """One machine."""
    return web.json_response(queries.backend_of(request.match_info["backend"]).to_json())


@routes.get(BASE + "/backends/{backend}/characterizations")
async def list_characterizations(request: web.Request) -> web.Response:
    """How good a machine is: one page with the one characterization there is."""
    backend = queries.backend_of(request.match_info["backend"])
    most = queries.MOST_CHARACTERIZATIONS
    queries.whole(request, "limit", most, 1, most)
    page = queries.whole(request, "page", 1, 1)
    there = backend.characterization_id is not None and page == 1
    found = [backend.characterization()] if there else []
    return web.json_response({"characterizations": found, "pages": 1})


@routes.get(BASE + "/backends/{backend}/characterizations/{uuid}")
async def get_characterization(request: web.Request) -> web.Response:
    """One characterization."""
    backend = queries.backend_of(request.match_info["backend"])
    if request.match_info["uuid"] != backend.characterization_id:
        raise NotFoundError
    return web.json_response(backend.characterization())


@routes.get(f"{BASE}/whoami")
async def whoami(_: web.Request) -> web.Response:
    """Whose key this is."""
    return web.json_response(IDENTITY)
