"""Many callers, one batch: jobs counted at the emulator, numbers against exact ones."""

import contextvars
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from tests.scripted import reply

WEIGHTS = pnp.array([0.3, 0.5], requires_grad=True)
SAMPLES = np.linspace(0.1, 1.3, 4)


def ansatz(weights, sample):
    qml.RX(sample, wires=0)
    qml.RY(weights[0], wires=0)
    qml.CNOT([0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.Z(1))


def make(device=None, **options):
    return qml.QNode(ansatz, device or qml.device("qstore.ionq", wires=2, seed=1), **options)


EXACT = make(qml.device("default.qubit"))


def jobs_of(device, run):
    """What a callable gives, and the jobs that it took."""
    with qml.Tracker(device) as tracker:
        found = run()
    return found, tracker.totals.get("jobs", 0)


def test_ten_calls_are_one_job_in_order():
    """A map over samples is one job, and its values stand in the samples' order."""
    circuit = make()
    samples = np.linspace(0, 1, 10)
    found, jobs = jobs_of(
        circuit.device, lambda: qstore.map(lambda x: circuit(WEIGHTS, x), samples)
    )
    assert jobs == 1
    assert np.allclose(found, [EXACT(WEIGHTS, x) for x in samples], atol=1e-10)


def test_rounds_are_as_many_as_the_longest_callable_has():
    """What a callable asks for next goes with what others ask for then."""
    circuit = make()

    def times(n):
        value = 0.1
        for _ in range(n):
            value = circuit(WEIGHTS, value)
        return value

    found, jobs = jobs_of(circuit.device, lambda: qstore.map(times, [1, 3, 2]))
    assert jobs == 3
    assert found[0] == pytest.approx(EXACT(WEIGHTS, 0.1), abs=1e-10)
    second = EXACT(WEIGHTS, EXACT(WEIGHTS, 0.1))
    assert found[2] == pytest.approx(second, abs=1e-10)
    assert found[1] == pytest.approx(EXACT(WEIGHTS, second), abs=1e-10)


def test_nested_gathers_share_the_batch():
    """A loss that maps over samples, in a gather of losses, is one job still."""
    circuit = make()

    def loss(weights):
        return sum(qstore.map(lambda x: (circuit(weights, x) - x) ** 2, SAMPLES))

    points = [WEIGHTS, WEIGHTS + 0.1, WEIGHTS - 0.1]
    found, jobs = jobs_of(circuit.device, lambda: qstore.map(loss, points))
    assert jobs == 1
    exact = [sum((EXACT(w, x) - x) ** 2 for x in SAMPLES) for w in points]
    assert np.allclose(found, exact, atol=1e-10)


def test_gradients_inside_and_outside():
    """Gradients in callables merge; those of a function that gathers merge going forward."""
    circuit = make()
    exact = [qml.grad(EXACT, argnums=0)(WEIGHTS, x) for x in SAMPLES]
    inside, jobs = jobs_of(
        circuit.device,
        lambda: qstore.map(lambda x: qml.grad(circuit, argnums=0)(WEIGHTS, x), SAMPLES),
    )
    assert jobs == 2
    assert np.allclose(inside, exact, atol=1e-10)
    outside, jobs = jobs_of(
        circuit.device,
        lambda: qml.grad(lambda w: sum(qstore.map(lambda x: circuit(w, x), SAMPLES)))(WEIGHTS),
    )
    assert jobs == 1 + len(SAMPLES)
    assert np.allclose(outside, np.sum(exact, axis=0), atol=1e-10)


def test_torch_goes_along():
    """Backward passes merge, and the caller's grad mode is the callables'."""
    torch = pytest.importorskip("torch")
    circuit = make()

    def gradient(qnode, sample):
        weights = torch.tensor([0.3, 0.5], dtype=torch.float64, requires_grad=True)
        qnode(weights, sample).backward()
        return weights.grad.numpy()

    found, jobs = jobs_of(
        circuit.device, lambda: qstore.map(lambda x: gradient(circuit, x), SAMPLES)
    )
    assert jobs == 2
    assert np.allclose(found, [gradient(EXACT, x) for x in SAMPLES], atol=1e-7)
    with torch.no_grad():
        assert qstore.map(lambda _: torch.is_grad_enabled(), "ab") == [False, False]
    assert qstore.map(lambda _: torch.is_grad_enabled(), "ab") == [True, True]


def test_jax_goes_along():
    """Settings of the caller's thread are the callables', and derivatives pass through."""
    jax = pytest.importorskip("jax")
    circuit = make()
    with jax.experimental.enable_x64():
        weights = jax.numpy.array([0.3, 0.5])
        exact = np.sum([jax.grad(EXACT)(weights, x) for x in SAMPLES], axis=0)
        found, jobs = jobs_of(
            circuit.device,
            lambda: jax.grad(lambda w: sum(qstore.map(lambda x: circuit(w, x), SAMPLES)))(weights),
        )
        assert qstore.map(lambda _: jax.numpy.ones(1).dtype, "ab") == [np.float64, np.float64]
    assert jobs == 1
    assert np.allclose(found, exact, atol=1e-10)


def test_context_variables_go_along_and_stay_apart():
    """A callable sees its caller's context, and what it sets is its own."""
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("caller's")

    def thunk():
        seen = variable.get()
        variable.set("callable's")
        return seen

    assert qstore.gather([thunk, thunk]) == ["caller's", "caller's"]
    assert variable.get() == "caller's"


def test_outputs_of_one_qnode_are_not_swapped():
    """A QNode whose output takes different forms gives each caller its own."""
    device = qml.device("qstore.ionq", wires=1)

    @qml.qnode(device)
    def circuit(as_list):
        qml.X(0)
        value = qml.expval(qml.Z(0))
        return [value] if as_list else {"z": value}

    found, jobs = jobs_of(device, lambda: qstore.map(circuit, [True, False] * 10))
    assert found == [[-1.0], {"z": -1.0}] * 10
    assert jobs == 1


def test_nested_derivatives_are_right_in_every_thread():
    """A derivative inside a derivative, while other callables enter and leave theirs."""
    circuit = make()

    def second(angle):
        def first(x):
            return circuit(WEIGHTS, x) * qml.grad(lambda y: y**3 * x)(x)

        return qml.grad(first)(pnp.array(angle, requires_grad=True))

    def exact(angle):
        value = EXACT(WEIGHTS, angle)
        slope = qml.grad(EXACT, argnums=1)(WEIGHTS, pnp.array(angle, requires_grad=True))
        return slope * 3 * angle**3 + value * 9 * angle**2

    def plain(angle):
        return qml.grad(circuit, argnums=1)(WEIGHTS, pnp.array(angle, requires_grad=True))

    def mixed(i):
        return second(0.2 * i) if i % 2 else plain(0.2 * i)

    found = qstore.map(mixed, range(1, 7))
    for i, value in enumerate(found, start=1):
        angle = pnp.array(0.2 * i, requires_grad=True)
        slope = qml.grad(EXACT, argnums=1)(WEIGHTS, angle)
        assert value == pytest.approx(exact(0.2 * i) if i % 2 else slope, abs=1e-9)


def test_random_numbers_are_drawn_in_the_callables_order():
    """What callables draw from NumPy doesn't depend on how threads are scheduled."""
    circuit = make()

    def draws():
        np.random.seed(3)

        def thunk():
            first = np.random.uniform()
            circuit(WEIGHTS, first)
            return first, np.random.uniform()

        return qstore.gather([thunk] * 5)

    assert draws() == draws()


def test_an_error_is_its_callables_alone():
    """The others come to their end; what the failed one had asked for is not lost on them."""
    circuit = make()
    done = []

    def failing():
        circuit(WEIGHTS, 0.1)
        raise RuntimeError("mine")

    def sound():
        done.append(circuit(WEIGHTS, circuit(WEIGHTS, 0.1)))
        return done[-1]

    with pytest.raises(RuntimeError, match="mine"):
        qstore.gather([failing, sound])
    assert len(done) == 1
    error, value = qstore.gather([failing, sound], return_exceptions=True)
    assert isinstance(error, RuntimeError)
    assert value == done[0]


def test_a_circuit_that_cannot_run_keeps_no_other_from_running():
    """A tape that is refused is its caller's error; those that went with it have their results."""
    device = qml.device("qstore.ionq", wires=2)
    circuit = make(device)

    def counted(shots):
        return qml.set_shots(circuit, shots)(WEIGHTS, 0.1)

    found = qstore.gather(
        [lambda: counted(None), lambda: counted(2_000_000)], return_exceptions=True
    )
    assert found[0] == pytest.approx(EXACT(WEIGHTS, 0.1), abs=1e-10)
    assert isinstance(found[1], qstore.CompileError)
    assert "2000000 shots" in str(found[1])


def test_a_circuit_that_fails_over_there_is_its_callers_error(ionq):
    """Callers whose circuits came back have their results; the other one's error has the rest."""
    device = qml.device(
        "qstore.ionq", backend="simulator", api_key="k", base_url=ionq.url, journal=None
    )

    @qml.qnode(device)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    ionq.fates.append({"failed": {1}})
    found = qstore.gather([lambda x=x: circuit(x) for x in (0.1, 0.4, 0.7)], return_exceptions=True)
    assert ionq.count("POST", "/jobs") == 1
    assert found[0] == found[2] == 1  # the server answers zeros
    assert isinstance(found[1], qstore.JobError)
    assert found[1].partial == {}


def test_threads_that_are_not_gathered_neither_wait_nor_count():
    """A thread that a callable starts, and one that was there, send at once what they ask for."""
    circuit = make()
    found = []

    def thunk():
        thread = threading.Thread(target=lambda: found.append(circuit(WEIGHTS, 0.2)))
        thread.start()
        thread.join(60)
        return circuit(WEIGHTS, 0.1)

    values, jobs = jobs_of(circuit.device, lambda: qstore.gather([thunk, thunk]))
    assert jobs == 3
    assert np.allclose(found, EXACT(WEIGHTS, 0.2), atol=1e-10)
    assert np.allclose(values, EXACT(WEIGHTS, 0.1), atol=1e-10)


def test_several_devices_have_a_batch_each():
    """Callables may use different devices, ours and others."""
    one, other = make(), make()

    def thunk(x):
        return one(WEIGHTS, x) + other(WEIGHTS, x) + EXACT(WEIGHTS, x)

    with qml.Tracker(one.device) as first, qml.Tracker(other.device) as second:
        found = qstore.map(thunk, SAMPLES)
        both = qstore.gather([lambda: one(WEIGHTS, 0.1), lambda: other(WEIGHTS, 0.1)])
    assert (first.totals["jobs"], second.totals["jobs"]) == (2, 2)
    assert np.allclose(found, [3 * EXACT(WEIGHTS, x) for x in SAMPLES], atol=1e-10)
    assert np.allclose(both, EXACT(WEIGHTS, 0.1), atol=1e-10)


def test_what_cannot_be_gathered_is_said():
    """Not inside a circuit that is being recorded, and not what can't be called."""
    circuit = make()
    thunks = [lambda: circuit(WEIGHTS, 0.1)] * 2
    with qml.queuing.AnnotatedQueue(), pytest.raises(RuntimeError, match="being recorded"):
        qstore.gather(thunks)
    stopped = qml.QueuingManager.stop_recording
    with qml.queuing.AnnotatedQueue(), stopped(), pytest.raises(RuntimeError, match="recorded"):
        qstore.gather(thunks)
    with pytest.raises(TypeError, match="callable 1 of gather is 3"):
        qstore.gather([*thunks[:1], 3])
    assert qstore.gather([]) == []


def test_more_callables_than_threads_come_in_waves(monkeypatch):
    """Each wave has batches of its own."""
    monkeypatch.setattr(sys.modules["pennylane_qstore.gathering.gather"], "MAX_WORKERS", 4)
    circuit = make()
    samples = np.linspace(0, 1, 10)
    found, jobs = jobs_of(
        circuit.device, lambda: qstore.map(lambda x: circuit(WEIGHTS, x), samples)
    )
    assert jobs == 3
    assert np.allclose(found, [EXACT(WEIGHTS, x) for x in samples], atol=1e-10)


def test_thousands_of_callables_leave_no_thread():
    """As many threads as are documented live at the same time, and end."""
    before = threading.active_count()
    live = qstore.map(lambda _: threading.active_count(), range(1000))
    assert max(live) >= 1000
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_qnode_inside_another_ones_function_is_not_parked():
    """It sends its circuit at once: the others would wait for the circuit that is recorded."""
    inner = make()

    @qml.qnode(inner.device)
    def outer(x):
        qml.RX(inner(WEIGHTS, x), wires=0)
        return qml.expval(qml.Z(0))

    exact = [np.cos(EXACT(WEIGHTS, x)) for x in SAMPLES]
    found, jobs = jobs_of(inner.device, lambda: qstore.map(outer, SAMPLES))
    assert np.allclose(found, exact, atol=1e-10)
    assert jobs == len(SAMPLES) + 1
    nested = qstore.gather([lambda: qstore.map(outer, SAMPLES)] * 2)
    assert np.allclose(nested, [exact] * 2, atol=1e-10)
    fresh = make()  # whose structure is first met inside a function
    nested = qml.QNode(outer.func, fresh.device)
    assert nested(SAMPLES[0]) == pytest.approx(exact[0], abs=1e-10)


def test_a_compiled_jax_function_does_not_hang():
    """Whoever is first to run it holds it: it sends its circuits at once."""
    jax = pytest.importorskip("jax")
    circuit = make()
    with jax.experimental.enable_x64():
        weights = jax.numpy.array([0.3, 0.5])
        compiled = jax.jit(lambda x: circuit(weights, x))
        found = qstore.map(compiled, SAMPLES)
    assert np.allclose(found, [EXACT(WEIGHTS, x) for x in SAMPLES], atol=1e-10)


def test_what_is_no_error_is_always_raised():
    """A KeyboardInterrupt in a callable isn't put into the list."""

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        qstore.gather([interrupted, int], return_exceptions=True)


def test_an_error_waits_for_all_waves(monkeypatch):
    """Callables beyond the threads run too, before the error is raised."""
    monkeypatch.setattr(sys.modules["pennylane_qstore.gathering.gather"], "MAX_WORKERS", 2)
    done = []

    def thunk(i):
        done.append(i)
        if not i:
            raise RuntimeError("the first")

    with pytest.raises(RuntimeError, match="the first"):
        qstore.map(thunk, range(5))
    assert done == [0, 1, 2, 3, 4]


def test_without_threads_it_goes_on(monkeypatch):
    """Where the machine has no thread left, callables run one by one, and are right."""
    circuit = make()
    circuit(WEIGHTS, 0.1)  # the device's own threads are there
    start = threading.Thread.start

    def limited(thread):
        if thread.name == "qstore-gather":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    found, jobs = jobs_of(
        circuit.device, lambda: qstore.map(lambda x: circuit(WEIGHTS, x), SAMPLES)
    )
    assert np.allclose(found, [EXACT(WEIGHTS, x) for x in SAMPLES], atol=1e-10)
    assert jobs == len(SAMPLES)


@pytest.mark.skipif(not hasattr(signal, "SIGINT"), reason="this system has no SIGINT")
@pytest.mark.parametrize("devices", [1, 2])
def test_ctrl_c_cancels_what_was_gathered(ionq, devices):
    """An interrupt while callables are parked cancels the live jobs of every device."""
    ionq.script("GET", "/jobs/*", *[reply(body={"status": "started"})] * 10_000)
    program = f"""
import pennylane as qml
import pennylane_qstore as qstore

def make():
    dev = qml.device("qstore.ionq", backend="simulator", api_key="secret", base_url={ionq.url!r})

    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    return circuit

circuits = [make() for _ in range({devices})]
qstore.gather([lambda: circuits[0](0.1), lambda: circuits[-1](0.2)])
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    started = time.monotonic()
    while not all(ionq.count("GET", f"/jobs/job-{i}") for i in range(devices)):
        assert time.monotonic() - started < 60
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert sorted(ionq.cancelled) == [f"job-{i}" for i in range(devices)]
    assert "Interrupted: " in told
    assert "cancelled: job-0" in told
    assert "secret" not in told
