"""A server that speaks enough of IonQ's API, and answers from a script where a test gives one."""

import asyncio
import json
import math
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

PAGE = 25
BACKENDS = [
    {"backend": "simulator", "status": "available", "qubits": 29, "average_queue_time": 0},
    {
        "backend": "qpu.forte-1",
        "status": "available",
        "qubits": 36,
        "average_queue_time": 600_000,
        "supported_native_gates": ["gpi", "gpi2", "zz"],
    },
    {
        "backend": "qpu.aria-1",
        "status": "available",
        "qubits": 25,
        "average_queue_time": 60_000,
        "supported_native_gates": ["gpi", "gpi2", "ms"],
    },
    {"backend": "qpu.harmony", "status": "retired", "qubits": 11},
]


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
TRUNCATED = object()  # the honest answer, cut off in the middle of the body
HTML = reply(520, text="<html>Web server is returning an unknown error</html>")


@dataclass(frozen=True)
class After:
    """The request is handled as it should be, and then answered wrongly."""

    reply: object


@dataclass(frozen=True)
class Slow:
    """The honest answer, some seconds late."""

    seconds: float


@dataclass
class ServerJob:
    """A job on the server.

    Attributes:
        end: "completed", "failed", "canceled" or a status that is no end
        missing: places of circuits that the aggregated answer leaves out
        failed: places of circuits whose own job failed
        failure: why, where it isn't that the trap was empty
    """

    id: str
    body: dict
    at: float
    queue: float
    execution: float
    end: str = "completed"
    missing: frozenset = frozenset()
    failed: frozenset = frozenset()
    failure: dict | None = None
    cancelled: bool = False
    children: list = field(default_factory=list)

    @property
    def circuits(self):
        source = self.body["input"]
        return [each["circuit"] for each in source.get("circuits", ())] or [source["circuit"]]

    def status(self, now):
        if self.cancelled:
            return "canceled"
        if now < self.at + self.queue:
            return "ready"
        if now < self.at + self.queue + self.execution:
            return "started"
        return self.end


class ScriptedIonQ:
    """A server on loopback: every circuit ends in all zeros, unless a script says otherwise.

    Attributes:
        url: the API's address
        requests: (method, path) of every request, in order
        times: when each arrived, in seconds of the loop's clock
        queries: the query of every request
        bodies: the JSON of every POST that was handled, in order
        authorizations: the Authorization header of every request
        cancelled: ids that a cancellation was asked for
        jobs: the jobs that were made, by id
        queue, execution: seconds that new jobs take
        predictions: fields of new jobs' records
        latency: seconds before each answer
        telling: whether a circuit's first gate tells the probability of its state 1: a phase is
            one, a rotation makes one
        shuffled: whether the keys of aggregated answers are in another order
        fates: of the next jobs that are made: fields of ``ServerJob``
        throttled: seconds since the first job between which every GET of a job is a 429, or None
    """

    def __init__(self):
        self.requests, self.bodies, self.authorizations = [], [], []
        self.times, self.queries, self.cancelled = [], [], []
        self.jobs = {}
        self.queue = self.execution = self.latency = 0.0
        self.predictions = {}
        self.telling = self.shuffled = False
        self.fates = deque()
        self.throttled = None
        self._scripts = defaultdict(deque)
        self._epoch = None
        self._stopping = asyncio.Event()

    def script(self, method, path, *replies):
        """The next answers to a method and path; after them the server is itself again."""
        self._scripts[method, path].extend(replies)

    def count(self, method, path_start):
        return sum(m == method and path.startswith(path_start) for m, path in self.requests)

    def live(self):
        """Ids of the jobs that have not ended."""
        now = asyncio.get_running_loop().time()
        return [j.id for j in self.jobs.values() if j.status(now) in {"ready", "started"}]

    def forget(self):
        """Lets go of everything that was sent."""
        for kept in (self.requests, self.times, self.queries, self.bodies, self.authorizations):
            kept.clear()
        self.jobs.clear()

    async def start(self, port=0, tls=None):
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/v0.4{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls).start()
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}/v0.4"
        self._epoch = datetime.now(UTC).timestamp() - asyncio.get_running_loop().time()

    async def stop(self):
        self._stopping.set()
        await asyncio.sleep(0.01)
        await self._runner.cleanup()

    async def _pause(self, seconds):
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _answer(self, request):
        path = request.match_info["path"]
        raw = await request.text()
        self.requests.append((request.method, path))
        self.times.append(asyncio.get_running_loop().time())
        self.queries.append(dict(request.query))
        self.authorizations.append(request.headers.get("Authorization"))
        if self.latency:
            await self._pause(self.latency)
        scripted = self._scripted(request.method, path)
        if isinstance(scripted, After):
            if scripted.reply is not TRUNCATED:  # which is honest at first
                self._honest(request.method, path, raw, request.query)
            scripted = scripted.reply
        elif isinstance(scripted, Slow):
            await self._pause(scripted.seconds)
            scripted = None
        if scripted is SILENCE:
            await self._pause(3_000)
            scripted = RESET
        if scripted is RESET:
            if request.transport is not None:  # unless the client has gone
                request.transport.close()
            return web.Response()
        if scripted is None or scripted is TRUNCATED:
            status, body = self._honest(request.method, path, raw, request.query)
            text = json.dumps(body)
            if scripted is TRUNCATED:
                text = text[: len(text) // 2]
            return web.Response(status=status, text=text, content_type="application/json")
        return scripted()

    def _scripted(self, method, path):
        if self.throttled and self.jobs and method == "GET":
            age = asyncio.get_running_loop().time() - self.jobs["job-0"].at
            if self.throttled[0] < age < self.throttled[1]:
                return error(429, Retry_After="2")
        for place in (path, "/" + path.split("/")[1] + "/*"):
            if self._scripts[method, place]:
                return self._scripts[method, place].popleft()
        return None

    def _honest(self, method, path, raw, query):
        """The status and the body that the API would answer."""
        fixed = {"/backends": lambda: BACKENDS, "/jobs/estimate": lambda: _estimate(query)}
        if path in fixed:
            return 200, fixed[path]()
        if method == "POST":
            return 201, self._made(json.loads(raw))
        if method == "PUT":
            ids = json.loads(raw)["ids"]
            self.cancelled.extend(ids)
            for job_id in ids:
                if job_id in self.live():  # what has ended stays as it is
                    self.jobs[job_id].cancelled = True
            return 200, {"ids": ids, "status": "canceled"}
        if path == "/jobs":
            return 200, self._listed(query)
        found = self._record(path.split("/")[2], whole=True)
        if found is None:
            return 404, {"statusCode": 404, "error": "Not Found Error", "message": "not found"}
        if "/results/" in path:
            return self._results(path)
        if path.endswith("/cost"):
            price = {"value": 1.5, "unit": "usd"}
            return 200, {"dry_run": False, "estimated_cost": price, "cost": price}
        return 200, found

    def _made(self, body):
        self.bodies.append(body)
        job_id = f"job-{len(self.jobs)}"
        fate = self.fates.popleft() if self.fates else {}
        made = ServerJob(
            job_id,
            body,
            asyncio.get_running_loop().time(),
            **{"queue": self.queue, "execution": self.execution, **fate},
        )
        count = len(body["input"].get("circuits", ()))
        made.children = [f"{job_id}-child-{place}" for place in range(count)]
        self.jobs[job_id] = made
        return {"id": job_id, "status": "submitted", "session_id": None}

    def _listed(self, query):
        ids = set(query.getall("ids", []))
        parent, status = query.get("parent_job_id"), query.get("status")
        rows = []
        for job in reversed(self.jobs.values()):
            # Children stand beside their parents, with the same metadata.
            for job_id in (*reversed(job.children), job.id):
                if ids and job_id not in ids:
                    continue
                row = self._record(job_id, whole=False)
                if parent in {None, row["parent_job_id"]} and status in {None, row["status"]}:
                    rows.append(row)
        start, limit = int(query.get("next", 0)), min(int(query.get("limit", PAGE)), PAGE)
        following = str(start + limit) if start + limit < len(rows) else None
        return {"jobs": rows[start : start + limit], "next": following}

    def _record(self, job_id, whole):
        parent_id, _, place = job_id.partition("-child-")
        job = self.jobs.get(parent_id)
        if job is None:
            return None
        now = asyncio.get_running_loop().time()
        status, failure = job.status(now), None
        if place and int(place) in job.failed and status in {"completed", "failed"}:
            status = "failed"
        elif place and status == "failed":
            status = "completed"  # a failed parent's other children did run
        if status == "failed":
            empty = {"code": "QuantumComputerError", "message": "the trap was empty"}
            failure = job.failure or empty
        ended = status in {"completed", "failed"}
        many = bool(job.children) and not place
        record = {
            "id": job_id,
            "status": status,
            "type": job.body["type"] if not place else "ionq.circuit.v1",
            "backend": job.body["backend"],
            "dry_run": bool(job.body.get("dry_run")),
            "submitter_id": "s",
            "project_id": None,
            "session_id": None,
            "name": job.body.get("name"),
            "shots": int(job.body.get("shots", 100)),
            "settings": {},
            "stats": {"qubits": job.body["input"].get("qubits"), "circuits": len(job.circuits)},
            "output": {},
            "predicted_wait_time_ms": None,
            "predicted_execution_duration_ms": None,
            "execution_duration_ms": None,
            "parent_job_id": parent_id if place else None,
            "metadata": job.body.get("metadata"),
            "submitted_at": self._iso(job.at),
            "started_at": self._iso(job.at + job.queue) if status != "ready" else None,
            "completed_at": self._iso(job.at + job.queue + job.execution) if ended else None,
            "failure": failure,
            "results": _links(job_id, many) if status == "completed" else None,
            **self.predictions,
        }
        if whole:
            record["child_job_ids"] = job.children if many else None
        return record

    def _results(self, path):
        job_id = path.split("/")[2]
        parent_id, _, place = job_id.partition("-child-")
        job = self.jobs[parent_id]
        status = job.status(asyncio.get_running_loop().time())
        if status != "completed" and not (place and status == "failed"):
            return 404, {"statusCode": 404, "error": "Not Found Error", "message": "no results"}
        if place or not job.children:
            return 200, self._outcome(job.circuits[int(place or 0)])
        answers = {
            child: self._outcome(circuit)
            for index, (child, circuit) in enumerate(zip(job.children, job.circuits, strict=True))
            if index not in {*job.missing, *job.failed}
        }
        if self.shuffled:
            answers = dict(reversed(answers.items()))
        return 200, answers

    def _outcome(self, circuit):
        if not self.telling:
            return {"0": 1.0}
        gate = circuit[0]
        one = gate["phase"] if "phase" in gate else math.sin(gate["rotation"] / 2) ** 2
        return {"0": 1.0 - one, "1": one}

    def _iso(self, moment):
        return datetime.fromtimestamp(self._epoch + moment, UTC).isoformat()


def _estimate(query):
    """A thousandth for a gate and shot, a hundredth for one of two qubits."""
    one, more = int(query["1q_gates"]), int(query["2q_gates"])
    price = int(query["shots"]) * (one + 10 * more) / 1_000
    return {"estimated_total_cost": price, "estimated_unit": "usd"}


def _links(job_id, many):
    path = f"/v0.4/jobs/{job_id}/results/probabilities{'/aggregated' if many else ''}"
    return {"probabilities": {"url": path}}
