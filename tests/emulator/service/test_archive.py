"""Jobs that outlive their server."""

import sqlite3
import stat
from contextlib import closing

import pytest

from pennylane_qstore.cli import commands
from pennylane_qstore.emulator import Rates
from pennylane_qstore.emulator.service.archive import Archive, StateFileError
from tests.emulator.api.test_app import wait_for
from tests.emulator.conftest import BELL, multi, single


@pytest.fixture
def state(tmp_path):
    """A file for jobs."""
    return tmp_path / "jobs.sqlite"


def restarted(start, api, state, **options):
    """A new server of the same file, after the old one was stopped."""
    api.stop()
    return start(state=state, **options)


def test_finished_jobs_are_there_again(start, state):
    """After a restart every job says what it said, and gives the results it gave."""
    api = start(state=state, seed=1)
    jobs = [
        api.run(single(BELL, name="one", metadata={"a": "b"})),
        api.run(multi([BELL, BELL[:1]], backend="qpu.forte-1", shots=100)),
        api.run(single([])),
        api.run(single(BELL, dry_run=True)),
    ]
    results = [api.results(job) for job in jobs[:2]]
    child = jobs[1]["child_job_ids"][1]
    histogram = api.results(api.get(f"/jobs/{child}"), "histogram")
    again = restarted(start, api, state)
    assert [again.get(f"/jobs/{job['id']}") for job in jobs] == jobs
    assert [again.results(job) for job in jobs[:2]] == results
    assert again.results(again.get(f"/jobs/{child}"), "histogram") == histogram
    assert [row["id"] for row in again.get("/jobs")["jobs"]] == [job["id"] for job in jobs[::-1]]
    newest = again.run(single(BELL))
    assert again.get("/jobs")["jobs"][0]["id"] == newest["id"]


def test_unfinished_jobs_go_on(start, state):
    """A job that had not ended is run after the restart, under the ids it had."""
    api = start(state=state, faults=["stuck"])
    job_id = api.submit(multi([BELL, [{"gate": "x", "target": 0}]]))
    wait_for(api, job_id, "ready")
    children = api.get(f"/jobs/{job_id}")["child_job_ids"]
    again = restarted(start, api, state)
    job = again.wait(job_id)
    assert (job["status"], job["child_job_ids"]) == ("completed", children)
    assert again.results(job) == {children[0]: {"0": 0.5, "3": 0.5}, children[1]: {"1": 1}}


def test_rates_that_are_no_longer_given(start, state):
    """A finished job stays as it was without its model's rates; a waiting one fails."""
    noise = {"model": "forte-enterprise-1"}
    body = single(BELL, noise=noise, shots=10)
    rates = {noise["model"]: Rates(0.1, 0.1)}
    api = start(state=state, rates=rates, faults=["stuck at=2"])
    done, waiting = api.run(body), api.submit(body)
    again = restarted(start, api, state)
    assert again.get(f"/jobs/{done['id']}") == done
    lost = again.get(f"/jobs/{waiting}")
    assert (lost["status"], lost["failure"]["code"]) == ("failed", "SimulationError")


def test_deleted_and_forgotten_jobs_stay_away(start, state):
    """What was deleted, or had to make room, is not there again."""
    api = start(state=state, keep=2)
    first, second, third = (api.run(single(BELL))["id"] for _ in range(3))
    api.call("DELETE", f"/jobs/{second}")
    again = restarted(start, api, state)
    assert [row["id"] for row in again.get("/jobs")["jobs"]] == [third]
    again.refused("GET", f"/jobs/{first}", 404)


def test_a_canceled_job_stays_canceled(start, state):
    """A job that was canceled is not run after the restart."""
    api = start(state=state, faults=["stuck"])
    job_id = api.submit(single(BELL))
    api.call("PUT", f"/jobs/{job_id}/status/cancel")
    again = restarted(start, api, state)
    job = again.get(f"/jobs/{job_id}")
    assert (job["status"], job["failure"]["code"]) == ("canceled", "SystemCancel")


def test_another_version_of_the_file(state):
    """A file of a version to come is refused, and left as it is."""
    with sqlite3.connect(state) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StateFileError, match=r"jobs.*version 99, not 1"):
        Archive(state)
    with closing(sqlite3.connect(state)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)


def mode(path):
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_reads_it(start, state, tmp_path):
    """State file, its journal and the log are for their owner, old files too."""
    log = tmp_path / "requests.jsonl"
    api = start(state=state, log=log)
    api.run(single(BELL))
    files = [each for each in tmp_path.iterdir() if each.name.startswith(state.name)]
    assert len(files) > 1
    assert {mode(path) for path in [*files, log]} == {0o600}
    api.stop()
    state.chmod(0o644)
    start(state=state).run(single(BELL))
    assert mode(state) == 0o600


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", b"not JSON"),
        ("body", b'{"type": "ionq.circuit.v1"}'),
        ("states", "[]"),
        ("states", '[{"id": 1}]'),
        ("states", "{"),
        ("spans", "[[[0, 5]]]"),
        ("number", "many"),
        ("states", '[{"id": "../x", "status": "completed", "moments": {"submitted": 1}}]'),
    ],
)
def test_a_broken_row(start, state, column, value, capsys):
    """A file whose rows aren't jobs is refused in a line that names it, and left as it is."""
    api = start(state=state)
    api.run(single(BELL))
    api.stop()
    with closing(sqlite3.connect(state)) as database, database:
        database.execute(f"UPDATE jobs SET {column} = ?", (value,))
    with pytest.raises(StateFileError, match=f"{state.name} is broken"):
        start(state=state)
    assert commands.main(["emulator", "--port", "0", "--state", str(state)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(state) in line
    assert "Move it away" in line


@pytest.mark.parametrize("kind", ["text", "folder", "cut short", "of another program"])
def test_what_is_no_state_file(state, kind, capsys):
    """Other files are refused in a line that names them, and stay as they are."""
    if kind == "folder":
        state.mkdir()
    elif kind == "text":
        state.write_text("not a database, but long enough to look like one" * 100)
        state.chmod(0o644)
    elif kind == "cut short":
        with closing(Archive(state)):
            pass
        state.write_bytes(state.read_bytes()[:5000])
    else:
        with closing(sqlite3.connect(state)) as database, database:
            database.execute("CREATE TABLE jobs (name TEXT)")
            database.execute("INSERT INTO jobs VALUES ('another')")
    before = None if kind == "folder" else state.read_bytes()
    assert commands.main(["emulator", "--port", "0", "--state", str(state)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(state) in line
    if kind == "text":
        assert (state.read_bytes(), mode(state)) == (before, 0o644)
