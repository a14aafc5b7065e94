"""CPU time of the command line and of the import, as multiples of `import pennylane`.

Run with `python benchmarks/startup.py`. Each program runs in a process of its own, several times,
in turn with the others; its CPU time is the least of its runs, user and system together. The last
line says how soon `qstore train` writes its first line, and what fraction of its time that is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAIN = "import sys; from pennylane_qstore.cli import main; sys.exit(main(sys.argv[1:]))"
BASE = "import pennylane"
PROGRAMS = {
    BASE: ["-c", BASE],
    "import pennylane_qstore": ["-c", "import pennylane_qstore"],
    "qstore --version": ["-c", MAIN, "--version"],
    "qstore --help": ["-c", MAIN, "--help"],
    "qstore train --help": ["-c", MAIN, "train", "--help"],
    "qstore emulator --help": ["-c", MAIN, "emulator", "--help"],
    "qstore jobs list": ["-c", MAIN, "jobs", "list"],
}


def environment(folder):
    """The process's environment, with this package's source and a state folder of its own."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": folder}


def cpu_seconds(words, folder):
    """User and system time of a program, in seconds."""
    process = subprocess.Popen(
        [sys.executable, *words], env=environment(folder), cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return usage.ru_utime + usage.ru_stime


def first_line(folder):
    """Seconds until `qstore train` writes its first line, and until it ends."""
    begun = time.perf_counter()
    words = [sys.executable, "-u", "-c", MAIN, "train"]
    with subprocess.Popen(
        words, env=environment(folder), cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        first = time.perf_counter() - begun
        process.communicate()
    return first, time.perf_counter() - begun


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of each program (%(default)s)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        seconds = {name: [] for name in PROGRAMS}
        for _ in range(runs):
            for name, words in PROGRAMS.items():
                seconds[name].append(cpu_seconds(words, folder))
        base = min(seconds[BASE])
        print(f"{'program':26}{'CPU, s':>8}{'ratio':>8}")
        for name, values in seconds.items():
            print(f"{name:26}{min(values):8.3f}{min(values) / base:8.3f}")
        first, whole = first_line(folder)
        print(
            f"qstore train: first line after {first:.2f} s of {whole:.2f} s ({first / whole:.0%})"
        )


if __name__ == "__main__":
    main()
