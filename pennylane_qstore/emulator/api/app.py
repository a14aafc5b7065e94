"""The API's routes and all around them, as an aiohttp application."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from pennylane_qstore.emulator.api import account_routes, control, job_routes, machine_routes
from pennylane_qstore.emulator.api.board import Board, Log
from pennylane_qstore.emulator.api.context import (
    BASE,
    BOARD,
    LOCAL,
    REQUESTS,
    SESSIONS,
    SETTINGS,
    WORKSHOP,
)
from pennylane_qstore.emulator.api.misbehaviour import note
from pennylane_qstore.emulator.api.refusals import MissingKeyError, refuse
from pennylane_qstore.emulator.service.archive import Archive
from pennylane_qstore.emulator.service.faults import Fault, read_fault
from pennylane_qstore.emulator.service.lifecycle import Workshop
from pennylane_qstore.emulator.service.sessions import Sessions
from pennylane_qstore.emulator.service.settings import Settings

MOST_BYTES = 10_000_000


def create_app(settings: Settings | None = None, **options: Any) -> web.Application:
    """An application that speaks IonQ's REST API v0.4 and simulates its machines.

    Its `app[REQUESTS]` counts the requests it got, by method and route: `POST /jobs`,
    `GET /jobs/{id}`. Its `app[WORKSHOP].faults` are what goes wrong on purpose.

    Args:
        settings: all settings
        **options: settings by name, instead of that
    """
    settings = Settings(**options) if settings is None else settings
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[note, refuse, authorize])
    workshop = Workshop(settings)
    workshop.faults.add(
        [each if isinstance(each, Fault) else read_fault(each) for each in settings.faults]
    )
    app[SETTINGS] = settings
    app[REQUESTS] = Counter()
    app[WORKSHOP] = workshop
    app[SESSIONS] = Sessions(settings.clock)
    app[BOARD] = Board(workshop)
    app[LOCAL] = True
    for routes in (job_routes, machine_routes, account_routes, control):
        app.add_routes(routes.routes)
    app.cleanup_ctx.append(_log)
    app.cleanup_ctx.append(_archive)
    app.cleanup_ctx.append(_close)
    return app


async def _close(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[WORKSHOP].close()


async def _log(app: web.Application) -> AsyncIterator[None]:
    """Writes a line of JSON for each request."""
    path = app[SETTINGS].log
    if path is None:
        yield
        return
    log = Log(path)
    app[BOARD].on_request.append(log.write)
    yield
    app[BOARD].on_request.remove(log.write)


async def _archive(app: web.Application) -> AsyncIterator[None]:
    """Takes up the jobs of an earlier run, and keeps those of this one."""
    path = app[SETTINGS].state
    if path is None:
        yield
        return
    archive, workshop = Archive(path), app[WORKSHOP]
    for job in archive.load(app[SETTINGS]):
        workshop.store.put(job)
        if job.is_final:
            workshop.store.finished(job)
        else:
            workshop.begin(job)
    app[BOARD].on_job.append(archive.save)
    workshop.store.dropped = archive.drop
    yield
    app[BOARD].on_job.remove(archive.save)
    archive.close()


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Asks for a key, except where the backends are and where people watch."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    expected = request.app[SETTINGS].key
    allowed = scheme == "apiKey" and key.strip() and (not expected or key.strip() == expected)
    if not allowed and not _is_open(request):
        raise MissingKeyError
    return await handler(request)


def _is_open(request: web.Request) -> bool:
    """All of /backends but a single characterization needs no key, nor does the page."""
    if request.path in control.OPEN:
        return True
    parts = request.path.removeprefix(BASE).strip("/").split("/")
    return parts[0] == "backends" and parts[2:] in ([], ["characterizations"])
