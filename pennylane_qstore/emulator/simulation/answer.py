"""Simulate a job and write its results: one JSON text, and counts if it has shots."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_qstore.emulator.simulation.circuit import CircuitGroup
from pennylane_qstore.emulator.simulation.measure import Counts, Sampling, measure
from pennylane_qstore.emulator.simulation.simulator import Chunk, simulate

# A probability below this is rounding error, not an outcome.
SMALLEST = 1e-15
CERTAIN = round(1 / SMALLEST)
# Most bytes of a job's results, which are in memory twice while they are joined.
MOST_TEXT = 1 << 29
# Outcomes written at once, so that a large state doesn't become 2**24 strings.
BLOCK = 1 << 14


@dataclass(frozen=True, slots=True)
class Answer:
    """A job's results.

    Attributes:
        text: every circuit's probabilities, as JSON; keyed by child id if there are children
        spans: first and last place of each circuit's object in the text
        counts: each circuit's counts; empty if the probabilities are exact
    """

    text: bytes
    spans: tuple[tuple[int, int], ...]
    counts: tuple[Counts, ...]

    def probabilities(self, place: int) -> bytes:
        """Return the JSON text of one circuit's map from states to probabilities."""
        start, end = self.spans[place]
        return self.text[start:end]

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        return len(self.text) + sum(c.states.nbytes + c.counts.nbytes + 200 for c in self.counts)


def solve(
    groups: Sequence[CircuitGroup],
    children: Sequence[str],
    sampling: Sampling | None,
    stop: threading.Event,
    most_text: int = MOST_TEXT,
) -> Answer:
    """Simulate all circuits of a job and write its results.

    Args:
        groups: the circuits by structure
        children: ids of the child jobs in circuit order; none for a job of one circuit
        sampling: how circuits are sampled; None for exact probabilities
        stop: ends the simulation with a StoppedError once it is set
        most_text: most bytes of the results

    Returns:
        The results.
    """
    total = sum(len(group.members) for group in groups)
    texts: list[bytes] = [b""] * total
    counts: list[Counts | None] = [None] * total
    written = 0
    for group in groups:
        for member, text, seen in _answers(group, sampling, stop):
            texts[member], counts[member] = text, seen
            written += len(text)
            if written > most_text:
                raise MemoryError(f"The results are longer than {most_text} bytes.")
    text, spans = _join(texts, children)
    return Answer(text, spans, tuple(c for c in counts if c is not None))


def _answers(
    group: CircuitGroup, sampling: Sampling | None, stop: threading.Event
) -> Iterator[tuple[int, bytes, Counts | None]]:
    """Simulate and write the circuits of a group.

    Yields:
        Each circuit's place in the job, its JSON text, and its counts if it has shots.
    """
    if sampling is None:
        for chunk in simulate(group, stop):
            for member, text in zip(chunk.members, write(chunk), strict=True):
                yield member, text, None
        return
    for member, seen in measure(group, sampling, stop):
        frequencies = seen.counts[None] / sampling.shots
        (text,) = write(Chunk((member,), seen.states, frequencies))
        yield member, text, seen


def write(chunk: Chunk) -> Iterable[bytes]:
    """Return each circuit's JSON object of the outcomes that aren't zero."""
    parts: list[list[bytes]] = [[] for _ in chunk.members]
    for start in range(0, len(chunk.states), BLOCK):
        block = slice(start, start + BLOCK)
        states = chunk.states[block].tolist()
        pieces = [f'"{state}":0.%015d' for state in states]
        whole = ",".join(pieces)
        # 15 decimals, as integers, which are written faster than floats.
        rows = np.rint(chunk.probabilities[:, block] / SMALLEST).astype(np.int64)
        for part, row, kept in zip(parts, rows, rows > 0, strict=True):
            if row.max() >= CERTAIN:
                part.append(f'"{states[row.argmax()]}":1'.encode())
            elif kept.all():
                part.append((whole % tuple(row.tolist())).encode())
            elif kept.any():
                some = ",".join([pieces[i] for i in np.flatnonzero(kept).tolist()])
                part.append((some % tuple(row[kept].tolist())).encode())
    return [b"{%b}" % b",".join(part) for part in parts]


def _join(
    texts: Sequence[bytes], children: Sequence[str]
) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Return all objects as one text, and the first and last place of each in it."""
    if not children:
        return texts[0], ((0, len(texts[0])),)
    pieces: list[bytes] = []
    spans, end = [], 0
    for child, text in zip(children, texts, strict=True):
        lead = f'{"," if pieces else "{"}"{child}":'.encode()
        spans.append((end + len(lead), end + len(lead) + len(text)))
        pieces += [lead, text]
        end += len(lead) + len(text)
    return b"".join([*pieces, b"}"]), tuple(spans)
