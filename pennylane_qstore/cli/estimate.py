"""``qstore estimate``: what circuits of so many gates would cost, by IonQ's own estimate."""

import argparse
import math
import sys

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import MAX_CIRCUITS, MAX_GATES, MAX_SHOTS, Job
from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.options import Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add = parser.add_argument
    add("--backend", required=True, help="such as qpu.forte-1")
    add("--gates1", type=int, required=True, help="one-qubit gates of a circuit, as compiled")
    add("--gates2", type=int, required=True, help="two-qubit gates of a circuit, as compiled")
    add("--qubits", type=int, required=True, help="of a circuit")
    add("--shots", type=int, required=True, help="of a circuit")
    add("--circuits", type=int, default=1, help="how many; those of a batch share a job")
    add("--debiasing", action="store_true", help="with IonQ's error mitigation")


def run(args: argparse.Namespace) -> int:
    """Prints the price; 1 where there is none, with one line that says why."""
    try:
        jobs = jobs_of(args)
        price = _asked(args, jobs)
    except QStoreError as error:
        sys.stderr.write(f"qstore estimate: {error}\n")
        return 1
    plural = "" if len(jobs) == 1 else "s"
    sys.stdout.write(
        f"{price} for {args.circuits} circuits of {args.shots} shots in {len(jobs)} job{plural} "
        f"on {args.backend}\n"
    )
    return 0


def jobs_of(args: argparse.Namespace) -> list[Job]:
    """Circuits of so many gates, as few jobs as the API's limits allow; they can't be sent.

    Raises:
        OptionError: a number that can't be
    """
    limits = {
        "gates1": (0, MAX_GATES),
        "gates2": (0, MAX_GATES),
        "qubits": (1, math.inf),
        "shots": (1, MAX_SHOTS),
        "circuits": (1, math.inf),
    }
    for name, (least, most) in limits.items():
        if not least <= getattr(args, name) <= most:
            expected = f"use {least} to {most}" if most < math.inf else f"use at least {least}"
            raise OptionError(name, getattr(args, name), expected)
    gates = (args.gates1, args.gates2)
    if sum(gates) > MAX_GATES:
        raise OptionError("gates1", args.gates1, f"a job takes at most {MAX_GATES} gates in all")
    most = min(MAX_CIRCUITS, MAX_GATES // max(sum(gates), 1))
    sizes = [min(most, args.circuits - begun) for begun in range(0, args.circuits, most)]
    return [
        Job(("",) * size, tuple(range(size)), args.qubits, "native", args.shots, (gates,) * size)
        for size in sizes
    ]


def _asked(args: argparse.Namespace, jobs: list[Job]) -> Price:
    options = Options(backend=args.backend, journal=None)
    if options.base_url is None or options.api_key is None:
        raise OptionError("backend", args.backend, "the emulator has no prices worth knowing")
    client = Client(options.base_url, options.api_key)
    settings = {
        "backend": args.backend,
        "settings": {"error_mitigation": {"debiasing": args.debiasing}},
    }

    async def asked() -> Price:
        try:
            refusal = (await client.backend(args.backend)).too_wide(args.qubits)
            if refusal is not None:
                raise OptionError("qubits", args.qubits, refusal)
            return await client.estimate(jobs, settings)
        finally:
            await client.close()

    return loop.current().run(asked())
