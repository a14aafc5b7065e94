"""Faults as they are written, and when they strike."""

import pytest

from pennylane_qstore.emulator.service.faults import Fault, Faults, fault_of, read_fault


def test_a_fault_as_on_the_command_line():
    """A kind and its settings are read, with numbers and spans of them."""
    assert read_fault('429 at=1,3-5 on="POST /jobs" retry-after=2') == Fault(
        "429", at=(1, 3, 4, 5), on="POST /jobs", retry_after="2"
    )
    assert read_fault("failed rate=0.5 code=QuotaExhaustedError") == Fault(
        "failed", rate=0.5, code="QuotaExhaustedError"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "can't be read|not enough|a fault"),
        ("boom", "a fault is a status"),
        ("200", "a fault is a status"),
        ("429 often", "should be a setting"),
        ("429 colour=red", "no setting 'colour'"),
        ("429 rate=much", "rate can't be 'much'"),
        ("429 rate=2", "from 0 to 1"),
        ("429 at=0", "counted from 1"),
        ("429 at=1-999999999", "at can't be"),
        ("slow delay=-1", "delay is from 0"),
        ("missing-child child=-1", "counted from 0"),
        ("failed code=Oops", "code is one of"),
        ("429 'at=1", "can't be read"),
        ('429 retry-after="1\n2"', "printable"),
    ],
)
def test_a_fault_that_cannot_be(text, why):
    """Whatever is wrong with a fault is named."""
    with pytest.raises(ValueError, match=why):
        read_fault(text)


def test_a_fault_from_json():
    """Numbers may be numbers; what it is shown as can be set again."""
    fault = fault_of({"kind": "slow", "at": [2, 4], "delay": 0.5, "on": None})
    assert fault == Fault("slow", at=(2, 4), delay=0.5)
    assert fault_of(fault.to_json()) == fault
    with pytest.raises(ValueError, match="needs a kind"):
        fault_of({})


def strikes(faults, scope, places):
    """Which of some requests or jobs are struck."""
    return [i for i, place in enumerate(places, 1) if faults.strike(scope, place)]


def test_by_number():
    """A fault counts the requests it is for, from when it was set."""
    faults = Faults(0)
    assert strikes(faults, "request", ["GET /jobs"]) == []
    faults.add([Fault("429", at=(1, 3), on="POST")])
    assert strikes(faults, "request", ["GET /jobs", *["POST /jobs"] * 4]) == [2, 4]
    assert faults.to_json()[0]["struck"] == 2
    faults.clear()
    assert faults.to_json() == []


def test_by_a_seeded_rate():
    """A rate strikes that share, the same ones for the same seed."""
    runs = []
    for seed in (1, 1, 2):
        faults = Faults(seed)
        faults.add([Fault("500", rate=0.2)])
        runs.append(strikes(faults, "request", ["GET /jobs"] * 1000))
    assert runs[0] == runs[1] != runs[2]
    assert abs(len(runs[0]) - 200) < 5 * (1000 * 0.2 * 0.8) ** 0.5


def test_children_s_faults_are_for_jobs_that_have_some():
    """A job of one circuit is not counted by a fault of children."""
    faults = Faults(0)
    faults.add([Fault("missing-child", at=(1,))])
    assert faults.strike("job", "simulator", children=False) == []
    assert faults.strike("job", "simulator") != []


def test_scopes_do_not_mix():
    """A job's fault leaves requests alone, and is for its backend only."""
    faults = Faults(0)
    faults.add([Fault("stuck", on="qpu.forte-1"), Fault("429")])
    assert [f.kind for f in faults.strike("job", "qpu.forte-1")] == ["stuck"]
    assert faults.strike("job", "simulator") == []
    assert [f.kind for f in faults.strike("request", "GET /jobs")] == ["429"]
