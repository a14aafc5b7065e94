"""The application to a server: in an event loop that is running, or until Ctrl-C."""

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pennylane_qstore.emulator.app import BASE, create_app


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


def run(host: str = "127.0.0.1", port: int = 8080, key: str | None = None) -> None:
    """Serves until Ctrl-C or SIGTERM, from a program that has no event loop.

    Args:
        host: address to listen on
        port: 0 for any that is free
        key: the only API key accepted; by default any that is not empty
    """
    with asyncio.Runner() as runner:
        runner.run(_until_stopped(host, port, key))


async def _until_stopped(host: str, port: int, key: str | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C ends the runner by itself.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    server = await serve(host, port, key=key)
    try:
        sys.stdout.write(f"IonQ emulator: {server.url} (Ctrl-C stops it)\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await server.close()
