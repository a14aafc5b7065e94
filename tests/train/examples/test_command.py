"""`qstore train`, from the shell's words to the exit code."""

import argparse
import sys

import pytest

from pennylane_qstore.train import add_arguments, main, run
from pennylane_qstore.train.examples.arguments import read_options
from pennylane_qstore.train.examples.options import TrainOptions

QUICK = ["--steps", "2", "--batch-size", "4", "--wires", "2", "--layers", "1"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("optimizer", ["spsa", "qnspsa", "adam"])
def test_trains(folder, capsys, optimizer):
    """Each optimizer runs on the emulator, says its test accuracy and leaves a picture."""
    assert main([*QUICK, "--optimizer", optimizer]) == 0
    out = capsys.readouterr().out
    assert "step 2/2" in out
    assert "test accuracy" in out
    assert (folder / "qstore-train.png").read_bytes().startswith(b"\x89PNG")


def test_exact_run_repeats(folder, capsys):
    """With exact values the same seed prints the same losses and the same accuracy."""

    def words():
        assert main([*QUICK, "--shots", "0", "--seed", "3", "--plot", "curves.png"]) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line.split(" job")[0] for line in lines]

    assert words() == words()
    assert (folder / "curves.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--steps", "0"], "steps=0 can't be used: at least 1"),
        (["--classes", "1"], "classes=(1,) can't be used: exactly two different digits"),
        (["--classes", "1", "2", "3"], "exactly two different digits"),
        (["--classes", "1", "12"], "digits are 0 to 9"),
        (["--wires", "65"], "wires=65 can't be used: 1 to 64"),
        (["--shots", "0", "--backend", "qpu.forte-1"], "a quantum computer needs at least 1"),
        (["--plot", "nowhere/curves.png"], "plot='nowhere/curves.png' can't be used: its folder"),
        (["--plot", ""], "it is a folder; name a file"),
        (["--stepsize", "inf"], "stepsize=inf can't be used"),
        (["--seed", "4294967296"], "0 to 4294967295"),
        (["--run", ".."], "run='..' can't be used"),
        (["--run", "a" * 300], "a name of at most 200 bytes"),
        (["--run", " "], "a name of at most 200 bytes"),
        (["--backend", "default.qubit"], 'use "emulator", "simulator"'),
        (["--backend", "qpu.forte-1"], "set IONQ_API_KEY"),
        (["--batch-size", "1000"], "batch_size=1000 can't be used: there are 270 to learn from"),
    ],
)
def test_impossible_option(folder, capsys, words, said):
    """An impossible option is one helpful line and exit code 2."""
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("qstore train: ")
    assert said in err
    assert err.count("\n") == 1
    assert not list(folder.iterdir())


def test_unknown_optimizer(capsys):
    """An unknown optimizer is exit code 2, with those there are."""
    with pytest.raises(SystemExit, match="2"):
        main(["--optimizer", "qng"])
    assert "qnspsa" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["sklearn", "matplotlib"])
def test_missing_package(folder, capsys, monkeypatch, package):
    """Without the packages of the extra, one line says how to get them."""
    monkeypatch.setitem(sys.modules, package, None)
    assert main([]) == 2
    err = capsys.readouterr().err
    assert err == f"qstore train: {package} is missing: pip install 'pennylane-qstore[train]'\n"


def test_mounts_as_a_subcommand():
    """A larger parser can take the arguments in, beside its own."""
    parser = argparse.ArgumentParser()
    train = parser.add_subparsers(dest="command").add_parser("train")
    add_arguments(train)
    args = parser.parse_args(["train", "--classes", "3", "8", "--backend", "qpu.forte-1"])
    assert read_options(args) == TrainOptions(classes=(3, 8), backend="qpu.forte-1")
    assert callable(run)


def test_help_tells_the_defaults(capsys):
    """The help text names every option with its default."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "optimizer steps (digits: spsa 100, qnspsa 100, adam 20, momentum 20, sgd 20" in out
    assert (
        "shots per circuit; 0 for exact values, on simulators (digits: 500; fashion-mnist: 1000)"
        in out
    )


def test_refused_by_the_device(folder, capsys):
    """What the device refuses once the training runs is one line and exit code 1."""
    assert main([*QUICK, "--shots", "1000001"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("qstore train: 1000001 shots")
    assert err.count("\n") == 1
    assert not list(folder.iterdir())
