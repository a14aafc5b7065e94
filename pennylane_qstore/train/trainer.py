"""The training loop: mini-batches, validation, early stopping, callbacks and checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pennylane_qstore.runs import Run
from pennylane_qstore.train import checkpoint
from pennylane_qstore.train.batches import Batches
from pennylane_qstore.train.checkpoint import CheckpointError
from pennylane_qstore.train.history import Measured, Step, from_table, table
from pennylane_qstore.train.learners import Learner
from pennylane_qstore.train.meter import Meter
from pennylane_qstore.train.samples import Samples

# Receives each step; True ends the training after it.
Callback = Callable[[Step], bool | None]
# The entries of a training's checkpoint.
_ENTRIES = {
    "options", "learner", "batches", "numpy", "device", "meter", "history", "best", "waited",
    "ended", "result", "run",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a training is.

    Attributes:
        steps: number of steps
        batch_size: samples per step
        seed: of the order of the samples
        validate_every: steps from one validation to the next; None validates once an epoch
        patience: validations without a lower loss that end the training with the best weights;
            None never ends it early
    """

    steps: int
    batch_size: int
    seed: int = 1
    validate_every: int | None = None
    patience: int | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """Where a training is kept, so that it can be resumed after its process was killed.

    Attributes:
        path: of the checkpoint
        every: steps from one checkpoint to the next
        resume: whether to continue from an existing checkpoint; if False, it is an error
        options: settings of the training; a resumed one must have the same
        device: its random generator draws the shots, and is kept
        run: the named run of the journal that the training is in; the caller enters and leaves it
    """

    path: Path
    every: int = 1
    resume: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    device: Any = None
    run: Run | None = None


class Trainer:
    """Runs the steps of a training.

    With ``saving``, a checkpoint holds all that the next step depends on. It is written before the
    first step, after every ``saving.every`` steps, and after the last. In a named run of the
    journal (``qstore.run``), a resumed training takes the results of later steps from their jobs:
    it takes the same steps, and sends no job twice.

    **Example**

    >>> trainer = Trainer(learner, samples, Plan(steps=100, batch_size=16))
    >>> history = trainer.fit()

    Attributes:
        learner: takes the steps
        plan: number of steps and their batches
        batches: mini-batches of the samples
        validation: samples kept aside, or None
        history: the steps so far
        saving: where checkpoints go, or None
        best: the lowest loss on the validation samples and its weights, or None
        result: what ``finish`` was given, in this process or an earlier one; None before
    """

    def __init__(
        self,
        learner: Learner,
        samples: Samples,
        plan: Plan,
        *,
        validation: Samples | None = None,
        callbacks: Sequence[Callback] = (),
        meter: Meter | None = None,
        saving: Saving | None = None,
    ) -> None:
        """Set up a training; nothing runs yet.

        Args:
            learner: takes the steps
            samples: to learn from
            plan: number of steps and their batches
            validation: samples kept aside
            callbacks: each is called with each step; True ends the training
            meter: counts time and jobs; None counts the time alone, and jobs, circuits, queue and
                cost of each step are None
            saving: where checkpoints go; None writes none

        Raises:
            OptionError: a batch has no samples, or more than there are
        """
        self.learner, self.plan, self.callbacks = learner, plan, callbacks
        self.batches = Batches(samples, plan.batch_size, np.random.default_rng(plan.seed))
        self.history: list[Step] = []
        self.best: tuple[float, Any] | None = None
        self.validation = validation
        self._meter, self.saving = meter or Meter(), saving
        self._waited, self._ended = 0, False
        self.result: dict[str, Any] | None = None

    def fit(self) -> list[Step]:
        """Run all remaining steps.

        Returns:
            the steps of the whole training; only those of this process have weights

        Raises:
            CheckpointError: the checkpoint can't be used, or exists and isn't to be resumed
        """
        return list(self)

    def __iter__(self) -> Iterator[Step]:
        """Run the remaining steps, one at a time.

        Yields:
            the steps that a checkpoint holds, then each new step when it is done
        """
        self._begin()
        yield from list(self.history)
        self._meter.start()
        while not self._is_over:
            step = self._step()
            if self._is_over:
                self._settle()
            if self.saving and (step.number % self.saving.every == 0 or self._is_over):
                self._save()
            yield step

    def finish(self, result: dict[str, Any]) -> None:
        """Keep the final results, so that a finished training isn't measured again.

        Args:
            result: values that a checkpoint can keep
        """
        self.result = result
        if self.saving is not None:
            self._save()

    def counted(self) -> dict[str, Any]:
        """Return seconds, jobs, circuits, queue and cost so far, over all processes."""
        return self._meter.now()

    @property
    def _is_over(self) -> bool:
        return self._ended or len(self.history) >= self.plan.steps

    def _step(self) -> Step:
        measured = self.learner.step(self.batches.draw())
        number = len(self.history) + 1
        every = self.plan.validate_every or self.batches.per_epoch
        validation = None
        if self.validation is not None and number % every == 0:
            validation = self.learner.measure(self.validation)
            self._compare(validation)
        step = Step(
            number=number,
            loss=measured.loss,
            accuracy=measured.accuracy,
            gradient=measured.gradient,
            validation=validation,
            epoch=self.batches.epoch,
            weights=self.learner.weights,
            **self._meter.now(),
        )
        self.history.append(step)
        # A list: each callback receives each step, whatever the others return.
        self._ended |= any([callback(step) for callback in self.callbacks])
        return step

    def _compare(self, validation: Measured) -> None:
        if self.best is None or validation.loss < self.best[0]:
            self.best, self._waited = (validation.loss, self.learner.weights), 0
            return
        self._waited += 1
        if self.plan.patience is not None and self._waited >= self.plan.patience:
            self._ended = True

    def _settle(self) -> None:
        """After the last step of a training with patience, restore the best weights."""
        if self.plan.patience is not None and self.best is not None:
            self.learner.weights = self.best[1]

    def _begin(self) -> None:
        if self.saving is None:
            return
        if not self.saving.path.exists():
            self._save()
        elif self.saving.resume:
            with checkpoint.reading(self.saving.path):
                self._restore(checkpoint.load(self.saving.path))
        else:
            raise CheckpointError(
                f"{self.saving.path} is there already: resume it, or name another"
            )

    def _save(self) -> None:
        assert self.saving is not None
        run = self.saving.run
        run_step = 0 if run is None else run.step
        generator = getattr(self.saving.device, "rng", None)
        state = {
            "options": self.saving.options,
            "learner": self.learner.state(),
            "batches": self.batches.state(),
            "numpy": np.random.get_state(legacy=False),
            "device": None if generator is None else generator.bit_generator.state,
            "meter": self._meter.now(),
            "history": table(self.history),
            "best": self.best,
            "waited": self._waited,
            "ended": self._ended,
            "result": self.result,
            # The jobs whose results are new in this checkpoint; pending ones are in the journal,
            # under the run's name.
            "run": {"step": run_step, "job_ids": self._meter.job_ids()},
        }
        checkpoint.save(self.saving.path, state)
        if run is not None:
            run.acknowledge(step=run_step)

    def _restore(self, state: dict[str, Any]) -> None:
        assert self.saving is not None
        path, device = self.saving.path, self.saving.device
        if missing := _ENTRIES - state.keys():
            raise CheckpointError(f"{path} isn't a training's: it has no {', '.join(missing)}")
        _check_options(path, state["options"], self.saving.options)
        if (state["device"] is None) != (getattr(device, "rng", None) is None):
            raise CheckpointError(f"{path} is of a training on another device, or on none")
        self.learner.restore(state["learner"])
        self.batches.restore(state["batches"])
        np.random.set_state(state["numpy"])
        if state["device"] is not None:
            device.rng.bit_generator.state = state["device"]
        self._meter.restore(state["meter"])
        self.history = from_table(state["history"])
        self.best = state["best"]
        self._waited, self._ended = state["waited"], state["ended"]
        self.result = state["result"]
        if self.saving.run is not None:
            self.saving.run.step = state["run"]["step"]


def _check_options(path: Path, saved: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse to resume a training that has other options.

    Raises:
        CheckpointError: names the options that differ
    """
    differing = [
        f"{name} {saved.get(name)!r}, not {given.get(name)!r}"
        for name in sorted(saved.keys() | given.keys())
        if saved.get(name) != given.get(name)
    ]
    if differing:
        raise CheckpointError(f"{path} is of a training with {'; '.join(differing)}")
