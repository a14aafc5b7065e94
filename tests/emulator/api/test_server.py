"""Starting and stopping a server, and what it leaves to others meanwhile."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import aiohttp
import pytest

from pennylane_qstore.emulator import Fault, create_app, serve
from tests.emulator.conftest import BELL, Api, multi, single, slow


def test_a_server_in_a_running_loop():
    """A server starts, answers, and stops in one event loop, with a job still running."""

    async def session():
        server = await serve()
        headers = {"Authorization": "apiKey k"}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.post(f"{server.url}/jobs", json=single(slow())) as answer:
                assert answer.status == 201
            await asyncio.sleep(0.05)
            await server.close()
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.get(f"{server.url}/backends")

    asyncio.run(session())


def test_the_loop_is_free_while_a_job_runs():
    """While two simulations and a large body are worked on, the event loop goes on."""

    async def session():
        server = await serve()
        headers = {"Authorization": "apiKey k"}
        rounds = 0
        async with aiohttp.ClientSession(headers=headers) as client:
            for _ in range(2):
                async with client.post(f"{server.url}/jobs", json=single(slow(20, 50))) as answer:
                    assert answer.status == 201
            end = asyncio.get_running_loop().time() + 0.5
            while asyncio.get_running_loop().time() < end:
                async with client.get(f"{server.url}/backends") as answer:
                    assert answer.status == 200
                rounds += 1
        await server.close()
        return rounds

    assert asyncio.run(session()) > 5


def test_a_port_that_is_taken():
    """A port in use is an error, and nothing stays behind."""

    async def session(port):
        with pytest.raises(OSError, match="address already in use"):
            await serve(port=port)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asyncio.run(session(taken.getsockname()[1]))


def test_an_application_needs_no_loop():
    """An application can be made anywhere."""
    assert create_app(key="k", keep=1, seed=0)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_run_until_a_signal(stop):
    """The command line's server prints its address, and ends well on Ctrl-C and SIGTERM."""
    code = "from pennylane_qstore.emulator import run; run(port=0, key='k')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        url = process.stdout.readline().split()[2]
        with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))):
            process.send_signal(stop)
        assert process.wait(20) == 0


def test_many_jobs_at_once(start):
    """Jobs submitted together all complete, each with its own results."""
    api = start()
    ids = [api.submit(multi([BELL, [{"gate": "x", "target": k}]], qubits=8)) for k in range(8)]
    for k, job_id in enumerate(ids):
        assert list(api.results(api.wait(job_id)).values()) == [
            {"0": 0.5, "3": 0.5},
            {str(1 << k): 1},
        ]
    assert isinstance(api, Api)


def test_faults_from_python():
    """Whoever started a server in its loop can make it fail, and well again."""

    async def session():
        server = await serve()
        async with aiohttp.ClientSession() as client:
            server.faults.add([Fault("520", at=(1,))])
            seen = []
            for _ in range(2):
                async with client.get(f"{server.url}/backends") as answer:
                    seen.append(answer.status)
            server.faults.add([Fault("500")])
            server.faults.clear()
            async with client.get(f"{server.url}/backends") as answer:
                seen.append(answer.status)
        await server.close()
        return seen

    assert asyncio.run(session()) == [520, 200, 200]
