"""Steps to a line that a person can watch."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pennylane_qstore.train.history import Step

LINES = 10  # in a log file, for the whole training


def show_steps(
    steps: Iterable[Step], total: int, console: Console, every: int | None = None
) -> list[Step]:
    """Show each step as it is done: as a bar on a terminal, as a line now and then elsewhere.

    Args:
        steps: as they come
        total: how many will come
        console: where to
        every: steps from one line to the next; None prints ten

    Returns:
        the steps
    """
    return list(
        with_bar(steps, total, console)
        if console.is_terminal
        else with_lines(steps, total, console, every or -(-total // LINES))
    )


def with_bar(steps: Iterable[Step], total: int, console: Console) -> Iterator[Step]:
    """Pass steps on and move a bar."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("first step ...", total=total)
        for step in steps:
            progress.update(task, completed=step.number, description=describe_step(step))
            yield step


def with_lines(steps: Iterable[Step], total: int, console: Console, every: int) -> Iterator[Step]:
    """Pass steps on and print some of them, with the seconds that are left at their pace."""
    for step in steps:
        if step.number % every == 0 or step.number == total:
            left = step.seconds / step.number * (total - step.number)
            told = f"step {step.number}/{total}  {describe_step(step)}"
            console.print(f"{told}  {left:.0f} s left" if left else told, soft_wrap=True)
        yield step


def describe_step(step: Step) -> str:
    """What there is to say about a step, in one line."""
    told = [f"loss {step.loss:.3f}", f"accuracy {step.accuracy:.0%}"]
    if step.validation is not None:
        told.append(f"validation {step.validation.accuracy:.0%}")
    if step.gradient is not None:
        told.append(f"gradient {step.gradient:.2g}")
    if step.jobs:
        told.append(f"{step.jobs} jobs")
    if step.circuits:
        told.append(f"{step.circuits / max(step.seconds, 1e-9):.0f} circuits/s")
    if step.queue >= 1:
        told.append(f"queued {step.queue:.0f} s")
    if step.cost:
        told.append(f"cost {step.cost:.2f}")
    return "  ".join(told)
