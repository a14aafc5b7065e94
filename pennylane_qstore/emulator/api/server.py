"""Serve the application: in a running event loop, or until Ctrl-C."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.api.app import create_app
from pennylane_qstore.emulator.api.context import BASE, LOCAL, RUNNER, SETTINGS, is_loopback
from pennylane_qstore.emulator.service.faults import Faults


@dataclass(frozen=True, slots=True)
class Server:
    """A running emulator.

    Attributes:
        url: the API's address, with the version
        app: the application; `app[REQUESTS]` counts its requests
        runner: aiohttp's runner of the application
    """

    url: str
    app: web.Application
    runner: web.AppRunner

    @property
    def key(self) -> str | None:
        """The only API key accepted; None accepts any key that isn't empty."""
        return self.app[SETTINGS].key

    @property
    def faults(self) -> Faults:
        """The injected faults; use it only from the server's own event loop."""
        return self.app[RUNNER].faults

    async def close(self) -> None:
        """Cancel all unfinished jobs, close all connections, and free the port."""
        await self.runner.cleanup()


async def serve(host: str = "127.0.0.1", port: int = 0, **app_options: Any) -> Server:
    """Start an emulator in the running event loop.

    Args:
        host: address to listen on
        port: 0 for any that is free
        **app_options: options of `create_app`

    Returns:
        The running server; close it with `await server.close()`.
    """
    app = create_app(**app_options)
    app[LOCAL] = is_loopback(host)
    # Jobs are cancelled at the end, so open requests need no longer time to finish.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
    except Exception:
        await runner.cleanup()
        raise
    bound = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return Server(f"http://{shown}:{bound}{BASE}", app, runner)


def run(
    host: str = "127.0.0.1",
    port: int = 8080,
    key: str | None = None,
    started: Callable[[Server], None] | None = None,
    **app_options: Any,
) -> None:
    """Serve until Ctrl-C or SIGTERM, from a program without an event loop.

    Args:
        host: address to listen on
        port: 0 for any that is free
        key: the only API key accepted; by default any that is not empty
        started: called with the server once it serves; by default its address is printed
        **app_options: options of `create_app`
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
