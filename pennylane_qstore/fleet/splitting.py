"""Into how many jobs a batch is cut, from what earlier jobs took: a function of values, no I/O."""

import math

# Jobs at most, and the least seconds that each should run: a job has its own requests and check.
MOST, WORTH = 4, 0.5


def parts(circuits: int, per_circuit: float | None) -> int:
    """How many jobs a simulator's batch goes as, so that they run at the same time.

    As many as keep each running for half a second, and four at most. A simulator that runs one job
    after the other takes no longer for it; one that runs several at once is sooner done. A quantum
    computer runs one job at a time, waits for each in its queue, and may have a least price for
    each: its batches are never cut.

    Args:
        circuits: in the batch
        per_circuit: seconds that a circuit of earlier jobs ran, or None where nothing was measured
    """
    if per_circuit is None:
        return 1
    return max(1, min(MOST, math.floor(circuits * per_circuit / WORTH), circuits))
