"""A Ctrl-C in ``qstore train``: one line, the curves so far, and how to continue."""

import contextlib
import os
import signal
import subprocess
import sys
import weakref

import pytest

from pennylane_qstore.train.examples import interruption
from pennylane_qstore.train.examples.interruption import ending_the_process, interruptible

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no signals to oneself on this system")
MAIN = "import sys; from pennylane_qstore.cli import main; sys.exit(main())"
WORDS = ["--wires", "2", "--layers", "1", "--batch-size", "4", "--steps", "100000",
         "--log-interval", "1"]  # fmt: skip


def press():
    """A Ctrl-C in this process."""
    signal.raise_signal(signal.SIGINT)


def train(folder, *words):
    """Starts ``qstore train``."""
    command = [sys.executable, "-u", "-c", MAIN, "train", *WORDS, *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def until(process, begin):
    """Reads what a training prints, up to a line that begins so."""
    for line in process.stdout:
        if line.startswith(begin):
            return line
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize(
    ("begin", "words", "hint", "files"),
    [
        ("digits 0 and 1", [], "stopped before the first step", []),
        ("step 3/", [], "with qstore train --run NAME, a training", ["qstore-train.png"]),
        (
            "step 2/",
            ["--run", "evening", "--plot", "curves.png"],
            "qstore train --run evening --resume continues it",
            ["curves.png", "evening.checkpoint.npz"],
        ),
    ],
)
def test_stopped(tmp_path, begin, words, hint, files):
    """One line on standard error; a picture where there are steps; the shells' exit code."""
    process = train(tmp_path, *words)
    until(process, begin)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert err.startswith("qstore train: stopped ")
    assert hint in err
    assert err.count("\n") == 1
    assert sorted({path.name for path in tmp_path.iterdir()} - {"state"}) == files


def swallow():
    """Presses where Python can't raise: in a callback of a weak reference."""

    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing, lambda _: press())
    del thing
    assert reference() is None


def convert():
    """Presses where a library raises an error of its own."""
    try:
        press()
    except KeyboardInterrupt:
        raise ValueError("converted") from None


def ignore():
    """Presses where a library takes it for its own."""
    with contextlib.suppress(KeyboardInterrupt):
        press()


@pytest.mark.parametrize("pressed", [press, swallow, convert, ignore])
def test_none_is_lost(capfd, pressed):
    """Whatever the code does with the KeyboardInterrupt, the block ends with one, and no noise."""
    with pytest.raises(KeyboardInterrupt), interruptible():
        pressed()
    assert capfd.readouterr().err == ""
    with interruptible():  # the next training begins without it
        interruption.check()


def test_other_errors_stay_what_they_are():
    """Without a Ctrl-C, the block changes nothing, and the handler before it is back."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="own"), interruptible():
        raise ValueError("own")
    with ending_the_process("never"):
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_one_ends_the_process(capfd):
    """At once, with one line, whatever code holds which lock."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(KeyboardInterrupt), interruptible():
            ignore()
            ignore()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert capfd.readouterr().err.startswith("qstore train: stopped; jobs that were sent may")
