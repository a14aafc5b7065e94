"""The way to a server that has a certificate of its own."""

import os
import ssl
import subprocess
import sys

import pytest
import trustme

from pennylane_qstore.cloud.http import loop
from tests.scripted import ScriptedIonQ

PROGRAM = """
import asyncio, sys
from pennylane_qstore.cloud.client import Client

async def ask():
    client = Client(sys.argv[1], "secret-key")
    try:
        print((await client.backend("simulator", 3.0)).qubits)
    finally:
        await client.close()

asyncio.run(ask())
"""


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def ionq(authority):
    """A server with a certificate that only a laboratory's own authority vouches for."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = ScriptedIonQ()
    loop.current().run(server.start(tls=tls))
    yield server
    loop.current().run(server.stop())


def ask(url, **environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_authority_of_ones_own_is_trusted_where_the_environment_names_it(
    ionq, authority, tmp_path
):
    """As everywhere with OpenSSL: SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    done = ask(ionq.url, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert (done.stdout, done.returncode) == ("29\n", 0)


def test_a_stranger_gets_no_key(ionq):
    """A certificate that nobody vouches for ends it before a request leaves."""
    done = ask(ionq.url)
    assert done.returncode == 1
    assert "certificate" in done.stderr.lower()
    assert "secret-key" not in done.stderr + done.stdout
    assert ionq.requests == []
