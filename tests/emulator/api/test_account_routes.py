"""Sessions with their limits, and usage."""

import pytest

from pennylane_qstore.emulator import Profile
from tests.emulator.api.test_app import SOME_ID
from tests.emulator.conftest import BELL, multi, single
from tests.emulator.service.test_timing import timed

QPU = "qpu.forte-1"


def session_of(api, backend=QPU, **settings):
    """The id of a new session."""
    answer = api.call("POST", "/sessions", json={"backend": backend, "settings": settings})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


class TestSessions:
    def test_a_session_from_end_to_end(self, api):
        """A session is created, started by its first job, and ended."""
        answer = api.call("POST", "/sessions", json={"backend": QPU})
        session = answer.json()
        assert (session["status"], session["active"]) == ("created", True)
        assert session["started_at"] is session["ended_at"] is None
        job = api.run(single(BELL, backend=QPU, session_id=session["id"]))
        assert job["session_id"] == session["id"]
        assert api.get(f"/sessions/{session['id']}")["status"] == "started"
        (row,) = api.get(f"/sessions/{session['id']}/jobs")["jobs"]
        assert row["id"] == job["id"]
        ended = api.call("POST", f"/sessions/{session['id']}/end").json()
        assert (ended["status"], ended["active"]) == ("ended", False)
        assert ended["ended_at"] is not None
        api.refused("POST", "/jobs", 400, json=single(BELL, backend=QPU, session_id=ended["id"]))

    def test_ending_cancels_what_is_live(self, start):
        """Jobs that have not ended are canceled with their session."""
        api = start(faults=["stuck"])
        session = session_of(api)
        inside = api.submit(single(BELL, backend=QPU, session_id=session))
        outside = api.submit(single(BELL, backend=QPU))
        api.call("POST", f"/sessions/{session}/end")
        assert api.get(f"/jobs/{inside}")["status"] == "canceled"
        assert api.get(f"/jobs/{outside}")["status"] != "canceled"

    def test_so_many_jobs(self, api):
        """A session takes as many jobs as its limit says."""
        session = session_of(api, job_count_limit=2)
        body = single(BELL, backend=QPU, session_id=session)
        for _ in range(2):
            api.submit(body)
        assert "2 jobs" in api.refused("POST", "/jobs", 400, json=body)["message"]

    def test_so_much_money(self, api):
        """A session takes no job that costs more than is left."""
        session = session_of(api, cost_limit={"unit": "usd", "value": 1.5})
        body = single(BELL, backend=QPU, session_id=session)
        api.submit(body)
        refusal = api.refused("POST", "/jobs", 400, json=body)
        assert "limit of 1.50 usd" in refusal["message"]
        assert refusal["validation"]["keys"] == ["session_id"]

    def test_so_much_time(self):
        """A session ends by itself when its time is up."""

        async def session(emulator):
            body = {"backend": QPU, "settings": {"duration_limit_min": 10}}
            made = await emulator.ask("POST", "/sessions", body)
            assert made["settings"]["expires_at"] == "2026-01-01T00:10:00.000Z"
            await emulator.clock.advance(599)
            path = f"/sessions/{made['id']}"
            assert (await emulator.ask("GET", path))["active"]
            await emulator.clock.advance(100)
            ended = await emulator.ask("GET", path)
            assert ended["ended_at"] == made["settings"]["expires_at"]

        timed(session, profile=Profile("any"))

    def test_only_its_backend(self, api):
        """A session is for one machine."""
        session = session_of(api)
        body = single(BELL, backend="qpu.forte-enterprise-1", session_id=session)
        assert QPU in api.refused("POST", "/jobs", 400, json=body)["message"]

    def test_lists(self, api):
        """Sessions are listed, newest first, all or the active ones or the others."""
        first, second = session_of(api), session_of(api)
        api.call("POST", f"/sessions/{first}/end")

        def listed(query=""):
            return [each["id"] for each in api.get(f"/sessions{query}")["sessions"]]

        assert listed() == [second, first]
        assert listed("?active=true") == [second]
        assert listed("?active=False") == [first]

    @pytest.mark.parametrize(
        ("key", "body"),
        [
            ("backend", {}),
            ("backend", {"backend": "simulator"}),
            ("backend", {"backend": "qpu.harmony"}),
            ("settings", {"backend": QPU, "settings": 7}),
            ("settings.job_count_limit", {"backend": QPU, "settings": {"job_count_limit": 0}}),
            ("settings.value", {"backend": QPU, "settings": {"cost_limit": {"value": "much"}}}),
            ("settings.cost_limit", {"backend": QPU, "settings": {"cost_limit": 7}}),
        ],
    )
    def test_sessions_that_cannot_be(self, api, key, body):
        """A malformed session is a 400 that names what is wrong."""
        assert api.refused("POST", "/sessions", 400, json=body)["validation"]["keys"] == [key]

    def test_what_is_not_there(self, api):
        """Unknown sessions and backends are 404s."""
        api.refused("GET", f"/sessions/{SOME_ID}", 404)
        api.refused("POST", f"/sessions/{SOME_ID}/end", 404)
        api.refused("POST", "/sessions", 404, json={"backend": "qpu.nowhere"})


class TestUsage:
    def test_usage(self):
        """What ran is added up by day, week or month; what did not run is not in it."""

        async def session(emulator):
            dear = multi([BELL * 10, BELL * 10], backend="qpu.forte-1", shots=10_000, name="dear")
            for day in range(3):
                await emulator.submit(dear)
                if day == 1:
                    await emulator.submit({**dear, "dry_run": True})
                await emulator.clock.advance(86_400)
            path = "/organizations/mine/usage?start_date=2026-01-01&end_date=2026-01-02"
            daily = await emulator.ask("GET", f"{path}&group_by=job&modality=daily")
            assert (daily["job_count"], daily["amount_total"]) == (2, 480.0)
            assert daily["time_us_total"] == 20_000_000
            assert [each["from"][:10] for each in daily["usage_data"]] == [
                "2026-01-01",
                "2026-01-02",
            ]
            (group,) = daily["usage_data"][0]["group_usages"]
            assert (group["group_name"], group["amount"]) == ("dear", 240.0)
            for modality, to in (("weekly", "2026-01-05"), ("monthly", "2026-02-01")):
                told = await emulator.ask("GET", f"{path}&group_by=project&modality={modality}")
                (period,) = told["usage_data"]
                assert (period["to"][:10], period["job_count"]) == (to, 2)

        timed(session, profile=Profile("ten", circuit=5))

    @pytest.mark.parametrize(
        ("key", "query"),
        [
            ("start_date", "end_date=2026-01-01"),
            ("end_date", "start_date=2026-01-01&end_date=tomorrow"),
            ("group_by", "start_date=2026-01-01&end_date=2026-01-02&group_by=mood"),
            ("modality", "start_date=2026-01-01&end_date=2026-01-02&modality=hourly"),
        ],
    )
    def test_queries_that_cannot_be(self, api, key, query):
        """A malformed query is a 400 that names the parameter."""
        refusal = api.refused("GET", f"/organizations/mine/usage?{query}", 400)
        assert refusal["validation"]["keys"] == [key]
