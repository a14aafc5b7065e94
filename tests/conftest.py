"""Settings and servers that all tests share."""

import signal

import pytest
from hypothesis import settings

from pennylane_qstore.cloud.http import loop
from tests.examples import DEFAULT, RELEASE
from tests.scripted import ScriptedIonQ

# No time limit for an example: on a busy machine it would fail without a wrong result.
# By default the examples are few, and the same each time, so that a failure comes from the change.
settings.register_profile("qstore", deadline=None, max_examples=DEFAULT, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=4 * DEFAULT, derandomize=True)
settings.register_profile("release", deadline=None, max_examples=RELEASE, print_blob=True)
settings.load_profile("qstore")


def pytest_configure():
    """A shell's background job ignores Ctrl-C, and so would the processes that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Names with an address in them differ between xdist's processes, which then run nothing."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError(f"give these tests ids: {unstable}")


@pytest.fixture
def ionq():
    """A scripted server that runs while a test does."""
    server = ScriptedIonQ()
    loop.current().run(server.start())
    yield server
    loop.current().run(server.stop())


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    """No test sees the key, the address or the journal of whoever runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("IONQ_API_KEY", raising=False)
    monkeypatch.delenv("IONQ_API_URL", raising=False)
