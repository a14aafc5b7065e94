"""Derivatives on the device are those of default.qubit."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

from tests.agreement.comparison import BATCH
from tests.agreement.observables import B, H


def ansatz(weights):
    for layer in weights:
        for wire, angle in enumerate(layer):
            qml.RY(angle, wire)
        qml.CRX(layer[0], [0, 1])
        qml.IsingZZ(layer[1], [1, 2])
        qml.Rot(*layer, 2)


WEIGHTS = pnp.array([[0.3, -0.7, 1.1], [0.5, 0.2, -1.4]], requires_grad=True)
COSTS = {
    "scalar": lambda: qml.expval(qml.Z(0) @ qml.X(2)),
    "hamiltonian": lambda: qml.expval(
        H([0.3, -1.1, 0.5], [qml.X(0), qml.Z(0) @ qml.Y(2), qml.Identity(1)])
    ),
    "hermitian": lambda: qml.expval(qml.Hermitian(B, [2, 0])),
    "variance": lambda: qml.var(qml.Y(1) @ qml.X(2)),
    "probs": lambda: qml.probs(wires=[2, 0]),
    "vector": lambda: (qml.expval(qml.X(0)), qml.expval(qml.Z(0)), qml.var(qml.Y(1))),
    "mixed": lambda: (qml.expval(qml.Y(2)), qml.probs(wires=[0, 1])),
}


def cost(name, device, diff_method, **options):
    def circuit(weights):
        ansatz(weights)
        return COSTS[name]()

    node = qml.QNode(circuit, qml.device(device), diff_method=diff_method, **options)

    def values(weights):
        found = node(weights)
        return pnp.hstack(found) if isinstance(found, tuple) else found

    return values


@pytest.mark.parametrize("name", COSTS)
def test_gradients_by_parameter_shift(name):
    """Jacobians by parameter-shift are those that default.qubit finds by backpropagation."""
    shifted = qml.jacobian(cost(name, "qstore.ionq", "parameter-shift"))(WEIGHTS)
    exact = qml.jacobian(cost(name, "default.qubit", "backprop"))(WEIGHTS)
    assert shifted.shape == exact.shape
    assert np.allclose(shifted, exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("diff_method", ["best", "parameter-shift"])
def test_gradient_of_a_scalar(diff_method):
    """``qml.grad`` of a QNode of one number is default.qubit's; "best" is parameter-shift."""

    def circuit(weights):
        ansatz(weights)
        return COSTS["scalar"]()

    ours = qml.QNode(circuit, qml.device("qstore.ionq", verify=True), diff_method=diff_method)
    theirs = qml.QNode(circuit, qml.device("default.qubit"), diff_method="backprop")
    assert np.allclose(qml.grad(ours)(WEIGHTS), qml.grad(theirs)(WEIGHTS), rtol=0, atol=1e-8)


def test_gradient_is_one_job():
    """All the shifted circuits of a gradient go out together: values in one job, shifts in one."""
    device = qml.device("qstore.ionq", verify=True)
    node = qml.QNode(
        lambda w: [ansatz(w), COSTS["hamiltonian"]()][1], device, diff_method="parameter-shift"
    )
    with qml.Tracker(device) as tracker:
        qml.grad(node)(WEIGHTS)
    assert tracker.totals["jobs"] == 2


def test_gradient_of_a_batch():
    """The Jacobian of a QNode with a batch of inputs is default.qubit's."""

    def circuit(weights):
        qml.RX(BATCH, 0)
        ansatz(weights)
        return COSTS["scalar"]()

    nodes = [
        qml.QNode(circuit, qml.device(name), diff_method=method)
        for name, method in (("qstore.ionq", "parameter-shift"), ("default.qubit", "backprop"))
    ]
    ours, theirs = (qml.jacobian(node)(WEIGHTS) for node in nodes)
    assert ours.shape == theirs.shape == (3, *WEIGHTS.shape)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("diff_method", "options", "tolerance"),
    [
        ("hadamard", {"aux_wire": "aux"}, 1e-8),
        ("finite-diff", {"h": 1e-5}, 1e-4),
        ("spsa", {"h": 1e-5, "num_directions": 3}, 1e-3),
    ],
)
def test_other_gradients(diff_method, options, tolerance):
    """Hadamard tests, finite differences and SPSA give what they give on default.qubit."""

    def gradient(device):
        chosen = dict(options)
        if diff_method == "spsa":
            chosen["sampler_rng"] = np.random.default_rng(3)
        return qml.jacobian(cost("scalar", device, diff_method, gradient_kwargs=chosen))(WEIGHTS)

    ours, theirs = gradient("qstore.ionq"), gradient("default.qubit")
    assert np.abs(theirs).max() > 0.1
    assert np.allclose(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("approx", [None, "diag", "block-diag"])
def test_metric_tensor(approx):
    """The metric tensor is default.qubit's; the whole of it needs an auxiliary wire."""

    def circuit(weights):
        for layer in weights:
            qml.RY(layer[0], 0)
            qml.RX(layer[1], 1)
            qml.CNOT([0, 1])
            qml.RZ(layer[2], 1)
        return qml.expval(qml.Z(0))

    ours, theirs = (
        qml.metric_tensor(qml.QNode(circuit, qml.device(name, wires=3)), approx=approx, aux_wire=2)(
            WEIGHTS
        )
        for name in ("qstore.ionq", "default.qubit")
    )
    assert np.shape(ours) == np.shape(theirs)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-8)
