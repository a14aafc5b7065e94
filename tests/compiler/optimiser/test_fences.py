"""qml.Barrier is a fence: no pass moves, merges or cancels gates across one."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing

EXACT = {"measurement_aware": False}
rng = np.random.default_rng(3)


def sent(operations, measurement=None, **options):
    device = qml.device("qstore.ionq", wires=3, **{**EXACT, **options})
    tape = qml.tape.QuantumScript(operations, [measurement or qml.probs(wires=[0, 1, 2])])
    counts = qstore.compile(tape, device)().gate_counts()
    return counts["1q"], counts["2q"]


@pytest.mark.parametrize(
    ("operations", "counts"),
    [
        ([qml.X(0), qml.Barrier(0), qml.X(0)], (2, 0)),
        ([qml.X(0), qml.Barrier(), qml.X(0)], (2, 0)),
        ([qml.H(0), qml.Barrier([0, 1]), qml.H(0)], (2, 0)),
        ([qml.RX(0.3, 0), qml.Barrier(0), qml.RX(-0.3, 0)], (4, 0)),
        ([qml.RX(0.3, 0), qml.Barrier(0), qml.Barrier(0), qml.RX(-0.3, 0)], (4, 0)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("level", ["template", "full"])
def test_gates_on_both_sides_are_sent(operations, counts, level):
    """Though they cancel."""
    assert sent(operations, optimization=level) == counts


@pytest.mark.parametrize(
    "gate",
    [
        qml.CNOT([0, 1]),
        qml.CZ([0, 1]),
        qml.IsingXX(0.4, [0, 1]),
        qml.CRX(0.7, [1, 0]),
        qml.Toffoli([0, 1, 2]),
        qml.MultiRZ(0.4, [0, 1, 2]),
    ],
    ids=repr,
)
def test_a_fold_has_twice_the_entanglers(gate):
    """For every entangler of the gate, one of its inverse; without a fence constants cancel."""
    start = [qml.RY(0.3 + wire, wire) for wire in range(3)]
    once = sent([*start, qml.Barrier(), gate])[1]
    folded = [*start, qml.Barrier(), gate, qml.Barrier(), qml.adjoint(gate)]
    assert sent(folded)[1] == 2 * once > 0
    unfenced = [op for op in folded if not isinstance(op, qml.Barrier)]
    assert sent(unfenced)[1] == 0 or gate.num_params


def test_a_visual_barrier_is_none():
    """only_visual=True bounds nothing, as PennyLane says."""
    barrier = qml.Barrier(0, only_visual=True)
    fenced, visual = ([qml.H(0), own, qml.H(0), qml.S(0)] for own in (qml.Barrier(0), barrier))
    assert sent([qml.CNOT([0, 1]), barrier, qml.CNOT([0, 1])])[1] == 0
    assert sent(fenced)[0] == 2
    assert sent([qml.RX(0.3, 0), barrier, qml.RX(-0.3, 0), qml.RX(0.2, 0)])[0] == 2
    assert sent(visual) == sent([op for op in visual if op is not barrier])


def test_a_fence_is_on_its_own_wires_only():
    """What other wires have is merged past it."""
    assert sent([qml.X(0), qml.X(1), qml.Barrier(0), qml.X(0), qml.X(1)]) == (2, 0)


def test_the_measurement_stands_behind_a_last_fence():
    """Where only outcomes matter, a last gate is done to them; a fence after it has it sent."""
    start = [qml.RY(0.4, 0), qml.RY(0.5, 1)]
    assert sent([*start, qml.CNOT([0, 1])], measurement_aware=True)[1] == 0
    assert sent([*start, qml.CNOT([0, 1]), qml.Barrier()], measurement_aware=True)[1] == 1
    # A gate on qubits in |0⟩ is worked out, but not across a fence.
    assert sent([qml.CNOT([0, 1]), qml.Barrier()], measurement_aware=True)[1] == 0
    assert sent([qml.Barrier(), qml.CNOT([0, 1]), qml.Barrier()], measurement_aware=True)[1] == 1


def test_idle_qubits_are_not_sent_for_a_fence():
    """A barrier on all wires is no use of them."""
    device = qml.device("qstore.ionq", wires=5)
    operations = [qml.RX(0.3, 0), qml.Barrier(range(5)), qml.RX(0.4, 0)]
    tape = qml.tape.QuantumScript(operations, [qml.probs(wires=[0])])
    assert qstore.compile(tape, device)().qubits == 1


def random_operations():
    gates = [
        lambda w: qml.RX(rng.uniform(0, 3), w[0]),
        lambda w: qml.RZ(rng.uniform(0, 3), w[0]),
        lambda w: qml.CNOT(w[:2]),
        lambda w: qml.SWAP(w[:2]),
        lambda w: qml.IsingXX(rng.uniform(-3, 3), w[:2]),
        lambda w: qml.CRX(rng.uniform(0, 3), w[:2]),
        qml.Toffoli,
        lambda w: qml.Barrier(w[: rng.integers(1, 4)]),
    ]
    return [gates[rng.integers(8)](rng.permutation(3).tolist()) for _ in range(14)]


@pytest.mark.parametrize("operations", [random_operations() for _ in range(12)])
@pytest.mark.parametrize("options", [{}, EXACT, {"optimization": "template"}], ids=repr)
def test_fenced_circuits_are_right(operations, options):
    """By PennyLane's simulator, and by the check of each program's unitary."""
    device = qml.device("qstore.ionq", wires=3, verify=True, **options)
    measurements = [qml.probs(wires=[0, 1, 2]), qml.expval(qml.X(0) @ qml.Y(1))]
    tape = qml.tape.QuantumScript(operations, measurements)
    (found,) = qml.execute([tape], device)
    (expected,) = qml.execute([tape], qml.device("default.qubit", wires=3))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("gates", ["ms", "zz"])
def test_both_entanglers_have_fences(gates):
    """MS's gauge ends at one as well."""
    target = Target(gates, measurement_aware=False, verify=True)
    pair = [qml.RX(0.3, 0), qml.IsingXX(0.4, [0, 1]), qml.RY(0.3, 1)]
    inverse = [qml.adjoint(op, lazy=False) for op in reversed(pair)]
    operations = [*pair, qml.Barrier(), *inverse, qml.Barrier(), *pair]
    tape = qml.tape.QuantumScript(operations, [qml.probs(wires=[0, 1])])
    tapes, _ = preprocessing("name", None, None, TemplateCache(), lambda: target)((tape,))
    ((programs, _, _),) = compile_batch(tapes, None, target)
    assert programs.gate_counts()["2q"] == 3
