"""The command `qstore emulator`: its options, and a line of output for each finished job."""

import argparse
import errno
import os
import socket
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from pennylane_qstore.emulator.api.context import MONITOR
from pennylane_qstore.emulator.api.monitor import summary
from pennylane_qstore.emulator.api.server import Server
from pennylane_qstore.emulator.api.server import run as serve_until_stopped
from pennylane_qstore.emulator.service.archive import StateFileError
from pennylane_qstore.emulator.service.faults import read_fault
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.settings import CONTRACTS, LINKS, Settings
from pennylane_qstore.emulator.service.timing import PROFILES, profile_of
from pennylane_qstore.emulator.simulation.noise import Rates

STYLES = {"completed": "green", "failed": "red", "canceled": "yellow"}
NAME_WIDTH, MOST_SHOWN = 24, 120
KEY = "QSTORE_EMULATOR_KEY"  # other users see a command line, but not its environment
FAULT_HELP = """
what goes wrong, as often as wanted: a status such as 429 or 520, reset-before, reset-after, slow,
truncated; of jobs unknown-status, shuffled-keys, missing-child, failed-child, failed, canceled,
stuck; of backends unavailable. With at=NUMBERS or rate=SHARE, on=ROUTE-OR-BACKEND, retry-after=,
delay=, child=, code=; for example '429 at=1,3-5 on="POST /jobs" retry-after=2' (none)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8080, help="0 takes a free one (%(default)s)")
    add("--key", help=f"the only key accepted, or set {KEY} (any key)")
    add("--seed", type=int, help="of machines' randomness, of jitter and of faults (random)")
    add("--keep", type=int, default=200, help="how many finished jobs are remembered (%(default)s)")
    add(
        "--profile",
        choices=[*PROFILES],
        default="instant",
        help="how long things take (%(default)s)",
    )
    add(
        "--time-scale", type=float, default=1.0, help="so many times faster than that (%(default)s)"
    )
    add("--fault", action="append", default=[], metavar="FAULT", help=FAULT_HELP)
    add(
        "--noise-rates",
        action="append",
        default=[],
        metavar="MODEL=ONE,TWO",
        help="depolarising rates of a noise model after gates on one qubit and on two (its own)",
    )
    add("--qpu-noise", action="store_true", help="QPUs have the noise of their models (off)")
    add(
        "--readout-error",
        type=float,
        default=0.0,
        help="chance that a qubit is read wrongly (%(default)s)",
    )
    add("--retired-backends", action="store_true", help="aria-1 and aria-2 run as they did (off)")
    add(
        "--contract",
        choices=CONTRACTS,
        default="gates",
        help="what jobs are priced by (%(default)s)",
    )
    add("--links", choices=LINKS, default="both", help="links to results of a job (%(default)s)")
    add(
        "--documented-failures",
        action="store_true",
        help="failures have code and message only; qiskit-ionq and cirq-ionq read an older field "
        "(off)",
    )
    add("--state", metavar="FILE", help="a SQLite file that keeps jobs over a restart (none)")
    add("--log", metavar="FILE", help="a file that gets a JSON line for each request (none)")
    add("--quiet", action="store_true", help="no line for each job (off)")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Returns:
        Exit code: 0; 1 if the address or a file can't be used; 2 if an option is invalid.
    """
    try:
        options = _options(args)
        profile_of(args.profile, args.time_scale)
        Settings(**options)
    except ValueError as error:
        sys.stderr.write(f"qstore emulator: {error}\n")
        return 2
    console = Console(highlight=False, soft_wrap=True)

    def started(server: Server) -> None:
        address = server.url.rpartition("/")[0]
        console.print(Text(f"IonQ emulator: {server.url} (Ctrl-C stops it; page: {address}/)"))
        if not args.quiet:
            server.app[MONITOR].on_job.append(lambda job: _tell(console, job))

    try:
        serve_until_stopped(args.host, args.port, started=started, **options)
    except (OSError, OverflowError) as error:
        hint = _hint(args.host, error)
        sys.stderr.write(
            f"qstore emulator: {args.host}:{args.port} can't be served: {error}{hint}\n"
        )
        return 1
    except StateFileError as error:
        sys.stderr.write(f"qstore emulator: {error}\n")
        return 1
    return 0


def _hint(host: str, error: Exception) -> str:
    """Return what to type when the port is in use, with a port that is free now."""
    if getattr(error, "errno", None) != errno.EADDRINUSE:
        return ""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    return f"; try --port {port}, which is free, or --port 0, which takes any"


def _options(args: argparse.Namespace) -> dict[str, Any]:
    if args.keep < 1:
        raise ValueError(f"--keep must be 1 or more, not {args.keep}")
    if args.seed is not None and args.seed < 0:
        raise ValueError(f"--seed must be 0 or more, not {args.seed}")
    return {
        "key": args.key or os.environ.get(KEY) or None,
        "keep": args.keep,
        "seed": args.seed,
        "profile": args.profile,
        "time_scale": args.time_scale,
        "faults": [read_fault(text) for text in args.fault],
        "rates": dict(_rates(text) for text in args.noise_rates),
        "qpu_noise": args.qpu_noise,
        "readout_error": args.readout_error,
        "retired_backends": args.retired_backends,
        "contract": args.contract,
        "links": args.links,
        "documented_failures": args.documented_failures,
        "state": args.state,
        "log": args.log,
    }


def _rates(text: str) -> tuple[str, Rates]:
    """Return the model and rates of a text such as forte-enterprise-1=0.0003,0.005."""
    model, _, numbers = text.partition("=")
    try:
        one, two = map(float, numbers.split(","))
    except ValueError as error:
        raise ValueError(f"--noise-rates must be MODEL=ONE,TWO, not {text!r}") from error
    return model, Rates(one, two)


def _tell(console: Console, job: Job) -> None:
    """Print a line for a job that has ended."""
    if job.is_final:
        console.print(line(job))


def line(job: Job) -> Text:
    """Return one line of terminal output for a job that has ended."""
    summarised = summary(job)
    text = Text()
    text.append(f"{summarised['id'][:8]} ", style="dim")
    text.append(f"{_printable(summarised['name'] or '-'):{NAME_WIDTH}} ")
    text.append(f"{summarised['backend']:18} ")
    text.append(f"{summarised['status']:9} ", style=STYLES[summarised["status"]])
    shots = "exact" if summarised["shots"] is None else f"{summarised['shots']} shots"
    circuits = f"{summarised['circuits']} circuit{'' if summarised['circuits'] == 1 else 's'}"
    text.append(f"{circuits}, {summarised['qubits']} qubits, {summarised['gates']} gates, {shots}")
    text.append(f", waited {summarised['waited']:.3g} s", style="dim")
    if summarised["ran"] is not None:
        text.append(f", ran {summarised['ran']:.3g} s", style="dim")
    if summarised["cost"]:
        text.append(f", ${summarised['cost']:.2f}")
    if summarised["failure"] is not None and summarised["status"] == "failed":
        text.append(f"  {_printable(summarised['failure'])}", style="red")
    if summarised["faults"]:
        text.append(f"  [{', '.join(summarised['faults'])}]", style="magenta")
    return text


def _printable(text: str) -> str:
    """Return the text without control characters, cut to a maximum length."""
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[: MOST_SHOWN - 1]}…"
