"""The same batch on one, two and three backends: how much sooner it is done.

Run with `python benchmarks/fleet.py`. Thirty circuits, a job each, go to the emulator, whose QPUs
run one job at a time and have no queue of others; the times of the machine are the emulator's QPU
profile, made ten times shorter. Ratios are to one backend, in the same run.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pennylane as qml

sys.path.insert(0, str(Path(__file__).parents[1]))
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import serve
from pennylane_qstore.emulator.service.timing import PROFILES

CIRCUITS, SHOTS = 30, 100
BACKENDS = ["qpu.forte-1", "qpu.forte-enterprise-1", "qpu.aria-1"]
PROFILE = replace(PROFILES["qpu"], jitter=0.0, queue=0.0, scale=10.0)


def seconds(backends):
    """A batch's time, its jobs by backend, and whether its results are right."""
    server = loop.current().run(serve(profile=PROFILE, retired_backends=True))
    dev = qml.device(
        "qstore.ionq",
        backend=backends,
        api_key="any",
        base_url=server.url,
        journal=None,
        error_mitigation={"debiasing": False},
        submission="concurrent",
    )

    @qml.set_shots(SHOTS)
    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    angles = np.linspace(0.0, np.pi, CIRCUITS)
    circuit(angles[:1])  # what is asked once isn't counted
    with qml.Tracker(dev) as tracker:
        start = time.perf_counter()
        found = circuit(angles)
        taken = time.perf_counter() - start
    loop.current().run(server.close())
    # Six sigmas of a mean of a hundred shots.
    right = np.abs(found - np.cos(angles)).max() < 6 / np.sqrt(SHOTS)
    counts = [tracker.history["backends"].count(backend) for backend in backends]
    return taken, counts, right


def main():
    """Prints the table."""
    print(f"{CIRCUITS} jobs of one circuit; the machines are {PROFILE.scale:g} times as fast")
    print(f"{'backends':10}{'time':>9}{'of one':>8}   jobs of each")
    first = None
    for count in range(1, len(BACKENDS) + 1):
        taken, counts, right = seconds(BACKENDS[:count])
        first = first or taken
        shares = ", ".join(map(str, counts)) + ("" if right else "   WRONG RESULTS")
        print(f"{count:<10}{taken:7.2f} s{taken / first:8.2f}   {shares}", flush=True)


if __name__ == "__main__":
    main()
