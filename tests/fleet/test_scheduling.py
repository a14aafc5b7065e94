"""Which backend a job goes to, as tables."""

import pytest

from pennylane_qstore.cloud.http.retry import may_fail_over
from pennylane_qstore.errors import (
    CloudError,
    RateLimitError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.fleet.scheduling import BackendStatus, next_backend, share

BUSY = BackendStatus(on_qpu=True, queue=600.0)
IDLE = BackendStatus(on_qpu=True, queue=60.0)
SIMULATOR = BackendStatus(on_qpu=False)
FALLBACK = BackendStatus(on_qpu=False, is_fallback=True)


@pytest.mark.parametrize(
    ("jobs", "members", "chosen"),
    [
        ([(1, {0})], [BUSY], [0]),
        ([(1, {0, 1})], [BUSY, IDLE], [1]),
        ([(1, {0, 1})], [IDLE, IDLE], [0]),
        # The queue of one is as long as four of these jobs.
        ([(135, {0, 1})] * 6, [BUSY, IDLE], [1, 1, 1, 1, 0, 1]),
        ([(100, {0, 1})] * 4, [IDLE, IDLE], [0, 1, 0, 1]),
        # The largest choose first.
        ([(1, {0, 1}), (500, {0, 1}), (400, {0, 1})], [IDLE, IDLE], [1, 0, 1]),
        # A simulator is free at once, and gets nothing that a quantum computer can take.
        ([(1, {0, 1, 2})], [BUSY, SIMULATOR, IDLE], [2]),
        ([(1, {1})], [BUSY, SIMULATOR], [1]),
        ([(1, {0, 1})], [SIMULATOR, FALLBACK], [0]),
        ([(1, {1})], [BUSY, FALLBACK], [1]),
        ([(1, set())], [BUSY, FALLBACK], [None]),
        ([(1, {0}), (1, {1}), (1, ())], [BUSY, SIMULATOR], [0, 1, None]),
        ([], [BUSY], []),
    ],
)
def test_jobs_go_where_they_end_first(jobs, members, chosen):
    """By queue, by what is given to a member, and never to a simulator before a QPU."""
    assert share(jobs, members) == chosen


def test_a_slow_machine_gets_less():
    """What earlier jobs took there counts: three times as long, a third of the jobs."""
    slow = BackendStatus(on_qpu=True, per_circuit=3.0)
    quick = BackendStatus(on_qpu=True, per_circuit=1.0)
    chosen = share([(10, {0, 1})] * 8, [slow, quick])
    assert (chosen.count(0), chosen.count(1)) == (2, 6)


def test_a_machine_without_jobs_is_taken_to_be_as_quick_as_the_others():
    """Not to be avoided because nobody has tried it."""
    new, tried = BackendStatus(on_qpu=True), BackendStatus(on_qpu=True, per_circuit=0.05)
    chosen = share([(1, {0, 1, 2})] * 30, [tried, new, new])
    assert [chosen.count(i) for i in range(3)] == [10, 10, 10]


@pytest.mark.parametrize(
    ("tried", "able", "members", "chosen"),
    [
        ([0], {0, 1}, [IDLE, BUSY], 1),
        ([0], {0, 1, 2}, [IDLE, BUSY, SIMULATOR], 1),
        ([0, 1], {0, 1, 2}, [IDLE, BUSY, SIMULATOR], 2),
        ([0], {0, 1}, [IDLE, FALLBACK], 1),
        ([0], {0}, [IDLE, FALLBACK], None),
        ([0, 1], {0, 1}, [IDLE, FALLBACK], None),
        # What was meant for a simulator never costs money.
        ([0], {0, 1}, [SIMULATOR, IDLE], None),
        ([0], {0, 1, 2}, [SIMULATOR, IDLE, FALLBACK], 2),
    ],
)
def test_where_a_job_goes_next(tried, able, members, chosen):
    """To what is like it, then to what simulates it, and from there to no QPU."""
    assert next_backend(tried, able, members) == chosen


@pytest.mark.parametrize(
    ("error", "moves"),
    [
        (UnavailableError("no connection"), True),
        (RateLimitError("slow down", retry_after=3.0), True),
        (UnavailableError("a look at it failed", job_ids=["job-1"]), False),
        (UnknownOutcomeError("it may be there"), False),
        (UnauthorizedError("a wrong key"), False),
        (RejectedError("a bad circuit"), False),
        (CloudError("no sense"), False),
    ],
)
def test_only_what_surely_is_not_there_moves(error, moves):
    """A job that may exist is never sent to a second backend."""
    assert may_fail_over(error) is moves
