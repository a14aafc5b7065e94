"""``qstore estimate``: the price of circuits with given numbers of gates, estimated by IonQ."""

import argparse
import math
import sys
from typing import Any

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.cloud.submitting.packing import MAX_CIRCUITS, MAX_GATES, MAX_SHOTS, Job
from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.options import Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    add = parser.add_argument
    number: dict[str, Any] = {"type": int, "metavar": "N"}
    add("--backend", required=True, help="such as qpu.forte-1 (required)")
    add(
        "--gates1",
        required=True,
        **number,
        help="one-qubit gates per circuit, as compiled (required)",
    )
    add(
        "--gates2",
        required=True,
        **number,
        help="two-qubit gates per circuit, as compiled (required)",
    )
    add("--qubits", required=True, **number, help="qubits per circuit (required)")
    add("--shots", required=True, **number, help="shots per circuit (required)")
    add(
        "--circuits",
        default=1,
        **number,
        help="circuits; those of a batch share a job (%(default)s)",
    )
    add("--debiasing", action="store_true", help="with IonQ's error mitigation (off)")


def run(args: argparse.Namespace) -> int:
    """Print the price.

    Args:
        args: parsed by a parser that :func:`add_arguments` has filled

    Returns:
        the exit code: 0; 1 after an error, which is one line on stderr
    """
    try:
        jobs = _jobs(args)
        price = _estimate(args, jobs)
    except QStoreError as error:
        sys.stderr.write(f"qstore estimate: {error}\n")
        return 1
    plural = "" if len(jobs) == 1 else "s"
    sys.stdout.write(
        f"{price} for {args.circuits} circuits of {args.shots} shots in {len(jobs)} job{plural} "
        f"on {args.backend}\n"
    )
    return 0


def _jobs(args: argparse.Namespace) -> list[Job]:
    """Return circuits of so many gates, in as few jobs as the API's limits allow.

    Returns:
        the jobs, without programs

    Raises:
        OptionError: a number that is out of its range
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


def _estimate(args: argparse.Namespace, jobs: list[Job]) -> Price:
    """Return IonQ's price of jobs."""
    options = Options(backend=args.backend, journal=None)
    if options.base_url is None or options.api_key is None:
        raise OptionError("backend", args.backend, "the emulator has no prices worth knowing")
    client = Client(options.base_url, options.api_key)
    settings = {
        "backend": args.backend,
        "settings": {"error_mitigation": {"debiasing": args.debiasing}},
    }

    async def estimate() -> Price:
        try:
            refusal = (await client.backend(args.backend)).too_wide(args.qubits)
            if refusal is not None:
                raise OptionError("qubits", args.qubits, refusal)
            return await client.estimate(jobs, settings)
        finally:
            await client.close()

    return loop.current().run(estimate())
