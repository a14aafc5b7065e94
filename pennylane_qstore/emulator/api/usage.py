"""What an organization used by day, week or month, summed over its finished jobs."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pennylane_qstore.emulator.api.view import charged
from pennylane_qstore.emulator.service.jobs import Job
from pennylane_qstore.emulator.service.settings import PROJECT_ID, SUBMITTER_ID

MODALITIES = ("daily", "weekly", "monthly")
GROUPS = ("job", "project", "user")


def usage(
    jobs: Iterable[Job],
    organization: str,
    span: tuple[date, date],
    group_by: str,
    modality: str,
) -> dict[str, Any]:
    """Build the answer to GET /organizations/{org}/usage.

    Args:
        jobs: all jobs of the server
        organization: the id in the path
        span: the first and the last day
        group_by: one of `GROUPS`
        modality: one of `MODALITIES`

    Returns:
        The body, a JSON object.
    """
    first, last = span
    periods: dict[date, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.status == "completed" and not job.order.dry_run:
            day = datetime.fromtimestamp(job.moments["ended"], UTC).date()
            if first <= day <= last:
                periods[_start(day, modality)].append(job)
    spent = [job for period in periods.values() for job in period]
    return {
        "organization": organization,
        "group_type": group_by,
        "modality": modality,
        "usage_from": f"{first}T00:00:00Z",
        "usage_to": f"{last}T00:00:00Z",
        "usage_unit": "usd",
        "amount_total": _amount(spent),
        "amount_totals": [{"amount": _amount(spent), "unit": "usd"}],
        "job_count": len(spent),
        "time_us_total": _time_us(spent),
        "usage_data": [_period(day, periods[day], group_by, modality) for day in sorted(periods)],
    }


def _start(day: date, modality: str) -> date:
    if modality == "monthly":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if modality == "weekly" else day


def _end(day: date, modality: str) -> date:
    if modality == "monthly":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if modality == "weekly" else 1)


def _period(day: date, jobs: list[Job], group_by: str, modality: str) -> dict[str, Any]:
    groups: dict[tuple[str, str | None], list[Job]] = defaultdict(list)
    for job in jobs:
        key = {
            "job": (job.id, job.order.name),
            "project": (PROJECT_ID, "Emulator"),
            "user": (SUBMITTER_ID, "Emulator"),
        }[group_by]
        groups[key].append(job)
    return {
        "from": f"{day}T00:00:00Z",
        "to": f"{_end(day, modality)}T00:00:00Z",
        **_sums(jobs),
        "group_usages": [
            {"group_id": group_id, "group_name": name or "", **_sums(members)}
            for (group_id, name), members in groups.items()
        ],
    }


def _sums(jobs: list[Job]) -> dict[str, Any]:
    return {
        "job_count": len(jobs),
        "amount": _amount(jobs),
        "amount_unit": "usd",
        "time_us": _time_us(jobs),
    }


def _amount(jobs: list[Job]) -> float:
    return round(sum(map(charged, jobs)), 2)


def _time_us(jobs: list[Job]) -> int:
    return round(1e6 * sum(job.moments["ended"] - job.moments["started"] for job in jobs))
