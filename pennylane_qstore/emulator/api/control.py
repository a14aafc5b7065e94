"""What is not IonQ's: the page for people, and the endpoint that makes things go wrong."""

import asyncio
import contextlib
import ipaddress
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api.board import Board
from pennylane_qstore.emulator.api.context import BOARD, LOCAL, WORKSHOP
from pennylane_qstore.emulator.api.refusals import NotFoundError
from pennylane_qstore.emulator.service.faults import Fault, fault_of, read_fault
from pennylane_qstore.emulator.simulation.circuit import MalformedError

CONTROL = "/emulator"
PAGES: Mapping[str, tuple[str, str]] = {
    "/": ("index.html", "text/html"),
    f"{CONTROL}/page.js": ("page.js", "text/javascript"),
    f"{CONTROL}/page.css": ("page.css", "text/css"),
}
OPEN = frozenset((*PAGES, f"{CONTROL}/state", f"{CONTROL}/events"))
# A job's name comes from whoever submits it: nothing on the page may run but the page's own.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
# Seconds between two snapshots: as often as eyes can follow.
PAUSE = 0.2
# Seconds after which a quiet page gets a snapshot all the same: queues shorten by themselves.
QUIET = 1.0

routes = web.RouteTableDef()


def _check_host(request: web.Request) -> None:
    """Refuses a page of another site that gave its name this machine's address."""
    if not request.app[LOCAL]:
        return
    host = request.url.host or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise NotFoundError


@routes.get("/")
@routes.get(f"{CONTROL}/page.js")
@routes.get(f"{CONTROL}/page.css")
async def page(request: web.Request) -> web.Response:
    """The page and its parts."""
    _check_host(request)
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
    """What the page shows, once."""
    _check_host(request)
    return web.json_response(request.app[BOARD].snapshot())


@routes.get(f"{CONTROL}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """What the page shows, whenever it changes, as server-sent events."""
    _check_host(request)
    answer = web.StreamResponse(headers={"Cache-Control": "no-cache"})
    answer.content_type = "text/event-stream"
    await answer.prepare(request)
    # Whoever watches may leave at any time.
    with contextlib.suppress(ConnectionResetError):
        await _send(answer, request.app[BOARD])
    return answer


async def _send(answer: web.StreamResponse, board: Board) -> None:
    with board.watching() as news:
        while True:
            news.clear()
            text = json.dumps(board.snapshot())
            await answer.write(f"data: {text}\n\n".encode())
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), QUIET)


@routes.get(f"{CONTROL}/faults")
async def list_faults(request: web.Request) -> web.Response:
    """What is set to go wrong."""
    return _told(request)


def _told(request: web.Request) -> web.Response:
    return web.json_response({"faults": request.app[WORKSHOP].faults.to_json()})


@routes.post(f"{CONTROL}/faults")
async def add_faults(request: web.Request) -> web.Response:
    """Sets more to go wrong: texts as on the command line, or objects."""
    _check_host(request)
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise MalformedError(f"The body is not JSON: {error}.", "body") from error
    told = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(told, list):
        raise MalformedError('"faults" must be an array.', "faults")
    try:
        faults = [_fault(each) for each in told]
    except ValueError as error:
        raise MalformedError(str(error), "faults") from error
    request.app[WORKSHOP].faults.add(faults)
    return _told(request)


@routes.delete(f"{CONTROL}/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Nothing is set to go wrong any more."""
    _check_host(request)
    request.app[WORKSHOP].faults.clear()
    return _told(request)


def _fault(told: Any) -> Fault:
    if isinstance(told, str):
        return read_fault(told)
    if isinstance(told, dict):
        return fault_of(told)
    raise ValueError(f"a fault is a text or an object, not {told!r}")
