"""A training under a name, killed and started again."""

import os
import signal
import subprocess
import sys

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
