"""The application to a server: in an event loop that is running, or until Ctrl-C."""

import asyncio
import contextlib
import ipaddress
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api.app import create_app
from pennylane_qstore.emulator.api.context import BASE, LOCAL, WORKSHOP
from pennylane_qstore.emulator.service.faults import Faults


@dataclass(frozen=True, slots=True)
class Server:
    """An emulator that serves.

    Attributes:
        url: the API's address, with the version
        app: the application; `app[REQUESTS]` counts its requests
        runner: what runs it
    """

    url: str
    app: web.Application
    runner: web.AppRunner

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose; to be used in the server's own event loop."""
        return self.app[WORKSHOP].faults

    async def close(self) -> None:
        """Cancels what is live, closes all connections, and frees the port."""
        await self.runner.cleanup()


async def serve(host: str = "127.0.0.1", port: int = 0, **app_options: Any) -> Server:
    """Starts an emulator in the running event loop.

    Args:
        host: address to listen on
        port: 0 for any that is free
        **app_options: as of `create_app`
    """
    app = create_app(**app_options)
    app[LOCAL] = _is_loopback(host)
    # Jobs are cancelled at the end, so that nobody need wait for requests that go on.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return Server(f"http://{shown}:{bound}{BASE}", app, runner)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(
    host: str = "127.0.0.1",
    port: int = 8080,
    key: str | None = None,
    started: Callable[[Server], None] | None = None,
    **app_options: Any,
) -> None:
    """Serves until Ctrl-C or SIGTERM, from a program that has no event loop.

    Args:
        host: address to listen on
        port: 0 for any that is free
        key: the only API key accepted; by default any that is not empty
        started: is told of the server once it serves; by default its address is printed
        **app_options: as of `create_app`
    """
    with asyncio.Runner() as runner:
        runner.run(_until_stopped(host, port, started or _announce, key=key, **app_options))


def _announce(server: Server) -> None:
    sys.stdout.write(f"IonQ emulator: {server.url} (Ctrl-C stops it)\n")
    sys.stdout.flush()


async def _until_stopped(
    host: str, port: int, started: Callable[[Server], None], **app_options: Any
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C ends the runner by itself.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    server = await serve(host, port, **app_options)
    try:
        started(server)
        await stopped.wait()
    finally:
        await server.close()
