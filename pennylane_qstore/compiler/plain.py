"""Gates that their class, their wires and a number a parameter tell all of, a whole tape at once.

Reading gates is most of what a tape of a known structure takes. So it is left to loops in C: what
is to be read where is found once for a sequence of classes, and gates that several tapes share are
known by their identity.
"""

import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pennylane_qstore.compiler.gateset import NATIVE

# A parameter of one of these types is one number.
NUMBERS = frozenset({float, int, np.float64})
_CONTROLLED = frozenset(
    {
        *(qml.CRX, qml.CRY, qml.CRZ, qml.CRot, qml.ControlledPhaseShift),
        *(qml.CNOT, qml.CY, qml.CZ, qml.CH, qml.Toffoli, qml.CSWAP),
    }
)
_UNCONTROLLED = frozenset(
    {
        *(qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.U1, qml.U2, qml.U3, qml.Rot),
        *(qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.IsingXY),
        *(qml.X, qml.Y, qml.Z, qml.Hadamard, qml.S, qml.T, qml.SX, qml.SWAP, qml.ISWAP),
        *NATIVE,
    }
)
# Without the properties in front of them, which take longer than all else that is read. Those of a
# controlled gate are its base's wires alone.
_labels = attrgetter("_wires._labels")
_settings = attrgetter("_hyperparameters")
_controls = itemgetter("control_wires")
_control_labels = attrgetter("_labels")
_data = attrgetter("data")

_Pick = Callable[[Sequence[Operator]], Sequence[Operator]]
_numbers = itertools.count()


class Reader:
    """Reads tapes whose operations are of one sequence of classes.

    Attributes:
        others: the places of the operations that take more than this to tell
    """

    def __init__(self, kinds: tuple[type[Operator], ...]) -> None:
        """Finds what is read where.

        Args:
            kinds: each operation's class
        """
        plain = _CONTROLLED | _UNCONTROLLED
        places = [place for place, kind in enumerate(kinds) if kind in plain]
        self.others = [place for place, kind in enumerate(kinds) if kind not in plain]
        self._kinds, self._places = kinds, places
        self._plain = picking(places)
        self._open = picking(place for place in places if kinds[place].num_params)
        self._controlled = picking(place for place in places if kinds[place] in _CONTROLLED)
        self._last: tuple[Hashable, tuple[int | None, ...]] = ((), ())

    def values(self, operations: Sequence[Operator]) -> list[Any]:
        """The plain gates' parameters, in order."""
        return parameters(self._open(operations))

    def tokens(self, operations: Sequence[Operator]) -> tuple[int | None, ...]:
        """What tells each plain gate but for its parameters; None for any other operation."""
        settings = map(_settings, self._controlled(operations))
        controls = list(map(_control_labels, map(_controls, settings)))
        labels = list(map(_labels, self._plain(operations)))
        last, tokens = self._last
        # Most tapes are of the structure of the one before.
        if (labels, controls) != last:
            tokens = self._told(labels, controls)
            self._last = (labels, controls), tokens
        return tokens

    def _told(
        self, labels: Sequence[Hashable], controls: Sequence[Hashable]
    ) -> tuple[int | None, ...]:
        waiting = iter(controls)
        found: list[int | None] = [None] * len(self._kinds)
        for place, own in zip(self._places, labels, strict=True):
            kind = self._kinds[place]
            found[place] = token_of((kind, own, next(waiting) if kind in _CONTROLLED else None))
        return tuple(found)


def picking(places: Iterable[int]) -> _Pick:
    """What picks the operations in some places."""
    own = list(places)
    if len(own) > 1:
        return itemgetter(*own)
    return lambda operations: [operations[place] for place in own]


@functools.lru_cache(maxsize=1024)
def reader(kinds: tuple[type[Operator], ...]) -> Reader:
    """The reader of a sequence of classes."""
    return Reader(kinds)


@functools.lru_cache(maxsize=10_000)
def token_of(what: Hashable) -> int:
    """A number of its own for whatever is equal; what was forgotten gets another one."""
    del what
    return next(_numbers)


def parameters(operations: Iterable[Operator]) -> list[Any]:
    """All parameters of some operations, in order."""
    return list(itertools.chain.from_iterable(map(_data, operations)))


def are_numbers(values: Sequence[Any]) -> bool:
    """Whether each of some parameters is one number, of a type that makes that sure."""
    return NUMBERS.issuperset(map(type, values))


def plain_token(op: Operator) -> int | None:
    """What tells a plain gate but for its parameters; None for any other operation, or a batch."""
    (token,) = reader((type(op),)).tokens([op])
    return None if token is None or any(map(np.ndim, op.data)) else token
