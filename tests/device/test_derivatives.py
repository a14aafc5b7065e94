"""The device's own derivatives: value and gradient in one job, for those who ask for it."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore

WEIGHTS = pnp.array([0.3, 0.5], requires_grad=True)


def gates(weights):
    qml.RY(2 * weights[0], wires=0)
    qml.CNOT([0, 1])
    qml.CRY(weights[1], wires=[1, 2])


def ansatz(weights):
    gates(weights)
    return qml.expval(qml.Z(1) + qml.X(2))


def several(weights):
    gates(weights)
    return qml.expval(qml.Z(1)), qml.probs([0, 2])


def circuit(function, diff_method, **options):
    device = qml.device("qstore.ionq", wires=3)
    return qml.QNode(function, device, diff_method=diff_method, **options)


EXACT = qml.QNode(ansatz, qml.device("default.qubit"))


@pytest.mark.parametrize(
    ("diff_method", "jobs"), [("device", 1), ("best", 2), ("parameter-shift", 2)]
)
def test_a_step_of_pennylanes_adam(diff_method, jobs):
    """One job with the device's derivatives, which nobody has without asking for them."""
    ours = circuit(ansatz, diff_method)
    with qml.Tracker(ours.device) as tracker:
        weights, value = qml.AdamOptimizer().step_and_cost(ours, WEIGHTS)
    expected, cost = qml.AdamOptimizer().step_and_cost(EXACT, WEIGHTS)
    assert tracker.totals["jobs"] == jobs
    assert np.allclose(weights, expected, atol=1e-9)
    assert value == pytest.approx(cost, abs=1e-9)


def layers(weights):
    qml.StronglyEntanglingLayers(qml.math.reshape(weights, (1, 3, 3)), wires=range(3))
    return qml.expval(qml.Z(0) + qml.X(2))


def embedded(weights):
    qml.AngleEmbedding(weights[:3], wires=range(3))
    qml.BasicEntanglerLayers(qml.math.reshape(weights[3:], (2, 3)), wires=range(3))
    return qml.expval(qml.Z(1))


def weighted(weights):
    qml.RX(0.3, wires=0)
    return qml.expval(qml.Hamiltonian(weights[:2], [qml.Z(0), qml.Y(0)]))


@pytest.mark.parametrize("function", [layers, embedded, weighted])
def test_arrays_of_weights(function):
    """Templates and Hamiltonians take their weights as one array; each has its own slope."""
    weights = pnp.array(np.linspace(0.1, 0.9, 9), requires_grad=True)
    ours = circuit(function, "device")
    with qml.Tracker(ours.device) as tracker:
        found = qml.grad(ours)(weights)
    expected = qml.grad(qml.QNode(function, qml.device("default.qubit")))(weights)
    assert tracker.totals["jobs"] == 1
    assert np.allclose(found, expected, atol=1e-9)


def test_without_the_forward_call():
    """With grad_on_execution=False the gradient's circuits wait for the gradient."""
    ours = circuit(ansatz, "device", grad_on_execution=False)
    with qml.Tracker(ours.device) as tracker:
        assert ours(WEIGHTS) == pytest.approx(EXACT(WEIGHTS), abs=1e-9)
    assert tracker.totals["executions"] == 1 == tracker.totals["jobs"]
    assert np.allclose(qml.grad(ours)(WEIGHTS), qml.grad(EXACT)(WEIGHTS), atol=1e-9)


def test_torch_and_several_values():
    """Jacobians of several values, in another interface."""
    torch = pytest.importorskip("torch")
    ours, exact = circuit(several, "device"), qml.QNode(several, qml.device("default.qubit"))
    weights = torch.tensor([0.3, 0.5], dtype=torch.float64)
    found = torch.autograd.functional.jacobian(lambda w: torch.hstack(ours(w)), weights)
    expected = qml.jacobian(lambda w: qml.math.hstack(exact(w)))(WEIGHTS)
    assert np.allclose(found, expected, atol=1e-9)


def test_samples_and_gathers():
    """With shots, and together with other callers, it is still one job."""
    ours = qml.set_shots(circuit(ansatz, "device"), 2000)
    with qml.Tracker(ours.device) as tracker:
        found = qstore.map(qml.grad(ours), [WEIGHTS, WEIGHTS])
    assert tracker.totals["jobs"] == 1
    # A value's standard deviation is at most 2 / sqrt(2000); a slope is a sum of shifted values,
    # here with coefficients of squares summing to less than 2.
    sigma = np.sqrt(2) * 2 / np.sqrt(2000)
    assert np.abs(np.array(found) - qml.grad(EXACT)(WEIGHTS)).max() < 5 * sigma
