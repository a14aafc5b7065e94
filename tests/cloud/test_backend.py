"""What the API says of machines, checked where it comes in."""

import pytest

from pennylane_qstore.cloud.backend import Fidelities, characterized
from pennylane_qstore.errors import CloudError


def characterization(date="2026-06-16T00:00:00Z", **medians):
    medians = {"1q": 0.9998, "2q": 0.995, "spam": 0.99} | medians
    fidelity = {part: {"median": median, "stderr": None} for part, median in medians.items()}
    return {"date": date, "fidelity": fidelity}


def test_the_last_characterization_counts():
    """Whatever order they come in."""
    listed = [
        characterization("2026-05-01T00:00:00Z", spam=0.9),
        characterization("2026-06-01T00:00:00.500Z", spam=0.8),
        characterization("2025-12-01T00:00:00Z", spam=0.7),
    ]
    assert characterized({"characterizations": listed, "pages": 1}) == Fidelities(
        0.9998, 0.995, 0.8
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"characterizations": None},
        {"characterizations": []},
        {"characterizations": [characterization(**{"2q": None})]},
        {"characterizations": [{"date": "2026-06-16T00:00:00Z", "fidelity": None}]},
    ],
)
def test_what_is_not_told_is_none(answer):
    """A missing median is no fidelity of one."""
    assert characterized(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"characterizations": 3},
        {"characterizations": ["x"]},
        {"characterizations": [{"fidelity": {}}]},
        {"characterizations": [characterization(spam=1.5)]},
        {"characterizations": [characterization(spam="good")]},
        {"characterizations": [characterization("yesterday")]},
    ],
)
def test_nonsense_is_an_error_that_shows_it(answer):
    """An answer that the API doesn't promise is not taken for a number."""
    with pytest.raises(CloudError, match="characterizations"):
        characterized(answer)


def test_a_circuits_fidelity_is_a_product():
    """Of one-qubit gates, two-qubit gates and qubits."""
    assert Fidelities(0.5, 0.25, 0.75).of(2, 1, 3) == pytest.approx(0.25 * 0.25 * 0.75**3)
