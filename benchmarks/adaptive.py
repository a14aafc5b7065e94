"""A batch as one job or as several: does it pay to cut it smaller than the API's limits?

Run with `python benchmarks/adaptive.py`. A hundred circuits go to the emulator as 1, 2, 4 and 8
jobs at the same time, on services that differ in how many jobs they run at once and in how long
each waits; the time to all results is told as a ratio to that of one job, the best of three. The
last column is what `adaptive=True` chooses after one batch. The times of the services are the
emulator's profiles, made shorter: IonQ doesn't publish its own.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.request_terms import Policy
from pennylane_qstore.emulator import serve
from pennylane_qstore.emulator.service.timing import PROFILES
from pennylane_qstore.fleet.work import parts as parts_of
from pennylane_qstore.programs.program import Gate, Programs

CIRCUITS, SHOTS, REPEATS = 100, 100, 3
PARTS = (1, 2, 4, 8)
SIMULATOR, QPU = PROFILES["cloud-simulator"], PROFILES["qpu"]
SERVICES = {
    "simulator, 4 at once": ("simulator", replace(SIMULATOR, jitter=0.0)),
    "simulator, 1 at once": ("simulator", replace(SIMULATOR, jitter=0.0, lanes=1)),
    "simulator, 4 at once, 200 ms away": (
        "simulator",
        replace(SIMULATOR, jitter=0.0, round_trip=0.2, circuit=0.002),
    ),
    "QPU, 300 times faster": ("qpu.forte-1", replace(QPU, jitter=0.0, scale=300.0)),
    "QPU without a queue, 30 times faster": (
        "qpu.forte-1",
        replace(QPU, jitter=0.0, queue=0.0, scale=30.0),
    ),
}


def jobs_of(parts):
    """A hundred circuits in so many jobs."""
    numbers = np.linspace(0.0, 0.9, CIRCUITS)[:, None]
    programs = Programs("native", 1, (Gate("gpi2", (0,)),), numbers)
    return packing.pack([(programs, SHOTS)], -(-CIRCUITS // parts))


async def seconds(backend, profile, parts):
    """The least time of a few to all results, and the number of jobs; None lets the rule choose."""
    server = await serve(profile=profile)
    client = Client(server.url, "any", Policy())
    taken = []
    if parts is None:
        await run(client, backend, 1)  # from which it learns
        is_simulator = backend == "simulator"
        measured = client.per_circuit(backend) if is_simulator else None
        parts = 1 if measured is None else parts_of(CIRCUITS, measured)
    for _ in range(REPEATS):
        start = asyncio.get_running_loop().time()
        await run(client, backend, parts)
        taken.append(asyncio.get_running_loop().time() - start)
    await client.close()
    await server.close()
    return min(taken), parts


async def run(client, backend, parts):
    """One batch in so many jobs."""
    settings = {"backend": backend}
    found = await client.run(jobs_of(parts), settings, max_wait=600, listener=lambda _: None)
    assert len(found) == CIRCUITS


async def main():
    """Prints the table."""
    print(f"{CIRCUITS} circuits; time to all results, and its ratio to that of one job")
    heads = [*(f"{parts} jobs" for parts in PARTS), "adaptive"]
    print(f"{'':38}" + "".join(f"{head:>14}" for head in heads))
    for name, (backend, profile) in SERVICES.items():
        taken = [await seconds(backend, profile, parts) for parts in (*PARTS, None)]
        cells = "".join(f"{each:7.2f} s {each / taken[0][0]:.2f}" for each, _ in taken)
        print(f"{name:38}{cells} ({taken[-1][1]})", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
