"""Requests over real sockets: certificates, proxies, bodies of any size, and echoed keys."""

import asyncio
import gzip
import json
import os
import ssl
import subprocess
import sys
import tracemalloc
import zlib
from urllib.parse import quote

import pytest
import trustme
from aiohttp import web

from pennylane_qstore.cloud.http import bodies, loop
from pennylane_qstore.cloud.http.redaction import Redaction
from pennylane_qstore.cloud.http.transport import Transport
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    QStoreError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from tests.scripted import ScriptedIonQ, reply

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
def private(authority):
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
    private, authority, tmp_path
):
    """As everywhere with OpenSSL: SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    done = ask(private.url, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert (done.stdout, done.returncode) == ("29\n", 0)


def test_a_stranger_gets_no_key(private):
    """A certificate that nobody vouches for ends it before a request leaves."""
    done = ask(private.url)
    assert done.returncode == 1
    assert "certificate" in done.stderr.lower()
    assert "secret-key" not in done.stderr + done.stdout
    assert private.requests == []


SECRET, PASSWORD = "secret-key-of-a-user", "proxy pass/word@1"


@pytest.fixture
def transport(virtual, ionq):
    transport = Transport(ionq.url, SECRET)
    yield transport
    virtual.run(transport.close())


def asked(virtual, transport, method="GET", path="/backends", seconds=3.0, **options):
    """What a request gives, or the error it ends with."""

    async def request():
        deadline = asyncio.get_running_loop().time() + seconds
        body = "{}" if method == "POST" else None
        try:
            return await transport.request(method, path, deadline=deadline, body=body, **options)
        except QStoreError as error:
            return error

    return virtual.run(request())


@pytest.fixture
def through_proxy(virtual, monkeypatch):
    """What a POST gives through a proxy that answers CONNECT as it is told to."""

    def through(answer):
        heads = []

        async def serve(reader, writer):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            writer.close()

        async def request():
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            user = f"{quote('the user')}:{quote(PASSWORD, safe='')}"
            monkeypatch.setenv("https_proxy", f"http://{user}@127.0.0.1:{port}")
            transport = Transport("https://api.ionq.invalid/v0.4", SECRET)
            deadline = asyncio.get_running_loop().time() + 3
            with pytest.raises(QStoreError) as caught:
                await transport.request("POST", "/jobs", deadline=deadline, body="{}")
            await transport.close()
            server.close()
            await server.wait_closed()
            return caught.value

        return virtual.run(request()), heads

    return through


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", RejectedError),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", RejectedError),
        (b"HTTP/1.1 451 Unavailable\r\n\r\n", RejectedError),
        (b"HTTP/1.1 429 Too Many\r\n\r\n", DeadlineError),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", DeadlineError),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 9999\r\n\r\n", DeadlineError),
        (b"", DeadlineError),
        (b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS", DeadlineError),
        (b"nonsense\r\n\r\n", DeadlineError),
    ],
)
def test_what_a_proxy_does_not_let_through_was_never_sent(through_proxy, answer, kind):
    """A submit that met only the proxy is refused, or tried again; it never may have arrived."""
    error, heads = through_proxy(answer)
    assert type(error) is kind
    assert not isinstance(error.__cause__, UnknownOutcomeError)
    assert (len(heads) > 1) == (kind is DeadlineError)
    assert all(head.startswith(b"CONNECT api.ionq.invalid:443") for head in heads)
    told = f"{error} {error!r} {error.__cause__!r}"
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "the user", "the%20user", SECRET):
        assert secret not in told


def packed(raw, encoding):
    """A body in one of the encodings of HTTP."""
    if encoding == "gzip of parts":
        return b"".join(gzip.compress(raw[i : i + 999]) for i in range(0, len(raw), 999))
    if encoding == "raw deflate":
        compressor = zlib.compressobj(wbits=-15)
        return compressor.compress(raw) + compressor.flush()
    return {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(raw)


def sending(raw, encoding="", status=200):
    """A reply of some bytes that says how they are encoded."""
    names = {"gzip of parts": "gzip", "raw deflate": "deflate"}
    headers = {"Content-Encoding": names.get(encoding, encoding)} if encoding else {}
    content = packed(raw, encoding)

    async def pieces():
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    return lambda: web.Response(
        status=status, body=pieces(), headers=headers, content_type="application/json"
    )


ENCODINGS = ["", "identity", "gzip", "deflate", "gzip of parts", "raw deflate"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", [2, 65_536, 300_000])
def test_an_answer_is_read_in_any_encoding(ionq, virtual, transport, encoding, length):
    """Large or small, in one piece or in several."""
    value = ["x" * (length - 4)] if length > 2 else []
    ionq.script("GET", "/backends", sending(json.dumps(value).encode(), encoding))
    assert asked(virtual, transport) == value


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_no_answer(ionq, virtual, transport, encoding):
    """Nor is one that isn't what it says."""
    ionq.script("GET", "/backends", *[sending(b"[]", encoding)] * 99)
    assert isinstance(asked(virtual, transport), DeadlineError)
    ionq.script("GET", "/jobs/x", *[sending(b"no gzip", "gzip of nothing")] * 99)
    assert isinstance(asked(virtual, transport, path="/jobs/x"), DeadlineError)


def peak_of(work):
    """The most memory that Python had in use meanwhile, in bytes, and what came out."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_past_its_bound_fills_no_memory(ionq, virtual, transport, encoding, method):
    """A hundred megabytes of nothing are given up after four; a submit is then looked up."""
    path = "/jobs" if method == "POST" else "/backends"
    answer = sending(b" " * 60_000_000, encoding)
    ionq.script(method, path, answer)
    error, peak = peak_of(lambda: asked(virtual, transport, method, path))
    assert type(error) is (UnknownOutcomeError if method == "POST" else CloudError)
    assert "more than 4000000 bytes" in str(error)
    assert ionq.count(method, path) == 1
    assert peak < 20_000_000


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("status", [404, 500])
def test_an_error_page_is_cut(ionq, virtual, transport, encoding, status):
    """Its first words say enough."""
    answer = sending(b"no: " + b"x" * 60_000_000, encoding, status)
    ionq.script("GET", "/backends", *[answer] * 99)
    error, peak = peak_of(lambda: asked(virtual, transport, seconds=0.1))
    assert "no: xxx" in str(error)
    assert len(str(error)) < 1_000
    assert peak < 20_000_000


def json_of(outcomes, digits):
    return len(f'\n    "{10**digits - 1}": 2.3841857910156250e-07,') * outcomes


@pytest.mark.parametrize(
    ("circuits", "qubits", "shots", "outcomes"),
    [
        (1, 22, None, 2**22),
        (5_000, 1, None, 2),
        (5_000, 10, 1_000, 1_000),
        (1, 29, 1_000_000, 1_000_000),
        (1, 36, 1, 1),
        (5_000, 36, 100, 100),
    ],
)
def test_a_right_answer_is_within_its_bound(circuits, qubits, shots, outcomes):
    """However it is written."""
    long = circuits * (json_of(outcomes, len(str(2**qubits))) + 100)
    assert min(long, 2**31) <= bodies.most_of_results(circuits, qubits, shots) <= 2**31


def test_a_bound_follows_what_was_asked():
    """A small job has no reason for a large answer."""
    assert bodies.most_of_results(1, 2, None) < 5_000_000
    assert bodies.most_of_results(1, 30, 1_000) < 6_000_000


HOSTILE = 'se"cret\\key/of <a> user&ü'


@pytest.mark.parametrize("key", [SECRET, HOSTILE])
@pytest.mark.parametrize(
    "form",
    [
        str,
        quote,
        lambda key: quote(key, safe=""),
        lambda key: "".join(f"\\u{ord(letter):04x}" for letter in key),
        lambda key: json.dumps(key)[1:-1],
        lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
        lambda key: key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    ],
)
def test_a_key_that_is_echoed_reaches_no_error(ionq, virtual, key, form):
    """Neither as it is nor escaped, in an error of the API, a page, an answer or a header."""
    transport = Transport(ionq.url, key)
    told = form(key)
    if told == key or ("\\u" not in told and "\\/" not in told and told != json.dumps(key)[1:-1]):
        told = json.dumps(told)[1:-1]  # else it is a JSON text already
    escaped = '{"error": "E", "message": "@@"}'.replace("@@", told)
    page = f"<html>you sent {form(key)} to us" + "x" * 500
    for text in (escaped, page, escaped[:-1]):
        ionq.script("GET", "/backends", reply(400, text=text))
        error = asked(virtual, transport)
        assert key not in f"{error} {error!r}"
        assert form(key) not in str(error)
    header = {"x-request-id": f"id-{quote(form(key))}-{SECRET}"}
    ionq.script("GET", "/backends", reply(400, body={}, headers=header))
    assert quote(key) not in asked(virtual, transport).request_id
    ionq.script("GET", "/backends", reply(body={key: [f"x{key}x", {"a": key}], "n": [1, None]}))
    assert asked(virtual, transport) == {"...": ["x...x", {"a": "..."}], "n": [1, None]}
    virtual.run(transport.close())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://me:pw@host/x?a=1", "see http://host/x?a=1"),
        ("HTTPS://me@host and ftp://a:b@c", "HTTPS://host and ftp://c"),
        ("http://me:p@ss@host", "http://host"),
        ("me@example.org wrote", "me@example.org wrote"),
        ("http://host/path@x", "http://host/path@x"),
    ],
)
def test_user_info_is_taken_out_of_urls(text, shown):
    """And nothing else with an @ in it."""
    assert Redaction().text(text) == shown


@pytest.mark.parametrize("host", ["a..b", "exa mple.org", "\ud800.org", "x" * 300])
def test_an_address_that_is_none_is_refused(virtual, host):
    """In our own words, and at once."""
    transport = Transport(f"https://{host}/v0.4", SECRET)
    assert isinstance(asked(virtual, transport, "POST", "/jobs"), RejectedError | DeadlineError)
    assert not isinstance(asked(virtual, transport, "POST", "/jobs"), UnavailableError)
    virtual.run(transport.close())


@pytest.mark.parametrize("depth", [10, 400, 900, 5_000, 100_000])
@pytest.mark.parametrize("inside", ["", '"a@b"', '"\\u0041"', '{"a": ["@"]}'])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_is_nested_deeply_is_no_crash(
    ionq, virtual, transport, depth, inside, status
):
    """It is a value, or no answer; never a RecursionError."""
    text = "[" * depth + inside + "]" * depth
    ionq.script("GET", "/backends", *[reply(status, text=text)] * 99)
    answer = asked(virtual, transport, seconds=0.1)
    assert isinstance(answer, list | RejectedError | DeadlineError)
