"""``qstore estimate``."""

import pytest

from pennylane_qstore.cli import commands


@pytest.fixture
def shell(ionq, monkeypatch, capsys):
    """Runs a command line: its exit code and what it says."""
    monkeypatch.setenv("IONQ_API_KEY", "secret")
    monkeypatch.setenv("IONQ_API_URL", ionq.url)

    def shell(**changes):
        asked = {
            "backend": "qpu.forte-1",
            "gates1": 40,
            "gates2": 6,
            "qubits": 4,
            "shots": 1000,
            **changes,
        }
        code = commands.main(
            [
                "estimate",
                *(word for key, value in asked.items() for word in (f"--{key}", f"{value}")),
            ]
        )
        told = capsys.readouterr()
        return code, told.out + told.err

    return shell


def test_the_price_of_a_batch_is_told(shell, ionq):
    """IonQ's estimate of all gates of all circuits: here a thousandth of each and of each shot."""
    code, told = shell(circuits=20)
    price = 1000 * 20 * (40 + 10 * 6) / 1000
    assert (code, told.splitlines()) == (
        0,
        [f"{price:.2f} usd for 20 circuits of 1000 shots in 1 job on qpu.forte-1"],
    )
    (query,) = [query for query in ionq.queries if "1q_gates" in query]
    assert (query["1q_gates"], query["2q_gates"], query["qubits"]) == ("800", "120", "4")
    assert ionq.jobs == {}


def test_what_is_more_than_a_job_takes_is_several(shell, ionq):
    """150,000 gates are 3,260 circuits of these."""
    assert "in 2 jobs" in shell(circuits=4_000)[1]
    counted = [int(query["2q_gates"]) for query in ionq.queries if "1q_gates" in query]
    assert sorted(counted) == [740 * 6, 3260 * 6]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shots": 0}, "1000000"),
        ({"shots": 1_000_001}, "1000000"),
        ({"gates1": -1}, "use 0 to"),
        ({"gates2": 150_000}, "150000 gates"),
        ({"circuits": 0}, "at least 1"),
        ({"qubits": 40}, "36 qubits"),
        ({"backend": "qpu.forte-9"}, "unknown to IonQ"),
        ({"backend": "emulator"}, "emulator"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(shell, changes, said):
    """And nothing is asked."""
    code, told = shell(**changes)
    assert code == 1
    assert said in told
    assert len(told.splitlines()) == 1
