"""A finished job's answers: where they are asked for, and what isn't believed."""

import asyncio

import pytest

from pennylane_qstore.cloud.client import Client
from pennylane_qstore.cloud.results import results
from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.errors import CloudError, JobError, RejectedError
from tests.cloud.test_client import KEY, phases, programs
from tests.scripted import error, reply

OLD = {"probabilities": {"url": "/v0.4/jobs/{id}/results/probabilities{all}"}}
NEW = {
    "ionq.result.probabilities{-all}.json.v1": {
        "id": "probabilities{-all}",
        "format": "ionq.result.probabilities{-all}.json.v1",
        "media_type": "application/json",
    }
}
LINKS = {"old": OLD, "new": NEW, "both": OLD | NEW, "none": {}, "null": None}


def links(style, circuits):
    """The links of job-0, in one of the generations that servers send."""
    many = circuits > 1
    text = repr(LINKS[style]).replace("{id}", "job-0")
    text = text.replace("{all}", "/aggregated" if many else "")
    return eval(text.replace("{-all}", "-aggregate" if many else ""))


@pytest.fixture
def fetched(ionq, virtual):
    """The probabilities of 1 that circuits with such first phases get."""

    def fetched(values, max_wait=600.0, **options):
        async def run():
            client = Client(ionq.url, KEY)
            jobs = packing.pack([(phases(values), 1_000)])
            settings = {"backend": "qpu.forte-1"}
            try:
                return await client.run(
                    jobs, settings, max_wait=max_wait, listener=lambda _: None, **options
                )
            finally:
                await client.close()

        ionq.telling = True
        outcomes = virtual.run(run())
        return [float(outcomes[i].weights[outcomes[i].states == 1].sum()) for i in sorted(outcomes)]

    return fetched


def read_by(ionq):
    """Path and query of each request for results."""
    pairs = zip(ionq.requests, ionq.queries, strict=True)
    wanted = ("/results", "/artifacts")
    return [(path, query) for (_, path), query in pairs if any(part in path for part in wanted)]


@pytest.mark.parametrize("style", LINKS)
@pytest.mark.parametrize("circuits", [1, 3])
def test_results_are_found_whatever_links_there_are(ionq, fetched, style, circuits):
    """Old links, artifacts, both, or none: with one request."""
    values = [0.2, 0.5, 0.7][:circuits]
    ionq.predictions = {"results": links(style, circuits)}
    if style == "new":  # the other routes are the scripted server's own
        body = {f"job-0-child-{i}": {"0": 1 - v, "1": v} for i, v in enumerate(values)}
        name = "probabilities-aggregate" if circuits > 1 else "probabilities"
        only = {"0": 0.8, "1": 0.2}
        ionq.script(
            "GET", f"/jobs/job-0/artifacts/{name}", reply(body=body if circuits > 1 else only)
        )
    assert fetched(values) == pytest.approx(values)
    assert len(read_by(ionq)) == 1


@pytest.mark.parametrize("style", LINKS)
@pytest.mark.parametrize("circuits", [1, 3, 60])
@pytest.mark.parametrize("sharpen", [True, False])
def test_sharpening_is_asked_of_the_results_that_have_it(ionq, fetched, style, circuits, sharpen):
    """Of the job's own results, or of each child's; never of a link or an artifact."""
    values = [(i + 1) / 100 for i in range(circuits)]
    ionq.predictions = {"results": links(style, circuits)}
    assert fetched(values, sharpen=sharpen) == pytest.approx(values)
    ids = ["job-0"] if circuits == 1 else [f"job-0-child-{i}" for i in range(circuits)]
    expected = [f"/jobs/{each}/results/probabilities" for each in ids]
    assert sorted(path for path, _ in read_by(ionq)) == sorted(expected)
    assert all(query == {"sharpen": str(sharpen).lower()} for _, query in read_by(ionq))


@pytest.mark.parametrize("status", [400, 404, 405, 410])
@pytest.mark.parametrize("circuits", [1, 3])
def test_a_server_without_sharpened_results_is_a_refusal(ionq, fetched, status, circuits):
    """In words that say what to do; what is not sharpened is never given instead."""
    child = "job-0" if circuits == 1 else "job-0-child-0"
    ionq.script("GET", f"/jobs/{child}/results/probabilities", *[error(status, "no")] * 9)
    with pytest.raises(
        RejectedError, match=r"with sharpen=true.*ask again with sharpen=None"
    ) as caught:
        fetched([0.1] * circuits, sharpen=True, max_wait=30.0)
    assert caught.value.job_ids == ("job-0",)


def test_a_child_without_a_sharpened_result_loses_only_its_own(ionq, fetched):
    """The others are in the error."""
    ionq.fates.append({"failed": {1}})
    with pytest.raises(JobError, match="the trap was empty") as caught:
        fetched([0.1, 0.2, 0.3], sharpen=True)
    assert sorted(caught.value.partial) == [0, 2]


OTHERS = [
    "/v0.4/jobs/job-9/results/probabilities",
    "/v0.4/jobs/job-0/../job-9/results/probabilities",
    "/v0.4/jobs/job-0/../../whoami",
    "/v0.4/jobs/job-0/results/../../../sessions",
    "/v0.4/jobs/job-0/./results/probabilities",
    "/v0.4/jobs/job-0/%2e%2e/whoami",
    "/v0.4/jobs/job-0//evil.example/results",
    "/v0.4/jobs/job-0/results/probabilities?to=other",
    "/v0.4/jobs/job-0/results/probabilities#x",
    "//evil.example/v0.4/jobs/job-0/results/probabilities",
    "https://evil.example/v0.4/jobs/job-0/results/probabilities",
    "/v0.4/sessions",
    "/v0.4/jobs/job-0",
    "/v0.4/jobs/job-0/",
    "/v0.4/jobs/../jobs/job-0/results/probabilities",
    "\\\\evil.example\\jobs",
    5,
    None,
    ["/v0.4/jobs/job-0/results/probabilities"],
]


@pytest.mark.parametrize("url", OTHERS, ids=str)
def test_a_link_that_leads_elsewhere_is_not_followed(url):
    """The documented place is asked instead."""
    record = {"id": "job-0", "results": {"probabilities": {"url": url}}}
    assert results.path_of(record, many=False) == "/jobs/job-0/results/probabilities"
    assert results.path_of(record, many=True) == "/jobs/job-0/results/probabilities/aggregated"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../x", "%2e%2e", "a?b", "ü", 7, None, []])
def test_an_artifact_that_leads_elsewhere_is_not_followed(name):
    """An id is one part of an address."""
    record = {"id": "job-0", "results": {"ionq.result.probabilities.json.v1": {"id": name}}}
    assert results.path_of(record, many=False) == "/jobs/job-0/results/probabilities"


ODD = [
    ["job-0-child-0", "job-0-child-1", "job-0-child-1"],
    ["job-0-child-0", "job-0-child-0"],
    ["job-0-child-0", "job-0-child-1", "job-0-child-2"],
    ["job-0-child-0"],
    ["job-0-child-0", ".."],
    ["job-0-child-0", "../../whoami"],
    ["job-0-child-0", "x/y"],
    ["job-0-child-0", "x?y"],
    ["job-0-child-0", ""],
    ["job-0-child-0", None],
    ["job-0-child-0", 5],
    ["job-0-child-0", ["a"]],
    ["job-0-child-0", "x" * 10_000],
    [],
    "ab",
    {"a": 1, "b": 2},
    None,
]


@pytest.mark.parametrize("children", ODD, ids=lambda each: repr(each)[:60])
def test_children_that_are_not_one_a_circuit_are_no_answer(ionq, fetched, children):
    """Asked again, then an error of ours; no address is made of what is no id."""
    ionq.script("GET", "/jobs/job-0", *[_with(ionq, child_job_ids=children)] * 9)
    with pytest.raises(CloudError, match=r"job-0 has .* children for 2 circuits") as caught:
        fetched([0.1, 0.2])
    assert caught.value.job_ids == ("job-0",)
    assert {path.split("/")[1] for _, path in ionq.requests} <= {"backends", "jobs"}
    assert all(".." not in path and "whoami" not in path for _, path in ionq.requests)


def _with(ionq, **fields):
    """The honest record of job-0, with some fields of it changed."""

    def changed():
        return reply(body={**ionq._record("job-0", whole=True), **fields})()

    return changed


@pytest.mark.parametrize("stranger", ["job-9", "", 5, ["job-0"], {"id": "job-0"}, "job-0 "])
@pytest.mark.parametrize("circuits", [1, 2])
def test_an_answer_about_another_job_is_not_believed(ionq, fetched, stranger, circuits):
    """Asked again, a few times; then an error that names both."""
    ionq.script("GET", "/jobs/job-0", *[_with(ionq, id=stranger)] * 99)
    with pytest.raises(CloudError, match="asked for job job-0") as caught:
        fetched([0.1] * circuits)
    assert caught.value.job_ids == ("job-0",)
    assert 2 <= ionq.count("GET", "/jobs/job-0") <= 6


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_about_another_job_for_once_is_forgiven(ionq, fetched, times):
    """The next one is the right one."""
    ionq.script("GET", "/jobs/job-0", *[_with(ionq, id="job-9", status="failed")] * times)
    assert fetched([0.3]) == pytest.approx([0.3])


def test_a_child_that_answers_as_another_is_not_believed(ionq, fetched):
    """Where children are asked for one by one, each must be itself."""
    ionq.fates.append({"missing": {0}})
    other = reply(body={"id": "job-0-child-1", "status": "completed"})
    ionq.script("GET", "/jobs/job-0-child-0", *[other] * 9)
    with pytest.raises(JobError, match="job-0-child-0 has no result") as caught:
        fetched([0.1, 0.2])
    assert list(caught.value.partial) == [1]


@pytest.mark.parametrize("circuits", [2, 40, 200])
@pytest.mark.parametrize("max_wait", [3.0, 10.0])
def test_a_deadline_holds_for_children_without_sense(ionq, virtual, fetched, circuits, max_wait):
    """They are asked together, and no longer than there is time."""
    ionq.fates.append({"missing": set(range(circuits))})
    ionq.script("GET", "/jobs/*", _with(ionq), *[reply(body={"0": "?"})] * 9_999)
    begun = virtual.time()
    with pytest.raises((JobError, CloudError)):
        fetched([0.1] * circuits, max_wait=max_wait)
    assert virtual.time() - begun <= max_wait + 2.5


@pytest.mark.parametrize("price", [10**400, -1, "12", True, [1], {"a": 1}, 1e300, None])
@pytest.mark.parametrize("unit", ["usd", 5, None, ["usd"], "x" * 1_000_000])
def test_a_cost_without_sense_costs_no_result(ionq, fetched, price, unit):
    """What arrived reaches the caller."""
    body = {"dry_run": False, "cost": {"value": price, "unit": unit}, "estimated_cost": price}
    ionq.script("GET", "/jobs/job-0/cost", reply(body=body))
    assert fetched([0.25]) == pytest.approx([0.25])


@pytest.mark.parametrize("answer", [reply(text="NaN"), reply(text="[" * 90_000), error(500), "x"])
def test_a_cost_that_is_no_json_costs_no_result(ionq, fetched, answer):
    """Nor one that doesn't come."""
    answers = [reply(text='{"cost": {"value": 1e999}}')] if answer == "x" else [answer] * 99
    ionq.script("GET", "/jobs/job-0/cost", *answers)
    assert fetched([0.25]) == pytest.approx([0.25])


def test_a_page_of_children_that_names_itself_is_read_once(ionq, fetched):
    """What a failed job's children gave is looked for no further than the first repetition."""
    ionq.fates.append({"end": "failed"})
    page = reply(body={"jobs": [{"id": "job-7", "status": "completed"}], "next": "again"})
    ionq.script("GET", "/jobs", *[page] * 999)
    with pytest.raises(JobError):
        fetched([0.1, 0.2])
    assert ionq.count("GET", "/jobs") - ionq.count("GET", "/jobs/") == 2


def test_the_answer_of_five_thousand_circuits_passes(ionq, virtual):
    """And so does one of many outcomes."""

    async def run(batch, shots):
        client = Client(ionq.url, KEY)
        jobs = packing.pack([(batch, shots)])
        try:
            return await client.run(
                jobs, {"backend": "simulator"}, max_wait=60.0, listener=lambda _: None
            )
        finally:
            await client.close()

    assert len(virtual.run(run(programs(5_000), 100))) == 5_000
    even = {str(state): 2.0**-17 for state in range(2**17)}
    ionq.script("GET", "/jobs/job-1/results/probabilities", reply(body=even))
    outcomes = virtual.run(run(programs(1, qubits=17), 100))
    assert len(outcomes[0].states) == 2**17
    asyncio.set_event_loop(virtual)
