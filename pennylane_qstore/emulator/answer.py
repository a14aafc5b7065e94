"""Probabilities to what the results endpoints send: one text a job, and counts where shots were."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.emulator.circuit import Group
from pennylane_qstore.emulator.simulator import Chunk, simulate

# Below this a probability is rounding error and not an outcome.
SMALLEST = 1e-15
# Bytes of a job's results: they are in memory twice while they are put together.
MOST_TEXT = 1 << 29
# Outcomes turned into text at once, so that a large state does not become 2**24 strings.
BLOCK = 1 << 14

Random = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a machine measured: how often each basis state was seen.

    Attributes:
        states: basis states seen, rising
        counts: how often
    """

    states: NDArray[np.int64]
    counts: NDArray[np.int64]

    def histogram(self) -> dict[str, int]:
        """State to count, as the API writes it."""
        return dict(zip(map(str, self.states.tolist()), self.counts.tolist(), strict=True))

    def shots(self, random: np.random.Generator) -> list[str]:
        """One state a shot, in an order that chance chose."""
        shots = np.repeat(self.states, self.counts)
        random.shuffle(shots)
        return list(map(str, shots.tolist()))


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


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a machine turns probabilities into counts.

    Attributes:
        shots: how often each circuit is run
        random: a circuit's place in the job to its own source of chance
    """

    shots: int
    random: Random


def solve(
    groups: Sequence[Group],
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
        for chunk in simulate(group, stop):
            seen = chunk if sampling is None else _sample(chunk, sampling, counts)
            for member, text in zip(seen.members, write(seen), strict=True):
                texts[member] = text
                written += len(text)
            if written > most_text:
                raise MemoryError(f"The results are longer than {most_text} bytes.")
    text, spans = _join(texts, children)
    return Answer(text, spans, tuple(c for c in counts if c is not None))


def write(chunk: Chunk) -> Iterable[bytes]:
    """Each circuit's JSON object of the outcomes that are not zero."""
    parts: list[list[bytes]] = [[] for _ in chunk.members]
    for start in range(0, len(chunk.states), BLOCK):
        block = slice(start, start + BLOCK)
        # 15 digits are exact to 1e-15 and twice as fast to write as the shortest exact form.
        pieces = [f'"{state}":%.15g' for state in chunk.states[block].tolist()]
        whole = ",".join(pieces)
        rows = chunk.probabilities[:, block]
        for part, row, kept in zip(parts, rows, rows >= SMALLEST, strict=True):
            if kept.all():
                part.append((whole % tuple(row.tolist())).encode())
            elif kept.any():
                some = ",".join([pieces[i] for i in np.flatnonzero(kept).tolist()])
                part.append((some % tuple(row[kept].tolist())).encode())
    return [b"{%b}" % b",".join(part) for part in parts]


def _sample(chunk: Chunk, sampling: Sampling, counts: list[Counts | None]) -> Chunk:
    """The chunk with frequencies for probabilities; the counts go into the list."""
    frequencies = np.empty_like(chunk.probabilities)
    for row, member in enumerate(chunk.members):
        exact = chunk.probabilities[row]
        drawn = sampling.random(member).multinomial(sampling.shots, exact / exact.sum())
        seen = np.flatnonzero(drawn)
        counts[member] = Counts(chunk.states[seen], drawn[seen])
        frequencies[row] = drawn / sampling.shots
    return Chunk(chunk.members, chunk.states, frequencies)


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
