"""Standard deviations are those of repeated runs, and a precision is reached."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore


def circuit_on(device, shots=None):
    """Several measurements of one circuit."""

    @qml.qnode(device)
    def circuit(x):
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        qml.RX(x, 1)
        return qml.expval(qml.Z(1)), qml.var(qml.Z(0)), qml.probs(wires=0)

    return circuit if shots is None else qml.set_shots(circuit, shots)


@pytest.mark.parametrize("noise", [None, {"two_qubit": 0.02, "readout": 0.01}])
def test_deviations_are_those_of_repeated_runs(noise):
    """Of 300 runs, within five standard deviations of a deviation: 5/√600 of it."""
    device = qml.device("qstore.ionq", wires=2, noise_model=noise, seed=4)
    circuit = circuit_on(device, 400)
    found = np.array(
        [np.hstack(values) for values in qstore.map(circuit, [0.8] * 300)], dtype=float
    )
    _, deviations = qstore.with_std(circuit, draws=600)(0.8)
    wanted = found.std(axis=0, ddof=1)
    assert np.abs(np.hstack(deviations) / wanted - 1).max() < 5 / np.sqrt(600) * np.sqrt(2)


def test_exact_values_have_none():
    """Without shots there is nothing to draw."""
    value, deviation = qstore.with_std(circuit_on(qml.device("qstore.ionq", wires=2)))(0.8)
    assert deviation[0] == pytest.approx(0, abs=1e-12)
    assert value[0] == pytest.approx(np.cos(0.8) ** 2)
    assert np.shape(deviation[2]) == (2,)


def test_a_gradient_has_one():
    """The parameter-shift rule halves a difference of two means."""
    device = qml.device("qstore.ionq", wires=1, seed=2)

    @qml.set_shots(10_000)
    @qml.qnode(device)
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    x = qml.numpy.array(0.3, requires_grad=True)
    with qml.Tracker(device) as tracker:
        gradient, deviation = qstore.with_std(qml.grad(circuit))(x)
    wanted = np.sqrt(2 * (1 - np.sin(0.3) ** 2) / 10_000) / 2
    assert deviation == pytest.approx(wanted, rel=5 / np.sqrt(400))
    assert abs(gradient + np.sin(0.3)) < 5 * wanted
    assert tracker.totals["jobs"] == 2  # as without deviations: forward and backward


def test_nothing_more_is_sent():
    """One job, however many draws."""
    device = qml.device("qstore.ionq", wires=2, seed=4)
    with qml.Tracker(device) as tracker:
        qstore.with_std(circuit_on(device, 100), draws=50)(0.8)
    assert tracker.totals["jobs"] == 1


def test_a_broadcast_has_one_for_each_circuit():
    """Nested as the result is."""
    device = qml.device("qstore.ionq", wires=2, seed=4)
    value, deviation = qstore.with_std(circuit_on(device, 1000))(np.array([0.1, 0.8, 1.5]))
    assert [np.shape(each) for each in value] == [np.shape(each) for each in deviation]


def test_random_numbers_of_the_function_stay():
    """A function that draws random angles gets the same ones for each draw of outcomes."""
    device = qml.device("qstore.ionq", wires=2, seed=4)
    circuit = circuit_on(device, 1000)

    def at_random():
        return circuit(np.random.uniform(0, 1))[0]

    np.random.seed(5)
    value, deviation = qstore.with_std(at_random)()
    after = np.random.uniform()
    np.random.seed(5)
    assert abs(at_random() - value) < 10 * deviation
    assert np.random.uniform() == after


def test_circuits_that_depend_on_outcomes_are_refused():
    """Their second circuit is another one in each draw."""
    device = qml.device("qstore.ionq", wires=2, seed=4)
    circuit = circuit_on(device, 100)
    with pytest.raises(RuntimeError, match="don't depend on outcomes"):
        qstore.with_std(lambda: circuit(float(circuit(0.8)[0]))[0])()


@pytest.mark.parametrize("draws", [0, 1, 2.5, "many"])
def test_too_few_draws_are_refused(draws):
    """A deviation needs two values."""
    with pytest.raises(qstore.OptionError, match="draws"):
        qstore.with_std(lambda: None, draws=draws)


def test_a_precision_is_reached():
    """With about the shots that a binomial needs."""
    device = qml.device("qstore.ionq", wires=1, seed=2)

    @qml.qnode(device)
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    asked = qstore.to_precision(circuit, 0.005)
    _, deviation = asked(np.pi / 2)
    assert deviation < 0.005 * (1 + 5 * 0.08)  # two deviations of 200 draws, 5 % each
    assert asked.shots(np.pi / 2) == pytest.approx(40_000, rel=5 * 0.11)
    with qml.Tracker(device) as tracker:
        qstore.to_precision(circuit, 0.5)(0.3)
    assert tracker.totals["jobs"] == 1


@pytest.mark.parametrize("precision", [0, -1, float("nan"), float("inf"), "fine"])
def test_an_impossible_precision_is_refused(precision):
    """Before anything is sent."""
    with pytest.raises(qstore.OptionError, match="positive"):
        qstore.to_precision(lambda: None, precision)


def test_a_precision_beyond_a_jobs_shots_is_refused():
    """With the number that it would take."""
    device = qml.device("qstore.ionq", wires=2, seed=4)
    with pytest.raises(qstore.OptionError, match="needs about"):
        qstore.to_precision(circuit_on(device), 1e-5, pilot=100)(0.8)
