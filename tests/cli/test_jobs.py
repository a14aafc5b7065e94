"""``qstore jobs``."""

import json
import subprocess
import sys

import pennylane as qml
import pytest

from pennylane_qstore.cli import commands
from pennylane_qstore.cloud.journal.journal import Journal
from pennylane_qstore.cloud.journal.tables import Request
from pennylane_qstore.errors import DeadlineError


@pytest.fixture
def shell(ionq, tmp_path, monkeypatch, capsys):
    """Runs a command line: its exit code and what it says."""
    monkeypatch.setenv("IONQ_API_KEY", "secret")
    monkeypatch.setenv("IONQ_API_URL", ionq.url)

    def shell(*words):
        code = commands.main(["jobs", "--journal", str(tmp_path / "journal.sqlite"), *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    return shell


@pytest.fixture
def late(ionq, tmp_path, shell):
    """A job that a wait gave up; the shell's account has it in its journal."""
    ionq.queue = 3_600.0
    dev = qml.device(
        "qstore.ionq", backend="simulator", journal=tmp_path / "journal.sqlite", max_wait=1.0
    )

    @qml.qnode(dev)
    def circuit():
        qml.SX(0)
        return qml.expval(qml.Z(0))

    with pytest.raises(DeadlineError):
        circuit()
    return circuit


def test_jobs_are_listed(shell, late):
    """Each has its id, its state and its backend."""
    code, told = shell("list")
    assert code == 0
    assert "job-0" in told
    assert "submitted" in told
    assert "simulator" in told


def test_a_job_is_shown_as_it_is_over_there(shell, late):
    """What the journal has, and what IonQ says now."""
    code, told = shell("show", "job-0")
    assert code == 0
    assert "ready" in told
    assert "secret" not in told


def test_a_job_is_resumed(ionq, shell, late):
    """Its probabilities are printed; a program that asks for the same still gets the same job."""
    ionq.jobs["job-0"].queue = 0.0
    code, told = shell("resume", "job-0")
    assert (code, json.loads(told)) == (0, {"0": 1.0})
    assert late() == 1.0
    assert len(ionq.jobs) == 1
    assert "completed, delivered" in shell("list")[1]


def test_a_job_is_cancelled(ionq, shell, late):
    """With one request; a second time there is nothing to cancel."""
    assert shell("cancel", "job-0") == (0, "cancelled job-0\n")
    assert ionq.cancelled == ["job-0"]
    code, told = shell("cancel", "job-0")
    assert code == 1
    assert "not ended" in told


def test_an_empty_journal_says_where_jobs_come_from(shell):
    """Not an empty table: the journal's path, and which devices write there."""
    code, told = shell("list")
    assert code == 0
    assert "journal.sqlite" in told
    assert "emulator" in told


@pytest.mark.parametrize("words", [["list", "--limit", "0"], ["resume", "job-0", "--max-wait=nan"],
                                   ["resume", "job-0", "--max-wait", "0"]])  # fmt: skip
def test_numbers_that_cannot_be_are_refused(shell, late, words):
    """In one line that names the option."""
    code, told = shell(*words)
    assert code == 1
    assert "can't be used" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("name", ["notes.txt", ""])
def test_what_is_no_journal_is_said_once(tmp_path, name):
    """One line, in a process of its own, where warnings would be printed too."""
    (tmp_path / "notes.txt").write_text("buy milk")
    program = "from pennylane_qstore.cli import main; raise SystemExit(main())"
    words = ["jobs", "--journal", str(tmp_path / name), "list"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("qstore jobs: journal=")
    assert ended.stderr.count("\n") == 1


def test_the_beginning_of_an_id_is_enough(shell, late, tmp_path):
    """As long as one job alone begins so; of several, all are named; a few letters are too few."""
    row = shell("show", "job-0")[1]
    assert shell("show", "job-")[1] == row
    token = row.split("token")[1].split()[0]
    assert shell("show", token[:8])[1] == row
    assert shell("show", "job")[0] == 1
    journal = Journal(str(tmp_path / "journal.sqlite"), "another account")
    for name in ("job-1", "job-23", "job-2"):
        journal.intend(Request(f"token of {name}", "digest", "simulator", 100, 1))
        journal.accepted(f"token of {name}", name)
    journal.close()
    code, told = shell("show", "job-")
    assert code == 1
    assert "job-0, job-1, job-2, job-23" in told
    assert "job-2\n" in shell("show", "job-2")[1]
    assert "job-23\n" in shell("show", "token of job-23")[1]


def test_an_unknown_job_is_said_in_one_line(shell):
    """With the way to find those there are."""
    code, told = shell("show", "job-9")
    assert code == 1
    assert "qstore jobs list" in told
    assert len(told.splitlines()) == 1


def test_a_file_that_is_no_journal_is_left_alone(shell, tmp_path):
    """It is said; a file that isn't there isn't made either."""
    notes = tmp_path / "journal.sqlite"
    assert shell("list")[0] == 0
    assert not notes.exists()
    notes.write_text("buy milk\n" * 30)
    code, told = shell("list")
    assert code == 1
    assert "no journal" in told
    assert notes.read_text() == "buy milk\n" * 30
    assert [each.name for each in tmp_path.iterdir()] == ["journal.sqlite"]
