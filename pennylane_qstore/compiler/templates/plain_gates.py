"""Fast path of the cache key: gates fully described by class, wires and scalar parameters.

Reading gates is most of the time of a cache hit. So the places to read are found once for each
sequence of classes, and reused: most tapes have the structure of the one before.
"""

import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pennylane_qstore.compiler.operators.angles import PLAIN, PLAIN_CONTROLLED
from pennylane_qstore.pennylane_private import control_labels, wire_labels

# A parameter of one of these types is one number.
NUMBERS = frozenset({float, int, np.float64})
_Pick = Callable[[Sequence[Operator]], Sequence[Operator]]
_numbers = itertools.count()


class PlainReader:
    """Reads tapes whose operations are of one sequence of classes.

    Attributes:
        kinds: the classes
        others: the places of all other operations
    """

    def __init__(self, kinds: tuple[type[Operator], ...]) -> None:
        """Find the places to read.

        Args:
            kinds: each operation's class
        """
        places = [place for place, kind in enumerate(kinds) if kind in PLAIN]
        self.others = [place for place, kind in enumerate(kinds) if kind not in PLAIN]
        self.kinds, self._places = kinds, places
        self._plain = picking(places) if self.others else _all
        self._controlled = picking(place for place in places if kinds[place] in PLAIN_CONTROLLED)
        open_ = [place for place in places if kinds[place].num_params]
        self._open, self._open_places = picking(open_), open_
        self._has_one_each = all(kinds[place].num_params == 1 for place in open_)
        self._last: tuple[Hashable, tuple[int | None, ...]] = ((), ())

    def are_batches(self, operations: Sequence[Operator]) -> list[int]:
        """Return the places of the plain gates that have an array among their parameters."""
        return [
            place
            for place, op in zip(self._open_places, self._open(operations), strict=True)
            if any(map(np.ndim, op.data))
        ]

    def values(self, operations: Sequence[Operator]) -> list[Any]:
        """Return the plain gates' parameters, in order."""
        own = self._open(operations)
        return [op.data[0] for op in own] if self._has_one_each else parameters(own)

    def tokens(self, operations: Sequence[Operator]) -> tuple[int | None, ...]:
        """Return a token for each plain gate, without its parameters; None for other operations."""
        # A controlled gate's own labels are its base's alone.
        labels = list(map(wire_labels, self._plain(operations)))
        controls = list(map(control_labels, self._controlled(operations)))
        last, tokens = self._last
        if (labels, controls) != last:
            tokens = self._tokens_of(labels, controls)
            self._last = (labels, controls), tokens
        return tokens

    def _tokens_of(
        self, labels: Sequence[Hashable], controls: Sequence[Hashable]
    ) -> tuple[int | None, ...]:
        waiting = iter(controls)
        found: list[int | None] = [None] * len(self.kinds)
        for place, own in zip(self._places, labels, strict=True):
            kind = self.kinds[place]
            found[place] = token_of(
                (kind, own, next(waiting) if kind in PLAIN_CONTROLLED else None)
            )
        return tuple(found)


def picking(places: Iterable[int]) -> _Pick:
    """Return a function that picks the operations in some places."""
    own = list(places)
    if len(own) > 1:
        return itemgetter(*own)
    return lambda operations: [operations[place] for place in own]


def _all(operations: Sequence[Operator]) -> Sequence[Operator]:
    return operations


def reader(kinds: tuple[type[Operator], ...]) -> PlainReader:
    """Return the reader of a sequence of classes."""
    found = _latest[0]
    if found.kinds != kinds:
        _latest[0] = found = _reader(kinds)
    return found


_reader = functools.lru_cache(maxsize=1024)(PlainReader)
_latest = [PlainReader(())]


@functools.lru_cache(maxsize=10_000)
def token_of(what: Hashable) -> int:
    """Return a number that stands for all equal values; a new one if it was forgotten."""
    del what
    return next(_numbers)


def parameters(operations: Iterable[Operator]) -> list[Any]:
    """Return all parameters of some operations, in order."""
    return [value for op in operations for value in op.data]


def are_numbers(values: Sequence[Any]) -> bool:
    """Return whether each of some parameters is one number, by its type."""
    kinds = list(map(type, values))
    one = kinds[0] if kinds else float
    # To count one type is faster than to look up all.
    return (kinds.count(one) == len(kinds) and one in NUMBERS) or NUMBERS.issuperset(kinds)


def plain_token(op: Operator) -> int | None:
    """Return a plain gate's token; None for any other operation, or a batch."""
    (token,) = reader((type(op),)).tokens([op])
    return None if token is None or any(map(np.ndim, op.data)) else token
