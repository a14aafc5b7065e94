"""Examples of PennyLane's templates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from scipy.stats import unitary_group

from tests.operators.place import Example, angle, angles, commuting, hamiltonian, real_state, state


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


def states() -> dict[str, Example]:
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


def embeddings_and_layers() -> dict[str, Example]:
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


def chemistry() -> dict[str, Example]:
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


def arithmetic() -> dict[str, Example]:
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


def algorithms() -> dict[str, Example]:
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
