"""The line while a batch waits."""

import io
import threading

import pennylane as qml
import pytest
from rich.console import Console

from pennylane_qstore.reporting import progress
from pennylane_qstore.reporting.events import Completed, Resumed, Submitted, Waiting
from pennylane_qstore.reporting.progress import State, shown

FORTE, ARIA = "qpu.forte-1", "qpu.aria-1"


@pytest.mark.parametrize(
    ("events", "line"),
    [
        ([Submitted("a", 3, FORTE)], "qpu.forte-1: 1 submitted"),
        (
            [Submitted("a", 3, FORTE), Waiting("a", "ready", 240.0)],
            "qpu.forte-1: 1 queued · about 4 min left",
        ),
        (
            [
                Submitted("a", 3, FORTE),
                Submitted("b", 3, ARIA),
                Resumed("c", 3, 90.0, FORTE),
                Waiting("a", "started", 9.6),
                Waiting("b", "ready", 7_200.0),
                Waiting("c", "ready", None),
            ],
            "qpu.forte-1, qpu.aria-1: 1 running, 2 queued · about 2.0 h left",
        ),
        (
            [
                Submitted("a", 3, FORTE),
                Submitted("b", 3, FORTE),
                Waiting("a", "completed", -1.0),
                Completed("a", 1.0, 1.0, 2.5, "usd"),
                Waiting("b", "started", -3.0),
            ],
            "qpu.forte-1: 1 running, 1 done · about to end · 2.50 usd so far",
        ),
        (
            [Submitted("a", 1, FORTE), Waiting("a", "a new one", 0.2)],
            "1 a new one · about 1 s left",
        ),
    ],
)
def test_the_line_tells_state_time_and_cost(events, line):
    """In IonQ's states, as words."""
    state = State()
    for event in events:
        state.hear(event, 100.0)
    assert state.text(100.0).endswith(line)


def test_time_goes_down_between_looks():
    """What is left is counted from the last look."""
    state = State()
    state.hear(Waiting("a", "ready", 50.0), 100.0)
    assert "about 30 s left" in state.text(120.0)


def wait(console, on=True):
    with shown(on, console) as hear:
        hear(Submitted("a", 1, FORTE))
        hear(Waiting("a", "ready", 30.0))


def test_a_line_appears_on_a_terminal_and_goes_away(monkeypatch):
    """After a second, and not where it isn't wanted."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80)
    wait(console)
    assert written.getvalue() == ""
    monkeypatch.setattr(progress, "DELAY", 0.0)
    wait(console, on=False)
    wait(console, on=None)  # this is no terminal
    assert written.getvalue() == ""
    wait(console)
    assert "qpu.forte-1: 1 queued" in written.getvalue()


def test_threads_share_one_line(monkeypatch):
    """The second to wait shows none, and doesn't fail."""
    monkeypatch.setattr(progress, "DELAY", 0.0)
    first, second = (Console(file=io.StringIO(), force_terminal=True) for _ in range(2))
    with shown(True, first):
        thread = threading.Thread(target=wait, args=(second,))
        thread.start()
        thread.join()
    assert second.file.getvalue() == ""


def test_a_device_shows_what_it_waits_for(ionq, monkeypatch, capsys):
    """Where it is asked to."""
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    ionq.queue = 0.5
    dev = qml.device(
        "qstore.ionq", backend="simulator", api_key="k", base_url=ionq.url, progress=True
    )

    @qml.qnode(dev)
    def circuit():
        qml.X(0)
        return qml.expval(qml.Z(0))

    circuit()
    assert "simulator: 1 queued" in capsys.readouterr().err
