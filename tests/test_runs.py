"""A training under a name, killed and started again."""

import os
import platform
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore import runs

PROGRAM = """
import os, signal, sys
import numpy as np
import pennylane as qml
import pennylane_qstore as qstore

url, journal, kill_at, begin = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dev = qml.device("qstore.ionq", backend="simulator", api_key="secret", base_url=url,
                 journal=journal)

@qml.qnode(dev)
def circuit(angle):
    qml.RX(angle, 0)
    return qml.expval(qml.Z(0))

with qstore.run("training") as run:
    for step in range(begin, 6):
        circuit(0.1 * step)
        print(step, flush=True)
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == 2:
            run.acknowledge()
"""


def train(url, journal, *, kill_at, begin):
    command = [sys.executable, "-c", PROGRAM, url, journal, str(kill_at), str(begin)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_training_pays_for_no_step_twice(ionq, tmp_path):
    """From the last checkpoint on, the answers are those of the jobs that were there."""
    journal = str(tmp_path / "journal.sqlite")
    first = train(ionq.url, journal, kill_at=4, begin=0)
    assert first.returncode == -signal.SIGKILL
    assert len(ionq.bodies) == 5
    second = train(ionq.url, journal, kill_at=-1, begin=3)  # the checkpoint holds steps 0 to 2
    assert second.returncode == 0, second.stderr
    assert len(ionq.bodies) == 6
    assert "not paid again" in second.stderr
    assert "secret" not in second.stderr


def test_runs_are_not_nested():
    """One process is in one run; its name says which."""
    refused = pytest.raises(qstore.OptionError, match="'one' is under way")
    with qstore.run("one"), refused, qstore.run("two"):
        pass
    assert runs.current() is None
    with pytest.raises(qstore.OptionError, match="names the run"), qstore.run(""):
        pass


def test_a_run_without_a_journal_runs(ionq):
    """Nothing is replayed, and nothing fails."""
    dev = qml.device(
        "qstore.ionq", backend="simulator", api_key="secret", base_url=ionq.url, journal=None
    )

    @qml.qnode(dev)
    def circuit():
        qml.X(0)
        return qml.expval(qml.Z(0))

    with qstore.run("one") as run:
        circuit()
        run.acknowledge()
        circuit()
    assert len(ionq.bodies) == 2


@pytest.mark.parametrize(("numbered", "jobs"), [(False, 1), (True, 2)])
def test_killed_between_a_checkpoint_and_its_acknowledgement(ionq, tmp_path, numbered, jobs):
    """With the number that the checkpoint holds, an equal batch after it is not one before it."""
    dev = qml.device(
        "qstore.ionq",
        backend="simulator",
        api_key="secret",
        base_url=ionq.url,
        journal=tmp_path / "journal.sqlite",
    )

    @qml.qnode(dev)
    def circuit():
        qml.X(0)
        return qml.expval(qml.Z(0))

    with qstore.run("one") as run:
        circuit()
        kept = run.step
    with qstore.run("one") as run:
        if numbered:
            run.step = kept
        circuit()
        run.acknowledge(step=kept)
        assert run.step == kept == 1
    assert len(ionq.bodies) == jobs


HOLDER = """
import sys
import pennylane_qstore as qstore
from pennylane_qstore.cloud.journal.journal import Journal

name, journal = sys.argv[1:]
with qstore.run(name) as run:
    if journal:
        held = Journal(journal, "account")
        assert held.hold_run(name) is None
    print("in", flush=True)
    sys.stdin.read()
    if journal:
        held.release_run(name)
"""


@contextmanager
def another_process(name, journal="", **environment):
    """A live process that is in a run, and holds the lease of a journal where one is named."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, name, str(journal)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        assert holder.stdout.readline() == "in\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def refused(holder, name):
    """What a second process is told."""
    who = f"process {holder.pid} on {re.escape(platform.node())}, since 20.*another name"
    who = f"name={re.escape(repr(name))}.*{who}"
    return pytest.raises(qstore.OptionError, match=who)


posix = pytest.mark.skipif(os.name != "posix", reason="locks of another process")


@posix
@pytest.mark.parametrize("name", ["training", "a/b\\c: ü 🎲", "x" * 5_000])
def test_a_name_is_a_lease(name, tmp_path):
    """Another live process is refused, whatever its device; others may use other names."""
    with another_process(name) as holder:
        with refused(holder, name), qstore.run(name):
            pass
        with qstore.run(name + "2"):
            pass
        assert runs.current() is None
        holder.kill()  # as kill -9 does
        holder.wait()
        with qstore.run(name):
            pass
    assert list((tmp_path / "state").rglob("*.lock")) == []
    with qstore.run(name), another_process("another"):
        pass


@posix
def test_a_run_that_ended_is_free():
    """Its lease ends with it, though the process goes on, and though it ended with an error."""
    with pytest.raises(ZeroDivisionError), qstore.run("training"):
        raise ZeroDivisionError
    with another_process("training") as holder:
        with refused(holder, "training"), qstore.run("training"):
            pass
        holder.communicate("")  # it leaves its run
        with qstore.run("training"):
            pass


@posix
def test_a_journal_is_leased_to_users_of_other_state_folders(ionq, tmp_path):
    """Two containers that share a journal, and nothing else, are not in one run together."""
    journal = tmp_path / "shared.sqlite"
    dev = qml.device(
        "qstore.ionq", backend="simulator", api_key="secret", base_url=ionq.url, journal=journal
    )
    circuit = qml.QNode(lambda: qml.expval(qml.Z(0)), dev)
    other = {"XDG_STATE_HOME": str(tmp_path / "other")}
    with another_process("training", journal, **other) as holder:
        with qstore.run("training") as run, refused(holder, "training"):
            circuit()
        assert run.step == 0
        assert ionq.bodies == []
        with qstore.run("something else"):
            circuit()
        holder.kill()
        holder.wait()
        with qstore.run("training"):
            circuit()
    assert len(ionq.bodies) == 2
    with another_process("training", journal, **other):
        pass  # it was let in: the run in this process has ended


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", None, 3, b"bytes"])
def test_a_name_that_is_no_text_is_refused(name):
    """At once, before anything of it is written."""
    with pytest.raises(qstore.OptionError, match="names the run"), qstore.run(name):
        pass
    assert runs.current() is None


def test_a_digest_is_the_same_in_another_process(tmp_path):
    """Whatever the order of sets and hashes, the same circuits are the same request."""
    program = """
import pennylane as qml
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.compiler import Target, compile_batch
dev = qml.device("qstore.ionq", wires=4)
tape = qml.tape.QuantumScript(
    [qml.RY(0.3, 0), qml.CNOT([0, 1]), qml.QFT([0, 1, 2]), qml.IsingXX(0.7, [2, 3])],
    [qml.expval(qml.Z(0) @ qml.X(3)), qml.var(qml.Y(1))], shots=100)
tapes, _ = dev.preprocess()[0]([tape])
batch = compile_batch(tapes, dev.wires, Target("zz"))
jobs = packing.pack([(programs, shots) for programs, shots, _ in batch])
print([each.digest({"backend": "simulator"}) for each in jobs])
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
