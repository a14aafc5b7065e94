"""Pulse counts of a circuit's layers if the entanglers around them had other axes.

An entangler about a word P⊗Q is the native one between rotations that take the axes P and Q to its
own. So a layer between entanglers about axes A and B consists of these rotations and what is
between them; for other axes, other rotations stand around that.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from pennylane_qstore.compiler.circuit.elements import Reals
from pennylane_qstore.compiler.circuit.quaternions import ONE, composed, inverse, magnitudes, times
from pennylane_qstore.compiler.pulses.ms_gauge import FORWARD, pulses_between
from pennylane_qstore.compiler.pulses.products import products
from pennylane_qstore.compiler.pulses.timelines import CLIFFORDS, TO_Z, BoundGate, Factor
from pennylane_qstore.compiler.pulses.wiring import pulses_needed

LETTERS = "XYZ"
END = len(LETTERS)  # no axis: an end of the circuit
_TO_FIND = 2.0**-12  # pulses; of two ways that take as many, the one with fewer angles to find


def prices(
    layers: Sequence[Sequence[Factor]],
    axes: Sequence[tuple[int, int]],
    entangler: str,
    samples: tuple[Reals, Reals],
) -> Reals:
    """How many pulses layers take, and last one that does nothing; a trifle more with found angles.

    Args:
        layers: each a list of factors in time
        axes: the axes of the entanglers before and after each layer, as they are: places in
            `LETTERS`, or END
        entangler: "ms" or "zz"
        samples: the timelines' angles and locals at a few generic parameters

    Returns:
        shape (n_layers + 1, 4, 4, n_states, n_states), by the axes before and after the layer, as
        they may be, and the states of MS's gauge there (gauge.py); ZZ has one state
    """
    value = products(layers).at(*samples)
    nothing = np.broadcast_to(np.array(ONE)[:, None], (1, *value.shape[1:]))
    value = np.concatenate([value, nothing])
    own = np.array([*axes, (END, END)])
    turned, native = _turned("zz"), _turned(entangler)
    ahead, behind = inverse(turned[own[:, 1]])[..., None], turned[own[:, 0], :, None]
    bare = composed(composed(ahead, value, axis=-2), behind, axis=-2)
    each = composed(bare[:, None, None], inverse(native)[:, None, :, None], axis=-2)
    each = composed(native[:, :, None], each, axis=-2)
    flat = each.reshape(-1, *each.shape[3:])
    opaque = [any(isinstance(factor, BoundGate) for factor in layer) for layer in layers]
    hidden = np.repeat([*opaque, False], len(native) ** 2)
    if entangler == "ms":
        pulses = pulses_between(flat, hidden).astype(float)
        pulses[:, :, FORWARD:] += _TO_FIND
    else:
        pulses = np.where(hidden, 2.0, pulses_needed(*magnitudes(flat)))[:, None, None]
    return pulses.reshape(*each.shape[:3], *pulses.shape[1:])


@cache
def _turned(entangler: str) -> Reals:
    """Return the rotations of each axis to the entangler's, none for END; shape (4, 4)."""
    found = []
    for letter in LETTERS:
        turn = ONE
        for name in [*TO_Z[letter][0], *("H" * (entangler == "ms"))]:
            turn = times(CLIFFORDS[name], turn)
        found.append(turn)
    return np.array([*found, ONE])
