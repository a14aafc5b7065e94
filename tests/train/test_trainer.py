"""Steps make the loss smaller, with each optimizer, the same way twice."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train import (
    CheckpointError,
    Measured,
    Plan,
    Samples,
    Saving,
    Trainer,
    checkpoint,
)
from pennylane_qstore.train.examples.digits.circuit import make_circuit
from pennylane_qstore.train.examples.digits.train_digits import make_trainer
from pennylane_qstore.train.examples.options import GRADIENT_OPTIMIZERS, PACES, TrainOptions


def tiny(optimizer, **others):
    """Options of a small exact run."""
    steps = {"spsa": 40, "qnspsa": 15}.get(optimizer, 8)
    defaults = {"steps": steps, "wires": 3, "layers": 2, "batch_size": 16, "shots": 0}
    return TrainOptions(optimizer=optimizer, **defaults | others)


@pytest.mark.parametrize(
    ("optimizer", "shots"),
    [
        *(("spsa", 500), ("adam", 0)),
        *(pytest.param(name, 500, marks=pytest.mark.long) for name in PACES if name != "spsa"),
        *(pytest.param(name, 0, marks=pytest.mark.long) for name in PACES if name != "adam"),
    ],
)
def test_loss_goes_down(train_locally, optimizer, shots):
    """Each optimizer learns, from exact values and from shots."""
    steps = train_locally(tiny(optimizer, shots=shots))
    losses = [step.loss for step in steps]
    assert np.mean(losses[-3:]) < 0.75 * np.mean(losses[:3])


@pytest.mark.parametrize("optimizer", PACES)
def test_same_seed_same_steps(train_locally, optimizer):
    """A seed decides the whole run, and another one decides otherwise."""
    first, again, other = (
        train_locally(tiny(optimizer, steps=2, layers=1, seed=seed)) for seed in (1, 1, 2)
    )
    assert [step.loss for step in first] == [step.loss for step in again]
    assert np.array_equal(first[-1].weights, again[-1].weights)
    assert not np.array_equal(first[-1].weights, other[-1].weights)


@pytest.mark.parametrize(
    ("optimizer", "circuits"),
    [("spsa", 32), ("qnspsa", 96), *((name, 16 * 25) for name in GRADIENT_OPTIMIZERS)],
)
def test_cost_of_a_step(train_locally, optimizer, circuits):
    """A step is one job, of what its optimizer needs: watching costs no circuit more."""
    steps = train_locally(tiny(optimizer, steps=3))
    assert [step.jobs for step in steps] == [1, 2, 3]
    assert [step.circuits for step in steps] == [circuits, 2 * circuits, 3 * circuits]
    assert [step.number for step in steps] == [1, 2, 3]
    assert 0 < steps[0].seconds < steps[1].seconds < steps[2].seconds


def test_stepsize_is_the_first_step(train_locally):
    """A longer SPSA step moves the weights further, in proportion."""
    short, long = (train_locally(tiny("spsa", steps=1, stepsize=size)) for size in (0.1, 0.2))
    start = 2 * short[0].weights - long[0].weights
    assert np.all(np.abs(start) <= 0.1)


class Slope:
    """Learns one number by going down a parabola, and may go up again."""

    def __init__(self, losses=None):
        self.weights, self.losses = np.array([4.0]), losses

    def step(self, batch):
        self.weights = self.weights - 0.5 * (self.weights - batch.labels.mean())
        return Measured(float(self.weights[0]), 0.5)

    def measure(self, _):
        loss = self.weights[0] if self.losses is None else self.losses.pop(0)
        return Measured(float(loss), 0.5)

    def state(self):
        return {"weights": self.weights}

    def restore(self, state):
        self.weights = state["weights"]


@pytest.fixture
def samples():
    """Eight samples around zero."""
    return Samples(np.zeros((8, 1)), np.linspace(-1, 1, 8))


def test_early_stopping_gives_the_best_weights(samples):
    """After validations that are no better, the training ends with the weights of the best."""
    learner = Slope(losses=[0.5, 0.4, 0.6, 0.45, 0.1])
    trainer = Trainer(
        learner, samples, Plan(20, 4, validate_every=2, patience=2), validation=samples
    )
    seen = [(step.number, step.weights) for step in trainer]
    assert [number for number, _ in seen] == list(range(1, 9))
    assert np.array_equal(learner.weights, seen[3][1])
    assert trainer.best[0] == 0.4
    losses = [step.validation.loss for step in trainer.history if step.validation]
    assert losses == [0.5, 0.4, 0.6, 0.45]


def test_validation_is_each_epoch(samples):
    """Where nothing else is said."""
    trainer = Trainer(Slope(), samples, Plan(6, 4), validation=samples)
    assert [step.number for step in trainer.fit() if step.validation] == [2, 4, 6]
    assert [step.epoch for step in trainer.history] == [1, 1, 2, 2, 3, 3]


def test_callbacks(samples):
    """Each sees each step, and any of them ends the training."""
    seen = []
    trainer = Trainer(
        Slope(), samples, Plan(9, 4), callbacks=[lambda step: step.number == 3, seen.append]
    )
    assert trainer.fit() == seen
    assert [step.number for step in seen] == [1, 2, 3]


@pytest.mark.parametrize("optimizer", PACES)
@pytest.mark.parametrize("shots", [pytest.param(0, marks=pytest.mark.long), 20])
def test_resumed_at_any_step(digits, tmp_path, optimizer, shots):
    """A training that ends after some steps and is taken up is the one that ran through."""
    options = tiny(optimizer, steps=4, layers=1, batch_size=4, shots=shots, name="run")

    def trained(path, ends=(None,)):
        for end in ends:
            device = qml.device("qstore.ionq", wires=3, seed=5)
            circuit = make_circuit(device, 1, shots)
            with qml.Tracker(device) as tracker:
                trainer = make_trainer(circuit, digits.train, options, tracker)
                trainer.saving = Saving(path, resume=True, device=device)
                for step in trainer:
                    if step.number == end:
                        break
        return trainer

    whole = trained(tmp_path / "whole.npz")
    parts = trained(tmp_path / "parts.npz", (1, 2, 3, None))
    assert np.array_equal(whole.learner.weights, parts.learner.weights)
    for old, new in zip(whole.history, parts.history, strict=True):
        assert (old.loss, old.accuracy, old.jobs) == (new.loss, new.accuracy, new.jobs)
    assert trained(tmp_path / "parts.npz").history[-1].number == 4  # nothing is left to do


def test_a_checkpoint_in_the_way(samples, tmp_path):
    """One that is there is neither overwritten nor gone on with unasked, nor with other options."""
    path = tmp_path / "run.npz"
    Trainer(Slope(), samples, Plan(2, 4), saving=Saving(path, options={"seed": 1})).fit()
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="is there already: resume it"):
        Trainer(Slope(), samples, Plan(2, 4), saving=Saving(path)).fit()
    other = Saving(path, resume=True, options={"seed": 2, "wires": 3})
    with pytest.raises(CheckpointError, match="with seed 1, not 2; wires None, not 3"):
        Trainer(Slope(), samples, Plan(2, 4), saving=other).fit()
    assert path.read_bytes() == before
    here = Saving(path, resume=True, options={"seed": 1}, device=qml.device("qstore.ionq"))
    with pytest.raises(CheckpointError, match="on another device, or on none"):
        Trainer(Slope(), samples, Plan(2, 4), saving=here).fit()
    checkpoint.save(path, {"anything": 1})
    with pytest.raises(CheckpointError, match="isn't a training's: it has no"):
        Trainer(Slope(), samples, Plan(2, 4), saving=here).fit()


def test_a_result_is_kept(samples, tmp_path):
    """What was measured in the end isn't measured again."""
    saving = Saving(tmp_path / "run.npz", every=100, resume=True)
    first = Trainer(Slope(), samples, Plan(3, 4), saving=saving)
    first.fit()
    first.finish({"test_accuracy": 0.75})
    again = Trainer(Slope(), samples, Plan(3, 4), saving=saving)
    assert [step.number for step in again.fit()] == [1, 2, 3]
    assert again.result == {"test_accuracy": 0.75}
    assert np.array_equal(again.learner.weights, first.learner.weights)


def test_weight_decay(train_locally):
    """Each step takes a share of the weights off, whatever the optimizer does."""
    plain, decayed = (
        train_locally(tiny("spsa", steps=1, weight_decay=share)) for share in (0.0, 0.25)
    )
    assert np.allclose(decayed[0].weights, 0.75 * plain[0].weights)


def test_gradients_are_tracked(train_locally):
    """Where the optimizer has one; and tracking changes nothing."""
    tracked, plain = (
        train_locally(tiny("adam", steps=2, track_gradient=on)) for on in (True, False)
    )
    assert all(step.gradient > 0 for step in tracked)
    assert [step.gradient for step in plain] == [None, None]
    assert np.array_equal(tracked[-1].weights, plain[-1].weights)
    assert train_locally(tiny("spsa", steps=1, track_gradient=True))[0].gradient is None


@pytest.mark.parametrize(("optimizer", "limit", "size"), [("spsa", 9, 4), ("adam", 60, 2)])
def test_limit_of_circuits(train_locally, optimizer, limit, size):
    """Batches become so small that a step stays within it."""
    steps = train_locally(tiny(optimizer, steps=2, max_circuits=limit))
    used = steps[1].circuits - steps[0].circuits
    assert used <= limit
    assert used == {"spsa": 2, "adam": 2 * 12 + 1}[optimizer] * size
    with pytest.raises(OptionError, match=r"^max_circuits=1 .* for one sample"):
        train_locally(tiny(optimizer, steps=1, max_circuits=1))


def test_epochs_instead_of_steps(train_locally):
    """As many steps as it takes to see the samples so often."""
    steps = train_locally(tiny("spsa", steps=None, epochs=2, layers=1, batch_size=90))
    assert [step.epoch for step in steps] == [1, 1, 1, 2, 2, 2]
