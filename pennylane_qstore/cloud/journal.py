"""What was sent and what became of it, on disk before it happens: SQLite, one row a submit."""

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pennylane_qstore.cloud import owner
from pennylane_qstore.cloud.polling import Pattern

T = TypeVar("T")
logger = logging.getLogger(__name__)

MEMORY = ":memory:"
# Seconds. An older job is not taken up, and another process is given this long to let go.
YOUNG, PATIENCE = 86_400.0, 2.0
# Seconds after which a job is forgotten: 90 days.
FORGOTTEN = 7_776_000.0
_FORMAT = 1
_SCHEMA = """
CREATE TABLE jobs (
    token TEXT PRIMARY KEY,      -- in the job's metadata
    account TEXT NOT NULL,       -- digest of base URL and key
    digest TEXT NOT NULL,        -- of what was sent
    backend TEXT NOT NULL,
    shots INTEGER,
    circuits INTEGER NOT NULL,
    run TEXT, step INTEGER, place INTEGER,
    job_id TEXT,
    state TEXT NOT NULL,         -- intent submitted completed failed canceled refused lost
    owner TEXT,                  -- the process that waits for it, NULL for nobody
    created REAL NOT NULL,       -- seconds since the epoch
    ended REAL,
    queue REAL, execution REAL,  -- seconds, as the server told
    reserved REAL, cost REAL, unit TEXT,
    delivered INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX by_digest ON jobs (account, digest, delivered);
CREATE INDEX by_run ON jobs (run, step, place);
CREATE INDEX by_age ON jobs (created);
"""
_OPEN = "('intent', 'submitted', 'completed')"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the journal.

    Attributes:
        token: in the job's metadata
        backend: that it was sent to
        shots: of each circuit
        circuits: in it
        run: the named run it belongs to
        job_id: IonQ's; None while the submit has no answer
        state: intent, submitted, completed, failed, canceled, refused, or lost
        owner: the process that waits for it
        created: when it was written down, in seconds since the epoch
        cost: that was paid, in units of the contract
        unit: of the cost
        delivered: 1 where its answer reached the caller, else 0
    """

    token: str
    backend: str
    shots: int | None
    circuits: int
    run: str | None
    job_id: str | None
    state: str
    owner: str | None
    created: float
    cost: float | None
    unit: str | None
    delivered: int


_COLUMNS = ", ".join(Entry.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Request:
    """A job that is about to be sent.

    Attributes:
        token: that would go into its metadata
        digest: of what is sent
        backend: that it goes to
        shots: of each circuit
        circuits: in it
        place: the run, the step in it, and the job's first circuit; None outside named runs
    """

    token: str
    digest: str
    backend: str
    shots: int | None
    circuits: int
    place: tuple[str, int, int] | None = None


def account(base_url: str, api_key: str) -> str:
    """An address and a key to what a journal knows them by: nothing leads back to the key."""
    return hashlib.blake2b(f"{base_url}\0{api_key}".encode(), digest_size=12).hexdigest()


class Journal:
    """The jobs of all processes that share a file.

    A file that can't be used is never the end of a training: it is said, and what follows is kept
    in memory.
    """

    def __init__(self, path: Path | str, account: str) -> None:
        """Opens the file, readable by its owner alone, or makes it.

        Args:
            path: of the file, or ``MEMORY``
            account: of the key that jobs are sent with
        """
        self.path = str(path)
        self.account = account
        self._me = owner.own()
        self._is_lost = False  # whether what it knew of costs is gone
        self._db = self._opened()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def claim(self, request: Request) -> Entry | None:
        """Takes over the job of an earlier process that sent the same and is gone.

        Args:
            request: what is about to be sent

        Returns:
            the job's entry, now this process's; or None, and the intent of a new job is on disk
        """

        def work(db: sqlite3.Connection) -> Entry | None:
            for entry in self._candidates(db, request):
                db.execute("UPDATE jobs SET owner = ? WHERE token = ?", (self._me, entry.token))
                return entry
            self._write(db, request)
            return None

        return self._changed(work, None)

    def has(self, request: Request) -> bool:
        """Whether there is a job that ``claim`` would take over."""
        return self._read(lambda db: any(True for _ in self._candidates(db, request)), False)

    def intend(self, request: Request) -> None:
        """Writes down that a job is about to be sent."""
        self._changed(lambda db: self._write(db, request), None)

    def _write(self, db: sqlite3.Connection, request: Request) -> None:
        run, step, place = request.place or (None, None, None)
        db.execute(
            "INSERT OR REPLACE INTO jobs (token, account, digest, backend, shots, circuits, run, "
            "step, place, state, owner, created) VALUES (?,?,?,?,?,?,?,?,?,'intent',?,?)",
            (
                request.token,
                self.account,
                request.digest,
                request.backend,
                request.shots,
                request.circuits,
                run,
                step,
                place,
                self._me,
                time.time(),
            ),
        )

    def _candidates(self, db: sqlite3.Connection, request: Request) -> Iterator[Entry]:
        same = (
            f"account = ? AND digest = ? AND state IN {_OPEN} AND created > ? AND NOT acknowledged"
        )
        values = (self.account, request.digest, time.time() - YOUNG)
        if request.place is not None:
            replayed = self._select(
                db,
                f"{same} AND run = ? AND step = ? AND place = ?",
                (*values, *request.place),
            )
            yield from (each for each in replayed if self._is_free(each) or self._was_mine(each))
        unserved = self._select(db, f"{same} AND NOT delivered", values)
        yield from filter(self._is_free, unserved)

    def _was_mine(self, entry: Entry) -> bool:
        """Whether this process got the answer before, and begins its run again."""
        return bool(entry.delivered) and entry.owner == self._me

    @staticmethod
    def _is_free(entry: Entry) -> bool:
        return not owner.is_alive(entry.owner)

    @staticmethod
    def _select(db: sqlite3.Connection, where: str, values: Sequence[object]) -> list[Entry]:
        found = db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {where} ORDER BY created", values)
        return [Entry(*row) for row in found.fetchall()]

    def accepted(self, token: str, job_id: str) -> None:
        """Writes down the id that the server gave."""
        self._set(token, state="submitted", job_id=job_id)

    def reserve(
        self, token: str, amount: float, unit: str, *, budget: float, since: float
    ) -> float | None:
        """Reserves what a job may cost, if the budget has it left; one process at a time.

        Args:
            token: of the job
            amount: that it may cost
            unit: of the amount
            budget: for the job's named run, or for all jobs since a moment
            since: that moment, in seconds since the epoch

        Returns:
            None if it is reserved, or else what is committed already
        """

        def work(db: sqlite3.Connection) -> float | None:
            (run,) = db.execute("SELECT run FROM jobs WHERE token = ?", (token,)).fetchone() or (
                None,
            )
            committed = self._sum(db, since, run, but=token)
            if self._is_lost or committed + amount > budget:
                return committed
            db.execute(
                "UPDATE jobs SET reserved = ?, unit = ? WHERE token = ?", (amount, unit, token)
            )
            return None

        return self._changed(work, None)

    def ended(
        self,
        token: str,
        state: str,
        *,
        queue: float | None = None,
        execution: float | None = None,
    ) -> None:
        """Writes down how a job ended, or that the server refused it."""
        self._set(token, state=state, ended=time.time(), queue=queue, execution=execution)

    def paid(self, token: str, cost: float, unit: str) -> None:
        """Writes down what a job did cost."""
        self._set(token, cost=cost, unit=unit)

    def released(self, tokens: Sequence[str]) -> None:
        """Nobody waits for these jobs any more: whoever asks for the same may take them up."""
        self._mark("owner = NULL", tokens)

    def delivered(self, tokens: Sequence[str]) -> None:
        """The answers of these jobs reach the caller now, and are never served again."""
        self._mark("delivered = 1", tokens)
        if self.path == MEMORY:  # of a long training, only what a budget counts is kept
            self._changed(
                lambda db: db.execute(
                    "DELETE FROM jobs WHERE delivered AND run IS NULL AND COALESCE(cost, reserved) "
                    "IS NULL"
                ),
                None,
            )

    def acknowledged(self, run: str) -> None:
        """A checkpoint holds what a named run got so far: nothing of it is replayed."""
        self._changed(
            lambda db: db.execute(
                "UPDATE jobs SET acknowledged = 1 WHERE account = ? AND run = ?",
                (self.account, run),
            ),
            None,
        )

    def pattern(self, backend: str) -> Pattern | None:
        """What the last jobs on a backend took, newest counting most; None without any."""

        def work(db: sqlite3.Connection) -> list[tuple[float, float, int]]:
            return db.execute(
                "SELECT queue, execution, circuits FROM jobs WHERE account = ? AND backend = ? "
                "AND execution IS NOT NULL ORDER BY created DESC LIMIT 8",
                (self.account, backend),
            ).fetchall()

        none: list[tuple[float, float, int]] = []
        rows = self._read(work, none)
        if not rows:
            return None
        weights = [0.5**age for age in range(len(rows))]
        total = sum(weights)
        queue = sum(w * row[0] for w, row in zip(weights, rows, strict=True)) / total
        each = sum(w * row[1] / row[2] for w, row in zip(weights, rows, strict=True)) / total
        return Pattern(queue, each)

    def committed(self, since: float, run: str | None) -> float:
        """What was paid, or reserved for jobs whose price isn't known yet.

        Args:
            since: jobs from then on, in seconds since the epoch; for a named run all of its jobs
            run: the named run, or None
        """
        return self._read(lambda db: self._sum(db, since, run), 0.0)

    def _sum(
        self, db: sqlite3.Connection, since: float, run: str | None, *, but: str = ""
    ) -> float:
        scope = "created >= ?" if run is None else "run = ?"
        (amount,) = db.execute(
            "SELECT SUM(COALESCE(cost, reserved, 0)) FROM jobs WHERE account = ? AND "
            f"(cost IS NOT NULL OR state IN {_OPEN}) AND {scope} AND token != ?",
            (self.account, since if run is None else run, but),
        ).fetchone()
        return float(amount or 0.0)

    def entries(self, limit: int = 50, *, token_or_id: str | None = None) -> list[Entry]:
        """The newest jobs of all accounts, the newest first; or those of a token or job id."""

        def work(db: sqlite3.Connection) -> list[Entry]:
            if token_or_id is not None:
                where = "token = ? OR job_id = ?"
                return self._select(db, where, (token_or_id, token_or_id))
            newest = "token IN (SELECT token FROM jobs ORDER BY created DESC LIMIT ?)"
            return self._select(db, newest, (limit,))

        none: list[Entry] = []
        return self._read(work, none)[::-1]

    def _mark(self, what: str, tokens: Sequence[str]) -> None:
        if not tokens:
            return
        values = [(token,) for token in tokens]
        self._changed(
            lambda db: db.executemany(f"UPDATE jobs SET {what} WHERE token = ?", values), None
        )

    def _set(self, token: str, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._changed(
            lambda db: db.execute(
                f"UPDATE jobs SET {columns} WHERE token = ?", (*values.values(), token)
            ),
            None,
        )

    def _changed(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        return self._read(lambda db: _transaction(db, work), otherwise, again=True)

    def _read(
        self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, again: bool = False
    ) -> T:
        try:
            return work(self._db)
        except sqlite3.Error as error:
            self._forget(error)
        return work(self._db) if again else otherwise

    def _forget(self, error: Exception) -> None:
        logger.warning(
            "the journal %s can't be used (%s): jobs are kept in memory from here on, and a "
            "process that is killed won't find them again",
            self.path,
            error,
        )
        with suppress(sqlite3.Error):
            self._db.close()
        self._db, self._is_lost = _connected(MEMORY), True

    def _opened(self) -> sqlite3.Connection:
        try:
            _prepare(self.path)
            return _connected(self.path)
        except _OtherFormatError as error:
            reason: Exception = error
        except sqlite3.OperationalError as error:  # locked, or no place to write
            reason = error
        except sqlite3.DatabaseError as error:
            aside = f"{self.path}.corrupt-{int(time.time())}"
            logger.warning(
                "the journal %s is corrupt (%s): it is now %s, and a new one begins",
                self.path,
                error,
                aside,
            )
            with suppress(OSError, sqlite3.Error):
                _move(self.path, aside)
                _prepare(self.path)
                return _connected(self.path)
            reason = error
        except OSError as error:
            reason = error
        logger.warning(
            "the journal %s can't be used (%s): jobs are kept in memory, and a process that is "
            "killed won't find them again",
            self.path,
            reason,
        )
        return _connected(MEMORY)


class _OtherFormatError(Exception):
    """A journal that another version of this package wrote."""


def _prepare(path: str) -> None:
    """Makes the file and its folder, for its owner's eyes only."""
    if path == MEMORY:
        return
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


def _connected(path: str) -> sqlite3.Connection:
    # Only the loop's thread uses it after it is made.
    db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")  # what is committed survives a loss of power
        _transaction(db, _founded)
    except BaseException:
        db.close()
        raise
    return db


def _founded(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {_FORMAT}")
    elif version != _FORMAT:
        raise _OtherFormatError(f"it is of format {version}, this version writes {_FORMAT}")
    db.execute("DELETE FROM jobs WHERE created < ?", (time.time() - FORGOTTEN,))


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    with _begun(db):
        return work(db)


@contextmanager
def _begun(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
