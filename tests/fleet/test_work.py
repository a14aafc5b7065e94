"""A batch's circuits under indices that are the same for every target."""

import numpy as np
import pennylane as qml
import pytest

from pennylane_qstore.cloud.submitting.packing import MAX_CIRCUITS
from pennylane_qstore.compiler import Target
from pennylane_qstore.fleet.work import Work, parts
from pennylane_qstore.programs.outcomes import Outcomes

ZZ, MS, QIS = Target("zz"), Target("ms"), Target("qis")


def work():
    """Two structures that alternate, one of them broadcast, with a flip at the end of one."""
    one = [qml.tape.QuantumScript([qml.RX(a, 0)], [qml.probs(wires=0)]) for a in (0.1, 0.2)]
    rows = np.array([0.3, 0.4, 0.5])
    many = qml.tape.QuantumScript(
        [qml.RX(rows, 0), qml.CNOT([0, 1]), qml.RY(0.7, 1), qml.X(0)], [qml.probs(wires=[0, 1])]
    )
    return Work([one[0], many, one[1]], None)


def rotations(jobs):
    """The first rotation of each circuit, by its index."""
    return {
        index: circuit.split('"rotation":')[1].split("}")[0]
        for each in jobs
        for index, circuit in zip(each.indices, each.circuits, strict=True)
    }


def test_an_index_is_a_tape_and_its_row():
    """In the order of the tapes, whatever shares a structure."""
    batch = work()
    assert [tuple(place) for place in batch.places] == [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0)]
    found = rotations(batch.jobs(QIS, range(5), MAX_CIRCUITS))
    assert {i: float(angle) for i, angle in found.items()} == {
        0: 0.1,
        1: 0.3,
        2: 0.4,
        3: 0.5,
        4: 0.2,
    }


def test_a_part_has_its_own_circuits_for_each_target():
    """The same indices, with the entangler of whoever takes them."""
    batch = work()
    for target, gate in ((ZZ, "zz"), (MS, "ms")):
        (only,) = batch.jobs(target, [3, 1], MAX_CIRCUITS)
        assert only.indices == (1, 3)
        assert all(f'"gate":"{gate}"' in circuit for circuit in only.circuits)
        assert len(batch.jobs(target, [3, 1], 1)) == 2


def test_outcomes_are_read_by_the_programs_that_gave_them():
    """What isn't sent, as a flip at the end, is done to what comes back."""
    batch = work()
    zero = Outcomes(np.array([0]), np.array([1.0]))
    read = batch.ran(ZZ, {2: zero, 4: zero}, None)
    assert read[4].outcomes.states.tolist() == [0]
    assert read[2].outcomes.states.tolist() == [1]  # the first qubit's X


@pytest.mark.parametrize(
    ("circuits", "per_circuit", "jobs"),
    [
        (100, 0.0, 1),
        (100, 0.001, 1),
        (100, 0.0099, 1),
        (100, 0.011, 2),
        (100, 0.02, 4),
        (5_000, 0.02, 4),
        (1, 60.0, 1),
        (3, 60.0, 3),
    ],
)
def test_each_job_is_worth_its_requests(circuits, per_circuit, jobs):
    """Half a second at least, four jobs at most, and a circuit in each."""
    assert parts(circuits, per_circuit) == jobs
