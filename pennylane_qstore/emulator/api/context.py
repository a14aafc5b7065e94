"""What an application's handlers share."""

from collections import Counter

from aiohttp import web

from pennylane_qstore.emulator.api.board import Board
from pennylane_qstore.emulator.service.lifecycle import Workshop
from pennylane_qstore.emulator.service.sessions import Sessions
from pennylane_qstore.emulator.service.settings import Settings

BASE = "/v0.4"

REQUESTS = web.AppKey("REQUESTS", Counter[str])
WORKSHOP = web.AppKey("WORKSHOP", Workshop)
SESSIONS = web.AppKey("SESSIONS", Sessions)
SETTINGS = web.AppKey("SETTINGS", Settings)
BOARD = web.AppKey("BOARD", Board)
LOCAL = web.AppKey("LOCAL", bool)


def route_of(request: web.Request) -> str:
    """A request's method and the template of its path; one word for all that have none."""
    resource = request.match_info.route.resource
    route = "?" if resource is None else resource.canonical.removeprefix(BASE)
    return f"{request.method} {route}"
