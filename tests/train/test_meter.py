"""Counts, over several processes."""

from types import SimpleNamespace

import pytest

from pennylane_qstore.train.meter import Meter, count_circuits, count_jobs


@pytest.mark.parametrize(
    ("totals", "jobs", "circuits"),
    [
        ({"jobs": 3, "circuits": 40, "batches": 2, "executions": 5}, 3, 40),
        ({"batches": 2, "executions": 5}, 2, 5),
        ({}, 0, 0),
    ],
)
def test_counts(totals, jobs, circuits):
    """The device's own counts come first, then PennyLane's, then none."""
    assert (count_jobs(totals), count_circuits(totals)) == (jobs, circuits)


def test_goes_on_from_an_earlier_process():
    """What was counted before, what is counted here, and the jobs that were taken up."""
    tracker = SimpleNamespace(totals={"jobs": 3, "circuits": 40}, history={"job_ids": ["a", "b"]})
    meter = Meter(tracker)
    meter.restore({"seconds": 5.0, "jobs": 10, "circuits": 100, "queue": 1.0, "cost": 0.5})
    assert (meter.now()["jobs"], meter.now()["circuits"]) == (13, 140)
    tracker.totals |= {"jobs_taken_up": 1, "circuits_taken_up": 8, "queue": 2.0, "cost": 0.25}
    meter.start()
    assert meter.now()["jobs"] == 14
    assert meter.now()["circuits"] == 148
    assert meter.now()["queue"] == 3.0
    assert meter.now()["cost"] == 0.75
    assert meter.now()["seconds"] > 5.0


def test_without_a_tracker_only_the_time_is_known():
    """Jobs may have been sent: their number is unknown, not 0, also after a resume."""
    meter = Meter()
    counted = meter.now()
    unknown = {"jobs": None, "circuits": None, "queue": None, "cost": None}
    assert counted == {"seconds": 0.0, **unknown}
    later = Meter(SimpleNamespace(totals={"jobs": 3, "circuits": 40}, history={}))
    later.restore(counted)
    assert later.now() == counted


@pytest.mark.parametrize(
    ("totals", "cost"),
    [
        ({}, 0.0),
        ({"batches": 2, "executions": 5}, 0.0),
        ({"jobs": 1, "circuits": 4}, None),
        ({"jobs_taken_up": 1}, None),
        ({"jobs": 2, "cost": 1.5}, 1.5),
    ],
)
def test_a_cost_that_no_server_told_is_unknown(totals, cost):
    """Without jobs nothing is paid; with jobs whose price isn't told, it isn't known."""
    assert Meter(SimpleNamespace(totals=totals, history={})).now()["cost"] == cost


def test_job_ids_are_told_once():
    """Each checkpoint has the jobs since the one before."""
    tracker = SimpleNamespace(totals={}, history={"job_ids": ["a", "b"]})
    meter = Meter(tracker)
    assert meter.job_ids() == ["a", "b"]
    tracker.history["job_ids"].append("c")
    assert meter.job_ids() == ["c"]
    assert meter.job_ids() == []
