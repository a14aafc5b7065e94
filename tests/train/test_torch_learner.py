"""Torch modules with circuits in them learn, and go on after a kill."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.train import Plan, Samples, Saving, Trainer, checkpoint

torch = pytest.importorskip("torch")
from pennylane_qstore.train.torch_learner import TorchLearner  # noqa: E402


@pytest.fixture
def samples():
    """Two classes of two features."""
    rng = np.random.default_rng(1)
    labels = np.arange(24) % 2
    return Samples(rng.normal(0, 0.4, (24, 2)) + 2 * labels[:, None] - 1, labels)


def learner(optimizer=torch.optim.Adam):
    """A circuit on two wires before a linear layer."""
    device = qml.device("qstore.ionq", wires=2)

    @qml.qnode(device, diff_method="parameter-shift")
    def circuit(inputs, weights):
        qml.AngleEmbedding(inputs, wires=range(2))
        qml.StronglyEntanglingLayers(weights, wires=range(2))
        return [qml.expval(qml.Z(wire)) for wire in range(2)]

    torch.manual_seed(1)
    layer = qml.qnn.TorchLayer(circuit, {"weights": (1, 2, 3)})
    module = torch.nn.Sequential(layer, torch.nn.Linear(2, 2))
    return TorchLearner(module, optimizer(module.parameters(), lr=0.1))


def test_it_learns(samples):
    """Loss falls, accuracy rises, the gradient is measured."""
    trainer = Trainer(learner(), samples, Plan(10, 8), validation=samples)
    history = trainer.fit()
    assert history[-1].loss < 0.7 * history[0].loss
    assert history[8].validation.accuracy > 0.9
    assert all(step.gradient > 0 for step in history)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_resumed(samples, tmp_path, optimizer):
    """From a checkpoint the steps are those of the training that ran through."""
    whole = Trainer(learner(optimizer), samples, Plan(4, 8))
    whole.fit()
    for plan in (Plan(2, 8), Plan(4, 8)):
        parts = Trainer(
            learner(optimizer), samples, plan, saving=Saving(tmp_path / "x.npz", resume=True)
        )
        parts.fit()
    assert [step.loss for step in whole.history] == [step.loss for step in parts.history]
    for name, value in whole.learner.weights.items():
        assert np.array_equal(value, parts.learner.weights[name])
    kept = checkpoint.load(tmp_path / "x.npz")
    assert kept["learner"]["weights"].keys() == whole.learner.weights.keys()


def test_one_score_a_sample(samples):
    """A module of one output is right where its sign is the label's."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Flatten(0))
    own = TorchLearner(module, torch.optim.SGD(module.parameters(), lr=0.1), torch.nn.MSELoss())
    signs = Samples(samples.features, samples.labels * 2.0 - 1)
    Trainer(own, signs, Plan(40, 8)).fit()
    assert own.measure(signs).accuracy > 0.9
