"""Routes of an account: its key, sessions, usage, and the JSON Schemas of result formats."""

from aiohttp import web

from pennylane_qstore.emulator.api import queries
from pennylane_qstore.emulator.api.context import BASE, RUNNER, SESSIONS, SETTINGS
from pennylane_qstore.emulator.api.refusals import NotFoundError
from pennylane_qstore.emulator.api.schemas import SCHEMAS
from pennylane_qstore.emulator.api.usage import GROUPS, MODALITIES, usage
from pennylane_qstore.emulator.api.view import row
from pennylane_qstore.emulator.intake.fields import check_fields, read_object
from pennylane_qstore.emulator.service.sessions import Session
from pennylane_qstore.emulator.service.settings import ORGANIZATION_ID, PROJECT_ID
from pennylane_qstore.emulator.service.store import JobFilter
from pennylane_qstore.emulator.simulation.circuit import MalformedError

IDENTITY = {
    "key_id": "e060759f-4348-4767-a645-8c0301265791",
    "key_name": "Emulator",
    "project_id": PROJECT_ID,
}
DEFAULT_MODALITY, DEFAULT_GROUP = MODALITIES[0], GROUPS[1]

routes = web.RouteTableDef()


@routes.get(f"{BASE}/whoami")
async def whoami(_: web.Request) -> web.Response:
    """Return the identity of the key (GET /whoami)."""
    return web.json_response(IDENTITY)


@routes.post(f"{BASE}/sessions")
async def create_session(request: web.Request) -> web.Response:
    """Return a new session (POST /sessions)."""
    body = read_object(await request.read())
    check_fields(body, ("backend", "settings"))
    if not isinstance(body.get("backend"), str):
        raise MalformedError('"backend" must be a string.', "backend")
    settings = body.get("settings")
    if settings is not None and not isinstance(settings, dict):
        raise MalformedError('"settings" must be an object.', "settings")
    session = request.app[SESSIONS].create(queries.backend(request, body["backend"]), settings)
    return web.json_response(session.to_json(), status=201)


@routes.get(f"{BASE}/sessions")
async def list_sessions(request: web.Request) -> web.Response:
    """Return all sessions, optionally only the active or only the ended ones (GET /sessions)."""
    sessions = request.app[SESSIONS].all()
    if "active" in request.query:
        active = queries.truth(request, "active")
        sessions = [session for session in sessions if (session.ended is None) == active]
    bodies = [session.to_json() for session in sessions]
    return web.json_response({"organization_id": ORGANIZATION_ID, "sessions": bodies})


def _session(request: web.Request) -> Session:
    session = request.app[SESSIONS].find(request.match_info["id"])
    if session is None:
        raise NotFoundError
    return session


@routes.get(BASE + "/sessions/{id}")
async def get_session(request: web.Request) -> web.Response:
    """Return one session (GET /sessions/{id})."""
    return web.json_response(_session(request).to_json())


@routes.get(BASE + "/sessions/{id}/jobs")
async def get_session_jobs(request: web.Request) -> web.Response:
    """Return one page of a session's jobs (GET /sessions/{id}/jobs)."""
    limit = queries.whole(request, "limit", queries.MOST_ROWS, 1, queries.MOST_ROWS)
    before = queries.whole(request, "next", 0) if "next" in request.query else None
    wanted = JobFilter(session=_session(request).id, before=before)
    jobs, following = request.app[RUNNER].store.page(wanted, limit)
    cursor = None if following is None else str(following)
    return web.json_response(
        {"jobs": [row(job, request.app[SETTINGS]) for job in jobs], "next": cursor}
    )


@routes.post(BASE + "/sessions/{id}/end")
async def end_session(request: web.Request) -> web.Response:
    """Return a session after ending it and cancelling its unfinished jobs."""
    session = _session(request)
    request.app[SESSIONS].end(session)
    for job in request.app[RUNNER].store.unfinished():
        if job.order.session_id == session.id:
            job.cancel()
    return web.json_response(session.to_json())


@routes.get(BASE + "/organizations/{org}/usage")
async def get_usage(request: web.Request) -> web.Response:
    """Return what was used in a span of days (GET /organizations/{org}/usage)."""
    body = usage(
        request.app[RUNNER].store.submitted(),
        request.match_info["org"],
        (queries.day(request, "start_date"), queries.day(request, "end_date")),
        queries.choice(request, "group_by", GROUPS, DEFAULT_GROUP),
        queries.choice(request, "modality", MODALITIES, DEFAULT_MODALITY),
    )
    return web.json_response(body)


@routes.get(BASE + "/schemas/formats/{format}")
async def get_schema(request: web.Request) -> web.Response:
    """Return the JSON Schema of a result format (GET /schemas/formats/{format})."""
    schema = SCHEMAS.get(request.match_info["format"])
    if schema is None:
        raise NotFoundError
    return web.json_response(schema)
