"""Prices of jobs: queries of the API and their answers, as values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.cloud.http.values import number, shown
from pennylane_qstore.cloud.submitting.packing import Job
from pennylane_qstore.errors import CloudError, DryRun

_LONGEST_UNIT = 20  # characters


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money.

    Attributes:
        value: in the unit
        unit: of the contract, such as "usd" or "credit"
    """

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:.2f} {self.unit}"


def question(job: Job, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the query of ``GET /jobs/estimate`` for a job: its gates, of all its circuits.

    Args:
        job: that would be sent
        settings: the fields of its POST
    """
    mitigation = settings.get("settings", {}).get("error_mitigation", {})
    one, more = (sum(counts[kind] for counts in job.gates) for kind in (0, 1))
    return [
        ("backend", str(settings["backend"])),
        ("type", "ionq.multi-circuit.v1" if len(job.circuits) > 1 else "ionq.circuit.v1"),
        ("qubits", str(job.qubits)),
        ("shots", str(job.shots or 1)),
        ("1q_gates", str(one)),
        ("2q_gates", str(more)),
        ("error_mitigation", "true" if any(mitigation.values()) else "false"),
    ]


def estimated(answer: Any) -> Price:
    """Return the price in an answer of ``GET /jobs/estimate``, in its present or older form.

    Raises:
        CloudError: there is no price in it
    """
    fields = answer if isinstance(answer, Mapping) else {}
    value = fields.get("estimated_total_cost", fields.get("estimated_cost"))
    price = _price(value, fields.get("estimated_unit", fields.get("cost_unit")))
    if price is None:
        raise CloudError(f"GET /jobs/estimate answered no price: {shown(answer)}")
    return price


def charged(answer: Any, *, estimate: bool = False) -> Price | None:
    """Return the price in an answer of ``GET /jobs/{id}/cost``, or None if there is none yet.

    Args:
        answer: of the API
        estimate: whether IonQ's estimate counts, as for a dry run
    """
    fields = answer if isinstance(answer, Mapping) else {}
    price = fields.get("estimated_cost" if estimate else "cost")
    return _price(price.get("value"), price.get("unit")) if isinstance(price, Mapping) else None


def total(prices: Iterable[Price]) -> Price:
    """Return the sum of prices, which are in one unit.

    Raises:
        CloudError: they are not
    """
    prices = list(prices)
    units = {price.unit for price in prices}
    if len(units) > 1:
        raise CloudError(f"prices in more than one unit can't be added: {', '.join(sorted(units))}")
    return Price(sum(price.value for price in prices), units.pop() if units else "usd")


def dry_run(price: Price, job_ids: Sequence[str]) -> DryRun:
    """Return the error that says that nothing ran, and what it would cost.

    Args:
        price: of all dry jobs
        job_ids: IonQ's
    """
    return DryRun(
        f"nothing ran: it would cost {price}; dry jobs: {', '.join(job_ids)}",
        price=price.value,
        unit=price.unit,
        job_ids=job_ids,
    )


def _price(value: Any, unit: Any) -> Price | None:
    amount = number(value)
    if amount is None or amount < 0 or not isinstance(unit, str | None):
        return None
    return Price(amount, (unit or "usd")[:_LONGEST_UNIT])
