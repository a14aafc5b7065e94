"""Twenty circuits through four clients of IonQ's API: wall time, requests, and the client's work.

Run with ``python -m benchmarks.clients``; clients that aren't installed are left out
(``pip install -e .[interop]``). Each client runs in a process of its own, against a server of its
own that takes the times of the emulator's profile "cloud-simulator", without jitter: 60 ms for a
round trip, 0.3 s to check a job, 0.5 s in the queue, 20 ms a circuit. What a client imports, asks
and compiles once, a batch before the first that counts has done. Processor time is the client's
process alone. The floor is one submit, one look at the right moment and one fetch.
"""

import argparse
import math
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml

from benchmarks.ansatz import LAYERS, SHOTS, WIRES, tape
from benchmarks.served import KEY, Seen, Served, seen
from pennylane_qstore.emulator.service.timing import PROFILES

CIRCUITS, REPEATS = 20, 5
PROFILE = replace(PROFILES["cloud-simulator"], jitter=0.0)
Batch = Sequence[Any]


class Found(NamedTuple):
    """What a batch took.

    Attributes:
        seconds: of wall time, the median of some batches
        processor: seconds of the client's process, the median
        seen: at the server, in one of them
        worst: the largest error of an expectation value, in sigmas of its shots
    """

    seconds: float
    processor: float
    seen: Seen
    worst: float


def qstore(url: str, folder: Path) -> Callable[[Batch], Any]:
    """Our device, with a journal as for any cloud."""
    device = qml.device(
        "qstore.ionq",
        wires=WIRES,
        backend="simulator",
        base_url=url,
        api_key=KEY,
        journal=folder / "journal.sqlite",
    )
    return lambda weights: qml.execute([tape(each) for each in weights], device)


def pennylane_ionq(url: str, folder: Path) -> Callable[[Batch], Any]:
    """PennyLane-IonQ's simulator."""
    del folder
    from pennylane_ionq.api_client import APIClient  # noqa: PLC0415  only in its own process

    APIClient.BASE_URL = url
    device = qml.device("ionq.simulator", wires=WIRES, api_key=KEY)
    return lambda weights: qml.execute([tape(each) for each in weights], device)


def cirq_ionq(url: str, folder: Path) -> Callable[[Batch], Any]:
    """cirq-ionq's ``run_batch``; the means of its samples."""
    del folder
    import cirq  # noqa: PLC0415  only in its own process
    from cirq_ionq import Service  # noqa: PLC0415

    service = Service(api_key=KEY, remote_host=url.removesuffix("/v0.4"))
    qubits = cirq.LineQubit.range(WIRES)

    def circuit(layers: Any) -> Any:
        made = cirq.Circuit(cirq.ry(0.1 * (wire + 1))(qubits[wire]) for wire in range(WIRES))
        for layer in layers:
            for wire, (y, z) in enumerate(layer):
                made.append([cirq.ry(y)(qubits[wire]), cirq.rz(z)(qubits[wire])])
            made.append(cirq.CNOT(*pair) for pair in pairwise(qubits))
        return made + cirq.Circuit(cirq.measure(*qubits, key="m"))

    def run(weights: Batch) -> Any:
        found = service.run_batch(
            list(map(circuit, weights)), repetitions=SHOTS, target="simulator"
        )
        return [1 - 2 * each.measurements["m"].mean(axis=0) for each in found]

    return run


def qiskit_ionq(url: str, folder: Path) -> Callable[[Batch], Any]:
    """qiskit-ionq's simulator; the means of its counts."""
    del folder
    from qiskit import QuantumCircuit  # noqa: PLC0415  only in its own process
    from qiskit_ionq import IonQProvider  # noqa: PLC0415

    backend = IonQProvider(KEY, url=url).get_backend("ionq_simulator")

    def circuit(layers: Any) -> Any:
        made = QuantumCircuit(WIRES, WIRES)
        for wire in range(WIRES):
            made.ry(0.1 * (wire + 1), wire)
        for layer in layers:
            for wire, (y, z) in enumerate(layer):
                made.ry(y, wire)
                made.rz(z, wire)
            for wire in range(WIRES - 1):
                made.cx(wire, wire + 1)
        made.measure(range(WIRES), range(WIRES))
        return made

    def means(counts: dict[str, int]) -> list[float]:
        total = sum(counts.values())
        return [
            sum(n * (-1) ** int(bits[-1 - wire]) for bits, n in counts.items()) / total
            for wire in range(WIRES)
        ]

    def run(weights: Batch) -> Any:
        result = backend.run(list(map(circuit, weights)), shots=SHOTS).result()
        return [means(result.get_counts(place)) for place in range(len(weights))]

    return run


CLIENTS = {
    "qstore.ionq": (qstore, "pennylane_qstore"),
    "pennylane-ionq": (pennylane_ionq, "pennylane_ionq"),
    "cirq-ionq": (cirq_ionq, "cirq_ionq"),
    "qiskit-ionq": (qiskit_ionq, "qiskit_ionq"),
}


def measure(name: str, url: str, circuits: int, repeats: int) -> Found:
    """In the client's own process: batches of its own circuits, made anew each time."""
    warnings.simplefilter("ignore")
    make, _ = CLIENTS[name]
    drawn = np.random.default_rng(0).uniform(-1, 1, (circuits, LAYERS, WIRES, 2))
    exact = qml.execute([tape(each, shots=None) for each in drawn], qml.device("default.qubit"))
    with tempfile.TemporaryDirectory() as folder:
        run = make(url, Path(folder))
        run(drawn)
        before, spent = seen(url), []
        for _ in range(repeats):
            start, worked = time.perf_counter(), time.process_time()
            values = run(drawn)
            spent.append((time.perf_counter() - start, time.process_time() - worked))
        counted = seen(url).since(before)
    truth = np.array(exact)
    sigma = np.sqrt((1 - truth**2).clip(1e-9) / SHOTS)
    return Found(
        statistics.median(wall for wall, _ in spent),
        statistics.median(work for _, work in spent),
        counted,
        float((np.abs(np.array(values) - truth) / sigma).max()),
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="three batches each")
    parser.add_argument("--tiny", action="store_true", help="two circuits, to see that it works")
    asked = parser.parse_args()
    circuits = 2 if asked.tiny else CIRCUITS
    repeats = 1 if asked.tiny else 3 if asked.short else REPEATS
    present = [name for name, (_, module) in CLIENTS.items() if find_spec(module)]
    found = {}
    for name in present:
        with Served(PROFILE) as server, ProcessPoolExecutor(1, get_context("fork")) as pool:
            found[name] = pool.submit(measure, name, server.url, circuits, repeats).result()
    least = 3 * PROFILE.round_trip + PROFILE.waiting + PROFILE.running(circuits, (0, 0), 1)
    print(f"{circuits} circuits of {WIRES} qubits, {SHOTS} shots; median of {repeats}\n")
    print(
        "| | wall | of the floor | client's work | against ours | requests | jobs | looks "
        "| connections | worst error |"
    )
    print("|---|" + "---|" * 9)
    print(f"| the floor | {least:.2f} s | 1 | | | 3 | 1 | 1 | 1 | |")
    ours = found[present[0]]
    for name, each in found.items():
        requests, jobs, looks = (
            n / repeats for n in (each.seen.total, each.seen.jobs, each.seen.looks)
        )
        print(
            f"| {name} | {each.seconds:.2f} s | {each.seconds / least:.2f} "
            f"| {each.processor * 1e3:.0f} ms | {each.processor / ours.processor:.1f} x "
            f"| {requests:.3g} | {jobs:g} | {looks:.3g} | {math.ceil(each.seen.connections)} "
            f"| {each.worst:.1f} sigma |"
        )
    print("\nConnections are those of all batches after the first; looks ask how a job is.")
    missing = [name for name in CLIENTS if name not in present]
    if missing:
        print(f"Not installed: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
