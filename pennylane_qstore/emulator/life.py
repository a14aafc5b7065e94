"""The life of a job: submitted, ready, started, and one of three ends."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from pennylane_qstore.emulator.answer import Answer, Sampling, solve
from pennylane_qstore.emulator.circuit import Group
from pennylane_qstore.emulator.jobs import Job
from pennylane_qstore.emulator.order import Order
from pennylane_qstore.emulator.preflight import Failure
from pennylane_qstore.emulator.simulator import StoppedError
from pennylane_qstore.emulator.store import Store

logger = logging.getLogger(__name__)

WORKERS = 2
T = TypeVar("T")


class Workshop:
    """Where jobs are run: in threads, so that the event loop is free for whoever shares it.

    Attributes:
        store: the jobs
        seed: of the machines' randomness; None for another one each time
    """

    def __init__(self, store: Store, seed: int | None) -> None:
        self.store = store
        self.seed = secrets.randbits(64) if seed is None else seed
        self._free = asyncio.Semaphore(WORKERS)
        self._simulators = ThreadPoolExecutor(WORKERS, thread_name_prefix="emulator")
        # Texts don't wait behind simulations.
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="emulator-text")
        self._lives: set[asyncio.Task[None]] = set()

    def submit(self, order: Order, groups: tuple[Group, ...]) -> Job:
        """Takes in a job; it begins to live when the event loop comes round."""
        job = self.store.add(order, groups)
        life = asyncio.get_running_loop().create_task(self._live(job))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)
        return job

    def write(self, work: Callable[..., T], *arguments: Any) -> Coroutine[Any, Any, T]:
        """Runs what only reads or writes text, off the event loop."""
        return self._run(self._clerk, work, *arguments)

    def random(self, job: Job, place: int, purpose: int = 0) -> np.random.Generator:
        """A source of chance of its own for each circuit of each job."""
        number = job.number if job.parent is None else job.parent.number
        return np.random.default_rng([self.seed, number, place, purpose])

    async def close(self) -> None:
        """Cancels what is live and waits for the threads to notice."""
        for job in self.store.unfinished():
            job.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        self._simulators.shutdown()
        self._clerk.shutdown()

    async def _run(
        self, executor: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work, *arguments)

    async def _live(self, job: Job) -> None:
        try:
            await self._to_its_end(job)
        except StoppedError:
            job.cancel()
        except MemoryError as error:
            job.fail(Failure("SimulationError", f"The emulator is too small for it: {error}"))
        # Whatever went wrong, somebody is waiting: a job must never hang.
        except Exception as error:
            logger.exception("job %s could not be simulated", job.id)
            what = str(error) or type(error).__name__
            job.fail(Failure("SimulationError", f"The simulation broke off: {what}"))
        self.store.finished(job)

    async def _to_its_end(self, job: Job) -> None:
        if job.order.failure is not None:
            job.fail(job.order.failure)
            return
        if job.order.dry_run:
            job.complete(None)
            return
        job.advance("ready")
        async with self._free:
            if job.is_final:
                return
            job.advance("started")
            job.complete(await self._run(self._simulators, self._solve, job, job.groups))

    def _solve(self, job: Job, groups: tuple[Group, ...]) -> Answer:
        """In a thread: reads of the job only what never changes."""
        order = job.order
        sampling = None
        if not order.backend.is_exact:
            sampling = Sampling(order.shots, lambda place: self.random(job, place))
        return solve(groups, [child.id for child in job.children], sampling, job.stop)
