"""Many large jobs, one after the other: memory stays where it is."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.journal.journal import Journal, account
from pennylane_qstore.cloud.submitting import packing
from tests.cloud.test_client import KEY, phases

CIRCUITS, JOBS, WARM = 5_000, 20, 6


def memory():
    """What this process holds, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_twenty_full_jobs_leave_nothing_behind(ionq, virtual, tmp_path):
    """After the first few, each job gives back what it took."""
    client = Client(ionq.url, KEY, journal=Journal(tmp_path / "j", account(ionq.url, KEY)))
    values = np.linspace(0.0, 0.9, CIRCUITS)
    held = []
    for _ in range(JOBS):
        jobs = packing.pack([(phases(values), 100)])
        waiting = client.run(jobs, {"backend": "simulator"}, max_wait=600, listener=lambda _: None)
        assert len(virtual.run(waiting)) == CIRCUITS
        ionq.forget()
        held.append(memory())
    virtual.run(client.close())
    # A leak of the outcomes alone would be more than 20 MB.
    assert held[-1] - held[WARM] < 10e6, held
