"""cirq-ionq: single circuits, batches, native gates, and a job's whole life."""

import cirq
import cirq_ionq
import numpy as np
import pytest
import sympy

Q = cirq.LineQubit.range(3)
CIRCUIT = cirq.Circuit(cirq.X(Q[0]), cirq.CNOT(Q[0], Q[2]), cirq.measure(*Q, key="m"))
OTHER = cirq.Circuit(cirq.X(Q[1]), cirq.measure(*Q, key="m"))


@pytest.fixture
def service(api):
    """Makes services: one that ran a batch is in a mode of its own."""
    return lambda target="simulator": cirq_ionq.Service(
        remote_host=api.url.removesuffix("/v0.4"), api_key="test", default_target=target
    )


def test_a_circuit(service):
    """Its service runs a circuit."""
    result = service().run(CIRCUIT, repetitions=10)
    assert result.measurements["m"].tolist() == [[1, 0, 1]] * 10


def test_a_batch(service):
    """Its service runs two circuits as one job."""
    first, second = service().run_batch([CIRCUIT, OTHER], repetitions=10)
    assert first.measurements["m"].tolist() == [[1, 0, 1]] * 10
    assert second.measurements["m"].tolist() == [[0, 1, 0]] * 10


def test_gates_are_cirq_s(service):
    """Probabilities of a circuit of many gates are Cirq's own."""
    circuit = cirq.Circuit(
        [cirq.ry(0.3 + k)(q) for k, q in enumerate(Q)],
        cirq.H(Q[0]),
        cirq.T(Q[1]),
        cirq.S(Q[2]) ** -1,
        cirq.XX(Q[0], Q[1]) ** 0.3,
        cirq.YY(Q[1], Q[2]) ** 0.4,
        cirq.ZZ(Q[0], Q[2]) ** 0.6,
        cirq.X(Q[1]) ** 0.5,
        cirq.SWAP(Q[0], Q[2]),
        cirq.CNOT(Q[2], Q[1]),
    )
    expected = np.abs(circuit.final_state_vector(qubit_order=Q)) ** 2
    measured = circuit + cirq.measure(*Q, key="m")
    job = service().create_job(measured, repetitions=100)
    found = job.results().probabilities()
    assert [found.get(state, 0) for state in range(8)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_native_gates(service):
    """Native circuits run on a QPU of their kind."""
    circuit = cirq.Circuit(
        cirq_ionq.GPI2Gate(phi=0.1).on(Q[0]),
        cirq_ionq.GPIGate(phi=0.3).on(Q[1]),
        cirq_ionq.MSGate(phi0=0.1, phi1=0.2, theta=0.2).on(Q[0], Q[1]),
        cirq_ionq.GPI2Gate(phi=0.4).on(Q[0]),
    )
    expected = np.abs(circuit.final_state_vector(qubit_order=Q[:2])) ** 2
    repetitions = 10_000
    job = service("qpu").create_job(
        circuit + cirq.measure(*Q[:2], key="m"), repetitions=repetitions, target="qpu.aria-1"
    )
    counts = job.results().counts()
    found = np.array([counts.get(state, 0) for state in range(4)]) / repetitions
    sigma = np.sqrt(expected * (1 - expected) / repetitions)
    assert (abs(found - expected) <= 5 * sigma + 1e-9).all()


def test_a_zz_gate(service):
    """Its ZZ gate's angle, which it writes as a phase, is understood."""
    circuit = cirq.Circuit(
        cirq_ionq.GPI2Gate(phi=0.0).on(Q[0]),
        cirq_ionq.ZZGate(theta=0.1).on(Q[0], Q[1]),
        cirq_ionq.GPI2Gate(phi=0.25).on(Q[0]),
    )
    expected = np.abs(circuit.final_state_vector(qubit_order=Q[:2])) ** 2
    job = service().create_job(circuit + cirq.measure(*Q[:2], key="m"), repetitions=100)
    found = job.results().probabilities()
    assert [found.get(state, 0) for state in range(4)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_sweep(service):
    """Its sampler runs a circuit for each value of a parameter."""
    flip = sympy.Symbol("flip")
    circuit = cirq.Circuit(cirq.rx(np.pi * flip)(Q[0]), cirq.measure(Q[0], key="m"))
    sampler = service().sampler(target="simulator", seed=1)
    results = sampler.run_sweep(circuit, cirq.Points("flip", [0, 1]), repetitions=5)
    assert [result.measurements["m"].sum() for result in results] == [0, 5]


def test_a_job_s_life(service, api):
    """Jobs are listed, canceled, deleted; backends are listed."""
    own = service()
    job = own.create_job(CIRCUIT, repetitions=10)
    api.wait(job.job_id())
    assert own.get_job(job.job_id()).status() == "completed"
    own.create_job(OTHER, repetitions=10)
    assert job.job_id() in {each.job_id() for each in own.list_jobs(limit=2)}
    job.cancel()
    job.delete()
    api.refused("GET", f"/jobs/{job.job_id()}", 404)


def test_a_failure(service):
    """A failed job's reason is told."""
    qubits = cirq.LineQubit.range(26)
    circuit = cirq.Circuit(cirq.X(qubits[25]), cirq.measure(*qubits, key="m"))
    job = service().create_job(circuit, repetitions=10, target="qpu.aria-1")
    with pytest.raises(RuntimeError, match="25"):
        job.results()
