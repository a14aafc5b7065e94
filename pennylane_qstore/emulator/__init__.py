"""A stand-in for IonQ's cloud: its REST API over HTTP, its machines as exact simulations."""

from pennylane_qstore.emulator.app import REQUESTS, create_app
from pennylane_qstore.emulator.server import Server, run, serve

__all__ = ["REQUESTS", "Server", "create_app", "run", "serve"]
