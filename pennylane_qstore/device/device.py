"""The PennyLane device: its options, its preprocessing, and the execution of tapes."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from autograd.tracer import isbox, trace_stack
from pennylane import QNode
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import single_tape_support
from pennylane.exceptions import DeviceError
from pennylane.math import Interface
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline, Transform
from pennylane.workflow import construct_batch

from pennylane_qstore.cloud.backend import Fidelities
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.compiler import (
    Labelled,
    TemplateCache,
    preprocessing,
)
from pennylane_qstore.compiler.operators.angles import ANGLES, PLAIN
from pennylane_qstore.compiler.tapes.checks import refuse_given_matrices
from pennylane_qstore.device import derivatives
from pennylane_qstore.device.delivery import deliver
from pennylane_qstore.device.execution import Execution
from pennylane_qstore.device.receivers import (
    Answer,
    TapeBatch,
    thread,
)
from pennylane_qstore.errors import OptionError
from pennylane_qstore.fleet.members import members_of
from pennylane_qstore.fleet.remote import Remote
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.mitigation.settings import mitigation_of
from pennylane_qstore.options import (
    DECLARED,
    EMULATOR,
    STATE_FOLDER,
    Gateset,
    Level,
    OnUnknown,
    Options,
    Route,
    Submission,
    refuse_unknown,
)
from pennylane_qstore.pennylane_private import is_in_workflow
from pennylane_qstore.reporting.notices import logger
from pennylane_qstore.reporting.tracking import track_batch
from pennylane_qstore.runs import RunStep

# Options that are PennyLane's, or a device's own.
_OWN = {"wires", "shots", "seed", "mitigation"}
_TORCH_GRADIENTS = (
    'diff_method="device" measures the gradient together with each call on Torch parameters that '
    "require one, since nobody can know whether backward() follows. Where you need no gradient, "
    "call inside torch.no_grad()"
)
# Operations without matrices.
_OF_ANGLES = PLAIN.union(ANGLES)
_SOME_WIRES = "use a number of wires from 1, their labels, or None: the wires of each tape"


@single_tape_support
class QStoreDevice(Device):
    """Runs PennyLane's circuits on IonQ's computers, one job a batch.

    ``qml.device("qstore.ionq")`` needs no key: it runs on an emulator of IonQ's cloud in this
    process. Give ``backend`` to run on IonQ.

    Args:
        wires: Number or labels of the wires, as in PennyLane. None: the wires of each tape.
        shots: Default number of shots, for old code. Prefer qml.set_shots.
        backend: "emulator", IonQ's "simulator", or a QPU such as "qpu.forte-1". Or a list of them,
            which may contain PennyLane devices of this machine: jobs are spread over its QPUs by
            queue, or over its simulators where it has no QPU.
        api_key: IonQ's key. None: the variable IONQ_API_KEY. A list has one key for each backend.
        base_url: Address of the API, with its version. None: the variable IONQ_API_URL, else IonQ's
            address.
        gateset: "native": this package compiles to native gates. "qis": it sends textbook gates,
            and IonQ compiles.
        noise_model: Noise model of a simulator, such as "aria-1". On the embedded emulator also
            rates of your own: {"one_qubit": 0.0005, "two_qubit": 0.01, "readout": 0.004}, with
            "readout_0" and "readout_1", "over_rotation" and "by_angle" besides.
        noise_seed: Seed of the noise model, from 1 to 2³¹-1.
        error_mitigation: {"debiasing": bool, "symmetry_verification": bool}. None: IonQ's choice.
        sharpen: Whether debiased results are sharpened. None: IonQ's choice.
        session_id: IonQ session in which the jobs run.
        job_name: Name of the jobs in IonQ's console.
        metadata: Dictionary of strings that is kept with every job.
        seed: Seed of the samples that this package draws from exact probabilities.
        max_wait: Seconds until a batch must have its results. None: one day on a QPU, ten minutes
            elsewhere.
        optimization: "none": translate gate by gate. "template": optimise what holds for all
            angles, once per structure. "full": also use the values of constants, and angles at
            which gates vanish.
        measurement_aware: Whether gates that cannot change the measured outcomes are left out, and
            bit flips at the end are applied to the outcomes. False sends the whole unitary, up to
            phases before the measurement.
        verify: Whether each program is checked against its tape before it is sent.
        cache: Whether compiled structures are kept.
        submission: "batch": as few jobs as the API's limits allow. "concurrent": one job per
            circuit, many at a time. "sequential": one job per circuit, one after another.
        max_jobs_in_flight: Largest number of jobs that are live at a time.
        connection_pool_size: Largest number of connections to the API.
        rate_limit: Largest number of requests per second. None: no limit until the server answers
            429.
        journal: Path of the SQLite file in which each job is recorded before it is sent. "user": a
            file in the user's state folder, and no file for the emulator. None: no file.
        resume: Whether the device resumes a job that a killed process left, when the same circuits
            are run again.
        on_unknown: What to do when the reply to a job submission is lost. "lookup": find the job in
            IonQ's list. "raise": raise UnknownOutcomeError.
        retry_failed_circuits: How many times circuits that failed at IonQ are sent again.
        budget: Largest cost of all jobs of the device, in your contract's unit. In a named run: of
            all jobs of the run.
        adaptive: Whether a simulator's batch is sent as up to four jobs, where earlier jobs ran for
            half a second or more. A QPU's batch is never split.
        dry_run: Whether jobs are only checked and priced. The device then raises DryRun with the
            price.
        progress: Whether a line on the terminal shows the state of a batch that takes longer than a
            second. None: only on a terminal.
        mitigation: What this package does against errors: "readout", "zne", "calibrate", "pec", an
            object with settings such as qstore.ZNE(scales=(1, 3)), or a list of them. None:
            nothing.
        fallback: Simulator or PennyLane device for circuits that no listed backend can run.
        route: Function of a tape that returns the name of a listed backend, or None.
        queue_timeout: Seconds in the queue after which a job moves to the next backend.

    Raises:
        OptionError: a setting that can't be

    **Example**

    >>> dev = qml.device("qstore.ionq", wires=2)
    >>> @qml.qnode(dev)
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     qml.CNOT(wires=[0, 1])
    ...     return qml.expval(qml.Z(1))
    >>> circuit(np.array([0.0, np.pi])).round(6)
    array([ 1., -1.])
    """

    _cache: TemplateCache
    _execution: Execution
    _has_told_of_torch = False
    config_filepath = str(Path(__file__).with_name("config.toml"))

    def __init__(
        self,
        wires: Any = None,
        shots: Any = None,
        *,
        backend: str | Sequence[str] = EMULATOR,
        api_key: str | Sequence[str] | None = None,
        base_url: str | None = None,
        gateset: Gateset = "native",
        noise_model: str | Mapping[str, float] | None = None,
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
        submission: Submission = "batch",
        max_jobs_in_flight: int = 100,
        connection_pool_size: int = 20,
        rate_limit: float | None = None,
        journal: Path | str | None = STATE_FOLDER,
        resume: bool = True,
        on_unknown: OnUnknown = "lookup",
        retry_failed_circuits: int = 0,
        budget: float | None = None,
        adaptive: bool = False,
        dry_run: bool = False,
        progress: bool | None = None,
        mitigation: Any = None,
        fallback: str | None = None,
        route: Route | None = None,
        queue_timeout: float | None = None,
        **unknown: Any,
    ) -> None:
        given = dict(locals())
        for name in unknown:
            raise refuse_unknown(name)
        self._members = members_of(**{name: given[name] for name in DECLARED if name not in _OWN})
        self._mitigation = mitigation_of(mitigation)
        if self._mitigation is not None and (error_mitigation or {}).get("debiasing"):
            raise OptionError(
                "mitigation",
                mitigation,
                "IonQ's debiasing changes the outcomes that it works on: set "
                'error_mitigation={"debiasing": False}, or leave one of the two out',
            )
        # Those that all members share, as the first one of IonQ's has them.
        self._options: Options = self._members.first
        try:
            rng = np.random.default_rng(seed)
        except (TypeError, ValueError) as error:
            raise OptionError(
                "seed", seed, f"NumPy can't seed a generator with it: {error}"
            ) from None
        try:
            super().__init__(wires=wires, shots=shots)
        except TypeError:
            raise OptionError("wires", wires, _SOME_WIRES) from None
        if isinstance(wires, bool) or (wires is not None and not self.wires):
            raise OptionError("wires", wires, _SOME_WIRES)
        self.__dict__.update(self._own(rng))

    def _own(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the attributes that no two devices share: the cache and the execution."""
        cache = TemplateCache() if self._options.cache else TemplateCache(0)
        return {
            "_cache": cache,
            "_execution": Execution(self._members, self.wires, rng, self._mitigation),
        }

    # What the device interface before this one called a device, which PennyLane's test-suite reads.
    short_name = "qstore.ionq"

    @property
    def name(self) -> str:
        """The name under which ``qml.device`` finds it."""
        return self.short_name

    def __repr__(self) -> str:
        wires = f"{len(self.wires)} wires" if self.wires else "any wires"
        return f"<{self.name} on {', '.join(map(repr, self._members.names))}, {wires}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "QStoreDevice":
        """Return a device of the same options, with its own generator, cache and connections."""
        other = copy.copy(self)
        memo[id(self)] = other
        other.tracker = copy.deepcopy(self.tracker, memo)
        other.__dict__.update(self._own(copy.deepcopy(self.rng, memo)))
        return other

    def preprocess_transforms(
        self, execution_config: ExecutionConfig | None = None
    ) -> CompilePipeline:
        """Return the transforms that make any tape one that ``execute`` takes.

        With ``diff_method="device"`` they only make gates that have a shift rule: tapes are shifted
        as they are then, and go through the others after that.
        """
        if _derives(execution_config):
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
            at_once=thread.receiver is not None and thread.receiver.records,
        )

    def execute(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[Any, ...]:
        """Run a batch of tapes.

        Args:
            circuits: tapes that have been through the preprocessing
            execution_config: PennyLane's; says whether derivatives are this device's

        Returns:
            each tape's results, in the tapes' order

        Raises:
            QStoreError: see the tree in ``pennylane_qstore.errors``
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        if _derives(execution_config):
            return self._preprocessed(circuits)
        tapes = tuple(circuits)
        if trace_stack.top >= 0:  # inside a derivative, or after one that failed
            _refuse_lost_derivatives(tapes)
        if thread.receiver is None:
            (answer,) = self.execute_each([tapes], self.next_step())
        else:
            (answer,) = deliver([TapeBatch(self, tapes)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def setup_execution_config(
        self, config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> ExecutionConfig:
        """Return PennyLane's settings of an execution, with those of the requested derivatives."""
        config = super().setup_execution_config(config, circuit)
        kinds = map(type, () if circuit is None else circuit.operations)
        if config.gradient_method is not None and not _OF_ANGLES.issuperset(kinds):
            refuse_given_matrices(circuit)
        method, trained = config.gradient_method, circuit is not None and circuit.trainable_params
        takes_gradients = isinstance(method, Transform) and method.expand_transform is not None
        if trained and takes_gradients and derivatives.has_trained_batch(circuit):
            config = replace(config, gradient_method=derivatives.row_by_row(method))
        if not _derives(config):
            return config
        together = config.grad_on_execution is not False and derivatives.may_follow(circuit)
        if together and config.interface is Interface.TORCH and not self._has_told_of_torch:
            self._has_told_of_torch = True
            logger.warning(_TORCH_GRADIENTS)
        return replace(config, use_device_gradient=True, grad_on_execution=together)

    def supports_derivatives(
        self, execution_config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> bool:
        """Return whether this device computes derivatives: only with ``diff_method="device"``."""
        del circuit
        return _derives(execution_config)

    def compute_derivatives(
        self,
        circuits: Sequence[QuantumScript],
        execution_config: ExecutionConfig | None = None,
    ) -> tuple[Any, ...]:
        """Return the Jacobian of each tape, by the parameter-shift rule.

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
        """Return the tapes' results and their Jacobians, all measured in one batch.

        Args:
            circuits: of gates that have a shift rule
            execution_config: PennyLane's
        """
        del execution_config
        tapes, jacobians = derivatives.shifted(circuits)
        results = self._preprocessed([*circuits, *tapes])
        return results[: len(circuits)], jacobians(results[len(circuits) :])

    def _preprocessed(self, circuits: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Return the results of tapes that have not been through the preprocessing."""
        tapes, read = self.preprocess_transforms()(circuits)
        return tuple(read(self.execute(tapes)))

    def next_step(self) -> RunStep | None:
        """Return the next batch's place in this process's named run, or None without one."""
        return self._execution.next_step()

    def execute_each(
        self, batches: Sequence[Sequence[QuantumScript]], step: RunStep | None
    ) -> list[Answer]:
        """Run the batches of several callers as one.

        Args:
            batches: tapes that have been through the preprocessing
            step: the batch's place in a named run, by ``next_step``

        Returns:
            for each batch its tapes' results, or the error that it ended with: an error of one
            batch doesn't affect the others

        Raises:
            Interrupted: Ctrl-C, after the jobs that were live have been cancelled
        """
        if self.tracker.active:
            track_batch(self.tracker)
        return self._execution.answers(batches, step, self.tracker)

    def made_up(self, tapes: Sequence[QuantumScript]) -> tuple[Any, ...]:
        """Return random results of the right shapes and types, as ``qstore.replay`` needs.

        Args:
            tapes: that have been through the preprocessing
        """
        return self._execution.made_up(tapes)

    def compiled(self, circuits: Sequence[QuantumScript]) -> list[Labelled]:
        """Return what ``execute`` would send for a batch of tapes to the first available backend.

        Args:
            circuits: tapes that have been through the preprocessing

        Raises:
            CompileError: a tape that can't become native gates, or can't run on the backend
        """
        return self._execution.compiled(circuits)

    @property
    def cache(self) -> TemplateCache:
        """The cache of compiled structures; it stays empty with ``cache=False``."""
        return self._cache

    @property
    def rng(self) -> np.random.Generator:
        """The generator that draws samples on this side; a checkpoint keeps its state."""
        return self._execution.rng

    @property
    def backend(self) -> str:
        """The name of the backend, as the option gives it; of a list, IonQ's first."""
        return self._options.backend

    def fidelities(self) -> Fidelities | None:
        """Return the fidelities of the backend's last characterization; None for a simulator."""
        if not self._options.on_qpu:
            return None
        remote = (each for each in self._execution.fleet.members if isinstance(each, Remote))
        return loop.current().run(next(remote).client().fidelities(self._options.backend))

    def estimate(self, qnode: QNode) -> Callable[..., Price]:
        """Return a function of a QNode's arguments that gives the price of such a call.

        The price is IonQ's own estimate for the compiled gates. Nothing is submitted.

        Args:
            qnode: whose device this is

        Raises:
            OptionError: it is another device's
        """
        if getattr(qnode, "device", None) is not self:
            expected = "use a QNode of this device; for an optimizer's step, that of its circuit"
            raise OptionError("qnode", qnode, expected)

        def estimated(*args: Any, **kwargs: Any) -> Price:
            tapes, _ = construct_batch(qnode, level="device")(*args, **kwargs)
            self._execution.check_shots(tapes)
            mitigated = self._execution.mitigated(tapes)
            work = Work(tapes, self.wires) if mitigated is None else mitigated.work
            return self._execution.fleet.estimate(work)

        return estimated


def _refuse_lost_derivatives(tapes: Sequence[QuantumScript]) -> None:
    """Refuse tapes whose derivative autograd would take for zero.

    Raises:
        DeviceError: the tapes carry a derivative, and didn't come through PennyLane's workflow
    """
    if any(map(_is_differentiated, tapes)) and not is_in_workflow():
        raise DeviceError(
            "execute gives plain numbers, and autograd would take their derivative for zero: use "
            'qml.execute(tapes, device, diff_method="best") or a QNode inside a derivative'
        )


def _is_differentiated(tape: QuantumScript) -> bool:
    """Return whether a tape's parameters are those of a derivative by autograd."""
    if any(getattr(op, "is_differentiated", False) for op in tape.operations):
        return True
    return any(map(isbox, tape.get_parameters(trainable_only=False)))


def _derives(config: ExecutionConfig | None) -> bool:
    """Return whether a QNode says ``diff_method="device"``; "best" doesn't choose it.

    A forward call that has trainable arguments pays for a gradient as well, which whoever takes
    steps without gradients doesn't need.
    """
    return (
        config is not None
        and config.gradient_method == derivatives.METHOD
        and config.derivative_order == 1
    )
