"""Extrapolation to no noise: exact on what each fit assumes, and no large number in silence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennylane import numpy as pnp

from pennylane_qstore.mitigation.extrapolation import (
    decay_rate,
    exponential_extrapolate,
    linear_extrapolate,
    richardson_extrapolate,
    weights,
)

finite = st.floats(-1, 1)


@given(at_zero=finite, slope=finite, scales=st.sampled_from([(1, 2), (1, 3), (1, 2.82, 5)]))
def test_a_line_is_followed(at_zero, slope, scales):
    """Whatever the scales."""
    values = [np.array([at_zero + slope * scale, 0.0]) for scale in scales]
    assert np.allclose(linear_extrapolate(scales, values), [at_zero, 0], atol=1e-12)


@given(st.lists(finite, min_size=3, max_size=3))
def test_a_parabola_is_followed(parameters):
    """Richardson's through three values."""
    values = [np.polyval(parameters, scale) for scale in (1, 3, 5)]
    assert abs(richardson_extrapolate((1, 3, 5), values) - parameters[-1]) < 1e-10


@given(rate=st.floats(0, 0.7), sizes=st.lists(finite, min_size=1, max_size=5))
def test_a_common_decay_is_followed(rate, sizes):
    """Signs stay, and zeros do no harm."""
    sizes = np.array([1.0, *sizes])
    values = [sizes * np.exp(-rate * scale) for scale in (1, 3)]
    assert np.allclose(exponential_extrapolate((1, 3), values), sizes, atol=1e-9)


def test_values_that_cross_zero_are_no_exponential():
    """PennyLane's own fit gives 430.9 on such values, and says nothing."""
    values = [np.array(0.05), np.array(-0.02)]
    with pytest.warns(UserWarning, match="don't decay"):
        found = exponential_extrapolate((1, 3), values)
    assert abs(found - 0.085) < 1e-12


def test_growing_values_are_taken_as_they_are():
    """Noise makes nothing larger: a rate below 0 is chance."""
    assert abs(exponential_extrapolate((1, 3), [np.array(0.5), np.array(0.6)]) - 0.55) < 0.06


def test_one_scale_has_no_rate():
    """As where a circuit has no entangler to fold."""
    assert decay_rate((1, 1), np.ones((2, 1))) is None


@given(st.sampled_from([(1, 3), (1, 3, 5), (1, 2, 3, 4)]))
def test_weights_leave_constants_alone(scales):
    """They sum to one, for any order."""
    for order in range(1, len(scales)):
        assert abs(weights(scales, order).sum() - 1) < 1e-10


def test_the_interface_stays():
    """What comes in as autograd's tensors goes out as one."""
    found = linear_extrapolate((1, 3), [pnp.array(0.8), pnp.array(0.6)])
    assert isinstance(found, pnp.tensor)
