"""What was sent is on disk before it is sent, and is taken up once."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from pennylane_qstore.cloud.journal import database
from pennylane_qstore.cloud.journal.journal import Journal, Request, account
from pennylane_qstore.processes import is_alive, own

ACCOUNT = account("https://api.example/v0.4", "secret")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "journal.sqlite"


@pytest.fixture
def opened(path):
    """Opens journals of one file, and closes them."""
    made = []

    def opened(account=ACCOUNT, path=path):
        made.append(Journal(path, account))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def request(token, digest="same", **changes):
    fields = {"backend": "qpu.forte-1", "shots": 100, "circuits": 3, **changes}
    return Request(token=token, digest=digest, **fields)


def dead(path, **values):
    """What a process that is gone left in the file."""
    gone = own().rsplit("|", 1)[0] + "|before-this-one"
    changes = {"owner": gone, **values}
    with sqlite3.connect(path) as db:
        columns = ", ".join(f"{name} = ?" for name in changes)
        db.execute(f"UPDATE jobs SET {columns}", tuple(changes.values()))
    db.close()


def test_a_new_request_is_written_down(opened, path):
    """The intent is in the file before anything is sent."""
    assert opened().claim(request("t1")) is None
    with closing(sqlite3.connect(path)) as db:
        (row,) = db.execute("SELECT token, state, job_id FROM jobs").fetchall()
    assert row == ("t1", "intent", None)


def test_the_same_of_a_process_that_is_gone_is_taken_up_once(opened, path):
    """One row serves one request; the next is new."""
    first = opened()
    first.claim(request("t1"))
    first.accepted("t1", "job-1")
    dead(path)
    taken = first.claim(request("t2"))
    assert (taken.token, taken.job_id, taken.state) == ("t1", "job-1", "submitted")
    assert first.claim(request("t3")) is None


def test_the_job_of_a_process_that_is_alive_is_its_own(opened):
    """Two processes that ask for the same pay for two jobs."""
    opened().claim(request("t1"))
    assert opened().claim(request("t2")) is None


@pytest.mark.parametrize(
    ("left", "changes"),
    [
        ({"delivered": 1, "state": "completed"}, {}),
        ({"state": "failed"}, {}),
        ({"state": "canceled"}, {}),
        ({"state": "refused"}, {}),
        ({"created": time.time() - 90_000}, {}),
        ({}, {"digest": "other"}),
        ({"owner": "another-machine/1|1|1"}, {}),
    ],
)
def test_what_is_not_taken_up(opened, path, left, changes):
    """Answers that were delivered, jobs that ended badly, old ones, others, other machines'."""
    opened().claim(request("t1"))
    dead(path, **left)
    assert opened().claim(request("t2", **changes)) is None


@pytest.mark.parametrize(
    "other", [account("https://api.example/v0.4", "k2"), account("http://127.0.0.1/v0.4", "secret")]
)
def test_another_key_or_address_is_another_account(opened, path, other):
    """Nothing of one account is seen by another."""
    opened().claim(request("t1"))
    dead(path)
    assert opened(other).claim(request("t2")) is None


def test_what_nobody_waits_for_any_more_is_taken_up(opened):
    """A wait that ended with a deadline lets go of its jobs."""
    first = opened()
    first.claim(request("t1"))
    first.accepted("t1", "job-1")
    first.released(["t1"])
    assert opened().claim(request("t2")).job_id == "job-1"


def test_a_named_run_replays_what_no_checkpoint_holds(opened, path):
    """By run, step and place, even what was delivered; until it is acknowledged."""
    first = opened()
    first.claim(request("t1", place=("run", 0, 0)))
    first.accepted("t1", "job-1")
    first.ended("t1", "completed")
    first.delivered(["t1"])
    dead(path)
    for token in ("t2", "t3"):
        dead(path)
        assert opened().claim(request(token, place=("run", 0, 0))).job_id == "job-1"
    assert opened().claim(request("t4", place=("run", 1, 0))) is None
    dead(path)
    first.acknowledged("run")
    assert opened().claim(request("t5", place=("run", 0, 0))) is None


def test_files_are_for_their_owner_alone(opened, path):
    """Neither the folder, nor the file, nor SQLite's side files can be read by others."""
    opened().claim(request("t1"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


def test_the_key_is_not_in_the_file(opened, path):
    """Nor anything that it could be found from by looking."""
    opened().claim(request("t1"))
    for each in path.parent.iterdir():
        assert b"secret" not in each.read_bytes()


def test_a_corrupt_file_is_put_aside(opened, path, caplog):
    """It is said, kept under another name, and a new journal begins."""
    opened().close()
    path.write_bytes(path.read_bytes()[:100] + b"this is no table" * 100)
    fresh = opened()
    assert "corrupt" in caplog.text
    fresh.claim(request("t1"))
    assert [entry.token for entry in opened().entries()] == ["t1"]
    assert any("corrupt" in each.name for each in path.parent.iterdir())


def test_a_file_that_breaks_under_way_is_no_crash(opened, path, caplog):
    """Whatever happens to the file, jobs go on; it is said once."""
    broken = opened()
    broken.claim(request("t1"))
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE jobs")
    db.close()
    broken.accepted("t1", "job-1")
    broken.claim(request("t2"))
    assert [entry.token for entry in broken.entries()] == ["t2"]
    assert caplog.text.count("can't be used") == 1


def test_a_locked_file_is_no_crash(opened, path, monkeypatch, caplog):
    """Another process that never lets go costs a warning, and a little time."""
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    first = opened()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert first.claim(request("t1")) is None
    assert "locked" in caplog.text
    opened().claim(request("t2"))
    holder.close()


def test_a_journal_of_another_version_is_left_alone(opened, path, caplog):
    """What this version can't read, it doesn't touch."""
    opened().close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    opened().claim(request("t1"))
    assert "format 99" in caplog.text
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM jobs").fetchone() == (0,)


def test_a_folder_that_cannot_be_made_is_no_crash(opened, tmp_path, caplog):
    """A journal where there is no place for one is kept in memory."""
    (tmp_path / "file").write_text("")
    opened(path=tmp_path / "file" / "journal.sqlite").claim(request("t1"))
    assert "can't be used" in caplog.text


@pytest.mark.parametrize("days", [100, 36_500])
@pytest.mark.parametrize(
    ("values", "stays"),
    [
        ({"state": "intent"}, True),
        ({"state": "submitted", "job_id": "job-1"}, True),
        ({"state": "completed", "job_id": "job-1"}, True),
        ({"state": "completed", "job_id": "job-1", "run": "r", "delivered": 1}, True),
        ({"state": "completed", "job_id": "job-1", "run": "r", "acknowledged": 1}, False),
        ({"state": "completed", "job_id": "job-1", "delivered": 1}, False),
        ({"state": "failed"}, False),
        ({"state": "canceled"}, False),
        ({"state": "refused"}, False),
    ],
)
def test_a_clock_that_is_ahead_ends_no_open_job(opened, path, monkeypatch, values, stays, days):
    """Only what is settled is forgotten after 90 days; the rest may be asked for again."""
    first = opened()
    first.intend(request("t1"))
    dead(path, **values)
    now = time.time()
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: now + 86_400.0 * days)
        opened().entries()
    assert [entry.token for entry in opened().entries()] == (["t1"] if stays else [])
    if stays and "run" not in values:
        assert opened().claim(request("t2")).token == "t1"


def test_a_journal_of_the_version_before_gets_its_leases(opened, path):
    """A file without the table of runs is gone on with, rows and all."""
    first = opened()
    first.intend(request("t1"))
    first.close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE runs")
    db.close()
    again = opened()
    assert again.hold_run("training") is None
    assert [entry.token for entry in again.entries()] == ["t1"]


def test_what_earlier_jobs_took_is_remembered(opened):
    """Queue and time per circuit, the newest counting most."""
    first = opened()
    assert first.pattern("qpu.forte-1") is None
    for token, queue in (("t1", 10.0), ("t2", 40.0)):
        first.intend(request(token))
        first.ended(token, "completed", queue=queue, execution=6.0)
    found = opened().pattern("qpu.forte-1")
    assert found.queue == pytest.approx((40 + 0.5 * 10) / 1.5)
    assert found.per_circuit == pytest.approx(2.0)
    assert opened().pattern("simulator") is None


def test_money_is_counted_once(opened):
    """What was paid, or reserved where the price isn't known; nothing for what was refused."""
    first = opened()
    begun = time.time()
    for token in ("t1", "t2", "t3"):
        first.intend(request(token))
        assert first.reserve(token, 10.0, "usd", budget=30.0, since=begun) is None
    first.intend(request("t4"))
    assert first.reserve("t4", 0.5, "usd", budget=30.0, since=begun) == 30.0
    first.paid("t1", 7.0, "usd")
    first.ended("t2", "refused")
    assert opened().committed(begun, None) == 17.0
    assert opened().committed(time.time() + 1, None) == 0.0


def test_a_process_is_told_from_a_later_one_of_its_number():
    """This one is alive; one that has ended isn't; of other machines nothing is known."""
    assert is_alive(own())
    assert not is_alive(None)
    assert not is_alive(own() + "0")
    assert is_alive("elsewhere/1|1|1")
    assert is_alive("nonsense")
    program = "from pennylane_qstore.processes import own; print(own())"
    ended = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert not is_alive(ended.stdout.strip())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_zombie_is_not_alive():
    """A process that was killed, and that nobody has waited for yet, is gone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        machine = own().rsplit("|", 2)[0]
        started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
        name = f"{machine}|{child.pid}|{started}"
        assert is_alive(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is a zombie
        assert Path(f"/proc/{child.pid}").exists()
        assert not is_alive(name)


def test_memory_holds_no_more_than_a_budget_needs():
    """A training of a million steps without a file doesn't grow."""
    journal = Journal(database.MEMORY, ACCOUNT)
    for number in range(50):
        journal.intend(request(str(number)))
        journal.delivered([str(number)])
    assert journal.entries() == []
    journal.close()


def test_old_jobs_are_forgotten(opened, path):
    """A journal doesn't grow for ever."""
    opened().claim(request("t1"))
    dead(path, created=time.time() - 91 * 86_400, state="completed", delivered=1)
    assert opened().entries() == []


def test_a_file_that_was_locked_gets_what_it_missed(opened, path, monkeypatch, caplog):
    """A mark that couldn't be written isn't forgotten: a later process gets no stale answer."""
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    first = opened()
    first.claim(request("t1"))
    first.accepted("t1", "job-1")
    first.ended("t1", "completed")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    first.delivered(["t1"])
    assert "locked" in caplog.text
    first.claim(request("t2", digest="other"))
    holder.close()
    monkeypatch.setattr(database, "AGAIN", 0.0)
    first.close()
    assert "is used again" in caplog.text
    dead(path)
    later = opened()
    assert later.claim(request("t3")) is None
    assert later.claim(request("t4", digest="other")).token == "t2"


def test_a_lost_file_is_tried_again_under_way(opened, path, monkeypatch, caplog):
    """Not only at the end: jobs that follow are in the file again."""
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    monkeypatch.setattr(database, "AGAIN", 0.0)
    first = opened()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    first.intend(request("t1"))
    assert first.lost is not None
    assert first.reserve("t1", 1.0, "usd", budget=10.0, since=0.0) == 10.0  # nobody knows
    holder.close()
    first.intend(request("t2"))
    assert first.lost is None
    assert first.reserve("t2", 1.0, "usd", budget=10.0, since=0.0) is None
    assert {entry.token for entry in opened().entries()} == {"t1", "t2"}


@pytest.mark.parametrize("name", ["notes.txt", "journal.sqlite", "other.db"])
def test_a_file_of_somebody_else_is_left_alone(opened, tmp_path, caplog, name):
    """Neither a text nor another program's database is renamed, changed or written to."""
    path = tmp_path / name
    if name == "other.db":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE jobs (mine TEXT)")
        db.close()
    else:
        path.write_text("buy milk\n" * 30)
    before = path.read_bytes()
    opened(path=path).claim(request("t1"))
    assert "no journal" in caplog.text
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name != "posix", reason="locks of another process")
def test_a_process_in_another_container_is_told_by_its_lock(opened, path):
    """Its number means nothing here, but what it locked is free when it has ended."""
    opened().claim(request("t1"))
    elsewhere = "this-machine/4026531836|7|123"
    dead(path, owner=elsewhere)
    assert opened().claim(request("t2")) is None  # nothing is known of it
    program = f"""
import sys
from pennylane_qstore import processes
processes.own = lambda: {elsewhere!r}
owner = processes.Owner({str(path)!r})
owner.hold()
print(owner.name, flush=True)
sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    dead(path, owner=other.stdout.readline().strip())
    assert opened().claim(request("t3")) is None
    other.kill()
    other.communicate()
    assert opened().claim(request("t4")).token == "t1"
