"""The emulator as an aiohttp application: routes, middlewares, log file and state file."""

import hmac
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from pennylane_qstore.emulator.api import account_routes, control, job_routes, machine_routes
from pennylane_qstore.emulator.api.context import (
    BASE,
    LOCAL,
    MONITOR,
    MOST_BYTES,
    REQUESTS,
    RUNNER,
    SESSIONS,
    SETTINGS,
    is_loopback,
)
from pennylane_qstore.emulator.api.misbehaviour import note
from pennylane_qstore.emulator.api.monitor import Log, Monitor
from pennylane_qstore.emulator.api.refusals import MissingKeyError, refusal, refuse
from pennylane_qstore.emulator.service.archive import Archive, StateFileError
from pennylane_qstore.emulator.service.faults import Fault, read_fault
from pennylane_qstore.emulator.service.lifecycle import JobRunner
from pennylane_qstore.emulator.service.sessions import Sessions
from pennylane_qstore.emulator.service.settings import Settings


def create_app(settings: Settings | None = None, **options: Any) -> web.Application:
    """Create an application that serves IonQ's REST API v0.4 and simulates its machines.

    `app[REQUESTS]` counts requests by method and route: `POST /jobs`, `GET /jobs/{id}`.
    `app[RUNNER].faults` holds the injected faults.

    Args:
        settings: all settings; by default they are made of `options`
        **options: attributes of `Settings`

    Returns:
        The application.
    """
    settings = Settings(**options) if settings is None else settings
    middlewares = [check_host, note, refuse, authorize]
    app = web.Application(client_max_size=MOST_BYTES + 1, middlewares=middlewares)
    runner = JobRunner(settings)
    runner.faults.add(
        [each if isinstance(each, Fault) else read_fault(each) for each in settings.faults]
    )
    app[SETTINGS] = settings
    app[REQUESTS] = Counter()
    app[RUNNER] = runner
    app[SESSIONS] = Sessions(settings.clock)
    app[MONITOR] = Monitor(runner)
    app[LOCAL] = True
    for routes in (job_routes, machine_routes, account_routes, control):
        app.add_routes(routes.routes)
    app.cleanup_ctx.append(_log)
    app.cleanup_ctx.append(_archive)
    app.cleanup_ctx.append(_close)
    return app


async def _close(app: web.Application) -> AsyncIterator[None]:
    """Stop all jobs when the application is cleaned up."""
    yield
    await app[RUNNER].close()


async def _log(app: web.Application) -> AsyncIterator[None]:
    """Write a line of JSON for each request while the application serves.

    Yields:
        None, once, while the application serves.
    """
    path = app[SETTINGS].log
    if path is None:
        yield
        return
    log = Log(path)
    app[MONITOR].on_request.append(log.write)
    yield
    app[MONITOR].on_request.remove(log.write)


async def _archive(app: web.Application) -> AsyncIterator[None]:
    """Load the jobs of an earlier run, and save those of this one.

    Yields:
        None, once, while the application serves.
    """
    path = app[SETTINGS].state
    if path is None:
        yield
        return
    archive, runner = Archive(path), app[RUNNER]
    try:
        jobs = list(archive.load(app[SETTINGS], runner.programs.read))
    except StateFileError:
        archive.close()
        runner.programs.close()
        raise
    for job in jobs:
        runner.store.put(job)
        if job.is_final:
            runner.store.finished(job)
        else:
            runner.begin(job)
    app[MONITOR].on_job.append(archive.save)
    runner.store.dropped = archive.drop
    yield
    app[MONITOR].on_job.remove(archive.save)
    archive.close()


@web.middleware
async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return the handler's response, or 404 if a loopback server is called by a foreign name.

    A web page of another site may give its own name this machine's address (DNS rebinding).
    """
    if request.app[LOCAL] and not is_loopback(_host(request)):
        return refusal(
            web.HTTPNotFound.status_code,
            "This emulator answers to localhost and loopback addresses only; its --host says so.",
        )
    return await handler(request)


def _host(request: web.Request) -> str:
    # aiohttp 3.10.0 can't build a request's URL with the yarl of today.
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return the handler's response, or raise MissingKeyError if the request needs a key."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    expected, given = request.app[SETTINGS].key, key.strip()
    is_known = not expected or hmac.compare_digest(given.encode(), expected.encode())
    if (scheme == "apiKey" and given and is_known) or _is_open(request):
        return await handler(request)
    raise MissingKeyError


def _is_open(request: web.Request) -> bool:
    """Return whether a request needs no key: the page, and /backends but one characterization."""
    if request.path in control.PAGES:
        return True
    if request.path in control.WATCHED:
        return not request.app[SETTINGS].key
    parts = request.path.removeprefix(BASE).strip("/").split("/")
    return parts[0] == "backends" and parts[2:] in ([], ["characterizations"])
