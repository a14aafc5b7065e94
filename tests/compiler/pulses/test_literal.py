"""Operations to native gates: the unitaries are proven equal."""

import numpy as np
import pennylane as qml
import pennylane_ionq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pennylane_qstore as qstore
from pennylane_qstore.compiler.circuit.columns import columns
from pennylane_qstore.compiler.pulses import literal
from pennylane_qstore.errors import CompileError
from tests.compiler.native_matrix import distance_up_to_frames, gate_matrix, program_matrix

QUBITS = {"a": 0, "b": 1, "c": 2}
angles = st.floats(-10, 10)
turns = st.floats(-2, 2)
wire = st.sampled_from("abc").map(lambda label: [label])
pair = st.permutations("abc").map(lambda labels: labels[:2])
FIXED = [qml.X, qml.Y, qml.Z, qml.Hadamard, qml.S, qml.T, qml.SX]
INVERSES = [lambda wires, gate=gate: qml.adjoint(gate(wires)) for gate in (qml.S, qml.T, qml.SX)]
gates = st.one_of(
    st.builds(
        lambda gate, angle, wires: gate(angle, wires),
        st.sampled_from([qml.RX, qml.RY, qml.RZ, qml.PhaseShift]),
        angles,
        wire,
    ),
    st.builds(lambda gate, wires: gate(wires), st.sampled_from(FIXED + INVERSES), wire),
    st.builds(lambda gate, wires: gate(wires), st.sampled_from([qml.CNOT, qml.CZ, qml.SWAP]), pair),
    st.builds(
        lambda gate, angle, wires: gate(angle, wires),
        st.sampled_from([qml.IsingXX, qml.IsingYY, qml.IsingZZ]),
        angles,
        pair,
    ),
    st.builds(qstore.GPI, turns, wire),
    st.builds(qstore.GPI2, turns, wire),
    st.builds(qstore.MS, turns, turns, turns, pair),
    st.builds(qstore.ZZ, turns, pair),
)
entanglers = pytest.mark.parametrize("entangler", ["ms", "zz"])


def compile_native(operations, qubit_of, batch, entangler):
    own = [columns(op, place, batch) for place, op in enumerate(operations)]
    return literal.compile_native(operations, own, qubit_of, batch, entangler)


def tape_matrix(operations):
    return qml.matrix(qml.tape.QuantumScript(operations), wire_order=list(QUBITS))


@entanglers
@given(operations=st.lists(gates, min_size=1, max_size=12))
def test_a_random_circuit_keeps_its_unitary(entangler, operations):
    """A program's unitary is its tape's, up to a phase and what Z measurements can't see."""
    programs = compile_native(operations, QUBITS, 1, entangler)
    assert distance_up_to_frames(tape_matrix(operations), program_matrix(programs)) < 1e-9


@entanglers
@pytest.mark.parametrize("angle", [1e6, -1e15, 1e300])
def test_large_angles_are_what_pennylane_takes_them_for(entangler, angle):
    """However many whole turns there are in them."""
    wires = list(QUBITS)
    ops = [kind(angle, w) for kind, w in zip([qml.RX, qml.RY, qml.PhaseShift], wires, strict=True)]
    ops += [qml.RX(0.3, "a"), qml.RZ(angle, "a"), qml.RX(0.4, "a"), qml.RY(0.5, "c")]
    for kind, own in ((qml.IsingXX, "ab"), (qml.IsingYY, "bc"), (qml.IsingZZ, "ac")):
        ops.append(kind(angle, list(own)))
    programs = compile_native([*ops, qml.RX(0.6, "b")], QUBITS, 1, entangler)
    expected = tape_matrix([*ops, qml.RX(0.6, "b")])
    assert distance_up_to_frames(expected, program_matrix(programs)) < 1e-12


@entanglers
@given(operations=st.lists(gates, min_size=1, max_size=8))
def test_every_number_is_in_the_range_of_the_api(entangler, operations):
    """Phases are in [-1, 1] turns, angles of entanglers in [0, 0.25], as the API documents."""
    programs = compile_native(operations, QUBITS, 1, entangler)
    (circuit,) = programs.circuits()
    for gate in circuit:
        phases = gate.get("phases", [gate["phase"]] if "phase" in gate else [])
        assert all(-1 <= phase <= 1 for phase in phases)
        assert 0 <= gate.get("angle", 0) <= 0.25
        assert gate["gate"] in {"gpi", "gpi2", entangler}


@entanglers
@given(rows=st.lists(st.tuples(angles, angles, angles), min_size=1, max_size=5))
def test_a_batch_equals_its_rows(entangler, rows):
    """Arrays of angles give each row's own unitary, whatever the rows' signs and sizes."""
    first, second, third = np.array(rows).T

    def operations(first, second, third):
        return [
            qml.RX(first, "a"),
            qml.IsingXX(second, ["a", "b"]),
            qml.RY(third, "b"),
            qml.IsingZZ(first, ["b", "c"]),
            qml.CNOT(["a", "c"]),
            qml.IsingYY(third, ["c", "a"]),
        ]

    programs = compile_native(operations(first, second, third), QUBITS, len(rows), entangler)
    assert len(programs) == len(rows)
    for row, values in enumerate(rows):
        expected = tape_matrix(operations(*values))
        assert distance_up_to_frames(expected, program_matrix(programs, row)) < 1e-9


@entanglers
def test_pennylane_ionqs_gates_are_the_gates_ionq_runs(entangler):
    """PennyLane-IonQ's MS has a wrong matrix and its GPI none: what IonQ layers is the truth."""
    ionq = pennylane_ionq.ops
    operations = [
        ionq.GPI2(0.1, "a"),
        ionq.GPI(0.3, "b"),
        ionq.MS(0.2, -0.4, 0.1, ["a", "b"]),
        ionq.XX(0.7, ["a", "b"]),
        ionq.YY(-2.1, ["b", "a"]),
        ionq.ZZ(1.3, ["a", "b"]),
    ]
    expected = np.eye(4)
    literal = [
        np.kron(gate_matrix("gpi2", [0.1]), np.eye(2)),
        np.kron(np.eye(2), gate_matrix("gpi", [0.3])),
        gate_matrix("ms", [0.2, -0.4, 0.1]),
        qml.IsingXX(0.7, [0, 1]).matrix(),
        qml.IsingYY(-2.1, [0, 1]).matrix(),
        qml.IsingZZ(1.3, [0, 1]).matrix(),
    ]
    for matrix in literal:
        expected = matrix @ expected
    programs = compile_native(operations, {"a": 0, "b": 1}, 1, entangler)
    assert distance_up_to_frames(expected, program_matrix(programs)) < 1e-9


def test_a_circuit_without_gates_is_not_empty():
    """IonQ fails empty circuits, so one gets pulses that cancel."""
    programs = compile_native([qml.RZ(0.3, "a")], {"a": 0}, 1, "zz")
    assert len(programs.gates) > 0
    assert distance_up_to_frames(np.eye(2), program_matrix(programs)) < 1e-12


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (qml.RX(float("nan"), "a"), "not finite"),
        (qml.RX(float("inf"), "a"), "not finite"),
        (qml.RX(0.1 + 0.2j, "a"), "complex"),
        (qml.Toffoli(["a", "b", "c"]), "no rule"),
    ],
)
def test_what_cannot_be_compiled_is_named_with_its_place(op, said):
    """A bad angle or an unknown operation names itself and its place in the tape."""
    with pytest.raises(CompileError, match=f"operation 1.*{said}"):
        compile_native([qml.X("a"), op], QUBITS, 1, "zz")
