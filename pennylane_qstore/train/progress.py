"""Steps to a line that a person can watch."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pennylane_qstore.train.trainer import Step

LINES = 10  # in a log file, for the whole training


def show_steps(steps: Iterable[Step], total: int, console: Console) -> list[Step]:
    """Show each step as it is done: as a bar on a terminal, as a line now and then elsewhere.

    Args:
        steps: as they come
        total: how many will come
        console: where to

    Returns:
        the steps
    """
    return list(
        with_bar(steps, total, console)
        if console.is_terminal
        else with_lines(steps, total, console)
    )


def with_bar(steps: Iterable[Step], total: int, console: Console) -> Iterator[Step]:
    """Pass steps on and move a bar."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("first step ...", total=total)
        for step in steps:
            progress.update(task, completed=step.number, description=describe_step(step))
            yield step


def with_lines(steps: Iterable[Step], total: int, console: Console) -> Iterator[Step]:
    """Pass steps on and print some of them."""
    every = -(-total // LINES)
    for step in steps:
        if step.number % every == 0 or step.number == total:
            console.print(f"step {step.number}/{total}  {describe_step(step)}", soft_wrap=True)
        yield step


def describe_step(step: Step) -> str:
    """What there is to say about a step, in one line."""
    return (
        f"loss {step.loss:.3f}  accuracy {step.accuracy:.0%}  {step.jobs} jobs  "
        f"{step.circuits / step.seconds:.0f} circuits/s"
    )
