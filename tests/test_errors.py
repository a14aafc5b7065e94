"""The errors keep their text and what they carry, wherever they are copied or sent."""

import copy
import pickle

import pytest

import pennylane_qstore as qstore

ABOUT = {"status": 500, "job_ids": ["a"], "request_id": "r", "backend": "qpu.forte-1"}
ERRORS = [
    qstore.QStoreError("text"),
    qstore.OptionError("shots", -1, "use more"),
    qstore.CompileError("text"),
    qstore.TemplateFileError("text"),
    qstore.CloudError("text", **ABOUT),
    qstore.UnauthorizedError("text", **ABOUT),
    qstore.RejectedError("text", **ABOUT),
    qstore.RateLimitError("text", retry_after=2.0, **ABOUT),
    qstore.UnavailableError("text", **ABOUT),
    qstore.UnknownOutcomeError("text", **ABOUT),
    qstore.JobError("text", job_id="a", code="InternalError"),
    qstore.DeadlineError("text", job_ids=["a"], waited=1.0),
    qstore.BudgetError("text", estimate=2.0, budget=1.0, committed=0.5),
    qstore.NoBackendError("text", errors={"simulator": ValueError("no")}),
    qstore.DryRun("text", price=1.0, unit="usd", job_ids=["a"]),
    qstore.Interrupted("text", job_ids=["a"]),
]


def test_every_public_error_is_here():
    """No public error is left out below."""
    public = {getattr(qstore, name) for name in qstore.__all__}
    kinds = {each for each in public if isinstance(each, type) and issubclass(each, BaseException)}
    assert {type(error) for error in ERRORS} == kinds


@pytest.mark.parametrize(
    "made", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_copy_has_the_text_and_the_attributes(error, made):
    """A process pool, a thread that raises for another, a log: all say what went wrong."""
    other = made(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert str(error)
    assert vars(other).keys() == vars(error).keys()
    assert getattr(other, "job_ids", None) == getattr(error, "job_ids", None)
