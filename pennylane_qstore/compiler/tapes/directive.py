"""An operation that is no gate: it tells the device how a tape is to be run."""

from typing import Any

from pennylane.operation import Operation, Operator, StatePrepBase
from pennylane.tape import QuantumScript
from pennylane.wires import Wires


class Directive(Operation):
    """How the device runs a tape: how much its noise is scaled, and how errors are mitigated.

    It stands before a tape's gates, after state preparations, and does nothing on other devices.

    Args:
        scale: how often as much noise as there is the compiled program gets, at least 1
        mitigation: overrides the device's option of that name
    """

    num_params = 0
    num_wires = None
    grad_method = None

    def __init__(self, scale: float = 1.0, mitigation: Any = None) -> None:
        super().__init__(wires=Wires([]))
        self.hyperparameters.update(scale=scale, mitigation=mitigation)

    def _flatten(self) -> tuple[tuple[()], tuple[float, Any]]:
        return (), (self.scale, self.mitigation)

    @classmethod
    def _unflatten(cls, data: tuple[()], metadata: tuple[float, Any]) -> "Directive":
        del data
        return cls(*metadata)

    @property
    def scale(self) -> float:
        """How often as much noise as there is the program gets."""
        return self.hyperparameters["scale"]

    @property
    def mitigation(self) -> Any:
        """What is done instead of the device's option; None takes the option."""
        return self.hyperparameters["mitigation"]

    @staticmethod
    def compute_decomposition(**hyperparameters: Any) -> list[Operator]:
        """Return no gates."""
        del hyperparameters
        return []

    def adjoint(self) -> "Directive":
        """Return the same: a tape's inverse is run as the tape is."""
        return self

    def merged(self, other: "Directive | None") -> "Directive":
        """Return this directive with what another one says besides.

        Args:
            other: one that stands in the same tape, or None
        """
        if other is None:
            return self
        return Directive(self.scale * other.scale, self.mitigation or other.mitigation)


def directive_of(tape: QuantumScript) -> tuple[Directive | None, QuantumScript]:
    """Take the directives out of a tape.

    Args:
        tape: any

    Returns:
        what they say together, or None, and the tape without them
    """
    for op in tape.operations:
        if isinstance(op, Directive):
            break
        if not isinstance(op, StatePrepBase):
            return None, tape
    else:
        return None, tape
    merged: Directive | None = None
    others = []
    for op in tape.operations:
        if isinstance(op, Directive):
            merged = op.merged(merged)
        else:
            others.append(op)
    return merged, tape.copy(operations=others, trainable_params=tape.trainable_params)
