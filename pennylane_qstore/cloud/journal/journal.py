"""The journal: every job is written to disk before it is sent, one row a submit."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pennylane_qstore.cloud.journal.database import MEMORY, Database, Statement
from pennylane_qstore.cloud.journal.tables import COLUMNS, OPEN, JournalEntry, Request, account
from pennylane_qstore.cloud.waiting.polling import QueueHistory
from pennylane_qstore.processes import Holder, Owner

__all__ = ["MEMORY", "Journal", "JournalEntry", "Request", "account"]

T = TypeVar("T")
# Seconds. An older job is not resumed.
YOUNG = 86_400.0


class Journal:
    """The jobs of all processes that share a file."""

    def __init__(self, path: Path | str, account: str) -> None:
        """Opens the file, readable by its owner alone, or makes it.

        Args:
            path: of the file, or ``MEMORY``
            account: of the key that jobs are sent with
        """
        self.path = str(path)
        self.account = account
        self._owner = Owner(None if self.path == MEMORY else self.path)
        self._db = Database(path)

    @property
    def lost(self) -> str | None:
        """Why the file can't be used now; None where it can."""
        return self._db.lost

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def claim(self, request: Request) -> JournalEntry | None:
        """Takes over the job of an earlier process that sent the same and is gone.

        Args:
            request: what is about to be sent

        Returns:
            the job's entry, now this process's; or None, and the intent of a new job is on disk
        """
        self._hold()
        sql, values = intent = self._intent(request)

        def work(db: sqlite3.Connection) -> JournalEntry | None:
            for entry in self._candidates(db, request):
                owned = (self._owner.name, entry.token)
                db.execute("UPDATE jobs SET owner = ? WHERE token = ?", owned)
                return entry
            db.execute(sql, values)
            return None

        return self._changed([intent], work)

    def has(self, request: Request) -> bool:
        """Return whether there is a job that ``claim`` would take over."""
        return self._db.read(lambda db: any(True for _ in self._candidates(db, request)), False)

    def has_left(self, backend: str) -> bool:
        """Return whether there may be jobs on a backend that ``claim`` would take over."""
        where = (
            f"account = ? AND backend = ? AND state IN {OPEN} AND created > ? AND NOT acknowledged "
            "AND (run IS NOT NULL OR NOT delivered)"
        )
        values = (self.account, backend, time.time() - YOUNG)
        return self._db.read(
            lambda db: any(map(self._is_free, self._select(db, where, values))), False
        )

    def intend(self, request: Request) -> None:
        """Writes down that a job is about to be sent."""
        self._hold()
        self._changed([self._intent(request)])

    def hold_run(self, name: str) -> Holder | None:
        """Return the other live process that holds a named run, or None once the lease is taken."""
        self._hold()

        def work(db: sqlite3.Connection) -> Holder | None:
            held = db.execute("SELECT owner, since FROM runs WHERE name = ?", (name,)).fetchone()
            if (
                held is not None
                and not self._owner.is_me(held[0])
                and self._owner.is_alive(held[0])
            ):
                return Holder.of(*held)
            values = (name, self._owner.name, time.time())
            db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", values)
            return None

        return self._db.change((), work, None)

    def release_run(self, name: str) -> None:
        """Give back the lease on a named run."""
        sql = "DELETE FROM runs WHERE name = ? AND owner = ?"
        self._changed([(sql, (name, self._owner.name))])

    def _hold(self) -> None:
        """Says that this process lives, beside the file; nothing is put beside one of others."""
        if self.lost is None:
            self._owner.hold()

    def _intent(self, request: Request) -> Statement:
        run, step, place = request.place or (None, None, None)
        return (
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
                self._owner.name,
                time.time(),
            ),
        )

    def _candidates(self, db: sqlite3.Connection, request: Request) -> Iterator[JournalEntry]:
        same = (
            f"account = ? AND digest = ? AND state IN {OPEN} AND created > ? AND NOT acknowledged"
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

    def _was_mine(self, entry: JournalEntry) -> bool:
        """Return whether this process got the answer before, and begins its run again."""
        return bool(entry.delivered) and self._owner.is_me(entry.owner)

    def _is_free(self, entry: JournalEntry) -> bool:
        return not self._owner.is_alive(entry.owner)

    @staticmethod
    def _select(db: sqlite3.Connection, where: str, values: Sequence[object]) -> list[JournalEntry]:
        found = db.execute(f"SELECT {COLUMNS} FROM jobs WHERE {where} ORDER BY created", values)
        return [JournalEntry(*row) for row in found.fetchall()]

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
            if committed + amount > budget:
                return committed
            db.execute(
                "UPDATE jobs SET reserved = ?, unit = ? WHERE token = ?", (amount, unit, token)
            )
            return None

        otherwise: float | None = budget
        return self._db.change(
            (), work, otherwise
        )  # what was spent may be all of it, where unknown

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
        """Nobody waits for these jobs any more: whoever asks for the same may resume them."""
        self._mark("owner = NULL", tokens)

    def delivered(self, tokens: Sequence[str]) -> None:
        """The answers of these jobs reach the caller now, and are never served again."""
        self._mark("delivered = 1", tokens)
        if self.path == MEMORY and tokens:  # of a long training, only what a budget counts is kept
            unpaid = "delivered AND run IS NULL AND COALESCE(cost, reserved) IS NULL"
            self._changed([(f"DELETE FROM jobs WHERE {unpaid}", ())])

    def acknowledged(self, run: str) -> None:
        """A checkpoint holds what a named run got so far: nothing of it is replayed."""
        sql = "UPDATE jobs SET acknowledged = 1 WHERE account = ? AND run = ?"
        self._changed([(sql, (self.account, run))])

    def pattern(self, backend: str) -> QueueHistory | None:
        """Return what the last jobs on a backend took, the newest counting most, or None."""

        def work(db: sqlite3.Connection) -> list[tuple[float, float, int]]:
            return db.execute(
                "SELECT queue, execution, circuits FROM jobs WHERE account = ? AND backend = ? "
                "AND execution IS NOT NULL ORDER BY created DESC LIMIT 8",
                (self.account, backend),
            ).fetchall()

        none: list[tuple[float, float, int]] = []
        rows = self._db.read(work, none)
        if not rows:
            return None
        weights = [0.5**age for age in range(len(rows))]
        total = sum(weights)
        queue = sum(w * row[0] for w, row in zip(weights, rows, strict=True)) / total
        each = sum(w * row[1] / row[2] for w, row in zip(weights, rows, strict=True)) / total
        return QueueHistory(queue, each)

    def committed(self, since: float, run: str | None) -> float:
        """Return what was paid, or is reserved for jobs whose price isn't known yet.

        Args:
            since: jobs from then on, in seconds since the epoch; for a named run all of its jobs
            run: the named run, or None
        """
        return self._db.read(lambda db: self._sum(db, since, run), 0.0)

    def _sum(
        self, db: sqlite3.Connection, since: float, run: str | None, *, but: str = ""
    ) -> float:
        scope = "created >= ?" if run is None else "run = ?"
        (amount,) = db.execute(
            "SELECT SUM(COALESCE(cost, reserved, 0)) FROM jobs WHERE account = ? AND "
            f"(cost IS NOT NULL OR state IN {OPEN}) AND {scope} AND token != ?",
            (self.account, since if run is None else run, but),
        ).fetchone()
        return float(amount or 0.0)

    def entries(
        self, limit: int = 50, *, token_or_id: str | None = None, prefix: str | None = None
    ) -> list[JournalEntry]:
        """List jobs of all accounts, the newest first.

        Args:
            limit: number of jobs at most, where neither of the others is given
            token_or_id: lists the jobs of this token or job id alone
            prefix: lists the jobs whose token or job id begins so

        Returns:
            the entries
        """

        def work(db: sqlite3.Connection) -> list[JournalEntry]:
            if token_or_id is not None:
                where = "token = ? OR job_id = ?"
                return self._select(db, where, (token_or_id, token_or_id))
            if prefix is not None:
                where = "instr(token, ?) = 1 OR instr(job_id, ?) = 1"
                return self._select(db, where, (prefix, prefix))
            newest = "token IN (SELECT token FROM jobs ORDER BY created DESC LIMIT ?)"
            return self._select(db, newest, (limit,))

        none: list[JournalEntry] = []
        return self._db.read(work, none)[::-1]

    def _mark(self, what: str, tokens: Sequence[str]) -> None:
        if tokens:
            sql = f"UPDATE jobs SET {what} WHERE token = ?"
            self._changed([(sql, (token,)) for token in tokens])

    def _set(self, token: str, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._changed([(f"UPDATE jobs SET {columns} WHERE token = ?", (*values.values(), token))])

    def _changed(
        self,
        statements: Sequence[Statement],
        work: Callable[[sqlite3.Connection], T | None] | None = None,
    ) -> T | None:
        """Return the result of work that changes rows in one transaction."""

        def plain(db: sqlite3.Connection) -> None:
            for sql, values in statements:
                db.execute(sql, values)

        return self._db.change(statements, work or plain, None)
