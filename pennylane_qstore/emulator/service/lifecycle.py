"""Runs jobs through their states: submitted, ready, started, then one of three ends."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from pennylane_qstore.emulator.intake.preflight import Failure
from pennylane_qstore.emulator.intake.qasm_process import ProgramReader
from pennylane_qstore.emulator.intake.request import JobRequest
from pennylane_qstore.emulator.service.faults import CANCELED, FAILED, FAILED_CHILD, STUCK, Faults
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.settings import Settings
from pennylane_qstore.emulator.service.store import Store
from pennylane_qstore.emulator.service.timing import Lanes, Profile
from pennylane_qstore.emulator.simulation.answer import Answer, solve
from pennylane_qstore.emulator.simulation.circuit import CircuitGroup, StoppedError
from pennylane_qstore.emulator.simulation.measure import Sampling
from pennylane_qstore.emulator.simulation.noise import Rates

logger = logging.getLogger(__name__)

WORKERS = 2
# Limits of a job that is simulated in the event loop, since a thread would take longer to start:
# circuits (texts to write), gates (calls of numpy), amplitudes updated, and shots.
FEW_CIRCUITS, FEW_GATES, FEW_AMPLITUDES, FEW_SHOTS = 20, 300, 500_000, 10_000
# Seconds between two checks whether an unavailable backend is back.
AWAY = 0.05
T = TypeVar("T")


class JobRunner:
    """Runs jobs in threads, so that the event loop stays free.

    Attributes:
        store: the jobs
        faults: the injected faults
        profile: how long requests and jobs take
        backends: the backends by name
        programs: reads programs in OpenQASM 3
        seed: seed of the machines' randomness
        changed: called with a job at every new status
    """

    def __init__(self, settings: Settings) -> None:
        self.seed = secrets.randbits(64) if settings.seed is None else settings.seed
        self.store = Store(settings.keep, settings.clock, settings.contract)
        self.faults = Faults(self.seed)
        self.profile: Profile = settings.timing
        self.changed: Callable[[Job], None] = lambda _: None
        self.backends = settings.backends
        self._clock = settings.clock
        self._rates: Mapping[str, Rates] = settings.published()
        self._qpu_noise = settings.qpu_noise
        self._readout_error = settings.readout_error
        self._lanes: dict[str, tuple[asyncio.Semaphore, Lanes]] = {}
        self._workers = asyncio.Semaphore(WORKERS)
        self._simulators = ThreadPoolExecutor(WORKERS, thread_name_prefix="emulator")
        # Reading and writing text doesn't wait behind simulations.
        self._text_executor = ThreadPoolExecutor(1, thread_name_prefix="emulator-text")
        # Nor does it wait behind programs, which may take long to read.
        self._program_executor = ThreadPoolExecutor(1, thread_name_prefix="emulator-program")
        self.programs = ProgramReader()
        self._lives: dict[str, asyncio.Task[None]] = {}

    def submit(self, order: JobRequest, groups: tuple[CircuitGroup, ...]) -> Job:
        """Return a new job, stored and started."""
        return self.begin(self.store.add(order, groups))

    def begin(self, job: Job) -> Job:
        """Return a stored job after starting it."""
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
        """Return how long a job submitted now would wait, in milliseconds."""
        return round(1000 * self._of(backend)[1].wait(self._clock.now(), self.profile.waiting))

    def write(self, work: Callable[..., T], *arguments: Any) -> Coroutine[Any, Any, T]:
        """Return an awaitable that reads or writes text in a thread of its own."""
        return self._run(self._text_executor, work, *arguments)

    def read_program(self, work: Callable[..., T], *arguments: Any) -> Coroutine[Any, Any, T]:
        """Return an awaitable that reads a job of OpenQASM in a thread of its own."""
        return self._run(self._program_executor, work, *arguments, self.programs.read)

    def random(self, job: Job, place: int, purpose: int = 0) -> np.random.Generator:
        """Return a random generator of its own for each circuit of each job."""
        number = job.number if job.parent is None else job.parent.number
        return np.random.default_rng([self.seed, number, place, purpose])

    async def close(self) -> None:
        """Stop all unfinished jobs and wait for the threads."""
        for job in self.store.unfinished():
            job.stop.set()
        lives = list(self._lives.values())
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        self.programs.close()
        self._program_executor.shutdown()
        self._simulators.shutdown()
        self._text_executor.shutdown()

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
        # A client waits for the job, so it must end whatever went wrong.
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
        """Wait while the backend is unavailable, or for ever if the job is set to be stuck."""
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
        """Complete a job, or end it as a fault says."""
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
        """Return a job's answer; runs in a thread, and reads only what never changes."""
        return solve(groups, [child.id for child in job.children], self._sampling(job), job.stop)

    def _sampling(self, job: Job) -> Sampling | None:
        """Return how the job's backend samples; None if its results are exact."""
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
        """Return a circuit's random generator; a noise seed makes the job repeatable."""
        seed = (job.order.noise or {}).get("seed")
        return self.random(job, place) if seed is None else np.random.default_rng([seed, place])
