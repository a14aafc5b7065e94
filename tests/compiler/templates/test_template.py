"""Templates: what was compiled once serves all angles, and equals a fresh compile."""

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pennylane_qstore as qstore
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing
from pennylane_qstore.compiler.tapes.pipeline import pipeline
from tests.compiler.native_matrix import program_matrix

WIRES = ["a", "b", "c"]
angles = st.one_of(st.floats(-7, 7), st.sampled_from([0.0, np.pi / 2, np.pi, -np.pi / 2]))
wire = st.sampled_from(WIRES)
pair = st.permutations(WIRES).map(lambda labels: labels[:2])
gates = st.one_of(
    st.builds(lambda gate, w: (gate, 1, [w]), st.sampled_from([qml.RX, qml.RY, qml.RZ]), wire),
    st.builds(lambda w: (qml.Rot, 3, [w]), wire),
    st.builds(lambda w: (qml.U2, 2, [w]), wire),
    st.builds(
        lambda gate, w: (gate, 1, w),
        st.sampled_from([qml.CRX, qml.IsingXX, qml.IsingZZ, qml.IsingXY, qml.ControlledPhaseShift]),
        pair,
    ),
    st.builds(lambda gate, w: (gate, 0, w), st.sampled_from([qml.CNOT, qml.SWAP]), pair),
    st.builds(lambda w: (qml.Hadamard, 0, [w]), wire),
)
structures = st.lists(gates, min_size=1, max_size=8)
entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])


def tape_of(structure, values):
    values = iter(values)
    operations = [gate(*[next(values) for _ in range(n)], wires=w) for gate, n, w in structure]
    measurements = [qml.expval(qml.X("a") @ qml.Z("b")), qml.probs(wires=WIRES)]
    return qml.tape.QuantumScript(operations, measurements)


def compiled(tape, steps, target):
    """The unitary of each circuit that a tape becomes, and its gates."""
    batch, _ = steps((tape,))
    return {
        place: (program_matrix(programs, row), programs.gate_counts())
        for programs, _, places in compile_batch(batch, WIRES, target)
        for row, place in enumerate(places)
    }


@entanglers
@given(data=st.data(), structure=structures)
def test_a_bound_template_equals_a_fresh_compile(entangler, data, structure):
    """Whatever the structure and the angles, a template does what its tape does, from |0…0⟩ on.

    And it never has more entanglers than the literal translation, nor one for other angles.
    """
    count = sum(n for _, n, _ in structure)
    rows = st.lists(angles, min_size=count, max_size=count)
    cache = TemplateCache()
    target = Target(entangler, measurement_aware=False, verify=True)
    ready = preprocessing("d", WIRES, None, cache, lambda: target)
    fresh, literal = pipeline("d", WIRES, None), Target(entangler, optimization="none")
    for values in data.draw(st.lists(rows, min_size=1, max_size=4)):
        tape = tape_of(structure, values)
        found, expected = compiled(tape, ready, target), compiled(tape, fresh, literal)
        for place, (matrix, counts) in expected.items():
            distribution = np.abs(matrix[:, 0]) ** 2
            assert np.allclose(np.abs(found[place][0][:, 0]) ** 2, distribution, atol=1e-10)
            assert found[place][1]["2q"] <= counts["2q"]
    assert cache.stats().misses == 1


DEVICE, REFERENCE = (
    qml.device("qstore.ionq", verify=True, wires=WIRES),
    qml.device("default.qubit", wires=WIRES),
)


@given(data=st.data(), structure=structures)
def test_results_are_those_of_default_qubit(data, structure):
    """Through the cache and the emulator, every circuit gives what default.qubit gives."""
    count = sum(n for _, n, _ in structure)
    values = data.draw(st.lists(angles, min_size=count, max_size=count))
    (found,) = qml.execute([tape_of(structure, values)], DEVICE)
    (expected,) = qml.execute([tape_of(structure, values)], REFERENCE)
    for value, true in zip(found, expected, strict=True):
        assert np.allclose(value, true, atol=1e-9)


def test_a_gradient_compiles_one_structure():
    """All the shifted tapes of a gradient, and of the next, are one miss."""
    dev = qml.device("qstore.ionq", verify=True, wires=2)

    @qml.qnode(dev, diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x[0], 0)
        qml.CRY(x[1], [0, 1])
        return qml.expval(qml.X(0) + qml.Z(1))

    for seed in range(3):
        qml.grad(circuit)(qml.numpy.array(np.random.default_rng(seed).normal(size=2)))
    stats = dev.cache.stats()
    assert stats.misses == 1
    assert stats.hits > 15


@pytest.mark.parametrize(
    "ops",
    [
        lambda value: [qml.QubitUnitary(qml.RX.compute_matrix(value), 0)],
        lambda value: [qml.StatePrep([np.cos(value), np.sin(value)], 0)],
        lambda value: [qml.ctrl(qml.QubitUnitary(qml.RX.compute_matrix(value), 0), 1)],
        lambda value: [qml.pow(qml.RX(value, 0), 2)],
        lambda value: [qml.adjoint(qml.RX(value, 0))],
        lambda value: [qml.Hadamard(1), qml.ctrl(qml.RX(value, 0), 1)],
        lambda value: [qml.exp(qml.X(0), 1j * value)],
        lambda value: [qml.TrotterProduct(qml.X(0) + value * qml.Y(0), 0.3)],
    ],
)
def test_values_that_decide_the_gates_are_never_mixed_up(ops):
    """An operation that is taken apart by its values gets a structure of its own for each."""
    measurement = qml.probs(wires=[0, 1])
    tapes = [qml.tape.QuantumScript(ops(value), [measurement]) for value in (0.3, 1.1, 0.3, 2.0)]
    found = qml.execute(tapes, qml.device("qstore.ionq", verify=True, wires=2))
    expected = qml.execute(tapes, qml.device("default.qubit", wires=2))
    assert np.allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    "obs",
    [
        lambda value: qml.Hermitian([[value, 1], [1, -value]], 0),
        lambda value: value * qml.X(0) + qml.Z(0),
        lambda value: qml.Hamiltonian([value, 0.5], [qml.X(0), qml.Z(1)]),
        lambda value: qml.Projector([np.cos(value), np.sin(value)], 0),
    ],
)
def test_observables_of_other_values_are_never_mixed_up(obs):
    """Coefficients and matrices of observables are part of the structure."""
    ops = [qml.RX(0.4, 0), qml.RY(0.9, 1)]
    tapes = [
        qml.tape.QuantumScript(ops, [qml.expval(obs(value))]) for value in (0.3, 1.1, 0.3, 2.0)
    ]
    found = qml.execute(tapes, qml.device("qstore.ionq", verify=True, wires=2))
    expected = qml.execute(tapes, qml.device("default.qubit", wires=2))
    assert np.allclose(found, expected, atol=1e-9)


def test_the_inverse_of_a_rotation_is_open_too():
    """An adjoint's angle is an angle; what it is the adjoint of is part of the structure."""
    dev = qml.device("qstore.ionq", verify=True, wires=2)
    gates = [qml.RX, qml.RY]
    tapes = [
        qml.tape.QuantumScript(
            [qml.Hadamard(0), qml.adjoint(gate(angle, 0)), qml.adjoint(qml.CRX(angle, [0, 1]))],
            [qml.probs(wires=[0, 1])],
        )
        for gate in gates
        for angle in (0.3, 1.4, np.array([0.2, 2.0]))
    ]
    found = qml.execute(tapes, dev)
    for ours, theirs in zip(found, qml.execute(tapes, qml.device("default.qubit")), strict=True):
        assert np.allclose(ours, theirs, atol=1e-9)
    assert dev.cache.stats().misses == 4  # two gates, with and without a batch


def test_a_copy_with_other_wires_is_another_structure():
    """A token kept on an operation doesn't travel to a copy that acts elsewhere."""
    dev = qml.device("qstore.ionq", verify=True, wires=3)
    op = qml.CNOT([0, 1])
    tapes = []
    for wire_map in ({0: 0, 1: 1}, {0: 0, 1: 2}, {0: 2, 1: 1}):
        ops = [qml.X(0), op.map_wires(wire_map)]
        tapes.append(qml.tape.QuantumScript(ops, [qml.probs(wires=[0, 1, 2])]))
    expected = qml.execute(tapes, qml.device("default.qubit", wires=3))
    assert np.allclose(qml.execute(tapes, dev), expected)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        (1j, "complex"),
        ("a", "no number: a"),
        (None, "no number: None"),
    ],
)
def test_a_bad_angle_is_named_with_its_place(value, said):
    """On a structure that is known already, a bad angle still names its operation."""
    dev = qml.device("qstore.ionq", verify=True)

    @qml.qnode(dev)
    def circuit(x):
        qml.Hadamard(0)
        qml.RZ(x, 0)
        return qml.expval(qml.X(0))

    circuit(0.1)
    with pytest.raises(qstore.CompileError, match=rf"operation 1, RZ.*{said}"):
        circuit(value)


@pytest.mark.parametrize("cache", [True, False])
def test_a_batch_of_no_circuits_is_refused(cache):
    """Nobody could say what its results are."""
    dev = qml.device("qstore.ionq", cache=cache)
    tape = qml.tape.QuantumScript([qml.RX(np.zeros(0), 0)], [qml.expval(qml.Z(0))])
    with pytest.raises(qstore.CompileError, match="no values at all"):
        qml.execute([tape], dev)


def test_structures_are_forgotten_when_there_are_too_many():
    """The cache is bounded; a structure that was forgotten is made again."""
    cache = TemplateCache(most=2)
    steps = preprocessing("d", WIRES, None, cache, lambda: Target("zz"))
    for label in ["a", "b", "c", "a"]:
        steps((qml.tape.QuantumScript([qml.RX(0.1, label)], [qml.probs(wires=WIRES)]),))
    stats = cache.stats()
    assert (stats.misses, stats.hits, stats.structures) == (4, 0, 2)


def test_the_device_level_tells_the_native_gates():
    """``qml.specs`` counts, and a template decomposes into, the gates that are sent."""
    dev = qml.device("qstore.ionq", verify=True, wires=2)

    @qml.qnode(dev)
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    counts = qml.specs(circuit, level="device")(0.3)["resources"].gate_types
    assert counts == {"GPI2": 2}  # the CNOT is done to the outcomes
    (tape,), _ = qml.workflow.construct_batch(circuit, level="device")(0.3)
    names = [op.name for op in tape.operations[0].decomposition()]
    assert {name: names.count(name) for name in names} == counts


def test_a_cache_that_outlives_devices_mixes_nothing_up():
    """PennyLane's own result cache, kept by a user, tells every structure from every other."""
    cache = {}
    for index in range(60):
        op = qml.X(0) if index % 2 else qml.Identity(0)
        tape = qml.tape.QuantumScript([qml.RX(0.3, 0), op], [qml.expval(qml.Z(0))])
        (found,) = qml.execute([tape], qml.device("qstore.ionq", verify=True), cache=cache)
        assert np.isclose(found, np.cos(0.3) * (-1 if index % 2 else 1))


def test_values_that_change_in_place_are_seen():
    """An operation, or an observable, that is given other values is another structure."""
    dev, reference = qml.device("qstore.ionq", verify=True), qml.device("default.qubit")
    unitary = qml.QubitUnitary(np.eye(2, dtype=complex), 0)
    observable = qml.Hermitian(np.diag([1.0, -1.0]), 0)
    measurement = qml.expval(observable)
    for data in (np.diag([1.0, -1.0]), np.diag([5.0, 7.0]), np.diag([0.5, 2.0])):
        unitary.data[0][...] = unitary.data[0] @ [[0, 1], [1, 0]]
        observable.data = (data,)
        tape = qml.tape.QuantumScript([unitary], [measurement])
        assert np.isclose(*qml.execute([tape], dev), *qml.execute([tape], reference))


def test_operations_of_other_packages_are_not_remembered():
    """A class from elsewhere may keep what decides its gates where no key can see it."""

    class Flips(qml.operation.Operation):
        num_wires = 1

        def __init__(self, times, wires):
            self.times = times
            super().__init__(wires=wires)

        def decomposition(self):
            return [qml.X(self.wires)] * self.times

    dev = qml.device("qstore.ionq", verify=True)
    tapes = [
        qml.tape.QuantumScript([Flips(times, 0)], [qml.expval(qml.Z(0))]) for times in (1, 2, 3)
    ]
    assert np.allclose(qml.execute(tapes, dev), [-1, 1, -1])


def test_a_batch_that_folds_in_too_many_ways_is_right_all_the_same():
    """Circuits with signs of their own, more than get their own pulses, share a literal one."""
    angles = np.random.default_rng(3).uniform(-6, 6, (8, 200))

    def circuit():
        for w in range(3):
            qml.Hadamard(w)
        for index, each in enumerate(angles):
            qml.IsingZZ(each, [index % 3, (index + 1) % 3])
            qml.RX(0.3, index % 3)
        return qml.probs(wires=[0, 1, 2])

    found = qml.QNode(circuit, qml.device("qstore.ionq", verify=True, wires=3))()
    assert np.allclose(found, qml.QNode(circuit, qml.device("default.qubit"))(), atol=1e-9)


CHEMISTRY = {
    "UCCSD": lambda x: qml.UCCSD(
        x * np.array([1, 0.5, -0.3]),
        range(4),
        [[0, 1, 2], [1, 2, 3]],
        [[[0, 1], [2, 3]]],
        np.array([1, 1, 0, 0]),
    ),
    "kUpCCGSD": lambda x: qml.kUpCCGSD(
        x * np.arange(1, 7)[None], range(4), k=1, delta_sz=0, init_state=np.array([1, 1, 0, 0])
    ),
    "AllSinglesDoubles": lambda x: qml.AllSinglesDoubles(
        x * np.array([1, 0.5]), range(4), np.array([1, 1, 0, 0]), [[0, 2]], [[0, 1, 2, 3]]
    ),
    "GateFabric": lambda x: qml.GateFabric(
        x * np.array([[[1, 0.5]]]), range(4), [1, 1, 0, 0], include_pi=True
    ),
    "ParticleConservingU1": lambda x: qml.ParticleConservingU1(
        x * np.arange(1, 7).reshape(1, 3, 2), range(4), np.array([1, 1, 0, 0])
    ),
    "ParticleConservingU2": lambda x: qml.ParticleConservingU2(
        x * np.arange(1, 8).reshape(1, 7), range(4), np.array([1, 1, 0, 0])
    ),
}
OPEN = {
    **CHEMISTRY,
    "CRot": lambda x: qml.CRot(x, 2 * x, -x, [0, 1]),
    "PCPhase": lambda x: qml.PCPhase(x, 5, range(3)),
    "DoubleExcitationPlus": lambda x: qml.DoubleExcitationPlus(x, range(4)),
    "DoubleExcitationMinus": lambda x: qml.DoubleExcitationMinus(x, range(4)),
    "FermionicSWAP": lambda x: qml.FermionicSWAP(x, [0, 1]),
    "FermionicSingleExcitation": lambda x: qml.FermionicSingleExcitation(x, range(4)),
    "FermionicDoubleExcitation": lambda x: qml.FermionicDoubleExcitation(x, [0, 1], [2, 3]),
    "2-controlled RX": lambda x: qml.ctrl(qml.RX(x, 2), [0, 1], [True, False]),
    "3-controlled phase": lambda x: qml.ctrl(qml.PhaseShift(x, 3), [0, 1, 2]),
    "2-controlled Rot": lambda x: qml.ctrl(qml.Rot(x, -x, 2 * x, 2), [0, 1]),
    "controlled PauliRot": lambda x: qml.ctrl(qml.PauliRot(x, "XYZ", [1, 2, 3]), 0),
    "9-controlled RY": lambda x: qml.ctrl(qml.RY(x, 9), range(9), [0] * 9),
}


@pytest.mark.parametrize("name", OPEN)
def test_an_operator_with_angles_is_compiled_once(name):
    """Other angles are the same structure, and give what default.qubit gives."""
    tapes = [
        qml.tape.QuantumScript(
            [*(qml.RY(0.4 + wire, wire) for wire in range(4)), OPEN[name](angle)],
            [qml.probs(wires=range(4))],
        )
        for angle in (0.3, -1.2, 0.0, np.pi / 2)
    ]
    dev = qml.device("qstore.ionq")
    expected = qml.execute(tapes, qml.device("default.qubit"))
    assert np.allclose(qml.execute(tapes, dev), expected, atol=1e-9)
    assert (dev._cache.stats().misses, dev._cache.stats().bypasses) == (1, 0)


def test_what_is_controlled_and_how_is_part_of_the_structure():
    """Another base, other control values or other wires are other circuits."""
    ops = [
        qml.ctrl(qml.RX(0.3, 2), [0, 1]),
        qml.ctrl(qml.RY(0.3, 2), [0, 1]),
        qml.ctrl(qml.RX(0.3, 2), [0, 1], [True, False]),
        qml.ctrl(qml.RX(0.3, 1), [0, 2]),
        qml.ctrl(qml.PauliRot(0.3, "XY", [2, 1]), 0),
        qml.ctrl(qml.PauliRot(0.3, "YX", [2, 1]), 0),
    ]
    tapes = [
        qml.tape.QuantumScript(
            [*(qml.RY(0.4 + wire, wire) for wire in range(3)), op], [qml.probs(wires=range(3))]
        )
        for op in ops
    ]
    dev = qml.device("qstore.ionq", wires=3)
    expected = qml.execute(tapes, qml.device("default.qubit"))
    assert np.allclose(qml.execute(tapes, dev), expected, atol=1e-9)
    assert dev._cache.stats().misses == len(ops)


def test_values_share_a_template_where_they_are_not_looked_at():
    """States of one width are one structure of the level "template", each one right."""
    dev = qml.device("qstore.ionq", wires=3, optimization="template")

    @qml.qnode(dev)
    def circuit(state, x):
        qml.AmplitudeEmbedding(state, wires=range(3), normalize=True)
        qml.RY(x, 1)
        qml.CNOT([1, 2])
        return qml.probs(wires=range(3))

    rng = np.random.default_rng(5)
    reference = circuit.update(device=qml.device("default.qubit"))
    for _ in range(6):
        state = rng.normal(size=8) + 1j * rng.normal(size=8)
        assert np.allclose(circuit(state, 0.3), reference(state, 0.3), rtol=0, atol=1e-9)
    assert dev.cache.stats().misses == 1
    assert dev.cache.stats().hits == 5
