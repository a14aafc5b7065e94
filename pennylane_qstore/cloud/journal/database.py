"""A SQLite file that may be locked, full or damaged, with memory as its fallback."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pennylane_qstore.cloud.journal.tables import OPEN, RUNS, SCHEMA

T = TypeVar("T")
Statement = tuple[str, Sequence[object]]
logger = logging.getLogger(__name__)

MEMORY = ":memory:"
# Seconds: for which another process is given to let go of the file, the same where the file was
# lost before, and after which a lost file is tried again.
PATIENCE, LATER_PATIENCE, AGAIN = 2.0, 0.1, 5.0
# Seconds after which a job that is settled is forgotten: 90 days.
FORGOTTEN = 7_776_000.0
# A job whose answer somebody may still ask for. A clock that is wrong for once must not end that.
_UNSETTLED = f"state IN {OPEN} AND NOT acknowledged AND (run IS NOT NULL OR NOT delivered)"
# In a folder of this name, everything is ours.
FOLDER = "pennylane-qstore"
_FORMAT = 1
# Stands in the header of the file (https://www.sqlite.org/fileformat.html, offset 68).
_APPLICATION, _OFFSET = 0x71737472, 68  # "qstr"


class Database:
    """The jobs' table in a file, and what couldn't be written there yet.

    A file that can't be used is never the end of a training: it is said, and what follows is kept
    in memory until the file can be used again, and then written there.

    Attributes:
        path: of the file, or ``MEMORY``
        lost: why the file can't be used now, or None where it can
    """

    def __init__(self, path: Path | str) -> None:
        """Opens the file, readable by its owner alone, or makes it.

        Args:
            path: of the file, or ``MEMORY``
        """
        self.path = str(path)
        self.lost: str | None = None
        self._again_at = 0.0
        self._backlog: list[Statement] = []
        try:
            self._db = _opened(self.path, PATIENCE)
        except _UNUSABLE as error:
            self._lose(error)

    def close(self) -> None:
        """Closes the file, after a last try to write what couldn't be written."""
        if self._backlog:
            self._again_at = 0.0
            self._try_again()
        self._db.close()

    def read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Return the result of a question to the table, or ``otherwise`` if the file is lost."""
        self._try_again()
        if self.lost is None:
            try:
                return work(self._db)
            except sqlite3.Error as error:
                self._lose(error)
                return otherwise
        return work(self._db)

    def change(
        self,
        statements: Sequence[Statement],
        work: Callable[[sqlite3.Connection], T],
        otherwise: T,
    ) -> T:
        """Return the result of work that is done in one transaction.

        Args:
            statements: what is done of it in memory, and later in the file, where the file can't be
                used now
            work: on the table
            otherwise: what is given then
        """
        self._try_again()
        if self.lost is None:
            try:
                return _transaction(self._db, work)
            except sqlite3.Error as error:
                self._lose(error)
        self._backlog.extend(statements)
        _transaction(self._db, lambda db: _done(db, statements))
        return otherwise

    def _lose(self, error: Exception) -> None:
        logger.warning(
            "the journal %s can't be used (%s): jobs are kept in memory until it can, and a "
            "process that is killed won't find them again",
            _readable(self.path),
            _readable(error),
        )
        self.lost, self._again_at = str(error), time.monotonic() + AGAIN
        with suppress(AttributeError, sqlite3.Error):
            self._db.close()
        self._db = _opened(MEMORY, PATIENCE)

    def _try_again(self) -> None:
        """Uses the file again, if it can be used, and writes into it what it has missed."""
        if self.lost is None or time.monotonic() < self._again_at:
            return
        try:
            db = _opened(self.path, LATER_PATIENCE)
            _transaction(db, lambda db: _done(db, self._backlog))
        except _UNUSABLE:
            self._again_at = time.monotonic() + AGAIN
            return
        logger.warning("the journal %s is used again, and has what it missed", self.path)
        self._db.close()
        db.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1e3)}")
        self._db, self.lost, self._backlog = db, None, []


class _ForeignError(Exception):
    """A file that is no journal, or one of another version of this package."""


_UNUSABLE = (sqlite3.Error, OSError, ValueError, _ForeignError)  # a path may be no path


def _opened(path: str, patience: float) -> sqlite3.Connection:
    """Return a connection to a journal; move a corrupt one aside, leave foreign files alone."""
    if path == MEMORY:
        return _connected(path, patience)
    _check_ours(path)
    _prepare(path)
    try:
        return _connected(path, patience)
    except sqlite3.OperationalError:  # locked, or full
        raise
    except sqlite3.DatabaseError as error:
        aside = f"{path}.corrupt-{int(time.time())}"
        logger.warning(
            "the journal %s is corrupt (%s): it is now %s, and a new one begins", path, error, aside
        )
        _move(path, aside)
        _prepare(path)
        return _connected(path, patience)


def _check_ours(path: str) -> None:
    """Refuses a file that somebody else wrote.

    Raises:
        _ForeignError: it is no journal
    """
    with suppress(FileNotFoundError), Path(path).open("rb") as file:
        head = file.read(_OFFSET + 4)
        ours = head[_OFFSET:] == _APPLICATION.to_bytes(4, "big")
        if head and not ours and Path(path).absolute().parent.name != FOLDER:
            raise _ForeignError("it is no journal, and is left as it is")


def _prepare(path: str) -> None:
    """Makes the file and its folder, for its owner's eyes only."""
    folder = Path(path).parent
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix":
        os.chmod(path, 0o600)  # SQLite gives its side files the same


def _move(path: str, aside: str) -> None:
    Path(path).rename(aside)
    for side in ("-wal", "-shm"):
        Path(path + side).unlink(missing_ok=True)


def _connected(path: str, patience: float) -> sqlite3.Connection:
    # Only the loop's thread uses it after it is made.
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        _founded(db)
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")  # what is committed survives a loss of power
        old = time.time() - FORGOTTEN
        forget = f"DELETE FROM jobs WHERE created < ? AND NOT ({_UNSETTLED})"
        _transaction(db, lambda db: db.execute(forget, (old,)))
    except BaseException:
        db.close()
        raise
    return db


def _founded(db: sqlite3.Connection) -> None:
    """Makes the table in a file that has none.

    Raises:
        _ForeignError: another version of this package wrote the file
    """

    def work(db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            for statement in filter(str.strip, SCHEMA.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_FORMAT}")
        elif version != _FORMAT:
            raise _ForeignError(f"it is of format {version}, this version writes {_FORMAT}")
        db.execute(RUNS)  # a journal of version 0.1 has none

    _transaction(db, work)


def _done(db: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    for sql, values in statements:
        db.execute(sql, values)


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    with _begun(db):
        return work(db)


@contextmanager
def _begun(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite ends it by itself where the disk is full
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _readable(value: object) -> str:
    """Return a value's text, with what no terminal or log file can hold written as an escape."""
    return str(value).encode(errors="backslashreplace").decode()
