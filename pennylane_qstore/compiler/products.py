"""Runs to their unitaries, all runs and all circuits of a batch at once, as quaternions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.chains import Factor, Fixed, Local, Turn

Reals = NDArray[np.float64]


class Step(NamedTuple):
    """One factor each of some runs, all of one kind.

    Attributes:
        rows: the runs
        axis: 1, 2 or 3 for a turn about X, Y or Z; 0 for anything else
        slots: of the turns or locals; empty for constants
        constant: quaternions (4, n_rows, 1); None for anything else
    """

    rows: NDArray[np.int_]
    axis: int
    slots: NDArray[np.int_]
    constant: Reals | None


def merged(run: Sequence[Factor]) -> tuple[Factor, ...]:
    """A run with neighbouring constants multiplied into one."""
    found: list[Factor] = []
    for factor in run:
        if found and isinstance(factor, Fixed) and isinstance(found[-1], Fixed):
            before = np.array(found[-1].quaternion)
            w, x, y, z = _times(np.array(factor.quaternion), before).tolist()
            found[-1] = Fixed((w, x, y, z))
        else:
            found.append(factor)
    return tuple(found)


def _times(left: Reals, right: Reals) -> Reals:
    """Quaternions' product, over the first axis: the rotation `right`, then `left`."""
    aw, ax, ay, az = left
    bw, bx, by, bz = right
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


def steps_of(runs: Sequence[Sequence[Factor]]) -> tuple[Step, ...]:
    """Runs to what must be multiplied, the factors of one kind and one place together."""
    steps: list[Step] = []
    for place in range(max(map(len, runs), default=0)):
        here = [(row, run[place]) for row, run in enumerate(runs) if len(run) > place]
        fixed = [(row, factor.quaternion) for row, factor in here if isinstance(factor, Fixed)]
        if fixed:
            rows, values = zip(*fixed, strict=True)
            steps.append(Step(np.array(rows), 0, np.array([]), np.array(values).T[:, :, None]))
        slotted = [(row, _axis(f), f.slot) for row, f in here if not isinstance(f, Fixed)]
        for axis in range(4):
            own = [(row, slot) for row, of, slot in slotted if of == axis]
            if own:
                steps.append(Step(np.array([row for row, _ in own]), axis, _slots(own), None))
    return tuple(steps)


def _axis(factor: Turn | Local) -> int:
    return " XYZ".index(factor.axis) if isinstance(factor, Turn) else 0


def _slots(own: Sequence[tuple[int, int]]) -> NDArray[np.int_]:
    return np.array([slot for _, slot in own])


def products(n_runs: int, steps: Sequence[Step], angles: Reals, gates: Reals) -> Reals:
    """All runs' unitaries at once, as quaternions of shape (4, n_runs, batch)."""
    batch = angles.shape[-1]
    product = np.zeros((4, n_runs, batch))
    product[0] = 1.0
    cosines, sines = np.cos(angles / 2), np.sin(angles / 2)
    for rows, axis, slots, constant in steps:
        if constant is not None:
            factor = constant
        elif axis:
            factor = np.zeros((4, len(rows), batch))
            factor[0], factor[axis] = cosines[slots], sines[slots]
        else:
            factor = gates[slots].transpose(1, 0, 2)
        product[:, rows] = _times(factor, product[:, rows])
    return product
