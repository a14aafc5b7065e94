"""Routes that aren't IonQ's: the page for people, its live data, and fault injection."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api.context import MONITOR, RUNNER
from pennylane_qstore.emulator.api.monitor import Monitor
from pennylane_qstore.emulator.service.faults import Fault, fault_of, read_fault
from pennylane_qstore.emulator.simulation.circuit import MalformedError

CONTROL = "/emulator"
PAGES: Mapping[str, tuple[str, str]] = {
    "/": ("index.html", "text/html"),
    f"{CONTROL}/page.js": ("page.js", "text/javascript"),
    f"{CONTROL}/page.css": ("page.css", "text/css"),
}
# Without --key, whoever can connect may watch.
WATCHED = frozenset((f"{CONTROL}/state", f"{CONTROL}/events"))
# A job's name comes from its submitter: only the page's own scripts may run.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
# Seconds between two snapshots at least.
PAUSE = 0.2
# Seconds after which a snapshot is sent without news, since queues get shorter by themselves.
QUIET = 1.0

routes = web.RouteTableDef()


@routes.get("/")
@routes.get(f"{CONTROL}/page.js")
@routes.get(f"{CONTROL}/page.css")
async def page(request: web.Request) -> web.Response:
    """Return the page or one of its files (GET /)."""
    name, kind = PAGES[request.path]
    text = resources.files(__package__).joinpath("page", name).read_text("utf-8")
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return web.Response(text=text, content_type=kind, headers=headers)


@routes.get(f"{CONTROL}/state")
async def state(request: web.Request) -> web.Response:
    """Return one snapshot of what the page shows (GET /emulator/state)."""
    return web.json_response(request.app[MONITOR].snapshot())


@routes.get(f"{CONTROL}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Stream a snapshot at every change, as server-sent events (GET /emulator/events).

    Returns:
        The response, after the client left.
    """
    answer = web.StreamResponse(headers={"Cache-Control": "no-cache"})
    answer.content_type = "text/event-stream"
    await answer.prepare(request)
    # Whoever watches may leave at any time.
    with contextlib.suppress(ConnectionResetError):
        await _send(answer, request.app[MONITOR])
    return answer


async def _send(answer: web.StreamResponse, monitor: Monitor) -> None:
    with monitor.watching() as news:
        while True:
            news.clear()
            text = json.dumps(monitor.snapshot())
            await answer.write(f"data: {text}\n\n".encode())
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), QUIET)


@routes.get(f"{CONTROL}/faults")
async def list_faults(request: web.Request) -> web.Response:
    """Return the faults that are set (GET /emulator/faults)."""
    return _fault_list(request)


def _fault_list(request: web.Request) -> web.Response:
    return web.json_response({"faults": request.app[RUNNER].faults.to_json()})


@routes.post(f"{CONTROL}/faults")
async def add_faults(request: web.Request) -> web.Response:
    """Return all faults after setting those of the body (POST /emulator/faults)."""
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise MalformedError(f"The body is not JSON: {error}.", "body") from error
    settings = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(settings, list):
        raise MalformedError('"faults" must be an array.', "faults")
    try:
        faults = [_fault(each) for each in settings]
    except ValueError as error:
        raise MalformedError(str(error), "faults") from error
    request.app[RUNNER].faults.add(faults)
    return _fault_list(request)


@routes.delete(f"{CONTROL}/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Return the empty list after removing all faults (DELETE /emulator/faults)."""
    request.app[RUNNER].faults.clear()
    return _fault_list(request)


def _fault(settings: Any) -> Fault:
    if isinstance(settings, str):
        return read_fault(settings)
    if isinstance(settings, dict):
        return fault_of(settings)
    raise ValueError(f"a fault is a text or an object, not {settings!r}")
