"""Special angles: circuits whose angles are multiples of π/2 get a template of their own.

A rotation by a multiple of π/2 is a Clifford gate for good: put into the circuit as a constant, it
may spare pulses, entanglers, or all that comes before or after it. Such a template takes as long
to make as one of a new structure, so there is a bound on their number, and a circuit whose angles
have none gets the one of its structure, which is right for all angles.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.columns import sliced
from pennylane_qstore.compiler.circuit.elements import Angle, AnyElement, Rotation
from pennylane_qstore.compiler.optimiser.optimise import Bound, Optimised

Reals = NDArray[np.float64]
# Templates for special angles: how many a structure may have, and how many a batch may add.
MOST, MOST_AT_ONCE = 32, 8
_QUARTER = np.pi / 2
_OPEN = -1


class ByAngles:
    """The best circuit of a structure for any angles, and for some special ones.

    Attributes:
        general: the one for any angles
    """

    def __init__(
        self, elements: Sequence[AnyElement], make: Callable[[Sequence[AnyElement]], Optimised]
    ) -> None:
        """Makes the one for any angles.

        Args:
            elements: of the circuit
            make: elements to the best circuit
        """
        self.general = make(elements)
        self._elements, self._make = elements, make
        self._open = [
            (place, element)
            for place, element in enumerate(elements)
            if isinstance(element, Rotation) and len(element.angle.terms) == 1
        ]
        angles = [element.angle for _, element in self._open]
        self._columns = sliced([angle.terms[0][0] for angle in angles])
        # In units of π/2.
        self._scales = np.array([angle.terms[0][1] for angle in angles]) / _QUARTER
        self._offsets = np.array([angle.const for angle in angles]) / _QUARTER
        self._has_offsets = bool(self._offsets.any())
        self._own: dict[bytes, Optimised] = {}
        self._lock = threading.Lock()

    def bind(self, params: Reals) -> list[Bound]:
        """Bind parameters to programs.

        Args:
            params: shape (batch, n_params)

        Returns:
            the programs, in a few groups of one structure each
        """
        quarters = self._quarters(params)
        if quarters is None:
            return self.general.bind(params)
        patterns, pattern_of = np.unique(quarters, axis=0, return_inverse=True)
        rows_of = [np.flatnonzero(pattern_of.reshape(-1) == i) for i in range(len(patterns))]
        made = 0
        groups: dict[int, tuple[Optimised, list[NDArray[np.int64]]]] = {}
        for i in sorted(range(len(patterns)), key=lambda i: -len(rows_of[i])):
            best, is_new = self._best(patterns[i], may_make=made < MOST_AT_ONCE)
            made += is_new
            groups.setdefault(id(best), (best, []))[1].append(rows_of[i])
        found = []
        for best, several in groups.values():
            rows = np.sort(np.concatenate(several))
            found += [bound._replace(rows=rows[bound.rows]) for bound in best.bind(params[rows])]
        return found

    def made(self) -> list[tuple[Sequence[AnyElement], Optimised]]:
        """Return the circuits made so far, each with the elements that it was made of."""
        with self._lock:
            own = [(np.frombuffer(key, dtype=np.int8), best) for key, best in self._own.items()]
        special = [(self._with(key), best) for key, best in own if best is not self.general]
        return [(self._elements, self.general), *special]

    def _quarters(self, params: Reals) -> NDArray[np.int8] | None:
        """Which multiple of π/2 each angle is, modulo 2π, or -1; shape (batch, n_angles).

        Returns:
            None where no angle is one
        """
        units = params[:, self._columns] * self._scales
        if self._has_offsets:
            units += self._offsets
        nearest = np.rint(units)
        distance = np.abs(units - nearest)
        if not distance.size or distance.min() >= tolerances.QUARTER_TURNS:
            return None
        special = (distance < tolerances.QUARTER_TURNS) & (
            np.abs(units) < tolerances.LARGE_QUARTER_TURNS
        )
        return np.where(special, nearest % 4, _OPEN).astype(np.int8)

    def _best(self, pattern: NDArray[np.int8], *, may_make: bool) -> tuple[Optimised, bool]:
        """Return the best circuit for a pattern, and whether it was made just now."""
        key = pattern.tobytes()
        if (pattern == _OPEN).all():
            return self.general, False
        with self._lock:
            cached = self._own.get(key)
            if cached is not None or not may_make or len(self._own) >= MOST:
                return cached or self.general, False
            self._own[key] = self.general  # which other threads take meanwhile
        try:
            found = self._make(self._with(pattern))
        except BaseException:
            with self._lock:
                del self._own[key]
            raise
        best = found if found.counts < self.general.counts else self.general
        with self._lock:
            self._own[key] = best
        return best, True

    def _with(self, pattern: NDArray[np.int8]) -> list[AnyElement]:
        """Return the elements with a pattern's angles put in."""
        elements = list(self._elements)
        for (place, element), quarters in zip(self._open, pattern.tolist(), strict=True):
            if quarters != _OPEN:
                elements[place] = Rotation(element.word, Angle(quarters * _QUARTER))
        return elements
