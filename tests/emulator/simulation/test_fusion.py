"""Fused gates against the register that takes gate by gate."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation import fusion
from pennylane_qstore.emulator.simulation.simulator import FUSED_AMPLITUDES, simulate

QUBITS = 4
MANY = FUSED_AMPLITUDES + 1  # circuits at once are too many to be fused
PHASES = st.floats(-1, 1)


def run(circuit, gateset, copies=1):
    """The probabilities of all states of the qubits that are touched, of the last of the copies."""
    reader = CircuitReader()
    for _ in range(copies):
        reader.read(circuit, "circuit", gateset, QUBITS)
    (group,) = reader.groups()
    chunks = list(simulate(group, threading.Event()))
    found = np.zeros(1 << QUBITS)
    found[chunks[-1].states] = chunks[-1].probabilities[-1]
    return found


def native(draw, pair):
    name = draw(st.sampled_from(["gpi", "gpi2", "ms", "zz", "nop"]))
    if name in ("gpi", "gpi2"):
        return {"gate": name, "target": pair[0], "phase": draw(PHASES)}
    if name == "nop":
        return {"gate": name, "targets": pair}
    angle = draw(st.floats(0, 0.25))
    if name == "zz":
        return {"gate": name, "targets": pair, "angle": angle}
    return {"gate": name, "targets": pair, "phases": [draw(PHASES), draw(PHASES)], "angle": angle}


def qis(draw, pair):
    name = draw(st.sampled_from(["h", "rx", "t", "cnot", "z", "swap", "xx", "many"]))
    angle = draw(st.floats(-7, 7))
    if name == "many":
        return {"gate": "ry", "targets": pair, "rotation": angle}
    if name == "cnot":
        return {"gate": name, "control": pair[0], "target": pair[1]}
    if name == "z":
        return {"gate": name, "control": pair[0], "target": pair[1], "rotation": angle}
    if name in ("swap", "xx"):
        turned = {"rotation": angle} if name == "xx" else {}
        return {"gate": name, "targets": pair, **turned}
    turned = {"rotation": angle} if name == "rx" else {}
    return {"gate": name, "target": pair[0], **turned}


@st.composite
def circuits(draw):
    """A gateset, and some gates of it that couple two qubits at most."""
    gateset = draw(st.sampled_from(["native", "qis"]))
    gate = native if gateset == "native" else qis
    pairs = draw(st.lists(st.permutations(range(QUBITS)), min_size=1, max_size=12))
    return gateset, [gate(draw, list(order[:2])) for order in pairs]


@given(circuits())
def test_few_circuits_are_what_many_are(drawn):
    """The way that gates are taken changes nothing."""
    gateset, circuit = drawn
    assert run(circuit, gateset) == pytest.approx(run(circuit, gateset, MANY), abs=1e-13)


@pytest.mark.parametrize(
    "circuit",
    [
        [{"gate": "cnot", "control": 0, "target": 1}, {"gate": "h", "target": 1}],
        [{"gate": "h", "target": 3}, {"gate": "h", "target": 1}, {"gate": "x", "target": 0}],
        [{"gate": "x", "controls": [2], "targets": [0, 1]}],
    ],
)
def test_runs_at_the_end_find_a_qubit_to_go_with(circuit):
    """Also where only a control is left, or nothing is coupled at all."""
    assert run(circuit, "qis") == pytest.approx(run(circuit, "qis", MANY), abs=1e-13)


def test_three_qubits_at_once_are_not_fused():
    """Nor is what is no matrix, or nothing."""
    for gates, gateset in (
        ([{"gate": "x", "controls": [0, 1], "target": 2}], "qis"),
        (
            [
                {
                    "gate": "pauliexp",
                    "targets": [0, 1],
                    "terms": ["XX"],
                    "coefficients": [1],
                    "time": 1,
                }
            ],
            "qis",
        ),
        ([{"gate": "nop", "targets": [0, 1]}], "native"),
    ):
        reader = CircuitReader()
        reader.read(gates, "circuit", gateset, None)
        (group,) = reader.groups()
        assert fusion.plan(group.structure) is None
