"""The shell's command and what it prints."""

import json
import re
import socket
import subprocess
import sys

import pytest

from pennylane_qstore.cli import commands
from pennylane_qstore.emulator.api.command import line
from pennylane_qstore.emulator.api.context import RUNNER
from tests.emulator.conftest import BELL, Api, multi, single

PROGRAM = "import sys; from pennylane_qstore.cli.commands import main; sys.exit(main())"


class Address:
    """Stands for a server in another process."""

    app = None

    def __init__(self, url):
        self.url = url


@pytest.fixture
def command(tmp_path):
    """Starts `qstore emulator` in another process; gives it and a client of it."""
    processes, apis = [], []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "emulator", "--port", "0", *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        processes.append(process)
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        apis.append(Api(Address(url)))
        return process, apis[-1]

    yield start
    for api in apis:
        api.session.close()
    for process in processes:
        process.kill()
        process.communicate()


def test_every_option(command, tmp_path):
    """All options reach the server; a line is printed for each job."""
    process, api = command(
        *("--seed", "3", "--keep", "5", "--profile", "qpu", "--time-scale", "100000"),
        *("--fault", '503 at=1 on="GET /whoami"', "--noise-rates", "harmony=0.01,0.02"),
        *("--qpu-noise", "--readout-error", "0.01", "--state", "jobs.sqlite", "--log", "log.jsonl"),
    )
    api.refused("GET", "/whoami", 503)
    api.get("/whoami")
    noisy = single(BELL, name="my job", noise={"model": "harmony"}, shots=100)
    job = api.run(noisy)
    assert job["predicted_wait_time_ms"] == round(902 / 100)
    printed = process.stdout.readline()
    assert re.search(rf"{job['id'][:8]} my job +simulator +completed 1 circuit, 2 qubits", printed)
    logged = [json.loads(each) for each in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [each["status"] for each in logged[:2]] == [503, 200]
    process.terminate()
    assert process.wait(30) == 0
    _, again = command("--state", "jobs.sqlite")
    assert again.get(f"/jobs/{job['id']}")["name"] == "my job"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--fault", "boom"], "a fault is a status"),
        (["--time-scale", "0"], "time scale must be more than 0"),
        (["--noise-rates", "aria-1"], "MODEL=ONE,TWO"),
        (["--noise-rates", "loud=0,0"], "no noise model 'loud'"),
        (["--readout-error", "nan"], "readout_error"),
        (["--keep", "0"], "--keep must be 1"),
        (["--seed", "-1"], "--seed must be 0"),
    ],
)
def test_options_that_cannot_be(options, why, capsys):
    """A wrong option is one line on stderr and exit code 2."""
    assert commands.main(["emulator", "--port", "0", *options]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert why in said


def test_a_port_in_use(capsys):
    """A port that is taken is refused in a line that names one that is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert commands.main(["emulator", "--port", str(port)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    free = int(re.search(r"try --port (\d+)", said)[1])
    assert f"127.0.0.1:{port}" in said
    assert free not in (0, port)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free))
    assert commands.main(["emulator", "--port", "99999"]) == 1
    assert "try --port" not in capsys.readouterr().err


@pytest.mark.parametrize(("options", "key"), [([], "secret"), (["--key", "other"], "other")])
def test_a_key_of_the_environment(command, monkeypatch, options, key):
    """The key may come from the environment, where other users don't see it; --key comes first."""
    monkeypatch.setenv("QSTORE_EMULATOR_KEY", "secret")
    _, api = command(*options)
    api.session.headers["Authorization"] = "apiKey wrong"
    api.refused("GET", "/jobs", 401)
    api.session.headers["Authorization"] = f"apiKey {key}"
    assert api.get("/jobs")["jobs"] == []


def test_lines(start):
    """A line says what a job was, and shows a name as it is, not what it would do to a terminal."""
    api = start(faults=["failed at=2"])
    body = multi([BELL, BELL], backend="qpu.forte-1", shots=50)
    body["input"]["circuits"][0]["name"] = "unused"
    job = api.run(body)
    text = line(api.app[RUNNER].store.find(job["id"])).plain
    assert "2 circuits, 2 qubits, 4 gates, 50 shots" in text
    assert "$1.00" in text
    wild = single(BELL)
    wild["input"]["name"] = "\x1b[2J[red]a" + "b" * 200
    shown = line(api.app[RUNNER].store.find(api.run(wild)["id"])).plain
    assert "\N{REPLACEMENT CHARACTER}[2J[red]abb" in shown
    assert "\x1b" not in shown
    assert "InternalError: This job was set to fail." in shown
    assert shown.endswith("[failed]")
