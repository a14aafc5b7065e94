"""Noisy circuits against PennyLane's mixed states with the same channels."""

import threading
from itertools import pairwise

import numpy as np
import pennylane as qp
import pytest
from scipy.linalg import expm

from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.measure import Sampling, measure
from pennylane_qstore.emulator.simulation.noise import MODELS, Rates, density

LOUD = Rates(0.02, 0.1)
PAULIS = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
PAIRS = [np.kron(a, b) for a in PAULIS for b in PAULIS]


def group_of(*circuits):
    """Circuits of one structure, read."""
    reader = CircuitReader()
    for circuit in circuits:
        reader.read(circuit, "circuit", "qis", None)
    (group,) = reader.groups()
    return group


def channel(wires, rates):
    """The depolarising channel, from the Kraus operators that IonQ publishes."""
    if len(wires) == 1:
        weights = [1 - 3 * rates.one / 4] + [rates.one / 4] * 3
        return qp.QubitChannel(
            [np.sqrt(w) * p for w, p in zip(weights, PAULIS, strict=True)], wires
        )
    weights = [1 - 15 * rates.two / 16] + [rates.two / 16] * 15
    return qp.QubitChannel([np.sqrt(w) * p for w, p in zip(weights, PAIRS, strict=True)], wires)


def mixed(circuit, qubits, rates):
    """Probabilities from PennyLane's `default.mixed`."""
    operators = []
    for gate in circuit:
        targets = gate.get("targets") or [gate["target"]]
        controls = gate.get("controls", [])
        wires = [*controls, *targets]
        if gate["gate"] == "pauliexp":
            letters = gate["terms"][0][::-1]
            matrix = np.eye(1)
            for letter in letters:
                matrix = np.kron(matrix, PAULIS["IXYZ".index(letter)])
            angle = gate["time"] * gate["coefficients"][0]
            operator = qp.QubitUnitary(expm(-1j * angle * matrix), wires)
        else:
            kind = {"rx": qp.RX, "ry": qp.RY, "h": qp.H, "xx": qp.IsingXX, "y": qp.Y, "s": qp.S}
            numbers = [gate["rotation"]] if "rotation" in gate else []
            operator = kind[gate["gate"]](*numbers, wires=targets)
            operator = qp.ctrl(operator, control=controls) if controls else operator
        operators.append(operator)
        pairs = [wires] if len(wires) == 1 else pairwise(wires)
        operators += [channel(list(pair), rates) for pair in pairs]
    tape = qp.tape.QuantumScript(operators, [qp.probs(wires=list(reversed(range(qubits))))])
    return qp.device("default.mixed", wires=qubits).execute(tape)


def circuit_of(seed, qubits=4, length=14):
    """Gates of every shape, drawn at random."""
    random = np.random.default_rng(seed)
    circuit = []
    for _ in range(length):
        a, b, c = random.permutation(qubits)[:3].tolist()
        angle = random.uniform(-3, 3)
        circuit.append(
            [
                {"gate": "h", "target": a},
                {"gate": "s", "target": a},
                {"gate": "rx", "target": a, "rotation": angle},
                {"gate": "ry", "target": a, "rotation": angle},
                {"gate": "xx", "targets": [a, b], "rotation": angle},
                {"gate": "y", "targets": [a], "controls": [b]},
                {"gate": "ry", "targets": [a], "controls": [b, c], "rotation": angle},
                {
                    "gate": "pauliexp",
                    "targets": [a, b, c],
                    "terms": ["XYZ"],
                    "coefficients": [angle],
                    "time": 0.5,
                },
            ][random.integers(8)]
        )
    return circuit


def exact(circuit, qubits, rates):
    """Our density matrix's probabilities over all states."""
    found = np.zeros(1 << qubits)
    for chunk in density(group_of(circuit), rates, threading.Event()):
        found[chunk.states] = chunk.probabilities[0]
    return found


@pytest.mark.parametrize("seed", range(8))
def test_a_density_matrix_is_pennylane_s(seed):
    """Any noisy circuit has the probabilities of `default.mixed`."""
    circuit = circuit_of(seed)
    np.testing.assert_allclose(exact(circuit, 4, LOUD), mixed(circuit, 4, LOUD), atol=1e-12)


def test_circuits_of_a_structure_share_a_run():
    """Noisy circuits that differ in their numbers are right each for itself."""
    circuits = [[{"gate": "rx", "target": 0, "rotation": x}] for x in (0.1, 1.0, 2.0)]
    (chunk,) = density(group_of(*circuits), LOUD, threading.Event())
    for circuit, found in zip(circuits, chunk.probabilities, strict=True):
        np.testing.assert_allclose(found, mixed(circuit, 1, LOUD), atol=1e-12)


def sampled(circuit, qubits, sampling):
    """Frequencies of a circuit's states."""
    ((_, counts),) = measure(group_of(circuit), sampling, threading.Event())
    assert counts.counts.sum() == sampling.shots
    found = np.zeros(1 << qubits)
    found[counts.states] = counts.counts / sampling.shots
    return found


@pytest.mark.parametrize("model", ["aria-1", "aria-2", "forte-1"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_mean_over_shots(model, seed):
    """A published model's frequencies are within 5 sigma of `default.mixed`."""
    shots, rates = 200_000, MODELS[model].rates
    circuit = circuit_of(seed, length=40)
    found = sampled(circuit, 4, Sampling(shots, np.random.default_rng, rates))
    expected = mixed(circuit, 4, rates)
    sigma = np.sqrt(expected * (1 - expected) / shots)
    assert (abs(found - expected) <= 5 * sigma + 1e-12).all()


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_trajectories_agree_with_the_density_matrix(seed):
    """One run a shot has the statistics of the mixed state, for gates of every shape."""
    circuit, repeats, shots = circuit_of(seed), 40, 1000
    runs = [
        sampled(
            circuit,
            4,
            Sampling(
                shots,
                lambda _, k=k: np.random.default_rng([seed, k]),
                LOUD,
                density_qubits=0,
            ),
        )
        for k in range(repeats)
    ]
    expected = exact(circuit, 4, LOUD)
    sigma = np.sqrt(expected * (1 - expected) / (shots * repeats))
    assert (abs(np.mean(runs, axis=0) - expected) <= 5 * sigma + 1e-12).all()


def test_a_wide_circuit_runs_by_trajectories():
    """Twelve qubits are run without a density matrix, and lose fidelity as the model says."""
    width, shots = 12, 4000
    circuit = [{"gate": "x", "targets": [q + 1], "controls": [q]} for q in range(width - 1)]
    found = sampled(circuit, width, Sampling(shots, np.random.default_rng, Rates(0.0, 0.1)))
    # Starting from 0 each channel leaves the target in 0 unless it mixes both qubits; what is
    # 0 at the end is at least what no channel touched.
    assert 0.9**11 - 5 * np.sqrt(0.25 / 1000) < found[0] < 0.7


def test_readout_errors():
    """Each qubit is read wrongly with the same chance."""
    shots, error = 100_000, 0.1
    circuit = [{"gate": "x", "target": 1}, {"gate": "s", "target": 0}]
    found = sampled(circuit, 2, Sampling(shots, np.random.default_rng, readout_error=error))
    expected = np.array([0.9 * 0.1, 0.1 * 0.1, 0.9 * 0.9, 0.1 * 0.9])
    assert (abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / shots)).all()


@pytest.mark.parametrize("rates", [(-0.1, 0), (0, 1.1), (float("nan"), 0)])
def test_rates_that_cannot_be(rates):
    """A rate is a probability."""
    with pytest.raises(ValueError, match="rates are from 0 to 1"):
        Rates(*rates)


def entangled(name, angles, rates):
    """Probabilities of native entanglers between pulses, with noise."""
    gates = [{"gate": "gpi2", "target": qubit, "phase": 0.1} for qubit in range(2)]
    for angle in angles:
        phases = {"phases": [0.0, 0.0]} if name == "ms" else {}
        gates.append({"gate": name, "targets": [0, 1], "angle": angle, **phases})
    gates += [{"gate": "gpi2", "target": qubit, "phase": 0.2 + qubit / 9} for qubit in range(2)]
    reader = CircuitReader()
    reader.read(gates, "circuit", "native", None)
    (group,) = reader.groups()
    (chunk,) = density(group, rates, threading.Event())
    return chunk.probabilities[0]


@pytest.mark.parametrize("name", ["ms", "zz"])
@pytest.mark.parametrize("angle", [0.05, 0.2])
@pytest.mark.parametrize("copies", [1, 2])
def test_an_entangler_turns_too_far(name, angle, copies):
    """Over-rotation is a fraction of the angle, and coherent: two of them make twice the error."""
    found = entangled(name, [angle] * copies, Rates(0, 0, over_rotation=0.1))
    assert np.allclose(found, entangled(name, [angle * 1.1] * copies, Rates(0, 0)), atol=1e-12)
    assert not np.allclose(found, entangled(name, [angle] * copies, Rates(0, 0)), atol=1e-3)


@pytest.mark.parametrize("name", ["ms", "zz"])
@pytest.mark.parametrize("angle", [0.05, 0.1, 0.25])
def test_an_entanglers_rate_can_follow_its_angle(name, angle):
    """The rate is what is given at a quarter turn, and falls in proportion."""
    found = entangled(name, [angle], Rates(0, 0.08, by_angle=True))
    wanted = entangled(name, [angle], Rates(0, 0.08 * angle / 0.25))
    assert np.allclose(found, wanted, atol=1e-12)


def test_zeros_and_ones_are_misread_at_their_own_rates():
    """Within five standard deviations of 100,000 shots."""
    group = group_of(
        [{"gate": "x", "target": 0}, {"gate": "h", "target": 1}, {"gate": "h", "target": 1}]
    )
    sampling = Sampling(100_000, np.random.default_rng, None, (0.02, 0.1))
    ((_, counts),) = measure(group, sampling, threading.Event())
    seen = dict(zip(counts.states.tolist(), (counts.counts / 100_000).tolist(), strict=True))
    one_wrong = seen[0] + seen[2]
    zero_wrong = seen[2] + seen[3]
    assert abs(one_wrong - 0.1) < 5 * np.sqrt(0.1 * 0.9 / 100_000)
    assert abs(zero_wrong - 0.02) < 5 * np.sqrt(0.02 * 0.98 / 100_000)


# Rates after one and two qubits: docs.ionq.com, "Simulation with noise models".
PUBLISHED = {
    "aria-1": (0.0005, 0.0133),
    "aria-2": (0.000657333, 0.01856),
    "forte-1": (0.000266667, 0.004949333),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_models_rates_are_the_published_ones(name):
    """One flip misses its bit with half the rate; a flip of two qubits, one of them likewise."""
    one, two = PUBLISHED[name]
    flipped = exact([{"gate": "x", "target": 0}], 1, MODELS[name].rates)
    assert flipped[0] == pytest.approx(one / 2, rel=1e-9)
    flips = [{"gate": "xx", "targets": [0, 1], "rotation": np.pi}]
    both = exact(flips, 2, MODELS[name].rates)
    assert both[3] == pytest.approx(1 - 3 * two / 4, rel=1e-9)
