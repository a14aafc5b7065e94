"""Programs are checked against their tapes: right ones pass, and any wrong one doesn't."""

from dataclasses import replace

import numpy as np
import pennylane as qml
import pennylane_ionq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pennylane_qstore as qstore
from pennylane_qstore.compiler import Target
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.templates.operation import BoundTemplate
from pennylane_qstore.compiler.templates.parameters import literal
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.compiler.verify import MOST_QUBITS, mismatch
from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.program import Gate

exact = pytest.mark.parametrize("aware", [True, False])
gates = pytest.mark.parametrize("gates", ["ms", "zz", "qis"])


def operations(qubits, seed=0, batch=2):
    """Layers of rotations and entanglers that leave no symmetry, in a batch of circuits."""
    rng = np.random.default_rng(seed)
    ops = []
    for layer in range(2):
        for wire in range(qubits):
            ops += [qml.RY(rng.uniform(-3, 3, batch), wire), qml.RZ(rng.uniform(-3, 3), wire)]
        for wire in range(qubits - 1):
            ops.append(qml.CNOT([wire, wire + 1]) if layer else qml.IsingXX(0.7, [wire, wire + 1]))
    swapped = [qml.SWAP([0, qubits - 1]), qml.RX(0.4, 0)] if qubits > 1 else []
    return [*ops, *swapped]


def bound(ops, measured, target):
    """A template of gates of the gate set, its angles, and its programs."""
    tape = qml.tape.QuantumScript(ops, [qml.probs(wires=measured)])
    lifted, params = literal(tape)
    template = Template(lifted, {wire: wire for wire in sorted(tape.wires)})
    return template, params, template.bind(params, target)


def checked(ops, measured, target, change=lambda programs: programs):
    """The first mismatch, after a change to the programs."""
    template, params, found = bound(ops, measured, target)
    changed = [each._replace(programs=change(each.programs)) for each in found]
    wrong = [mismatch(template, params, each, target) for each in changed]
    return next((each for each in wrong if each is not None), None)


@exact
@gates
@pytest.mark.parametrize("optimization", ["none", "full"])
@pytest.mark.parametrize("qubits", [1, 2, 5, 8])
def test_a_right_program_passes(qubits, optimization, gates, aware):
    """At every level, for all gate sets, by all columns and by product states."""
    target = Target(gates, optimization, aware)
    assert checked(operations(qubits), sorted({0, qubits // 2}), target) is None


def off_by(amount, slot, row=1):
    def change(programs):
        numbers = programs.numbers.copy()
        numbers[row, slot] += amount
        return replace(programs, numbers=numbers)

    return change


@exact
@gates
@pytest.mark.parametrize("qubits", [3, 8])
def test_a_small_error_in_one_circuit_is_found(gates, aware, qubits):
    """A number that is off in the second circuit of a batch is seen, and that circuit is named."""
    wrong = checked(
        operations(qubits), range(qubits), Target(gates, "full", aware), off_by(1e-6, 3)
    )
    assert wrong.row == 1
    assert 1e-8 < wrong.difference < 1e-4


def without(place):
    """Programs without one of their entanglers, which has the numbers it is at."""

    def change(programs):
        pairs = [i for i, gate in enumerate(programs.gates) if len(gate.qubits) > 1]
        left = [gate for i, gate in enumerate(programs.gates) if i != pairs[place]]
        slots = [1 if gate.name != "ms" else 3 for gate in programs.gates]
        start = sum(slots[: pairs[place]])
        numbers = np.delete(programs.numbers, range(start, start + slots[pairs[place]]), axis=1)
        return replace(programs, gates=tuple(left), numbers=numbers)

    return change


def exchanged(programs):
    """Programs whose first two qubits have changed places."""
    names = {0: 1, 1: 0}
    moved = [
        Gate(gate.name, tuple(names.get(qubit, qubit) for qubit in gate.qubits))
        for gate in programs.gates
    ]
    return replace(programs, gates=tuple(moved))


@exact
@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("change", [without(0), without(-1), exchanged])
def test_a_wrong_structure_is_found(change, entangler, aware):
    """A gate that is missing and qubits that are mixed up are seen in all circuits."""
    wrong = checked(operations(3), range(3), Target(entangler, "full", aware), change)
    assert wrong.difference > 1e-3


def test_a_wrong_map_of_bits_is_found():
    """What is done to the outcomes is part of the program."""
    ops = [qml.RY(0.4, 0), qml.RY(1.2, 1), qml.CNOT([0, 1]), qml.X(0)]
    target = Target("zz")

    def unmapped(programs):
        assert programs.bits is not None
        return replace(programs, bits=None)

    def unflipped(programs):
        return replace(programs, bits=replace(programs.bits, flips=0))

    assert checked(ops, [0, 1], target) is None
    assert checked(ops, [0, 1], target, unmapped).difference > 0.1
    assert checked(ops, [0, 1], target, unflipped).difference > 0.1


def test_only_phases_before_the_measurement_may_differ():
    """An RZ at the end is let pass where the unitary is asked for, a phase of a pair is not."""
    target = Target("zz", measurement_aware=False)
    ops = operations(2, batch=1)
    template, params, (program,) = bound(ops, [0], target)

    def against(extra):
        tape = qml.tape.QuantumScript([*ops, extra], [qml.probs(wires=[0])])
        lifted, _ = literal(tape)
        return mismatch(Template(lifted, template.qubit_of), params, program, target)

    assert against(qml.RZ(0.3, 1)) is None
    assert against(qml.GlobalPhase(0.3)) is None
    assert against(qml.IsingZZ(0.3, [0, 1])).difference > 0.01
    assert against(qml.RX(0.3, 1)).difference > 0.01


@pytest.mark.parametrize("aware", [True, False])
def test_a_wide_program_is_checked_in_parts(aware):
    """Beyond what one state can hold, bits and neighbours are compared by their light cones."""
    qubits = MOST_QUBITS + 4
    target = Target("ms", "full", aware)
    rng = np.random.default_rng(5)
    layer = [[qml.RY(rng.uniform(-3, 3), wire) for wire in range(qubits)] for _ in range(3)]
    pairs = [
        [qml.IsingXX(0.4, [wire, wire + 1]) for wire in range(start, qubits - 1, 2)]
        for start in (0, 1)
    ]
    ops = [*layer[0], *pairs[0], *layer[1], *pairs[1], *layer[2]]
    assert checked(ops, range(qubits), target) is None
    wrong = checked(ops, range(qubits), target, off_by(1e-6, 3, row=0))
    assert wrong.difference > tolerances.VERIFIED_ELEMENT


def test_what_goes_unchecked_is_told():
    """A bit whose light cone is too wide is not compared, and a warning says so."""
    qubits = MOST_QUBITS + 1
    ops = [
        *[qml.RY(0.1 * wire + 0.2, wire) for wire in range(qubits)],
        *[qml.IsingXX(0.3, [wire, wire + 1]) for wire in range(qubits - 1)],
        *[qml.RX(0.3, wire) for wire in range(qubits)],
    ]
    with pytest.warns(UserWarning, match="leaves 1 of 1 bits of a program unchecked"):
        assert checked(ops, [qubits - 1], Target("zz")) is None


@pytest.mark.parametrize(
    "op",
    [
        pennylane_ionq.ops.GPI(0.2, wires=[1]),
        pennylane_ionq.ops.GPI2(0.2, wires=[1]),
        pennylane_ionq.ops.MS(0.1, 0.3, 0.2, wires=[1, 0]),
        pennylane_ionq.ops.XX(0.4, wires=[0, 1]),
        pennylane_ionq.ops.YY(0.4, wires=[0, 1]),
        pennylane_ionq.ops.ZZ(0.4, wires=[0, 1]),
        qstore.MS(0.1, 0.3, -0.7, wires=[1, 0]),
        qstore.ZZ(2.3, wires=[1, 0]),
        qml.Barrier(),
    ],
)
def test_every_gate_has_its_matrix(op):
    """Native gates and those of PennyLane-IonQ are known to the check."""
    ops = [*operations(2), op, *operations(2, seed=1)]
    assert checked(ops, [0, 1], Target("ms", measurement_aware=False)) is None


@given(
    angles=st.lists(st.sampled_from([0.0, np.pi / 2, np.pi, -np.pi, 7.0, 0.3]), min_size=8),
    aware=st.booleans(),
)
def test_special_angles_pass(angles, aware):
    """Where entanglers fold or vanish, programs are still the tape's."""
    rotations = [qml.RX, qml.IsingXX, qml.RY, qml.IsingZZ, qml.IsingYY]
    ops = [
        kind(angle, list(range(2))[: kind.num_wires or 1])
        for kind, angle in zip(rotations * len(angles), angles, strict=False)
    ]
    assert checked(ops, [0, 1], Target("ms", "full", aware)) is None


@exact
def test_large_angles_pass(aware):
    """Sums of them are rounded to fewer decimals than those of small ones."""
    rng = np.random.default_rng(5)
    turns = [qml.IsingXX(rng.uniform(-1e7, 1e7, 20), [0, 1]) for _ in range(8)]
    ops = [*operations(2, batch=20), *turns, qml.RX(0.3, 0), qml.RY(0.4, 1)]
    assert checked(ops, [0, 1], Target("zz", "template", aware)) is None
    wrong = checked(ops, [0, 1], Target("zz", "template", aware), off_by(1e-5, 0, row=7))
    assert wrong.row == 7


def broken(error):
    """Templates with an error in the first number of their programs."""

    class Broken(Template):
        def bind(self, params, target, scale=1.0):
            return [
                each._replace(programs=off_by(error, 0, row=0)(each.programs))
                for each in Template.bind(self, params, target, scale)
            ]

    return Broken


@pytest.mark.parametrize(
    ("error", "verify", "told"),
    [
        (1e-6, True, r"tape 1, circuit 0 of its batch: .* a probability differs by .* report it"),
        (5.0, False, r"tape 1, circuit 0 of its batch: gate 0, gpi2 .* API takes .* report it"),
    ],
)
def test_nothing_is_sent_where_a_program_is_wrong(error, verify, told):
    """The ranges are always checked, the rest where it is asked for; the batch stays here."""
    device = qml.device("qstore.ionq", verify=verify)
    tape = qml.tape.QuantumScript([qml.RX(0.4, 0), qml.RY(0.2, 0)], [qml.expval(qml.Z(0))])
    lifted, params = literal(tape)
    carriers = [
        qml.tape.QuantumScript(
            [BoundTemplate(params, kind(lifted, {0: 0}), device._execution.target)],
            tape.measurements,
        )
        for kind in (Template, broken(error))
    ]
    with qml.Tracker(device) as tracker, pytest.raises(CompileError, match=told):
        device.execute(carriers)
    assert "jobs" not in tracker.totals
