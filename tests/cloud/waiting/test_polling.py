"""When to look at a job again, as tables."""

import pytest

from pennylane_qstore.cloud.waiting import polling
from pennylane_qstore.cloud.waiting.polling import QueueHistory

SHORTEST = 0.1


def looks(length, expected):
    """How often a job is looked at until its end is noticed, and how late that is, in seconds."""
    now, count = polling.interval(0.0, expected, SHORTEST), 1
    while now < length:
        now += polling.interval(now, expected, SHORTEST)
        count += 1
    return count, now - length


@pytest.mark.parametrize("length", [1.0, 1.07, 2.9, 5.0, 20.0, 33.3, 59.9, 60.0])
@pytest.mark.parametrize("expected", [None, 0.01, 1.0])
def test_the_end_of_a_job_is_noticed_within_a_tenth_of_its_length(length, expected):
    """Up to a minute, with no expectation or with one that was far too short."""
    assert looks(length, expected)[1] <= length / 10 + 1e-9


@pytest.mark.parametrize("length", [5.0, 20.0, 33.3, 59.9])
@pytest.mark.parametrize("wrong", [1 / 100, 1 / 3, 0.9, 1.0, 1.1, 3.0, 100.0])
def test_a_wrong_expectation_costs_no_more_than_a_tenth(length, wrong):
    """From five seconds to a minute, whatever was expected."""
    assert looks(length, length * wrong)[1] <= length / 10 + 1e-9


@pytest.mark.parametrize("expected", [300.0, 500.0, 590.0, 600.0, 610.0, 700.0, 6000.0])
def test_ten_minutes_are_at_most_forty_looks(expected):
    """A job of ten minutes that is expected to be long costs few requests."""
    assert looks(600.0, expected)[0] <= 40


def test_ten_minutes_without_any_expectation_are_about_sixty_looks():
    """Where nothing says that a job is long, its first minute is watched as a short job's."""
    assert looks(600.0, None)[0] <= 60


def test_a_job_that_is_as_expected_is_noticed_at_once():
    """The look that counts is at the expected end."""
    for length in (1.0, 7.0, 45.0, 600.0, 3600.0):
        assert looks(length, length)[1] < 0.02 * length


@pytest.mark.parametrize(
    ("record", "pattern", "expected"),
    [
        ({}, None, None),
        ({"predicted_wait_time_ms": None, "predicted_execution_duration_ms": None}, None, None),
        ({"predicted_wait_time_ms": 0, "predicted_execution_duration_ms": 0}, None, None),
        ({"predicted_wait_time_ms": 9000, "predicted_execution_duration_ms": 500}, None, 9.5),
        ({"predicted_wait_time_ms": "soon"}, None, None),
        ({"predicted_wait_time_ms": -1}, None, None),
        ({"predicted_wait_time_ms": 9000}, QueueHistory(2.0, 0.5), 7.0),
        ({"predicted_wait_time_ms": 9000}, QueueHistory(2.0, 0.5, 1.1, 3.0), 9.0),
        ({"predicted_wait_time_ms": 9000}, QueueHistory(2.0, 0.5, 3.0, 1.1), 7.0),
        ({}, QueueHistory(2.0, 0.5), 7.0),
    ],
)
def test_what_is_expected_of_a_job_of_ten_circuits(record, pattern, expected):
    """The server's prediction or earlier jobs: whichever was nearer the last time."""
    assert polling.expected_end(record, pattern, 10) == expected


@pytest.mark.parametrize(
    ("predicted_error", "own_error", "expected"),
    [
        (1.0, None, 22.0),  # a pattern of one job is no rival to a prediction that was right
        (1.2, None, 22.0),
        (1.5, None, 14.0),
        (1.01, 1.0, 22.0),  # a good one knows of this job's size
        (1.1, 1.0, 14.0),
        (None, None, 14.0),
    ],
)
def test_a_good_prediction_is_taken_for_jobs_of_another_size(predicted_error, own_error, expected):
    """A pattern takes each circuit to be as long as the last ones."""
    record = {"predicted_wait_time_ms": 2_000, "predicted_execution_duration_ms": 20_000}
    pattern = QueueHistory(4.0, 1.0, predicted_error, own_error)
    assert polling.expected_end(record, pattern, 10) == expected


def test_a_job_that_has_started_is_expected_to_run_as_long_as_predicted():
    """The wait is over then, however long it was said to be."""
    record = {
        "submitted_at": "2026-06-11T20:47:05.000Z",
        "started_at": "2026-06-11T20:47:08.000Z",
        "predicted_wait_time_ms": 60_000,
        "predicted_execution_duration_ms": 2_000,
    }
    assert polling.expected_end(record, None, 1) == 5.0


def test_the_pattern_follows_what_jobs_take():
    """Queue and time per circuit are averages in which the last job counts for half."""
    record = {
        "submitted_at": "2026-06-11T20:47:00.000Z",
        "started_at": "2026-06-11T20:47:04.000Z",
        "completed_at": "2026-06-11T20:47:14.000Z",
    }
    first = polling.learned(None, record, 10, 7.0)
    assert first == QueueHistory(4.0, 1.0, 2.0)
    second = polling.learned(first, record, 5, 14.0)
    assert second.queue == 4.0
    assert second.per_circuit == 1.5
    assert second.predicted_error == 1.0
    assert second.own_error == pytest.approx(14 / 9)
    assert polling.learned(first, {"submitted_at": "nonsense"}, 5, None) is first


def test_a_page_has_what_is_due_and_fills_up():
    """One request asks for all jobs that are due, and as many others as it has room for."""
    jobs = [(float(i), i) for i in range(60)]
    assert polling.pages(jobs, now=-1.0) == []
    assert polling.pages(jobs, now=3.0) == [list(range(25))]
    assert polling.pages(jobs, now=25.0) == [list(range(25)), list(range(25, 50))]
    assert sum(map(len, polling.pages(jobs, now=99.0))) == 60
