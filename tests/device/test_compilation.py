"""What would be sent: the same that is sent, counted, drawn and explained."""

import dataclasses

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.compiler import Compiled, Labelled
from pennylane_qstore.device.compilation import in_words
from pennylane_qstore.emulator import serve
from pennylane_qstore.programs.outcomes import BitMap, Outcomes
from pennylane_qstore.programs.program import Programs
from tests.scripted import error, reply


def ansatz(x):
    for wire in "abc":
        qml.RY(x, wire)
    qml.CNOT(["a", "b"])
    qml.CRX(x, ["b", "c"])
    qml.RX(x, "a")
    qml.CNOT(["c", "a"])


def node(device, **options):
    @qml.qnode(device, **options)
    def circuit(x):
        ansatz(x)
        return qml.expval(qml.X("a")), qml.probs(wires=["b", "a"])

    return circuit


@pytest.fixture
def emulated():
    """Makes devices on the emulator's machines, those too that IonQ retired."""
    server = loop.current().run(serve(retired_backends=True))
    yield lambda backend: qml.device(
        "qstore.ionq", backend=backend, api_key="secret", base_url=server.url
    )
    loop.current().run(server.close())


@pytest.mark.parametrize("options", [{}, {"gateset": "qis"}, {"measurement_aware": False}])
def test_it_is_what_execute_sends(ionq, options):
    """The circuits that arrive at the server are those that were shown, in their order."""
    cloud = {"backend": "simulator", "api_key": "secret", "base_url": ionq.url}
    circuit = node(qml.device("qstore.ionq", **cloud, **options))
    shown = qstore.compile(circuit)(0.4)
    assert [(m, path) for m, path in ionq.requests if m == "POST"] == []
    circuit(0.4)
    (body,) = ionq.bodies
    assert [each.circuit for each in shown] == [c["circuit"] for c in body["input"]["circuits"]]
    assert max(each.qubits for each in shown) == body["input"]["qubits"]


def test_one_circuit_is_no_tuple_and_several_are():
    """A batch, and measurements that can't share a circuit, are one compilation each."""
    device = qml.device("qstore.ionq")

    @qml.qnode(device)
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    single = qstore.compile(circuit)(0.4)
    assert single.gate_counts() == {"1q": 2, "2q": 0}
    batch = qstore.compile(circuit)(np.array([0.4, 0.5, 0.4]))
    assert [each.circuit == single.circuit for each in batch] == [True, False, True]
    assert len(qstore.compile(node(device))(0.4)) == 2


def test_specs_and_draw_tell_the_same():
    """PennyLane's own views of the device level have the counts and the depth of what is sent."""
    device = qml.device("qstore.ionq")

    @qml.qnode(device)
    def circuit(x):
        ansatz(x)
        return qml.probs(wires=["a", "b", "c"])

    shown = qstore.compile(circuit)(0.4)
    specs = qml.specs(circuit, level="device")(0.4).resources
    counts = shown.gate_counts()
    assert specs.gate_sizes == {1: counts["1q"], 2: counts["2q"]}
    assert specs.depth == shown.depth
    names = [gate["gate"].upper() for gate in shown.circuit]
    assert specs.gate_types == {name: names.count(name) for name in names}
    assert f"native {counts['1q']}+{counts['2q']}" in qml.draw(circuit, level="device")(0.4)


def test_the_drawing_shows_each_gate_on_its_wire():
    """Native gates are drawn with their numbers, on the wires of the QNode."""
    device = qml.device("qstore.ionq", optimization="none")

    @qml.qnode(device)
    def circuit():
        qstore.GPI(0.125, "a")
        qstore.ZZ(0.15, wires=["b", "a"])
        return qml.probs(wires=["a", "b"])

    shown = qstore.compile(circuit)()
    first, second = shown.draw().splitlines()
    assert first.startswith("a: ──GPI(0.125)")
    assert second.startswith("b: ──")
    assert first.count("ZZ(0.150)") == second.count("ZZ(0.150)") == 1
    assert "0.125" not in shown.draw(decimals=None)
    assert shown.draw() in str(shown)
    assert "emulator: 2 qubits, 1 one-qubit gate, 1 two-qubit gate, depth 2" in str(shown)


def test_the_map_of_bits_is_told_in_words():
    """What is done to the outcomes is said by the wires' names."""
    device = qml.device("qstore.ionq")

    @qml.qnode(device)
    def circuit(x):
        qml.RY(x, "a")
        qml.RY(x, "b")
        qml.CNOT(["a", "b"])
        qml.X("a")
        return qml.probs(wires=["a", "b"])

    told = "bits: a is that of a, flipped; b is the parity of a and b"
    assert qstore.compile(circuit)(0.4).reading == told
    unchanged = qml.device("qstore.ionq", measurement_aware=False)
    assert qstore.compile(circuit, unchanged)(0.4).reading == "bits: those of the wires"


def test_what_is_flipped_last_is_told_with_its_controls():
    """Bits that only decide on others are told as well, and constant ones as what they are."""
    bits = BitMap((0b001, 0b110, 0b010, 0), 0b1001, ((0b0011, 2),))
    programs = Programs("native", 3, (), np.zeros((1, 0)), bits)
    names, wires = ("a", "b", "d"), ("a", "b", "c", "d")
    each = Labelled(Compiled(programs, None, []), names, wires, frozenset({2, 3}))
    assert in_words(each, bits) == (
        "bits: a is that of a, flipped; b is the parity of b and d; c is that of b; d is 1; "
        "then c is flipped where a and b are 1"
    )
    outcome = Outcomes(np.array([0b110, 0b010]), np.array([0.5, 0.5])).mapped(bits)
    assert set(outcome.states.tolist()) == {0b1101, 0b1011}


def test_fidelity_is_the_product_of_the_machines_medians(emulated):
    """A QPU's characterization gives the estimate; a simulator has none."""
    device = emulated("qpu.aria-1")
    shown = qstore.compile(qml.set_shots(node(device), 100))(0.4)[1]
    counts = shown.gate_counts()
    assert counts["2q"] > 0
    expected = 0.9995 ** counts["1q"] * (1 - 0.0133) ** counts["2q"] * 0.9961**shown.qubits
    assert shown.fidelity == pytest.approx(expected, rel=1e-12)
    assert f"estimated fidelity {expected:.3f}" in str(shown)
    assert "100 shots" in str(shown)
    assert qstore.compile(node(qml.device("qstore.ionq")))(0.4)[1].fidelity is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(body={"characterizations": None}),
        reply(body={"characterizations": []}),
        reply(
            body={
                "characterizations": [{"date": "2026-06-16T00:00:00Z", "fidelity": {"spam": None}}]
            }
        ),
        error(404),
    ],
)
def test_a_machine_without_medians_has_no_estimate(ionq, answer):
    """Where the API doesn't tell, nothing is made up."""
    ionq.script("GET", "/backends/qpu.forte-1/characterizations", answer)
    device = qml.device("qstore.ionq", backend="qpu.forte-1", api_key="secret", base_url=ionq.url)
    shown = qstore.compile(qml.set_shots(node(device), 100))(0.4)
    assert [each.fidelity for each in shown] == [None, None]


def test_it_is_frozen_and_takes_tapes():
    """A tape needs a device to be compiled for; what comes out can't be changed."""
    tape = qml.tape.QuantumScript([qml.RX(0.4, 0)], [qml.probs(wires=[0])])
    shown = qstore.compile(tape, qml.device("qstore.ionq"))()
    assert shown.gate_counts() == {"1q": 2, "2q": 0}
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.fidelity = 1.0


def test_another_device_can_be_compiled_for(emulated):
    """A QNode of a simulator is compiled for a QPU, and stays the simulator's."""
    circuit = node(qml.device("default.qubit"), diff_method="parameter-shift")
    on_aria = qstore.compile(qml.set_shots(circuit, 10), emulated("qpu.aria-1"))(0.4)
    assert "ms" in {gate["gate"] for gate in on_aria[1].circuit}
    assert circuit.device.name == "default.qubit"


@pytest.mark.parametrize(
    "circuit",
    [
        qml.QNode(lambda: qml.expval(qml.Z(0)), qml.device("default.qubit")),
        qml.tape.QuantumScript([], [qml.expval(qml.Z(0))]),
    ],
)
def test_without_a_device_of_ours_it_says_so(circuit):
    """What can't be compiled for is an error that tells what can."""
    with pytest.raises(qstore.OptionError, match=r'use a device of "qstore\.ionq"'):
        qstore.compile(circuit)
