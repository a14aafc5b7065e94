"""The door: PennyLane's device contract, tapes in and results out."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from pennylane import QNode
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import single_tape_support
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline
from pennylane.workflow import construct_batch

from pennylane_qstore.cloud.backend import Fidelities
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.compiler import (
    Labelled,
    TemplateCache,
    preprocessing,
)
from pennylane_qstore.device import derivatives
from pennylane_qstore.device.delivery import deliver
from pennylane_qstore.device.execution import Execution
from pennylane_qstore.device.receivers import (
    Answer,
    TapeBatch,
    answered,
    current,
    recorded,
)
from pennylane_qstore.errors import OptionError
from pennylane_qstore.fleet.members import Route, members_of
from pennylane_qstore.fleet.remote import Remote
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.options import EMULATOR, STATE_FOLDER, Level, Options
from pennylane_qstore.reporting.tracking import track_batch
from pennylane_qstore.runs import RunStep


@single_tape_support
class QStoreDevice(Device):
    """Runs PennyLane's circuits on IonQ's computers, one job a batch.

    ``qml.device("qstore.ionq")`` needs no key: it runs on an emulator of IonQ's cloud in this
    process. Give ``backend`` to run on IonQ.

    Args:
        wires: labels or a number, as in PennyLane; None takes each tape's
        shots: for old code; prefer ``qml.set_shots``
        backend: "emulator", IonQ's "simulator", or a QPU such as "qpu.forte-1"; or a list of them,
            which may have PennyLane devices of this machine in it, such as "lightning.qubit". Jobs
            are spread over its QPUs by their queues, or over its simulators where it has no QPU
        api_key: IonQ's; None takes ``IONQ_API_KEY``. A list has one for each backend
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
        adaptive: whether a simulator's batch is cut into as many as four jobs that run at the same
            time, where earlier jobs ran for long enough; a QPU's never is
        dry_run: submits jobs that are only checked and priced, and raises ``DryRun``
        progress: whether a line is shown while a batch waits for longer than a second: how many
            jobs are where, how long still, and what they cost; None does on a terminal
        fallback: "simulator", "emulator" or a PennyLane device, for what none of the backends can
            run; nothing goes from a QPU to a simulator that isn't listed
        route: a tape, as ``execute`` gets it, to the name of the backend it goes to first; or to
            None, by queue. ``len(tape.wires)`` is its size
        queue_timeout: seconds after which a job that is still queued is cancelled and goes to the
            next backend; the last one is waited for

    Raises:
        OptionError: a setting that can't be
    """

    _cache: TemplateCache
    _execution: Execution
    config_filepath = str(Path(__file__).with_name("config.toml"))

    def __init__(
        self,
        wires: Any = None,
        shots: Any = None,
        *,
        backend: str | Sequence[str] = EMULATOR,
        api_key: str | Sequence[str] | None = None,
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
        adaptive: bool = False,
        dry_run: bool = False,
        progress: bool | None = None,
        fallback: str | None = None,
        route: Route | None = None,
        queue_timeout: float | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            names = [
                "wires",
                "shots",
                "seed",
                *(field.name for field in fields(Options)),
                "fallback",
                "route",
                "queue_timeout",
            ]
            # Without its value, which may be a key under a misspelt name.
            raise OptionError(next(iter(unknown)), ..., f"the options are {', '.join(names)}")
        self._members = members_of(
            backend,
            api_key,
            fallback=fallback,
            route=route,
            queue_timeout=queue_timeout,
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
            adaptive=adaptive,
            dry_run=dry_run,
            progress=progress,
        )
        try:
            rng = np.random.default_rng(seed)
        except (TypeError, ValueError) as error:
            raise OptionError(
                "seed", seed, f"NumPy can't seed a generator with it: {error}"
            ) from None
        super().__init__(wires=wires, shots=shots)
        self.__dict__.update(self._own(rng))

    def _own(self, rng: np.random.Generator) -> dict[str, Any]:
        """What every device, and every copy of one, has for itself."""
        cache = TemplateCache() if self._options.cache else TemplateCache(0)
        return {"_cache": cache, "_execution": Execution(self._members, self.wires, rng)}

    # What the device interface before this one called a device, which PennyLane's test-suite reads.
    short_name = "qstore.ionq"

    @property
    def name(self) -> str:
        """The name that ``qml.device`` knows it by."""
        return self.short_name

    def __repr__(self) -> str:
        wires = f"{len(self.wires)} wires" if self.wires else "any wires"
        return f"<{self.name} on {', '.join(map(repr, self._members.names))}, {wires}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "QStoreDevice":
        """A device of the same options, with a generator, a cache and connections of its own."""
        other = copy.copy(self)
        memo[id(self)] = other
        other.tracker = copy.deepcopy(self.tracker, memo)
        other.__dict__.update(self._own(copy.deepcopy(self.rng, memo)))
        return other

    @property
    def _options(self) -> Options:
        """Those that all members share, as the first one of IonQ's has them."""
        return self._members.first

    def preprocess_transforms(
        self, execution_config: ExecutionConfig | None = None
    ) -> CompilePipeline:
        """The transforms that make any tape one that ``execute`` takes.

        With ``diff_method="device"`` they only make gates that have a shift rule: tapes are shifted
        as they are then, and go through the others after that.
        """
        if derivatives.is_asked_for(execution_config):
            return derivatives.preprocessing()
        fleet = self._execution.fleet
        fleet.warm()
        inexact = None
        if not fleet.exact:
            options = self._options
            machine = options.noise_model or options.backend
            inexact = f"{machine!r} measures, it has no exact probabilities"
        with_values = self._options.optimization == "full"
        return preprocessing(
            self.name,
            self.wires,
            inexact,
            self._cache,
            self._execution.target,
            with_values=with_values,
            # What is recorded must come out the same when it is asked for again.
            at_once=recorded(),
        )

    def execute(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[Any, ...]:
        """Runs a batch of tapes and gives each one's results, in order.

        Args:
            circuits: tapes that have been through the preprocessing
            execution_config: PennyLane's; tells whether derivatives are this device's

        Raises:
            QStoreError: see the tree in ``pennylane_qstore.errors``
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        if derivatives.is_asked_for(execution_config):
            return self._preprocessed(circuits)
        tapes = tuple(circuits)
        if current() is None:
            return answered(self.execute_each([tapes], self.next_step())[0])
        return answered(deliver([TapeBatch(self, tapes)])[0])

    def setup_execution_config(
        self, config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> ExecutionConfig:
        """PennyLane's settings of an execution, with those of derivatives that are asked for."""
        config = super().setup_execution_config(config, circuit)
        if not derivatives.is_asked_for(config):
            return config
        together = config.grad_on_execution is not False
        return replace(config, use_device_gradient=True, grad_on_execution=together)

    def supports_derivatives(
        self, execution_config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> bool:
        """Whether derivatives are this device's: only where ``diff_method="device"`` says so."""
        del circuit
        return derivatives.is_asked_for(execution_config)

    def compute_derivatives(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[Any, ...]:
        """The Jacobian of each tape, by the parameter-shift rule.

        Args:
            circuits: of gates that have a shift rule
            execution_config: PennyLane's
        """
        del execution_config
        tapes, jacobians = derivatives.shifted(circuits)
        return jacobians(self._preprocessed(tapes))

    def execute_and_compute_derivatives(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The results and the Jacobian of each tape, all in one batch.

        Args:
            circuits: of gates that have a shift rule
            execution_config: PennyLane's
        """
        del execution_config
        tapes, jacobians = derivatives.shifted(circuits)
        results = self._preprocessed([*circuits, *tapes])
        return results[: len(circuits)], jacobians(results[len(circuits) :])

    def _preprocessed(self, circuits: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Results of tapes that have not been through the preprocessing."""
        tapes, read = self.preprocess_transforms()(circuits)
        return tuple(read(self.execute(tapes)))

    def next_step(self) -> RunStep | None:
        """The place of a batch in the named run that this process is in, or None."""
        return self._execution.next_step()

    def execute_each(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None
    ) -> list[Answer]:
        """Runs the batches of several callers as one.

        Args:
            batches: tapes that have been through the preprocessing
            step: what ``next_step`` gave for them

        Returns:
            for each batch its tapes' results, or the error that it ended with: what is wrong with
            one batch, or fails over there, is no other one's error

        Raises:
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        track_batch(self.tracker)
        return self._execution.answers(batches, step, self.tracker)

    def made_up(self, tapes: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Results of the right form for some tapes, out of nothing, as ``qstore.replay`` needs.

        Args:
            tapes: that have been through the preprocessing
        """
        return self._execution.made_up(tapes)

    def compiled(self, circuits: Sequence[QuantumScript]) -> list[Labelled]:
        """What ``execute`` sends for a batch of tapes, to the first backend that is there.

        Args:
            circuits: tapes that have been through the preprocessing

        Raises:
            CompileError: a tape that can't become native gates, or can't run on the backend
        """
        return self._execution.compiled(circuits)

    @property
    def cache(self) -> TemplateCache:
        """The structures that were compiled; with ``cache=False`` it keeps none."""
        return self._cache

    @property
    def rng(self) -> np.random.Generator:
        """The generator that draws samples on this side; a checkpoint keeps its state."""
        return self._execution.rng

    @property
    def backend(self) -> str:
        """The name of what circuits run on, as the option says it; of a list, IonQ's first."""
        return self._options.backend

    def fidelities(self) -> Fidelities | None:
        """How well the backend does, by its last characterization; None for a simulator."""
        if not self._options.on_qpu:
            return None
        remote = (each for each in self._execution.fleet.members if isinstance(each, Remote))
        return loop.current().run(next(remote).client().fidelities(self._options.backend))

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
            self._execution.check_shots(tapes)
            return self._execution.fleet.estimate(Work(tapes, self.wires))

        return estimated
