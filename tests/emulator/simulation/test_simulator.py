"""Whole circuits against PennyLane's simulator and against dense matrices."""

import threading

import numpy as np
import pennylane as qp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation.circuit import StoppedError
from pennylane_qstore.emulator.simulation.simulator import simulate
from tests.examples import examples

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
SIMPLE = {
    "x": qp.X,
    "not": qp.X,
    "y": qp.Y,
    "z": qp.Z,
    "h": qp.H,
    "s": qp.S,
    "si": lambda wires: qp.adjoint(qp.S(wires)),
    "t": qp.T,
    "ti": lambda wires: qp.adjoint(qp.T(wires)),
    "v": qp.SX,
    "vi": lambda wires: qp.adjoint(qp.SX(wires)),
    "swap": qp.SWAP,
}
TURNED = {
    "rx": qp.RX,
    "ry": qp.RY,
    "rz": qp.RZ,
    "z": qp.PhaseShift,
    "xx": qp.IsingXX,
    "yy": qp.IsingYY,
    "zz": qp.IsingZZ,
}
PAIRS = {"swap", "xx", "yy", "zz"}
QUBITS = 5


def run(circuits, gateset="qis", qubits=None):
    """Each circuit's probabilities as an array over all states of all qubits."""
    reader = CircuitReader()
    size = 1 << max(reader.read(circuit, "circuit", gateset, qubits).qubits for circuit in circuits)
    found = np.zeros((len(circuits), size))
    for group in reader.groups():
        for chunk in simulate(group, threading.Event()):
            found[np.ix_(chunk.members, chunk.states)] = chunk.probabilities
    return found


def pennylane(circuit, qubits=QUBITS):
    """The same from PennyLane, whose first wire is the highest bit."""
    operators = []
    for gate in circuit:
        wires = gate.get("targets") or [gate["target"]]
        controls = gate.get("controls") or []
        if "rotation" in gate:
            operator = TURNED[gate["gate"]](gate["rotation"], wires=wires)
        else:
            operator = SIMPLE[gate["gate"]](wires=wires)
        operators.append(qp.ctrl(operator, control=controls) if controls else operator)
    tape = qp.tape.QuantumScript(operators, [qp.probs(wires=list(reversed(range(qubits))))])
    return qp.device("default.qubit").execute(tape)


@st.composite
def qis_gates(draw):
    """A QIS gate on some of the qubits."""
    rotation = draw(st.none() | st.floats(-7, 7))
    name = draw(st.sampled_from(sorted(SIMPLE if rotation is None else TURNED)))
    order = draw(st.permutations(range(QUBITS)))
    width = 2 if name in PAIRS else 1
    controls = draw(st.integers(0, 2))
    gate = {"gate": name, "targets": order[:width], "controls": order[width : width + controls]}
    return gate if rotation is None else {**gate, "rotation": rotation}


@examples(60)
@given(st.lists(qis_gates(), min_size=1, max_size=12))
def test_qis_circuits_agree_with_pennylane(circuit):
    """Any circuit of QIS gates with controls has PennyLane's probabilities."""
    np.testing.assert_allclose(run([circuit], qubits=QUBITS)[0], pennylane(circuit), atol=1e-12)


def native_matrix(gate):
    """A native gate as an exponential, the first target leftmost."""

    def axis(turns):
        return np.cos(2 * np.pi * turns) * PAULIS["X"] + np.sin(2 * np.pi * turns) * PAULIS["Y"]

    match gate["gate"]:
        case "gpi":
            return axis(gate["phase"])
        case "gpi2":
            return expm(-0.25j * np.pi * axis(gate["phase"]))
        case "ms":
            pair = np.kron(*map(axis, gate["phases"]))
            return expm(-1j * np.pi * gate.get("angle", 0.25) * pair)
    return expm(-1j * np.pi * gate["angle"] * np.kron(PAULIS["Z"], PAULIS["Z"]))


def native_pennylane(circuit, qubits):
    """A native circuit by way of matrices in PennyLane."""
    operators = [
        qp.QubitUnitary(native_matrix(gate), wires=gate.get("targets") or [gate["target"]])
        for gate in circuit
    ]
    tape = qp.tape.QuantumScript(operators, [qp.probs(wires=list(reversed(range(qubits))))])
    return qp.device("default.qubit").execute(tape)


def native_circuit(random, qubits=6, length=40):
    """A native circuit drawn at random."""
    circuit = []
    for _ in range(length):
        name = random.choice(["gpi", "gpi2", "gpi2", "ms", "zz"])
        a, b = random.choice(qubits, 2, replace=False).tolist()
        phase, other, angle = (random.uniform(-1, 1, 3) * (1, 1, 0.25)).tolist()
        circuit.append(
            {
                "gpi": {"gate": "gpi", "target": a, "phase": phase},
                "gpi2": {"gate": "gpi2", "target": a, "phase": phase},
                "ms": {
                    "gate": "ms",
                    "targets": [a, b],
                    "phases": [phase, other],
                    "angle": abs(angle),
                },
                "zz": {"gate": "zz", "targets": [a, b], "angle": angle},
            }[name]
        )
    return circuit


@pytest.mark.parametrize("seed", range(8))
def test_native_circuits_agree_with_pennylane(seed):
    """Any circuit of native gates has the probabilities of its matrices in PennyLane."""
    circuit = native_circuit(np.random.default_rng(seed))
    expected = native_pennylane(circuit, 6)
    np.testing.assert_allclose(run([circuit], "native", 6)[0], expected, atol=1e-12)


def test_a_missing_angle_is_the_full_entangler():
    """An ms without an angle has a quarter turn."""
    circuit = [{"gate": "ms", "targets": [0, 1], "phases": [0, 0]}]
    np.testing.assert_allclose(run([circuit], "native"), [[0.5, 0, 0, 0.5]], atol=1e-15)


def test_zz_may_call_its_angle_a_phase():
    """cirq-ionq's spelling of zz is understood; angle wins where both are there."""
    ends = [{"gate": "gpi2", "target": q, "phase": 0.1} for q in (0, 1)]
    alike = [
        [*ends, {"gate": "zz", "targets": [0, 1], **numbers}, *ends]
        for numbers in ({"angle": 0.2}, {"phase": 0.2}, {"angle": 0.2, "phase": 0.9})
    ]
    first, second, third = run(alike, "native")
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize("qubits", [3, 13])
def test_a_batch_is_its_circuits(qubits):
    """Circuits of one structure run together give, to the bit, what they give alone."""
    random = np.random.default_rng(7)

    def circuit():
        return [{"gate": "gpi2", "target": q, "phase": random.random()} for q in range(qubits)] + [
            {
                "gate": "ms",
                "targets": [q, (q + 1) % qubits],
                "phases": random.random(2).tolist(),
                "angle": random.random() / 4,
            }
            for q in range(qubits)
        ]

    circuits = [circuit() for _ in range(11)]
    circuits.insert(4, native_circuit(random, qubits))
    together = run(circuits, "native")
    alone = [run([each], "native", qubits)[0] for each in circuits]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-15)


def test_more_rows_than_a_chunk_holds():
    """A group that needs several chunks is whole and in order."""
    angles = np.linspace(0, np.pi, 5000)
    circuits = [
        [{"gate": "ry", "target": 0, "rotation": angle}]
        + [{"gate": "cnot", "control": 0, "target": q} for q in range(1, 6)]
        for angle in angles.tolist()
    ]
    np.testing.assert_allclose(run(circuits)[:, 63], np.sin(angles / 2) ** 2, atol=1e-14)


def pauli_matrix(term):
    """A Pauli string's matrix over little-endian states: the rightmost letter is the lowest bit."""
    matrix = np.eye(1)
    for letter in term:
        matrix = np.kron(matrix, PAULIS[letter])
    return matrix


@pytest.mark.parametrize(
    "terms", [["IYX", "ZXI"], ["XXI", "IZZ", "YIY"], ["YYY"], ["XXI", "YYI"], ["III", "ZZZ"]]
)
def test_pauliexp_is_its_exponential(terms):
    """A pauliexp agrees with expm, whether its terms commute or not, on any targets."""
    random = np.random.default_rng(3)
    coefficients, time = random.uniform(-1, 1, len(terms)), 0.8
    generator = sum(c * pauli_matrix(t) for c, t in zip(coefficients, terms, strict=True))
    angles = random.uniform(0, 3, 3)
    start = np.eye(1)
    for angle in angles[::-1]:
        start = np.kron(start, expm(-0.5j * angle * PAULIS["Y"]))
    expected = np.abs((expm(-1j * time * generator) @ start)[:, 0]) ** 2
    targets = [3, 0, 2]
    evolution = {
        "gate": "pauliexp",
        "targets": targets,
        "terms": terms,
        "coefficients": coefficients.tolist(),
        "time": time,
    }
    turns = [
        {"gate": "ry", "target": q, "rotation": a}
        for q, a in zip(targets, angles.tolist(), strict=True)
    ]
    found = run([[*turns, evolution]], qubits=4)[0]
    states = [sum(((i >> j) & 1) << q for j, q in enumerate(targets)) for i in range(8)]
    np.testing.assert_allclose(found[states], expected, atol=1e-12)


def test_a_batch_of_pauliexps():
    """Every circuit of a batch has coefficients and a time of its own."""
    circuits = [
        [
            {"gate": "h", "target": 1},
            {
                "gate": "pauliexp",
                "targets": [0, 1],
                "terms": ["XZ", "YX"],
                "coefficients": [0.1 * k, 1 - 0.2 * k],
                "time": 0.3 * k,
            },
        ]
        for k in range(9)
    ]
    alone = [run([circuit])[0] for circuit in circuits]
    np.testing.assert_allclose(run(circuits), alone, atol=1e-14)


def test_several_targets_of_a_one_qubit_gate():
    """A one-qubit gate acts on each of its targets."""
    assert run([[{"gate": "x", "targets": [0, 2]}]])[0][5] == 1


def test_qubits_far_apart_cost_nothing():
    """Only touched qubits are held in memory."""
    circuit = [{"gate": "x", "target": 28}, {"gate": "cnot", "control": 28, "target": 3}]
    reader = CircuitReader()
    reader.read(circuit, "circuit", "qis", 29)
    (chunk,) = simulate(reader.groups()[0], threading.Event())
    assert chunk.states.tolist() == [0, 1 << 3, 1 << 28, 1 << 28 | 1 << 3]
    assert chunk.probabilities.tolist() == [[0, 0, 0, 1]]


def test_a_state_too_large_for_memory():
    """More qubits than memory holds are refused before anything is allocated."""
    reader = CircuitReader()
    reader.read([{"gate": "h", "targets": list(range(25))}], "circuit", "qis", 29)
    with pytest.raises(MemoryError, match="25 qubits"):
        next(iter(simulate(reader.groups()[0], threading.Event())))


def test_a_stopped_simulation_ends():
    """Once nobody waits, no further gate is applied."""
    reader, stop = CircuitReader(), threading.Event()
    reader.read([{"gate": "h", "target": 0}], "circuit", "qis", 1)
    stop.set()
    with pytest.raises(StoppedError):
        list(simulate(reader.groups()[0], stop))
