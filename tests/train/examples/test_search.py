"""The better half goes on, and the budget is never passed."""

import numpy as np
import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train import Measured, Plan, Samples, Trainer, main
from pennylane_qstore.train.examples.search import Trial, depths, search


class Descent:
    """Learns at a pace of its own towards a loss of its own."""

    def __init__(self, pace, end):
        self.weights, self.loss, self.pace, self.end = None, 1.0, pace, end
        self.steps = 0

    def step(self, batch):
        self.steps += len(batch)
        self.loss -= self.pace * (self.loss - self.end)
        return Measured(self.loss, 0.5)

    def measure(self, _):
        return Measured(self.loss, 0.5)


def trials(ends, aside=5):
    """One for each loss that it would come to."""
    samples = Samples(np.zeros(20), np.zeros(20))
    return [
        Trial(index, "linear", Trainer(Descent(0.1, end), samples, Plan(1, 4)), 8, samples[:aside])
        for index, end in enumerate(ends)
    ]


@pytest.mark.parametrize("budget", [1000, 1234, 5000])
@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_the_best_wins(budget, count):
    """It trains longest; all together cost no more than the budget, and most of it."""
    ends = np.random.default_rng(count).permutation(np.linspace(0, 0.9, count))
    found = search(trials(ends), budget)
    assert found[0].layers == np.argmin(ends)
    assert found[0].circuits == max(trial.circuits for trial in found)
    used = sum(trial.circuits for trial in found)
    assert 0.7 * budget < used <= budget
    # A sample costs two here, and each time it is measured a trial costs five.
    measured = [(trial.circuits - 2 * trial.trainer.learner.steps) / 5 for trial in found]
    assert all(times == int(times) >= 1 for times in measured)


def test_too_small_a_budget():
    """The error says what is needed."""
    with pytest.raises(OptionError, match=r"^circuits=50 .* needs 78"):
        search(trials([0.1, 0.2, 0.3]), 50)
    assert search(trials([0.1, 0.2, 0.3]), 78)[0].layers == 0


def test_depths():
    """Doubling, up to what was asked for."""
    assert depths(1) == [1]
    assert depths(3) == [1, 2, 3]
    assert depths(16) == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        pytest.param(["--batch-size", "4"], 1500, marks=pytest.mark.long),
        (["--dataset", "fashion-mnist", "--validation", "0.1"], 6000),
    ],
)
def test_from_the_shell(tmp_path, monkeypatch, capsys, words, budget):
    """Each data set can be searched; the table has all six, and a line what to train."""
    monkeypatch.chdir(tmp_path)
    small = ["--wires", "2", "--layers", "2"]
    assert main(["--search", "--circuits", str(budget), *small, *words]) == 0
    out = capsys.readouterr().out
    assert out.count("linear") + out.count("circular") + out.count("full") == 7
    assert "best: --layers" in out
    used = int(out.split()[-4])
    assert 0.5 * budget < used <= budget
