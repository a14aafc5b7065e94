"""A scripted server and a client in one loop whose time jumps."""

import asyncio

import pytest

from tests.cloud.clock import VirtualLoop
from tests.scripted import ScriptedIonQ


@pytest.fixture
def virtual():
    """A loop in which waiting takes no time."""
    virtual = VirtualLoop()
    asyncio.set_event_loop(virtual)
    yield virtual
    virtual.finish()
    asyncio.set_event_loop(None)


@pytest.fixture
def ionq(virtual):
    """A scripted server in that loop."""
    server = ScriptedIonQ()
    virtual.run(server.start())
    yield server
    virtual.run(server.stop())
