"""Ten classes, from the shell's words to a table, on small circuits and scikit-learn's digits."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pennylane_qstore.train import checkpoint, main
from pennylane_qstore.train.examples.options import ClassifierOptions
from pennylane_qstore.train.examples.pictures import dataset, train_pictures

SMALL = ["--dataset", "fashion-mnist", "--wires", "3", "--layers", "2", "--epochs", "2"]
CHECKS = ["--check", "12", "--check-noise", "3"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, on a machine without Fashion-MNIST."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dataset, "FASHION", tmp_path / "nowhere")
    return tmp_path


@pytest.fixture(scope="module")
def digits():
    """Features of the digits."""
    return dataset.digits(seed=1).reduced(train_pictures.FEATURES)


def learned(digits, wires=3, **options):
    """A training on the simulator: the trainer, when it is done, and its classifier."""
    options = ClassifierOptions(wires=wires, layers=2, **options)
    classifier = train_pictures.make_classifier(options, digits)
    trainer = train_pictures.make_trainer(classifier, digits.train, options)
    trainer.fit()
    return trainer, classifier


def test_a_run_and_its_resume(folder, capsys):
    """The table is printed; a resumed run has it without another job, and the same picture."""
    assert main([*SMALL, *CHECKS, "--run", "a"]) == 0
    first = capsys.readouterr().out
    assert "these are scikit-learn's digits" in first
    for line in (
        r"linear head alone: 9\d\.\d\d% of 450",
        r"statevector simulator: \d\d\.\d\d% of 450",
        r"device, exact: \d+\.\d\d% of 12",
        r"device, 1000 shots: \d+\.\d\d% of 12",
        r"device, 1000 shots, forte-1 noise: \d+\.\d\d% of 3",
    ):
        assert re.search(line, first), line
    assert (folder / "qstore-train.png").read_bytes().startswith(b"\x89PNG")
    (folder / "qstore-train.png").unlink()
    assert main(["--dataset", "fashion-mnist", "--run", "a", "--resume"]) == 0
    again = capsys.readouterr().out
    assert again.splitlines()[-7:] == first.splitlines()[-7:]
    assert (folder / "qstore-train.png").exists()


def test_the_device_agrees_with_the_simulator(digits):
    """On the same samples, exactly as many are right."""
    options = ClassifierOptions(wires=3, layers=2)
    classifier = train_pictures.make_classifier(options, digits)
    weights = classifier.first_weights(np.random.default_rng(1))
    samples = digits.test[:40]
    device = train_pictures.make_device(3, "emulator", 1)
    found = classifier.on_device(device, None)(weights, samples)
    expected = classifier.measured(weights, samples)
    assert found.accuracy == expected.accuracy
    assert found.loss == pytest.approx(expected.loss, abs=1e-5)


def test_it_learns(digits):
    """Far above chance, in few passes."""
    trainer, classifier = learned(digits, epochs=6)
    assert classifier.measured(np.asarray(trainer.learner.weights), digits.test).accuracy > 0.4
    losses = [step.validation.loss for step in trainer.history if step.validation]
    assert len(losses) == 6
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(("optimizer", "stepsize"), [("adam", 0.05), ("momentum", 0.3)])
@pytest.mark.parametrize("encoding", ["angle", "amplitude"])
def test_encodings_and_optimizers(digits, optimizer, stepsize, encoding):
    """Each makes the loss smaller; amplitudes of 64 features take six wires."""
    options = ClassifierOptions(
        wires=6, layers=2, epochs=6, optimizer=optimizer, stepsize=stepsize, encoding=encoding
    )
    classifier = train_pictures.make_classifier(options, digits)
    history = train_pictures.make_trainer(classifier, digits.train, options).fit()
    first, last = (np.mean([step.loss for step in part]) for part in (history[:5], history[-5:]))
    assert last < 0.95 * first


@pytest.mark.long
def test_transfer(digits):
    """A frozen encoder helps a small circuit; tuned, its weights move."""
    plain, _ = learned(digits, 4, epochs=3)
    frozen, _ = learned(digits, 4, epochs=3, encoder="frozen")
    tuned, classifier = learned(digits, 4, epochs=3, encoder="tuned")
    ends = {
        name: trainer.learner.measure(trainer.validation).accuracy
        for name, trainer in (("plain", plain), ("frozen", frozen), ("tuned", tuned))
    }
    assert ends["frozen"] > ends["plain"] + 0.1
    assert ends["tuned"] > ends["plain"] + 0.1
    moved = np.asarray(tuned.learner.weights)[classifier.n_weights :] - classifier.encoder.weights
    assert np.abs(moved).max() > 0.001
    assert frozen.learner.weights.size == classifier.n_weights


def test_few_shots_from_an_earlier_training(digits, folder):
    """Ten samples of each class, the circuit frozen: only the head moves, and it fits them."""
    before, classifier = learned(digits, epochs=3)
    kept = {"learner": before.learner.state(), "options": ClassifierOptions(wires=3, layers=2).kept}
    checkpoint.save(folder / "before.npz", kept)
    after, _ = learned(
        digits, epochs=4, few_shot=10, validation=0.0, start_from=folder / "before.npz",
        freeze="circuit",
    )  # fmt: skip
    assert len(after.batches.samples) == 100
    weights = [np.asarray(trainer.learner.weights) for trainer in (before, after)]
    old, new = map(classifier.architecture.split, weights)
    assert all(np.array_equal(old[name], new[name]) for name in ("scale", "bias", "phase"))
    assert not np.array_equal(old["head"], new["head"])


@pytest.mark.parametrize(("entanglement", "missing"), [("linear", 0), ("circular", 1)])
def test_weights_of_another_model(folder, capsys, entanglement, missing):
    """They are refused in a line, also where there are as many; and so are none."""
    options = ClassifierOptions(wires=3, layers=2, entanglement=entanglement)
    n_weights = train_pictures.architecture_of(options, train_pictures.FEATURES).n_weights - missing
    kept = {"options": options.kept, "learner": {"weights": np.zeros(n_weights)}}
    for state in (kept, {}):
        checkpoint.save(folder / "other.npz", state)
        assert main([*SMALL, "--start-from", "other.npz"]) == 2
        assert "it is of another model: {'wires': " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--steps", "5"], "steps=5 can't be used: the data set fashion-mnist doesn't"),
        (["--encoder", "frozen", "--encoding", "amplitude"], "leave the encoding at angle"),
        (["--backend", "qpu.forte-1"], "say how many test samples"),
        (["--data", "nowhere"], "there is no nowhere/train-images-idx3-ubyte"),
        (["--patience", "2", "--validation", "0"], "it needs samples kept aside"),
        (["--run", "../x"], "a name of at most 200 bytes, which becomes a file's"),
        (["--resume"], "say which one with --run NAME"),
    ],
)
def test_impossible(capsys, words, said):
    """One helpful line."""
    assert main([*SMALL, *words]) in (1, 2)
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_another_data_sets_run(capsys):
    """A run is resumed with the data set that it began with."""
    assert main(["--steps", "1", "--batch-size", "2", "--wires", "2", "--layers", "1",
                 "--run", "a"]) == 0  # fmt: skip
    assert main(["--dataset", "fashion-mnist", "--run", "a", "--resume"]) == 2
    assert "the run is of another data set" in capsys.readouterr().err


def test_options_are_kept_as_they_are(folder):
    """What a checkpoint keeps makes the same options again."""
    options = ClassifierOptions(data=folder, start_from=folder / "x", check=3)
    checkpoint.save(folder / "x", options.kept)
    back = checkpoint.load(folder / "x")
    paths = {name: back[name] and type(folder)(back[name]) for name in ("data", "start_from")}
    assert replace(options, **back | paths) == options
