"""The device's own derivatives: value and gradient in one job, for those who ask for it."""

import logging

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


@pytest.mark.parametrize("diff_method", ["device", "best"])
def test_a_plain_call_is_one_circuit(diff_method):
    """Trainable angles outside of a derivative pay for no gradient."""
    ours = circuit(ansatz, diff_method)
    with qml.Tracker(ours.device) as plain:
        ours(WEIGHTS)
    with qml.Tracker(ours.device) as differentiated:
        qml.grad(ours)(WEIGHTS)
    assert plain.totals["circuits"] == 1
    assert differentiated.totals["circuits"] > 1


def test_a_value_beside_a_derivative_is_one_circuit():
    """Inside a derivative, a call whose angles aren't differentiated pays for no gradient."""
    ours = circuit(several, "device")

    def cost(scale):
        return scale * ours(WEIGHTS)[0]

    with qml.Tracker(ours.device) as tracker:
        qml.grad(cost, argnums=0)(pnp.array(0.5, requires_grad=True))
    assert tracker.totals["circuits"] == 1


def test_optimizers_without_gradients_pay_for_none():
    """SPSA's evaluations are two circuits a step on a QNode that has derivatives of the device."""
    ours = circuit(several, "device")
    opt = qml.SPSAOptimizer(maxiter=10)
    with qml.Tracker(ours.device) as tracker:
        opt.step(lambda weights: ours(weights)[0], WEIGHTS)
    assert tracker.totals["circuits"] == 2


def test_torch_says_once_what_a_call_costs(caplog):
    """Without gradients a call is one circuit; with them, the cure is said at the first call."""
    torch = pytest.importorskip("torch", reason="Torch isn't installed")
    ours = circuit(several, "device", interface="torch")
    weights = torch.tensor([0.3, 0.5], dtype=torch.float64, requires_grad=True)
    with caplog.at_level(logging.WARNING), qml.Tracker(ours.device) as tracker:
        for context in (torch.no_grad, torch.inference_mode):
            with context():
                ours(weights)
        ours(weights.detach())
    assert tracker.totals["circuits"] == 3
    assert not caplog.messages
    with caplog.at_level(logging.WARNING), qml.Tracker(ours.device) as tracker:
        for _ in range(2):
            ours(weights)[0].backward()
    assert tracker.totals["jobs"] == 2
    assert [message for message in caplog.messages if "torch.no_grad()" in message] == (
        caplog.messages[:1]
    )


def batched(features, weights):
    qml.AngleEmbedding(features, wires=range(2))
    qml.CRX(weights[0], wires=[0, 1])
    qml.StronglyEntanglingLayers(qml.math.reshape(weights, (1, 2, 3)), wires=range(2))
    return qml.expval(qml.Z(0) @ qml.Z(1))


FEATURES = pnp.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.9]], requires_grad=True)
MANY = pnp.array([0.3, 0.1, 0.7, 1.1, 0.4, 0.9], requires_grad=True)


@pytest.mark.parametrize(
    ("diff_method", "jobs"),
    [("best", 2), ("parameter-shift", 2), ("device", 1), ("finite-diff", 2)],
)
@pytest.mark.parametrize("argnum", [0, 1])
def test_a_trained_batch_has_default_qubits_derivative(diff_method, jobs, argnum):
    """Values and gradients of a broadcast QNode by its batch are a job each, and right."""
    ours = circuit(batched, diff_method)
    exact = qml.QNode(batched, qml.device("default.qubit"), diff_method="backprop")
    with qml.Tracker(ours.device) as tracker:
        found = qml.jacobian(ours, argnums=argnum)(FEATURES, MANY)
    assert tracker.totals["jobs"] == jobs
    expected = qml.jacobian(exact, argnums=argnum)(FEATURES, MANY)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("diff_method", ["spsa", qstore.spsa_grad, qml.gradients.spsa_grad])
def test_random_gradients_take_a_trained_batch(diff_method):
    """SPSA's estimate of a trained batch has the derivative's shape and its expected value."""
    keywords = {"num_directions": 400, "h": 1e-3, "sampler_rng": 4}
    ours = circuit(batched, diff_method, gradient_kwargs=keywords)
    exact = qml.QNode(batched, qml.device("default.qubit"), diff_method="backprop")
    features = FEATURES[:2]
    found = qml.jacobian(ours, argnums=0)(features, MANY)
    expected = qml.jacobian(exact, argnums=0)(features, MANY)
    assert found.shape == expected.shape
    slope = np.sqrt(
        (
            np.concatenate(
                [qml.jacobian(exact, argnums=1)(features, MANY).ravel(), expected.ravel()]
            )
            ** 2
        ).sum()
    )
    # A direction's estimate of one slope has the others' norm as its standard deviation.
    assert np.abs(found - expected).max() < 5 * slope / np.sqrt(400)


@pytest.mark.parametrize(("diff_method", "jobs"), [("best", 2), ("device", 1)])
def test_a_batched_hybrid_network_trains(diff_method, jobs):
    """PennyLane's Linear, TorchLayer, Linear has default.qubit's gradients; a job each at most."""
    torch = pytest.importorskip("torch", reason="Torch isn't installed")
    samples = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)

    def gradients(device, method):
        def layer(inputs, weights):
            qml.AngleEmbedding(inputs, wires=range(2))
            qml.BasicEntanglerLayers(weights, wires=range(2))
            return [qml.expval(qml.Z(0)), qml.expval(qml.Z(1))]

        torch.manual_seed(1)
        node = qml.QNode(layer, device, interface="torch", diff_method=method)
        quantum = qml.qnn.TorchLayer(node, {"weights": (2, 2)})
        ends = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
        network = torch.nn.Sequential(ends[0], quantum, ends[1]).double()
        loss = network(samples).pow(2).mean()
        loss.backward()
        return loss.item(), torch.cat([each.grad.flatten() for each in network.parameters()])

    device = qml.device("qstore.ionq", wires=2)
    with qml.Tracker(device) as tracker:
        loss, found = gradients(device, diff_method)
    exact, expected = gradients(qml.device("default.qubit", wires=2), "backprop")
    assert tracker.totals["jobs"] == jobs
    assert loss == pytest.approx(exact)
    assert torch.allclose(found, expected, atol=1e-9)


def tape_of(angle):
    return qml.tape.QuantumScript([qml.RX(angle, 0)], [qml.expval(qml.Z(0))])


def through_the_preprocessing(device, angle):
    tapes, read = device.preprocess_transforms()([tape_of(angle)])
    return read(device.execute(tapes))[0]


DIRECT = {
    "a tape": lambda device, angle: device.execute(tape_of(angle)),
    "tapes": lambda device, angle: device.execute([tape_of(0.1), tape_of(2 * angle)])[1],
    "preprocessed": through_the_preprocessing,
}


@pytest.mark.parametrize("run", DIRECT.values(), ids=DIRECT)
def test_a_derivative_that_would_be_lost_is_refused(run):
    """Autograd through ``execute`` itself is an error with the cure, not a derivative of zero."""
    device = qml.device("qstore.ionq", wires=1)
    angle = pnp.array(0.3, requires_grad=True)
    with pytest.raises(qml.exceptions.DeviceError, match=r"qml\.execute"):
        qml.grad(lambda angle: run(device, angle))(angle)
    assert run(device, angle) == pytest.approx(np.cos(0.6 if run is DIRECT["tapes"] else 0.3))


def test_derivatives_through_the_workflow_are_right():
    """``qml.execute`` and Hessians pass; so does a plain ``execute`` beside a derivative."""
    device = qml.device("qstore.ionq", wires=1)
    angle = pnp.array(0.3, requires_grad=True)

    def executed(angle):
        return qml.execute([tape_of(angle)], device, diff_method="best", max_diff=2)[0]

    def beside(angle):
        return executed(angle) * device.execute(tape_of(0.5))

    assert qml.grad(executed)(angle) == pytest.approx(-np.sin(0.3))
    assert qml.grad(qml.grad(executed))(angle) == pytest.approx(-np.cos(0.3))
    assert qml.grad(beside)(angle) == pytest.approx(-np.sin(0.3) * np.cos(0.5))
