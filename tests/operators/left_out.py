"""The operators without an example, each with the reason."""

import numpy as np
import pennylane as qml

from tests.operators.place import Example, state

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
    "MidMeasure": "no gate: tests/agreement has qml.measure",
    "Conditional": "needs a measurement before it: tests/agreement has qml.cond",
    "FromBloq": "needs qualtran",
    "ParametrizedEvolution": "a pulse: needs jax, and IonQ takes no pulses",
}


# What default.qubit is shown to refuse, so that LEFT_OUT stays true.
REFUSED: dict[str, Example] = {
    "QubitDensityMatrix": lambda q: qml.QubitDensityMatrix(np.eye(2) / 2, wires=q.z[:1]),
    "SumOfSlatersPrep": lambda q: qml.SumOfSlatersPrep(state(q.r, 2), q.z[:3], (0, 3, 5, 6)),
    "PauliMeasure": lambda q: qml.ops.PauliMeasure("XY", q.w[:2]),
}
