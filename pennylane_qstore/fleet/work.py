"""A batch of tapes: compiled once for each target, and packed into jobs for a backend."""

import itertools
import math
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pennylane.tape import QuantumScript

from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.packing import MAX_CIRCUITS, Job
from pennylane_qstore.compiler import Target, compile_batch
from pennylane_qstore.compiler.batch import CircuitPlace
from pennylane_qstore.programs.outcomes import BitMap, Outcomes
from pennylane_qstore.programs.program import Programs

if TYPE_CHECKING:
    from pennylane_qstore.fleet.member import Member

# Jobs at most that a simulator's batch is cut into, and the least seconds that each should run: a
# job has its own requests and its own check.
_MOST_PARTS, _WORTHWHILE = 4, 0.5
# Programs of one structure with their shots and the indices of their circuits.
Group = tuple[Programs, int | None, list[int]]


class Ran(NamedTuple):
    """One circuit's outcomes, and where it ran.

    Attributes:
        of_program: the outcomes of the program that was sent
        member: that ran it
        bits: what the program's bits stand for; None where they are the tape's own
    """

    of_program: Outcomes
    member: "Member"
    bits: BitMap | None = None

    @property
    def outcomes(self) -> Outcomes:
        """The outcomes of the tape's qubits."""
        return self.of_program if self.bits is None else self.of_program.mapped(self.bits)


class Work:
    """The circuits of a batch, each under an index that is the same for every target.

    A circuit is a tape, or one row of a broadcast tape; they are counted in the order of the tapes.

    Attributes:
        tapes: from the device's preprocessing
        first: index of each tape's first circuit
        sizes: how many circuits each tape is
    """

    def __init__(self, tapes: Sequence[QuantumScript], wires: Any) -> None:
        """Compile nothing yet.

        Args:
            tapes: from the device's preprocessing
            wires: of the device, or None
        """
        self.tapes = tapes
        self.sizes = [tape.batch_size or 1 for tape in tapes]
        *self.first, self._size = itertools.accumulate(self.sizes, initial=0)
        self._wires = wires
        self._groups: dict[Target, list[Group]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of circuits."""
        return self._size

    @cached_property
    def places(self) -> list[CircuitPlace]:
        """Each circuit's tape, and its row of the broadcast axis, by the circuit's index."""
        return [
            CircuitPlace(index, row)
            for index, tape in enumerate(self.tapes)
            for row in range(tape.batch_size or 1)
        ]

    def compiled(self, target: Target) -> list[Group]:
        """Return the batch's programs for a target, in groups of one structure and equal shots.

        Raises:
            CompileError: a tape that can't become native gates
        """
        with self._lock:
            if target not in self._groups:
                self._groups[target] = self._compile(target)
            return self._groups[target]

    def _compile(self, target: Target) -> list[Group]:
        return [
            (programs, shots, [self.first[tape] + row for tape, row in places])
            for programs, shots, places in compile_batch(self.tapes, self._wires, target)
        ]

    def programs(self, target: Target, indices: Collection[int]) -> list[Group]:
        """Return some of the circuits as programs; a group's circuits are sorted by index."""
        wanted = set(indices)
        groups = []
        for programs, shots, all_indices in self.compiled(target):
            rows = [row for row, index in enumerate(all_indices) if index in wanted]
            if not rows:
                continue
            rows.sort(key=all_indices.__getitem__)
            own_indices = [all_indices[row] for row in rows]
            picked = programs if len(rows) == len(all_indices) else programs.rows(rows)
            groups.append((picked, shots, own_indices))
        return groups

    def jobs(
        self,
        target: Target,
        indices: Collection[int] | None,
        most_circuits: int | None = None,
        per_circuit: float | None = None,
    ) -> list[Job]:
        """Return circuits as jobs under the API's limits.

        Args:
            target: that they are compiled for
            indices: of the circuits, or None for all
            most_circuits: in one job, or None for as many as the API takes
            per_circuit: seconds that a circuit of earlier jobs ran, where the batch may be cut so
                that its parts run at the same time; else None
        """
        groups = self.compiled(target) if indices is None else self.programs(target, indices)
        most = MAX_CIRCUITS if most_circuits is None else most_circuits
        if per_circuit is not None:
            circuits = len(self) if indices is None else len(indices)
            most = min(most, -(-circuits // parts(circuits, per_circuit)))
        return packing.pack(
            [(programs, shots) for programs, shots, _ in groups],
            most,
            [index for _, _, group_indices in groups for index in group_indices],
        )

    def ran(
        self, target: Target, outcomes: Mapping[int, Outcomes], member: "Member"
    ) -> dict[int, Ran]:
        """Return what a member gave for programs, with what their bits stand for, by index."""
        ran: dict[int, Ran] = {}
        for programs, _, indices in self.compiled(target):
            if programs.flips is None:
                bits = programs.bits
                ran |= {i: Ran(outcomes[i], member, bits) for i in indices if i in outcomes}
                continue
            maps: dict[int, BitMap | None] = {}
            for row, (index, flips) in enumerate(
                zip(indices, programs.flips.tolist(), strict=True)
            ):
                if index in outcomes:
                    if flips not in maps:
                        maps[flips] = programs.bits_of(row)
                    ran[index] = Ran(outcomes[index], member, maps[flips])
        return ran


def parts(circuits: int, per_circuit: float) -> int:
    """Return how many jobs a simulator's batch is sent as, so that they run at the same time.

    As many as keep each running for half a second, and four at most. A simulator that runs one job
    after the other takes no longer for it; one that runs several at once is sooner done. A quantum
    computer runs one job at a time, waits for each in its queue, and may have a least price for
    each: its batches are never cut.

    Args:
        circuits: in the batch
        per_circuit: seconds that a circuit of earlier jobs ran
    """
    return max(1, min(_MOST_PARTS, math.floor(circuits * per_circuit / _WORTHWHILE), circuits))
