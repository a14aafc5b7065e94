"""Other uses of the same operators: special sizes, sparse data, roots."""

import pennylane as qml
import scipy.sparse

from tests.operators.place import Example, angle, angles, noncommuting, state, unitary


def variants() -> dict[str, Example]:
    return {
        "three-qubit unitary": lambda q: qml.QubitUnitary(unitary(q.r, 3), q.w[:3]),
        "controlled two-qubit unitary": lambda q: qml.ctrl(
            qml.QubitUnitary(unitary(q.r, 2), q.w[:2]), q.w[2:4], control_values=[0, 1]
        ),
        "sparse one-qubit unitary": lambda q: qml.QubitUnitary(
            scipy.sparse.csr_matrix(unitary(q.r, 1)), q.w[0]
        ),
        "sparse two-qubit unitary": lambda q: qml.QubitUnitary(
            scipy.sparse.csr_matrix(unitary(q.r, 2)), q.w[:2]
        ),
        "sparse state": lambda q: qml.StatePrep(
            scipy.sparse.csr_matrix([[0, 0.6, 0.8j, 0]]), q.z[:2]
        ),
        "state in mid-circuit": lambda q: qml.prod(
            qml.StatePrep(state(q.r, 2), q.z[:2]), qml.CNOT([q.w[0], q.w[1]])
        ),
        "padded state": lambda q: qml.StatePrep([0.6, 0, 0.8], q.z[:2], pad_with=0),
        "normalized state": lambda q: qml.StatePrep([1, 2j, 0, 3], q.z[:2], normalize=True),
        "work wire": lambda q: qml.MultiControlledX(q.w[:5], work_wires=q.z[:1]),
        "fixed-point amplification": lambda q: qml.AmplitudeAmplification(
            qml.prod(qml.RY(angle(q.r), q.w[0]), qml.RY(angle(q.r), q.w[1])),
            qml.FlipSign(2, q.w[:2]),
            3,
            fixed_point=True,
            work_wire=q.z[0],
        ),
        "wireless identity": lambda _: qml.Identity(),
        "wireless phase": lambda q: qml.GlobalPhase(angle(q.r)),
        "controlled phase": lambda q: qml.ctrl(qml.GlobalPhase(angle(q.r)), q.w[0]),
        "controlled identity": lambda q: qml.ctrl(qml.Identity(q.w[0]), q.w[1]),
        "one-qubit multi-RZ": lambda q: qml.MultiRZ(angle(q.r), q.w[:1]),
        "one-qubit projected phase": lambda q: qml.PCPhase(angle(q.r), 1, q.w[:1]),
        "zero-dimensional phase": lambda q: qml.PCPhase(angle(q.r), 0, q.w[:2]),
        "identity in a Pauli rotation": lambda q: qml.PauliRot(angle(q.r), "XIZ", q.w[:3]),
        "only identities rotated": lambda q: qml.PauliRot(angle(q.r), "II", q.w[:2]),
        "scaled by -1": lambda q: qml.s_prod(-1, qml.CNOT(q.w[:2])),
        "one-value block": lambda q: qml.BlockEncode(0.3, q.w[:1]),
        "exponential of a sum": lambda q: qml.exp(noncommuting(q.w), 1j * angle(q.r)),
        "evolution of a sum": lambda q: qml.evolve(noncommuting(q.w), angle(q.r)),
        "root of Hadamard": lambda q: qml.pow(qml.Hadamard(q.w[0]), 0.5),
        "root of SWAP": lambda q: qml.pow(qml.SWAP(q.w[:2]), 0.3),
        "root of CNOT": lambda q: qml.pow(qml.CNOT(q.w[:2]), 0.5),
        "root of Toffoli": lambda q: qml.pow(qml.Toffoli(q.w[:3]), 0.5),
        "root of Rot": lambda q: qml.pow(qml.Rot(*angles(q.r, 3), q.w[0]), 0.5),
        "root of a unitary": lambda q: qml.pow(qml.QubitUnitary(unitary(q.r, 2), q.w[:2]), 0.5),
        "inverse": lambda q: qml.pow(qml.CRot(*angles(q.r, 3), q.w[:2]), -1),
        "zeroth power": lambda q: qml.pow(qml.SWAP(q.w[:2]), 0),
        "adjoint of controlled": lambda q: qml.adjoint(
            qml.ctrl(qml.IsingXY(angle(q.r), q.w[:2]), q.w[2:4], control_values=[0, 1])
        ),
        "controlled product": lambda q: qml.ctrl(
            qml.prod(qml.RX(angle(q.r), q.w[0]), qml.QFT(q.w[:2])), q.w[2]
        ),
    }
