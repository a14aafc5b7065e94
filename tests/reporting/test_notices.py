"""What is worth telling at once."""

import logging
import re

import pytest

from pennylane_qstore.reporting import events, notices


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (events.Resumed("job-7", 3, 61.2, "simulator"), "job-7.*61 s ago.*not paid again"),
        (events.Adopted("job-7"), "job-7 is there"),
        (events.Resent("token"), "sent again"),
        (events.SplitInTwo(900), "900 circuits.*413"),
        (events.Repeated(2, "the trap was empty"), "2 circuits.*the trap was empty"),
        (events.Slowed(2.5), "2.5 requests a second"),
    ],
)
def test_what_a_user_would_want_to_know_is_logged(event, said, caplog):
    """It is a warning, which Python shows where no logging is set up."""
    notices.tell(event)
    ((_, level, text),) = caplog.record_tuples
    assert level == logging.WARNING
    assert re.search(said, text)


def test_a_plan_is_told_to_who_asks(caplog):
    """Into how many jobs a batch was cut, and why."""
    caplog.set_level(logging.INFO)
    notices.tell(events.Cut(100, 4, 0.02))
    ((_, level, text),) = caplog.record_tuples
    assert (level, text) == (logging.INFO, "100 circuits go as 4 jobs: a circuit ran for 0.02 s")


def test_what_goes_as_expected_is_not(caplog):
    """A job that was sent and completed is nobody's news."""
    notices.tell(events.Submitted("job-1", 3, "simulator"))
    notices.tell(events.Completed("job-1", 1.0, 1.0))
    assert caplog.text == ""
