"""The page, what it is made of, and the endpoint that makes things go wrong."""

import asyncio
import base64
import contextlib
import inspect
import json
import shutil
import time

import aiohttp
import pytest

from pennylane_qstore.emulator import REQUESTS
from pennylane_qstore.emulator.api.control import POLICY
from tests.emulator.conftest import BELL, multi, single

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
HTML = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def root(api):
    """The server's address without the API's version."""
    return api.url.removesuffix("/v0.4")


def control(api, method, body=None):
    """A request to the control endpoint."""
    return api.session.request(method, f"{root(api)}/emulator/faults", json=body, timeout=10)


class TestFaults:
    def test_faults_are_set_and_cleared(self, api):
        """Faults can be set as texts or objects while the server runs, are shown, and cleared."""
        body = {"faults": ["503 at=1", {"kind": "429", "at": [2], "retry_after": "1"}]}
        told = control(api, "POST", body).json()["faults"]
        assert [each["kind"] for each in told] == ["503", "429"]
        assert [api.call("GET", "/jobs").status_code for _ in range(3)] == [503, 429, 200]
        assert [each["struck"] for each in control(api, "GET").json()["faults"]] == [1, 1]
        assert control(api, "DELETE").json() == {"faults": []}

    @pytest.mark.parametrize(
        "body",
        [[], {}, {"faults": "503"}, {"faults": ["boom"]}, {"faults": [7]}, {"faults": [{}]}],
    )
    def test_faults_that_cannot_be(self, api, body):
        """A malformed fault is a 400, and none is set."""
        answer = control(api, "POST", body)
        assert answer.status_code == 400
        assert answer.json()["validation"]["keys"] == ["faults"]
        assert control(api, "GET").json() == {"faults": []}

    def test_no_json(self, api):
        """A body that is not JSON is a 400."""
        address = f"{root(api)}/emulator/faults"
        assert api.session.post(address, data=b"{", timeout=10).status_code == 400

    def test_a_key_is_needed(self, start):
        """Only who may use the API may break it."""
        api = start("other", only="mine")
        for method in ("GET", "POST", "DELETE"):
            assert control(api, method, {"faults": ["500"]}).status_code == 401

    def test_control_is_not_troubled(self, start):
        """Faults are of the API and not of the endpoint that clears them."""
        api = start(faults=["503"])
        assert control(api, "DELETE").status_code == 200
        assert api.get("/backends")


class TestPage:
    def test_the_state(self, start):
        """The state has the jobs, newest first, the queues, the requests, and the money."""
        api = start(faults=["stuck on=qpu.forte-1"])
        done = api.run(multi([BELL] * 3, name="three", backend="qpu.forte-enterprise-1"))
        api.submit(single(BELL, backend="qpu.forte-1"))
        state = api.session.get(f"{root(api)}/emulator/state", timeout=10).json()
        waiting, finished = state["jobs"]
        assert (finished["id"], finished["circuits"], finished["cost"]) == (done["id"], 3, 1.0)
        assert (waiting["backend"], waiting["faults"]) == ("qpu.forte-1", ["stuck"])
        (backend,) = [each for each in state["backends"] if each["name"] == "qpu.forte-1"]
        assert (backend["waiting"], backend["running"]) == (1, 0)
        assert state["spent"] == 1.0
        assert state["requests"] >= 3
        assert state["last_requests"][0]["method"] == "POST"

    def test_events(self, api):
        """Each change is sent to whoever listens, soon."""
        address = f"{root(api)}/emulator/events"
        with api.session.get(address, stream=True, timeout=10) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            lines = stream.iter_lines(decode_unicode=True)
            assert json.loads(next(lines).removeprefix("data: "))["jobs"] == []
            job = api.run(single(BELL))
            begin = time.monotonic()
            for line in lines:
                if line and job["id"] in line and '"completed"' in line:
                    break
            assert time.monotonic() - begin < 5

    def test_nothing_but_its_own_may_run(self, api):
        """The page and its parts need no key, and forbid what is not theirs."""
        del api.session.headers["Authorization"]
        for path in ("/", "/emulator/page.js", "/emulator/page.css"):
            answer = api.session.get(root(api) + path, timeout=10)
            assert answer.status_code == 200
            assert answer.headers["Content-Security-Policy"] == POLICY
            assert "http" not in answer.text.replace("http-equiv", "")

    def test_another_site_s_page_sees_nothing(self, api):
        """A name that was made to mean this machine is refused, where it is only for it."""
        routes = [
            ("GET", "/"),
            ("GET", "/emulator/state"),
            ("GET", "/emulator/events"),
            ("GET", "/emulator/faults"),
            ("POST", "/emulator/faults"),
            ("DELETE", "/emulator/faults"),
            ("GET", "/v0.4/backends"),
            ("GET", "/v0.4/jobs"),
            ("POST", "/v0.4/jobs"),
            ("GET", "/v0.4/whoami"),
            ("GET", "/nothing"),
        ]
        for method, path in routes:
            for host in ("evil.example", "localhost.evil.example", "192.0.2.1", "127.0.0.1.nip.io"):
                answer = api.session.request(
                    method, root(api) + path, headers={"Host": host}, timeout=10
                )
                assert answer.status_code == 404
                assert answer.json()["message"].startswith("This emulator answers to localhost")
        for host in ("localhost:1", "LOCALHOST", "127.0.0.1", "127.9.9.9:80", "[::1]:8080"):
            answer = api.session.get(root(api) + "/", headers={"Host": host}, timeout=10)
            assert answer.status_code == 200
        assert sum(api.app[REQUESTS].values()) == 5

    def test_watching_needs_the_key_that_is_set(self, start):
        """With a key of its own the emulator shows its state and events to nobody else."""
        api = start(key="right", only="right")
        for path in ("/emulator/state", "/emulator/events", "/emulator/faults"):
            with api.session.get(root(api) + path, timeout=10, stream=True) as answer:
                assert answer.status_code == 200
        for key in ("apiKey wrong", "apiKey", "Bearer right", "apiKey right\u00e9"):
            headers = {"Authorization": key.encode()}
            for path in ("/emulator/state", "/emulator/events", "/emulator/faults", "/v0.4/jobs"):
                answer = api.session.get(root(api) + path, headers=headers, timeout=10)
                assert answer.status_code == 401
        del api.session.headers["Authorization"]
        for path in ("/", "/emulator/page.js", "/v0.4/backends"):
            assert api.session.get(root(api) + path, timeout=10).status_code == 200


class Browser:
    """A browser without a screen, driven by its own protocol."""

    def __init__(self, session, socket):
        self._session = session
        self._socket = socket
        self._number = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, address, folder):
        """Opens an address."""
        process = await asyncio.create_subprocess_exec(
            BROWSER,
            *("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"),
            *("--remote-debugging-port=0", f"--user-data-dir={folder}", address),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            told = folder / "DevToolsActivePort"
            await until(lambda: told.exists() and told.read_text().count("\n"))
            port = told.read_text().splitlines()[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    (page,) = [each for each in await answer.json() if each["type"] == "page"]
                async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as ws:
                    yield cls(session, ws)
        finally:
            process.kill()
            await process.wait()

    async def call(self, method, **parameters):
        """Calls a method of the protocol."""
        self._number += 1
        sent = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send_json(sent)
        while (answer := await self._socket.receive_json(timeout=30)).get("id") != self._number:
            pass
        return answer["result"]

    async def evaluate(self, script):
        """The value of an expression on the page."""
        return (await self.call("Runtime.evaluate", expression=script))["result"].get("value")


async def until(condition):
    """Waits until something is so."""
    for _ in range(600):
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(condition)


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
class TestBrowser:
    def test_a_name_with_html_is_shown_and_not_run(self, start, tmp_path):
        """In a browser the jobs are live, and a name is text whatever is in it."""
        api = start(faults=["503 at=1 on=PUT"])

        async def session():
            async with Browser.on(f"{root(api)}/", tmp_path) as browser:
                await until(lambda: browser.evaluate("document.title == 'IonQ emulator'"))
                await until(lambda: browser.evaluate("byId('connection').className == 'live'"))
                wild = single(BELL)
                wild["input"]["name"] = HTML
                job = await asyncio.to_thread(api.run, wild)
                await until(lambda: browser.evaluate("jobs.rows.length == 1"))
                row = "[...jobs.rows[0].cells].map(cell => cell.textContent)"
                await until(lambda: browser.evaluate(f"{row}[3] == 'completed'"))
                assert await browser.evaluate(f"{row}[0]") == job["id"][:8]
                assert await browser.evaluate(f"{row}[1]") == HTML
                assert await browser.evaluate("document.images.length") == 0
                assert await browser.evaluate("document.scripts.length") == 1
                assert await browser.evaluate("document.title") == "IonQ emulator"
                assert await browser.evaluate("faults.rows[0].cells[0].textContent") == "503"
                assert await browser.evaluate("backends.rows.length") == 6
                # Narrow tables must not make the whole page scroll sideways.
                wide = "document.documentElement.scrollWidth > innerWidth"
                assert await browser.evaluate(wide) is False
                shot = await browser.call("Page.captureScreenshot", format="png")
                (tmp_path / "page.png").write_bytes(base64.b64decode(shot["data"]))

        asyncio.run(session())
        assert (tmp_path / "page.png").stat().st_size > 10_000

    def test_a_server_that_stops(self, start, tmp_path):
        """The page says that the server has gone."""
        api = start()

        async def session():
            async with Browser.on(f"{root(api)}/", tmp_path) as browser:
                await until(lambda: browser.evaluate("byId('connection').className == 'live'"))
                await asyncio.to_thread(api.stop)
                await until(
                    lambda: browser.evaluate("byId('connection').className == 'disconnected'")
                )

        asyncio.run(session())
