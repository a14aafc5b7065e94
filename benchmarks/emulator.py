"""The emulator through HTTP against `lightning.qubit` in this process: wall time as a ratio.

Run with `python benchmarks/emulator.py`; `--short` times everything once. Every row stands beside
its rival in the same run, and what both gave is compared:

- a job of 100 circuits of 8 qubits and 60 gates: its JSON is written, posted, polled for, its
  results fetched and read, and every qubit's expectation value taken; the rival runs the same 100
  circuits as tapes by one `qml.execute`.
- 50 steps of SPSA, with a bare HTTP client: both evaluations of a step are one job; the rival's
  are one `qml.execute`. The circuits are made anew in each step, as JSON here and as tapes there.
- the same with the device `qstore.ionq`, whose compiler and client are in the time.
- 50 steps of this package's optimizer on a QNode of the device, one job a step; the rival is
  PennyLane's on a QNode of `lightning.qubit`.
- the same with PennyLane's optimizer on the device: two jobs a step.
"""

import gc
import json
import os
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

# On 8 qubits threads only cost, and on a busy machine they cost lightning dear.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pennylane as qml

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.fleet.remote import embedded_emulator

CIRCUITS, WIRES, LAYERS, STEPS = 100, 8, 4, 50
REPEATS = 1 if "--short" in sys.argv else 7
POLL = 0.002  # seconds


def tape(weights):
    """A ring-less ansatz: in each layer 8 rotations and 7 CNOTs."""
    with qml.queuing.AnnotatedQueue() as queue:
        ansatz(weights)
        for wire in range(WIRES):
            qml.expval(qml.Z(wire))
    return qml.tape.QuantumScript.from_queue(queue)


def ansatz(weights):
    """Applies the layers."""
    for layer in weights:
        for wire in range(WIRES):
            qml.RY(layer[wire], wire)
        for wire in range(WIRES - 1):
            qml.CNOT([wire, wire + 1])


def circuit(weights):
    """The same as IonQ's JSON."""
    return [
        gate
        for layer in weights.tolist()
        for gate in (
            *({"gate": "ry", "target": q, "rotation": x} for q, x in enumerate(layer)),
            *({"gate": "cnot", "control": q, "target": q + 1} for q in range(WIRES - 1)),
        )
    ]


class Client:
    """The least that a client of the API can be: one connection, and short sleeps."""

    def __init__(self, server):
        self.base = urlsplit(server.url)
        self.headers = {"Authorization": f"apiKey {server.key}"}
        self.connection = HTTPConnection(self.base.netloc)

    def ask(self, method, path, body=None):
        """One request and its answer, parsed."""
        self.connection.request(method, path, body, self.headers)
        return json.loads(self.connection.getresponse().read())

    def run(self, circuits):
        """Expectation values of Z on each qubit of each circuit."""
        entry = {
            "gateset": "qis",
            "qubits": WIRES,
            "circuits": [{"circuit": each} for each in circuits],
        }
        body = {"type": "ionq.multi-circuit.v1", "backend": "simulator", "input": entry}
        job = self.ask("POST", f"{self.base.path}/jobs", json.dumps(body).encode())
        path = f"{self.base.path}/jobs/{job['id']}"
        while (job := self.ask("GET", path))["results"] is None:
            time.sleep(POLL)
        answer = self.ask("GET", job["results"]["probabilities"]["url"])
        signs = 1 - 2 * (np.arange(1 << WIRES)[:, None] >> np.arange(WIRES) & 1)
        dense = np.zeros((len(circuits), 1 << WIRES))
        for row, child in zip(dense, job["child_job_ids"], strict=True):
            found = answer[child]
            row[np.fromiter(map(int, found), int, len(found))] = list(found.values())
        return dense @ signs


def spsa(evaluate, start):
    """The weights after some steps of SPSA; `evaluate` takes two sets of weights at once."""
    rng = np.random.default_rng(1)
    weights = start
    for step in range(1, STEPS + 1):
        shift = 0.2 / step**0.101 * rng.choice([-1, 1], size=weights.shape)
        above, below = evaluate([weights + shift, weights - shift])
        slope = (np.sum(above) - np.sum(below)) / (2 * shift)
        weights = weights - 0.05 / step**0.602 * slope
    return weights


def optimized(kind, device, start):
    """The weights after some steps of an optimizer on a QNode."""

    @qml.qnode(device, diff_method=None)
    def energy(weights):
        ansatz(weights)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    np.random.seed(0)
    optimizer = kind(maxiter=STEPS)
    weights = start
    for _ in range(STEPS):
        weights = optimizer.step(energy, weights)
    return weights


def best(*runs):
    """The best wall time of each of a few runs, taken in turns, and what they gave."""
    times = [[] for _ in runs]
    given = [run() for run in runs]
    for _ in range(REPEATS):
        for place, run in enumerate(runs):
            gc.collect()
            start = time.perf_counter()
            run()
            times[place].append(time.perf_counter() - start)
    return [min(each) for each in times], given


def main():
    """Prints the table."""
    client = Client(embedded_emulator(loop.current()))
    weights = np.random.default_rng(0).uniform(-1, 1, (CIRCUITS, LAYERS, WIRES))
    tapes = [tape(each) for each in weights]
    lightning = qml.device("lightning.qubit", wires=WIRES)
    ours = qml.device("qstore.ionq", wires=WIRES)
    circuits = [circuit(each) for each in weights]

    def by_http(pair):
        return client.run([circuit(each) for each in pair])

    def by(device):
        return lambda pair: qml.execute([tape(each) for each in pair], device)

    rows = {
        f"a job of {CIRCUITS} circuits": (
            lambda: client.run(circuits),
            lambda: qml.execute(tapes, lightning),
        ),
        f"{STEPS} SPSA steps, bare client": (
            lambda: spsa(by_http, weights[0]),
            lambda: spsa(by(lightning), weights[0]),
        ),
        f"{STEPS} SPSA steps, qstore.ionq": (
            lambda: spsa(by(ours), weights[0]),
            lambda: spsa(by(lightning), weights[0]),
        ),
        f"{STEPS} steps, qstore.SPSAOptimizer": (
            lambda: optimized(qstore.SPSAOptimizer, ours, qml.numpy.array(weights[0])),
            lambda: optimized(qml.SPSAOptimizer, lightning, qml.numpy.array(weights[0])),
        ),
        f"{STEPS} steps, qml.SPSAOptimizer": (
            lambda: optimized(qml.SPSAOptimizer, ours, qml.numpy.array(weights[0])),
            lambda: optimized(qml.SPSAOptimizer, lightning, qml.numpy.array(weights[0])),
        ),
    }
    print(f"{WIRES} qubits, {len(tapes[0].operations)} gates, exact; best of {REPEATS}")
    print(f"{'':34} {'emulator':>10} {'lightning':>10} {'ratio':>6}")
    for name, runs in rows.items():
        (here, there), (found, expected) = best(*runs)
        np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-8)
        print(f"{name:34} {here * 1e3:7.0f} ms {there * 1e3:7.0f} ms {here / there:6.2f}")


if __name__ == "__main__":
    main()
