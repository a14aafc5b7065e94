"""An example of each of PennyLane's operators, or the reason why there is none.

An example is a function of the place where it is put: wires, and a seeded generator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
import pennylane_ionq
import scipy.sparse
from pennylane.operation import Operator
from pennylane.ops.qubit.special_unitary import TmpPauliRot
from scipy.stats import unitary_group

import pennylane_qstore as qstore


@dataclass(frozen=True)
class Place:
    """Where an example is put.

    Attributes:
        w: six wires that are rotated before it
        z: five wires that are in |0⟩ before it
        r: draws its parameters
    """

    w: Sequence[Any]
    z: Sequence[Any]
    r: np.random.Generator


Example = Callable[[Place], Operator]


def angle(r: np.random.Generator) -> float:
    return r.uniform(-3, 3)


def angles(r: np.random.Generator, *shape: int) -> np.ndarray:
    return r.uniform(-3, 3, shape)


def unitary(r: np.random.Generator, wires: int) -> np.ndarray:
    return unitary_group.rvs(2**wires, random_state=r)


def real_state(r: np.random.Generator, wires: int) -> np.ndarray:
    state = r.uniform(0.1, 1, 2**wires)
    return state / np.linalg.norm(state)


def state(r: np.random.Generator, wires: int) -> np.ndarray:
    vector = r.normal(size=2**wires) + 1j * r.normal(size=2**wires)
    return vector / np.linalg.norm(vector)


def commuting(w: Sequence[Any], r: np.random.Generator) -> Operator:
    return qml.dot(angles(r, 2), [qml.X(w[0]) @ qml.X(w[1]), qml.Z(w[0]) @ qml.Z(w[1])])


def hamiltonian(w: Sequence[Any], r: np.random.Generator) -> Operator:
    words = [qml.X(w[0]) @ qml.Y(w[1]), qml.Z(w[0]), qml.Y(w[0]) @ qml.Y(w[2])]
    return qml.dot(angles(r, 3), words)


def noncommuting(w: Sequence[Any]) -> Operator:
    return qml.X(w[0]) + qml.Z(w[0]) @ qml.Y(w[1])


def lcu(w: Sequence[Any], r: np.random.Generator) -> Operator:
    words = [qml.X(w[0]), qml.Z(w[0]) @ qml.Y(w[1]), qml.Z(w[1]), qml.X(w[0]) @ qml.X(w[1])]
    return qml.dot(r.uniform(0.1, 0.9, 4), words)


def block(weights: Any, wires: Any) -> None:
    qml.RY(weights[0], wires[0])
    qml.CNOT(wires)
    qml.RX(weights[1], wires[1])


def trotter_step(time: float, first: float, second: float, wires: Any) -> None:
    qml.RX(time * first, wires[0])
    qml.RY(time * second, wires[1])
    qml.CNOT(wires)


@qml.templates.Subroutine
def subroutine(first: float, second: float, wires: Any) -> None:
    qml.RX(first, wires[0])
    qml.CRY(second, wires[:2])


def acquaintance(index: Any, wires: Any, param: Any) -> Operator:
    del wires
    return qml.CRY(param, wires=index)


def tensor_network(template: type[Operator], w: Any, r: np.random.Generator) -> Operator:
    blocks = template.get_n_blocks(range(4), 2)
    return template(w[:4], 2, block, 2, angles(r, blocks, 2))


def mps_tensors(r: np.random.Generator) -> list[np.ndarray]:
    tensors = [r.normal(size=shape) for shape in ((2, 2), (2, 2, 2), (2, 2))]
    return qml.right_canonicalize_mps(tensors)


def qsvt(w: Sequence[Any], r: np.random.Generator) -> Operator:
    block_encoding = qml.BlockEncode(r.uniform(-0.4, 0.4, (2, 2)), wires=w[:2])
    return qml.QSVT(block_encoding, [qml.PCPhase(angle(r), 2, w[:2]) for _ in range(3)])


def _one_qubit() -> dict[str, Example]:
    fixed = ("Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX", "Identity")
    one = ("RX", "RY", "RZ", "PhaseShift", "U1")
    return {
        **{name: lambda q, name=name: getattr(qml, name)(q.w[0]) for name in fixed},
        **{name: lambda q, name=name: getattr(qml, name)(angle(q.r), q.w[0]) for name in one},
        "U2": lambda q: qml.U2(*angles(q.r, 2), q.w[0]),
        "U3": lambda q: qml.U3(*angles(q.r, 3), q.w[0]),
        "Rot": lambda q: qml.Rot(*angles(q.r, 3), q.w[0]),
        "GlobalPhase": lambda q: qml.GlobalPhase(angle(q.r), q.w[0]),
    }


def _fixed() -> dict[str, Example]:
    two = ("CNOT", "CZ", "CY", "CH", "SWAP", "ISWAP", "SISWAP", "ECR")
    three = ("CCZ", "Toffoli", "CSWAP", "QubitSum")
    return {
        **{name: lambda q, name=name: getattr(qml, name)(wires=q.w[:2]) for name in two},
        **{name: lambda q, name=name: getattr(qml, name)(wires=q.w[:3]) for name in three},
        "QubitCarry": lambda q: qml.QubitCarry(wires=q.w[:4]),
        "Barrier": lambda q: qml.Barrier(q.w[:2]),
        "WireCut": lambda q: qml.WireCut(q.w[:2]),
        "Snapshot": lambda _: qml.Snapshot("here"),
        "MultiControlledX": lambda q: qml.MultiControlledX(q.w[:4], [True, False, True]),
        "IntegerComparator": lambda q: qml.IntegerComparator(3, q.w[:4]),
    }


def _parametric() -> dict[str, Example]:
    two = (
        *("IsingXX", "IsingXY", "IsingYY", "IsingZZ", "PSWAP", "CRX", "CRY", "CRZ"),
        *("ControlledPhaseShift", "CPhaseShift00", "CPhaseShift01", "CPhaseShift10"),
        *("SingleExcitation", "SingleExcitationMinus", "SingleExcitationPlus", "FermionicSWAP"),
    )
    four = ("DoubleExcitation", "DoubleExcitationMinus", "DoubleExcitationPlus", "OrbitalRotation")
    return {
        **{name: lambda q, name=name: getattr(qml, name)(angle(q.r), q.w[:2]) for name in two},
        **{name: lambda q, name=name: getattr(qml, name)(angle(q.r), q.w[:4]) for name in four},
        "CRot": lambda q: qml.CRot(*angles(q.r, 3), q.w[:2]),
        "MultiRZ": lambda q: qml.MultiRZ(angle(q.r), q.w[:3]),
        "PauliRot": lambda q: qml.PauliRot(angle(q.r), "XYZ", q.w[:3]),
        "TmpPauliRot": lambda q: TmpPauliRot(angle(q.r), "XZ", q.w[:2]),
        "PCPhase": lambda q: qml.PCPhase(angle(q.r), 5, q.w[:3]),
        "SpecialUnitary": lambda q: qml.SpecialUnitary(angles(q.r, 15), q.w[:2]),
        "QubitUnitary": lambda q: qml.QubitUnitary(unitary(q.r, 2), q.w[:2]),
        "DiagonalQubitUnitary": lambda q: qml.DiagonalQubitUnitary(
            np.exp(1j * angles(q.r, 8)), q.w[:3]
        ),
        "ControlledQubitUnitary": lambda q: qml.ControlledQubitUnitary(
            unitary(q.r, 1), q.w[:3], [True, False]
        ),
        "BlockEncode": lambda q: qml.BlockEncode(q.r.uniform(-0.4, 0.4, (2, 2)), q.w[:2]),
    }


def _symbolic() -> dict[str, Example]:
    return {
        "Adjoint": lambda q: qml.ops.Adjoint(qml.CRot(*angles(q.r, 3), q.w[:2])),
        "AdjointOperation": lambda q: qml.adjoint(qml.IsingXY(angle(q.r), q.w[:2])),
        "Controlled": lambda q: qml.ops.Controlled(qml.Rot(*angles(q.r, 3), q.w[0]), q.w[1:3]),
        "ControlledOp": lambda q: qml.ctrl(qml.IsingXX(angle(q.r), q.w[:2]), q.w[2]),
        "Pow": lambda q: qml.ops.Pow(qml.RX(angle(q.r), q.w[0]), 0.3),
        "PowOperation": lambda q: qml.pow(qml.QubitUnitary(unitary(q.r, 2), q.w[:2]), 3),
        "Prod": lambda q: qml.prod(qml.RX(angle(q.r), q.w[0]), qml.CRY(angle(q.r), q.w[:2])),
        "SProd": lambda q: qml.s_prod(1j, qml.IsingXX(angle(q.r), q.w[:2])),
        "Exp": lambda q: qml.exp(qml.X(q.w[0]) @ qml.Y(q.w[1]), 1j * angle(q.r)),
        "Evolution": lambda q: qml.evolve(qml.X(q.w[0]) @ qml.Z(q.w[1]), angle(q.r)),
        "ChangeOpBasis": lambda q: qml.change_op_basis(
            qml.CRX(angle(q.r), q.w[:2]), qml.RZ(angle(q.r), q.w[1])
        ),
        "SubroutineOp": lambda q: subroutine.operator(*angles(q.r, 2), q.w[:2]),
    }


def _states() -> dict[str, Example]:
    return {
        "BasisState": lambda q: qml.BasisState([1, 0, 1], q.z[:3]),
        "StatePrep": lambda q: qml.StatePrep(state(q.r, 3), q.z[:3]),
        "AmplitudeEmbedding": lambda q: qml.AmplitudeEmbedding(
            q.r.normal(size=5), q.z[:3], pad_with=0.3, normalize=True
        ),
        "BasisEmbedding": lambda q: qml.BasisEmbedding(5, q.z[:3]),
        "MottonenStatePreparation": lambda q: qml.MottonenStatePreparation(state(q.r, 3), q.z[:3]),
        "MultiplexerStatePreparation": lambda q: qml.MultiplexerStatePreparation(
            state(q.r, 3), q.z[:3]
        ),
        "ArbitraryStatePreparation": lambda q: qml.ArbitraryStatePreparation(
            angles(q.r, 6), q.z[:2]
        ),
        "CosineWindow": lambda q: qml.CosineWindow(wires=q.z[:3]),
        "QROMStatePreparation": lambda q: qml.QROMStatePreparation(
            real_state(q.r, 2), q.z[:2], q.z[2:5], q.z[5:6]
        ),
        "MPSPrep": lambda q: qml.MPSPrep(mps_tensors(q.r), q.z[:3], q.z[3:4]),
        "Superposition": lambda q: qml.Superposition(
            real_state(q.r, 1), [[1, 0, 1], [0, 1, 1]], q.z[:3], q.z[3]
        ),
    }


def _embeddings_and_layers() -> dict[str, Example]:
    return {
        "AngleEmbedding": lambda q: qml.AngleEmbedding(angles(q.r, 3), q.w[:3], rotation="Y"),
        "IQPEmbedding": lambda q: qml.IQPEmbedding(angles(q.r, 3), q.w[:3], n_repeats=2),
        "QAOAEmbedding": lambda q: qml.QAOAEmbedding(angles(q.r, 3), angles(q.r, 2, 6), q.w[:3]),
        "BasicEntanglerLayers": lambda q: qml.BasicEntanglerLayers(angles(q.r, 2, 3), q.w[:3]),
        "GateFabric": lambda q: qml.GateFabric(
            angles(q.r, 1, 1, 2), q.z[:4], [1, 1, 0, 0], include_pi=True
        ),
        "ParticleConservingU1": lambda q: qml.ParticleConservingU1(angles(q.r, 1, 2, 2), q.w[:3]),
        "ParticleConservingU2": lambda q: qml.ParticleConservingU2(angles(q.r, 1, 5), q.w[:3]),
        "RandomLayers": lambda q: qml.RandomLayers(angles(q.r, 2, 4), q.w[:3], seed=3),
        "SimplifiedTwoDesign": lambda q: qml.SimplifiedTwoDesign(
            angles(q.r, 3), angles(q.r, 2, 2, 2), q.w[:3]
        ),
        "StronglyEntanglingLayers": lambda q: qml.StronglyEntanglingLayers(
            angles(q.r, 2, 3, 3), q.w[:3]
        ),
        "TwoLocalSwapNetwork": lambda q: qml.TwoLocalSwapNetwork(
            q.w[:3], acquaintance, angles(q.r, 3), fermionic=True
        ),
        "MERA": lambda q: tensor_network(qml.MERA, q.w, q.r),
        "MPS": lambda q: tensor_network(qml.MPS, q.w, q.r),
        "TTN": lambda q: tensor_network(qml.TTN, q.w, q.r),
    }


def _chemistry() -> dict[str, Example]:
    return {
        "AllSinglesDoubles": lambda q: qml.AllSinglesDoubles(
            angles(q.r, 2), q.z[:4], np.array([1, 1, 0, 0]), [[q.z[0], q.z[2]]], [q.z[:4]]
        ),
        "BasisRotation": lambda q: qml.BasisRotation(
            q.w[:3], unitary_group.rvs(3, random_state=q.r)
        ),
        "FermionicSingleExcitation": lambda q: qml.FermionicSingleExcitation(angle(q.r), q.w[:3]),
        "FermionicDoubleExcitation": lambda q: qml.FermionicDoubleExcitation(
            angle(q.r), q.w[:2], q.w[2:4]
        ),
        "kUpCCGSD": lambda q: qml.kUpCCGSD(
            angles(q.r, 1, 6), q.z[:4], k=1, delta_sz=0, init_state=np.array([1, 1, 0, 0])
        ),
        "UCCSD": lambda q: qml.UCCSD(
            angles(q.r, 3),
            q.z[:4],
            [q.z[:3], q.z[1:4]],
            [[q.z[:2], q.z[2:4]]],
            init_state=np.array([1, 1, 0, 0]),
        ),
    }


def _arithmetic() -> dict[str, Example]:
    return {
        "Adder": lambda q: qml.Adder(3, q.w[:3], 5, q.z[:2]),
        "PhaseAdder": lambda q: qml.PhaseAdder(3, q.w[:3], 5, q.z[0]),
        "SemiAdder": lambda q: qml.SemiAdder(q.w[:2], q.w[2:5], q.z[:2]),
        "OutAdder": lambda q: qml.OutAdder(q.w[:2], q.w[2:4], q.w[4:6]),
        "Multiplier": lambda q: qml.Multiplier(3, q.w[:2], None, q.z[:2]),
        "OutMultiplier": lambda q: qml.OutMultiplier(q.w[:2], q.w[2:4], q.w[4:6]),
        "ModExp": lambda q: qml.ModExp(q.w[:1], q.w[1:3], 3, None, q.z[:2]),
        "OutPoly": lambda q: qml.OutPoly(
            lambda x, y: x**2 + y, [q.w[:2], q.w[2:4]], output_wires=q.w[4:6]
        ),
        "TemporaryAND": lambda q: qml.TemporaryAND([*q.w[:2], q.z[0]], (1, 0)),
        "QROM": lambda q: qml.QROM([[1, 0], [0, 1], [1, 1], [0, 0]], q.w[:2], q.w[2:4], q.z[:2]),
        "BBQRAM": lambda q: qml.BBQRAM([[1], [0]], q.w[:1], q.w[1:2], q.z[:4]),
        "HybridQRAM": lambda q: qml.HybridQRAM([[1], [0], [1], [1]], q.w[:2], q.w[2:3], q.z[:5], 1),
        "SelectOnlyQRAM": lambda q: qml.SelectOnlyQRAM(
            [[1], [0], [1], [1]], q.w[:1], q.w[1:2], q.w[2:3], 1
        ),
    }


def _algorithms() -> dict[str, Example]:
    return {
        "AmplitudeAmplification": lambda q: qml.AmplitudeAmplification(
            qml.StronglyEntanglingLayers(angles(q.r, 1, 2, 3), q.w[:2]), qml.FlipSign(2, q.w[:2]), 2
        ),
        "AQFT": lambda q: qml.AQFT(1, q.w[:3]),
        "QFT": lambda q: qml.QFT(q.w[:3]),
        "ArbitraryUnitary": lambda q: qml.ArbitraryUnitary(angles(q.r, 15), q.w[:2]),
        "ControlledSequence": lambda q: qml.ControlledSequence(
            qml.Rot(*angles(q.r, 3), q.w[0]), q.w[1:3]
        ),
        "FABLE": lambda q: qml.FABLE(q.r.uniform(-0.9, 0.9, (2, 2)), q.w[:3]),
        "FlipSign": lambda q: qml.FlipSign([1, 0, 1], q.w[:3]),
        "GQSP": lambda q: qml.GQSP(qml.RX(angle(q.r), q.w[1]), angles(q.r, 3, 3), q.w[0]),
        "GroverOperator": lambda q: qml.GroverOperator(q.w[:3]),
        "HilbertSchmidt": lambda q: qml.HilbertSchmidt(
            qml.RZ(angle(q.r), q.w[0]), qml.RY(angle(q.r), q.w[1])
        ),
        "LocalHilbertSchmidt": lambda q: qml.LocalHilbertSchmidt(
            qml.CRZ(angle(q.r), q.w[:2]), qml.CRY(angle(q.r), q.w[2:4])
        ),
        "IQP": lambda q: qml.IQP(angles(q.r, 2), 3, [[[0, 1]], [[1], [2]]]),
        "Permute": lambda q: qml.Permute([q.w[2], q.w[0], q.w[1]], q.w[:3]),
        "PrepSelPrep": lambda q: qml.PrepSelPrep(lcu(q.w, q.r), q.w[2:4]),
        "Qubitization": lambda q: qml.Qubitization(lcu(q.w, q.r), q.w[2:4]),
        "QuantumMonteCarlo": lambda q: qml.QuantumMonteCarlo(
            real_state(q.r, 1) ** 2, lambda i: [0.3, 0.8][i], q.w[:2], q.w[2:4]
        ),
        "QuantumPhaseEstimation": lambda q: qml.QuantumPhaseEstimation(
            qml.Rot(*angles(q.r, 3), q.w[0]), estimation_wires=q.w[1:3]
        ),
        "QSVT": lambda q: qsvt(q.w, q.r),
        "Reflection": lambda q: qml.Reflection(
            qml.CRot(*angles(q.r, 3), q.w[:2]), angle(q.r), q.w[:2]
        ),
        "Select": lambda q: qml.Select(
            [qml.RX(angle(q.r), q.w[0]), qml.RY(angle(q.r), q.w[0]), qml.Z(q.w[1])], q.w[2:4]
        ),
        "SelectPauliRot": lambda q: qml.SelectPauliRot(angles(q.r, 4), q.w[:2], q.w[2], "Y"),
        "ApproxTimeEvolution": lambda q: qml.ApproxTimeEvolution(hamiltonian(q.w, q.r), 0.7, 2),
        "CommutingEvolution": lambda q: qml.CommutingEvolution(commuting(q.w, q.r), 0.7),
        "QDrift": lambda q: qml.QDrift(hamiltonian(q.w, q.r), 0.7, 3, seed=5),
        "TrotterProduct": lambda q: qml.TrotterProduct(hamiltonian(q.w, q.r), 0.7, 2, 2),
        "TrotterizedQfunc": lambda q: qml.TrotterizedQfunc(
            0.7, *angles(q.r, 2), qfunc=trotter_step, n=2, wires=q.w[:2]
        ),
    }


def _variants() -> dict[str, Example]:
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


GATES: dict[str, Example] = {**_one_qubit(), **_fixed(), **_parametric()}

EXAMPLES: dict[str, Example] = {
    **GATES,
    **_symbolic(),
    **_states(),
    **_embeddings_and_layers(),
    **_chemistry(),
    **_arithmetic(),
    **_algorithms(),
}

# Other uses of the same operators: special sizes, sparse data, roots.
VARIANTS = _variants()

# Examples that change nothing, whatever comes before and after them.
IDLE = frozenset(
    {
        *("Identity", "GlobalPhase", "Barrier", "Snapshot", "WireCut"),
        *("wireless identity", "wireless phase", "zeroth power", "controlled identity"),
        *("zero-dimensional phase", "only identities rotated"),
    }
)

_ABSTRACT = "a base class: what it says is tested with its subclasses"
_CHANNEL = "a channel: IonQ's machines have no noise on request, and default.qubit has no channels"
_CV = "acts on modes, not on qubits"
_QUTRIT = "acts on qutrits, not on qubits"
_OBSERVABLE = "an observable: as a gate it is not unitary in general"
_REFUSED = "default.qubit can't run it either"

LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(
        (
            *("Channel", "CompositeOp", "CVObservable", "CVOperation", "ErrorOperation"),
            *("Operation", "ResourcesOperation", "ScalarSymbolicOp", "StatePrepBase"),
            "SymbolicOp",
        ),
        _ABSTRACT,
    ),
    **dict.fromkeys(
        (
            *("AmplitudeDamping", "BitFlip", "DepolarizingChannel", "GeneralizedAmplitudeDamping"),
            *("PauliError", "PhaseDamping", "PhaseFlip", "QubitChannel", "ResetError"),
            "ThermalRelaxationError",
        ),
        _CHANNEL,
    ),
    **dict.fromkeys(
        (
            *("Beamsplitter", "CatState", "CoherentState", "ControlledAddition"),
            *("ControlledPhase", "CrossKerr", "CubicPhase", "CVNeuralNetLayers"),
            *("DisplacedSqueezedState", "Displacement", "DisplacementEmbedding"),
            *("FockDensityMatrix", "FockState", "FockStateProjector", "FockStateVector"),
            *("GaussianState", "Interferometer", "InterferometerUnitary", "Kerr"),
            *("NumberOperator", "PolyXP", "QuadOperator", "QuadP", "QuadraticPhase", "QuadX"),
            *("Rotation", "SqueezedState", "Squeezing", "SqueezingEmbedding", "TensorN"),
            *("ThermalState", "TwoModeSqueezing"),
        ),
        _CV,
    ),
    **dict.fromkeys(
        (
            *("ControlledQutritUnitary", "GellMann", "QutritAmplitudeDamping"),
            *("QutritBasisState", "QutritBasisStatePreparation", "QutritChannel"),
            *("QutritDepolarizingChannel", "QutritUnitary", "TAdd", "TClock", "THadamard"),
            *("THermitian", "TritFlip", "TRX", "TRY", "TRZ", "TShift", "TSWAP"),
        ),
        _QUTRIT,
    ),
    **dict.fromkeys(
        (
            *("BasisStateProjector", "Hermitian", "LinearCombination", "Projector"),
            *("SparseHamiltonian", "StateVectorProjector", "Sum"),
        ),
        _OBSERVABLE,
    ),
    **dict.fromkeys(("PauliMeasure", "QubitDensityMatrix", "SumOfSlatersPrep"), _REFUSED),
    "CollectedSubroutine": "how PennyLane queues a subroutine; SubroutineOp is the operator",
    "MidMeasure": "no gate: test_agreement.py has qml.measure",
    "Conditional": "needs a measurement before it: test_agreement.py has qml.cond",
    "FromBloq": "needs qualtran",
    "ParametrizedEvolution": "a pulse: needs jax, and IonQ takes no pulses",
}

# What default.qubit is shown to refuse, so that LEFT_OUT stays true.
REFUSED: dict[str, Example] = {
    "QubitDensityMatrix": lambda q: qml.QubitDensityMatrix(np.eye(2) / 2, wires=q.z[:1]),
    "SumOfSlatersPrep": lambda q: qml.SumOfSlatersPrep(state(q.r, 2), q.z[:3], (0, 3, 5, 6)),
    "PauliMeasure": lambda q: qml.ops.PauliMeasure("XY", q.w[:2]),
}


def gpi(phase: float) -> np.ndarray:
    up = np.exp(2j * np.pi * phase)
    return np.array([[0, up.conj()], [up, 0]])


def gpi2(phase: float) -> np.ndarray:
    up = np.exp(2j * np.pi * phase)
    return np.array([[1, -1j * up.conj()], [-1j * up, 1]]) / np.sqrt(2)


def ms(phase0: float, phase1: float, turns: float) -> np.ndarray:
    return ising(np.kron(gpi(phase0), gpi(phase1)), 2 * np.pi * turns)


def ising(word: np.ndarray, radians: float) -> np.ndarray:
    """exp(-i·radians/2·word), for a word that is its own inverse."""
    return np.cos(radians / 2) * np.eye(len(word)) - 1j * np.sin(radians / 2) * word


XX, YY, ZZ = (np.kron(p, p) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], np.diag([1, -1])))

# IonQ's gates, and PennyLane-IonQ's Ising gates in radians: the class, and its matrix by IonQ.
NATIVE: dict[str, tuple[type[Operator], Callable[..., np.ndarray]]] = {
    "qstore.GPI": (qstore.GPI, gpi),
    "qstore.GPI2": (qstore.GPI2, gpi2),
    "qstore.MS": (qstore.MS, ms),
    "qstore.ZZ": (qstore.ZZ, lambda turns: ising(ZZ, 2 * np.pi * turns)),
    "ionq.GPI": (pennylane_ionq.ops.GPI, gpi),
    "ionq.GPI2": (pennylane_ionq.ops.GPI2, gpi2),
    "ionq.MS": (pennylane_ionq.ops.MS, ms),
    "ionq.XX": (pennylane_ionq.ops.XX, lambda radians: ising(XX, radians)),
    "ionq.YY": (pennylane_ionq.ops.YY, lambda radians: ising(YY, radians)),
    "ionq.ZZ": (pennylane_ionq.ops.ZZ, lambda radians: ising(ZZ, radians)),
}
