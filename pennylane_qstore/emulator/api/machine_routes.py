"""Routes of the machines: backends and their characterizations."""

from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api import queries
from pennylane_qstore.emulator.api.context import BASE, RUNNER, SETTINGS
from pennylane_qstore.emulator.api.refusals import NotFoundError
from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.service.clock import stamp

routes = web.RouteTableDef()


def _described(request: web.Request, backend: Backend) -> dict[str, Any]:
    runner = request.app[RUNNER]
    return backend.to_json(
        stamp(request.app[SETTINGS].clock.now()),
        runner.waiting_ms(backend.name),
        present=not runner.faults.is_unavailable(backend.name),
    )


@routes.get(f"{BASE}/backends")
async def list_backends(request: web.Request) -> web.Response:
    """Return all backends (GET /backends)."""
    backends = request.app[SETTINGS].backends.values()
    return web.json_response([_described(request, backend) for backend in backends])


@routes.get(BASE + "/backends/{backend}")
async def get_backend(request: web.Request) -> web.Response:
    """Return one backend (GET /backends/{backend})."""
    return web.json_response(
        _described(request, queries.backend(request, request.match_info["backend"]))
    )


@routes.get(BASE + "/backends/{backend}/characterizations")
async def list_characterizations(request: web.Request) -> web.Response:
    """Return the one page with a machine's one characterization, if it has any."""
    backend = queries.backend(request, request.match_info["backend"])
    most = queries.MOST_CHARACTERIZATIONS
    queries.whole(request, "limit", most, 1, most)
    page = queries.whole(request, "page", 1, 1)
    there = backend.characterization_id is not None and page == 1
    found = [backend.characterization()] if there else []
    return web.json_response({"characterizations": found, "pages": 1})


@routes.get(BASE + "/backends/{backend}/characterizations/{uuid}")
async def get_characterization(request: web.Request) -> web.Response:
    """Return one characterization by its UUID."""
    backend = queries.backend(request, request.match_info["backend"])
    if request.match_info["uuid"] != backend.characterization_id:
        raise NotFoundError
    return web.json_response(backend.characterization())
