"""What a circuit costs from 1 to 100,000 circuits, 4 to 36 qubits, 1 to 32 threads: the slopes.

Run with ``python -m benchmarks.scale``. A slope is that of the logarithms between the first and
the last row: of time against circuits, 1 is a constant price for each.

- Circuits: one broadcast tape of 8 qubits and 54 gates, from the tape to the texts of its jobs.
  There is no server: no emulator simulates 100,000 circuits in a coffee break. Memory is the most
  that the process held, above what it held before.
- Qubits: 100 circuits on more and more qubits; no server either, as 36 qubits can't be simulated.
- Threads: each sends circuits of its own through one device, one after the other, to an emulator
  in a process of its own with the profile "cloud-simulator", ten times faster, and 64 lanes.
"""

import argparse
import gc
import math
import resource
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml

from benchmarks.ansatz import LAYERS, SHOTS, WIRES, tape, tapes
from benchmarks.served import KEY, Served
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing
from pennylane_qstore.emulator.service.timing import PROFILES

CIRCUITS = (1, 10, 100, 1_000, 10_000, 100_000)
QUBITS, BATCH = (4, 8, 12, 16, 20, 24, 28, 32, 36), 100
THREADS, CALLS = (1, 2, 4, 8, 16, 32), 8
_MEGABYTES = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes there


class Made(NamedTuple):
    """A batch that was made ready to send.

    Attributes:
        cold: seconds, when the structure is new
        warm: seconds, when it is known
        bind: seconds of that from the tape to the numbers
        jobs: that it takes
        size: of their texts, in bytes
        memory: in megabytes, above what there was
        gates: one-qubit and two-qubit gates of a circuit
    """

    cold: float
    warm: float
    bind: float
    jobs: int
    size: int
    memory: float
    gates: tuple[int, int]


def made(circuits: int, wires: int) -> Made:
    """One broadcast tape to its jobs' texts, twice; best in a process of its own."""
    warnings.simplefilter("ignore")
    drawn = np.random.default_rng(0).uniform(-1, 1, (LAYERS, wires, 2, circuits))
    target, labels = Target("zz"), qml.wires.Wires(range(wires))
    steps = preprocessing("benchmark", labels, None, TemplateCache(), lambda: target)
    settings = {"backend": "simulator"}

    def ready() -> tuple[Any, list[packing.Job], int]:
        batch = compile_batch(steps((tape(drawn, wires),))[0], labels, target)
        jobs = packing.pack([(programs, shots) for programs, shots, _ in batch])
        return batch, jobs, sum(len(each.body(settings)) for each in jobs)

    start = time.perf_counter()
    compile_batch(steps((tape(drawn[..., :1], wires),))[0], labels, target)
    cold = time.perf_counter() - start
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    batch, jobs, size = ready()
    warm = time.perf_counter() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / _MEGABYTES
    start = time.perf_counter()
    compile_batch(steps((tape(drawn, wires),))[0], labels, target)
    bind = time.perf_counter() - start
    counted = batch[0][0].gate_counts()
    return Made(cold, warm, bind, len(jobs), size, memory, (counted["1q"], counted["2q"]))


def alone(function: Any, *arguments: Any) -> Any:
    """A function's value, from a process of its own."""
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        return pool.submit(function, *arguments).result()


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Of the logarithms, from the first to the last."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def by_circuits(sizes: Sequence[int]) -> None:
    """Prints the table of circuits."""
    print(f"\n### Circuits: {WIRES} qubits, one broadcast tape\n")
    print("| circuits | all | a circuit | of that to numbers | jobs | their texts | memory |")
    print("|---|---|---|---|---|---|---|")
    found = [alone(made, size, WIRES) for size in sizes]
    for size, each in zip(sizes, found, strict=True):
        print(
            f"| {size:,} | {each.warm * 1e3:,.1f} ms | {each.warm / size * 1e6:,.1f} µs "
            f"| {each.bind / size * 1e6:,.1f} µs | {each.jobs} | {each.size / 1e6:,.2f} MB "
            f"| {each.memory:,.0f} MB |"
        )
    if len(sizes) > 2:
        first = len(sizes) // 2
        time_slope = slope(sizes[first:], [each.warm for each in found[first:]])
        memory = found[-1].memory / sizes[-1] * 1e3
        print(
            f"\nSlope of time from {sizes[first]:,} circuits on: {time_slope:.2f}; "
            f"memory at the end: {memory:.1f} kB a circuit."
        )


def by_qubits(sizes: Sequence[int]) -> None:
    """Prints the table of qubits."""
    print(f"\n### Qubits: {BATCH} circuits\n")
    print("| qubits | gates | new structure | known structure, a circuit | a gate |")
    print("|---|---|---|---|---|")
    found = [alone(made, BATCH, size) for size in sizes]
    for size, each in zip(sizes, found, strict=True):
        ones, twos = each.gates
        micro = each.warm / BATCH * 1e6
        print(
            f"| {size} | {ones}+{twos} | {each.cold * 1e3:.1f} ms | {micro:.1f} µs "
            f"| {micro / (ones + twos):.2f} µs |"
        )
    print(
        f"\nSlopes against qubits: {slope(sizes, [each.cold for each in found]):.2f} for a new "
        f"structure, {slope(sizes, [each.warm for each in found]):.2f} for a known one; gates "
        f"{slope(sizes, [sum(each.gates) for each in found]):.2f}."
    )


def by_threads(sizes: Sequence[int]) -> None:
    """Prints the table of threads."""
    profile = replace(PROFILES["cloud-simulator"], jitter=0.0, lanes=64, scale=10)
    print(f"\n### Threads: {CALLS} calls of one circuit each, one device\n")
    print("| threads | wall | circuits a second | against one thread | connections |")
    print("|---|---|---|---|---|")
    rates = []
    for threads in sizes:
        with Served(profile) as server:
            seconds, connections = alone(_called, server.url, threads)
        rates.append(threads * CALLS / seconds)
        print(
            f"| {threads} | {seconds:.2f} s | {rates[-1]:.1f} | {rates[-1] / rates[0]:.1f} x "
            f"| {connections} |"
        )
    print(f"\nSlope of the rate: {slope(sizes, rates):.2f}.")


def _called(url: str, threads: int) -> tuple[float, int]:
    warnings.simplefilter("ignore")
    from benchmarks.served import seen  # noqa: PLC0415  in the process that counts

    device = qml.device(
        "qstore.ionq", wires=WIRES, backend="simulator", base_url=url, api_key=KEY, journal=None
    )
    # PennyLane's queue is not safe for threads, so circuits are made before.
    circuits = tapes(threads * CALLS + 1)
    qml.execute(circuits[-1:], device)
    shares = [circuits[each * CALLS : (each + 1) * CALLS] for each in range(threads)]

    def calls(share: Sequence[Any]) -> None:
        for circuit in share:
            qml.execute([circuit], device)

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(calls, shares))
        return time.perf_counter() - start, seen(url).connections


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer sizes, up to 10,000 circuits")
    parser.add_argument("--tiny", action="store_true", help="few and small, to see that it works")
    asked = parser.parse_args()
    every: dict[Any, Sequence[int]] = {
        by_circuits: CIRCUITS,
        by_qubits: QUBITS,
        by_threads: THREADS,
    }
    if asked.short:
        every = {by_circuits: CIRCUITS[:-1], by_qubits: (4, 16, 36), by_threads: (1, 8, 32)}
    if asked.tiny:
        every = {by_circuits: (1, 10, 100), by_qubits: (4, 8), by_threads: (1, 2)}
    print(f"{SHOTS} shots; native gates, ZZ.")
    for table, sizes in every.items():
        table(sizes)


if __name__ == "__main__":
    main()
