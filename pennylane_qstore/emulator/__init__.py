"""A stand-in for IonQ's cloud: its REST API over HTTP, its machines as exact simulations."""

from pennylane_qstore.emulator.app import create_app
from pennylane_qstore.emulator.clock import VirtualClock
from pennylane_qstore.emulator.context import REQUESTS
from pennylane_qstore.emulator.faults import Fault
from pennylane_qstore.emulator.noise import Rates
from pennylane_qstore.emulator.server import Server, run, serve
from pennylane_qstore.emulator.timing import Profile

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
