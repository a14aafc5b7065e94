"""A server that speaks enough of IonQ's API, and answers from a script where a test gives one."""

import asyncio
import json
from collections import defaultdict, deque

from aiohttp import web


def reply(status=200, body=None, text=None, headers=None):
    """A reply, made anew each time it is sent."""
    raw = text if text is not None else json.dumps(body)
    return lambda: web.Response(
        status=status, text=raw, headers=headers, content_type="application/json"
    )


def error(status, message="no", **headers):
    """An error in IonQ's form."""
    body = {"statusCode": status, "error": "Error", "message": message}
    return reply(status, body, headers={key.replace("_", "-"): v for key, v in headers.items()})


RESET = object()  # the connection is closed without an answer
SILENCE = object()  # the connection stays open without an answer


class ScriptedIonQ:
    """A server on loopback: every circuit ends in all zeros, unless a script says otherwise.

    Attributes:
        url: the API's address
        requests: (method, path) of every request, in order
        bodies: the JSON of every POST, in order
        authorizations: the Authorization header of every request
    """

    def __init__(self):
        self.requests, self.bodies, self.authorizations = [], [], []
        self.cancelled = []
        self._scripts = defaultdict(deque)
        self._jobs = {}

    def script(self, method, path, *replies):
        """The next answers to a method and path; after them the server is itself again."""
        self._scripts[method, path].extend(replies)

    def count(self, method, path_start):
        return sum(m == method and path.startswith(path_start) for m, path in self.requests)

    async def start(self):
        app = web.Application()
        app.router.add_route("*", "/v0.4{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v0.4"

    async def stop(self):
        await self._runner.cleanup()

    async def _answer(self, request):
        path = request.match_info["path"]
        raw = await request.text()
        self.requests.append((request.method, path))
        self.authorizations.append(request.headers.get("Authorization"))
        if request.method == "POST":
            self.bodies.append(json.loads(raw))
        if request.method == "PUT":
            self.cancelled.extend(json.loads(raw)["ids"])
        for place in (path, path.split("/")[1] and "/" + path.split("/")[1] + "/*"):
            if self._scripts[request.method, place]:
                scripted = self._scripts[request.method, place].popleft()
                if scripted is RESET:
                    request.transport.close()
                    return web.Response()
                if scripted is SILENCE:
                    await asyncio.sleep(30)
                return scripted()
        return web.json_response(self._honest(request.method, path))

    def _honest(self, method, path):
        if path == "/backends":
            return [
                {"backend": "simulator", "status": "available", "qubits": 29},
                {
                    "backend": "qpu.forte-1",
                    "status": "available",
                    "qubits": 36,
                    "supported_native_gates": ["gpi", "gpi2", "zz"],
                },
                {
                    "backend": "qpu.aria-1",
                    "status": "available",
                    "qubits": 25,
                    "supported_native_gates": ["gpi", "gpi2", "ms"],
                },
                {"backend": "qpu.harmony", "status": "retired", "qubits": 11},
            ]
        if method == "POST":
            job_id = f"job-{len(self._jobs)}"
            circuits = self.bodies[-1]["input"].get("circuits")
            self._jobs[job_id] = [f"{job_id}-child-{i}" for i in range(len(circuits or ()))]
            return {"id": job_id, "status": "submitted", "session_id": None}
        if method == "PUT":
            return {"ids": self.cancelled, "status": "canceled"}
        job_id = path.split("/")[2]
        if "/results/" in path:
            children = self._jobs[job_id]
            return {child: {"0": 1.0} for child in children} if children else {"0": 1.0}
        return {"id": job_id, "status": "completed", "child_job_ids": self._jobs[job_id] or None}
