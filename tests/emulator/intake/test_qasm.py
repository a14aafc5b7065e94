"""OpenQASM 3 programs, read and run."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm3
from qiskit.quantum_info import Statevector
from qiskit_qasm3_import import parse

from pennylane_qstore.emulator.intake.qasm import read_program
from pennylane_qstore.emulator.intake.qasm_size import ProgramError
from tests.emulator.conftest import Api
from tests.emulator.simulation.test_simulator import run

HEAD = 'OPENQASM 3.0; include "stdgates.inc";'


def job(data, **more):
    """The body of a job of one program."""
    return {"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": data}, **more}


GATES = [
    "x q[0];",
    "y q[1];",
    "z q[0];",
    "s q[1];",
    "sdg q[0];",
    "t q[1];",
    "tdg q[2];",
    "sx q[0];",
    "rx(0.3) q[1];",
    "ry(-1.3) q[1];",
    "rz(pi/3) q[2];",
    "p(0.7) q[1];",
    "cx q[0], q[2];",
    "cy q[2], q[1];",
    "cz q[0], q[1];",
    "ch q[1], q[0];",
    "cp(0.4) q[0], q[2];",
    "crx(0.4) q[0], q[2];",
    "cry(0.4) q[2], q[1];",
    "crz(0.4) q[0], q[1];",
    "swap q[0], q[2];",
    "ccx q[2], q[0], q[1];",
    "cswap q[1], q[0], q[2];",
    "cu(0.1, 0.2, 0.3, 0.4) q[1], q[2];",
    "u3(0.1, 0.2, 0.3) q[0];",
    "ctrl @ ry(0.4) q[1], q[0];",
    "ctrl(2) @ x q[0], q[1], q[2];",
    "inv @ rx(0.3) q[1];",
    "inv @ s q[1];",
    "inv @ cp(0.4) q[0], q[1];",
    "pow(2) @ t q[0];",
]


@pytest.mark.parametrize("gate", GATES)
def test_every_gate_is_qiskit_s(gate):
    """A gate between layers that show its phases has Qiskit's probabilities."""
    layer = "".join(f"ry({0.3 + k}) q[{k}]; rz({0.5 - k}) q[{k}];" for k in range(3))
    text = f"{HEAD} qubit[3] q; {layer} {gate} {layer}"
    program = read_program(text)
    found = run([program.gates], qubits=3)[0]
    np.testing.assert_allclose(found, qiskit_says(gate, layer), atol=1e-12)


def qiskit_says(gate, layer):
    """Probabilities by Qiskit, which is little-endian too."""
    circuit = parse(f"{HEAD} qubit[3] q; {layer} {gate} {layer}")
    return Statevector(circuit).probabilities()


def test_loops_and_definitions():
    """Gates of one's own, constants and loops are unrolled."""
    program = read_program(
        f"{HEAD} qubit[3] q; const float a = pi / 4;"
        "gate turn(x) p { rx(x) p; rx(x) p; }"
        "for int i in [0:2] { turn(a) q[i]; }"
    )
    found = run([program.gates], qubits=3)[0]
    np.testing.assert_allclose(found, np.full(8, 1 / 8), atol=1e-12)


def test_a_job(api):
    """A program's job has a circuit's results."""
    done = api.run(job(f"{HEAD} qubit[2] q; h q[0]; cx q[0], q[1];", name="bell"))
    assert (done["type"], done["name"]) == ("ionq.qasm3.v1", "bell")
    assert done["stats"] == {"qubits": 2, "circuits": 1, "gate_counts": {"1q": 1, "2q": 1}}
    assert api.results(done) == {"0": 0.5, "3": 0.5}


def test_bits_say_what_is_measured(api):
    """Results are of the bits, in the order declared, and of no other qubit."""
    text = f"{HEAD} qubit[3] q; bit[2] c; x q[2]; h q[1]; c[0] = measure q[2]; c[1] = measure q[0];"
    done = api.run(job(text))
    assert api.results(done) == {"1": 1}
    newer = api.get(f"/jobs/{done['id']}/artifacts/probabilities-v2")
    assert newer == {"probabilities": {"registers": {"output_all": {"01": 1}, "c": {"01": 1}}}}
    sampled = api.run(job(text, backend="qpu.forte-1", shots=50))
    assert api.results(sampled, "histogram") == {"1": 50}
    shots = api.get(f"/jobs/{sampled['id']}/artifacts/shots-v2")["shots"]
    assert shots == [{"registers": {"output_all": [1, 0], "c": [1, 0]}}] * 50


def test_noise_on_a_program(api):
    """A program runs with noise, and only its bits are read."""
    text = f"{HEAD} qubit[2] q; bit c; x q[1]; cx q[1], q[0]; c = measure q[0];"
    done = api.run(job(text, noise={"model": "aria-1", "seed": 3}, shots=1000))
    found = api.results(done)
    assert set(found) <= {"0", "1"}
    assert found["1"] > 0.95


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("this is nothing", "can't be read"),
        (f"{HEAD} qubit[2] q; x q[5];", "can't be read"),
        (f"{HEAD} qubit q; bit c; x q; reset q;", "reset after a gate"),
        (f"{HEAD} qubit q; bit c; c = measure q; x q;", "after a measurement"),
        (f"{HEAD} qubit q; bit[2] c; c[0] = measure q; c[1] = measure q;", "twice"),
        (f"{HEAD} qubit q; bit[1] c; c[0] = measure q; if (c[0]) x q;", "is not emulated"),
        (f"{HEAD} qubit[65] q; x q[0];", "64 qubits"),
    ],
)
def test_a_program_that_cannot_be(api: Api, text, why):
    """What is not emulated fails the job after it was taken, with the reason."""
    with pytest.raises(ProgramError, match=why):
        read_program(text)
    failed = api.run(job(text))
    assert failed["failure"]["code"] == "PreflightError"
    assert why in failed["failure"]["message"]


def test_qiskit_s_own_text(api):
    """What Qiskit writes for a circuit is read."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.crz(0.3, 0, 1)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    done = api.run(job(qasm3.dumps(circuit)))
    assert api.results(done) == {"0": 0.5, "3": 0.5}


def test_an_entry_a_declared_register(api):
    """Each register of bits has an entry of its own beside that of all bits."""
    text = f"{HEAD} qubit[3] q; bit[1] a; bit[1] b; bit[2] rest; x q[2]; x q[0]; "
    done = api.run(job(f"{text} b[0] = measure q[2]; rest[1] = measure q[0]; a = measure q[1];"))
    newer = api.get(f"/jobs/{done['id']}/artifacts/probabilities-v2")["probabilities"]
    assert newer["registers"] == {
        "output_all": {"1010": 1},
        "a": {"0": 1},
        "b": {"1": 1},
        "rest": {"10": 1},
    }


def test_a_reset_at_the_beginning(api):
    """A reset of what was never touched does nothing; any other isn't emulated."""
    text = f"{HEAD} qubit[2] q; bit[2] c; reset q; x q[1]; c = measure q;"
    assert api.results(api.run(job(text))) == {"2": 1}
    late = f"{HEAD} qubit q; bit c; x q; reset q; c = measure q;"
    failure = api.run(job(late))["failure"]
    assert failure["code"] == "PreflightError"
    assert "reset" in failure["message"]
