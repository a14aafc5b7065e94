"""Structures to their templates, made once and kept while there is room."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from pennylane_qstore.compiler.structure import UncacheableError

MOST_STRUCTURES = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """What a structure became.

    Attributes:
        templates: one for each circuit that a tape of the structure becomes
        post: the circuits' results to the tape's
    """

    templates: tuple[Any, ...]
    post: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Stats:
    """How often a structure was known.

    Attributes:
        hits: tapes whose structure was known
        misses: tapes whose structure was compiled
        bypasses: tapes that go the long way each time
        structures: kept now
    """

    hits: int
    misses: int
    bypasses: int
    structures: int


class TemplateCache:
    """Keeps the structures used last; many threads may ask at once."""

    def __init__(self, most: int = MOST_STRUCTURES) -> None:
        self._entries: LRUCache[Hashable, Entry | None] = LRUCache(most)
        self._seen: LRUCache[Hashable, None] = LRUCache(4 * most)
        self._lock = threading.RLock()
        self._hits = self._misses = self._bypasses = 0

    def find(self, key: Hashable, make: Callable[[], Entry], *, at_once: bool) -> Entry | None:
        """The entry of a key, made when it is new; None where there is none.

        Args:
            key: of the structure
            make: makes the entry; an UncacheableError is remembered too
            at_once: whether to make it at the first sight of the key, not the second
        """
        with self._lock:
            if not at_once and key not in self._entries and key not in self._seen:
                self._seen[key] = None
                self._bypasses += 1
                return None
            if key in self._entries:
                entry = self._entries[key]
                self._count(entry, known=True)
                return entry
            try:
                entry = make()
            except UncacheableError:
                entry = None
            self._entries[key] = entry
            self._count(entry, known=False)
            return entry

    def bypass(self) -> None:
        """Counts a tape that has no key."""
        with self._lock:
            self._bypasses += 1

    def stats(self) -> Stats:
        """How often a structure was known, so far."""
        with self._lock:
            return Stats(self._hits, self._misses, self._bypasses, len(self._entries))

    def clear(self) -> None:
        """Forgets all structures."""
        with self._lock:
            self._entries.clear()
            self._seen.clear()

    def _count(self, entry: Entry | None, *, known: bool) -> None:
        if entry is None:
            self._bypasses += 1
        elif known:
            self._hits += 1
        else:
            self._misses += 1
