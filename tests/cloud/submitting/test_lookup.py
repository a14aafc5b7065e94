"""What a list of jobs tells of a submit whose reply was lost, and what it doesn't."""

from datetime import UTC, datetime

import pytest

from pennylane_qstore.cloud.submitting import lookup

NOW = 1_800_000_000.0
OLD = NOW - 2 * lookup.SKEW


def row(job_id="a", at=NOW, **fields):
    submitted = datetime.fromtimestamp(at, UTC).isoformat()
    return {"id": job_id, "submitted_at": submitted, "metadata": {}, **fields}


@pytest.mark.parametrize(
    ("times", "reached"),
    [
        ([NOW, NOW - 60], False),
        ([NOW, OLD], True),
        ([OLD, NOW], False),  # not the newest first: nothing follows from an old one
        ([OLD], True),
        ([], False),
    ],
)
def test_a_page_ends_the_search_only_where_it_is_in_order(times, reached):
    """Rows that go back far enough, the newest first."""
    assert lookup.reach_back([row(at=at) for at in times], NOW) is reached


@pytest.mark.parametrize(
    ("fields", "unlabelled"),
    [
        ({"metadata": None}, ["a"]),
        ({"metadata": {"x": "y"}}, []),
        ({"metadata": None, "parent_job_id": "b"}, []),
        ({"metadata": None, "at": OLD}, []),
        ({"metadata": None, "submitted_at": None}, ["a"]),
    ],
)
def test_a_row_without_metadata_tells_nothing(fields, unlabelled):
    """It may be the job, if it is young enough and no child."""
    assert lookup.unlabelled([row(**fields)], NOW) == unlabelled
