"""Batches of tapes to their results: compiled, run on the device's members, and read out."""

import copy
import functools
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pennylane.devices import Tracker
from pennylane.tape import QuantumScript

from pennylane_qstore import runs
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.compiler import Labelled, Target, labelled_batch, qubits_of
from pennylane_qstore.compiler.batch import CircuitPlace
from pennylane_qstore.device.readout import eigenvalues, read_out
from pennylane_qstore.device.receivers import Answer, Redrawable
from pennylane_qstore.device.user_warnings import DEBIASING_SHOTS, Cautions
from pennylane_qstore.errors import CompileError, QStoreError
from pennylane_qstore.fleet.member import Ran
from pennylane_qstore.fleet.members import Members
from pennylane_qstore.fleet.one_backend import backends_of
from pennylane_qstore.fleet.remote import Remote
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.mitigation.batch import MitigatedBatch, settings_of
from pennylane_qstore.mitigation.settings import Mitigation
from pennylane_qstore.mitigation.work import CalibrationStore, GateRates
from pennylane_qstore.pennylane_private import unrecorded
from pennylane_qstore.processes import Holder
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.reporting import notices
from pennylane_qstore.reporting.events import Event, Waiting
from pennylane_qstore.reporting.interruption import interrupted
from pennylane_qstore.reporting.progress import shown
from pennylane_qstore.reporting.tracking import track_events, track_mitigation, track_results
from pennylane_qstore.runs import RunStep


class Execution:
    """What a device does with batches of tapes.

    Attributes:
        fleet: the backends that circuits run on: a ``OneBackend`` or a ``Fleet``
        rng: draws the samples that are drawn on this side
    """

    def __init__(
        self,
        members: Members,
        wires: Any,
        rng: np.random.Generator,
        mitigation: Mitigation | None = None,
    ) -> None:
        """Opens no connection yet.

        Args:
            members: of the device
            wires: of the device, or None
            rng: of the samples that are drawn on this side
            mitigation: of all tapes that don't say something else
        """
        self._mitigation = mitigation
        self.fleet = backends_of(members)
        self.rng = rng
        self._wires = wires
        self._options = members.first
        self._cautions = Cautions(members.first, on_qpu=self.fleet.on_qpu)
        self._calibrations = CalibrationStore()
        self._lock = threading.Lock()

    def made_up(self, tapes: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Results of the right form for some tapes, out of nothing, as ``qstore.replay`` needs.

        Args:
            tapes: that have been through the preprocessing
        """
        rng, member = np.random.default_rng(0), self.fleet.members[0]
        return tuple(
            self._read_out(
                tape,
                [
                    Ran(Outcomes.made_up(len(qubits_of(tape.wires, self._wires)), rng), member)
                    for _ in range(tape.batch_size or 1)
                ],
                rng,
            )
            for tape in tapes
        )

    def answers(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None, tracker: Tracker
    ) -> list[Answer]:
        """Runs the batches of several callers as one, and gives each its results or its error.

        Args:
            batches: tapes that have been through the preprocessing
            step: their place in a named run, or None
            tracker: of the device

        Raises:
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        if not any(batches):
            return [()] * len(batches)
        with unrecorded():  # the QNode may be called inside another's function
            return self._answers(batches, step, tracker)

    def _answers(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None, tracker: Tracker
    ) -> list[Answer]:
        circuits = [tape for batch in batches for tape in batch]
        mitigated = self.mitigated(circuits)
        if mitigated is not None:
            return self._mitigated_answers(batches, mitigated, step, tracker)
        work = Work(circuits, self._wires)
        failure = None
        try:
            self.check_shots(circuits)
            ran = self._run(work, step, tracker)
        except QStoreError as error:
            if isinstance(error, CompileError) and not error.partial:
                return self._sound_answers(batches, error, step, tracker)
            ran, failure = dict(error.partial), error
        rows: list[dict[int, Ran]] = [{} for _ in circuits]
        for tape, first_index in enumerate(work.first):
            for row in range(circuits[tape].batch_size or 1):
                if first_index + row in ran:
                    rows[tape][row] = ran[first_index + row]
        answers: list[Answer] = []
        first = 0
        for batch in batches:
            own = rows[first : first + len(batch)]
            first += len(batch)
            complete = all(map(_is_complete, batch, own))
            if failure is None or (complete and len(batches) > 1):
                answers.append(self._results(batch, own, tracker))
            else:
                answers.append(_own(failure, own))
        return answers

    def _results(
        self,
        circuits: Sequence[QuantumScript],
        rows: Sequence[Mapping[int, Ran]],
        tracker: Tracker,
    ) -> tuple[Any, ...]:
        """What tapes' circuits gave to the tapes' results."""
        ran = [[own[row] for row in range(len(own))] for own in rows]
        with self._lock:  # the generator that draws the samples is one for all threads
            results = tuple(
                self._read_out(tape, own, self.rng) for tape, own in zip(circuits, ran, strict=True)
            )
        ran_on = [", ".join(dict.fromkeys(each.member.name for each in own)) for own in ran]
        track_results(tracker, circuits, results, ran_on)

        def again(seed: int) -> tuple[Any, ...]:
            rng = np.random.default_rng(seed)
            return tuple(
                self._read_out(tape, _redrawn(own, tape.shots.total_shots, rng), rng)
                for tape, own in zip(circuits, ran, strict=True)
            )

        return Redrawable.of(results, again)

    def mitigated(self, circuits: Sequence[QuantumScript]) -> MitigatedBatch | None:
        """Plan the mitigation of a batch.

        Args:
            circuits: tapes that have been through the preprocessing

        Returns:
            the plan, or None where no tape is mitigated

        Raises:
            CompileError: a measurement or a number of shots that can't be mitigated
        """
        settings = [settings_of(tape, self._mitigation) for tape in circuits]
        if not any(settings):
            return None
        rates = None
        if any(each.pec or each.zne for each in settings if each is not None):
            rates = self._gate_rates()
        return MitigatedBatch(
            circuits,
            self._wires,
            settings=settings,
            store=self._calibrations,
            target=self.target(),
            rates=rates,
            values=eigenvalues,
        )

    def _gate_rates(self) -> GateRates | None:
        """Return the rates of the backend's noise model or, of a QPU, its characterization."""
        model = self._options.noise_model
        if isinstance(model, Mapping):
            return GateRates(model.get("one_qubit", 0.0), model.get("two_qubit", 0.0))
        if model is not None:
            return GateRates.of_model(model)
        member = self.fleet.members[0]
        if not isinstance(member, Remote) or not self._options.on_qpu:
            return None
        fidelities = loop.current().run(member.client().fidelities(self._options.backend))
        return None if fidelities is None else GateRates.of_fidelities(fidelities)

    def _mitigated_answers(
        self,
        batches: Sequence[Sequence[QuantumScript]],
        batch: MitigatedBatch,
        step: RunStep | None,
        tracker: Tracker,
    ) -> list[Answer]:
        """Run a mitigated batch; when it fails, what arrived is with the error."""
        try:
            self.check_shots(batch.work.tapes)
            ran = self._run(batch.work, step, tracker)
        except QStoreError as error:
            error.partial = {
                batch.work.variants[index]: each.outcomes if isinstance(each, Ran) else each
                for index, each in error.partial.items()
            }
            return [error] * len(batches)
        with self._lock:
            outcomes = {
                index: _counted(each, batch.shots(index), self.rng) for index, each in ran.items()
            }
        results, report = batch.results(outcomes, self._read_plain)

        @functools.lru_cache(maxsize=1)  # the callers of a batch draw it again one after another
        def again(seed: int) -> tuple[Any, ...]:
            return batch.redrawn(outcomes, self._read_plain, seed)

        ran_on = [
            ", ".join(dict.fromkeys(ran[index].member.name for index in indices))
            for indices in batch.work.indices_by_tape()
        ]
        track_results(tracker, batch.work.tapes, results, ran_on)
        track_mitigation(tracker, report)
        ends = list(itertools.accumulate(map(len, batches)))
        parts = [slice(end - len(tapes), end) for end, tapes in zip(ends, batches, strict=True)]
        return [Redrawable.of(results[part], _part_of(again, part)) for part in parts]

    def _read_plain(self, tape: QuantumScript, rows: Sequence[Outcomes]) -> Any:
        """Read out a tape that isn't mitigated in a batch that is."""
        one = rows[0] if tape.batch_size is None else rows
        qubit_of = qubits_of(tape.wires, self._wires)
        return read_out(tape.measurements, tape.shots, one, qubit_of, self.rng)

    def _sound_answers(
        self,
        batches: Sequence[Sequence[QuantumScript]],
        error: CompileError,
        step: RunStep | None,
        tracker: Tracker,
    ) -> list[Answer]:
        """Those of the batches that can be compiled, without those that can't."""
        if len(batches) == 1:
            return [error]
        refused = [self._refusal(batch) for batch in batches]
        sound = [batch for batch, each in zip(batches, refused, strict=True) if each is None]
        if len(sound) == len(batches):
            return [error] * len(batches)
        answers = iter(self._answers(sound, step, tracker) if any(sound) else [()] * len(sound))
        return [next(answers) if each is None else each for each in refused]

    def _refusal(self, batch: Sequence[QuantumScript]) -> CompileError | None:
        try:
            self.compiled(batch)
        except CompileError as error:
            return error
        return None

    def compiled(self, circuits: Sequence[QuantumScript]) -> list[Labelled]:
        """What ``execute`` sends for a batch of tapes, to the first backend that is there.

        Args:
            circuits: tapes that have been through the preprocessing

        Raises:
            CompileError: a tape that can't become native gates, or can't run on the backend
        """
        self.check_shots(circuits)
        member, machine = self.fleet.leading()
        labelled = list(labelled_batch(circuits, self._wires, member.target(machine)))
        for each in labelled:
            programs, shots, _ = each.compiled
            refusal = machine.refusal([programs])
            if shots is None and not member.exact:
                refusal = f"a tape without shots can't run on {machine.name}"
            if refusal is not None:
                raise CompileError(refusal)
        return labelled

    def target(self) -> Target:
        """What tapes are shown as compiled to."""
        member, machine = self.fleet.leading()
        return member.target(machine)

    def check_shots(self, circuits: Sequence[QuantumScript]) -> None:
        """Refuses shots that the API doesn't take.

        Raises:
            CompileError: too many, or too few for debiasing
        """
        debiasing = (self._options.error_mitigation or {}).get("debiasing")
        for shots in {tape.shots.total_shots for tape in circuits} - {None}:
            if shots > packing.MAX_SHOTS:
                raise CompileError(
                    f"{shots} shots; IonQ takes at most {packing.MAX_SHOTS} a circuit"
                )
            if debiasing and shots < DEBIASING_SHOTS:
                raise CompileError(f"{shots} shots; IonQ's debiasing needs {DEBIASING_SHOTS}")

    def _run(self, work: Work, step: RunStep | None, tracker: Tracker) -> dict[int, Ran]:
        """Circuits to their outcomes and where they ran, by index, through few jobs."""
        self._cautions.about(work.tapes, stacklevel=7)
        events: list[Event] = []
        try:
            with shown(self._options.progress) as show:

                def listener(event: Event) -> None:
                    if not isinstance(event, Waiting):
                        events.append(event)
                    show(event)
                    notices.tell(event)

                return self.fleet.run(work, listener, step)
        except KeyboardInterrupt:
            raise interrupted(events) from None
        finally:
            track_events(tracker, events)

    def next_step(self) -> RunStep | None:
        """The place of a batch in the named run that this process is in."""
        named = runs.current()
        return None if named is None else named.next_step(self)

    def hold_run(self, name: str) -> Holder | None:
        """Take the lease on a named run; return who holds it if another live process does."""
        running = loop.current()
        for member in self.fleet.members:
            member.connect()
        for client in self.fleet.clients.all(running):
            holder = running.run(client.hold_run(name))
            if holder is not None:
                return holder
        return None

    def release_run(self, name: str) -> None:
        """Give back the lease on a named run."""
        running = loop.current()
        for client in self.fleet.clients.all(running):
            running.run(client.release_run(name))

    def acknowledge_run(self, name: str) -> None:
        """Write down that a checkpoint holds what a named run got so far."""
        running = loop.current()
        for client in self.fleet.clients.all(running):
            running.run(client.acknowledge(name))

    def _read_out(self, tape: QuantumScript, ran: Sequence[Ran], rng: np.random.Generator) -> Any:
        """One tape's circuits to its results; counts are drawn, or rounded, once a circuit."""
        shots = tape.shots.total_shots
        rows = [each.outcomes for each in ran]
        if shots is not None:
            rows = [
                each.outcomes.drawn(shots, rng)
                if each.member.exact
                else each.outcomes.rounded(shots)
                for each in ran
            ]
        batch = rows[0] if tape.batch_size is None else rows
        qubit_of = qubits_of(tape.wires, self._wires)
        return read_out(tape.measurements, tape.shots, batch, qubit_of, rng)


def _counted(ran: Ran, shots: int | None, rng: np.random.Generator) -> Outcomes:
    """Return a circuit's counts; exact probabilities where no shots are asked for."""
    if shots is None:
        return ran.outcomes
    return ran.outcomes.drawn(shots, rng) if ran.member.exact else ran.outcomes.rounded(shots)


def _part_of(
    again: Callable[[int], tuple[Any, ...]], part: slice
) -> Callable[[int], tuple[Any, ...]]:
    """Return a function for one caller's part of a batch's results."""
    return lambda seed: again(seed)[part]


def _redrawn(rows: Sequence[Ran], shots: int | None, rng: np.random.Generator) -> list[Ran]:
    """Return circuits' outcomes with their shots drawn again, where they were counted."""
    if shots is None:
        return list(rows)
    return [
        each
        if each.member.exact  # its shots are drawn when it is read out
        else Ran(each.outcomes.redrawn(shots, rng), each.member)
        for each in rows
    ]


def _is_complete(tape: QuantumScript, rows: Mapping[int, Ran]) -> bool:
    return len(rows) == (tape.batch_size or 1)


def _own(failure: QStoreError, rows: Sequence[Mapping[int, Ran]]) -> QStoreError:
    """An error of several callers' batches as one caller's, with what arrived for its tapes."""
    error = copy.copy(failure)
    error.__cause__ = failure.__cause__
    error.partial = {
        CircuitPlace(tape, row): ran.outcomes
        for tape, own in enumerate(rows)
        for row, ran in own.items()
    }
    return error.with_traceback(failure.__traceback__)
