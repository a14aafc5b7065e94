"""A progress line on the terminal: the states of a batch's jobs, the time left, the cost."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pennylane_qstore.reporting.events import (
    Completed,
    Event,
    Listener,
    Resumed,
    Submitted,
    Waiting,
)

# Seconds before a line appears: what is over sooner needs none.
DELAY = 1.0
_WORDS = {"submitted": "submitted", "ready": "queued", "started": "running"}
_FINAL = {"completed", "failed", "canceled"}
_MINUTE, _HOUR = 60.0, 3600.0
# A terminal has room for one line, also where several threads wait.
_one = threading.Lock()


@dataclass(slots=True)
class State:
    """The states, expected ends and cost of a batch's jobs.

    Attributes:
        statuses: IonQ's, by job
        ends: when each is expected to end, in seconds of the clock
        backends: that they are on
        cost: so far
        unit: of the cost
    """

    statuses: dict[str, str] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    backends: dict[str, None] = field(default_factory=dict)
    cost: float = 0.0
    unit: str | None = None

    def hear(self, event: Event, now: float) -> None:
        """Update the state by an event.

        Args:
            event: of the batch
            now: seconds of the clock
        """
        match event:
            case Submitted(job_id, _, backend) | Resumed(job_id, _, _, backend):
                self.statuses[job_id] = "submitted"
                self.backends[backend] = None
            case Waiting(job_id, status, left):
                self.statuses[job_id] = status
                self.ends.pop(job_id, None)
                if left is not None and status not in _FINAL:
                    self.ends[job_id] = now + left
            case Completed(job_id=job_id, cost=cost, unit=unit):
                self.statuses[job_id] = "completed"
                self.ends.pop(job_id, None)
                if cost is not None:
                    self.cost, self.unit = self.cost + cost, unit

    def text(self, now: float) -> str:
        """Return the line."""
        ended = sum(status in _FINAL for status in self.statuses.values())
        live = Counter(
            _WORDS.get(status, status) for status in self.statuses.values() if status not in _FINAL
        )
        parts = [f"{count} {word}" for word, count in live.items()]
        if ended:
            parts.append(f"{ended} done")
        told = [f"{', '.join(self.backends)}: {', '.join(parts) or 'submitting'}"]
        if self.ends:
            told.append(_left(max(self.ends.values()) - now))
        if self.unit is not None:
            told.append(f"{self.cost:.2f} {self.unit} so far")
        return " · ".join(told)


def _left(seconds: float) -> str:
    if seconds <= 0:
        return "about to end"
    if seconds < _MINUTE:
        return f"about {max(round(seconds), 1)} s left"
    if seconds < _HOUR:
        return f"about {round(seconds / _MINUTE)} min left"
    return f"about {seconds / _HOUR:.1f} h left"


@contextmanager
def shown(progress: bool | None, console: Console | None = None) -> Iterator[Listener]:
    """Show a progress line while a batch waits, and remove it afterwards.

    Args:
        progress: True shows it, False doesn't, None does on a terminal
        console: where to; None is the standard error output

    Yields:
        the listener that updates the line by each event
    """
    # Without a console there may be no standard error output at all.
    terminal = sys.stderr is not None and sys.stderr.isatty()
    on = terminal if progress is None else progress
    if not on or not _one.acquire(blocking=False):
        yield lambda _: None
        return
    try:
        state = State()
        begun = time.monotonic()
        live = Live(
            get_renderable=lambda: Text(state.text(time.monotonic()), overflow="ellipsis"),
            console=console or Console(stderr=True),
            refresh_per_second=2,
            transient=True,
        )

        def hear(event: Event) -> None:
            now = time.monotonic()
            state.hear(event, now)
            if now - begun >= DELAY and isinstance(event, Waiting) and not live.is_started:
                live.start(refresh=True)

        try:
            yield hear
        finally:
            live.stop()
    finally:
        _one.release()
