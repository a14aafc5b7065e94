"""What a Ctrl-C says of a batch's jobs, as a table."""

import pytest

from pennylane_qstore.reporting.events import Cancelled, Resumed, Submitted, Unanswered
from pennylane_qstore.reporting.interruption import interrupted

A, B = Submitted("a", 1, "simulator"), Submitted("b", 1, "simulator")
OLD = Resumed("old", 1, 60.0, "simulator")


@pytest.mark.parametrize(
    ("events", "text", "job_ids"),
    [
        ([], "interrupted before any job was accepted", ()),
        ([A, B, Cancelled(("a", "b"))], "cancelled: a, b", ("a", "b")),
        ([A, B, Cancelled((), ("a", "b"))], "these jobs had ended by themselves: a, b", ()),
        ([A, B, Cancelled((), ("a",)), Cancelled(("b",))], "cancelled: b", ("b",)),
        ([A], "the cancellation had no answer; these may still run: a", ("a",)),
        ([OLD], "the cancellation had no answer; these may still run: old", ("old",)),
        ([OLD, Cancelled(("old",))], "cancelled: old", ("old",)),
        (
            [A, B, Cancelled(("a",))],
            "cancelled: a; the cancellation had no answer; these may still run: b",
            ("a", "b"),
        ),
        (
            [Unanswered(2)],
            "interrupted before any job was accepted; 2 submits had no answer yet and may have "
            "made jobs",
            (),
        ),
    ],
)
def test_every_job_is_accounted_for(events, text, job_ids):
    """Cancelled, ended by itself, or named as one that may still run."""
    error = interrupted(events)
    assert str(error) == text
    assert error.job_ids == job_ids
