"""A batch of tapes as work: compiled once for each target, and packed for whoever takes it."""

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pennylane.tape import QuantumScript

from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.compiler import Compiled, Target, compile_batch
from pennylane_qstore.compiler.batch import CircuitPlace
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.programs.program import Programs


class Work:
    """The circuits of a batch, each under an index that is the same for every target.

    Attributes:
        tapes: from the device's preprocessing
        places: of each circuit, by its index: its tape, and its row of the broadcast axis
    """

    def __init__(self, tapes: Sequence[QuantumScript], wires: Any) -> None:
        """Compiles nothing yet.

        Args:
            tapes: from the device's preprocessing
            wires: of the device, or None
        """
        self.tapes = tapes
        self.places = [
            CircuitPlace(index, row)
            for index, tape in enumerate(tapes)
            for row in range(tape.batch_size or 1)
        ]
        self._wires = wires
        self._indices = {place: index for index, place in enumerate(self.places)}
        self._compiled: dict[Target, list[Compiled]] = {}
        # Of each circuit, its group of programs and its row there.
        self._where: dict[Target, dict[int, tuple[int, int]]] = {}
        self._lock = threading.Lock()

    def compiled(self, target: Target) -> list[Compiled]:
        """The batch's programs for a target.

        Raises:
            CompileError: a tape that can't become native gates
        """
        with self._lock:
            if target not in self._compiled:
                compiled = compile_batch(self.tapes, self._wires, target)
                self._where[target] = {
                    self._indices[place]: (group, row)
                    for group, (_, _, places) in enumerate(compiled)
                    for row, place in enumerate(places)
                }
                self._compiled[target] = compiled
            return self._compiled[target]

    def programs(
        self, target: Target, indices: Collection[int]
    ) -> list[tuple[Programs, int | None, list[int]]]:
        """Some circuits as programs: each group with its shots, and the indices of its circuits."""
        compiled, where = self.compiled(target), self._where[target]
        rows: dict[int, list[tuple[int, int]]] = {}
        for index in indices:
            group, row = where[index]
            rows.setdefault(group, []).append((row, index))
        found = []
        for group, own in sorted(rows.items()):
            programs, shots, _ = compiled[group]
            own.sort()
            if len(own) < len(programs):
                programs = programs.rows([row for row, _ in own])
            found.append((programs, shots, [index for _, index in own]))
        return found

    def jobs(self, target: Target, indices: Collection[int], most_circuits: int) -> list[Job]:
        """Some circuits packed under the API's limits.

        Args:
            target: that they are compiled for
            indices: of the circuits
            most_circuits: in one job
        """
        groups = self.programs(target, indices)
        return packing.pack(
            [(programs, shots) for programs, shots, _ in groups],
            most_circuits,
            [index for _, _, own in groups for index in own],
        )

    def read(self, target: Target, found: Mapping[int, Outcomes]) -> dict[int, Outcomes]:
        """What programs gave to what their tapes would have."""
        compiled, where = self.compiled(target), self._where[target]
        read = {}
        for index, outcomes in found.items():
            group, row = where[index]
            bits = compiled[group].programs.bits_of(row)
            read[index] = outcomes if bits is None else outcomes.mapped(bits)
        return read
