"""qiskit-ionq: single circuits, batches, native gates, noise, and a job's whole life."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_ionq import GPI2Gate, GPIGate, IonQProvider, MSGate, ZZGate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
SHOTS = 10_000


@pytest.fixture
def provider(api):
    """A provider of the emulator."""
    return IonQProvider("test", url=api.url)


def result_of(job):
    """A job's result, without the five seconds that it would sleep."""
    job.wait_for_final_state(timeout=60, wait=0.01)
    return job.result()


def close(counts, expected, width=1.0):
    """Whether counts are within 5 sigma of probabilities; sigma is so many times wider."""
    found = np.zeros(len(expected))
    for state, count in counts.items():
        found[int(state, 2)] = count / SHOTS
    sigma = width * np.sqrt(expected * (1 - expected) / SHOTS)
    return bool((abs(found - expected) <= 5 * sigma + 1e-9).all())


def rich():
    """A circuit of many gates."""
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.ry(0.3 + qubit, qubit)
    circuit.h(0)
    circuit.p(0.4, 1)
    circuit.sdg(2)
    circuit.sx(1)
    circuit.rxx(0.5, 0, 1)
    circuit.ryy(0.6, 1, 2)
    circuit.rzz(0.7, 0, 2)
    circuit.ccx(0, 1, 2)
    circuit.crx(0.8, 2, 0)
    circuit.cp(0.9, 0, 1)
    circuit.cswap(0, 1, 2)
    return circuit


def test_gates_are_qiskit_s(provider):
    """Counts of a circuit of many gates, controlled ones too, are Qiskit's own."""
    circuit = rich()
    expected = Statevector(circuit).probabilities()
    circuit.measure_all()
    backend = provider.get_backend("ionq_simulator")
    job = backend.run(transpile(circuit, backend, optimization_level=0), shots=SHOTS)
    result = result_of(job)
    assert close(result.get_counts(), expected)


def test_bit_order(provider):
    """An X on a qubit is in that qubit's place."""
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.measure_all()
    job = provider.get_backend("ionq_simulator").run(circuit, shots=10)
    assert result_of(job).get_counts() == {"001": 10}


def test_registers(provider):
    """A circuit sent as OpenQASM 3 comes back by the names of its classical registers."""
    qubits, first, second = QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(qubits, first, second)
    circuit.reset(0)  # sends it as a program
    circuit.x(0)
    circuit.ry(0.8, 2)
    circuit.measure([0, 1, 2], [second[1], first[0], second[0]])
    backend = provider.get_backend("ionq_qpu.forte-1")
    counts = result_of(backend.run(circuit, shots=SHOTS, memory=True)).get_counts()
    assert set(counts) == {"10 0", "11 0"}
    p = np.sin(0.4) ** 2
    assert abs(counts["11 0"] / SHOTS - p) < 5 * np.sqrt(p * (1 - p) / SHOTS)


def test_a_batch(provider):
    """Two circuits are one job; each result is its own."""
    circuits = []
    for qubit in range(2):
        circuit = QuantumCircuit(2, name="same")
        circuit.x(qubit)
        circuit.measure_all()
        circuits.append(circuit)
    result = result_of(provider.get_backend("ionq_simulator").run(circuits, shots=10))
    assert [result.get_counts(place) for place in range(2)] == [{"01": 10}, {"10": 10}]


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_an_evolution(provider):
    """A Pauli evolution is a pauliexp."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XX", "ZZ"], [0.3, 0.5]), time=0.8), [0, 1])
    circuit.ry(0.3, 1)
    expected = Statevector(circuit).probabilities()
    circuit.measure_all()
    job = provider.get_backend("ionq_simulator").run(circuit, shots=SHOTS)
    assert close(result_of(job).get_counts(), expected)


@pytest.mark.parametrize(
    ("backend", "entangler"),
    [
        ("ionq_simulator", MSGate(0.1, 0.2, 0.2)),
        ("ionq_simulator", ZZGate(0.2)),
        ("ionq_qpu.forte-1", ZZGate(0.2)),
    ],
)
def test_native_gates(provider, backend, entangler):
    """Native gates are in turns, on the simulator and on a QPU."""
    circuit = QuantumCircuit(2)
    circuit.append(GPI2Gate(0.1), [0])
    circuit.append(GPIGate(0.3), [1])
    circuit.append(GPI2Gate(0.7), [1])
    circuit.append(entangler, [0, 1])
    circuit.append(GPI2Gate(0.4), [0])
    circuit.append(GPI2Gate(0.9), [1])
    expected = Statevector(circuit).probabilities()
    circuit.measure_all()
    job = provider.get_backend(backend, gateset="native").run(circuit, shots=SHOTS)
    assert close(result_of(job).get_counts(), expected)


def test_noise(provider):
    """A noisy simulator is asked for by its model."""
    circuit = QuantumCircuit(2)
    for _ in range(20):
        circuit.cx(0, 1)
    circuit.measure_all()
    backend = provider.get_backend("ionq_simulator")
    job = backend.run(circuit, shots=SHOTS, noise_model="aria-1", sampler_seed=3)
    counts = result_of(job).get_counts()
    kept = (1 - 0.0133) ** 20
    expected = np.full(4, (1 - kept) / 4)
    expected[0] += kept
    # From frequencies of shots it draws shots of its own: twice the variance.
    assert close(counts, expected, 2**0.5)


def test_a_job_s_life(provider, api):
    """A job is found again, has a status, and is canceled."""
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.measure_all()
    backend = provider.get_backend("ionq_simulator")
    job = backend.run(circuit, shots=10)
    api.wait(job.job_id())
    again = backend.retrieve_job(job.job_id())
    assert again.status().name == "DONE"
    assert result_of(again).get_counts() == {"1": 10}
    other = backend.run(circuit, shots=10)
    other.cancel()
    assert api.get(f"/jobs/{other.job_id()}")["status"] in ("canceled", "completed")


def test_an_estimate(provider):
    """A price is asked for before the job."""
    backend = provider.get_backend("ionq_qpu.forte-1")
    told = backend.client.estimate_job(
        backend="qpu.forte-1", oneq_gates=10, twoq_gates=10, qubits=2, shots=1000
    )
    assert (told.cost, told.cost_unit) == (12.0, "usd")
    assert (told.oneq_gates, told.twoq_gates, told.shots) == (10, 10, 1000)


def test_a_failure(provider):
    """A failed job says why."""
    circuit = QuantumCircuit(30)
    circuit.x(29)
    circuit.measure_all()
    job = provider.get_backend("ionq_simulator").run(circuit, shots=10)
    with pytest.raises(Exception, match="NotEnoughQubits"):
        result_of(job)
