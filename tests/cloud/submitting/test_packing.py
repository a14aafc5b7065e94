"""Packing programs under the API's limits."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.cloud.submitting import packing
from pennylane_qstore.errors import CompileError
from pennylane_qstore.options import Options
from pennylane_qstore.programs.program import Gate, Programs


def programs(circuits, gates=1, qubits=1):
    structure = (Gate("gpi", (0,)),) * gates
    numbers = np.linspace(-1, 1, circuits * gates).reshape(circuits, gates)
    return Programs("native", qubits, structure, numbers)


def test_equal_shots_share_a_job():
    """Tapes of equal shots are one job, in their order; others get their own."""
    jobs = packing.pack([(programs(2), 100), (programs(1), 200), (programs(3), 100)])
    assert [(each.shots, each.indices) for each in jobs] == [(100, (0, 1, 3, 4, 5)), (200, (2,))]


@given(
    st.lists(
        st.tuples(st.integers(1, 4000), st.integers(1, 60), st.sampled_from([100, 200])),
        min_size=1,
        max_size=4,
    )
)
def test_no_job_is_over_a_limit_and_no_circuit_is_lost(batch):
    """Jobs hold every circuit once, and keep to the circuits, gates and bytes of the API."""
    jobs = packing.pack([(programs(circuits, gates), shots) for circuits, gates, shots in batch])
    total = sum(circuits for circuits, _, _ in batch)
    assert sorted(index for each in jobs for index in each.indices) == list(range(total))
    gates_of = np.repeat([gates for _, gates, _ in batch], [circuits for circuits, _, _ in batch])
    for each in jobs:
        assert len(each.circuits) <= 5_000
        assert gates_of[list(each.indices)].sum() <= 150_000
        assert len(each.body({"backend": "simulator"})) <= 10_000_000


def long_programs(circuits, gates, pairs=((0, 1),)):
    """Circuits of MS gates, which take more than a hundred bytes each."""
    structure = tuple(Gate("ms", pairs[place % len(pairs)]) for place in range(gates))
    numbers = np.random.default_rng(1).uniform(0, 0.25, (circuits, 3 * gates))
    return Programs("native", 1 + max(map(max, pairs)), structure, numbers)


@pytest.mark.parametrize(
    ("circuits", "gates", "pairs"),
    [(140, 1_000, ((0, 1),)), (14, 10_000, ((0, 1), (10, 35))), (4_900, 30, ((34, 35),))],
)
def test_a_jobs_body_stays_below_the_limit_of_bytes(circuits, gates, pairs):
    """Where the gates would fit and their text doesn't, it is cut, no more than needed."""
    whole = long_programs(circuits, gates, pairs)
    jobs = packing.pack([(whole, 100)])
    sizes = [len(each.body({"backend": "simulator"}).encode()) for each in jobs]
    assert [index for each in jobs for index in each.indices] == list(range(circuits))
    assert circuits * gates < packing.MAX_GATES
    assert max(sizes) <= 10_000_000
    assert sum(sizes[:2]) > packing.MAX_BYTES
    for job, following in itertools.pairwise(jobs):
        assert sum(map(len, (*job.circuits, following.circuits[0]))) > packing.MAX_BYTES - 100_000


def test_a_circuit_that_fits_no_job_is_refused():
    """A circuit over a limit by itself is an error before anything is sent."""
    with pytest.raises(CompileError, match="150001 gates"):
        packing.pack([(programs(1, gates=150_001), 100)])
    with pytest.raises(CompileError, match=r"circuit 2 has 100000 gates in 1[0-9]{7} bytes"):
        packing.pack([(programs(2), 100), (long_programs(1, 100_000), 100)])


def test_a_body_is_the_documented_json():
    """The POST has the API's fields, and phases modulo one turn."""
    options = Options(
        backend="simulator",
        api_key="k",
        noise_model="aria-1",
        noise_seed=7,
        error_mitigation={"debiasing": False},
        session_id="s",
        job_name="a name",
        metadata={"run": "1"},
    )
    batch = Programs(
        "native",
        2,
        (Gate("gpi2", (1,)), Gate("ms", (0, 1)), Gate("zz", (1, 0))),
        np.array([[0.375, 0.1, -0.2, 0.25, 1e-17], [0.5, 0, 0, 0.125, 0.25]]),
    )
    (only,) = packing.pack([(batch, 500)])
    assert json.loads(only.body(packing.settings(options))) == {
        "type": "ionq.multi-circuit.v1",
        "backend": "simulator",
        "shots": 500,
        "name": "a name",
        "metadata": {"run": "1"},
        "session_id": "s",
        "settings": {"error_mitigation": {"debiasing": False}},
        "noise": {"model": "aria-1", "seed": 7},
        "input": {
            "gateset": "native",
            "qubits": 2,
            "circuits": [
                {
                    "circuit": [
                        {"gate": "gpi2", "target": 1, "phase": 0.375},
                        {"gate": "ms", "targets": [0, 1], "phases": [0.1, 0.8], "angle": 0.25},
                        {"gate": "zz", "targets": [1, 0], "angle": 0.0},
                    ]
                },
                {
                    "circuit": [
                        {"gate": "gpi2", "target": 1, "phase": 0.5},
                        {"gate": "ms", "targets": [0, 1], "phases": [0, 0], "angle": 0.125},
                        {"gate": "zz", "targets": [1, 0], "angle": 0.25},
                    ]
                },
            ],
        },
    }


def test_no_shots_are_sent_where_there_are_none():
    """An exact job doesn't say shots, which the simulator would ignore."""
    (only,) = packing.pack([(programs(1), None)])
    assert "shots" not in json.loads(only.body({"backend": "simulator"}))
