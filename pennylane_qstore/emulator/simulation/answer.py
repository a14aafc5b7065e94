"""Probabilities to what the results endpoints send: one text a job, and counts where shots were."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_qstore.emulator.simulation.circuit import CircuitGroup
from pennylane_qstore.emulator.simulation.measure import Counts, Sampling, measure
from pennylane_qstore.emulator.simulation.simulator import Chunk, simulate

# Below this a probability is rounding error and not an outcome.
SMALLEST = 1e-15
CERTAIN = round(1 / SMALLEST)
# Bytes of a job's results: they are in memory twice while they are put together.
MOST_TEXT = 1 << 29
# Outcomes turned into text at once, so that a large state does not become 2**24 strings.
BLOCK = 1 << 14


@dataclass(frozen=True, slots=True)
class Answer:
    """A job's results.

    Attributes:
        text: every circuit's probabilities, as JSON; keyed by child where there are children
        spans: where in it each circuit's object is
        counts: each circuit's counts; empty where the probabilities are exact
    """

    text: bytes
    spans: tuple[tuple[int, int], ...]
    counts: tuple[Counts, ...]

    def probabilities(self, place: int) -> bytes:
        """One circuit's flat map of states to probabilities."""
        start, end = self.spans[place]
        return self.text[start:end]

    @property
    def weight(self) -> int:
        """Bytes of memory, nearly."""
        return len(self.text) + sum(c.states.nbytes + c.counts.nbytes + 200 for c in self.counts)


def solve(
    groups: Sequence[CircuitGroup],
    children: Sequence[str],
    sampling: Sampling | None,
    stop: threading.Event,
    most_text: int = MOST_TEXT,
) -> Answer:
    """Simulates all circuits of a job and writes its results.

    Args:
        groups: the circuits by structure
        children: ids of the child jobs in circuit order; none for a job of one circuit
        sampling: None for exact probabilities
        stop: ends the work once it is set
        most_text: bytes that the results may have
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
    """Each circuit's place in the job, its probabilities, and its counts where there are any."""
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
    """Each circuit's JSON object of the outcomes that are not zero."""
    parts: list[list[bytes]] = [[] for _ in chunk.members]
    for start in range(0, len(chunk.states), BLOCK):
        block = slice(start, start + BLOCK)
        states = chunk.states[block].tolist()
        pieces = [f'"{state}":0.%015d' for state in states]
        whole = ",".join(pieces)
        # 15 decimals, as whole numbers, which are turned to text faster than floats.
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
    """All objects as one, and where each is."""
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
