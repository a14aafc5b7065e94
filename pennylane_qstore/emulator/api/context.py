"""Keys of the objects that an application's handlers share."""

import ipaddress
from collections import Counter

from aiohttp import web

from pennylane_qstore.emulator.api.monitor import Monitor
from pennylane_qstore.emulator.service.lifecycle import JobRunner
from pennylane_qstore.emulator.service.sessions import Sessions
from pennylane_qstore.emulator.service.settings import Settings

BASE = "/v0.4"
MOST_BYTES = 10_000_000  # of a request's body

REQUESTS = web.AppKey("REQUESTS", Counter[str])
RUNNER = web.AppKey("RUNNER", JobRunner)
SESSIONS = web.AppKey("SESSIONS", Sessions)
SETTINGS = web.AppKey("SETTINGS", Settings)
MONITOR = web.AppKey("MONITOR", Monitor)
LOCAL = web.AppKey("LOCAL", bool)


def is_loopback(host: str) -> bool:
    """Return whether a name or address is this machine's own, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def route_of(request: web.Request) -> str:
    """Return a request's method and path template, such as "GET /jobs/{id}"; "?" if unrouted."""
    resource = request.match_info.route.resource
    route = "?" if resource is None else resource.canonical.removeprefix(BASE)
    return f"{request.method} {route}"
