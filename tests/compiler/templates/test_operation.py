"""Tapes at the device's level: copied, pickled, flattened, given new angles, and hashed."""

import copy
import pickle

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore.compiler.templates.operation import BoundTemplate

WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda op: pickle.loads(pickle.dumps(op)),
    "pytree": lambda op: qml.pytrees.unflatten(*qml.pytrees.flatten(op)),
    "new parameters": lambda op: bind_new_parameters(op, op.data),
}


def device_level(qnode, *args):
    tapes, _ = qml.workflow.construct_batch(qnode, level="device")(*args)
    return tapes[0]


@pytest.fixture
def qnode():
    @qml.qnode(qml.device("qstore.ionq", wires=2))
    def circuit(x, y):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        qml.CRX(y, [0, 1])
        return qml.probs(wires=[0, 1])

    return circuit


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("way", WAYS)
def test_it_shares_the_template_and_gives_the_same(qnode, way, batch):
    """Compiled once, whatever is done with the tape; of one circuit and of a batch."""
    x = 0.3 if batch is None else np.linspace(0, 1, batch)
    tape = device_level(qnode, x, 0.4)
    (op,) = tape.operations
    again = WAYS[way](op)
    assert isinstance(again, BoundTemplate)
    assert again.template is op.template
    assert again.hash == op.hash
    (expected,) = qml.execute([tape], qnode.device)
    made = qml.tape.QuantumScript([again], tape.measurements, tape.shots)
    np.testing.assert_array_equal(qml.execute([made], qnode.device)[0], expected)


@pytest.mark.parametrize(
    "way", [copy.deepcopy, WAYS["pickle"], WAYS["pytree"], lambda tape: tape.copy()]
)
def test_whole_tapes_too(qnode, way):
    """With their measurements and shots."""
    tape = device_level(qml.set_shots(qnode, 100), 0.3, 0.4)
    again = way(tape)
    assert again.hash == tape.hash
    assert again.shots == tape.shots
    assert again.operations[0].template is tape.operations[0].template


def test_new_parameters_are_the_angles(qnode):
    """As a tape's bind_new_parameters and a pytree's mapped leaves give them."""
    tape = device_level(qnode, 0.3, 0.4)
    angles = tape.operations[0].data[0] * 2
    (bound,) = qml.execute([tape.bind_new_parameters([angles], [0])], qnode.device)
    np.testing.assert_allclose(bound, qnode(0.6, 0.8), atol=1e-12)
    leaves, structure = qml.pytrees.flatten(tape)
    doubled = qml.pytrees.unflatten(
        [2 * leaf if isinstance(leaf, np.ndarray) else leaf for leaf in leaves], structure
    )
    np.testing.assert_allclose(qml.execute([doubled], qnode.device)[0], qnode(0.6, 0.8), atol=1e-12)
    assert tape.operations[0].data[0] is not angles


@pytest.mark.parametrize(
    ("gate", "period"),
    [(qml.RX, 2 * np.pi), (qml.PhaseShift, 2 * np.pi), (qml.CRX, 4 * np.pi)],
)
def test_hashes_are_modulo_a_turn_where_the_gate_is(gate, period):
    """A controlled rotation by a turn is a Z: another circuit."""
    device = qml.device("qstore.ionq", wires=2)

    @qml.qnode(device)
    def circuit(x):
        gate(x, wires=range(gate.num_wires))
        return qml.probs(wires=[0, 1])

    def hashed(x):
        return device_level(circuit, x).hash

    assert hashed(0.3) != hashed(0.3 + 1e-10)
    assert hashed(0.3) == hashed(0.3 + 1e-15) == hashed(0.1 + 0.2)
    assert (hashed(0.3) == hashed(0.3 + 2 * np.pi)) == (period == 2 * np.pi)
    assert (hashed(-0.3) == hashed(2 * np.pi - 0.3)) == (period == 2 * np.pi)
    assert hashed(0.0) == hashed(-0.0)
    assert hashed(np.array([0.3, 0.4])) != hashed(np.array([0.4, 0.3]))


def test_a_hessian_executes_as_many_circuits_as_on_pennylanes_simulator():
    """PennyLane's cache finds angles that differ by turns and by rounding."""

    def executed(device):
        @qml.qnode(device, diff_method="parameter-shift", max_diff=2)
        def circuit(x):
            qml.RX(x[0], 0)
            qml.RY(x[1], 1)
            qml.CNOT([0, 1])
            qml.RX(x[2], 1)
            return qml.expval(qml.Z(1))

        x = pnp.array([0.3, 0.4, 0.5], requires_grad=True)
        with qml.Tracker(device) as tracker:
            hessian = qml.jacobian(qml.grad(circuit))(x)
        return tracker.totals["executions"], hessian

    ours, theirs = (
        executed(qml.device("qstore.ionq", wires=2)),
        executed(qml.device("default.qubit", wires=2)),
    )
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-9)
    assert ours[0] == theirs[0]


def test_pennylanes_qnspsa_takes_scalar_arguments():
    """It copies the tapes of the device's level."""
    device = qml.device("qstore.ionq", wires=2, seed=3)

    @qml.qnode(device)
    def circuit(x, y):
        qml.RX(x, 0)
        qml.RY(y, 1)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    optimizer = qml.QNSPSAOptimizer(stepsize=0.05, seed=5)
    x, y = pnp.array(0.4, requires_grad=True), pnp.array(0.5, requires_grad=True)
    first = circuit(x, y)
    for _ in range(15):
        (x, y), _ = optimizer.step_and_cost(circuit, x, y)
    assert circuit(x, y) < first
