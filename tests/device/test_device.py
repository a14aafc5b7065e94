"""The device end to end: how many jobs, in which circumstances, and what bad input gets."""

import asyncio
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from pennylane.devices.toml_check import parser

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import REQUESTS
from pennylane_qstore.fleet.remote import embedded_emulator
from tests.scripted import error, reply


def layered(weights):
    """A hardware-efficient circuit on four wires."""
    for layer in weights:
        for wire in range(4):
            qml.RY(layer[wire], wire)
        for wire in range(3):
            qml.CNOT([wire, wire + 1])


def cloud(ionq, **options):
    options = {"backend": "simulator", "api_key": "secret", "base_url": ionq.url} | options
    return qml.device("qstore.ionq", **options)


def one_gate(dev, shots=None):
    @qml.set_shots(shots)
    @qml.qnode(dev)
    def circuit(angle=0.3):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    return circuit


def test_a_batch_of_twenty_is_one_post():
    """Twenty tapes cost one POST, counted at the emulator."""
    dev = qml.device("qstore.ionq")
    weights = np.random.default_rng(0).uniform(-1, 1, (20, 2, 4))
    tapes = []
    for each in weights:
        with qml.queuing.AnnotatedQueue() as queue:
            layered(each)
            qml.expval(qml.Z(3))
        tapes.append(qml.tape.QuantumScript.from_queue(queue))
    counted = embedded_emulator(loop.current()).app[REQUESTS]
    before = Counter(counted)
    found = qml.execute(tapes, dev)
    assert (counted - before)["POST /jobs"] == 1
    expected = qml.execute(tapes, qml.device("default.qubit"))
    assert np.allclose(found, expected, atol=1e-9)


def test_a_small_job_on_the_emulator_takes_three_requests():
    """Sent, looked at once, and fetched: it has ended before anybody could wait for it."""
    circuit = one_gate(qml.device("qstore.ionq"))
    circuit(0.1)
    counted = embedded_emulator(loop.current()).app[REQUESTS]
    before = Counter(counted)
    circuit(0.2)
    assert sorted((counted - before).values()) == [1, 1, 1]


def test_the_tracker_tells_jobs_and_circuits():
    """A tracker has PennyLane's keys and ours, with the ids of the jobs."""
    dev = qml.device("qstore.ionq", seed=1)
    circuit = one_gate(dev, shots=100)
    with qml.Tracker(dev) as tracker:
        circuit()
        circuit(np.array([0.1, 0.2, 0.3]))
    assert tracker.totals["batches"] == 2
    assert tracker.totals["jobs"] == 2
    assert tracker.totals["circuits"] == tracker.totals["executions"] == 4
    assert tracker.totals["shots"] == 400
    assert len(set(tracker.history["job_ids"])) == 2
    assert len(tracker.history["results"]) == 2
    assert tracker.history["resources"][0].gate_types == {"GPI2": 2}
    assert tracker.totals["queue"] >= 0
    assert "jobs_taken_up" not in tracker.totals


def test_the_state_of_the_generator_repeats_the_shots():
    """What a checkpoint keeps of a device is the state of its generator."""
    dev = qml.device("qstore.ionq", wires=1, seed=1)

    @qml.set_shots(20)
    @qml.qnode(dev)
    def circuit():
        qml.Hadamard(0)
        return qml.sample(wires=0)

    state = dev.rng.bit_generator.state
    first = [circuit() for _ in range(3)]
    dev.rng.bit_generator.state = state
    assert np.array_equal(first, [circuit() for _ in range(3)])


def test_a_broadcast_gradient_is_one_job():
    """All shifts of all samples go together."""
    dev = qml.device("qstore.ionq")

    @qml.qnode(dev, diff_method="parameter-shift")
    def circuit(weights, features):
        for wire in range(4):
            qml.RX(features[:, wire], wire)
        layered(weights)
        return qml.expval(qml.Z(3))

    weights = qml.numpy.array(np.full((1, 4), 0.4), requires_grad=True)
    features = qml.numpy.array(np.eye(4)[:3], requires_grad=False)
    with qml.Tracker(dev) as tracker:
        qml.jacobian(circuit)(weights, features)
    assert tracker.totals["jobs"] == 2  # PennyLane asks for the values first
    assert tracker.totals["circuits"] == 3 + 3 * 8


def test_more_circuits_than_a_job_takes_are_several_jobs():
    """A batch over the API's limit is cut, and comes back in order."""
    dev = qml.device("qstore.ionq")
    angles = np.linspace(0, 3, 5_003)
    with qml.Tracker(dev) as tracker:
        found = one_gate(dev)(angles)
    assert tracker.totals["jobs"] == 2
    assert np.allclose(found, np.cos(angles), atol=1e-9)


def test_threads_share_a_device():
    """Many threads may call one QNode; each gets its own results."""
    circuit = one_gate(qml.device("qstore.ionq"))
    found = {}

    def call(angle):
        found[angle] = circuit(angle)

    threads = [threading.Thread(target=call, args=(angle / 10,)) for angle in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 30
    assert all(np.isclose(value, np.cos(angle)) for angle, value in found.items())


def test_it_runs_inside_a_running_event_loop():
    """Jupyter runs cells inside an event loop; a QNode must work there."""
    circuit = one_gate(qml.device("qstore.ionq"))

    async def cell():
        return circuit(0.5)

    assert np.isclose(asyncio.run(cell()), np.cos(0.5))


def test_the_loops_own_thread_is_refused():
    """A wait that could never end is an error instead."""

    async def inside():
        loop.current().run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="own thread"):
        loop.current().run(inside())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_it_works_after_a_fork():
    """A forked process gets a loop, a connection and an emulator of its own."""
    program = """
import os, warnings
warnings.simplefilter("ignore")
import pennylane as qml
dev = qml.device("qstore.ionq")
@qml.qnode(dev)
def circuit():
    qml.X(0)
    return qml.expval(qml.Z(0))
assert circuit() == -1
if os.fork() == 0:
    os._exit(0 if circuit() == -1 else 1)
assert os.wait()[1] == 0
assert circuit() == -1
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_ctrl_c_cancels_the_job(ionq):
    """An interrupt cancels the live job at the server and says its id."""
    ionq.script("GET", "/jobs/*", *[reply(body={"status": "started"})] * 10_000)
    program = f"""
import pennylane as qml
dev = qml.device("qstore.ionq", backend="simulator", api_key="secret", base_url={ionq.url!r})
@qml.qnode(dev)
def circuit():
    qml.X(0)
    return qml.expval(qml.Z(0))
circuit()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    started = time.monotonic()
    while not ionq.count("GET", "/jobs/job-0"):
        assert time.monotonic() - started < 60
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert ionq.cancelled == ["job-0"]
    assert "Interrupted: cancelled: job-0" in told
    assert "secret" not in told


def test_a_process_that_ends_says_nothing():
    """Connections are closed at the end of a process, without a complaint on the way."""
    program = """
import pennylane as qml
dev = qml.device("qstore.ionq")
@qml.qnode(dev)
def circuit():
    qml.X(0)
    return qml.expval(qml.Z(0))
circuit()
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", program],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    # asyncio's debug mode also tells what was slow, on a busy machine, and that is no complaint.
    told = [line for line in done.stderr.splitlines() if not line.startswith("Executing")]
    complaints = [line for line in told if "nclosed" in line or "Task" in line]
    assert complaints == []


@pytest.mark.parametrize(
    ("backend", "gates"), [("qpu.forte-1", {"gpi2", "zz"}), ("qpu.aria-1", {"gpi2", "ms"})]
)
def test_the_backends_own_entangler_is_sent(ionq, backend, gates):
    """MS goes to Aria and ZZ to Forte, as the API says of them."""
    dev = cloud(ionq, backend=backend, error_mitigation={"debiasing": False})

    @qml.set_shots(100)
    @qml.qnode(dev)
    def circuit():
        qml.RY(0.3, "a")
        qml.CNOT(["a", "b"])
        qml.RY(0.4, "a")
        qml.RY(0.5, "b")
        return qml.expval(qml.Z("a") @ qml.Z("b"))

    circuit()
    assert {gate["gate"] for gate in ionq.bodies[0]["input"]["circuit"]} == gates
    assert ionq.bodies[0]["shots"] == 100
    assert ionq.bodies[0]["backend"] == backend


def test_qis_gates_are_sent_where_asked_for(ionq):
    """``gateset="qis"`` leaves the compiling to IonQ."""
    one_gate(cloud(ionq, gateset="qis"))()
    assert ionq.bodies[0]["input"]["gateset"] == "qis"
    assert ionq.bodies[0]["input"]["circuit"] == [{"gate": "rx", "target": 0, "rotation": 0.3}]


def test_unset_debiasing_is_warned_of_once(ionq):
    """On a QPU IonQ's default for debiasing depends on the gate set: that is said, once."""
    circuit = one_gate(cloud(ionq, backend="qpu.forte-1"), shots=100)
    with pytest.warns(UserWarning, match="debiasing"):
        circuit()
    circuit()


@pytest.mark.parametrize(
    "measured", [lambda: qml.expval(qml.Z(0)), lambda: qml.var(qml.Z(0)), qml.sample]
)
def test_means_of_sharpened_results_are_warned_of_once(ionq, measured):
    """Sharpening filters whole bit strings, which a mean or a sample is not asked of lightly."""
    dev = cloud(ionq, sharpen=True)

    def circuit(ask):
        qml.RX(0.3, 0)
        return ask()

    qml.set_shots(qml.QNode(lambda: circuit(qml.counts), dev), 10)()
    qml.set_shots(qml.QNode(lambda: circuit(qml.probs), dev), 10)()
    node = qml.set_shots(qml.QNode(lambda: circuit(measured), dev), 10)
    with pytest.warns(UserWarning, match=r"sharpen=True, and .* Use sharpen=False"):
        node()
    node()


def test_a_qpu_needs_shots_and_says_why(ionq):
    """Without shots there is no answer from a QPU; nothing is sent."""
    circuit = one_gate(cloud(ionq, backend="qpu.forte-1", error_mitigation={}))
    with pytest.raises(qml.exceptions.DeviceError, match=r"shots=None.*qpu.forte-1"):
        circuit()
    assert ionq.count("POST", "/jobs") == 0


@pytest.mark.parametrize(
    ("options", "shots", "said"),
    [
        ({}, 1_000_001, "1000000"),
        ({"backend": "qpu.forte-1", "error_mitigation": {"debiasing": True}}, 499, "500"),
    ],
)
def test_shots_that_cannot_be_are_refused_before_the_post(ionq, options, shots, said):
    """Too many shots, and too few for debiasing, never leave."""
    with pytest.raises(qstore.CompileError, match=said):
        one_gate(cloud(ionq, **options), shots)()
    assert ionq.count("POST", "/jobs") == 0


def test_more_wires_than_the_backend_has_are_refused_before_the_post(ionq):
    """A tape that is too wide names both numbers, and is not sent."""

    @qml.qnode(cloud(ionq))
    def circuit():
        for wire in range(30):
            qml.Hadamard(wire)
        return qml.expval(qml.prod(*[qml.Z(wire) for wire in range(30)]))

    with pytest.raises(qstore.CompileError, match=r"30 wires.*29 qubits"):
        circuit()
    assert ionq.count("POST", "/jobs") == 0


def test_an_operator_without_decomposition_is_refused(ionq):
    """What can't become gates is PennyLane's own error, before anything is sent."""

    class Opaque(qml.operation.Operation):
        num_wires = 1

    @qml.qnode(cloud(ionq))
    def circuit():
        Opaque(0)
        return qml.expval(qml.Z(0))

    with pytest.raises(qml.exceptions.DeviceError, match="Opaque"):
        circuit()
    assert ionq.count("POST", "/jobs") == 0


def test_a_wire_the_device_lacks_is_refused():
    """PennyLane's own error says which wire the device doesn't have."""

    @qml.qnode(qml.device("qstore.ionq", wires=["a"]))
    def circuit():
        qml.X("b")
        return qml.expval(qml.Z("a"))

    with pytest.raises(qml.exceptions.WireError, match="b"):
        circuit()


def test_only_used_wires_become_qubits(ionq):
    """A device of many wires sends, and pays for, the ones a tape uses."""

    @qml.qnode(cloud(ionq, wires=20))
    def circuit():
        qml.SX(11)
        qml.SX(12)
        return qml.expval(qml.Z(11)), qml.probs(wires=[4])

    circuit()
    assert ionq.bodies[0]["input"]["qubits"] == 2
    assert ionq.bodies[0]["input"]["circuit"] == [{"gate": "gpi2", "target": 1, "phase": 0.0}]


def test_a_wrong_key_is_said_without_being_shown(ionq):
    """A 401 is an error of ours that doesn't have the key in it."""
    ionq.script("POST", "/jobs", error(401, "Invalid key provided."))
    with pytest.raises(qstore.UnauthorizedError, match="Invalid key") as caught:
        one_gate(cloud(ionq))()
    assert "secret" not in str(caught.value)


def test_jobs_are_tracked_even_where_they_fail(ionq):
    """What was submitted, and may be billed, is in the tracker after an error."""
    ionq.script("GET", "/jobs/job-0", reply(body={"status": "failed"}))
    dev = cloud(ionq)
    with qml.Tracker(dev) as tracker, pytest.raises(qstore.JobError):
        one_gate(dev)()
    assert tracker.history["job_ids"] == ["job-0"]


def test_the_same_seed_repeats_and_two_calls_differ():
    """Samples are drawn from the device's own generator."""

    def run(seed):
        circuit = one_gate(qml.device("qstore.ionq", seed=seed), shots=1000)
        return [circuit(1.2) for _ in range(4)]

    assert run(3) == run(3)
    assert len(set(run(3))) > 1
    assert run(3) != run(4)


def test_the_capabilities_file_is_valid():
    """PennyLane's own linter finds nothing wrong in the TOML."""
    text = Path(qstore.QStoreDevice.config_filepath).read_text()
    assert parser.parse(text).data == "start"


def test_a_misspelt_key_is_not_shown():
    """An option that doesn't exist is named without its value, which may be a key."""
    with pytest.raises(qstore.OptionError, match="apikey") as caught:
        qml.device("qstore.ionq", apikey="secret")
    assert "secret" not in str(caught.value)


def test_a_tape_that_was_not_prepared_is_refused():
    """``execute`` measures bits; a tape that needs another basis is never read wrongly."""
    tape = qml.tape.QuantumScript([qml.Hadamard(0)], [qml.expval(qml.X(0))])
    with pytest.raises(qstore.CompileError, match="preprocess"):
        qml.device("qstore.ionq").execute(tape)


def test_what_arrived_is_told_by_its_tape(ionq):
    """An error's partial results say which tape, and which row of it, each is of."""
    ionq.fates.append({"failed": {1}})
    ops = [[qml.RX(0.1, 0)], [qml.RY(0.2, 0)], [qml.RX(0.3, 0)]]
    tapes = [qml.tape.QuantumScript(each, [qml.probs(wires=0)]) for each in ops]
    with pytest.raises(qstore.JobError) as caught:
        qml.execute(tapes, cloud(ionq))
    assert len(caught.value.partial) == 2
    assert all(row == 0 and tape in {0, 1, 2} for tape, row in caught.value.partial)


def test_a_backend_that_names_no_entangler_still_takes_qis(ionq):
    """Without native gates to compile for, QIS gates are the way that the error names."""
    row = {"backend": "qpu.new-1", "status": "available", "qubits": 9}
    ionq.script("GET", "/backends", reply(body=[row]), reply(body=[row]))
    options = {"backend": "qpu.new-1", "error_mitigation": {}}
    with pytest.raises(qstore.CompileError, match="qis"):
        one_gate(cloud(ionq, **options), shots=10)()
    one_gate(cloud(ionq, gateset="qis", **options), shots=10)()
    assert ionq.bodies[0]["input"]["gateset"] == "qis"


def test_copies_of_a_device_run():
    """A deep copy of a QNode has a device of its own, with the same options."""
    circuit = one_gate(qml.device("qstore.ionq", seed=5), shots=100)
    other = copy.deepcopy(circuit)
    assert [other() for _ in range(3)] == [circuit() for _ in range(3)]


@pytest.mark.parametrize(
    "error",
    [
        qstore.OptionError("name", 1, "right"),
        qstore.JobError("text", job_id="j", code="c"),
        qstore.DeadlineError("text", job_ids=["j"], waited=1.0),
        qstore.RateLimitError("text", retry_after=2.0, status=429),
        qstore.Interrupted("text", job_ids=["j"]),
    ],
)
def test_errors_come_through_a_pickle(error):
    """A worker process can tell its parent what went wrong."""
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert found.__dict__ == error.__dict__


def test_qis_circuits_are_tracked():
    """The gates that are sent are counted for ``gateset="qis"`` too."""
    dev = qml.device("qstore.ionq", gateset="qis")
    with qml.Tracker(dev) as tracker:
        one_gate(dev)()
    assert tracker.history["resources"][0].gate_types == {"RX": 1}


def test_a_call_is_estimated_before_it_is_sent(ionq):
    """Of our own compiled gates: one GPI at 1000 shots, for each of three circuits."""
    dev = cloud(ionq, backend="qpu.forte-1", error_mitigation={})

    @qml.set_shots(1000)
    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    price = dev.estimate(circuit)(np.array([0.1, 0.2, 0.3]))
    assert price.value == sum(1000 * len(gates) / 1000 for gates in [[1, 1]] * 3)
    assert ionq.jobs == {}
    with pytest.raises(qstore.OptionError, match="this device"):
        cloud(ionq).estimate(circuit)
    for other in (qml.AdamOptimizer().step, lambda angle: 2 * circuit(angle), 0.5, None):
        with pytest.raises(qstore.OptionError, match=r"use a QNode of this device; for an optim"):
            dev.estimate(other)


def test_the_tracker_tells_the_cost(ionq):
    """What IonQ charged for a QPU's jobs, added."""
    dev = cloud(ionq, backend="qpu.forte-1", error_mitigation={})
    circuit = one_gate(dev, shots=100)
    with qml.Tracker(dev) as tracker:
        circuit()
        circuit()
    assert tracker.totals["cost"] == 3.0


@pytest.mark.parametrize("submission", ["concurrent", "sequential"])
def test_circuits_may_be_jobs_of_their_own(ionq, submission):
    """For comparison: as many POSTs as circuits, and the same results in the same order."""
    ionq.execution = 0.05
    angles = np.linspace(0.1, 0.5, 5)
    dev = cloud(ionq, submission=submission)
    with qml.Tracker(dev) as tracker:
        found = one_gate(dev)(angles)
    assert len(found) == 5
    assert tracker.totals["jobs"] == len(ionq.jobs) == 5
    began = [made.at for made in ionq.jobs.values()]
    assert (np.diff(began).min() >= 0.05) == (submission == "sequential")


def test_what_a_backend_is_is_asked_while_tapes_are_compiled(ionq):
    """The preprocessing begins it, and the first batch doesn't ask again."""
    dev = cloud(ionq)
    dev.preprocess_transforms()
    started = time.monotonic()
    while not ionq.count("GET", "/backends"):
        assert time.monotonic() - started < 20
        time.sleep(0.01)
    one_gate(dev)()
    assert ionq.count("GET", "/backends") == 1
