"""What a user may say of several backends."""

import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.fleet.members import LocalDevice, members_of
from pennylane_qstore.options import Options

KEY = "secret-key"
FLEET = ["qpu.forte-1", "qpu.aria-1"]


def test_one_backend_is_a_fleet_of_one():
    """With the options that it has by itself."""
    members = members_of("qpu.forte-1", KEY, max_wait=5.0)
    assert members.all == members.cloud == (members.first,)
    assert members.first == Options(backend="qpu.forte-1", api_key=KEY, max_wait=5.0)


def test_each_member_has_its_own_options():
    """The key that is for it, and only what is meant for it."""
    members = members_of(
        ("qpu.forte-1", "emulator", "simulator", "lightning.qubit"),
        ["k1", None, "k2", None],
        base_url="https://example.org/v0.4",
        noise_model="aria-1",
        fallback="default.qubit",
    )
    forte, emulator, simulator, local = members.all
    assert (forte.api_key, forte.noise_model) == ("k1", None)
    assert (emulator.api_key, emulator.base_url) == (None, None)
    assert (simulator.api_key, simulator.noise_model) == ("k2", "aria-1")
    assert local == LocalDevice("lightning.qubit")
    assert members.fallback == LocalDevice("default.qubit")
    assert members.first is forte
    assert members.names[-2:] == ["lightning.qubit", "default.qubit"]


def test_a_batch_is_waited_for_as_long_as_its_slowest_member():
    """A day where there is a QPU, ten minutes failover."""
    assert members_of(["simulator", "qpu.forte-1"], KEY).max_wait == 86_400
    assert members_of(["simulator", "lightning.qubit"], KEY).max_wait == 600
    assert members_of("simulator", KEY, fallback="emulator").max_wait == 600


@pytest.mark.parametrize(
    ("backend", "key", "options", "said"),
    [
        ([], KEY, {}, "use a name"),
        ([3], KEY, {}, "use a name"),
        (FLEET, ["k"], {}, "1 keys for 2 backends"),
        (FLEET, [KEY, 3], {}, "a list of one for each"),
        (["qpu.forte-1", "qpu.forte-1"], KEY, {}, "is one"),
        (FLEET, ["k1", "k2"], {"budget": 10.0}, "one key"),
        (FLEET, None, {}, "IONQ_API_KEY"),
        (["lightning.qubit"], None, {}, "at least one of IonQ's"),
        (["qpu.forte-1", "lightning.qubitt"], KEY, {}, "installed"),
        (["qpu.forte-1", "qstore.ionq"], KEY, {}, "installed"),
        (["qpu.forte-1", "forte"], KEY, {}, 'use "emulator"'),
        (FLEET, KEY, {"noise_model": "aria-1"}, "none is listed"),
        (FLEET, KEY, {"fallback": "qpu.forte-2"}, "fallback"),
        (FLEET, KEY, {"fallback": ["simulator"]}, "fallback"),
        (["simulator", "qpu.forte-1"], KEY, {"fallback": "simulator"}, "already"),
        (FLEET, KEY, {"route": "simulator"}, "function of a tape"),
        (FLEET, KEY, {"queue_timeout": 0}, "positive"),
        (FLEET, KEY, {"queue_timeout": True}, "positive"),
        (FLEET, KEY, {"queue_timeout": float("inf")}, "positive"),
        ("qpu.forte-1", KEY, {"queue_timeout": 60}, "no other backend"),
    ],
)
def test_what_cannot_be_is_refused(backend, key, options, said):
    """With the option's name, and never with a key."""
    with pytest.raises(OptionError, match=said) as caught:
        members_of(backend, key, **options)
    assert "secret" not in str(caught.value)
