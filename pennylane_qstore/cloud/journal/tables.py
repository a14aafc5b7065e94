"""The rows of the journal, and the table they stand in."""

import hashlib
from dataclasses import dataclass

RUNS = """
CREATE TABLE IF NOT EXISTS runs (
    name TEXT PRIMARY KEY,       -- of a run that a process is in
    owner TEXT NOT NULL,
    since REAL NOT NULL          -- seconds since the epoch
)
"""
SCHEMA = """
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
    queue REAL, execution REAL,  -- seconds, as the server says
    reserved REAL, cost REAL, unit TEXT,
    delivered INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX by_digest ON jobs (account, digest, delivered);
CREATE INDEX by_run ON jobs (run, step, place);
CREATE INDEX by_age ON jobs (created);
"""
# The states of a job that has an answer, or may have one.
OPEN = "('intent', 'submitted', 'completed')"


@dataclass(frozen=True, slots=True)
class JournalEntry:
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


COLUMNS = ", ".join(JournalEntry.__dataclass_fields__)


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
    """Return the digest by which a journal knows an address and a key."""
    return hashlib.blake2b(f"{base_url}\0{api_key}".encode(), digest_size=12).hexdigest()
