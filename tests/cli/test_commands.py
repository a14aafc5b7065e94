"""The shell's door."""

import json
import re
import signal
import subprocess
import sys
import urllib.request

import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cli import commands
from pennylane_qstore.version import __version__


def test_the_version_is_told(capsys):
    """``qstore --version`` prints the package's version."""
    with pytest.raises(SystemExit, match="0"):
        commands.main(["--version"])
    assert capsys.readouterr().out.strip() == __version__


def test_a_command_is_needed(capsys):
    """``qstore`` alone says how it is used, and fails."""
    with pytest.raises(SystemExit, match="2"):
        commands.main([])
    assert "COMMAND" in capsys.readouterr().err


def test_a_training_that_cannot_be_says_so_in_one_line(capsys):
    """``qstore train`` refuses a setting with exit code 2 and one line."""
    assert commands.main(["train", "--wires", "0"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def emulator():
    """``qstore emulator`` on a free port, that takes one key; gives the process and its address."""
    program = "import sys; from pennylane_qstore.cli.commands import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "emulator", "--port", "0", "--key", "K"],
        stdout=subprocess.PIPE,
        text=True,
    )
    url = re.search(r"http://\S+", process.stdout.readline())[0]
    yield process, url
    process.kill()
    process.communicate()


def test_the_emulator_serves_until_it_is_stopped(emulator):
    """``qstore emulator`` answers at the address it prints, and ends well at Ctrl-C."""
    process, url = emulator
    with urllib.request.urlopen(f"{url}/backends", timeout=10) as response:
        assert "simulator" in {row["backend"] for row in json.load(response)}
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_the_device_runs_on_another_process_emulator(emulator):
    """A device with the emulator's address runs there, and only with the right key."""

    def run(key):
        dev = qml.device("qstore.ionq", backend="simulator", base_url=emulator[1], api_key=key)

        @qml.qnode(dev)
        def circuit():
            qml.X(0)
            return qml.expval(qml.Z(0))

        return circuit()

    assert run("K") == pytest.approx(-1)
    with pytest.raises(qstore.UnauthorizedError):
        run("another")
