"""An emulator in a process of its own, that counts requests and connections.

A client's processor time is then the client's own.
"""

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web

from pennylane_qstore.emulator import REQUESTS
from pennylane_qstore.emulator.api.app import create_app
from pennylane_qstore.emulator.api.context import MONITOR
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.timing import Profile

KEY = "any"
_COUNTED = "/benchmark"


class Seen(NamedTuple):
    """What a server has seen.

    Attributes:
        requests: by method and route, such as ``POST /jobs``
        connections: how many were opened
        waited: seconds that jobs which ended were in the queue, all in all
        ran: seconds that they ran
    """

    requests: Counter[str]
    connections: int
    waited: float
    ran: float

    def since(self, before: "Seen") -> "Seen":
        """What came after an earlier look."""
        return Seen(
            self.requests - before.requests,
            self.connections - before.connections,
            self.waited - before.waited,
            self.ran - before.ran,
        )

    @property
    def jobs(self) -> int:
        """Jobs that were submitted."""
        return self.requests["POST /jobs"]

    @property
    def looks(self) -> int:
        """Requests that asked how jobs are."""
        return self.requests["GET /jobs/{id}"] + self.requests["GET /jobs"]

    @property
    def total(self) -> int:
        """All requests."""
        return self.requests.total()


class Served:
    """A server's process, for as long as a ``with`` lasts.

    Attributes:
        url: the API's, with its version
    """

    def __init__(self, profile: Profile | str, **settings: Any) -> None:
        """Starts it by a fork: before anything else here has threads.

        Args:
            profile: how long things take there
            **settings: other options of the emulator
        """
        fork = get_context("fork")
        here, there = fork.Pipe(duplex=False)
        self._process = fork.Process(
            target=_serve, args=({"profile": profile, **settings}, there), daemon=True
        )
        self._process.start()
        self.url = here.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()

    def seen(self) -> Seen:
        """What it has seen so far."""
        return seen(self.url)


def seen(url: str) -> Seen:
    """What a server has seen so far; this look is not counted."""
    address = url.removesuffix("/v0.4") + _COUNTED
    request = urllib.request.Request(address, headers={"Authorization": f"apiKey {KEY}"})
    with urllib.request.urlopen(request) as answer:
        told = json.load(answer)
    return Seen(Counter(told["requests"]), told["connections"], told["waited"], told["ran"])


def _app(settings: Mapping[str, Any]) -> web.Application:
    app = create_app(**settings)
    peers: set[Any] = set()
    spent = {"waited": 0.0, "ran": 0.0}

    def ended(job: Job) -> None:
        at = job.moments
        if job.is_final and "started" in at:
            spent["waited"] += at["started"] - at["submitted"]
            spent["ran"] += at["ended"] - at["started"]

    async def counted(request: web.Request) -> web.Response:
        requests = {
            route: n for route, n in request.app[REQUESTS].items() if "benchmark" not in route
        }
        return web.json_response({"requests": requests, "connections": len(peers), **spent})

    async def noted(request: web.Request, _: web.StreamResponse) -> None:
        if request.path != _COUNTED and request.transport is not None:
            peers.add(request.transport.get_extra_info("peername"))

    app[MONITOR].on_job.append(ended)
    app.router.add_get(_COUNTED, counted)
    app.on_response_prepare.append(noted)
    return app


def _serve(settings: Mapping[str, Any], told: Connection) -> None:
    asyncio.run(_until_killed(settings, told))


async def _until_killed(settings: Mapping[str, Any], told: Connection) -> None:
    runner = web.AppRunner(_app(settings), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.send(f"http://127.0.0.1:{runner.addresses[0][1]}/v0.4")
    await asyncio.Event().wait()
