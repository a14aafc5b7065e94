"""Twenty circuits on one emulator: jobs, requests and wall time, ours against PennyLane-IonQ.

Run with `python benchmarks/batching.py`. Both devices send the same tapes to the same server, in
the same run; requests are counted at the server. PennyLane-IonQ measures 1,000 shots, because it
has no exact mode; ours runs the same shots.
"""

import time
from collections import Counter

import numpy as np
import pennylane as qml
from pennylane_ionq.api_client import APIClient

from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import REQUESTS
from pennylane_qstore.fleet.remote import embedded_emulator

CIRCUITS, WIRES, LAYERS, SHOTS, REPEATS = 20, 8, 2, 1_000, 5


def tape(weights):
    """A hardware-efficient circuit: 40 one-qubit and 14 two-qubit gates on 8 wires."""
    with qml.queuing.AnnotatedQueue() as queue:
        for wire in range(WIRES):
            qml.RY(0.1 * wire, wire)
        for layer in weights:
            for wire in range(WIRES):
                qml.RY(layer[wire, 0], wire)
                qml.RZ(layer[wire, 1], wire)
            for wire in range(WIRES - 1):
                qml.CNOT([wire, wire + 1])
        qml.expval(qml.Z(WIRES - 1))
    return qml.tape.QuantumScript.from_queue(queue, shots=SHOTS)


def measure(run, server):
    """The best wall time of a few runs, in seconds, and the requests of one of them."""
    run()
    times, requests = [], Counter()
    for _ in range(REPEATS):
        before = Counter(server.app[REQUESTS])
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        requests = Counter(server.app[REQUESTS]) - before
    return min(times), requests


def main():
    """Prints the table."""
    server = embedded_emulator(loop.current())
    APIClient.BASE_URL = server.url
    rng = np.random.default_rng(0)
    tapes = [tape(weights) for weights in rng.uniform(-1, 1, (CIRCUITS, LAYERS, WIRES, 2))]
    ours = qml.device("qstore.ionq", wires=WIRES)
    theirs = qml.device("ionq.simulator", wires=WIRES, api_key=server.key)
    rows = {
        "qstore.ionq, one batch": lambda: qml.execute(tapes, ours),
        "qstore.ionq, one by one": lambda: [qml.execute([each], ours) for each in tapes],
        "ionq.simulator, one batch": lambda: qml.execute(tapes, theirs),
        "ionq.simulator, one by one": lambda: [qml.execute([each], theirs) for each in tapes],
    }
    found = {name: measure(run, server) for name, run in rows.items()}
    best, _ = found["qstore.ionq, one batch"]
    print(f"{CIRCUITS} circuits, {WIRES} wires, {SHOTS} shots, emulator without delays")
    print(f"{'':28} {'jobs':>5} {'requests':>9} {'time':>9} {'ratio':>6}")
    for name, (seconds, requests) in found.items():
        jobs, total = requests["POST /jobs"], sum(requests.values())
        print(f"{name:28} {jobs:5} {total:9} {seconds * 1e3:6.0f} ms {seconds / best:6.1f}")


if __name__ == "__main__":
    main()
