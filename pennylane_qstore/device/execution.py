"""Execute batches of tapes: compile them, run them on the device's backends, read them out."""

import copy
import functools
import itertools
import sys
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
from pennylane_qstore.compiler.templates.operation import BoundTemplate
from pennylane_qstore.device.readout import eigenvalues, read_out
from pennylane_qstore.device.receivers import Answer, Redrawable
from pennylane_qstore.device.user_warnings import DEBIASING_SHOTS, Cautions
from pennylane_qstore.errors import CompileError, QStoreError
from pennylane_qstore.fleet.members import Members
from pennylane_qstore.fleet.one_backend import OneBackend, backends_of
from pennylane_qstore.fleet.remote import Remote
from pennylane_qstore.fleet.work import Ran, Work
from pennylane_qstore.mitigation.batch import MitigatedBatch, settings_of
from pennylane_qstore.mitigation.settings import Mitigation
from pennylane_qstore.mitigation.work import CalibrationStore, GateRates
from pennylane_qstore.pennylane_private import is_recording, unrecorded
from pennylane_qstore.processes import Holder
from pennylane_qstore.programs.outcomes import OutcomeRows, Outcomes
from pennylane_qstore.reporting import notices
from pennylane_qstore.reporting.events import Event, Listener, Waiting
from pennylane_qstore.reporting.interruption import interrupted
from pennylane_qstore.reporting.progress import shown
from pennylane_qstore.reporting.tracking import track_events, track_mitigation, track_results
from pennylane_qstore.runs import RunStep


class Execution:
    """Executes a device's batches of tapes.

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
        """Return random results of the right shapes and types, as ``qstore.replay`` needs.

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
        """Run the batches of several callers as one.

        Args:
            batches: tapes that have been through the preprocessing
            step: their place in a named run, or None
            tracker: of the device

        Returns:
            for each batch its results, or the error that it ended with

        Raises:
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        if not any(batches):
            return [()] * len(batches)
        if not is_recording():
            return self._answers(batches, step, tracker)
        with unrecorded():  # the QNode is called inside another's function
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
        ends = [*work.first[1:], len(work)]
        rows = [
            {index - first: ran[index] for index in range(first, end) if index in ran}
            for first, end in zip(work.first, ends, strict=True)
        ]
        answers: list[Answer] = []
        first = 0
        for batch in batches:
            own, sizes = rows[first : first + len(batch)], work.sizes[first : first + len(batch)]
            first += len(batch)
            is_complete = list(map(len, own)) == sizes
            if failure is None or (is_complete and len(batches) > 1):
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
        """Return the tapes' results, read out of their circuits' outcomes."""
        ran = [list(own.values()) for own in rows]
        with self._lock:  # the generator that draws the samples is one for all threads
            pairs = zip(circuits, ran, strict=True)
            results = tuple([self._read_out(tape, own, self.rng) for tape, own in pairs])
        if tracker.active:
            ran_on = [", ".join(dict.fromkeys(each.member.name for each in own)) for own in ran]
            track_results(tracker, circuits, results, ran_on)

        def again(seed: int) -> tuple[Any, ...]:
            rng = np.random.default_rng(seed)
            return tuple(
                self._read_out(tape, _redrawn(own, tape.shots.total_shots, rng), rng)
                for tape, own in zip(circuits, ran, strict=True)
            )

        answer = Redrawable(results)
        answer.redo = again
        return answer

    def mitigated(self, circuits: Sequence[QuantumScript]) -> MitigatedBatch | None:
        """Plan the mitigation of a batch.

        Args:
            circuits: tapes that have been through the preprocessing

        Returns:
            the plan, or None where no tape is mitigated

        Raises:
            CompileError: a measurement or a number of shots that can't be mitigated
        """
        if self._mitigation is None and not any(map(_is_directed, circuits)):
            return None
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
        """Return a mitigated batch's answers; an error carries the outcomes that arrived."""
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
        answers = [Redrawable(results[part]) for part in parts]
        for answer, part in zip(answers, parts, strict=True):
            answer.redo = _part_of(again, part)
        return list(answers)

    def _read_plain(self, tape: QuantumScript, rows: Sequence[Outcomes]) -> Any:
        """Return the results of an unmitigated tape in a mitigated batch."""
        is_batch = tape.batch_size is not None
        outcomes, qubit_of = OutcomeRows.of(rows), self._qubits_of(tape)
        return read_out(
            tape.measurements, tape.shots, outcomes, qubit_of, self.rng, is_batch=is_batch
        )

    def _sound_answers(
        self,
        batches: Sequence[Sequence[QuantumScript]],
        error: CompileError,
        step: RunStep | None,
        tracker: Tracker,
    ) -> list[Answer]:
        """Return all batches' answers: batches that can't be compiled get their own errors."""
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
        """Return what ``execute`` would send for a batch of tapes to the first available backend.

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
        """Return the compile target of the first available backend."""
        member, machine = self.fleet.leading()
        return member.target(machine)

    def check_shots(self, circuits: Sequence[QuantumScript]) -> None:
        """Refuse numbers of shots that the API doesn't take.

        Raises:
            CompileError: too many, or too few for debiasing
        """
        debiasing = (self._options.error_mitigation or {}).get("debiasing")
        for shots in {tape.shots.total_shots for tape in circuits} - {None}:
            if shots > packing.MAX_SHOTS and self._too_many(circuits):
                raise CompileError(
                    f"{shots} shots; IonQ takes at most {packing.MAX_SHOTS} a circuit"
                )
            if debiasing and shots < DEBIASING_SHOTS:
                raise CompileError(f"{shots} shots; IonQ's debiasing needs {DEBIASING_SHOTS}")

    def _too_many(self, circuits: Sequence[QuantumScript]) -> bool:
        """Return whether shots can't be sent in several jobs: one backend's shot vectors can."""
        copies = [each.shots for tape in circuits for each in tape.shots.shot_vector]
        return not isinstance(self.fleet, OneBackend) or max(copies) > packing.MAX_SHOTS

    def _run(self, work: Work, step: RunStep | None, tracker: Tracker) -> dict[int, Ran]:
        """Return the circuits' outcomes and where they ran, by the circuits' indices."""
        if self._cautions.are_left:
            self._cautions.about(work.tapes, stacklevel=7)
        events: list[Event] = []
        show: Listener | None = None

        def listener(event: Event) -> None:
            if not isinstance(event, Waiting):
                events.append(event)
            if show is not None:
                show(event)
            notices.tell(event)

        progress = self._options.progress
        # Without a console there may be no standard error output at all.
        on = sys.stderr is not None and sys.stderr.isatty() if progress is None else progress
        try:
            if not on:
                return self.fleet.run(work, listener, step)
            with shown(on) as show:
                return self.fleet.run(work, listener, step)
        except KeyboardInterrupt:
            raise interrupted(events) from None
        finally:
            if tracker.active:
                track_events(tracker, events)

    def next_step(self) -> RunStep | None:
        """Return the next batch's place in this process's named run, or None without one."""
        if not runs.under_way:
            return None
        named = runs.current()
        return None if named is None else named.next_step(self)

    def hold_run(self, name: str) -> Holder | None:
        """Return the other live process that holds a named run, or None once the lease is taken."""
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
        """Record that a checkpoint holds the results of a named run so far."""
        running = loop.current()
        for client in self.fleet.clients.all(running):
            running.run(client.acknowledge(name))

    def _read_out(self, tape: QuantumScript, ran: Sequence[Ran], rng: np.random.Generator) -> Any:
        """Return one tape's results of its circuits; counts are drawn, or rounded, once each."""
        shots = tape.shots.total_shots
        _, member, bits = ran[0]
        if len({id(each.bits) for each in ran}) == 1:
            rows = OutcomeRows.of([each.of_program for each in ran])
            if bits is not None:
                rows = rows.mapped(bits)
        else:
            rows = OutcomeRows.of([each.outcomes for each in ran])
        if shots is not None and member.exact and len({id(each.member) for each in ran}) == 1:
            rows = rows.drawn(shots, rng)
        elif shots is not None:
            rows = OutcomeRows.of(
                [
                    outcomes.drawn(shots, rng) if own.member.exact else outcomes.rounded(shots)
                    for own, outcomes in zip(ran, rows.each(), strict=True)
                ]
            )
        is_batch = tape.batch_size is not None
        return read_out(
            tape.measurements, tape.shots, rows, self._qubits_of(tape), rng, is_batch=is_batch
        )

    def _qubits_of(self, tape: QuantumScript) -> Mapping[Any, int]:
        """Return the qubit of each of a tape's wires."""
        first = tape.operations[0] if tape.operations else None
        if type(first) is BoundTemplate:
            return first.template.qubit_of
        return qubits_of(tape.wires, self._wires)


def _is_directed(tape: QuantumScript) -> bool:
    """Return whether a tape may say how it is run; one with a template says it there."""
    return any(getattr(op, "directive", op) is not None for op in tape.operations[:1])


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


def _own(failure: QStoreError, rows: Sequence[Mapping[int, Ran]]) -> QStoreError:
    """Return one caller's copy of a batch's error, with the outcomes of the caller's tapes."""
    error = copy.copy(failure)
    error.__cause__ = failure.__cause__
    error.partial = {
        CircuitPlace(tape, row): ran.outcomes
        for tape, own in enumerate(rows)
        for row, ran in own.items()
    }
    return error.with_traceback(failure.__traceback__)
