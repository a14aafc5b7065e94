"""Angles to what is in proportion to the cosines and sines of their halves, and its products.

Euler angles and Schmidt decompositions don't depend on a common factor, so that a half angle's
cosine and sine may as well be 1 and its tangent, which NumPy computes fast. No float is a pole of
the tangent: the largest is about 2e18.
"""

import numpy as np

from pennylane_qstore.compiler.circuit.elements import Reals


def tangents(angles: Reals) -> Reals:
    """The tangents of half of some angles."""
    found = angles * 0.5
    return np.tan(found, out=found)


def multiplied(numbers: Reals, first: Reals | None = None) -> Reals:
    """All products of some of a row's numbers.

    Args:
        numbers: shape (n_numbers, n_rows, batch)
        first: what is multiplied, shape (n_rows, n, batch); 1 where it isn't given

    Returns:
        shape (n_rows, n * 2**n_numbers, batch): the first ones alone, times the first number, times
        the second one, times both, times the third one, and so on
    """
    count, rows, batch = numbers.shape
    width = 1 if first is None else first.shape[1]
    found = np.empty((rows, width * 2**count, batch))
    found[:, :width] = 1 if first is None else first
    for place in range(count):
        half = width * 2**place
        np.multiply(found[:, :half], numbers[place][:, None], out=found[:, half : 2 * half])
    return found
