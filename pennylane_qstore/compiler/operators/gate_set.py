"""The gate set: operations that the compiler takes without decomposing them."""

from typing import Any

import pennylane as qml
import pennylane_ionq
from pennylane.operation import Operator

from pennylane_qstore import ops

# Parametric ones are kept, not expanded to pulses, so that shift rules and caching still work.
PENNYLANE_GATES = frozenset(
    {
        "RX",
        "RY",
        "RZ",
        "PhaseShift",
        "PauliX",
        "PauliY",
        "PauliZ",
        "Hadamard",
        "S",
        "T",
        "SX",
        "Adjoint(S)",
        "Adjoint(T)",
        "Adjoint(SX)",
        "CNOT",
        "CZ",
        "SWAP",
        "IsingXX",
        "IsingYY",
        "IsingZZ",
        "Identity",
        "GlobalPhase",
        "Barrier",
    }
)
NATIVE = (ops.GPI, ops.GPI2, ops.MS, ops.ZZ)
# PennyLane-IonQ's classes share their names with ours but not their meaning: its ZZ is an
# Ising gate in radians, ours is IonQ's native gate in turns. So they are told apart by class.
PENNYLANE_IONQ_NATIVE = (
    pennylane_ionq.ops.GPI,
    pennylane_ionq.ops.GPI2,
    pennylane_ionq.ops.MS,
)
PENNYLANE_IONQ_ISING = (pennylane_ionq.ops.XX, pennylane_ionq.ops.YY, pennylane_ionq.ops.ZZ)
# The same as PennyLane-IonQ's operations, which have no matrices, or others than its documentation
# says, and no adjoints.
SAME: dict[type[Operator], Any] = dict(
    zip(
        (*PENNYLANE_IONQ_NATIVE, *PENNYLANE_IONQ_ISING),
        (ops.GPI, ops.GPI2, ops.MS, qml.IsingXX, qml.IsingYY, qml.IsingZZ),
        strict=True,
    )
)
# X with several controls stays whole until it is known whether it has to be sent at all. With more
# controls, or wires to work on, it is decomposed at once.
CONTROLLED_X = frozenset({"Toffoli", "MultiControlledX"})
_MOST_CONTROLS_KEPT_WHOLE = 6
_CLASSES = (*NATIVE, *PENNYLANE_IONQ_NATIVE, *PENNYLANE_IONQ_ISING)


def has_rule(op: Operator) -> bool:
    """Return whether the compiler takes an operation without decomposing it."""
    if op.name in CONTROLLED_X:
        return len(op.control_wires) <= _MOST_CONTROLS_KEPT_WHOLE and not op.work_wires
    return op.name in PENNYLANE_GATES or isinstance(op, _CLASSES)
