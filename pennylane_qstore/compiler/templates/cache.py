"""The template cache: structures and their templates, made once and kept while there is room."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pennylane as qml
from cachetools import LRUCache
from pennylane.measurements import MeasurementProcess

from pennylane_qstore.compiler.templates.key import UncacheableError
from pennylane_qstore.compiler.templates.memory import footprint
from pennylane_qstore.compiler.templates.operation import BoundTemplate
from pennylane_qstore.compiler.templates.parameters import Pick
from pennylane_qstore.compiler.templates.saved import Searches, SearchKey
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.errors import OptionError

MOST_STRUCTURES, MOST_BYTES = 256, 256 << 20
_MUCH = 16 << 20  # bytes that hardly a structure has: looking takes time


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The compiled form of a structure.

    Attributes:
        circuits: for each circuit that a tape of the structure becomes, an operation at no angles,
            and what is measured
        pick: picks, of a tape's operations, those whose parameters are left open
        batch_size: of the tape, or None
        post: makes the tape's result of the circuits' results
        looks_folded: whether its tapes may be folded ones, U U† U
    """

    circuits: tuple[tuple[BoundTemplate, Sequence[MeasurementProcess]], ...]
    pick: Pick
    batch_size: int | None
    post: Callable[..., Any]
    looks_folded: bool = False

    @property
    def templates(self) -> list[Template]:
        """The template of each circuit."""
        return [carrier.template for carrier, _ in self.circuits]


class CacheLookup(NamedTuple):
    """Result of a cache lookup.

    Attributes:
        entry: the compiled entry, or None if the structure can't be cached
        is_hit: True if it was in the cache before
    """

    entry: CacheEntry | None
    is_hit: bool


@dataclass(slots=True)
class _CacheSlot:
    """An entry with its costs and its use.

    Attributes:
        entry: None where a structure can't have one
        seconds: that making it took
        hits: tapes that found it
        bytes: that it holds, when it was last looked at
        is_grown: whether it was used since
    """

    entry: CacheEntry | None
    seconds: float = 0.0
    hits: int = 0
    bytes: int = 0
    is_grown: bool = True

    @property
    def compiling(self) -> float:
        """Seconds that the structure took, all in all."""
        searched = [] if self.entry is None else [t.searched for t in self.entry.templates]
        return self.seconds + sum(searched)


@dataclass(frozen=True, slots=True)
class Stats:
    """How often a structure was in the cache, and the time that saved.

    Attributes:
        hits: tapes whose structure was in the cache
        misses: tapes whose structure was compiled
        bypasses: tapes that went through the full pipeline, uncached
        evictions: structures that were forgotten to make room
        structures: kept now
        bytes: that these hold, about
        seconds_saved: measured: for each structure its hits times what compiling it took, minus
            what all hits took. It is a little much where PennyLane's decompositions mix angles: a
            structure's compilation then runs them three times, where a tape alone would once
    """

    hits: int
    misses: int
    bypasses: int
    evictions: int
    structures: int
    bytes: int
    seconds_saved: float


class TemplateCache:
    """Keeps the structures used last; it may be used from many threads.

    Example:
        >>> dev.cache.warm(circuit, weights)
        >>> dev.cache.stats().misses
        1
    """

    def __init__(self, most: int = MOST_STRUCTURES, most_bytes: int = MOST_BYTES) -> None:
        """Start empty.

        Args:
            most: structures; 0 keeps none at all
            most_bytes: that they hold, about; the one used last is kept in any case
        """
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Hashable, _CacheSlot] = OrderedDict()
        self._latest: tuple[Hashable, _CacheSlot | None] = (None, None)
        self._seen: LRUCache[Hashable, None] = LRUCache(4 * most)
        self._making: dict[Hashable, threading.RLock] = {}
        self._searches = Searches()
        self._lock = threading.RLock()
        self._hits = self._misses = self._bypasses = self._evictions = 0
        self._saved = self._spent = 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stats()}>" if self.is_on else "<TemplateCache off>"

    @property
    def is_on(self) -> bool:
        """Whether it keeps anything."""
        return self._most > 0

    def find(self, key: Hashable, make: Callable[[], CacheEntry], *, at_once: bool) -> CacheLookup:
        """Return the entry of a key, made when it is new; other keys don't wait for that.

        Args:
            key: of the structure
            make: makes the entry; an UncacheableError is remembered too
            at_once: whether to make it at the first sight of the key, not the second

        Returns:
            the entry, and whether it was in the cache
        """
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            if not at_once and key not in self._seen:
                self._seen[key] = None
                self._bypasses += 1
                return CacheLookup(None, is_hit=False)
            making = self._making.setdefault(key, threading.RLock())
        with making:
            found = self.get(key)  # another thread may have made it
            if found is not None:
                return found
            try:
                kept = _made(make)
                with self._lock:
                    self._keep(key, kept)
                    if kept.entry is None:
                        self._bypasses += 1
                    else:
                        self._misses += 1
            finally:
                self._making.pop(key, None)
        return CacheLookup(kept.entry, is_hit=False)

    def get(self, key: Hashable) -> CacheLookup | None:
        """Return the lookup of a key that was seen before; None for a new one."""
        with self._lock:
            latest, kept = self._latest
            if kept is None or key != latest:  # which is faster than to look
                kept = self._kept.get(key)
                if kept is None:
                    return None
                self._kept.move_to_end(key)
                self._latest = key, kept
            kept.hits += 1
            if kept.entry is None:
                self._bypasses += 1
                return CacheLookup(None, is_hit=False)
            kept.is_grown = True
            self._hits += 1
            return CacheLookup(kept.entry, is_hit=True)

    def search(self, search: SearchKey) -> Any:
        """Return the circuit that a loaded file has for a search, or None."""
        with self._lock:
            return self._searches.get(search)

    def spent(self, seconds: float) -> None:
        """Counts the time that a hit took."""
        with self._lock:
            self._spent += seconds

    def bypass(self) -> None:
        """Counts a tape that has no key."""
        with self._lock:
            self._bypasses += 1

    def stats(self) -> Stats:
        """Return how often a structure was in the cache so far, and the time that saved."""
        with self._lock:
            self._measure()
            kept = [each for each in self._kept.values() if each.entry is not None]
            saved = self._saved + sum(each.hits * each.compiling for each in kept)
            return Stats(
                self._hits,
                self._misses,
                self._bypasses,
                self._evictions,
                len(kept),
                self._bytes(),
                saved - self._spent,
            )

    def clear(self) -> None:
        """Forgets all structures, and what was loaded; the counts go on."""
        with self._lock:
            while self._kept:
                self._forget()
            self._seen.clear()
            self._searches = Searches()

    def warm(self, qnode: Any, *args: Any, **kwargs: Any) -> None:
        """Compiles what a call of a QNode needs, and sends nothing; the call itself is then a hit.

        Args:
            qnode: on this cache's device
            args: of the call; only their shapes matter, but for operators that carry values
            kwargs: of the call

        Raises:
            OptionError: the QNode is on another device, or this cache is off
        """
        if getattr(getattr(qnode, "device", None), "cache", None) is not self:
            raise OptionError("qnode", qnode, "use a QNode on the device whose cache this is")
        if not self.is_on:
            raise OptionError("cache", False, "a device that keeps nothing can't be warmed")
        for _ in range(2):  # what carries values is compiled at its second sight
            tapes, _ = qml.workflow.construct_batch(qnode, level="device")(*args, **kwargs)
            operations = [op for tape in tapes for op in tape.operations]
            templates = [op for op in operations if isinstance(op, BoundTemplate)]
            if len(templates) == len(tapes):
                break
        for op in templates:
            op.bind()

    def save(self, path: str | Path) -> int:
        """Writes what the searches for short circuits found, as JSON.

        A process that loads the file still runs PennyLane's pipeline on each structure, but the
        search is over; angles are in no file.

        Returns:
            how many circuits' searches are in the file
        """
        with self._lock:
            return self._searches.write(path, list(self._found()))

    def load(self, path: str | Path) -> int:
        """Reads a file of `save`, for structures that are compiled from now on.

        The file is data, and nothing in it is run. A circuit from it is compared with the tape's
        own gates at random angles before it is first sent, as far as verify=True compares: up to
        16 qubits in a light cone exactly, beyond that by single bits and neighbours.

        Returns:
            how many circuits' searches are in the file

        Raises:
            TemplateFileError: the file is damaged or of another version; nothing of it is taken
        """
        with self._lock:
            return self._searches.read(path)

    def _found(self) -> Iterator[tuple[SearchKey, Any]]:
        for kept in self._kept.values():
            for template in () if kept.entry is None else kept.entry.templates:
                yield from template.searches()

    def _keep(self, key: Hashable, kept: _CacheSlot) -> None:
        """Keeps what was made, and makes room for it."""
        self._kept[key] = kept
        self._latest = key, kept
        grown = sum(each.is_grown for each in self._kept.values())
        if self._bytes() + grown * _MUCH > self._most_bytes:
            self._measure()
        while len(self._kept) > self._most or (
            len(self._kept) > 1 and self._bytes() > self._most_bytes
        ):
            self._evictions += 1
            self._forget()

    def _bytes(self) -> int:
        return sum(kept.bytes for kept in self._kept.values())

    def _forget(self) -> None:
        """Lets go of the structure that was used the longest time ago."""
        _, kept = self._kept.popitem(last=False)
        if kept is self._latest[1]:
            self._latest = None, None
        if kept.entry is not None:
            self._saved += kept.hits * kept.compiling

    def _measure(self) -> None:
        """Looks again at the structures that were used: they grow when angles are bound."""
        for key, kept in self._kept.items():
            if kept.is_grown:
                kept.bytes, kept.is_grown = footprint(key, kept.entry), False


def _made(make: Callable[[], CacheEntry]) -> _CacheSlot:
    started = time.perf_counter()
    try:
        entry: CacheEntry | None = make()
    except UncacheableError:
        entry = None
    return _CacheSlot(entry, time.perf_counter() - started)
