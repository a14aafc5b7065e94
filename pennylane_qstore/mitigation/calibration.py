"""Calibration circuits: the structure of a user's circuits, at angles where the values are known.

Clifford data regression (Czarnik et al., arXiv 2005.10189) replaces gates of one circuit and pays
for every circuit. Here the circuits are of a structure, and serve all that share it: a batch, or a
gradient. They are near the user's circuits: part of the angles is moved to multiples of a quarter
turn, so that what is measured survives.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.compiler.verify_statevector import run, steps_of, zeros
from pennylane_qstore.errors import CompileError
from pennylane_qstore.mitigation.words import signs
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Programs

Reals = NDArray[np.float64]
MOST_QUBITS = 12  # of a program, which is simulated to choose its angles
_QUARTER = np.pi / 2
_TURNS = np.arange(4) * _QUARTER
_SNAPPED = 0.25  # of the angles, the part that is moved to multiples of a quarter turn
_CLEAR = 0.2  # a Z string's value that is large enough
_MOST_TURNED = 60  # angles that are searched over; the others stay where chance put them
_LEAST_VALUE = 0.2  # of a Z string without noise; a smaller one tells nothing
_LEAST_FACTOR = 0.02


class ChosenAngles(NamedTuple):
    """Angles of calibration circuits.

    Attributes:
        params: shape (n_circuits, n_params)
        values: of each Z string without noise, shape (n_circuits, n_words)
    """

    params: Reals
    values: Reals


def exact_values(template: Template, params: Reals, target: Target, words: Sequence[int]) -> Reals:
    """Simulate circuits of a structure without noise.

    Args:
        template: the structure
        params: shape (n_circuits, n_params)
        target: what is compiled to
        words: Z strings on the tape's qubits, as integers

    Returns:
        the mean of each string, shape (n_circuits, n_words)

    Raises:
        CompileError: the program has too many qubits
    """
    values = np.empty((len(params), len(words)))
    for bound in template.bind(params, target):
        probabilities = simulated(bound.programs)
        states = np.arange(probabilities.shape[1])
        for row, place in enumerate(bound.rows.tolist()):
            bits = bound.programs.bits_of(row)
            values[place] = signs(_mapped(states, bits), words) @ probabilities[row]
    return values


def _mapped(states: NDArray[np.int64], bits: BitMap | None) -> NDArray[np.int64]:
    return states if bits is None else bits.of(states)


def simulated(programs: Programs) -> Reals:
    """Return exact probabilities of programs by basis state, shape (batch, 2ⁿ).

    Raises:
        CompileError: they have too many qubits
    """
    if programs.qubits > MOST_QUBITS:
        raise CompileError(
            f'mitigation="calibrate" takes circuits of at most {MOST_QUBITS} qubits after '
            f'compiling, not {programs.qubits}: use mitigation="zne", or measure fewer wires'
        )
    state = run(steps_of(programs, slice(None)), zeros(programs.qubits))
    order = [0, *range(programs.qubits, 0, -1), programs.qubits + 1]  # qubit 0 is the lowest bit
    sizes: Reals = np.abs(state.transpose(order).reshape(len(state), -1)) ** 2
    return np.broadcast_to(sizes, (len(programs), sizes.shape[1]))


def choose(
    template: Template,
    target: Target,
    words: Sequence[int],
    near: Reals,
    count: int,
    rng: np.random.Generator,
) -> ChosenAngles:
    """Search angles at which the measured Z strings survive.

    Each circuit starts at a user's circuit, with part of its angles moved to the nearest multiple
    of a quarter turn. Then one of these after another is changed to the multiple at which the
    strings' values are largest, until they are as large as a known value needs to be.

    Args:
        template: the structure
        target: what is compiled to
        words: the measured Z strings, on the tape's qubits
        near: the users' angles, shape (batch, n_params)
        count: of circuits
        rng: draws where they start

    Returns:
        the angles, and the strings' exact values at them
    """
    params = near[rng.permutation(np.resize(np.arange(len(near)), count))].astype(float)
    snapped = rng.random(params.shape) < _SNAPPED
    params = np.where(snapped, np.rint(params / _QUARTER) * _QUARTER, params)
    wanted = [word for word in words if word]
    if not snapped.any() or not wanted:
        return ChosenAngles(params, exact_values(template, params, target, words))
    best = _scores(exact_values(template, params, target, wanted))
    for place in rng.permutation(params.shape[1])[:_MOST_TURNED]:
        if best.min() > 1 - 1e-9:
            break
        tries = np.repeat(params[None], len(_TURNS), axis=0)
        tries[:, :, place] += np.where(snapped[:, place], _TURNS[:, None], 0.0)
        values = exact_values(template, tries.reshape(-1, params.shape[1]), target, wanted)
        scores = _scores(values).reshape(len(_TURNS), count)
        chosen = scores.argmax(axis=0)
        params, best = tries[chosen, np.arange(count)], scores.max(axis=0)
    return ChosenAngles(params, exact_values(template, params, target, words))


def _scores(values: Reals) -> Reals:
    """Return how much of the strings each circuit shows, 1 for all, shape (n_circuits,)."""
    return np.minimum(np.abs(values) / _CLEAR, 1).mean(axis=1)


def factors(measured: Reals, values: Reals) -> Reals:
    """Fit what noise leaves of each Z string: measured = factor·value.

    A string that survives in none of the circuits gets the mean factor of the others.

    Args:
        measured: shape (n_circuits, n_words)
        values: the same without noise

    Returns:
        shape (n_words,), at most 1
    """
    clear = np.where(np.abs(values) < _LEAST_VALUE, 0.0, values)
    sizes = np.square(clear).sum(axis=0)
    told = sizes > 0
    fitted = np.ones(measured.shape[1])
    fitted[told] = (measured * clear).sum(axis=0)[told] / sizes[told]
    if told.any():
        fitted[~told] = fitted[told].mean()
    return np.clip(fitted, _LEAST_FACTOR, 1.0)
