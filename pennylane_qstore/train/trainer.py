"""Samples and a learner to a history, step by step, and over the death of a process."""

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

# Looks at a step; True ends the training after it.
Callback = Callable[[Step], bool | None]
# What a checkpoint of a training has.
_KEPT = {"options", "learner", "batches", "numpy", "device", "meter", "history", "best", "waited",
         "ended", "result", "run"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a training is.

    Attributes:
        steps: how many
        batch_size: samples a step
        seed: of the order of the samples
        validate_every: steps from one validation to the next; None is an epoch
        patience: validations without a lower loss after which the training ends with the best
            weights; None goes on
    """

    steps: int
    batch_size: int
    seed: int = 1
    validate_every: int | None = None
    patience: int | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """Where a training is kept, so that a killed process is taken up.

    Attributes:
        path: of the checkpoint
        every: steps
        resume: whether a checkpoint that is there is gone on with; else it is an error
        options: what the training was asked for, which a resumed one must be asked for again
        device: whose random generator draws the shots
        run: of the journal, that the training is in; its owner enters and leaves it
    """

    path: Path
    every: int = 1
    resume: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    device: Any = None
    run: Run | None = None


class Trainer:
    """Runs steps; its ``fit`` is the whole of a training.

    With ``saving``, a checkpoint before the first step, after every so many, and after the last
    holds all that the next step depends on. In a named run of the journal (``qstore.run``) the
    answers that came in since are taken from their jobs when the training is resumed: the same
    steps, and no job twice.

    **Example**

    >>> trainer = Trainer(learner, samples, Plan(steps=100, batch_size=16))
    >>> history = trainer.fit()

    Attributes:
        learner: that takes the steps
        batches: that it learns from
        validation: samples kept aside, or None
        history: of the steps so far
        saving: where checkpoints go, or None
        best: the lowest loss on the validation samples, and the weights it had
        result: what ``finish`` was given, in this process or in one before it; None until then
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
        """Sets a training up; nothing runs yet.

        Args:
            learner: that takes the steps
            samples: to learn from
            plan: how long
            validation: samples kept aside
            callbacks: each is called with each step; True ends the training
            meter: of time and jobs; None measures time alone
            saving: where checkpoints go; None keeps none
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
        """Runs all steps that are left.

        Returns:
            the steps of the whole training; only those of this process have weights
        """
        return list(self)

    def __iter__(self) -> Iterator[Step]:
        """Runs the steps that are left; gives first those that a checkpoint holds."""
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
        """Keeps what came out in the end, so that a finished training isn't measured again.

        Args:
            result: values that a checkpoint keeps
        """
        self.result = result
        if self.saving is not None:
            self._save()

    def counted(self) -> dict[str, Any]:
        """Seconds, jobs, circuits, queue and cost so far, over all processes."""
        return self._meter.now()

    @property
    def _is_over(self) -> bool:
        return self._ended or len(self.history) >= self.plan.steps

    def _step(self) -> Step:
        measured = self.learner.step(self.batches.draw())
        number = len(self.history) + 1
        every = self.plan.validate_every or self.batches.an_epoch
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
        # A list: every callback sees every step, whatever the others say.
        self._ended |= any([callback(step) for callback in self.callbacks])  # noqa: C419
        return step

    def _compare(self, validation: Measured) -> None:
        if self.best is None or validation.loss < self.best[0]:
            self.best, self._waited = (validation.loss, self.learner.weights), 0
            return
        self._waited += 1
        if self.plan.patience is not None and self._waited >= self.plan.patience:
            self._ended = True

    def _settle(self) -> None:
        """After the last step: with patience, the best weights are the result."""
        if self.plan.patience is not None and self.best is not None:
            self.learner.weights = self.best[1]

    def _begin(self) -> None:
        if self.saving is None:
            return
        if not self.saving.path.exists():
            self._save()
        elif self.saving.resume:
            self._restore(checkpoint.load(self.saving.path))
        else:
            raise CheckpointError(
                f"{self.saving.path} is there already: resume it, or name another"
            )

    def _save(self) -> None:
        assert self.saving is not None
        run = self.saving.run
        sent = 0 if run is None else run.step
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
            # Of the jobs whose answers this checkpoint holds and the one before it didn't; those
            # that are pending stand in the journal, by the run's name.
            "run": {"step": sent, "job_ids": self._meter.job_ids()},
        }
        checkpoint.save(self.saving.path, state)
        if run is not None:
            run.acknowledge(step=sent)

    def _restore(self, state: dict[str, Any]) -> None:
        assert self.saving is not None
        path, device = self.saving.path, self.saving.device
        if missing := _KEPT - state.keys():
            raise CheckpointError(f"{path} isn't a training's: it has no {', '.join(missing)}")
        check_options(path, state["options"], self.saving.options)
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


def check_options(path: Path, kept: dict[str, Any], asked: dict[str, Any]) -> None:
    """Refuses to go on with a training that was asked for something else.

    Raises:
        CheckpointError: names what differs
    """
    differing = [
        f"{name} {kept.get(name)!r}, not {asked.get(name)!r}"
        for name in sorted(kept.keys() | asked.keys())
        if kept.get(name) != asked.get(name)
    ]
    if differing:
        raise CheckpointError(f"{path} is of a training with {'; '.join(differing)}")
