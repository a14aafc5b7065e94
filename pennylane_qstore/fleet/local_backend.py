"""A PennyLane device of this machine as a member of a fleet."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.request_terms import Failover
from pennylane_qstore.compiler import Target
from pennylane_qstore.compiler.templates.operation import operations
from pennylane_qstore.errors import CompileError
from pennylane_qstore.fleet.member import BackendStatus, Terms
from pennylane_qstore.fleet.members import LocalDevice
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.options import Options
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting.events import RanHere
from pennylane_qstore.runs import RunStep

# A state of more qubits fills the memory of most machines.
_WIDEST_LOCAL = 28


class LocalBackend:
    """A PennyLane device of this machine, which gives exact probabilities."""

    on_qpu = False
    exact = True

    def __init__(self, local: LocalDevice, shared: Options, *, is_fallback: bool = False) -> None:
        self.name = local.backend
        self.is_fallback = is_fallback
        self._shared = shared

    def connect(self) -> None:
        """There is nothing to connect to."""

    def cached(self) -> None:
        """It is asked, which costs nothing."""

    async def machine(self, max_wait: float) -> Backend:
        """Return a machine as wide as its states fit into memory.

        Raises:
            CompileError: a dry run, which it has none of
        """
        del max_wait
        if self._shared.dry_run:
            raise CompileError(f"{self.name} is on this machine, where nothing is priced")
        return Backend(self.name, _WIDEST_LOCAL, None)

    def target(self, machine: Backend) -> Target:
        """Return a target of textbook gates, which every device has."""
        del machine
        options = self._shared
        return Target("qis", options.optimization, options.measurement_aware, verify=options.verify)

    def standing(self, machine: Backend) -> BackendStatus:
        """Return a status without a queue."""
        del machine
        return BackendStatus(on_qpu=False, is_fallback=self.is_fallback)

    def measured(self, machine: Backend) -> float | None:
        """Return None: it runs one circuit after the other."""
        del machine
        return None

    async def has_left(self) -> bool:
        """Return False: nothing outlives the process here."""
        return False

    async def left(self, jobs: Sequence[Job], run_step: RunStep | None) -> bool:
        """Return False: nothing outlives the process here."""
        del jobs, run_step
        return False

    async def run(
        self,
        work: Work,
        target: Target,
        jobs: Sequence[Job],
        terms: Terms,
        failover: Failover | None,
    ) -> dict[int, Outcomes]:
        """Return the outcomes of programs by index, run in a thread."""
        del failover
        indices = [index for each in jobs for index in each.indices]
        found = await asyncio.to_thread(self._outcomes, work, target, indices)
        terms.listener(RanHere(len(found), self.name))
        return found

    def _outcomes(self, work: Work, target: Target, indices: Sequence[int]) -> dict[int, Outcomes]:
        groups = work.programs(target, indices)
        wires = range(max(programs.qubits for programs, _, _ in groups))
        device = qml.device(self.name, wires=len(wires))
        order = [index for _, _, own in groups for index in own]
        # PennyLane's first wire is the first bit, and IonQ's qubit 0 the last.
        tapes = [
            QuantumScript(
                operations(programs.row(row), wires),
                [qml.probs(wires=list(reversed(range(programs.qubits))))],
            )
            for programs, _, own in groups
            for row in range(len(own))
        ]
        found = qml.execute(tapes, device, diff_method=None)
        return {index: _outcomes(p) for index, p in zip(order, found, strict=True)}


def _outcomes(probabilities: Any) -> Outcomes:
    weights = np.clip(np.asarray(probabilities, dtype=np.float64), 0, None)
    states = np.flatnonzero(weights)
    return Outcomes(states.astype(np.int64), weights[states] / weights.sum())
