"""Into how many jobs a batch is cut, as a table."""

import pytest

from pennylane_qstore.fleet.splitting import parts


@pytest.mark.parametrize(
    ("circuits", "per_circuit", "jobs"),
    [
        (100, None, 1),
        (100, 0.0, 1),
        (100, 0.001, 1),
        (100, 0.0099, 1),
        (100, 0.011, 2),
        (100, 0.02, 4),
        (5_000, 0.02, 4),
        (1, 60.0, 1),
        (3, 60.0, 3),
    ],
)
def test_each_job_is_worth_its_requests(circuits, per_circuit, jobs):
    """Half a second at least, four jobs at most, and a circuit in each."""
    assert parts(circuits, per_circuit) == jobs
