"""Times of the API."""

import time

import pytest

from pennylane_qstore.cloud.http import retry
from pennylane_qstore.cloud.http.values import moment
from pennylane_qstore.cloud.waiting import polling


@pytest.fixture
def far_east(monkeypatch):
    """A machine whose clock is nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one zone")
def test_a_time_without_a_zone_is_in_utc(far_east):
    """Wherever this machine is."""
    for text in ("2026-06-11T20:47:05", "2026-06-11T20:47:05Z", "2026-06-12T05:47:05+09:00"):
        assert moment(text).timestamp() == 1_781_210_825.0
    assert polling.seconds_between("2026-06-11T20:47:05", "2026-06-11T20:47:09Z") == 4.0
    assert retry.retry_after("Thu, 11 Jun 2026 20:47:15 -0000", 1_781_210_825.0) == 10.0
