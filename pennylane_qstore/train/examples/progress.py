"""Show the steps of a training, as a bar on a terminal and as lines elsewhere."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pennylane_qstore.train.examples.options import counted
from pennylane_qstore.train.history import Step

_LINES = 10  # of the whole training, where there is no terminal


def show_steps(
    steps: Iterable[Step], total: int, console: Console, every: int | None = None
) -> list[Step]:
    """Show each step when it is done.

    Args:
        steps: of the training
        total: number of steps
        console: where to print
        every: steps from one line to the next; None prints ten lines

    Returns:
        the steps
    """
    return list(
        _with_bar(steps, total, console)
        if console.is_terminal
        else _with_lines(steps, total, console, every or -(-total // _LINES))
    )


def _with_bar(steps: Iterable[Step], total: int, console: Console) -> Iterator[Step]:
    """Yield the steps, and move a bar."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("first step ...", total=total)
        for step in steps:
            progress.update(task, completed=step.number, description=_describe(step))
            yield step


def _with_lines(steps: Iterable[Step], total: int, console: Console, every: int) -> Iterator[Step]:
    """Yield the steps, and print some of them with an estimate of the remaining seconds."""
    for step in steps:
        if step.number % every == 0 or step.number == total:
            left = step.seconds / step.number * (total - step.number)
            line = f"step {step.number}/{total}  {_describe(step)}"
            console.print(f"{line}  {left:.0f} s left" if left else line, soft_wrap=True)
        yield step


def _describe(step: Step) -> str:
    """Return a step in one line."""
    parts = [f"loss {step.loss:.3f}", f"accuracy {step.accuracy:.0%}"]
    if step.validation is not None:
        parts.append(f"validation {step.validation.accuracy:.0%}")
    if step.gradient is not None:
        parts.append(f"gradient {step.gradient:.2g}")
    if step.jobs:
        parts.append(counted(step.jobs, "job"))
    if step.circuits:
        parts.append(f"{step.circuits / max(step.seconds, 1e-9):.0f} circuits/s")
    if step.queue and step.queue >= 1:
        parts.append(f"queued {step.queue:.0f} s")
    if step.cost:
        parts.append(f"cost {step.cost:.2f}")
    return "  ".join(parts)
