"""Jobs in a SQLite file, so that they outlive the server."""

import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pennylane_qstore.emulator.intake.backends import WITH_RETIRED
from pennylane_qstore.emulator.intake.preflight import Failure
from pennylane_qstore.emulator.intake.qasm import Program, read_program
from pennylane_qstore.emulator.intake.request import read_request
from pennylane_qstore.emulator.service.jobs import FINAL, STATUSES, Job
from pennylane_qstore.emulator.service.settings import Settings
from pennylane_qstore.emulator.simulation.answer import Answer
from pennylane_qstore.emulator.simulation.measure import Counts
from pennylane_qstore.emulator.simulation.noise import MODELS

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    states TEXT NOT NULL,
    answer BLOB,
    spans TEXT
)
"""
VERSION = 1
OWNER_ONLY = 0o600


class StateFileError(Exception):
    """A state file that can't be used; the message names it."""


class Archive:
    """A state file: one SQLite database of jobs, which only its owner may read."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, or create it.

        Raises:
            StateFileError: it is another kind of file, or of another version
        """
        self._path = path
        try:
            # SQLite gives its journal and index the permissions of the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
            self._database = sqlite3.connect(path)
        except (OSError, sqlite3.Error) as error:
            raise StateFileError(f"The state file {path} can't be opened: {error}.") from error
        try:
            self._prepare(path)
        except sqlite3.Error as error:
            self.close()
            raise StateFileError(f"The state file {path} can't be used: {error}.") from error

    def _prepare(self, path: Path | str) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it is of version {version}, not {VERSION}")
        Path(path).chmod(OWNER_ONLY)
        self._database.execute("PRAGMA journal_mode=WAL")
        with self._database:
            self._database.execute(SCHEMA)
            self._database.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def save(self, job: Job) -> None:
        """Write a job in its present state."""
        answer = job.answer
        spans = None if answer is None else json.dumps([answer.spans, _to_lists(answer)])
        states = json.dumps([_state(each) for each in (job, *job.children)])
        with self._database:
            self._database.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "states = excluded.states, answer = excluded.answer, spans = excluded.spans",
                (
                    job.id,
                    job.number,
                    job.order.raw,
                    states,
                    None if answer is None else answer.text,
                    spans,
                ),
            )

    def drop(self, job: Job) -> None:
        """Delete a job."""
        with self._database:
            self._database.execute("DELETE FROM jobs WHERE id = ?", (job.id,))

    def load(
        self, settings: Settings, programs: Callable[[str], Program] = read_program
    ) -> Iterator[Job]:
        """Read all jobs, the oldest first; unfinished ones as they were when submitted.

        Yields:
            Each job.
        """
        try:
            rows = self._database.execute("SELECT * FROM jobs ORDER BY number").fetchall()
            for row in rows:
                yield _job(row, settings, programs)
        # Whatever a row has that isn't a job's, what is asked for is the file.
        except (sqlite3.Error, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise StateFileError(
                f"The state file {self._path} is broken: {error or type(error).__name__}. "
                "Move it away to begin with a new one."
            ) from error


def _job(row: tuple[Any, ...], settings: Settings, programs: Callable[[str], Program]) -> Job:
    """Return the job of a row; one that had not ended is as it was when it was submitted."""
    _, number, body, states, text, spans = row
    order, groups = read_request(body, MODELS, WITH_RETIRED, programs)
    job = Job(order, int(number), settings.clock, groups, contract=settings.contract)
    for each, state in zip((job, *job.children), json.loads(states), strict=True):
        _restore(each, state)
    if text is not None:
        answer = _answer(text, spans)
        for each in (job, *job.children):
            each.answer = answer if each.status == "completed" else None
    if not job.is_final and order.model not in (None, *settings.published()):
        job.fail(Failure("SimulationError", f"The rates of {order.model} are not given."))
    return job


def _state(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "status": job.status,
        "failure": None if job.failure is None else [job.failure.code, job.failure.message],
        "moments": job.moments,
        "predicted": job.predicted,
    }


def _restore(job: Job, state: dict[str, Any]) -> None:
    job.id = str(uuid.UUID(str(state["id"])))
    if state["status"] not in STATUSES:
        raise ValueError(f"a job can't be {state['status']!r}")
    moments = {name: float(moment) for name, moment in state["moments"].items()}
    job.moments = {"submitted": moments["submitted"]}
    if state["status"] in FINAL:
        job.status = state["status"]
        job.moments = moments
        job.predicted = tuple(state["predicted"])
        job.failure = None if state["failure"] is None else Failure(*state["failure"])
        job.groups = ()


def _to_lists(answer: Answer) -> list[Any]:
    return [[counts.states.tolist(), counts.counts.tolist()] for counts in answer.counts]


def _answer(text: bytes, spans: str) -> Answer:
    places, lists = json.loads(spans)
    counts = tuple(Counts(*(np.array(each, dtype=np.int64) for each in pair)) for pair in lists)
    return Answer.of_text(text, tuple(tuple(place) for place in places), counts)
