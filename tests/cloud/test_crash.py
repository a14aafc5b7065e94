"""A process that is killed at any step, and run again, has its answers and pays once."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.journal.journal import Journal, account
from pennylane_qstore.cloud.submitting import packing
from tests.cloud.test_client import KEY, phases
from tests.scripted import ScriptedIonQ

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="no forks on this system"
)

VALUES = [0.1, 0.2, 0.3, 0.4, 0.5]
# Two jobs, each: intent, id, end; and one delivery for both.
STEPS = 7


class Deadly(Journal):
    """A journal whose process is killed before or after one of its changes."""

    def __init__(self, path, account, step, moment):
        self.step, self.moment, self.steps = step, moment, 0
        super().__init__(path, account)

    def _changed(self, statements, work=None):
        self.steps += 1
        last = self.steps == self.step
        if last and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = super()._changed(statements, work)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


class DeadlyIonQ(ScriptedIonQ):
    """A server that kills its client before or after it has handled a request."""

    victim = at = moment = None

    def _honest(self, method, path, raw, query):
        last = len(self.requests) == self.at
        if last and self.moment == "before":
            os.kill(self.victim, signal.SIGKILL)
        answer = super()._honest(method, path, raw, query)
        if last:
            os.kill(self.victim, signal.SIGKILL)
        return answer


@pytest.fixture
def ionq(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # for the forks' server
    server = DeadlyIonQ()
    server.telling, server.execution = True, 0.2
    loop.current().run(server.start())
    yield server
    loop.current().run(server.stop())


def later(path):
    """A while passes: jobs end, and a submit that hasn't arrived never will."""
    time.sleep(0.3)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE jobs SET created = created - 60")
    db.close()


def process(ionq, path, *, step=0, moment="before"):
    """Runs a batch in a process of its own: how it ended, and what it told."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=tell, args=(writing, ionq.url, path, step, moment))
    child.start()
    ionq.victim = child.pid
    writing.close()
    return child, reading


def tell(writing, url, path, step, moment):
    """What a child process does."""
    journal = Deadly(path, account(url, KEY), step, moment)
    writing.send(asyncio.run(batch(url, journal)))


async def batch(url, journal):
    client = Client(url, KEY, journal=journal)
    jobs = packing.pack([(phases(VALUES[:3]), 100), (phases(VALUES[3:]), 200)])
    settings = {"backend": "simulator"}
    found = await client.run(jobs, settings, max_wait=60, listener=lambda _: None)
    await client.close()
    return [found[i].weights[1] for i in range(5)]


def end_of(child, reading):
    """How a process ended, and what it told."""
    try:
        found = reading.recv()
    except EOFError:
        found = None
    reading.close()
    child.join()
    return child.exitcode, found


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_kill_at_any_step_of_the_journal(ionq, tmp_path, step, moment):
    """The second process has all answers; the server has no job more than two."""
    path = tmp_path / "journal.sqlite"
    assert end_of(*process(ionq, path, step=step, moment=moment)) == (-signal.SIGKILL, None)
    later(path)
    assert end_of(*process(ionq, path)) == (0, VALUES)
    # The very last moment is the delivery: after it, the same request is a new one.
    delivered = step == STEPS and moment == "after"
    assert len(ionq.jobs) == (4 if delivered else 2)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 6))
def test_a_kill_at_any_request(ionq, tmp_path, at, moment):
    """Whether the server had handled it or not."""
    path = tmp_path / "journal.sqlite"
    ionq.at, ionq.moment = at, moment
    assert end_of(*process(ionq, path)) == (-signal.SIGKILL, None)
    ionq.at = None
    later(path)
    assert end_of(*process(ionq, path)) == (0, VALUES)
    assert len(ionq.jobs) == 2


def test_a_healthy_process_pays_for_each_request(ionq, tmp_path):
    """The same twice is two requests, in one process or in two."""
    path = tmp_path / "journal.sqlite"
    assert end_of(*process(ionq, path)) == (0, VALUES)
    assert end_of(*process(ionq, path)) == (0, VALUES)
    assert len(ionq.jobs) == 4


def test_two_processes_share_a_journal(ionq, tmp_path):
    """At the same time, each has its own jobs."""
    path = tmp_path / "journal.sqlite"
    both = [process(ionq, path) for _ in range(2)]
    assert [end_of(*each) for each in both] == [(0, VALUES)] * 2
    assert len(ionq.jobs) == 4
