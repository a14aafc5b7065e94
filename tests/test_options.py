"""What a user may set, and what an impossible setting gets."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cloud.journal.journal import Journal
from pennylane_qstore.errors import OptionError
from pennylane_qstore.options import DECLARED, Options

PAGE = Path(__file__).parents[1] / "docs" / "options.md"

CLOUD = {"backend": "simulator", "api_key": "k"}


def test_a_device_needs_no_option_at_all():
    """``qml.device("qstore.ionq")`` runs a QNode with no argument and no key."""

    @qml.qnode(qml.device("qstore.ionq"))
    def circuit():
        qml.X("a")
        return qml.expval(qml.Z("a"))

    assert circuit() == pytest.approx(-1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backend": "qpu"}, "qpu.forte-1"),
        ({"backend": "default.qubit"}, "emulator"),
        ({"backend": None}, "emulator"),
        ({"backend": ["simulator"]}, "emulator"),
        ({"backend": "simulator"}, "IONQ_API_KEY"),
        ({"backend": "qpu.forte-1"}, "IONQ_API_KEY"),
        ({"backend": "simulator", "api_key": ""}, "IONQ_API_KEY"),
        ({"backend": "simulator", "api_key": "a\nb"}, "IONQ_API_KEY"),
        ({"base_url": "http://127.0.0.1:1/v0.4"}, "emulator"),
        ({**CLOUD, "base_url": "ftp://x/v0.4"}, "address"),
        ({**CLOUD, "base_url": "nonsense"}, "address"),
        ({**CLOUD, "base_url": "http://api.ionq.co/v0.4"}, "https"),
        ({**CLOUD, "base_url": 3}, "text"),
        ({"gateset": "gpi"}, "native"),
        ({**CLOUD, "noise_model": "aria-9"}, "aria-1"),
        ({**CLOUD, "noise_model": {"two_qubit": 0.01}}, "emulator"),
        ({"noise_model": {"two": 0.01}}, "aria-1"),
        ({"noise_model": {"two_qubit": 1.5}}, "aria-1"),
        ({"noise_model": {}}, "aria-1"),
        ({"noise_model": {"over_rotation": 1.0}}, "aria-1"),
        ({"noise_model": {"by_angle": 1}}, "aria-1"),
        ({**CLOUD, "backend": "qpu.aria-1", "noise_model": "aria-1"}, "simulator"),
        ({**CLOUD, "noise_seed": 7}, "noise_model"),
        ({**CLOUD, "noise_model": "aria-1", "noise_seed": 0}, "2147483647"),
        ({**CLOUD, "noise_model": "aria-1", "noise_seed": True}, "2147483647"),
        ({"error_mitigation": {"debias": True}}, "debiasing"),
        ({"error_mitigation": {"debiasing": 1}}, "bool"),
        ({"error_mitigation": True}, "debiasing"),
        ({"sharpen": "yes"}, "True"),
        ({"job_name": "a/b"}, "letters"),
        ({"job_name": ""}, "letters"),
        ({"session_id": 3}, "id"),
        ({"metadata": {"a": 1}}, "strings"),
        ({"metadata": "a"}, "strings"),
        ({"max_wait": 0}, "positive"),
        ({"max_wait": float("inf")}, "positive"),
        ({"max_wait": float("nan")}, "positive"),
        ({"max_wait": "long"}, "positive"),
        ({"submission": "batched"}, "concurrent"),
        ({"max_jobs_in_flight": 0}, "max_jobs_in_flight"),
        ({"connection_pool_size": 1.5}, "connection_pool_size"),
        ({"connection_pool_size": True}, "connection_pool_size"),
        ({"retry_failed_circuits": -1}, "retry_failed_circuits"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"rate_limit": float("inf")}, "rate_limit"),
        ({"on_unknown": "resubmit"}, "lookup"),
        ({"resume": "yes"}, "resume"),
        ({"progress": "yes"}, "terminal"),
        ({"adaptive": 1}, "True or False"),
        ({"journal": 3}, "journal"),
    ],
)
def test_an_impossible_setting_is_refused(options, said):
    """The error names the option and its value, and says what would be right."""
    with pytest.raises(OptionError, match=said):
        Options(**options)


@pytest.mark.parametrize(
    "options", [{"bakend": "simulator"}, {"journal": ""}, {"seed": "x"}, {"seed": -1}]
)
def test_the_device_refuses_what_it_does_not_know(options):
    """An option that doesn't exist, or doesn't work yet, is an error that names it."""
    with pytest.raises(OptionError, match=next(iter(options))):
        qml.device("qstore.ionq", **options)


def test_the_journal_is_in_the_users_state_folder(tmp_path):
    """The cloud's jobs are written down unless the user says no; the emulator's only if asked."""
    assert Options(**CLOUD).journal == tmp_path / "state" / "pennylane-qstore" / "journal.sqlite"
    assert Options(**CLOUD, journal=None).journal is None
    assert Options().journal is None
    assert Options(journal="here.sqlite").journal == "here.sqlite"


def test_the_environment_gives_key_and_address(monkeypatch):
    """IONQ_API_KEY and IONQ_API_URL are taken where no argument is given."""
    monkeypatch.setenv("IONQ_API_KEY", "from-the-environment")
    monkeypatch.setenv("IONQ_API_URL", "https://example.org/v0.4/")
    options = Options(backend="qpu.forte-1")
    assert options.api_key == "from-the-environment"
    assert options.base_url == "https://example.org/v0.4"
    assert Options(backend="simulator", api_key="k").api_key == "k"


def test_a_host_without_tls_is_allowed_by_its_name(monkeypatch):
    """The environment may name hosts of a laboratory's own network; others stay refused."""
    monkeypatch.setenv("QSTORE_ALLOW_HTTP", "proxy.lab.example, 10.0.0.7")
    for url in ("http://proxy.lab.example/v0.4", "http://10.0.0.7:8080/v0.4"):
        assert Options(**CLOUD, base_url=url).base_url == url
    for url in ("http://lab.example/v0.4", "http://proxy.lab.example.org/v0.4"):
        with pytest.raises(OptionError, match="QSTORE_ALLOW_HTTP"):
            Options(**CLOUD, base_url=url)


def test_a_key_is_never_in_an_error_or_a_repr():
    """A key that can't be is refused without being shown; a good one isn't shown either."""
    with pytest.raises(OptionError) as caught:
        Options(backend="simulator", api_key=" secret ")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Options(backend="simulator", api_key="secret"))
    dev = qml.device("qstore.ionq", backend="simulator", api_key="secret")
    assert "secret" not in repr(dev) + str(dev)


@pytest.mark.parametrize(
    ("options", "exact", "max_wait"),
    [
        ({}, True, 600),
        (CLOUD, True, 600),
        ({**CLOUD, "noise_model": "ideal"}, True, 600),
        ({**CLOUD, "noise_model": "forte-1"}, False, 600),
        ({**CLOUD, "backend": "qpu.forte-1"}, False, 86_400),
        ({**CLOUD, "backend": "qpu.forte-1", "max_wait": 5}, False, 5),
    ],
)
def test_what_follows_from_the_options(options, exact, max_wait):
    """Only ideal simulators are exact, and only a QPU is waited for a day."""
    assert Options(**options).exact is exact
    assert Options(**options).max_wait == max_wait


def test_the_devices_keywords_are_the_declared_options():
    """Each option is an explicit keyword of the device, with the declared default and type.

    A device takes a list of backends, and of keys, where an option is of one.
    """
    signature = inspect.signature(qstore.QStoreDevice.__init__).parameters
    assert set(signature) - {"self", "unknown"} == set(DECLARED)
    for name, option in DECLARED.items():
        several = Sequence[str] if name in {"backend", "api_key"} else None
        kind = option.type | several if several else option.type
        assert signature[name].annotation == kind, name
        assert signature[name].default == option.default, name


def test_the_devices_docstring_says_what_is_declared():
    """``help`` and an IDE show the declared meaning of each option."""
    told = inspect.getdoc(qstore.QStoreDevice).split("Args:")[1].split("Raises:")[0]
    meanings = dict(re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", told, re.M | re.S))
    assert {name: plain(text) for name, text in meanings.items()} == {
        name: plain(option.metadata["meaning"]) for name, option in DECLARED.items()
    }


def test_the_table_of_options_says_what_is_declared():
    """The documentation's row of an option begins with its declared default and meaning."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text(), re.M))
    for name, option in DECLARED.items():
        default, meaning = rows[name].split(" | ", 1)
        assert default.strip("`") == repr(option.default).replace("'", '"'), name
        assert plain(meaning).startswith(plain(option.metadata["meaning"]).rstrip(".")), name


def plain(text):
    """A text without the marks and the line breaks of its page."""
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("bakend", "backend"),
        ("apikey", "api_key"),
        ("error_mitigatoin", "error_mitigation"),
        ("shot", "shots"),
        ("fall_back", "fallback"),
        ("xyz", None),
    ],
)
def test_an_unknown_option_names_the_nearest(unknown, near):
    """A misspelt option is refused without its value, with the option that was probably meant."""
    with pytest.raises(OptionError) as caught:
        qml.device("qstore.ionq", **{unknown: "a-key"})
    assert "a-key" not in str(caught.value)
    assert (f"did you mean {near}?" in str(caught.value)) is (near is not None)
    assert "queue_timeout" in str(caught.value)


@pytest.mark.parametrize(
    "wires", [2.5, float("nan"), 0, -1, True, False, [], (), {}, "", object(), np.zeros(0)]
)
def test_wires_that_cannot_be_are_refused(wires):
    """What is no number of wires from 1, and no labels, is an error and not a device of any."""
    if isinstance(wires, str):
        assert len(qml.device("qstore.ionq", wires=wires).wires) == 1  # a label, as in PennyLane
        return
    with pytest.raises((OptionError, qml.exceptions.WireError), match="ires"):
        qml.device("qstore.ionq", wires=wires)


@pytest.mark.parametrize("wires", [1, np.int64(3), ["a", 7], "ab", range(2), {5}])
def test_wires_are_pennylanes(wires):
    """Numbers and labels give the wires that PennyLane's own devices have."""
    device = qml.device("qstore.ionq", wires=wires)
    assert device.wires == qml.device("default.qubit", wires=wires).wires
    assert not qml.device("qstore.ionq").wires


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("backend", b"simulator"),
        ("gateset", ["native"]),
        ("noise_model", np.array(["aria-1", "x"])),
        ("optimization", None),
        ("cache", None),
        ("measurement_aware", np.bool_(True)),
        ("max_wait", 1j),
        ("budget", "5"),
        ("retry_failed_circuits", None),
        ("queue_timeout", float("nan")),
        ("metadata", {1: "a"}),
        ("journal", b""),
    ],
)
def test_a_value_of_another_type_is_refused(option, value):
    """Values that can't even be compared with what is possible are an OptionError too."""
    with pytest.raises(OptionError, match=option):
        qml.device("qstore.ionq", **{option: value})


KEY_BY_MISTAKE = "s3cret-key-of-mine"


@pytest.mark.parametrize(
    "options",
    [
        {"metadata": {"key": 5, "api_key": KEY_BY_MISTAKE}},
        {"metadata": KEY_BY_MISTAKE},
        {"metadata": [KEY_BY_MISTAKE]},
        {"base_url": KEY_BY_MISTAKE},
        {"base_url": f"https://api.ionq.co/v0.4?key={KEY_BY_MISTAKE}"},
        {"base_url": f"https://api.ionq.co/v0.4#{KEY_BY_MISTAKE}"},
        {"base_url": f"https://user:{KEY_BY_MISTAKE}@api.ionq.co/v0.4"},
        {"base_url": f"http://{KEY_BY_MISTAKE}:pw@host.example/{KEY_BY_MISTAKE}"},
        {"base_url": f"https://api.ionq.co:{KEY_BY_MISTAKE}/v0.4"},
        {"base_url": f"ftp://host/{KEY_BY_MISTAKE}"},
    ],
    ids=str,
)
def test_a_key_that_is_put_elsewhere_is_not_printed(options):
    """Though nobody but its owner knows that it is one."""
    with pytest.raises(OptionError) as caught:
        Options(**{"backend": "simulator", "api_key": "another-key", **options})
    assert KEY_BY_MISTAKE not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("name", ["job_name", "session_id", "gateset", "backend", "noise_model"])
@pytest.mark.parametrize("from_environment", [True, False])
def test_the_key_is_printed_under_no_option(name, from_environment, monkeypatch):
    """Also where it was pasted into another field."""
    if from_environment:
        monkeypatch.setenv("IONQ_API_KEY", KEY_BY_MISTAKE)
    given = {} if from_environment else {"api_key": KEY_BY_MISTAKE}
    value = 5 if name == "session_id" else f"{KEY_BY_MISTAKE}!"
    with pytest.raises(OptionError) as caught:
        Options(**{"backend": "simulator", **given, name: value})
    assert KEY_BY_MISTAKE not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "url",
    [
        "https://a..b/v0.4",
        "https://exa mple.org/v0.4",
        "https://\ud800.org/v0.4",
        "https://x.org/\ud800",
        "https://x.org/a\x00b",
        "https://x.org/a\nb",
        f"https://{'x' * 70}.org/v0.4",
        "https://[::1/v0.4",
        "https://x.org:99999/v0.4",
        "https://x.org:a/v0.4",
    ],
    ids=ascii,
)
def test_an_address_that_cannot_be_encoded_is_refused(url):
    """At once, and in our words."""
    with pytest.raises(OptionError, match="base_url"):
        Options(backend="simulator", api_key="secret", base_url=url)


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_journal_whose_path_is_none_is_no_crash(path, caplog):
    """It is kept in memory, which is said."""
    journal = Journal(path, "account")
    assert "can't be used" in caplog.text
    assert caplog.text.encode()  # a log file takes it
    journal.close()
