"""Simulate a job, and write its results as JSON or as arrays."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

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
# The first bytes of results as arrays; no JSON begins so.
MAGIC = b"\x93QSTORE1"


class Answer:
    """A job's results.

    Exact ones are kept as arrays, and written as JSON when they are first asked for: a client that
    takes arrays needs no text.

    Attributes:
        counts: each circuit's counts; empty if the probabilities are exact
    """

    def __init__(
        self,
        children: Sequence[str],
        texts: Sequence[bytes] = (),
        counts: tuple[Counts, ...] = (),
        chunks: Sequence[Chunk] = (),
    ) -> None:
        """Keep the results of some circuits.

        Args:
            children: ids of the child jobs in circuit order; none for a job of one circuit
            texts: each circuit's JSON object; empty if there are chunks
            counts: each circuit's counts; empty if the probabilities are exact
            chunks: the exact probabilities
        """
        self.counts = counts
        self._children = tuple(children)
        self._rows = {
            member: (chunk, row) for chunk in chunks for row, member in enumerate(chunk.members)
        }
        self._chunks = tuple(chunks)
        self._lock = threading.Lock()
        self._joined = None if chunks else _join(texts, children)

    @classmethod
    def of_text(
        cls, text: bytes, spans: tuple[tuple[int, int], ...], counts: tuple[Counts, ...]
    ) -> "Answer":
        """Return the results of a text that was written before."""
        answer = cls((), (b"",), counts)
        answer._joined = text, spans
        return answer

    @property
    def text(self) -> bytes:
        """Every circuit's probabilities, as JSON; keyed by child id if there are children."""
        return self._written()[0]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First and last place of each circuit's object in the text."""
        return self._written()[1]

    @property
    def is_exact(self) -> bool:
        """Whether the probabilities are kept as arrays."""
        return bool(self._chunks)

    def probabilities(self, place: int) -> bytes:
        """Return the JSON text of one circuit's map from states to probabilities."""
        start, end = self.spans[place]
        return self.text[start:end]

    def packed(self, circuits: Iterable[tuple[str | None, int]]) -> bytes:
        """Return the exact probabilities of some circuits as arrays.

        They are `MAGIC`, the length of a header as 4 bytes, the header, which is a JSON array of
        [child id or null, measured qubits], and then each circuit's probabilities as doubles, in
        rising order of the states of these qubits. All numbers are little-endian.

        Args:
            circuits: child id, or None for a job of one circuit, and place in the job
        """
        header, rows = [], []
        for child, place in circuits:
            chunk, row = self._rows[place]
            header.append([child, chunk.qubits])
            rows.append(chunk.probabilities[row].astype("<f8", copy=False).tobytes())
        text = json.dumps(header).encode()
        return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *rows])

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        arrays = sum(chunk.probabilities.nbytes for chunk in self._chunks)
        text = 0 if self._joined is None else len(self._joined[0])
        counts = sum(c.states.nbytes + c.counts.nbytes + 200 for c in self.counts)
        return arrays + text + counts

    def _written(self) -> tuple[bytes, tuple[tuple[int, int], ...]]:
        with self._lock:
            if self._joined is None:
                texts = [b""] * len(self._rows)
                for chunk in self._chunks:
                    written = write(chunk.states, chunk.probabilities)
                    for member, text in zip(chunk.members, written, strict=True):
                        texts[member] = text
                self._joined = _join(texts, self._children)
            return self._joined


def solve(
    groups: Sequence[CircuitGroup],
    children: Sequence[str],
    sampling: Sampling | None,
    stop: threading.Event,
    most_text: int = MOST_TEXT,
) -> Answer:
    """Simulate all circuits of a job.

    Args:
        groups: the circuits by structure
        children: ids of the child jobs in circuit order; none for a job of one circuit
        sampling: how circuits are sampled; None for exact probabilities
        stop: ends the simulation with a StoppedError once it is set
        most_text: most bytes of the results

    Returns:
        The results.

    Raises:
        MemoryError: they are longer
    """
    limit = _SizeLimit(most_text)
    if sampling is None:
        chunks = []
        for group in groups:
            for chunk in simulate(group, stop):
                outcomes = int(np.count_nonzero(chunk.probabilities >= SMALLEST / 2))
                limit.add(
                    outcomes * len(f'"{1 << max(chunk.qubits, default=0)}":0.,') + 15 * outcomes
                )
                chunks.append(chunk)
        return Answer(children, chunks=chunks)
    total = sum(len(group.members) for group in groups)
    texts: list[bytes] = [b""] * total
    counts: dict[int, Counts] = {}
    for group in groups:
        for member, seen in measure(group, sampling, stop):
            (texts[member],) = write(seen.states, seen.counts[None] / sampling.shots)
            limit.add(len(texts[member]))
            counts[member] = seen
    return Answer(children, texts, tuple(counts[member] for member in range(total)))


class _SizeLimit:
    """Counts the bytes of results, and raises when they are more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._written = 0

    def add(self, size: int) -> None:
        self._written += size
        if self._written > self._most:
            raise MemoryError(f"The results are longer than {self._most} bytes.")


def write(states: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Iterator[bytes]:
    """Return each circuit's JSON object of the outcomes that aren't zero.

    Args:
        states: basis states
        probabilities: shape (circuits, states)
    """
    parts: list[list[bytes]] = [[] for _ in probabilities]
    for start in range(0, len(states), BLOCK):
        block = slice(start, start + BLOCK)
        names = states[block].tolist()
        pieces = [f'"{state}":0.%015d' for state in names]
        whole = ",".join(pieces)
        # 15 decimals, as integers, which are written faster than floats.
        rows = np.rint(probabilities[:, block] / SMALLEST).astype(np.int64)
        for part, row, kept in zip(parts, rows, rows > 0, strict=True):
            if row.max() >= CERTAIN:
                part.append(f'"{names[row.argmax()]}":1'.encode())
            elif kept.all():
                part.append((whole % tuple(row.tolist())).encode())
            elif kept.any():
                some = ",".join([pieces[i] for i in np.flatnonzero(kept).tolist()])
                part.append((some % tuple(row[kept].tolist())).encode())
    return (b"{%b}" % b",".join(part) for part in parts)


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
