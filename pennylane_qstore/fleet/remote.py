"""A backend behind IonQ's API or the emulator's, and the connections to them."""

import secrets
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from pennylane_qstore.cloud.backend import Backend
from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.cloud.journal.journal import MEMORY, Journal, account
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.cloud.submitting.request_terms import Failover, policy_of
from pennylane_qstore.compiler import Target
from pennylane_qstore.emulator import Rates, Server, serve
from pennylane_qstore.fleet.member import BackendStatus, Terms
from pennylane_qstore.fleet.work import Work
from pennylane_qstore.options import EMULATOR, Options
from pennylane_qstore.programs.outcomes import Outcomes
from pennylane_qstore.runs import RunStep


class Clients:
    """The connections of one device: one for each key and address, in each event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: weakref.WeakKeyDictionary[loop.Loop, dict[tuple[str, str], Client]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, running: loop.Loop, options: Options) -> Client:
        """Return the connection for a member in a loop; a fork has a loop and connections anew."""
        if options.backend == EMULATOR:
            server = embedded_emulator(running, options.noise_model)
            assert server.key is not None
            key = server.url, server.key
        else:
            assert options.base_url is not None
            assert options.api_key is not None
            key = options.base_url, options.api_key
        with self._lock:
            clients = self._clients.setdefault(running, {})
            if key not in clients:
                journal = Journal(options.journal or MEMORY, account(*key))
                client = clients[key] = Client(*key, policy_of(options), journal=journal)
                weakref.finalize(self, running.close_soon, client.close)
            return clients[key]

    def all(self, running: loop.Loop) -> list[Client]:
        """Return the connections that there are in a loop."""
        with self._lock:
            return list(self._clients.get(running, {}).values())


class Remote:
    """A backend behind IonQ's API, or the emulator's."""

    def __init__(self, options: Options, clients: Clients, *, is_fallback: bool = False) -> None:
        self.name = options.backend
        self.is_fallback = is_fallback
        self.options = options
        self.on_qpu, self.exact = options.on_qpu, options.exact
        self.settings = packing.settings(options)
        self._clients = clients

    def client(self) -> Client:
        """Return its connection, in the process's loop."""
        return self._clients.of(loop.current(), self.options)

    def connect(self) -> None:
        """Opens the connection; not in the loop's own thread, in which an emulator starts."""
        self.client()

    def cached(self) -> Backend | None:
        """Return what the API said of it within the last minute, or None if it must be asked."""
        running = loop.current()
        return self.client().cached_backend(self.settings["backend"], running.asyncio_loop.time())

    def cached_until(self) -> float:
        """Return until when ``cached`` holds, in seconds of the loop's clock."""
        return self.client().cached_until(self.settings["backend"])

    async def machine(self, max_wait: float) -> Backend:
        """Return what the API says of it; it is asked again only after a minute.

        Args:
            max_wait: seconds for the answer

        Raises:
            CloudError: it isn't there, or there is no answer
        """
        return await self.client().backend(self.settings["backend"], max_wait)

    def target(self, machine: Backend) -> Target:
        """Return what tapes are compiled to for it."""
        options = self.options
        mitigation = options.error_mitigation or {}
        qis = options.gateset == "qis"
        return Target(
            "qis" if qis else machine.entangler(options.noise_name),
            options.optimization,
            # IonQ checks the symmetries of the circuit that it gets.
            options.measurement_aware and not mitigation.get("symmetry_verification"),
            # Sharpening votes on whole bit strings.
            bool(options.sharpen),
            options.verify,
        )

    def standing(self, machine: Backend) -> BackendStatus:
        """Return what jobs are shared out by: its queue, and what earlier jobs took."""
        per_circuit = self.client().per_circuit(machine.name)
        return BackendStatus(self.on_qpu, machine.queue or 0.0, per_circuit, self.is_fallback)

    def measured(self, machine: Backend) -> float | None:
        """Return the seconds a circuit ran, where batches may be cut by it, else None."""
        options, client = self.options, self.client()
        if not options.adaptive or options.on_qpu or client.is_slowed:
            return None
        return client.per_circuit(machine.name)

    async def has_left(self) -> bool:
        """Return whether earlier processes may have left jobs there, to be resumed."""
        return await self.client().has_left(self.settings["backend"])

    async def left(self, jobs: Sequence[Job], run_step: RunStep | None) -> bool:
        """Return whether they left all of these jobs."""
        client = self.client()
        return all([await client.is_left(each, self.settings, run_step) for each in jobs])

    async def run(
        self,
        work: Work,
        target: Target,
        jobs: Sequence[Job],
        terms: Terms,
        failover: Failover | None,
    ) -> dict[int, Outcomes]:
        """Return the outcomes of programs by index, of jobs that are sent now.

        Raises:
            QStoreError: see the tree in ``pennylane_qstore.errors``
        """
        del work, target
        return await self.client().run(
            jobs,
            self.settings,
            max_wait=terms.left,
            listener=terms.listener,
            sharpen=self.options.sharpen,
            run_step=terms.run_step,
            budget=self.options.budget,
            failover=failover,
        )


_lock = threading.Lock()
# By their noise, in each loop.
_emulators: weakref.WeakKeyDictionary[loop.Loop, dict[Any, Server]] = weakref.WeakKeyDictionary()


def embedded_emulator(running: loop.Loop, noise: Any = None) -> Server:
    """Return an emulator inside this process, on a loopback port.

    Its key is random: other users of the machine can neither read nor disturb it.

    Args:
        running: the loop that it runs in
        noise: the option `noise_model`; rates of one's own have an emulator of their own

    Returns:
        one server for each loop and noise
    """
    rates = tuple(sorted(noise.items())) if isinstance(noise, Mapping) else None
    with _lock:
        servers = _emulators.setdefault(running, {})
        if rates not in servers:
            settings = _settings(dict(rates or ()))
            servers[rates] = running.run(serve(key=secrets.token_urlsafe(32), **settings))
        return servers[rates]


def _settings(rates: Mapping[str, float]) -> dict[str, Any]:
    """Return the settings of an emulator for rates of one's own, which replace aria-1's."""
    if not rates:
        return {}
    readout = rates.get("readout", 0.0)
    return {
        "rates": {
            "aria-1": Rates(
                rates.get("one_qubit", 0.0),
                rates.get("two_qubit", 0.0),
                rates.get("over_rotation", 0.0),
                bool(rates.get("by_angle", False)),
            )
        },
        "readout_error": (rates.get("readout_0", readout), rates.get("readout_1", readout)),
    }
