"""A signal at any moment ends the coroutine that the main thread waits for."""

import asyncio
import os
import random
import signal
import threading

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs a signal to send")


@pytest.fixture
def signalled():
    """Runs a call into which a signal comes after some seconds, whose handler raises."""
    before = signal.getsignal(signal.SIGUSR1)

    def signalled(call, seconds, error=KeyboardInterrupt):
        over = threading.Event()

        def raising(*_):
            if not over.is_set():
                raise error

        signal.signal(signal.SIGUSR1, raising)

        def send():
            threading.Event().wait(seconds)
            os.kill(os.getpid(), signal.SIGUSR1)

        sender = threading.Thread(target=send)
        try:
            sender.start()
            call()
        finally:
            over.set()
            sender.join()

    yield signalled
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, SystemExit])
@pytest.mark.parametrize("most", [0.0, 2e-4, 3e-3])
def test_no_coroutine_outlives_its_caller(signalled, error, most):
    """Whether the signal comes before it begins, as it begins, or later; whatever it raises."""
    running, draw = loop.current(), random.Random(1)
    states = []

    async def work():
        states.append("begun")
        try:
            await asyncio.sleep(60.0)
        finally:
            states.append("ended")

    for _ in range(60):
        with pytest.raises(error):
            signalled(lambda: running.run(work()), draw.uniform(0.0, most), error)
        assert states in ([], ["begun", "ended"])
        states.clear()


def test_what_is_ready_is_given(signalled):
    """A signal that comes when the work is done takes nothing away."""
    running, draw = loop.current(), random.Random(1)

    async def work():
        return 7

    given = 0
    for _ in range(60):
        try:
            signalled(lambda: results.append(running.run(work())), draw.uniform(0.0, 1e-3))
        except KeyboardInterrupt:
            continue
        given += 1
    assert results == [7] * given


results: list[int] = []


@pytest.mark.parametrize("submission", ["batch", "concurrent"])
def test_no_job_is_left_running(ionq, signalled, submission):
    """Ctrl-C at random moments: every job is cancelled, or had ended; the text says which."""
    ionq.execution, draw = 0.15, random.Random(2)
    dev = qml.device(
        "qstore.ionq",
        backend="simulator",
        api_key="secret",
        base_url=ionq.url,
        journal=None,
        submission=submission,
        progress=False,
    )

    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    async def live():
        return ionq.live()

    circuit(np.array([0.1, 0.2]))
    for number in range(20):
        with pytest.raises(KeyboardInterrupt) as caught:
            signalled(
                lambda: circuit(np.array([0.1, 0.2])), draw.uniform(0, (0.01, 0.1)[number % 2])
            )
        assert loop.current().run(live()) == []
        if isinstance(caught.value, qstore.Interrupted):
            assert "may still run" not in str(caught.value)
            assert set(caught.value.job_ids) <= set(ionq.cancelled)
