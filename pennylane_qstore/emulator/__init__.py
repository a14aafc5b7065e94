"""An emulator of IonQ's cloud: its REST API over HTTP, its machines simulated exactly."""

from pennylane_qstore.emulator.api.app import create_app
from pennylane_qstore.emulator.api.context import REQUESTS
from pennylane_qstore.emulator.api.server import Server, run, serve
from pennylane_qstore.emulator.service.clock import VirtualClock
from pennylane_qstore.emulator.service.faults import Fault
from pennylane_qstore.emulator.service.timing import Profile
from pennylane_qstore.emulator.simulation.noise import Rates

__all__ = [
    "REQUESTS",
    "Fault",
    "Profile",
    "Rates",
    "Server",
    "VirtualClock",
    "create_app",
    "run",
    "serve",
]
