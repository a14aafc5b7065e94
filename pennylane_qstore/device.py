"""The door: PennyLane's device contract, tapes in and results out."""

import copy
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from pennylane import QNode
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import single_tape_support
from pennylane.measurements import ExpectationMP, SampleMP, VarianceMP
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline
from pennylane.workflow import construct_batch

from pennylane_qstore import embedded, notices, runs
from pennylane_qstore.cloud import job, loop
from pennylane_qstore.cloud.backend import Backend, Fidelities
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.cost import Price
from pennylane_qstore.cloud.journal import MEMORY, Journal, account
from pennylane_qstore.cloud.policy import policy_of
from pennylane_qstore.compiler import (
    Compiled,
    Labelled,
    Target,
    TemplateCache,
    labelled_batch,
    preprocessing,
    qubits_of,
)
from pennylane_qstore.errors import CompileError, Interrupted, OptionError, QStoreError
from pennylane_qstore.events import (
    Cancelled,
    Completed,
    Event,
    Submitted,
    TakenUp,
    Unanswered,
)
from pennylane_qstore.options import EMULATOR, STATE_FOLDER, Level, Options
from pennylane_qstore.outcomes import BitMap, Outcomes
from pennylane_qstore.readout import read_out

_DEBIASING_SHOTS = 500
# What sharpening makes something else of: it is meant to find the likeliest bit strings.
_NOT_SHARPENED = (ExpectationMP, VarianceMP, SampleMP)


@single_tape_support
class QStoreDevice(Device):
    """Runs PennyLane's circuits on IonQ's computers, one job a batch.

    ``qml.device("qstore.ionq")`` needs no key: it runs on an emulator of IonQ's cloud in this
    process. Give ``backend`` to run on IonQ.

    Args:
        wires: labels or a number, as in PennyLane; None takes each tape's
        shots: for old code; prefer ``qml.set_shots``
        backend: "emulator", IonQ's "simulator", or a QPU such as "qpu.forte-1"
        api_key: IonQ's; None takes ``IONQ_API_KEY``
        base_url: of the API with its version; None takes ``IONQ_API_URL``, else IonQ's
        gateset: "native" compiles to IonQ's native gates; "qis" leaves that to IonQ
        noise_model: one of the cloud simulator's, such as "aria-1"
        noise_seed: of the noise
        error_mitigation: {"debiasing": bool, "symmetry_verification": bool}
        sharpen: whether debiased results are sharpened
        session_id: the IonQ session to run in
        job_name: shown in IonQ's console
        metadata: strings by string, kept with every job
        seed: of the samples that are drawn on this side
        max_wait: seconds for one batch, all in all; None is a day on a QPU, ten minutes elsewhere
        optimization: how native gates are found: "none" translates gate by gate, for debugging;
            "template" does what holds for all angles, once a structure; "full" looks at values as
            well: those of unitaries and states, and angles at which gates vanish
        measurement_aware: whether gates that can't reach the outcomes stay away, and bit flips at
            the end are done to the outcomes instead; False sends the whole unitary, up to phases
            before the measurement
        verify: whether each program is checked against its tape before it is sent
        cache: whether a structure that was compiled is kept
        submission: "batch": as few jobs as the API's limits allow; "concurrent": a job for each
            circuit, many at the same time; "sequential": one after the other, for comparison
        max_jobs_in_flight: jobs that are live at the same time
        connection_pool_size: connections at most
        rate_limit: requests a second that are never passed; None slows down only after a 429
        journal: path of a SQLite file in which every job stands before it is sent; "user" is in
            the user's state folder, and none for the emulator; None is none
        resume: whether a job that a killed process left is taken up when the same is asked again
        on_unknown: what becomes of a submit whose reply was lost: "lookup" finds its job, "raise"
            leaves that to the caller
        retry_failed_circuits: how often circuits that failed over there are sent again
        budget: in the contract's unit: what all jobs of this device, and of other processes since
            it was made, may cost; in a named run, what the run may cost. Needs a journal to be
            kept across processes
        dry_run: submits jobs that are only checked and priced, and raises ``DryRun``

    Raises:
        OptionError: a setting that can't be
    """

    _lock: threading.Lock
    _cache: TemplateCache
    _clients: weakref.WeakKeyDictionary[loop.Loop, Client]
    config_filepath = str(Path(__file__).with_name("config.toml"))

    def __init__(
        self,
        wires: Any = None,
        shots: Any = None,
        *,
        backend: str = EMULATOR,
        api_key: str | None = None,
        base_url: str | None = None,
        gateset: str = "native",
        noise_model: str | None = None,
        noise_seed: int | None = None,
        error_mitigation: Mapping[str, bool] | None = None,
        sharpen: bool | None = None,
        session_id: str | None = None,
        job_name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        seed: Any = None,
        max_wait: float | None = None,
        optimization: Level = "full",
        measurement_aware: bool = True,
        verify: bool = False,
        cache: bool = True,
        submission: str = "batch",
        max_jobs_in_flight: int = 100,
        connection_pool_size: int = 20,
        rate_limit: float | None = None,
        journal: Path | str | None = STATE_FOLDER,
        resume: bool = True,
        on_unknown: str = "lookup",
        retry_failed_circuits: int = 0,
        budget: float | None = None,
        dry_run: bool = False,
        **unknown: Any,
    ) -> None:
        if unknown:
            names = [
                "wires",
                "shots",
                "seed",
                *(field.name for field in fields(Options)),
            ]
            # Without its value, which may be a key under a misspelt name.
            raise OptionError(next(iter(unknown)), ..., f"the options are {', '.join(names)}")
        self._options = Options(
            backend=backend,
            api_key=api_key,
            base_url=base_url,
            gateset=gateset,
            noise_model=noise_model,
            noise_seed=noise_seed,
            error_mitigation=error_mitigation,
            sharpen=sharpen,
            session_id=session_id,
            job_name=job_name,
            metadata=metadata,
            max_wait=max_wait,
            optimization=optimization,
            measurement_aware=measurement_aware,
            verify=verify,
            cache=cache,
            submission=submission,
            max_jobs_in_flight=max_jobs_in_flight,
            connection_pool_size=connection_pool_size,
            rate_limit=rate_limit,
            journal=journal,
            resume=resume,
            on_unknown=on_unknown,
            retry_failed_circuits=retry_failed_circuits,
            budget=budget,
            dry_run=dry_run,
        )
        try:
            self._rng = np.random.default_rng(seed)
        except (TypeError, ValueError) as error:
            raise OptionError(
                "seed", seed, f"NumPy can't seed a generator with it: {error}"
            ) from None
        super().__init__(wires=wires, shots=shots)
        self.__dict__.update(_state(self._options))
        self._sharpening_is_known = False
        self._debiasing_is_known = not self._options.on_qpu or error_mitigation is not None

    # What the device interface before this one called a device, which PennyLane's test-suite reads.
    short_name = "qstore.ionq"

    @property
    def name(self) -> str:
        """The name that ``qml.device`` knows it by."""
        return self.short_name

    def __repr__(self) -> str:
        wires = f"{len(self.wires)} wires" if self.wires else "any wires"
        return f"<{self.name} on {self._options.backend!r}, {wires}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "QStoreDevice":
        """A device of the same options, with a generator, a cache and connections of its own."""
        other = copy.copy(self)
        memo[id(self)] = other
        other.__dict__["_rng"] = copy.deepcopy(self._rng, memo)
        other.tracker = copy.deepcopy(self.tracker, memo)
        other.__dict__.update(_state(self._options))
        return other

    def preprocess_transforms(
        self, execution_config: ExecutionConfig | None = None
    ) -> CompilePipeline:
        """The transforms that make any tape one that ``execute`` takes."""
        del execution_config
        inexact = None
        if not self._options.exact:
            options = self._options
            machine = options.noise_model or options.backend
            inexact = f"{machine!r} measures, it has no exact probabilities"
        with_values = self._options.optimization == "full"
        return preprocessing(
            self.name,
            self.wires,
            inexact,
            self._cache,
            self._target,
            with_values=with_values,
        )

    def execute(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[Any, ...]:
        """Runs a batch of tapes and gives each one's results, in order.

        Args:
            circuits: tapes that have been through the preprocessing
            execution_config: PennyLane's; nothing in it matters here

        Raises:
            QStoreError: see the tree in ``pennylane_qstore.errors``
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        del execution_config
        self._track_batch()
        if not circuits:
            return ()
        batch = [each.compiled for each in self.compiled(circuits)]
        for tape in circuits:
            self._warn_of_sharpening(tape)
        outcomes = self._run(batch, self._machine())
        with self._lock:  # the generator that draws the samples is one for all threads
            results = tuple(
                self._read_out(tape, [outcomes[index, row] for row in range(tape.batch_size or 1)])
                for index, tape in enumerate(circuits)
            )
        self._track(circuits, results)
        return results

    def compiled(self, circuits: Sequence[QuantumScript]) -> list[Labelled]:
        """What ``execute`` sends for a batch of tapes.

        Args:
            circuits: tapes that have been through the preprocessing

        Raises:
            CompileError: a tape that can't become native gates, or can't run on the backend
        """
        machine = self._machine()
        for tape in circuits:
            self._check_shots(tape.shots.total_shots, machine)
        return list(labelled_batch(circuits, self.wires, self._target()))

    @property
    def cache(self) -> TemplateCache:
        """The structures that were compiled; with ``cache=False`` it keeps none."""
        return self._cache

    @property
    def backend(self) -> str:
        """The name of what circuits run on, as the option says it."""
        return self._options.backend

    def fidelities(self) -> Fidelities | None:
        """How well the backend does, by its last characterization; None for a simulator."""
        if not self._options.on_qpu:
            return None
        running = loop.current()
        client = self._client(running)
        return running.run(client.fidelities(self._options.backend))

    def _client(self, running: loop.Loop) -> Client:
        """This device's connection in a loop; a fork has a loop, and so a connection, anew."""
        with self._lock:
            if running not in self._clients:
                self._clients[running] = self._connected(running)
            return self._clients[running]

    def _connected(self, running: loop.Loop) -> Client:
        options = self._options
        if options.backend == EMULATOR:
            url, key = embedded.server(running).url, "emulator"
        else:
            assert options.base_url is not None
            assert options.api_key is not None
            url, key = options.base_url, options.api_key
        journal = Journal(options.journal or MEMORY, account(url, key))
        client = Client(url, key, policy_of(options), journal=journal)
        weakref.finalize(self, running.close_soon, client.close)
        return client

    def _target(self) -> Target:
        """What tapes are compiled to for this backend and these options."""
        options = self._options
        mitigation = options.error_mitigation or {}
        return Target(
            self._gates(self._machine()),
            options.optimization,
            # IonQ checks the symmetries of the circuit that it gets.
            options.measurement_aware and not mitigation.get("symmetry_verification"),
            # Sharpening votes on whole bit strings.
            bool(options.sharpen),
            options.verify,
        )

    def _machine(self) -> Backend:
        """What the API says of the backend; asked once."""
        running = loop.current()
        name = job.settings(self._options)["backend"]
        assert self._options.max_wait is not None
        client = self._client(running)
        return client.known(name) or running.run(client.backend(name, self._options.max_wait))

    def _gates(self, machine: Backend) -> str:
        """What to compile to: "qis", or the native entangler that the backend has."""
        options = self._options
        return "qis" if options.gateset == "qis" else machine.entangler(options.noise_model)

    def _check_shots(self, shots: int | None, machine: Backend) -> None:
        if shots is None:
            if not self._options.exact:
                raise CompileError(f"a tape without shots can't run on {machine.name}")
            return
        if shots > job.MAX_SHOTS:
            raise CompileError(f"{shots} shots; IonQ takes at most {job.MAX_SHOTS} a circuit")
        debiasing = (self._options.error_mitigation or {}).get("debiasing")
        if debiasing and shots < _DEBIASING_SHOTS:
            raise CompileError(f"{shots} shots; IonQ's debiasing needs {_DEBIASING_SHOTS}")

    def estimate(self, qnode: QNode) -> Callable[..., Price]:
        """A QNode of this device to a function of its arguments that tells what a call would cost.

        IonQ's own estimate, for the gates as they are compiled here; nothing is submitted.

        Args:
            qnode: whose device this is

        Raises:
            OptionError: it is another device's
        """
        if qnode.device is not self:
            raise OptionError("qnode", qnode, "use a QNode of this device")

        def estimated(*args: Any, **kwargs: Any) -> Price:
            tapes, _ = construct_batch(qnode, level="device")(*args, **kwargs)
            machine = self._machine()
            batch = [each.compiled for each in self.compiled(tapes)]
            running = loop.current()
            asked = self._client(running).estimate(
                self._jobs(batch, machine), job.settings(self._options)
            )
            return running.run(asked)

        return estimated

    def _jobs(self, batch: Sequence[Compiled], machine: Backend) -> list[job.Job]:
        """Programs to jobs, if they fit the machine."""
        widest = max(programs.qubits for programs, _, _ in batch)
        if widest > machine.qubits:
            raise CompileError(
                f"a tape on {widest} wires doesn't fit {machine.name}, which has "
                f"{machine.qubits} qubits"
            )
        most = job.MAX_CIRCUITS if self._options.submission == "batch" else 1
        return job.pack([(programs, shots) for programs, shots, _ in batch], most)

    def _run(self, batch: Sequence[Compiled], machine: Backend) -> dict[tuple[int, int], Outcomes]:
        """Programs to the outcomes of all their circuits, by tape and row, through few jobs."""
        jobs = self._jobs(batch, machine)
        self._warn_of_debiasing()
        events: list[Event] = []

        def listener(event: Event) -> None:
            events.append(event)
            notices.tell(event)

        running = loop.current()
        options = self._options
        assert options.max_wait is not None
        running_jobs = self._client(running).run(
            jobs,
            job.settings(options),
            max_wait=options.max_wait,
            listener=listener,
            sharpen=options.sharpen,
            run=self._next_step(),
            budget=options.budget,
            priced=options.on_qpu,
        )
        places = [place for _, _, places in batch for place in places]
        bits = [programs.bits_of(row) for programs, *_ in batch for row in range(len(programs))]
        try:
            found = running.run(running_jobs)
        except KeyboardInterrupt:
            raise _interrupted(events) from None
        except QStoreError as error:
            error.partial = {places[i]: _mapped(o, bits[i]) for i, o in error.partial.items()}
            raise
        finally:
            self._track_jobs(events)
        return {place: _mapped(found[i], bits[i]) for i, place in enumerate(places)}

    def _next_step(self) -> tuple[str, int] | None:
        """The place of a batch in the named run that this process is in."""
        named = runs.current()
        return None if named is None else named.next_step(self._acknowledge)

    def _acknowledge(self, name: str) -> None:
        running = loop.current()
        running.run(self._client(running).acknowledge(name))

    def _warn_of_debiasing(self) -> None:
        if self._debiasing_is_known:
            return
        self._debiasing_is_known = True
        warnings.warn(
            f"error_mitigation is unset on {self._options.backend}: IonQ leaves debiasing off for "
            f"native jobs and turns it on for QIS jobs of {_DEBIASING_SHOTS} shots or more. "
            'Say which you want with error_mitigation={"debiasing": True} or False.',
            stacklevel=4,
        )

    def _warn_of_sharpening(self, tape: QuantumScript) -> None:
        asked = [m for m in tape.measurements if isinstance(m, _NOT_SHARPENED)]
        if not self._options.sharpen or self._sharpening_is_known or not asked:
            return
        self._sharpening_is_known = True
        warnings.warn(
            f"sharpen=True, and {asked[0]} is asked for: sharpening lets the variants of a circuit "
            "vote on whole bit strings, to find the likeliest ones, so that means, variances and "
            "samples are those of a filtered distribution. Use sharpen=False for them.",
            stacklevel=4,
        )

    def _read_out(self, tape: QuantumScript, rows: Sequence[Outcomes]) -> Any:
        """One tape's circuits to its results; counts are drawn, or rounded, once a circuit."""
        shots = tape.shots.total_shots
        if shots is not None and self._options.exact:
            rows = [outcomes.drawn(shots, self._rng) for outcomes in rows]
        elif shots is not None:
            rows = [outcomes.rounded(shots) for outcomes in rows]
        batch = rows[0] if tape.batch_size is None else rows
        qubit_of = qubits_of(tape.wires, self.wires)
        return read_out(tape.measurements, tape.shots, batch, qubit_of, self._rng)

    def _track_batch(self) -> None:
        if self.tracker.active:
            self.tracker.update(batches=1)
            self.tracker.record()

    def _track_jobs(self, events: Sequence[Event]) -> None:
        for event in events if self.tracker.active else ():
            if isinstance(event, Submitted):
                self.tracker.update(jobs=1, circuits=event.circuits, job_ids=event.job_id)
                self.tracker.record()
            elif isinstance(event, TakenUp):
                self.tracker.update(job_ids=event.job_id)
                self.tracker.record()
            elif isinstance(event, Completed) and event.cost is not None:
                self.tracker.update(cost=event.cost)
                self.tracker.record()

    def _track(self, circuits: Sequence[QuantumScript], results: Sequence[Any]) -> None:
        if not self.tracker.active:
            return  # counting a tape's resources takes about as long as compiling it
        for tape, result in zip(circuits, results, strict=True):
            rows = tape.batch_size or 1
            counted: dict[str, Any] = {"executions": rows, "results": result}
            if tape.shots:
                counted["shots"] = tape.shots.total_shots * rows
            self.tracker.update(**counted, resources=tape.specs["resources"])
            self.tracker.record()


def _mapped(outcomes: Outcomes, bits: BitMap | None) -> Outcomes:
    return outcomes if bits is None else outcomes.mapped(bits)


def _state(options: Options) -> dict[str, Any]:
    """What every device, and every copy of one, has for itself."""
    cache = TemplateCache() if options.cache else TemplateCache(0)
    clients: weakref.WeakKeyDictionary[loop.Loop, Client] = weakref.WeakKeyDictionary()
    return {"_lock": threading.Lock(), "_cache": cache, "_clients": clients}


def _interrupted(events: Sequence[Event]) -> Interrupted:
    submitted = [event.job_id for event in events if isinstance(event, Submitted)]
    cancelled = [i for event in events if isinstance(event, Cancelled) for i in event.job_ids]
    unanswered = sum(event.submits for event in events if isinstance(event, Unanswered))
    if cancelled:
        told = f"cancelled: {', '.join(cancelled)}"
    elif submitted:
        told = f"the cancellation had no answer; these may still run: {', '.join(submitted)}"
    else:
        told = "interrupted before any job was accepted"
    if unanswered:
        told += f"; {unanswered} submits had no answer yet and may have made jobs"
    return Interrupted(told, job_ids=cancelled or submitted)
