"""The target of a compilation: native gates, optimisation level, and checks."""

from dataclasses import dataclass

from pennylane_qstore.options import Level


@dataclass(frozen=True, slots=True)
class Target:
    """The gate set and settings that a tape is compiled for.

    Attributes:
        gates: "ms" or "zz", the native entangler that the backend has, or "qis", which is left
            to IonQ to compile
        optimization: "none" translates gate by gate; "template" does what holds for all angles,
            once a structure; "full" looks at values as well: those of unitaries and states, and
            angles at which gates vanish
        measurement_aware: whether only the outcomes have to be the tape's, or its whole unitary
        every_qubit: whether all qubits are sent, also those that nobody asks about
        verify: whether each program is checked against its tape before it is sent
    """

    gates: str
    optimization: Level = "full"
    measurement_aware: bool = True
    every_qubit: bool = False
    verify: bool = False
