"""A bar for people, lines for files."""

import io

import pytest
from rich.console import Console

from pennylane_qstore.train.examples.progress import show_steps
from pennylane_qstore.train.history import Step


def make_steps(count):
    """Steps of half a second, with two jobs of 16 circuits each."""
    return [
        Step(n, loss=1 / n, accuracy=0.5, seconds=n / 2, jobs=2 * n, circuits=32 * n, weights=None)
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (7, 7), (25, 9), (100, 10)])
def test_lines_now_and_then(count, lines):
    """Away from a terminal there are at most ten lines, the last step among them."""
    file = io.StringIO()
    steps = make_steps(count)
    assert show_steps(iter(steps), count, Console(file=file)) == steps
    printed = file.getvalue().splitlines()
    assert len(printed) == lines
    assert printed[-1].startswith(f"step {count}/{count}  loss ")
    assert printed[-1].endswith(f"accuracy 50%  {2 * count} jobs  64 circuits/s")


def test_bar_on_a_terminal():
    """On a terminal a bar shows the step, the loss, the jobs and the speed."""
    file = io.StringIO()
    steps = make_steps(4)
    assert show_steps(iter(steps), 4, Console(file=file, force_terminal=True, width=120)) == steps
    shown = file.getvalue()
    for text in ("4/4", "loss 0.250", "8 jobs", "64 circuits/s"):
        assert text in shown
