"""``qstore jobs``: what the journal knows of jobs, waiting for them, and cancelling them."""

import argparse
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.journal.journal import MEMORY, Journal, JournalEntry, account
from pennylane_qstore.errors import OptionError, QStoreError
from pennylane_qstore.options import SIMULATOR, Options, default_journal

_WIDTH = 150  # of a line with an id, which is to be copied
_LIVE = {"intent", "submitted"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommands."""
    parser.add_argument("--journal", default=str(default_journal()), help="path of the journal")
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    listing = commands.add_parser("list", help="the newest jobs")
    listing.add_argument("--limit", type=int, default=20, help="how many")
    listing.set_defaults(what=_list)
    showing = commands.add_parser("show", help="all that is known of a job")
    showing.set_defaults(what=_show)
    resuming = commands.add_parser(
        "resume", help="wait for a job and print its probabilities, of the bits as they were sent"
    )
    resuming.add_argument("--max-wait", type=float, default=86_400.0, help="seconds")
    resuming.set_defaults(what=_resume)
    cancelling = commands.add_parser("cancel", help="cancel jobs")
    cancelling.add_argument("job", nargs="+", help="ids")
    cancelling.set_defaults(what=_cancel)
    for each in (showing, resuming):
        each.add_argument("job", help="id of a job, or its token")


def run(args: argparse.Namespace) -> int:
    """Does what a command line says; 1 where it can't be done, with one line that says why."""
    try:
        what: Callable[[argparse.Namespace], None] = args.what
        what(args)
    except QStoreError as error:
        sys.stderr.write(f"qstore jobs: {error}\n")
        return 1
    return 0


def _list(args: argparse.Namespace) -> None:
    journal = _opened(args.journal)
    table = Table(box=None)
    for name in ("job", "state", "backend", "circuits", "shots", "sent", "cost", "run"):
        table.add_column(name, no_wrap=True)
    for entry in journal.entries(max(args.limit, 1)):
        table.add_row(*map(str, _row(entry)))
    journal.close()
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


def _row(entry: JournalEntry) -> tuple[Any, ...]:
    sent = datetime.fromtimestamp(entry.created).astimezone().isoformat(" ", "seconds")
    return (
        entry.job_id or f"({entry.token})",
        _state(entry),
        entry.backend,
        entry.circuits,
        "" if entry.shots is None else entry.shots,
        sent,
        "" if entry.cost is None else f"{entry.cost:g} {entry.unit}",
        entry.run or "",
    )


def _state(entry: JournalEntry) -> str:
    return f"{entry.state}, delivered" if entry.delivered else entry.state


def _show(args: argparse.Namespace) -> None:
    entry = _found(args.journal, args.job)
    names = ("job", "state", "backend", "circuits", "shots", "sent", "cost", "run")
    for name, value in zip(names, _row(entry), strict=True):
        sys.stdout.write(f"{name:10}{value}\n")
    sys.stdout.write(f"{'token':10}{entry.token}\n")
    if entry.job_id is not None and entry.state in _LIVE:
        job_id = entry.job_id
        record = _with_client(args.journal, lambda client: client.record(job_id))
        sys.stdout.write(f"{'at IonQ':10}{record['status']}\n")


def _resume(args: argparse.Namespace) -> None:
    entry = _sent(_found(args.journal, args.job))
    found = _with_client(args.journal, lambda client: client.resume(entry, args.max_wait))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def _cancel(args: argparse.Namespace) -> None:
    entries = [_sent(_found(args.journal, each)) for each in args.job]
    over = [str(entry.job_id) for entry in entries if entry.state not in _LIVE]
    if over:
        raise OptionError("job", ", ".join(over), "only a job that has not ended can be cancelled")
    _with_client(args.journal, lambda client: client.cancel(entries))
    sys.stdout.write("".join(f"cancelled {entry.job_id}\n" for entry in entries))


def _found(path: str, job: str) -> JournalEntry:
    journal = _opened(path)
    entries = journal.entries(token_or_id=job)
    journal.close()
    if not entries:
        raise OptionError("job", job, f"the journal {path} doesn't know it; see qstore jobs list")
    return entries[0]


def _opened(path: str) -> Journal:
    """The journal at a path; where there is no file, an empty one that makes none."""
    journal = Journal(path if Path(path).exists() else MEMORY, "")
    if journal.lost is not None:
        raise OptionError("journal", path, journal.lost)
    return journal


def _sent(entry: JournalEntry) -> JournalEntry:
    if entry.job_id is None:
        raise OptionError(
            "job", entry.token, "its submit has no answer yet; run the program again to settle it"
        )
    return entry


def _with_client(path: str, work: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
    """What a coroutine of a connection with the user's key gives."""
    options = Options(backend=SIMULATOR)  # for the key and the address, from the environment
    assert options.base_url is not None
    assert options.api_key is not None
    journal = Journal(path, account(options.base_url, options.api_key))
    client = Client(options.base_url, options.api_key, journal=journal)

    async def worked() -> Any:
        try:
            return await work(client)
        finally:
            await client.close()

    return loop.current().run(worked())
