"""The life of a job: submitted, ready, started, and one of three ends."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from pennylane_qstore.emulator.intake.preflight import Failure
from pennylane_qstore.emulator.intake.request import JobRequest
from pennylane_qstore.emulator.service.faults import CANCELED, FAILED, FAILED_CHILD, STUCK, Faults
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.settings import Settings
from pennylane_qstore.emulator.service.store import Store
from pennylane_qstore.emulator.service.timing import Lanes, Profile
from pennylane_qstore.emulator.simulation.answer import Answer, solve
from pennylane_qstore.emulator.simulation.circuit import CircuitGroup
from pennylane_qstore.emulator.simulation.measure import Sampling
from pennylane_qstore.emulator.simulation.noise import Rates
from pennylane_qstore.emulator.simulation.simulator import StoppedError

logger = logging.getLogger(__name__)

WORKERS = 2
# A job this small is done before a thread would have begun: in texts to write, in calls of numpy,
# in amplitudes that they change, and in shots.
FEW_CIRCUITS, FEW_GATES, FEW_AMPLITUDES, FEW_SHOTS = 20, 300, 500_000, 10_000
# Seconds between two looks at a backend that has gone away.
AWAY = 0.05
T = TypeVar("T")


class Workshop:
    """Where jobs are run: in threads, so that the event loop is free for whoever shares it.

    Attributes:
        store: the jobs
        faults: what goes wrong
        profile: how long things take
        seed: of the machines' randomness
        changed: is told of every job's new status
    """

    def __init__(self, settings: Settings) -> None:
        self.seed = secrets.randbits(64) if settings.seed is None else settings.seed
        self.store = Store(settings.keep, settings.clock)
        self.faults = Faults(self.seed)
        self.profile: Profile = settings.timing
        self.changed: Callable[[Job], None] = lambda _: None
        self._clock = settings.clock
        self._rates: Mapping[str, Rates] = settings.published()
        self._qpu_noise = settings.qpu_noise
        self._readout_error = settings.readout_error
        self._lanes: dict[str, tuple[asyncio.Semaphore, Lanes]] = {}
        self._workers = asyncio.Semaphore(WORKERS)
        self._simulators = ThreadPoolExecutor(WORKERS, thread_name_prefix="emulator")
        # Texts don't wait behind simulations.
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="emulator-text")
        self._lives: dict[str, asyncio.Task[None]] = {}

    def submit(self, order: JobRequest, groups: tuple[CircuitGroup, ...]) -> Job:
        """Takes in a job; it begins to live when the event loop comes round."""
        return self.begin(self.store.add(order, groups))

    def begin(self, job: Job) -> Job:
        """Lets a job live."""
        job.changed = self._changed
        name, children = job.order.backend.name, bool(job.children)
        job.faults = tuple(self.faults.strike("job", name, children))
        job.predicted = self._predict(job)
        life = asyncio.get_running_loop().create_task(self._live(job))
        self._lives[job.id] = life
        life.add_done_callback(lambda _: self._lives.pop(job.id, None))
        self.changed(job)
        return job

    def waiting_ms(self, backend: str) -> int:
        """How long a job submitted now would wait, in milliseconds."""
        return round(1000 * self._of(backend)[1].wait(self._clock.now(), self.profile.waiting))

    def write(self, work: Callable[..., T], *arguments: Any) -> Coroutine[Any, Any, T]:
        """Runs what only reads or writes text, off the event loop."""
        return self._run(self._clerk, work, *arguments)

    def random(self, job: Job, place: int, purpose: int = 0) -> np.random.Generator:
        """A source of chance of its own for each circuit of each job."""
        number = job.number if job.parent is None else job.parent.number
        return np.random.default_rng([self.seed, number, place, purpose])

    async def close(self) -> None:
        """Stops what is live and waits for the threads to notice."""
        for job in self.store.unfinished():
            job.stop.set()
        lives = list(self._lives.values())
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        self._simulators.shutdown()
        self._clerk.shutdown()

    def _of(self, backend: str) -> tuple[asyncio.Semaphore, Lanes]:
        if backend not in self._lanes:
            lanes = self.profile.lanes
            self._lanes[backend] = asyncio.Semaphore(lanes), Lanes(lanes)
        return self._lanes[backend]

    def _predict(self, job: Job) -> tuple[float, float]:
        order = job.order
        if order.failure is not None or order.dry_run:
            return self.profile.check / self.profile.scale, 0.0
        run = self.profile.running(len(order.circuits), order.gates, order.shots)
        lanes = self._of(order.backend.name)[1]
        return lanes.take(self._clock.now(), self.profile.waiting, run), run

    def _changed(self, job: Job) -> None:
        if job.is_final:
            life = self._lives.get(job.id)
            if life is not None and life is not asyncio.current_task():
                life.cancel()
            self.store.finished(job)
            name = job.order.backend.name
            if not any(each.order.backend.name == name for each in self.store.unfinished()):
                self._of(name)[1].forget(self._clock.now())
        self.changed(job)

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

    async def _to_its_end(self, job: Job) -> None:
        random = self.random(job, 0, purpose=2)
        profile, clock = self.profile, self._clock
        await clock.sleep(profile.check / profile.scale * profile.spread(random))
        if job.order.failure is not None:
            job.fail(job.order.failure)
            return
        if job.order.dry_run:
            job.complete(None)
            return
        job.advance("ready")
        await clock.sleep(profile.queue / profile.scale * profile.spread(random))
        async with self._of(job.order.backend.name)[0]:
            await self._present(job)
            await self._on_the_machine(job, job.predicted[1] * profile.spread(random))

    async def _present(self, job: Job) -> None:
        """Waits while the backend is away, or for ever if the queue is stuck."""
        while job.fault(STUCK) or self.faults.is_unavailable(job.order.backend.name):
            await self._clock.sleep(AWAY)

    async def _on_the_machine(self, job: Job, seconds: float) -> None:
        started = self._clock.now()
        if self._is_small(job):
            job.advance("started")
            answer = self._solve(job, job.groups)
        else:
            async with self._workers:
                job.advance("started")
                answer = await self._run(self._simulators, self._solve, job, job.groups)
        await self._clock.sleep(seconds - (self._clock.now() - started))
        self._end(job, answer)

    def _end(self, job: Job, answer: Answer) -> None:
        """Completes a job, but for what is set to go wrong with it."""
        failed, child = job.fault(FAILED), job.fault(FAILED_CHILD)
        if failed is not None:
            job.fail(Failure(failed.code, "This job was set to fail."))
        elif job.fault(CANCELED):
            job.cancel()
        else:
            if child is not None and child.child < len(job.children):
                lost = job.children[child.child]
                lost.fail(Failure(child.code, "This circuit was set to fail."))
            job.complete(answer)

    def _is_small(self, job: Job) -> bool:
        order, noisy = job.order, self._readout_error or self._rates_of(job) is not None
        if not order.is_exact and (noisy or order.shots > FEW_SHOTS):
            return False
        if len(order.circuits) > FEW_CIRCUITS:
            return False
        gates = sum(len(gate.terms) + 1 for group in job.groups for gate in group.structure.gates)
        if gates > FEW_GATES:
            return False
        width = max(len(group.structure.touched) for group in job.groups)
        return gates * len(order.circuits) << min(width, 64) <= FEW_AMPLITUDES

    def _solve(self, job: Job, groups: tuple[CircuitGroup, ...]) -> Answer:
        """In a thread: reads of the job only what never changes."""
        return solve(groups, [child.id for child in job.children], self._sampling(job), job.stop)

    def _sampling(self, job: Job) -> Sampling | None:
        """How the job's backend samples; None where it is exact."""
        order = job.order
        if order.is_exact:
            return None
        return Sampling(
            order.shots,
            lambda place: self._random_of(job, place),
            self._rates_of(job),
            self._readout_error,
        )

    def _rates_of(self, job: Job) -> Rates | None:
        model = job.order.model
        if self._qpu_noise and not job.order.backend.is_simulator:
            model = job.order.backend.model
        return None if model is None else self._rates[model]

    def _random_of(self, job: Job, place: int) -> np.random.Generator:
        """A noise seed makes a job repeatable, whichever job of the server it is."""
        seed = (job.order.noise or {}).get("seed")
        return self.random(job, place) if seed is None else np.random.default_rng([seed, place])
