"""Q-Store's own table: batches of its circuit, through a cloud as slow as it measured.

Run with ``python -m benchmarks.qstore_table``. Q-Store's design of version 3.4 says what its
cloud took: 0.5 s for a request, 0.65 s in the queue, 0.575 s of execution a circuit; and it
promised 8.75 times the speed of one by one for a batch of 20. Here an emulator in a process of its
own takes those times, with 1, 5 and 20 lanes that run circuits at once; nothing else is made
faster: the time scale is 1 unless ``--scale`` says otherwise, because at any other a client's own
work would look as many times longer. Every way sends the same circuits; a job that has one circuit
is run by one lane, a job of many by as many as there are.

- one by one, as v3.3.1: submit, wait, fetch, and then the next; textbook gates, no templates;
- concurrent, as v3.4: a job a circuit, 5 connections, each job looked at by itself after 0.2 s and
  then 1.5 times that, up to 5 s;
- concurrent, ours: a job a circuit, 20 connections, one look for all;
- one job, ours: without templates, with them, and with native gates.

Ours runs each batch twice, as a training does, and the second counts: the first of a new size is
looked at by what jobs of other sizes took. What the first took is the last line.

The floor is that of one job: one submit, the queue, the circuits on all lanes, one look and one
fetch, with no work on either side. Many jobs may go below it, where some are fetched while others
still run; and one job may by half a request, where a look is under way when it ends.
"""

import argparse
import asyncio
import json
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pennylane as qml
from pennylane.tape import QuantumScript

from benchmarks.ansatz import LAYERS, SHOTS, WIRES, tapes
from benchmarks.served import KEY, Served, seen
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing
from pennylane_qstore.emulator.service.timing import Profile

REQUEST, QUEUE, EXECUTION = 0.5, 0.65, 0.575
SIZES, LANES = (10, 20, 50, 100), (1, 5, 20)
PROMISED = {10: 7.0, 20: 8.75, 50: 10.9, 100: 11.7}
MOST = 1.10  # of the floor, what a batch of ours may take
V34_CONNECTIONS, V34_FIRST_POLL, V34_LONGER, V34_LONGEST = 5, 0.2, 1.5, 5.0
ONE_BY_ONE, V34, OURS = "one by one (v3.3.1)", "concurrent (v3.4)", "one job, + native gates"
WAYS: dict[str, dict[str, Any]] = {
    ONE_BY_ONE: {"submission": "sequential", "gateset": "qis", "cache": False},
    V34: {},
    "concurrent, ours": {"submission": "concurrent", "gateset": "qis", "cache": False},
    "one job, QIS": {"gateset": "qis", "cache": False},
    "one job, + templates": {"gateset": "qis"},
    OURS: {},
}

# What they learn nothing from, and what nobody would want to wait for twice.
ALONE = (ONE_BY_ONE, V34)


class Cell(NamedTuple):
    """One batch.

    Attributes:
        first: seconds of the profile's time for the first batch of its size
        seconds: the same for the last one
        requests: at the server
        jobs: at the server
    """

    first: float
    seconds: float
    requests: int
    jobs: int


def profile(lanes: int, scale: float) -> Profile:
    """Their cloud, with so many lanes."""
    return Profile(
        "Q-Store's cloud",
        round_trip=REQUEST,
        queue=QUEUE,
        circuit=EXECUTION,
        lanes=lanes,
        abreast=lanes,
        scale=scale,
    )


def floor(circuits: int, lanes: int) -> float:
    """The least that a job of so many circuits takes, in seconds."""
    return 3 * REQUEST + QUEUE + math.ceil(circuits / lanes) * EXECUTION


def by_device(url: str, folder: Path, **options: Any) -> Callable[[Sequence[QuantumScript]], Any]:
    """A device's batches."""
    cloud = {"backend": "simulator", "base_url": url, "api_key": KEY, "max_wait": 3600}
    device = qml.device(
        "qstore.ionq", wires=WIRES, journal=folder / "journal.sqlite", **cloud, **options
    )
    return lambda batch: qml.execute(batch, device)


def by_v34(url: str, scale: float) -> Callable[[Sequence[QuantumScript]], Any]:
    """The way of v3.4, in as few lines as it takes: it reads the answers and makes no use of them.

    Circuits are compiled by our compiler without templates, as for "concurrent, ours".
    """

    def run(batch: Sequence[QuantumScript]) -> Any:
        target = Target("qis")
        steps = preprocessing(
            "benchmark", qml.wires.Wires(range(WIRES)), None, TemplateCache(0), lambda: target
        )
        compiled = compile_batch(steps(batch)[0], range(WIRES), target)
        head = f'"type": "ionq.circuit.v1", "backend": "simulator", "shots": {SHOTS}'
        bodies = [
            f'{{{head}, "input": {{"gateset": "qis", "qubits": {WIRES}, "circuit": {text}}}}}'
            for programs, _, _ in compiled
            for text in programs.bodies()
        ]
        return asyncio.run(_v34(url, bodies, scale))

    return run


async def _v34(url: str, bodies: Sequence[str], scale: float) -> list[Any]:
    connector = aiohttp.TCPConnector(limit=V34_CONNECTIONS)
    headers = {"Authorization": f"apiKey {KEY}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(method: str, path: str, body: str | None = None) -> Any:
            async with session.request(method, url + path, data=body) as answer:
                answer.raise_for_status()
                return json.loads(await answer.read())

        async def one(body: str) -> Any:
            job, pause = await ask("POST", "/jobs", body), V34_FIRST_POLL
            while job["status"] != "completed":
                await asyncio.sleep(pause / scale)
                pause = min(pause * V34_LONGER, V34_LONGEST)
                job = await ask("GET", f"/jobs/{job['id']}")
            return await ask("GET", f"/jobs/{job['id']}/results/probabilities")

        return list(await asyncio.gather(*map(one, bodies)))


def run_way(way: str, url: str, sizes: Sequence[int], scale: float) -> dict[int, Cell]:
    """Batches of all sizes; what a device asks only once, a batch of one has asked before."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        options = WAYS[way]
        run = by_v34(url, scale) if way == V34 else by_device(url, Path(folder), **options)
        run(tapes(1))
        for size in sizes:
            times = []
            for _ in range(1 if way in ALONE else 2):
                batch, before = tapes(size), seen(url)
                start = time.perf_counter()
                run(batch)
                times.append((time.perf_counter() - start) * scale)
            after = seen(url).since(before)
            found[size] = Cell(times[0], times[-1], after.total, after.jobs)
    return found


def measure(
    sizes: Sequence[int], lanes: Sequence[int], scale: float
) -> dict[tuple[str, int], dict[int, Cell]]:
    """All cells by way and lanes.

    One by one waits all the time: it is run beside the others. The lanes, too, are run side by
    side, each in a process of its own; what is run on one of them is run one after the other.
    """
    rest = tuple(way for way in WAYS if way != ONE_BY_ONE)
    with ExitStack() as stack:
        plan = [
            (ways, each, stack.enter_context(Served(profile(each, scale))))
            for ways in ((ONE_BY_ONE,), rest)
            for each in lanes
        ]
        fork = get_context("fork")
        pool = stack.enter_context(ProcessPoolExecutor(len(plan), fork))
        running = [
            pool.submit(_run_ways, ways, server.url, sizes, scale) for ways, _, server in plan
        ]
        return {
            (way, each): cells
            for (_, each, _), ways in zip(plan, running, strict=True)
            for way, cells in ways.result().items()
        }


def _run_ways(
    ways: Sequence[str], url: str, sizes: Sequence[int], scale: float
) -> dict[str, dict[int, Cell]]:
    return {way: run_way(way, url, sizes, scale) for way in ways}


def gates() -> dict[str, dict[str, int]]:
    """Gates of one circuit as it is sent, by gate set."""
    counted = {}
    for gateset, entangler in (("QIS", "qis"), ("native", "zz")):
        target = Target(entangler)
        steps = preprocessing(
            "benchmark",
            qml.wires.Wires(range(WIRES)),
            None,
            TemplateCache(),
            lambda target=target: target,
        )
        ((programs, _, _),) = compile_batch(steps(tapes(1))[0], range(WIRES), target)
        counted[gateset] = programs.gate_counts()
    return counted


def report(
    found: dict[tuple[str, int], dict[int, Cell]],
    sizes: Sequence[int],
    lanes: Sequence[int],
    scale: float,
) -> None:
    """Prints a table for each number of lanes, the gain part by part, and whose it is."""
    for each in lanes:
        print(f"\n### {each} lane{'s' * (each > 1)}\n")
        print("| | " + " | ".join(f"{size} circuits" for size in sizes) + " | requests, jobs |")
        print("|---|" + "---|" * (len(sizes) + 1))
        for way in WAYS:
            cells = found[way, each]
            told = [_told(cells[size], found[ONE_BY_ONE, each][size]) for size in sizes]
            last = cells[sizes[-1]]
            print(f"| {way} | {' | '.join(told)} | {last.requests}, {last.jobs} |")
        least = [floor(size, each) for size in sizes]
        told = [
            f"{seconds:.2f} s ({found[ONE_BY_ONE, each][size].seconds / seconds:.1f} x)"
            for size, seconds in zip(sizes, least, strict=True)
        ]
        print(f"| the floor | {' | '.join(told)} | 3, 1 |")
        for what in ("seconds", "first"):
            of_floor = [
                f"{getattr(found[OURS, each][size], what) / seconds:.3f}"
                for size, seconds in zip(sizes, least, strict=True)
            ]
            told = "ours, of the floor" + (", first batch of its size" * (what == "first"))
            print(f"| {told} | {' | '.join(of_floor)} | |")
    _parts(found, 20 if 20 in sizes else sizes[-1], lanes, scale)


def _told(cell: Cell, one_by_one: Cell) -> str:
    return f"{cell.seconds:.2f} s ({one_by_one.seconds / cell.seconds:.1f} x)"


def _parts(
    found: dict[tuple[str, int], dict[int, Cell]], size: int, lanes: Sequence[int], scale: float
) -> None:
    print(f"\n### Where it comes from: {size} circuits, seconds saved by each step\n")
    print("| | " + " | ".join(f"{each} lane{'s' * (each > 1)}" for each in lanes) + " |")
    print("|---|" + "---|" * len(lanes))
    for before, after in pairwise(WAYS):
        saved = [found[before, e][size].seconds - found[after, e][size].seconds for e in lanes]
        print(f"| {before} → {after} | " + " | ".join(f"{each:+.2f}" for each in saved) + " |")
    over = [found[OURS, each][size].seconds - floor(size, each) for each in lanes]
    print("| left above the floor | " + " | ".join(f"{each:.2f}" for each in over) + " |")
    few, many = lanes[0], lanes[-1]
    slow, on_few = found[ONE_BY_ONE, few][size].seconds, found[OURS, few][size].seconds
    on_many = found[OURS, many][size].seconds
    gain, promised = found[ONE_BY_ONE, many][size].seconds / on_many, PROMISED.get(size, math.nan)
    v34 = [found[V34, each][size].seconds for each in (few, many)]
    print(
        f"\n{size} circuits one by one: {slow:.2f} s. Ours: {on_few:.2f} s with {few} lane"
        f"{'s' * (few > 1)}, {on_many:.2f} s with {many}. Of the {slow - on_many:.2f} s saved, "
        f"{slow - on_few:.2f} s ({(slow - on_few) / (slow - on_many):.0%}) are ours: requests that "
        f"aren't made and a queue that is waited in once; {on_few - on_many:.2f} s "
        f"({(on_few - on_many) / (slow - on_many):.0%}) are the lanes', which are the server's. "
        f"Promised for it: {promised} x; with {many} lanes it is {gain:.1f} x"
        f" ({'met' if gain >= promised else 'MISSED'}), with {few} it is {slow / on_few:.1f} x. "
        f"Most of that any concurrency gives: against v3.4's way, {v34[0]:.2f} s and "
        f"{v34[1]:.2f} s, one job is {v34[0] / on_few:.2f} x and {v34[1] / on_many:.2f} x."
    )
    worst = max(found[OURS, each][size].seconds / floor(size, each) for each in lanes)
    met = "met" if worst <= MOST else "MISSED"
    judged = f"{met}: {MOST}" if scale == 1 else "not judged: at this scale our work looks longer"
    print(f"Ours takes at most {worst:.3f} of the floor for {size} circuits ({judged}).")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="batches of 20 only")
    parser.add_argument("--sizes", type=int, nargs="+", help="of the batches")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times faster")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    sizes = asked.sizes or (SIZES[1:2] if asked.short else SIZES)
    print(
        f"{WIRES} qubits, {WIRES * (1 + 2 * LAYERS)} one-qubit and {(WIRES - 1) * LAYERS} "
        f"two-qubit gates; a request {REQUEST} s, queue {QUEUE} s, {EXECUTION} s a circuit; "
        f"time scale {asked.scale:g}"
    )
    for gateset, counts in gates().items():
        print(f"Sent as {gateset}: {counts['1q']} one-qubit and {counts['2q']} two-qubit gates")
    report(measure(sizes, LANES, asked.scale), sizes, LANES, asked.scale)


if __name__ == "__main__":
    main()
