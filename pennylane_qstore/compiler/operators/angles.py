"""Which operators have angles that a template leaves open, and which of them are plain gates."""

import pennylane as qml
from pennylane.operation import Operator

from pennylane_qstore.compiler.operators.controlled import MOST_CONTROLS_BY_RULE
from pennylane_qstore.compiler.operators.gate_set import (
    NATIVE,
    PENNYLANE_IONQ_ISING,
    PENNYLANE_IONQ_NATIVE,
)

# Operations whose decomposition is the same for all values of their parameters. All others, such
# as state preparations and unitaries, carry their values in the key.
ANGLES: frozenset[type[Operator]] = frozenset(
    {
        *(qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.U1, qml.U2, qml.U3, qml.Rot, qml.CRX),
        *(qml.CRY, qml.CRZ, qml.CRot, qml.ControlledPhaseShift, qml.IsingXX, qml.IsingYY),
        *(qml.IsingZZ, qml.IsingXY, qml.MultiRZ, qml.PauliRot, qml.SingleExcitation),
        *(qml.SingleExcitationMinus, qml.SingleExcitationPlus, qml.DoubleExcitation),
        *(qml.DoubleExcitationMinus, qml.DoubleExcitationPlus, qml.FermionicSingleExcitation),
        *(qml.FermionicDoubleExcitation, qml.FermionicSWAP, qml.OrbitalRotation, qml.PCPhase),
        *(qml.PSWAP, qml.CPhaseShift00, qml.CPhaseShift01, qml.CPhaseShift10, qml.GlobalPhase),
        *(qml.AngleEmbedding, qml.IQPEmbedding, qml.QAOAEmbedding, qml.SimplifiedTwoDesign),
        *(qml.StronglyEntanglingLayers, qml.BasicEntanglerLayers, qml.UCCSD, qml.kUpCCGSD),
        *(qml.AllSinglesDoubles, qml.GateFabric, qml.ParticleConservingU1),
        qml.ParticleConservingU2,
        *NATIVE,
        *PENNYLANE_IONQ_NATIVE,
        *PENNYLANE_IONQ_ISING,
    }
)
# What stays an angle when it is controlled, by any number of wires.
_CONTROLLED = frozenset(
    {
        *(qml.RX, qml.RY, qml.RZ, qml.Rot, qml.PhaseShift, qml.U1),
        *(qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.PauliRot, qml.MultiRZ),
    }
)
CONTROLLED_CLASSES = frozenset({qml.ops.Controlled, qml.ops.ControlledOp})
# Gates that their class, their wires and one number a parameter determine.
PLAIN_CONTROLLED = frozenset(
    {
        *(qml.CRX, qml.CRY, qml.CRZ, qml.CRot, qml.ControlledPhaseShift),
        *(qml.CNOT, qml.CY, qml.CZ, qml.CH, qml.Toffoli, qml.CSWAP),
    }
)
_PLAIN_UNCONTROLLED = frozenset(
    {
        *(qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.U1, qml.U2, qml.U3, qml.Rot),
        *(qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.IsingXY),
        *(qml.X, qml.Y, qml.Z, qml.Hadamard, qml.S, qml.T, qml.SX, qml.SWAP, qml.ISWAP),
        *NATIVE,
    }
)
PLAIN = PLAIN_CONTROLLED | _PLAIN_UNCONTROLLED


def is_parametric(op: Operator) -> bool:
    """Return whether an operation's parameters are angles that a template leaves open."""
    kind = type(op)
    if kind in ANGLES:
        return True
    if kind in CONTROLLED_CLASSES:
        few = len(op.control_wires) <= MOST_CONTROLS_BY_RULE and not op.work_wires
        return few and type(op.base) in _CONTROLLED
    return isinstance(op, qml.ops.Adjoint) and is_parametric(op.base)
