"""Steps to a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pennylane_qstore.train.history import Step

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"  # told apart by colour-blind eyes too


def save_curves(steps: Sequence[Step], test_accuracy: float, title: str, path: Path) -> None:
    """Draw loss and accuracy against the step, with the test accuracy, as a PNG.

    Args:
        steps: in order
        test_accuracy: between 0 and 1
        title: one line
        path: of the file to write
    """
    figure = Figure(figsize=(7, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title)
    draw_curve(above, steps, [step.loss for step in steps], "train batch", BLUE)
    draw_curve(below, steps, [step.accuracy for step in steps], "train batch", ORANGE)
    aside = [step for step in steps if step.validation is not None]
    if aside:
        measured = [step.validation for step in aside]
        draw_curve(above, aside, [each.loss for each in measured if each], "validation", GREEN)
        draw_curve(below, aside, [each.accuracy for each in measured if each], "validation", GREEN)
    below.plot(
        steps[-1].number, test_accuracy, "*", markersize=16, color=GREEN, clip_on=False, zorder=3,
        label=f"test set, after training: {test_accuracy:.1%}",
    )  # fmt: skip
    above.set(ylabel="loss (mean square error)", ylim=(0, None))
    below.set(ylabel="accuracy", xlabel="step", ylim=(0, 1.05))
    above.legend(loc="upper right")
    below.legend(loc="lower right")
    figure.savefig(path, dpi=150, format="png")


def draw_curve(
    axes: Any, steps: Sequence[Step], values: Sequence[float], label: str, color: str
) -> None:
    """Draw one value a step, with a grid to read it from."""
    axes.plot([step.number for step in steps], values, ".-", color=color, label=label)
    axes.grid(alpha=0.3)
