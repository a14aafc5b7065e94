"""Angles, matrices and results of any interface as NumPy arrays, by autoray.

PennyLane tells autoray how the tensors of autograd, Torch, JAX and its own become arrays, so this
works without any of the libraries that aren't installed.
"""

from collections.abc import Sequence
from typing import Any

import autoray
import numpy as np
from autograd.tracer import getval
from autoray import do, infer_backend
from numpy.typing import NDArray
from pennylane import math  # noqa: F401  it tells autoray of the interfaces

__all__ = ["do", "infer_backend", "numbers", "to_numpy"]

_UNREADABLE = (TypeError, ValueError, RuntimeError, OverflowError)


def to_numpy(value: Any) -> NDArray[Any]:
    """Return a number, an array, a sparse matrix or a tensor as a NumPy array.

    A tensor that is being differentiated gives its value. Of a list or a tuple, all of one shape,
    the items are the array's first axis.
    """
    if type(value) in {list, tuple}:
        return np.array([to_numpy(item) for item in value])
    dense = value.toarray() if hasattr(value, "toarray") else value
    return np.asarray(autoray.to_numpy(dense))


def numbers(values: Sequence[Any], *, are_plain: bool = False) -> NDArray[Any] | None:
    """Return single real numbers as one array of shape (n,), or None where that can't be.

    This is faster than to read each with ``to_numpy``: inside a gradient, autograd's are many.

    Args:
        values: of any interface
        are_plain: whether each is known to be Python's or NumPy's real number
    """
    try:
        if are_plain:
            return np.fromiter(values, np.float64, len(values))
        flat = np.array(list(map(getval, values)))
    except _UNREADABLE:  # arrays, or another interface's tensors
        return None
    return flat if flat.ndim == 1 and flat.dtype.kind in "fiub" else None
