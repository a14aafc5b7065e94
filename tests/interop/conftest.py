"""The emulator, for clients that are not ours: from the package index, unchanged."""

import pytest

from tests.emulator.conftest import loop, start

__all__ = ["api", "loop", "start"]


@pytest.fixture
def api(start):
    """An emulator whose aria-1 runs, since it is the target that two of the clients assume."""
    return start(retired_backends=True)
