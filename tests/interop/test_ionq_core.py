"""IonQ's own client, ionq-core: its models parse every answer."""

import asyncio
import datetime
import json
import uuid
import warnings

import pytest
from ionq_core import (
    IonQClient,
    IonQError,
    JobFailedError,
    RateLimitError,
    SessionManager,
    aiter_jobs,
    async_wait_for_job,
    iter_jobs,
    models,
    wait_for_job,
)
from ionq_core.api.backends import get_backend, get_backends
from ionq_core.api.characterizations import (
    get_characterization,
    get_characterizations_for_backend,
)
from ionq_core.api.default import (
    cancel_job,
    cancel_jobs,
    clone_job,
    create_job,
    delete_job,
    delete_jobs,
    estimate_job_cost,
    get_job,
    get_job_artifact,
    get_job_cost,
    get_job_probabilities,
    get_session_jobs,
    get_sessions,
    move_job,
)
from ionq_core.api.schemas import get_format_schema
from ionq_core.api.usage import get_usages
from ionq_core.api.whoami import get_whoami

from tests.emulator.conftest import BELL, multi, single

NATIVE = [
    {"gate": "gpi2", "target": 0, "phase": 0.25},
    {"gate": "zz", "targets": [0, 1], "angle": 0.25},
]
QPU = "qpu.forte-1"


def client_of(api):
    """ionq-core's client."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it warns of http
        return IonQClient(api_key="test", base_url=api.url)


@pytest.fixture
def client(api):
    """A client of an emulator with its options left alone."""
    with client_of(api) as client:
        yield client


def model_of(body):
    """A body by the client's own model of it."""
    single_or_multi = (
        models.JSONMultiCircuitJob if "multi" in body["type"] else models.CircuitJobCreationPayload
    )
    return single_or_multi.from_dict(body)


def submit(client, body):
    """Submits by the client's own models."""
    answer = create_job.sync(client=client, body=model_of(body))
    assert isinstance(answer, models.JobCreationResponse)
    assert answer.status == "submitted"
    return answer.id


def run(client, body):
    """Submits and waits."""
    return wait_for_job(client, submit(client, body), poll_interval=0.01)


class TestJobs:
    def test_a_single_job(self, client):
        """Its models parse a job, its results and its cost."""
        job = run(client, single(BELL, qubits=2, name="bell", shots=100, settings={}))
        assert type(job).__name__ == "SingleCircuitJob"
        assert (job.status, job.name, job.stats.qubits) == ("completed", "bell", 2)
        found = get_job_probabilities.sync(uuid=job.id, client=client)
        assert found.to_dict() == {"0": 0.5, "3": 0.5}
        assert get_job_cost.sync(uuid=job.id, client=client).cost.value == 0

    def test_a_native_job(self, client):
        """Native gates run on a QPU."""
        job = run(client, single(NATIVE, "native", qubits=2, backend=QPU, shots=1000))
        found = get_job_probabilities.sync(uuid=job.id, client=client).to_dict()
        assert set(found) == {"0", "1"}
        assert abs(found["0"] - 0.5) < 5 * (0.25 / 1000) ** 0.5
        assert get_job_cost.sync(uuid=job.id, client=client).cost.value == 1.2

    def test_a_multi_job(self, client):
        """Its models parse a parent, its children, and lists of both."""
        parent = run(client, multi([BELL, BELL[:1]], qubits=2))
        assert type(parent).__name__ == "MultiCircuitJob"
        for child_id in parent.child_job_ids:
            child = get_job.sync(uuid=child_id, client=client)
            assert (type(child).__name__, child.parent_job_id) == ("SingleCircuitJob", parent.id)
        assert [job.id for job in iter_jobs(client)] == [parent.id]
        artifact = get_job_artifact.sync_detailed(
            uuid=parent.id, artifact_id="probabilities-aggregate", client=client
        )
        assert list(json.loads(artifact.content)) == parent.child_job_ids

    def test_every_result_format(self, client):
        """Each descriptor's artifact and schema are there."""
        job = run(client, single(BELL, qubits=2, backend=QPU, shots=10))
        descriptors = [each for each in job.results.values() if "format" in each]
        assert len(descriptors) == 6
        for each in descriptors:
            artifact = get_job_artifact.sync_detailed(
                uuid=job.id, artifact_id=each["id"], client=client
            )
            assert artifact.status_code == 200
            assert get_format_schema.sync(format_=each["format"], client=client) is not None

    @pytest.mark.parametrize("model", ["aria-1", "aria-2", "forte-1"])
    def test_noise(self, client, model):
        """Its models parse a noisy job."""
        job = run(client, single(BELL, qubits=2, shots=100, noise={"model": model, "seed": 1}))
        assert (job.noise.model, job.shots) == (model, 100)

    def test_a_dry_run(self, client):
        """A dry run has a price and no results."""
        job = run(client, single(BELL, qubits=2, backend=QPU, dry_run=True))
        assert job.results is None
        assert get_job_cost.sync(uuid=job.id, client=client).estimated_cost.value == 1

    def test_every_status(self, start):
        """Its models parse a job in each status, with the failure of one that failed."""
        faults = ["stuck at=1", "failed at=2 code=QuotaExhaustedError", "canceled at=3"]
        with client_of(start(faults=faults)) as client:
            body = single(BELL, qubits=2)
            ids = [submit(client, body) for _ in range(4)]
            seen = []
            for job_id in ids[1:]:
                job = get_job.sync(uuid=job_id, client=client)
                while job.status not in ("completed", "failed", "canceled"):
                    job = get_job.sync(uuid=job_id, client=client)
                seen.append((job.status, job.failure and job.failure.code))
            assert get_job.sync(uuid=ids[0], client=client).status == "ready"
            assert seen == [
                ("failed", "QuotaExhaustedError"),
                ("canceled", "SystemCancel"),
                ("completed", None),
            ]
            with pytest.raises(JobFailedError, match="QuotaExhaustedError"):
                wait_for_job(client, ids[1])

    def test_ends(self, client):
        """Jobs are canceled and deleted, one and many."""
        job_id, other = (submit(client, single(BELL, qubits=2)) for _ in range(2))
        assert cancel_job.sync(uuid=job_id, client=client).status == "canceled"
        bulk = models.JobsBulkOperationRequest(ids=[job_id])
        assert cancel_jobs.sync(client=client, body=bulk).ids == [job_id]
        assert delete_job.sync(uuid=job_id, client=client).status == "deleted"
        bulk = models.JobsBulkOperationRequest(ids=[other])
        assert delete_jobs.sync(client=client, body=bulk).ids == [other]
        with pytest.raises(IonQError):
            get_job.sync(uuid=job_id, client=client)

    def test_clones(self, client):
        """Jobs are cloned and moved."""
        job = run(client, single(BELL, qubits=2))
        change = models.CloneJobPayload(name="again", shots=7, backend=QPU)
        for action in (clone_job, move_job):
            made = action.sync(uuid=job.id, client=client, body=change)
            again = wait_for_job(client, made.id, poll_interval=0.01)
            assert (again.name, again.shots, again.backend) == ("again", 7, QPU)


class TestAccount:
    def test_what_needs_no_job(self, client):
        """Its models parse backends, characterizations, estimates and the key's owner."""
        names = {backend.backend for backend in get_backends.sync(client=client)}
        assert {"simulator", QPU} <= names
        one = get_backend.sync(backend=QPU, client=client)
        found = get_characterizations_for_backend.sync(backend=QPU, client=client)
        assert str(found.characterizations[0].id) == str(one.characterization_id)
        same = get_characterization.sync(
            backend=QPU, uuid=str(one.characterization_id), client=client
        )
        assert same.qubits == 36
        estimate = estimate_job_cost.sync(client=client, backend=QPU)
        assert estimate.estimated_total_cost == 1
        assert isinstance(get_whoami.sync(client=client).key_id, uuid.UUID)

    def test_sessions(self, client):
        """Its session manager begins a session and ends it."""
        with SessionManager(client, QPU, max_jobs=2, max_time=5, max_cost=10) as session:
            body = single(BELL, qubits=2, backend=QPU, session_id=session.session_id)
            job = run(client, body)
            assert session.status() == "started"
            (listed,) = get_session_jobs.sync(session.session_id, client=client).jobs
            assert listed.id == job.id
        assert session.status() == "ended"
        assert len(get_sessions.sync(client=client).sessions) == 1

    def test_usage(self, client):
        """Its models parse what was used."""
        run(client, single(BELL, qubits=2, backend=QPU))
        today = datetime.datetime.now(datetime.UTC).date()
        day = datetime.timedelta(days=1)
        told = get_usages.sync(
            "org",
            client=client,
            start_date=today - day,
            end_date=today + day,
            group_by="job",
            modality="daily",
        )
        assert (told.job_count, told.amount_total) == (1, 1.0)
        assert told.usage_data[0].group_usages[0].job_count == 1


class TestTrouble:
    def test_a_rate_limit(self, start):
        """It waits as long as it is told, and gives up with that in its error."""
        with client_of(start(faults=['429 at=1 on="GET /whoami" retry-after=1'])) as client:
            assert get_whoami.sync(client=client).key_name == "Emulator"
        with client_of(start(faults=["429 retry-after=0"])) as client:
            with pytest.raises(RateLimitError) as caught:
                get_whoami.sync(client=client)
            assert caught.value.retry_after == 0

    @pytest.mark.parametrize("status", [500, 503, 520])
    def test_an_error_that_passes(self, start, status):
        """It tries again after a server's error."""
        with client_of(start(faults=[f"{status} at=1"])) as client:
            assert get_whoami.sync(client=client).key_name == "Emulator"


def test_async(api):
    """The asynchronous half runs, waits and lists."""

    async def session():
        async with client_of(api) as client:
            made = await asyncio.gather(
                *(
                    create_job.asyncio(client=client, body=model_of(single(BELL, qubits=2)))
                    for _ in range(3)
                )
            )
            jobs = await asyncio.gather(
                *(async_wait_for_job(client, each.id, poll_interval=0.01) for each in made)
            )
            assert {job.status for job in jobs} == {"completed"}
            found = await get_job_probabilities.asyncio(uuid=jobs[0].id, client=client)
            assert found.to_dict() == {"0": 0.5, "3": 0.5}
            listed = [job.id async for job in aiter_jobs(client)]
            assert set(listed) == {job.id for job in jobs}
            async with SessionManager(client, QPU) as session:
                assert (await session.async_status()) == "created"

    asyncio.run(session())
