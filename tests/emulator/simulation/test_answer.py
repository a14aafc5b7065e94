"""Probabilities to text and counts."""

import json
import threading

import numpy as np
import pytest

from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.answer import solve
from pennylane_qstore.emulator.simulation.measure import Sampling


def groups(*circuits):
    """The circuits, read."""
    reader = CircuitReader()
    for circuit in circuits:
        reader.read(circuit, "circuit", "qis", 29)
    return reader.groups()


def test_zeros_are_left_out():
    """A large state of few outcomes is a short text."""
    circuit = [{"gate": "h", "target": 15}]
    circuit += [{"gate": "cnot", "control": 15, "target": q} for q in range(15)]
    answer = solve(groups(circuit), (), None, threading.Event())
    assert answer.text == b'{"0":0.500000000000000,"65535":0.500000000000000}'


def test_small_probabilities_stay():
    """An outcome of 1e-12 is written, and exact to its last digits."""
    angle = 2e-6
    answer = solve(
        groups([{"gate": "ry", "target": 0, "rotation": angle}]), (), None, threading.Event()
    )
    assert json.loads(answer.text)["1"] == pytest.approx(np.sin(angle / 2) ** 2, rel=1e-14)


def test_spans_are_the_circuits():
    """Each circuit's object is found in the text of all."""
    circuits = [[{"gate": "x", "targets": list(range(k))}] for k in (3, 1, 2)]
    answer = solve(groups(*circuits), ("a", "b", "c"), None, threading.Event())
    assert answer.text == b'{"a":{"7":1},"b":{"1":1},"c":{"3":1}}'
    assert [answer.probabilities(k) for k in range(3)] == [b'{"7":1}', b'{"1":1}', b'{"3":1}']
    assert answer.weight == len(answer.text) + 8 * (8 + 2 + 4)


def test_counts_follow_the_probabilities():
    """Frequencies are within five standard deviations of the truth, and weigh something."""
    shots = 100_000
    sampling = Sampling(shots, np.random.default_rng)
    circuit = [{"gate": "ry", "target": 3, "rotation": 1.0}]
    answer = solve(groups(circuit), (), sampling, threading.Event())
    (counts,) = answer.counts
    assert counts.states.tolist() == [0, 8]
    p = np.sin(0.5) ** 2
    assert abs(counts.counts[1] / shots - p) < 5 * np.sqrt(p * (1 - p) / shots)
    assert answer.weight > len(answer.text)


def test_results_too_long_for_memory():
    """Results that would fill the memory are refused as soon as that is seen."""
    circuit = [{"gate": "h", "targets": [0, 1, 2]}]
    with pytest.raises(MemoryError, match="100 bytes"):
        solve(groups(circuit, circuit), ("a", "b"), None, threading.Event(), most_text=100)
