"""The README's Python runs and prints what it says, and its commands set themselves up."""

import re
from pathlib import Path

import pennylane as qml
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_examples_print_what_the_readme_says(capsys):
    """Each block, after those before it, prints the lines below it."""
    blocks = re.findall(r"```python\n([^`]*)```\n\n```text\n([^`]*)```", README)
    names = {}
    for code, printed in blocks:
        exec(compile(code, "README.md", "exec"), names)
        assert capsys.readouterr().out == printed
    assert len(blocks) == 2


def test_the_change_to_a_qpu_runs(monkeypatch):
    """The line for a QPU makes a device once there is a key."""
    monkeypatch.setenv("IONQ_API_KEY", "k")
    line = re.search(r"```python\n(dev = .*?)\n```", README).group(1)
    names = {"qml": qml}
    exec(compile(line, "README.md", "exec"), names)
    assert "qpu.forte-1" in repr(names["dev"])


@pytest.mark.parametrize("extra", ["train", "test"])
def test_each_command_sets_itself_up(extra):
    """Both commands begin with their own installation."""
    assert re.search(rf"^pip install '\.\[{extra}\]' && \w+", README, re.M)


def test_it_is_short():
    """A reader needs a few minutes for it."""
    assert len(README.splitlines()) <= 150
