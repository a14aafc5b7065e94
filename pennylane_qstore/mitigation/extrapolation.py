"""Extrapolate values at several noise scales to no noise, for PennyLane's `mitigate_with_zne`."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.tensors import to_numpy

Reals = NDArray[np.float64]
_TWO = 2
MOST_GAIN = 10.0  # an exponential that grows by more between the first scale and 0 is noise


def weights(scales: Sequence[float], order: int) -> Reals:
    """Return what each value counts in a polynomial fit's value at 0, shape (n_scales,)."""
    powers = np.vander(np.asarray(scales, dtype=float), order + 1)
    return np.linalg.pinv(powers)[-1]


def linear_extrapolate(scales: Sequence[float], values: Any) -> Any:
    """Fit a line and give its value without noise.

    Args:
        scales: the noise scale of each value
        values: one a scale, of any interface and shape

    Returns:
        the value at 0, of the values' shape

    **Example**

    >>> float(linear_extrapolate([1, 3], np.array([0.8, 0.6])).round(6))
    0.9
    """
    return _combined(weights(scales, 1), values)


def richardson_extrapolate(scales: Sequence[float], values: Any) -> Any:
    """Fit a polynomial through all values and give its value without noise.

    Args:
        scales: the noise scale of each value
        values: one a scale, of any interface and shape

    Returns:
        the value at 0, of the values' shape

    **Example**

    >>> float(richardson_extrapolate([1, 3, 5], np.array([0.8, 0.6, 0.5])).round(6))
    0.9375
    """
    return _combined(weights(scales, len(scales) - 1), values)


def exponential_extrapolate(scales: Sequence[float], values: Any) -> Any:
    """Fit A·exp(-b·scale) with one rate b for all values, and give A.

    PennyLane's own fits a rate to each value, and gives large numbers, silently, where values are
    near 0 or change their sign. Here a single rate is fitted to the sizes of all values together.
    Where they don't decay, a line is taken instead, and a warning says so.

    Args:
        scales: the noise scale of each value
        values: one a scale, of any interface and shape

    Returns:
        the value at 0, of the values' shape

    **Example**

    >>> float(exponential_extrapolate([1, 3], np.array([0.8, 0.2])).round(6))
    1.6
    """
    plain = np.stack([np.ravel(to_numpy(each)) for each in values])
    rate = decay_rate(scales, plain)
    if rate is None:
        warnings.warn(
            f"the values {plain.tolist()} at the noise scales {list(scales)} don't decay "
            "exponentially; a line is fitted to them instead",
            stacklevel=2,
        )
        return linear_extrapolate(scales, values)
    return _combined(exponential_weights(scales, rate), values)


def decay_rate(scales: Sequence[float], values: Reals, noise: float = 0.0) -> float | None:
    """Fit one decay rate to many values.

    The size of all values at a scale is their inner product with those at the first scale.

    Args:
        scales: rising, the first the lowest
        values: shape (n_scales, n_values)
        noise: the sum of the variances of the values at the first scale, which is taken off their
            inner product with themselves

    Returns:
        b of exp(-b·scale), at least 0; None where the values don't decay exponentially
    """
    if len(set(scales)) < _TWO:
        return None
    sizes = values @ values[0]
    sizes[0] -= noise
    if not np.all(sizes > 0):
        return None
    rate = -float(np.polyfit(np.asarray(scales, dtype=float), np.log(sizes), 1)[0])
    if rate * scales[0] > np.log(MOST_GAIN):
        return None
    return max(rate, 0.0)


def exponential_weights(scales: Sequence[float], rate: float) -> Reals:
    """Return what each value counts in a least-squares fit of A·exp(-rate·scale), (n_scales,)."""
    powers = np.exp(-rate * np.asarray(scales, dtype=float))
    return powers / (powers @ powers)


def _combined(weights: Reals, values: Any) -> Any:
    return sum(weight * value for weight, value in zip(weights.tolist(), values, strict=True))
