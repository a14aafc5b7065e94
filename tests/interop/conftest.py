"""The emulator, for clients that are not ours: from the package index, unchanged."""

from tests.emulator.conftest import api, loop, start

__all__ = ["api", "loop", "start"]
