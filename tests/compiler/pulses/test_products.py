"""Runs as quaternions: the same as the product of their factors' matrices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from pennylane_qstore.compiler.circuit.quaternions import tangents
from pennylane_qstore.compiler.pulses.products import products
from pennylane_qstore.compiler.pulses.timelines import CLIFFORDS, AxisRotation, BoundGate, Fixed
from tests.compiler.native_matrix import X, Y, Z

PAULIS = {"X": X, "Y": Y, "Z": Z}
ANGLES, LOCALS, BATCH = 3, 2, 4
factor = st.one_of(
    st.sampled_from(sorted(CLIFFORDS)).map(lambda name: Fixed(CLIFFORDS[name])),
    st.builds(AxisRotation, st.sampled_from("XYZ"), st.integers(0, ANGLES - 1)),
    st.builds(BoundGate, st.integers(0, LOCALS - 1)),
)
layers = st.lists(st.lists(factor, max_size=7), min_size=1, max_size=5)


def matrix(quaternion):
    w, x, y, z = quaternion
    return w * np.eye(2) - 1j * (x * X + y * Y + z * Z)


def drawn(rng, *shape):
    quaternions = rng.normal(size=shape)
    return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)


@given(layers=layers, seed=st.integers(0, 99))
def test_products_of_factors(layers, seed):
    """Factors of all kinds in any order, and constants before and after every layer."""
    rng = np.random.default_rng(seed)
    angles, gates = rng.uniform(-7, 7, (ANGLES, BATCH)), drawn(rng, LOCALS, 4, BATCH)
    before, after = drawn(rng, len(layers), 4), drawn(rng, len(layers), 4)
    plain = products(layers).at(angles, gates)
    between = products(layers).between(before, after).at(angles, gates)
    for row, layer in enumerate(layers):
        for place in range(BATCH):
            expected = np.eye(2)
            for each in layer:
                if isinstance(each, Fixed):
                    step = matrix(each.quaternion)
                elif isinstance(each, BoundGate):
                    step = matrix(gates[each.slot, :, place])
                else:
                    step = expm(-0.5j * angles[each.slot, place] * PAULIS[each.axis])
                expected = step @ expected
            outside = matrix(after[row]) @ expected @ matrix(before[row])
            for found, wanted in ((plain, expected), (between, outside)):
                own = matrix(found[row, :, place])
                sign = np.sign(np.vdot(own, wanted).real)  # a phase that nobody sees
                assert np.allclose(own, sign * wanted, atol=1e-13)


def test_tangents_at_special_values():
    """The tangent of a half angle has poles, but no float is one."""
    angles = np.add.outer(np.arange(-40, 41) * np.pi / 4, [0, 1e-9, -1e-9, 1e-13, -1e-13, 1e-16])
    ratios = tangents(angles)
    size = np.hypot(1, ratios)
    signs = np.sign(np.cos(angles / 2))
    assert np.abs(signs / size - np.cos(angles / 2)).max() < 1e-15
    assert np.abs(signs * ratios / size - np.sin(angles / 2)).max() < 1e-15


def test_tangent_nearest_to_a_pole():
    """Half an odd multiple of π that is as near to a float as any: J.-M. Muller et al., "Handbook
    of Floating-Point Arithmetic", on range reduction."""
    nearest = 6381956970095103 * 2.0**797
    angles = np.array([2 * nearest, -2 * nearest])
    assert np.allclose(np.abs(tangents(angles)), 2.1334853857537e18, rtol=1e-12, atol=0)
