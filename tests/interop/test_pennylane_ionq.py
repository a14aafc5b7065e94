"""PennyLane-IonQ: single circuits, batches, native gates, noise, exponentials of Paulis."""

import pennylane as qp
import pytest
from pennylane_ionq.api_client import APIClient
from pennylane_ionq.ops import GPI, GPI2

SHOTS = 100_000


@pytest.fixture
def device(api, monkeypatch):
    """Makes devices that are sent to the emulator: the class has no other seam."""
    monkeypatch.setattr(APIClient, "BASE_URL", api.url)
    return lambda name="ionq.simulator", **options: qp.device(name, api_key="test", **options)


def close(found, expected, shots=SHOTS):
    """Whether values of observables are within 5 sigma of the truth."""
    return bool(qp.math.allclose(found, expected, atol=5 / shots**0.5, rtol=0))


def test_a_qnode_and_its_gradient(device):
    """Its simulator runs a circuit and a batch of shifted ones."""

    @qp.set_shots(SHOTS)
    @qp.qnode(device(wires=2), diff_method="parameter-shift")
    def circuit(x):
        qp.RX(x, wires=0)
        qp.CNOT(wires=[0, 1])
        return qp.expval(qp.Z(1))

    x = qp.numpy.array(0.7, requires_grad=True)
    assert close(circuit(x), qp.math.cos(0.7))
    assert close(qp.grad(circuit)(x), -qp.math.sin(0.7))


def test_bit_order(device):
    """Its samples say that the wire was flipped that was."""

    @qp.set_shots(100)
    @qp.qnode(device("ionq.qpu", backend="aria-1", wires=3))
    def circuit():
        qp.X(1)
        return qp.probs(wires=[0, 1, 2])

    assert circuit().tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


def test_a_wide_choice_of_gates(device):
    """Every gate it sends means what PennyLane means by it."""

    def circuit(x):
        for wire in range(3):
            qp.RY(0.3 + wire, wires=wire)
        qp.S(0)
        qp.adjoint(qp.T(1))
        qp.SX(2)
        qp.RZ(x, wires=1)
        qp.IsingXX(0.4, wires=[0, 1])
        qp.IsingYY(0.5, wires=[1, 2])
        qp.IsingZZ(0.6, wires=[0, 2])
        qp.SWAP(wires=[0, 2])
        return [qp.expval(qp.Z(wire)) for wire in range(3)]

    exact = qp.qnode(qp.device("default.qubit", wires=3))(circuit)
    sampled = qp.set_shots(qp.qnode(device(wires=3))(circuit), SHOTS)
    assert close(sampled(0.2), exact(0.2))


@pytest.mark.filterwarnings("ignore:The 'num_steps' argument")
def test_an_evolution(device):
    """A Hamiltonian's evolution is a pauliexp."""
    hamiltonian = 0.3 * qp.X(0) @ qp.Y(1) + 0.7 * qp.Y(0) @ qp.X(1)

    @qp.set_shots(SHOTS)
    @qp.qnode(device(wires=2))
    def sampled():
        qp.evolve(hamiltonian, 0.5)
        return qp.expval(qp.Z(0))

    @qp.qnode(qp.device("default.qubit", wires=2))
    def exact():
        qp.evolve(hamiltonian, 0.5)
        return qp.expval(qp.Z(0))

    assert close(sampled(), exact())


def test_native_gates(device):
    """Native gates are in turns."""

    @qp.set_shots(SHOTS)
    @qp.qnode(device(wires=2, gateset="native"))
    def circuit():
        GPI2(0.0, wires=0)
        GPI(0.3, wires=1)
        GPI2(0.1, wires=0)
        return qp.expval(qp.Z(0)), qp.expval(qp.Z(1))

    first, second = circuit()
    # Two half turns about axes 0.1 turns apart.
    assert close(first, -qp.math.cos(2 * qp.numpy.pi * 0.1))
    assert second == -1


def test_noise(device):
    """A noisy simulator loses contrast as the model says."""

    @qp.set_shots(SHOTS)
    @qp.qnode(device(wires=2, noise_model="aria-1", noise_seed=5))
    def circuit():
        for _ in range(21):
            qp.CNOT(wires=[0, 1])
        return qp.expval(qp.Z(0))

    assert close(circuit(), (1 - 0.0133) ** 21)
