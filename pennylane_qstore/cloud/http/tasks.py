"""Coroutines together: none of them goes on after the call is over."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any


async def all_of(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Runs coroutines together and gives their results, in order.

    Where one fails, the others are stopped, and its error is raised when they are.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await stopped(tasks)


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits until they have ended."""
    left: Sequence[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
