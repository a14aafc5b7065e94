"""Programs are looked at before they are unrolled, and unrolled in a process with limits."""

import os
import signal
import threading
import time

import pytest

from pennylane_qstore.emulator.intake.qasm import read_program
from pennylane_qstore.emulator.intake.qasm_process import ProgramReader
from pennylane_qstore.emulator.intake.qasm_size import ProgramError
from tests.emulator.conftest import BELL, single

HEAD = 'OPENQASM 3.0; include "stdgates.inc";'
SLOW = f"{HEAD} qubit[2] q; " + "for int i in [0:30000] { cx q[0], q[1]; }"
LONG = SLOW.replace("30000", "8000")


def job(text, **more):
    """The body of a job of a program."""
    return {"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": text}, **more}


@pytest.fixture
def reader():
    """Makes readers, and closes them after the test."""
    readers = []

    def make(**limits):
        readers.append(ProgramReader(**limits))
        return readers[-1]

    yield make
    for each in readers:
        each.close()


LARGE = {
    "qubits": "qubit[1000000000] q;",
    "registers": "qubit[40] a; qubit[40] b;",
    "bits": "qubit q; bit[1000000000] c;",
    "a constant": "const int n = 10 ** 8; qubit[n] q;",
    "a huge number": f"qubit[{10**400}] q;",
    "a loop": "qubit q; for int i in [0:1000000000] { x q; }",
    "loops in loops": "qubit q; for int i in [1:1000] { for int j in [1:1000] { x q; } }",
    "a loop backwards": "qubit q; for int i in [1000000000:-2:0] { x q; }",
    "a constant loop": "const int n = 1000; qubit q; for int i in [1:n * n] { x q; }",
    "a power": "qubit q; pow(1000000000) @ x q;",
    "powers of powers": "qubit q; pow(1000) @ pow(-1000) @ x q;",
    "a register": "qubit[60] q; for int i in [1:3000] { h q; }",
    "gates of gates": "gate a q { x q; x q; } "
    + " ".join(
        f"gate {b} q {{ {f'{a} q; ' * 10} }}" for a, b in zip("abcdefg", "bcdefgk", strict=True)
    )
    + " qubit q; k q;",
    "a subroutine": "def f(qubit q) { for int i in [0:100000] { x q; x q; } } qubit q; f(q);",
    "a branch": "qubit q; bit c; if (true) { pow(1000000) @ x q; }",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_large_program_is_refused_at_once(text):
    """Whatever it would unroll to, refusing it takes as long as reading its few words."""
    begin = time.process_time()
    with pytest.raises(ProgramError, match="A program may have"):
        read_program(f"{HEAD} {text}")
    assert time.process_time() - begin < 3


def test_small_ones_pass():
    """What looks like the others, and is small, is read."""
    loop = "for int i in [0:2:n - 1] { pow(3) @ x q[i]; }"
    assert len(read_program(f"{HEAD} const int n = 2 ** 3; qubit[n] q; {loop}").gates) == 12
    down = f"{HEAD} qubit q; for int i in [3:-1:1] {{ x q; }} for int j in {{4, 7}} {{ y q; }}"
    assert [gate["gate"] for gate in read_program(down).gates] == ["x"] * 3 + ["y"] * 2


@pytest.mark.parametrize(
    ("bounds", "places"),
    [
        ("[0:2:7]", [0, 2, 4, 6]),
        ("[0:2:6]", [0, 2, 4, 6]),
        ("[1:3:6]", [1, 4]),
        ("[6:-4:0]", [6, 2]),
        ("[5:2:4]", []),
        ("[4:5]", [4, 5]),
        ("[5:4]", []),
        ("[n:-2:n - 3]", [7, 5]),
    ],
)
def test_a_range_ends_where_it_says(bounds, places):
    """A range has no value beyond its end, whatever its step."""
    text = f"{HEAD} const int n = 7; qubit[8] q; for int i in {bounds} {{ x q[i]; }}"
    assert [gate["targets"] for gate in read_program(text).gates] == [[place] for place in places]


def test_a_step_without_constant_bounds():
    """A range that can't be mended is refused; with steps of 1 it needs no mending."""
    text = f"{HEAD} qubit[9] q; for int i in [0:2] {{ for int j in [i:STEP3] {{ x q[j]; }} }}"
    with pytest.raises(ProgramError, match="constant bounds"):
        read_program(text.replace("STEP", "2:"))
    assert len(read_program(text.replace("STEP", "")).gates) == 4 + 3 + 2


def test_a_process_reads_what_this_one_reads(reader):
    """The process gives the program, and the refusals, that reading it here gives."""
    process = reader()
    text = f"{HEAD} qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
    assert process.read(text) == read_program(text)
    with pytest.raises(ProgramError, match="can't be read"):
        process.read("this is nothing")
    assert process.read(text).bits == 2


def test_time_is_bounded(reader):
    """A program that takes too long is given up, and the next is read."""
    process = reader(seconds=2)
    begin = time.monotonic()
    with pytest.raises(ProgramError, match="more than 2 s"):
        process.read(SLOW)
    assert time.monotonic() - begin < 10
    process._seconds = 60
    assert len(process.read(f"{HEAD} qubit q; x q;").gates) == 1


def test_memory_is_bounded(reader):
    """The process has a limit; one that the system ends says so, and the next is read."""
    resource = pytest.importorskip("resource")
    process, failures = reader(megabytes=1000), []

    def read():
        try:
            process.read(SLOW)
        except ProgramError as error:
            failures.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    while process._process is None:
        time.sleep(0.01)
    time.sleep(1)
    pid = process._process.pid
    assert resource.prlimit(pid, resource.RLIMIT_AS)[0] == 1000 << 20
    os.kill(pid, signal.SIGKILL)
    thread.join(10)
    assert failures == ["Reading the program takes more than 1000 MB."]
    assert len(process.read(f"{HEAD} qubit q; x q;").gates) == 1


def test_a_reader_can_be_closed_while_it_reads(reader):
    """Whoever waits is told, and nothing is left running."""
    process, failures = reader(), []

    def read():
        try:
            process.read(SLOW)
        except ProgramError as error:
            failures.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.2)
    process.close()
    thread.join(10)
    assert len(failures) == 1
    with pytest.raises(ProgramError, match="closed"):
        process.read(SLOW)


def test_others_don_t_wait(api):
    """While a long program is read, other jobs are taken in, small and large."""
    program = threading.Thread(target=api.call, args=("POST", "/jobs"), kwargs={"json": job(LONG)})
    program.start()
    time.sleep(0.2)
    begin = time.monotonic()
    assert api.run(single(BELL))["status"] == "completed"
    large = single(BELL * 2000)
    assert api.run(large)["status"] == "completed"
    assert program.is_alive()
    assert time.monotonic() - begin < 20
    program.join(60)
