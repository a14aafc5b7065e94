"""A device with one backend runs a batch without the fleet's code."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.fleet.members import members_of
from pennylane_qstore.fleet.one_backend import OneBackend, backends_of
from tests.scripted import reply

FLEET_ONLY = {"several_backends.py", "planning.py", "scheduling.py", "local_backend.py"}
FORTE = {
    "backend": "qpu.forte-1",
    "status": "available",
    "qubits": 2,
    "average_queue_time": 600_000,
    "supported_native_gates": ["gpi", "gpi2", "zz"],
}


def circuit_on(dev, wires=1, shots=None):
    @qml.set_shots(shots)
    @qml.qnode(dev)
    def circuit(angle):
        for wire in range(wires):
            qml.RX(angle, wire)
        return qml.expval(qml.Z(0))

    return circuit


def test_one_backend_runs_no_code_of_a_fleet():
    """Neither placement nor planning; another device with two backends does, in the same thread."""

    def files_of(call):
        visited = set()
        sys.setprofile(lambda frame, *_: visited.add(Path(frame.f_code.co_filename).name))
        try:
            call()
        finally:
            sys.setprofile(None)
        return visited

    one = circuit_on(qml.device("qstore.ionq", wires=1))
    several = circuit_on(qml.device("qstore.ionq", wires=1, fallback="default.qubit"))
    angles = np.linspace(0.1, 0.9, 20)
    assert "one_backend.py" in (visited := files_of(lambda: one(angles)))
    assert not visited & FLEET_ONLY
    assert "planning.py" in files_of(lambda: several(angles))


def test_one_backend_does_not_import_a_fleet():
    """So that a process with one backend starts sooner."""
    script = (
        "import sys, pennylane as qml; dev = qml.device('qstore.ionq', wires=1)\n"
        "print(qml.execute([qml.tape.QuantumScript([qml.X(0)], [qml.expval(qml.Z(0))])], dev)[0])\n"
        "print(*sorted(name for name in sys.modules if name.startswith('pennylane_qstore.fleet.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    value, modules = done.stdout.splitlines()
    assert float(value) == pytest.approx(-1.0)
    assert not {f"{name.rpartition('.')[2]}.py" for name in modules.split()} & FLEET_ONLY


@pytest.mark.parametrize(
    "options",
    [{"fallback": "default.qubit"}, {"route": lambda _: None}],
    ids=["fallback", "route"],
)
def test_several_backends_or_a_rule_are_a_fleet(options):
    """What a tape is routed to is checked there."""
    assert not isinstance(backends_of(members_of("emulator", None, **options)), OneBackend)
    assert isinstance(backends_of(members_of("emulator", None)), OneBackend)


@pytest.mark.parametrize(
    ("wires", "shots", "message"),
    [(3, 100, "3 wires doesn't fit qpu.forte-1, which has 2"), (1, None, "no exact probabilities")],
)
def test_what_the_backend_cannot_run_is_refused(ionq, wires, shots, message):
    """Before anything is sent, with the reason and without a word of other backends."""
    ionq.script("GET", "/backends", *[reply(body=[FORTE])] * 9)
    dev = qml.device(
        "qstore.ionq",
        backend="qpu.forte-1",
        api_key="secret",
        base_url=ionq.url,
        error_mitigation={},
        journal=None,
    )
    tape = qml.tape.QuantumScript(
        [qml.RX(0.3, wire) for wire in range(wires)], [qml.probs(wires=range(wires))], shots=shots
    )
    with pytest.raises((qstore.CompileError, qml.exceptions.DeviceError), match=message):
        qml.execute([tape], dev)
    assert not ionq.bodies


@pytest.mark.parametrize(
    ("shots", "sent"),
    [
        ((1_000_000, 1_000_000, 500_000), [833_334, 833_333, 833_333]),
        (((1_000_000, 2),), [1_000_000, 1_000_000]),
        ((999_999, 2), [500_001, 500_000]),
        ((500_000, 500_000), [1_000_000]),
    ],
)
@pytest.mark.parametrize("angles", [0.6, np.array([0.6, 1.1])])
def test_a_shot_vector_of_more_than_a_million_goes_as_several_jobs(ionq, shots, sent, angles):
    """At the same time; each copy has its own shots, of all of them together."""
    ionq.telling, ionq.execution = True, 0.05
    dev = qml.device(
        "qstore.ionq",
        backend="qpu.forte-1",
        api_key="secret",
        base_url=ionq.url,
        error_mitigation={},
        journal=None,
        gateset="qis",
    )
    means = circuit_on(dev, shots=shots)(angles)
    assert [body["shots"] for body in ionq.bodies] == sent
    copies = [each.shots for each in qml.measurements.Shots(shots).shot_vector]
    assert len(means) == sum(each.copies for each in qml.measurements.Shots(shots).shot_vector)
    for mean in means:
        assert np.allclose(mean, np.cos(angles), atol=6 / np.sqrt(min(copies)) + 1e-5)


@pytest.mark.parametrize("shots", [1_000_001, (5, 1_000_001)])
def test_more_than_a_million_shots_at_once_are_refused(ionq, shots):
    """No job of IonQ's has as many, and their counts would be of several."""
    dev = qml.device("qstore.ionq", backend="simulator", api_key="secret", base_url=ionq.url)
    with pytest.raises(qstore.CompileError, match="at most 1000000"):
        circuit_on(dev, shots=shots)(0.6)
    assert not ionq.bodies


def test_a_simulator_needs_one_job_for_any_shot_vector(ionq):
    """Its probabilities are exact; all shots are drawn here."""
    dev = qml.device("qstore.ionq", backend="simulator", api_key="secret", base_url=ionq.url)
    assert len(circuit_on(dev, shots=(1_000_000, 1_000_000))(0.6)) == 2
    assert len(ionq.bodies) == 1


def test_what_arrived_of_a_shot_vector_is_whole_or_left_out(ionq):
    """A circuit whose other copy failed isn't given with half of its shots."""
    ionq.fates.extend([{}, {"end": "failed"}])
    dev = qml.device(
        "qstore.ionq",
        backend="qpu.forte-1",
        api_key="secret",
        base_url=ionq.url,
        error_mitigation={},
        journal=None,
    )
    with pytest.raises(qstore.JobError) as caught:
        circuit_on(dev, shots=(1_000_000, 1_000_000))(0.6)
    assert caught.value.partial == {}
