"""Decide which backend a job goes to: functions of values, no I/O."""

from collections.abc import Collection, Sequence

from pennylane_qstore.fleet.member import BackendStatus

# Seconds for which a submit is tried where there is another backend to go to.
PATIENCE = 30.0
# Seconds that a circuit is taken to run where nothing is known: of the size that users report.
PER_CIRCUIT = 1.0


def share(
    jobs: Sequence[tuple[int, Collection[int]]], members: Sequence[BackendStatus]
) -> list[int | None]:
    """Shares jobs out: each goes where it is expected to end first.

    Among the members that can take a job, those of the best tier count: quantum computers, else
    simulators, else the fallback. The largest jobs choose first. A member is expected to begin
    when its queue is over, and to run what it was given one job after the other, at the pace of its
    earlier jobs; where there were none, at the mean pace of those in its tier. Where two are
    equal, the one that is listed first gets the job.

    This is longest-processing-time-first list scheduling: R. L. Graham, "Bounds on multiprocessing
    timing anomalies", SIAM J. Appl. Math. 17 (1969), 416.

    Args:
        jobs: of each, how many circuits it has, and the members that can take it
        members: what is known of each

    Returns:
        the member of each job, None where there is none that can take it
    """
    pace = _paces(members)
    free = [member.queue for member in members]
    found: list[int | None] = [None] * len(jobs)
    for place in sorted(range(len(jobs)), key=lambda place: -jobs[place][0]):
        circuits, able = jobs[place]
        best = min((members[i].tier for i in able), default=None)
        ends = {i: free[i] + circuits * pace[i] for i in sorted(able) if members[i].tier == best}
        if ends:
            chosen = min(ends, key=ends.__getitem__)
            found[place], free[chosen] = chosen, ends[chosen]
    return found


def _paces(members: Sequence[BackendStatus]) -> list[float]:
    """Return the seconds that a circuit is taken to run on each member."""
    paces = []
    for member in members:
        alike = [each.per_circuit for each in members if each.tier == member.tier]
        known = [pace for pace in alike if pace is not None]
        mean = sum(known) / len(known) if known else PER_CIRCUIT
        paces.append(mean if member.per_circuit is None else member.per_circuit)
    return paces


def next_backend(
    tried: Sequence[int], able: Collection[int], members: Sequence[BackendStatus]
) -> int | None:
    """Return the member that a job goes to when others couldn't run it, or None.

    What was on a simulator never goes to a quantum computer, which costs money.

    Args:
        tried: members that couldn't, at least one; the first is where the job was sent at first
        able: the members that can take it
        members: what is known of each
    """
    began_on_qpu = members[tried[0]].on_qpu
    left = [i for i in able if i not in tried and (began_on_qpu or not members[i].on_qpu)]
    return share([(1, left)], members)[0]
