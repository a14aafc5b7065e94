"""Estimate how many bytes a value holds in memory."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_NOT_OWNED = (type(None), type, ModuleType, FunctionType, MethodType, BuiltinFunctionType)


def footprint(*values: Any) -> int:
    """Return the bytes of some values and of all they hold, each object counted once.

    Arrays count with their data. Classes and functions are not counted, nor what these hold;
    objects that are shared with others are.
    """
    seen: set[int] = set()
    total, waiting = 0, list(values)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _NOT_OWNED):
            continue
        seen.add(id(value))
        total += sys.getsizeof(value, 0)
        if isinstance(value, np.ndarray):
            total += 0 if value.base is None else value.nbytes  # getsizeof knows its own data only
        elif not isinstance(value, str | bytes | int | float | complex):
            waiting.extend(_parts(value))
    return total


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if type(value) is dict:
        return [*value.keys(), *value.values()]
    kind: Any = type(value)
    own = [getattr(value, name, None) for name in _slots(kind)]
    return [getattr(value, "__dict__", None), *own]


@lru_cache(maxsize=1024)
def _slots(kind: type) -> tuple[str, ...]:
    found = [each.__dict__.get("__slots__", ()) for each in kind.__mro__]
    return tuple(name for own in found for name in ((own,) if isinstance(own, str) else own))
