"""A warm call of a QNode: what runs in the calling thread, and its CPU time without the network.

Run with `python benchmarks/warm_path.py`. One call has 20 rows on 2 qubits, and its structure was
compiled before. Printed are, for exact probabilities and for shots: how many files of the package
it enters, how many of its functions it calls, and how often the next call is in another file, all
counted by `sys.setprofile`; and the CPU time of the process for one call whose jobs are answered
with a fixed histogram in place of the client.

With `--against PATH`, a checkout of another commit, both are measured in turns, in processes of
their own, and the ratio of their CPU times is printed. `PYTHONPATH=PATH python
benchmarks/warm_path.py` measures another checkout alone.
"""

import argparse
import gc
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pennylane as qml

import pennylane_qstore
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.programs.outcomes import Outcomes

ROWS, SHOTS, CALLS, ROUNDS = 20, 1000, 50, 10
PACKAGE = str(Path(pennylane_qstore.__file__).parent) + os.sep


def warm_call(shots):
    """A call of a QNode that was called before, with new angles each time."""
    rng = np.random.default_rng(1)

    @qml.set_shots(shots)
    @qml.qnode(qml.device("qstore.ionq", wires=2))
    def circuit(features, weights):
        qml.RX(features, 0)
        qml.RY(features, 1)
        qml.CNOT([0, 1])
        qml.RY(weights[0], 0)
        qml.RX(weights[1], 1)
        return qml.expval(qml.Z(0))

    def call():
        circuit(rng.uniform(0.3, 2.9, ROWS), rng.uniform(0.3, 2.9, 2))

    for _ in range(3):
        call()
    return call


def counted(call):
    """Files of the package that a call enters, its calls, and its changes of the file."""
    files = []

    def profile(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            files.append(frame.f_code.co_filename)

    gc.collect()
    gc.disable()  # what earlier calls left isn't this call's
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        gc.enable()
    changes = sum(one != other for one, other in itertools.pairwise(files))
    return len(set(files)), len(files), changes


async def answered(_, jobs, *__, **___):
    """What the client would have for jobs: one histogram for every circuit."""
    histogram = Outcomes(np.arange(2), np.array([0.75, 0.25]))
    return {index: histogram for job in jobs for index in job.indices}


def seconds(call):
    """CPU seconds of one call: the lowest mean of some rounds."""
    means = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            call()
        means.append((time.process_time() - started) / CALLS)
    return min(means)


def measured():
    """The three counts and the CPU seconds of a call, exact and with shots."""
    calls = {"exact": warm_call(None), f"{SHOTS} shots": warm_call(SHOTS)}
    counts = {name: counted(call) for name, call in calls.items()}
    Client.run = answered
    return {name: (*counts[name], seconds(call)) for name, call in calls.items()}


def measured_in(checkout):
    """The same of a checkout, in a process of its own."""
    command = [sys.executable, __file__, "--json"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(told.stdout)


def main():
    """Measures this checkout, or two in turns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--against", metavar="PATH", help="a checkout of another commit")
    parser.add_argument("--turns", type=int, default=3, help="of each checkout")
    args = parser.parse_args()
    if args.json:
        print(json.dumps(measured()))
        return
    here = Path(PACKAGE).parent
    if not args.against:
        report(here, measured())
        return
    checkouts = (Path(args.against), here)
    runs = [[measured_in(checkout) for checkout in checkouts] for _ in range(args.turns)]
    for checkout, own in zip(checkouts, zip(*runs, strict=True), strict=True):
        report(checkout, own[0])
    for name in runs[0][0]:
        ratios = [now[name][3] / before[name][3] for before, now in runs]
        print(f"{name}: CPU time of {here} is {statistics.median(ratios):.2f} of the other's")


def report(checkout, figures):
    """Prints what was measured of a checkout."""
    for name, (files, calls, changes, cpu) in figures.items():
        print(
            f"{checkout}, {name}: {files} files, {calls} calls, {changes} changes of the file, "
            f"{cpu * 1e6:.0f} µs of CPU time a call"
        )


if __name__ == "__main__":
    main()
