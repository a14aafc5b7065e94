"""A training that is killed at any moment, and resumed, is the undisturbed one."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import requests

from pennylane_qstore.train import checkpoint

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system"),
    pytest.mark.long,
]

KILLS = 10
WORDS = ["--backend", "simulator", "--steps", "15", "--batch-size", "16", "--wires", "3",
         "--layers", "2", "--shots", "100", "--validation", "0.2", "--run"]  # fmt: skip
# Loads what takes seconds once, and forks a process that trains for each line it reads.
NURSERY = """
import json, os, sys
import pennylane_qstore.train.examples.digits.train_digits
from pennylane_qstore.train import main
for line in sys.stdin:
    url, *words = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        os.environ["IONQ_API_URL"] = url
        os._exit(main(words))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def nursery(tmp_path):
    """Starts trainings; the process that does."""
    environment = {
        **os.environ,
        "IONQ_API_KEY": "secret",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def server(nursery, tmp_path):
    """The address of an emulator in a process of its own."""
    code = (
        "import sys; from pennylane_qstore.cli.commands import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["emulator", "--port", "0", "--quiet", "--keep", "5000", "--state", "server.sqlite"]
    command = [sys.executable, "-u", "-c", code, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        yield re.search(r"http://\S+/v0\.4", process.stdout.readline()).group()
        process.kill()


def jobs_of(url):
    """The ids of all jobs that the server was sent, without their children."""
    session, ids, after = requests.Session(), set(), None
    session.trust_env = False
    while True:
        page = session.get(
            f"{url}/jobs",
            params={"limit": 100, **({"next": after} if after else {})},
            headers={"Authorization": "apiKey secret"},
            timeout=20,
        ).json()
        ids |= {job["id"] for job in page["jobs"] if not job.get("parent_job_id")}
        after = page.get("next")
        if not after:
            return ids


def start(nursery, words):
    """Starts a training; its process id."""
    nursery.stdin.write(json.dumps(words) + "\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def end(nursery):
    """How it ended."""
    return int(nursery.stdout.readline())


def later(tmp_path):
    """A while passes: a submit that hasn't arrived never will."""
    for journal in (tmp_path / "state").rglob("*.sqlite"):
        with sqlite3.connect(journal) as db:
            db.execute("UPDATE jobs SET created = created - 60 WHERE job_id IS NULL")
        db.close()


def test_killed_at_ten_random_moments(nursery, server, tmp_path):
    """The same weights to the last bit, the same history, and no job more on the server."""
    begun = time.perf_counter()
    start(nursery, [server, *WORDS, "calm"])
    assert end(nursery) == 0
    lasted = time.perf_counter() - begun
    calm = checkpoint.load(tmp_path / "calm.checkpoint.npz")
    jobs = jobs_of(server)

    moments, kills, names = np.random.default_rng(7), 0, ["killed-0"]
    while kills < KILLS:
        child = start(nursery, [server, *WORDS, names[-1], "--resume"])
        time.sleep(moments.uniform(0, lasted / 6))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        if end(nursery) == 0:  # it was faster: the next one is to be killed
            names.append(f"killed-{len(names)}")
        else:
            kills += 1
            later(tmp_path)
    start(nursery, [server, *WORDS, names[-1], "--resume"])
    assert end(nursery) == 0

    for name in names:
        killed = checkpoint.load(tmp_path / f"{name}.checkpoint.npz")
        assert np.array_equal(killed["learner"]["weights"], calm["learner"]["weights"])
        for column in ("loss", "accuracy", "validation_loss", "jobs", "circuits"):
            found, expected = (each["history"][column] for each in (killed, calm))
            assert np.array_equal(found, expected, equal_nan=True), column
        assert killed["result"] == calm["result"]
    assert len(jobs_of(server) - jobs) == len(names) * len(jobs)
