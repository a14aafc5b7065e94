"""What jobs cost, and what is never spent."""

import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.journal.journal import Journal, account
from pennylane_qstore.cloud.submitting import cost, packing
from pennylane_qstore.cloud.submitting.cost import Price
from pennylane_qstore.errors import BudgetError, CloudError, DeadlineError, DryRun
from pennylane_qstore.options import Options
from pennylane_qstore.reporting.events import Completed
from tests.cloud.test_client import KEY, programs
from tests.scripted import error

SETTINGS = {"backend": "qpu.forte-1"}


@pytest.mark.parametrize(
    ("answer", "price"),
    [
        ({"estimated_total_cost": 12.5, "estimated_unit": "usd"}, Price(12.5, "usd")),
        ({"estimated_total_cost": 0, "estimated_unit": "credit"}, Price(0.0, "credit")),
        ({"estimated_cost": 3, "cost_unit": "usd"}, Price(3.0, "usd")),
    ],
)
def test_an_estimate_is_read_in_both_its_forms(answer, price):
    """The one that IonQ documents, and the one before."""
    assert cost.estimated(answer) == price


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"estimated_total_cost": "much"}, {"estimated_total_cost": True}]
)
def test_no_price_is_an_error(answer):
    """A budget is never counted from rubbish."""
    with pytest.raises(CloudError, match="no price"):
        cost.estimated(answer)


def test_a_price_that_is_not_known_yet_is_none():
    """IonQ charges when a job has run; an estimate counts only where it is asked for."""
    answer = {"dry_run": True, "estimated_cost": {"value": 24.83, "unit": "usd"}}
    assert cost.charged(answer) is None
    assert cost.charged(answer, estimate=True) == Price(24.83, "usd")
    assert cost.charged({"cost": {"value": 2, "unit": "usd"}}) == Price(2.0, "usd")


def test_prices_of_two_units_are_not_added():
    """Dollars and credits are no sum."""
    assert cost.total([Price(1, "usd"), Price(2, "usd")]) == Price(3, "usd")
    with pytest.raises(CloudError, match="credit, usd"):
        cost.total([Price(1, "usd"), Price(2, "credit")])


def test_all_circuits_of_a_job_are_asked_for_together():
    """Our own compiled gates, of all circuits, at the job's shots."""
    (only,) = packing.pack([(programs(7), 500)])
    mitigated = {**SETTINGS, "settings": {"error_mitigation": {"debiasing": True}}}
    assert dict(cost.question(only, mitigated)) == {
        "backend": "qpu.forte-1",
        "type": "ionq.multi-circuit.v1",
        "qubits": "1",
        "shots": "500",
        "1q_gates": "7",
        "2q_gates": "0",
        "error_mitigation": "true",
    }


@pytest.mark.parametrize(
    ("mitigation", "is_mitigated"),
    [
        (None, "false"),
        ({}, "false"),
        ({"debiasing": False}, "false"),
        ({"debiasing": False, "symmetry_verification": False}, "false"),
        ({"debiasing": True}, "true"),
        ({"debiasing": False, "symmetry_verification": True}, "true"),
    ],
)
def test_only_what_is_switched_on_is_priced_as_mitigation(mitigation, is_mitigated):
    """A method that is named to be left off costs nothing more."""
    options = Options(backend="qpu.forte-1", api_key=KEY, error_mitigation=mitigation)
    (only,) = packing.pack([(programs(1), 500)])
    asked = dict(cost.question(only, packing.settings(options)))
    assert asked["error_mitigation"] == is_mitigated


@pytest.fixture
def client(ionq, virtual, tmp_path):
    client = Client(ionq.url, KEY, journal=Journal(tmp_path / "j", account(ionq.url, KEY)))
    yield client
    virtual.run(client.close())


@pytest.fixture
def run(client, virtual):
    def run(circuits, budget, *shots):
        jobs = packing.pack([(programs(circuits), each) for each in shots or (1000,)])
        waiting = client.run(jobs, SETTINGS, max_wait=60, listener=run.events.append, budget=budget)
        return virtual.run(waiting)

    run.events = []
    return run


def test_a_batch_over_the_budget_is_not_sent(ionq, run):
    """None of its jobs, also where the first alone would fit."""
    with pytest.raises(BudgetError, match=r"11\.00 usd.*10 usd") as caught:
        run(5, 10.0, 1000, 1200)
    assert caught.value.estimate == 11.0
    assert ionq.jobs == {}


def test_what_was_really_paid_is_counted(ionq, run):
    """Estimates are reserved, and give way to the real cost: here 5 and 1.5."""
    run(5, 10.0)
    run(5, 10.0)
    run(5, 10.0)
    with pytest.raises(BudgetError, match=r"4\.50 is spent"):
        run(6, 10.0)
    assert len(ionq.jobs) == 3
    assert [e.cost for e in run.events if isinstance(e, Completed)] == [1.5] * 3


def test_two_processes_share_a_budget(ionq, run, client, virtual, tmp_path):
    """What one reserves, the other can't spend."""
    other = Journal(tmp_path / "j", account(ionq.url, KEY))
    ionq.script("GET", "/jobs/job-0/cost", *[error(404)] * 3)
    run(8, 10.0)  # its real cost isn't told: the estimate of 8 stays reserved
    assert other.committed(0.0, None) == 8.0
    other.close()
    with pytest.raises(BudgetError):
        run(5, 10.0)


def test_a_budget_without_a_price_sends_nothing(ionq, run):
    """Where IonQ doesn't tell the price, a hard stop stops."""
    ionq.script("GET", "/jobs/estimate", *[error(400)] * 3)
    with pytest.raises(CloudError):
        run(5, 10.0)
    assert ionq.jobs == {}


def test_a_dry_run_is_a_price_and_no_numbers(ionq, client, virtual):
    """The job is submitted as such, and its price is raised, with its id."""
    jobs = packing.pack([(programs(3), 100)])
    settings = {**SETTINGS, "dry_run": True}
    with pytest.raises(DryRun, match=r"1\.50 usd") as caught:
        virtual.run(client.run(jobs, settings, max_wait=60, listener=lambda _: None))
    assert ionq.bodies[0]["dry_run"] is True
    assert (caught.value.price, caught.value.job_ids) == (1.5, ("job-0",))
    assert not any("results" in path for _, path in ionq.requests)


def test_an_estimate_submits_nothing(ionq, client, virtual):
    """The sum of the estimates of all jobs."""
    jobs = packing.pack([(programs(3), 1000), (programs(2), 2000)])
    assert virtual.run(client.estimate(jobs, SETTINGS)) == Price(7.0, "usd")
    assert ionq.jobs == {}


def test_what_is_taken_up_is_not_paid_from_the_budget_again(ionq, client, virtual):
    """A wait that ended goes on, though nothing is left for a new job."""
    ionq.queue = 100.0
    jobs = packing.pack([(programs(8), 1000)])

    def once(max_wait):
        waiting = client.run(
            jobs, SETTINGS, max_wait=max_wait, listener=lambda _: None, budget=10.0
        )
        return virtual.run(waiting)

    with pytest.raises(DeadlineError):
        once(30)
    assert len(once(300)) == 8
    assert len(ionq.jobs) == 1
