"""What is read of a circuit, and what is refused by name and place."""

import math

import pytest

from pennylane_qstore.emulator.intake import reader
from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.circuit import MalformedError

REFUSED = [
    ("qis", {"gate": "gpi", "target": 0, "phase": 0.1}, "belongs to the gateset native"),
    ("native", {"gate": "h", "target": 0}, "belongs to the gateset qis"),
    ("qis", {"gate": "hadamard", "target": 0}, "is not a gate of the gateset qis"),
    ("qis", {"target": 0}, "is not a gate"),
    ("qis", {"gate": ["h"], "target": 0}, "is malformed"),
    ("qis", "h", "is malformed"),
    ("qis", None, "is malformed"),
    ("qis", {"gate": "h"}, "needs a target"),
    ("qis", {"gate": "h", "target": -1}, "whole numbers from 0"),
    ("qis", {"gate": "h", "target": "1"}, "whole numbers"),
    ("qis", {"gate": "h", "target": 1.0}, "whole numbers"),
    ("qis", {"gate": "h", "target": True}, "whole numbers"),
    ("qis", {"gate": "h", "targets": 7}, "is malformed"),
    ("qis", {"gate": "h", "target": 1, "targets": [1]}, "both target and targets"),
    ("qis", {"gate": "h", "target": 9}, "is on qubit 9 of 4"),
    ("qis", {"gate": "h", "target": 0, "rotation": 0.1}, "takes no rotation"),
    ("qis", {"gate": "rx", "target": 0}, "needs rotation"),
    ("qis", {"gate": "rx", "target": 0, "rotation": None}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": "0.1"}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": True}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": math.nan}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": math.inf}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": 10**400}, "a number that can't be"),
    ("qis", {"gate": "rx", "target": 0, "rotation": [0.1]}, "a number that can't be"),
    ("qis", {"gate": "cnot", "target": 0}, "needs a control"),
    ("qis", {"gate": "cnot", "target": 0, "control": 0}, "names a qubit twice"),
    ("qis", {"gate": "swap", "targets": [0]}, "needs 2 targets, not 1"),
    ("qis", {"gate": "swap", "targets": [0, 0]}, "names a qubit twice"),
    ("qis", {"gate": "xx", "targets": [0, 1, 2], "rotation": 1}, "needs 2 targets, not 3"),
    ("native", {"gate": "gpi", "target": 0}, "needs phase"),
    ("native", {"gate": "gpi", "target": 0, "control": 1, "phase": 0}, "takes no control"),
    ("native", {"gate": "ms", "targets": [0, 1]}, "needs phases"),
    ("native", {"gate": "ms", "targets": [0, 1], "phases": [0.1]}, "needs 2 phases, not 1"),
    ("native", {"gate": "ms", "targets": [0, 1], "phases": 0.1}, "is malformed"),
    ("native", {"gate": "ms", "targets": [0, 1], "phases": "ab"}, "a number that can't be"),
    ("native", {"gate": "zz", "targets": [0, 1]}, "needs phase"),
]
PAULIEXP = {
    "gate": "pauliexp",
    "targets": [0, 1],
    "terms": ["XX", "YY"],
    "coefficients": [1, 2],
    "time": 1,
}
REFUSED += [
    ("qis", {**PAULIEXP, **wrong}, message)
    for wrong, message in [
        ({"terms": []}, "needs terms"),
        ({"terms": ["XX", "Y"]}, "must have 2 of the letters"),
        ({"terms": ["XX", "XQ"]}, "must have 2 of the letters"),
        ({"terms": [1, 2]}, "must have 2 of the letters"),
        ({"terms": None}, "is malformed"),
        ({"targets": [0], "terms": "XX"}, "is malformed"),
        ({"coefficients": [1]}, "as many coefficients as terms"),
        ({"time": -1}, "time must be 0 or more"),
        ({"time": math.nan}, "time must be 0 or more"),
        ({"time": None}, "is malformed"),
        ({"control": 3}, "takes no control"),
    ]
]


def good(gateset):
    """Gates that are well, among which a bad one must be found."""
    if gateset == "qis":
        return [{"gate": "ry", "target": 1, "rotation": 0.5}, {"gate": "h", "target": 1}]
    return [{"gate": "gpi2", "target": 1, "phase": 0.5}, {"gate": "gpi", "target": 1, "phase": 0}]


@pytest.mark.parametrize(("gateset", "gate", "message"), REFUSED)
def test_a_malformed_gate_is_refused(gateset, gate, message):
    """A gate that can't be is refused with its name, its place and the reason."""
    name = gate.get("gate") if isinstance(gate, dict) else gate
    reader = CircuitReader()
    reader.read(good(gateset), "first", gateset, 4)
    with pytest.raises(MalformedError) as caught:
        reader.read([*good(gateset), gate, *good(gateset)], "here", gateset, 4)
    assert message in str(caught.value)
    assert "here[2]" in str(caught.value)
    assert str(name) in str(caught.value)
    assert caught.value.keys == ("here[2]",)


def test_true_is_not_one_the_second_time_either():
    """A gate that was seen before does not let its like through."""
    reader = CircuitReader()
    reader.read([{"gate": "h", "target": 1}], "first", "qis", 4)
    with pytest.raises(MalformedError, match=r"second\[0\]"):
        reader.read([{"gate": "h", "target": True}], "second", "qis", 4)


def test_structures_are_shared():
    """Circuits that differ in numbers only are one group; their order is kept."""
    reader = CircuitReader()
    for place, target in enumerate([0, 1, 0, 0]):
        reader.read([{"gate": "rx", "target": target, "rotation": place}], "here", "qis", 2)
    first, second = reader.groups()
    assert (first.members, second.members) == ((0, 2, 3), (1,))
    assert first.numbers.tolist() == [[0], [2], [3]]


def test_qubits_are_counted_where_none_are_given():
    """Without a number of qubits, a circuit has as many as it touches."""
    circuit = CircuitReader().read([{"gate": "h", "target": 6}], "here", "qis", None)
    assert circuit.qubits == 7


def test_gates_are_counted():
    """A controlled gate counts as a larger one, a gate of three targets as three."""
    gates = [
        {"gate": "h", "targets": [0, 1, 2]},
        {"gate": "x", "target": 0, "controls": [1, 2]},
        {"gate": "swap", "targets": [0, 1]},
        PAULIEXP,
    ]
    assert CircuitReader().read(gates, "here", "qis", 3).structure.counts == (3, 3)
    nothing = CircuitReader().read([{"gate": "nop"}], "here", "native", 3)
    assert nothing.structure.counts == (0, 0)


NATIVE = [
    {"gate": "gpi2", "target": 1, "phase": 0.1},
    {"gate": "zz", "targets": [0, 1], "angle": 0.2},
]


def test_jobs_of_one_structure_share_it():
    """A training's next job is read faster, with its own numbers."""
    first, second = CircuitReader(), CircuitReader()
    changed = [NATIVE[0] | {"phase": 0.7}, NATIVE[1]]
    structure = first.read(NATIVE, "circuit", "native", 2).structure
    assert second.read(changed, "circuit", "native", 2).structure is structure
    (group,) = second.groups()
    assert group.members == (0,)
    assert group.numbers.tolist() == [[0.7, 0.2]]


@pytest.mark.parametrize("gate", [NATIVE[0] | {"target": True}, NATIVE[1] | {"targets": [0, 1.0]}])
def test_what_another_job_knew_is_checked_all_the_same(gate):
    """True and 1.0 are no qubits, though they are found where 1 is looked for."""
    CircuitReader().read(NATIVE, "circuit", "native", 2)
    with pytest.raises(MalformedError, match="whole numbers"):
        CircuitReader().read([gate], "circuit", "native", 2)


def test_what_is_known_is_bounded(monkeypatch):
    """After a while it begins anew, also while a job is being read."""
    monkeypatch.setattr(reader, "MOST_STRUCTURES", 3)
    long = CircuitReader()
    for qubits in range(2, 12):
        circuit = [NATIVE[0] | {"target": q} for q in range(qubits)]
        assert long.read(circuit, "circuit", "native", None).structure.qubits == qubits
        assert CircuitReader().read(circuit, "circuit", "native", None).structure.qubits == qubits
    assert len(reader.Catalogue.current().structures) <= 4
    assert len(long.groups()) == 10
