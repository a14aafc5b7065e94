"""Examples of PennyLane's gates, and of its symbolic operators."""

from typing import Any

import numpy as np
import pennylane as qml
from pennylane.ops.qubit.special_unitary import TmpPauliRot

from tests.operators.place import Example, angle, angles, unitary


@qml.templates.Subroutine
def subroutine(first: float, second: float, wires: Any) -> None:
    qml.RX(first, wires[0])
    qml.CRY(second, wires[:2])


def one_qubit() -> dict[str, Example]:
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


def fixed() -> dict[str, Example]:
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


def parametric() -> dict[str, Example]:
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


def symbolic() -> dict[str, Example]:
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


GATES: dict[str, Example] = {**one_qubit(), **fixed(), **parametric()}
