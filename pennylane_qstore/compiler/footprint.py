"""How many bytes a value holds in memory, about."""

import sys
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_NOT_OWNED = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType)


def footprint(*values: Any) -> int:
    """The bytes of some values and of all that they are made of, each object counted once.

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
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    yield getattr(value, "__dict__", None)
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield getattr(value, name, None)
