"""``qstore jobs``: list the journal's jobs, and show, resume or cancel them."""

import argparse
import json
import logging
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

_WIDTH = 150  # characters of a line: ids are copied, so they aren't cut
_LIVE = {"intent", "submitted"}
_COLUMNS = ("job", "state", "backend", "circuits", "shots", "sent", "cost", "run")
_SHORTEST = 4  # characters of an id that are enough, where only one job's begins with them
_NO_JOBS = (
    "no jobs in {journal}: devices with an IonQ key write their jobs there; those with "
    'backend="emulator" or journal=None do not'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands to a parser."""
    parser.add_argument(
        "--journal",
        default=str(default_journal()),
        metavar="FILE",
        help="the journal (%(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    listing = commands.add_parser("list", help="list the newest jobs")
    listing.add_argument(
        "--limit", type=int, default=20, metavar="N", help="jobs at most (%(default)s)"
    )
    listing.set_defaults(action=_list)
    showing = commands.add_parser("show", help="show one job, and its status at IonQ")
    showing.set_defaults(action=_show)
    resuming = commands.add_parser(
        "resume", help="wait for a job, and print its probabilities by the bits that were sent"
    )
    resuming.add_argument(
        "--max-wait", type=float, default=86_400.0, metavar="SECONDS", help="(%(default)g)"
    )
    resuming.set_defaults(action=_resume)
    cancelling = commands.add_parser("cancel", help="cancel jobs")
    cancelling.set_defaults(action=_cancel)
    text = f"a job's id or token, or its first characters ({_SHORTEST} or more)"
    cancelling.add_argument("job", nargs="+", help=text)
    for command in (showing, resuming):
        command.add_argument("job", help=text)


def run(args: argparse.Namespace) -> int:
    """Run a subcommand.

    Args:
        args: parsed by a parser that :func:`add_arguments` has filled

    Returns:
        the exit code: 0; 1 after an error, which is one line on stderr
    """
    try:
        action: Callable[[argparse.Namespace], None] = args.action
        action(args)
    except QStoreError as error:
        sys.stderr.write(f"qstore jobs: {error}\n")
        return 1
    return 0


def _list(args: argparse.Namespace) -> None:
    if args.limit < 1:
        raise OptionError("limit", args.limit, "at least 1")
    journal = _open(args.journal)
    entries = journal.entries(args.limit)
    journal.close()
    if not entries:
        sys.stdout.write(_NO_JOBS.format(journal=args.journal) + "\n")
        return
    table = Table(box=None)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True)
    for entry in entries:
        table.add_row(*map(str, _row(entry)))
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


def _row(entry: JournalEntry) -> tuple[Any, ...]:
    sent = datetime.fromtimestamp(entry.created).astimezone().isoformat(" ", "seconds")
    return (
        entry.job_id or f"({entry.token})",
        f"{entry.state}, delivered" if entry.delivered else entry.state,
        entry.backend,
        entry.circuits,
        "" if entry.shots is None else entry.shots,
        sent,
        "" if entry.cost is None else f"{entry.cost:g} {entry.unit}",
        entry.run or "",
    )


def _show(args: argparse.Namespace) -> None:
    entry = _entry(args.journal, args.job)
    for name, value in zip(_COLUMNS, _row(entry), strict=True):
        sys.stdout.write(f"{name:10}{value}\n")
    sys.stdout.write(f"{'token':10}{entry.token}\n")
    if entry.job_id is not None and entry.state in _LIVE:
        job_id = entry.job_id
        record = _with_client(args.journal, lambda client: client.record(job_id))
        sys.stdout.write(f"{'at IonQ':10}{record['status']}\n")


def _resume(args: argparse.Namespace) -> None:
    if not args.max_wait > 0:
        raise OptionError("max_wait", args.max_wait, "more than 0 seconds")
    entry = _with_id(_entry(args.journal, args.job))
    probabilities = _with_client(args.journal, lambda client: client.resume(entry, args.max_wait))
    sys.stdout.write(json.dumps(probabilities, indent=1) + "\n")


def _cancel(args: argparse.Namespace) -> None:
    entries = [_with_id(_entry(args.journal, job)) for job in args.job]
    ended = [str(entry.job_id) for entry in entries if entry.state not in _LIVE]
    if ended:
        raise OptionError("job", ", ".join(ended), "only a job that has not ended can be cancelled")
    _with_client(args.journal, lambda client: client.cancel(entries))
    sys.stdout.write("".join(f"cancelled {entry.job_id}\n" for entry in entries))


def _entry(path: str, job: str) -> JournalEntry:
    """Return the journal's entry of a job's id or token, or of the beginning of one."""
    journal = _open(path)
    entries = journal.entries(token_or_id=job)
    if not entries and len(job) >= _SHORTEST:
        entries = journal.entries(prefix=job)
    journal.close()
    if not entries:
        raise OptionError("job", job, f"the journal {path} has no such job; see qstore jobs list")
    names = {entry.job_id or entry.token for entry in entries}
    if len(names) > 1:
        raise OptionError("job", job, f"it may be any of {', '.join(sorted(names))}")
    return entries[0]


def _open(path: str) -> Journal:
    """Return the journal at a path; if there is no file, an empty one, which writes none."""
    notices = logging.getLogger("pennylane_qstore")
    level = notices.level
    notices.setLevel(logging.ERROR)  # a journal that can't be used is an error here, said once
    journal = Journal(path if Path(path).exists() else MEMORY, "")
    notices.setLevel(level)
    if journal.lost is not None:
        raise OptionError("journal", path, journal.lost)
    return journal


def _with_id(entry: JournalEntry) -> JournalEntry:
    """Return an entry, if IonQ has answered its submission.

    Returns:
        the entry

    Raises:
        OptionError: the job has no id yet
    """
    if entry.job_id is None:
        raise OptionError(
            "job", entry.token, "its submit has no answer yet; run the program again to settle it"
        )
    return entry


def _with_client(path: str, work: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
    """Return the result of a coroutine that is given a client with the user's key."""
    options = Options(backend=SIMULATOR)  # reads the key and the address from the environment
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
