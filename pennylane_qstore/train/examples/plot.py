"""Draw the curves and results of a training as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pennylane_qstore.train.history import Step

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"  # distinct for colour-blind eyes too


def save_curves(steps: Sequence[Step], test_accuracy: float | None, title: str, path: Path) -> None:
    """Draw loss and accuracy of each step, and the test accuracy, as a PNG.

    Args:
        steps: in order, at least one
        test_accuracy: from 0 to 1, or None if the test set wasn't measured
        title: one line
        path: of the file to write
    """
    figure = Figure(figsize=(7, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title)
    _draw_curve(above, steps, [step.loss for step in steps], "train batch", BLUE)
    _draw_curve(below, steps, [step.accuracy for step in steps], "train batch", ORANGE)
    aside = [step for step in steps if step.validation is not None]
    if aside:
        measured = [step.validation for step in aside]
        _draw_curve(above, aside, [each.loss for each in measured if each], "validation", GREEN)
        _draw_curve(below, aside, [each.accuracy for each in measured if each], "validation", GREEN)
    if test_accuracy is not None:
        label = f"test set, after training: {test_accuracy:.1%}"
        star = {"markersize": 16, "color": GREEN, "clip_on": False, "zorder": 3}
        below.plot(steps[-1].number, test_accuracy, "*", label=label, **star)
    above.set(ylabel="loss (mean square error)", ylim=(0, None))
    below.set(ylabel="accuracy", xlabel="step", ylim=(0, 1.05))
    above.legend(loc="upper right")
    below.legend(loc="lower right")
    figure.savefig(path, dpi=150, format="png")


def _draw_curve(
    axes: Any, steps: Sequence[Step], values: Sequence[float], label: str, color: str
) -> None:
    """Draw one value for each step, on a grid."""
    axes.plot([step.number for step in steps], values, ".-", color=color, label=label)
    axes.grid(alpha=0.3)


def save_accuracies(
    steps: Sequence[Step],
    results: Mapping[str, Mapping[str, float]],
    title: str,
    path: Path,
) -> None:
    """Draw the curves of a training of many steps, and its results on the test set, as a PNG.

    Args:
        steps: in order, at least one
        results: accuracy (0 to 1) and number of samples, by name; may be empty
        title: one line
        path: of the file to write
    """
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    figure.suptitle(title)
    axes: dict[str, Any] = figure.subplot_mosaic([["loss", "table"], ["accuracy", "table"]])
    window = max(1, len(steps) // 200)
    last = steps[window - 1 :: window]
    for name, color in (("loss", BLUE), ("accuracy", ORANGE)):
        values = np.array([getattr(step, name) for step in steps])[: len(last) * window]
        means = values.reshape(len(last), window).mean(axis=1)
        label = "train batches" if window == 1 else f"train, mean of {window} batches"
        axes[name].plot([step.number for step in last], means, "-", color=color, label=label)
        aside = [step for step in steps if step.validation is not None]
        _draw_curve(axes[name], aside, [getattr(step.validation, name) for step in aside],
                   "validation", GREEN)  # fmt: skip
        axes[name].legend()
        axes[name].set(ylabel=name)
    axes["loss"].set(ylabel="loss (cross entropy)", ylim=(0, None))
    axes["accuracy"].set(xlabel="step", ylim=(0, 1))
    _draw_bars(axes["table"], results)
    figure.savefig(path, dpi=150, format="png")


def _draw_bars(axes: Any, results: Mapping[str, Mapping[str, float]]) -> None:
    """Draw a bar for each accuracy, the first on top."""
    names = list(results)[::-1]
    values = [results[name]["accuracy"] for name in names]
    colors = [ORANGE if name == "linear head alone" else BLUE for name in names]
    bars = axes.barh(range(len(names)), values, color=colors)
    axes.bar_label(bars, [f"{value:.1%}" for value in values], label_type="center", color="white")
    labels = [f"{name}\n({results[name]['samples']:.0f} samples)" for name in names]
    axes.set_yticks(range(len(names)), [label.replace(", ", "\n") for label in labels])
    axes.set(xlim=(0, 1), xlabel="test accuracy")
