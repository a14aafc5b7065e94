"""A fleet end to end: where circuits run, in which order they come back, and who takes over."""

import asyncio
import json
import math

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.fleet import scheduling, several_backends
from pennylane_qstore.reporting import events
from tests.scripted import RESET, After, error, reply

FORTE = {
    "backend": "qpu.forte-1",
    "status": "available",
    "qubits": 36,
    "average_queue_time": 600_000,
    "supported_native_gates": ["gpi", "gpi2", "zz"],
}
ARIA = {**FORTE, "backend": "qpu.aria-1", "qubits": 25, "supported_native_gates": ["gpi2", "ms"]}
SIMULATOR = {"backend": "simulator", "status": "available", "qubits": 29}
FLEET = ["qpu.forte-1", "qpu.aria-1"]


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits half a minute for a backend."""
    monkeypatch.setattr(scheduling, "PATIENCE", 0.3)


def listing(ionq, *rows):
    """What the API says of its backends."""
    ionq.script("GET", "/backends", *[reply(body=list(rows))] * 50)


def device(ionq, backend=FLEET, **options):
    shared = {"api_key": "secret", "base_url": ionq.url, "error_mitigation": {}, "journal": None}
    return qml.device("qstore.ionq", backend=backend, **(shared | options))


def one_gate(dev, shots=1000):
    @qml.set_shots(shots)
    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    return circuit


def sent_to(ionq):
    return [body["backend"] for body in ionq.bodies]


def test_the_shorter_queue_gets_the_job(ionq):
    """Aria's queue is the shorter one; the tracker says where it ran."""
    dev = device(ionq)
    with qml.Tracker(dev) as tracker:
        one_gate(dev)(0.3)
    assert sent_to(ionq) == ["qpu.aria-1"]
    assert tracker.history["backends"] == tracker.history["ran_on"] == ["qpu.aria-1"]


def test_jobs_are_spread_and_results_keep_their_order(ionq):
    """Where queues are alike, each gets its share, and is compiled for."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 600_000})
    ionq.telling = True
    dev = device(ionq, submission="concurrent", gateset="qis")
    angles = np.linspace(0.1, 3.0, 8)
    found = one_gate(dev)(angles)
    assert sorted(sent_to(ionq)) == ["qpu.aria-1"] * 4 + ["qpu.forte-1"] * 4
    assert np.allclose(found, np.cos(angles), atol=2e-3)


def test_each_machine_gets_its_own_entangler(ionq):
    """MS on Aria and ZZ on Forte, in one batch."""
    listing(ionq, FORTE, ARIA)
    dev = device(ionq, submission="concurrent")

    @qml.set_shots(100)
    @qml.qnode(dev)
    def circuit(angle):
        qml.RY(angle, 0)
        qml.CNOT([0, 1])
        qml.RY(0.4, 0)
        qml.RY(0.5, 1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    circuit(np.array([0.1, 0.2]))
    gates = {
        body["backend"]: {gate["gate"] for gate in body["input"]["circuit"]} for body in ionq.bodies
    }
    assert gates == {"qpu.forte-1": {"gpi2", "zz"}, "qpu.aria-1": {"gpi2", "ms"}}


@pytest.mark.parametrize(
    "rows",
    [
        [FORTE, {**ARIA, "status": "unavailable", "average_queue_time": 0}],
        [FORTE, {**ARIA, "status": "retired"}],
        [FORTE],
        [FORTE, {**ARIA, "supported_native_gates": ["new"]}],
    ],
)
def test_a_backend_that_cannot_be_used_gets_nothing(ionq, rows):
    """It is away, retired, unknown, or has gates that aren't."""
    listing(ionq, *rows)
    one_gate(device(ionq))(0.3)
    assert sent_to(ionq) == ["qpu.forte-1"]


def test_a_single_backend_that_is_away_is_said_before_anything_is_sent(ionq):
    """Its jobs would wait for nobody knows how long."""
    listing(ionq, {**FORTE, "status": "unavailable"})
    with pytest.raises(qstore.UnavailableError, match=r"'qpu\.forte-1' is unavailable"):
        one_gate(device(ionq, "qpu.forte-1"))(0.3)
    assert ionq.jobs == {}


def test_a_tape_goes_to_a_machine_that_is_wide_enough(ionq):
    """Thirty wires don't fit Aria, though its queue is shorter."""
    dev = device(ionq)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def circuit():
        for wire in range(30):
            qml.Hadamard(wire)
        return qml.expval(qml.prod(*[qml.Z(wire) for wire in range(30)]))

    circuit()
    assert sent_to(ionq) == ["qpu.forte-1"]


@pytest.mark.parametrize("refusal", [error(429, Retry_After="60"), error(429, Retry_After="1")])
def test_what_outlasts_its_time_goes_to_the_next(ionq, quick, refusal, caplog):
    """A server that keeps asking one key to slow down gets the job by another; a line says so."""
    ionq.script("POST", "/jobs", refusal)
    keys = ["first-secret", "second-secret"]
    one_gate(device(ionq, ["qpu.aria-1", "qpu.aria-1"], api_key=keys))(0.3)
    assert "1 circuits go from qpu.aria-1 (1) to qpu.aria-1 (2)" in caplog.text
    assert "secret" not in caplog.text
    posts = [
        key
        for (method, _), key in zip(ionq.requests, ionq.authorizations, strict=True)
        if method == "POST"
    ]
    assert posts == ["apiKey first-secret", "apiKey second-secret"]
    assert len(ionq.jobs) == 1


def test_an_unreachable_server_is_left_for_another(ionq, quick):
    """Nobody listens at one address: the fallback runs it, on this machine."""
    dev = qml.device(
        "qstore.ionq",
        backend="simulator",
        api_key="secret",
        base_url="http://127.0.0.1:9/v0.4",
        fallback="lightning.qubit",
        max_wait=20,
        journal=None,
    )
    with qml.Tracker(dev) as tracker:
        found = one_gate(dev, shots=None)(0.3)
    assert found == pytest.approx(math.cos(0.3))
    assert tracker.history["ran_on"] == ["lightning.qubit"]


def test_a_lost_reply_is_looked_up_before_anything_moves(ionq, quick):
    """The job is there: the next backend gets nothing, however long the lookup takes."""
    ionq.script("POST", "/jobs", After(RESET))
    one_gate(device(ionq))(0.3)
    assert sent_to(ionq) == ["qpu.aria-1"]
    assert len(ionq.jobs) == 1


def test_a_job_that_is_queued_for_too_long_goes_to_the_next(ionq):
    """It is cancelled over there, that is confirmed, and the next backend gets it."""
    ionq.fates.append({"queue": 3_600.0})
    dev = device(ionq, queue_timeout=0.5)
    with qml.Tracker(dev) as tracker:
        one_gate(dev)(0.3)
    assert sent_to(ionq) == ["qpu.aria-1", "qpu.forte-1"]
    assert ionq.cancelled == ["job-0"]
    assert tracker.history["ran_on"] == ["qpu.forte-1"]


def test_a_job_that_begins_at_the_last_moment_is_waited_for(ionq):
    """A cancellation that comes too late moves nothing."""
    ionq.fates.append({"queue": 0.3, "execution": 1.0})
    ionq.script("PUT", "/jobs/status/cancel", error(400))
    ionq.script("GET", "/jobs/job-0", *[reply(body={"status": "ready"})] * 6)
    one_gate(device(ionq, queue_timeout=0.4))(0.3)
    assert sent_to(ionq) == ["qpu.aria-1"]
    assert ionq.cancelled == []


def test_the_last_backend_is_waited_for(ionq):
    """Where there is nowhere to go, nothing is cancelled."""
    listing(ionq, FORTE, {**ARIA, "status": "unavailable"})
    ionq.queue = 1.0
    one_gate(device(ionq, queue_timeout=0.2))(0.3)
    assert sent_to(ionq) == ["qpu.forte-1"]
    assert ionq.cancelled == []


def test_a_simulator_takes_over_only_where_it_is_listed(ionq):
    """Without a fallback, a QPU that is away is an error that says of each why."""
    away = [{**each, "status": "unavailable"} for each in (FORTE, ARIA)]
    listing(ionq, *away, SIMULATOR)
    with pytest.raises(qstore.NoBackendError, match="unavailable") as caught:
        one_gate(device(ionq))(0.3)
    assert list(caught.value.errors) == FLEET
    assert ionq.jobs == {}
    dev = device(ionq, fallback="simulator")
    with qml.Tracker(dev) as tracker:
        one_gate(dev)(0.3)
    assert sent_to(ionq) == ["simulator"]
    assert tracker.history["ran_on"] == ["simulator"]


def test_a_rule_of_the_users_chooses(ionq):
    """What is small goes to the simulator, what is large to the QPU, in one batch and in order."""
    listing(ionq, FORTE, SIMULATOR)
    ionq.telling = True
    dev = device(
        ionq,
        ["qpu.forte-1", "simulator"],
        gateset="qis",
        route=lambda tape: "simulator" if len(tape.wires) < 2 else None,
    )
    tapes = [
        qml.tape.QuantumScript(
            [qml.RX(0.5 + wire, wire) for wire in range(wires)],
            [qml.expval(qml.Z(wires - 1))],
            shots=1000,
        )
        for wires in (1, 2, 1, 2)
    ]
    with qml.Tracker(dev) as tracker:
        qml.execute(tapes, dev)
    ran_on = ["simulator", "qpu.forte-1", "simulator", "qpu.forte-1"]
    assert tracker.history["ran_on"] == ran_on
    assert sorted(sent_to(ionq)) == ["qpu.forte-1", "simulator"]


def test_a_rule_that_names_nobody_is_refused(ionq):
    """Before anything is sent."""
    with pytest.raises(qstore.OptionError, match=r"qpu\.forte-1, qpu\.aria-1"):
        one_gate(device(ionq, route=lambda _: "qpu.forte-2"))(0.3)
    assert ionq.jobs == {}


def test_what_a_simulator_cannot_run_never_goes_to_a_qpu(ionq, quick):
    """Not by itself: it would cost money that nobody meant to spend."""
    listing(ionq, FORTE, SIMULATOR)
    ionq.script("POST", "/jobs", error(429, Retry_After="60"))
    dev = device(ionq, ["qpu.forte-1", "simulator"], route=lambda _: "simulator", max_wait=1)
    with pytest.raises(qstore.QStoreError):
        one_gate(dev)(0.3)
    assert ionq.jobs == {}


def test_exact_tapes_go_where_they_can(ionq):
    """Without shots only the simulator has an answer; with them the QPU gets it."""
    listing(ionq, FORTE, SIMULATOR)
    dev = device(ionq, ["qpu.forte-1", "simulator"])
    one_gate(dev, shots=None)(0.3)
    one_gate(dev, shots=100)(0.3)
    assert sent_to(ionq) == ["simulator", "qpu.forte-1"]
    with pytest.raises(qml.exceptions.DeviceError, match="shots=None"):
        one_gate(device(ionq), shots=None)(0.3)


@pytest.mark.parametrize("name", ["lightning.qubit", "default.qubit"])
def test_a_device_of_this_machine_is_a_member(ionq, name):
    """It gives what any other simulator does: exact values, and samples that the seed draws."""
    dev = device(ionq, ["qpu.forte-1", name], route=lambda _: name, seed=3)
    own = qml.device("default.qubit")

    def circuit(x, y):
        qml.RX(x, "a")
        qml.CRY(y, ["a", "b"])
        qml.X("c")
        return qml.probs(wires=["c", "b", "a"])

    x = np.array([0.3, 0.9])
    assert np.allclose(qml.QNode(circuit, dev)(x, 0.7), qml.QNode(circuit, own)(x, 0.7), atol=1e-7)

    def sampled(x):
        qml.RX(x, 0)
        return qml.counts()

    counts = qml.set_shots(qml.QNode(sampled, dev), 1000)(0.3)
    assert counts["0"] + counts["1"] == 1000
    # Five sigmas of the binomial's thousand shots.
    p = math.sin(0.15) ** 2
    assert abs(counts["1"] - 1000 * p) < 5 * math.sqrt(1000 * p * (1 - p))
    assert ionq.jobs == {}


def test_what_arrived_is_told_though_another_backend_failed(ionq):
    """An error of one member keeps what the others did."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 600_000})
    ionq.fates.extend([{"end": "failed"}, {}])
    dev = device(ionq, submission="concurrent")
    with pytest.raises(qstore.JobError, match="the trap was empty") as caught:
        one_gate(dev)(np.array([0.1, 0.2]))
    assert len(caught.value.partial) == 1
    assert all(tape == 0 and row in {0, 1} for tape, row in caught.value.partial)


def test_a_process_that_was_killed_finds_its_job_where_it_is(ionq, tmp_path):
    """Though by now another queue is shorter: what is paid there is taken up there."""
    ionq.queue = 3_600.0
    shared = {"journal": tmp_path / "journal.sqlite"}
    with pytest.raises(qstore.DeadlineError):
        one_gate(device(ionq, max_wait=1.0, **shared))(0.3)
    ionq.queue = ionq.jobs["job-0"].queue = 0.0
    listing(ionq, {**FORTE, "average_queue_time": 1_000}, ARIA)
    one_gate(device(ionq, **shared))(0.3)
    assert sent_to(ionq) == ["qpu.aria-1"]


def test_an_estimate_is_of_where_it_would_run(ionq):
    """Of all members that would take a part."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 600_000})
    dev = device(ionq, submission="concurrent")
    price = dev.estimate(one_gate(dev))(np.array([0.1, 0.2]))
    asked = [
        query["backend"]
        for (_, path), query in zip(ionq.requests, ionq.queries, strict=True)
        if path == "/jobs/estimate"
    ]
    assert sorted(asked) == ["qpu.aria-1", "qpu.forte-1"]
    assert price.value > 0
    assert ionq.jobs == {}


def test_a_dry_run_is_priced_on_all_members(ionq):
    """One price for all, and nothing runs."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 600_000})
    dev = device(ionq, submission="concurrent", dry_run=True)
    with pytest.raises(qstore.DryRun) as caught:
        one_gate(dev)(np.array([0.1, 0.2]))
    assert caught.value.price == 3.0
    assert sorted(caught.value.job_ids) == ["job-0", "job-1"]


def test_ctrl_c_cancels_on_all_members(ionq):
    """Each key's live jobs, with one request."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 600_000})
    ionq.queue = 3_600.0
    dev = device(ionq, submission="concurrent")
    heard = []

    async def interrupted():
        work = several_backends.Work(tapes, dev.wires)
        parts = await asyncio.to_thread(dev._execution.fleet.plan, work, range(2))
        running = asyncio.create_task(dev._execution.fleet._run(parts, work, heard.append, None))
        while len(ionq.jobs) < 2:
            await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    tapes = [
        qml.tape.QuantumScript([qml.RX(angle, 0)], [qml.expval(qml.Z(0))], shots=10)
        for angle in (0.1, 0.2)
    ]
    loop.current().run(interrupted())
    assert sorted(ionq.cancelled) == ["job-0", "job-1"]
    cancelled = [each.job_ids for each in heard if isinstance(each, events.Cancelled)]
    assert sorted(sum(cancelled, ())) == ["job-0", "job-1"]


def test_qubits_that_are_not_coupled_are_refused(ionq):
    """Where the machine's own data say which pairs have an entangler."""
    told = {"characterizations": [{"date": "2026-01-01T00:00:00Z", "connectivity": [[0, 1]]}]}
    ionq.script("GET", "/backends/qpu.forte-1/characterizations", *[reply(body=told)] * 3)
    dev = device(ionq, "qpu.forte-1")

    @qml.set_shots(10)
    @qml.qnode(dev)
    def circuit(wires):
        qml.RY(0.3, wires[0])
        qml.CRY(0.4, wires)
        return qml.probs(wires=[0, 1, 2])

    circuit([0, 1])
    with pytest.raises(qstore.CompileError, match=r"not coupled on qpu\.forte-1"):
        circuit([0, 2])
    assert json.dumps(ionq.bodies).count("zz") > 0


def test_a_simulators_batch_is_cut_where_that_pays(ionq, caplog):
    """By what the first batch took; a QPU's is one job whatever it takes."""
    caplog.set_level("INFO")
    listing(ionq, FORTE, SIMULATOR)
    ionq.execution = 1.0
    for backend, jobs in (("simulator", 1 + 2), ("qpu.forte-1", 2)):
        ionq.jobs.clear()
        dev = device(ionq, backend, adaptive=True)
        found = [one_gate(dev)(np.linspace(0.1, 0.4, 4)) for _ in range(2)]
        assert np.shape(found) == (2, 4)
        assert len(ionq.jobs) == jobs
    assert "4 circuits go as 2 jobs" in caplog.text


def test_what_is_halved_on_the_way_moves_whole(ionq, quick):
    """A job that is too large, whose halves then can't be submitted, runs elsewhere in order."""
    listing(ionq, FORTE, {**ARIA, "average_queue_time": 1_000})
    ionq.telling = True
    busy = error(429, Retry_After="1")
    ionq.script("POST", "/jobs", error(413), busy, busy)
    keys = ["first-secret", "second-secret"]
    dev = device(ionq, ["qpu.aria-1", "qpu.aria-1"], api_key=keys, gateset="qis")
    angles = np.linspace(0.1, 3.0, 5)
    found = one_gate(dev)(angles)
    assert np.allclose(found, np.cos(angles), atol=2e-3)
    assert len(ionq.jobs) == 2


def test_a_slow_pace_of_ones_own_moves_nothing(ionq, quick):
    """Waiting for a turn that the user's own limit delays is no fault of the backend's."""
    dev = device(ionq, submission="concurrent", rate_limit=20.0, max_jobs_in_flight=50)
    one_gate(dev)(np.linspace(0.1, 1.0, 30))
    assert set(sent_to(ionq)) == {"qpu.aria-1"}


@pytest.mark.parametrize("backend", ["qpu.aria-1", FLEET])
def test_a_job_is_taken_up_from_a_backend_that_is_away(ionq, tmp_path, backend):
    """What is paid there is waited for, and nothing new is sent there."""
    ionq.queue = 3_600.0
    shared = {"journal": tmp_path / "journal.sqlite"}
    with pytest.raises(qstore.DeadlineError):
        one_gate(device(ionq, backend, max_wait=1.0, **shared))(0.3)
    ionq.queue = ionq.jobs["job-0"].queue = 0.0
    listing(ionq, FORTE, {**ARIA, "status": "unavailable"})
    later = one_gate(device(ionq, backend, **shared))
    later(0.3)
    assert sent_to(ionq) == ["qpu.aria-1"]
    if backend == "qpu.aria-1":
        with pytest.raises(qstore.UnavailableError):
            later(0.3)
    else:
        later(0.3)
        assert sent_to(ionq) == ["qpu.aria-1", "qpu.forte-1"]
