"""Mitigation of one QNode, in PennyLane's spelling: transforms that tell the device what to do."""

from collections.abc import Callable
from typing import Any

import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.tapes.directive import Directive
from pennylane_qstore.errors import OptionError
from pennylane_qstore.mitigation.settings import Mitigation, mitigation_of


def _first(results: Any) -> Any:
    return results[0]


def _directed(tape: QuantumScript, directive: Directive) -> list[QuantumScript]:
    preps = tape.num_preps
    operations = [*tape.operations[:preps], directive, *tape.operations[preps:]]
    return [tape.copy(operations=operations, trainable_params=tape.trainable_params)]


@qml.transform
def fold(
    tape: QuantumScript, scale_factor: float
) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Scale a circuit's noise, by folding its compiled program at the entanglers.

    The circuit is compiled as ever; then entanglers are followed by their inverses and themselves.
    So no optimiser takes the folds out, and circuits of all scales share one template. It takes
    the place of ``qml.noise.fold_global`` in ``qml.noise.mitigate_with_zne``.

    Args:
        tape: a QNode or a tape
        scale_factor: how many times as many entanglers are wanted, at least 1. Odd integers are
            reached exactly, others as nearly as the number of entanglers allows; a warning tells
            where that is not near

    Returns:
        a QNode, or the tapes and a function of their results

    Raises:
        OptionError: the scale factor is less than 1

    **Example**

    >>> dev = qml.device("qstore.ionq", wires=2)
    >>> @qml.qnode(dev)
    ... def circuit(x):
    ...     qml.RY(x, 0)
    ...     qml.CNOT([0, 1])
    ...     return qml.expval(qml.X(0) @ qml.X(1))
    >>> mitigated = qml.noise.mitigate_with_zne(
    ...     circuit, [1, 3], qstore.fold, qstore.linear_extrapolate
    ... )
    >>> float(mitigated(0.5).round(6))
    0.479426
    """
    if not 1 <= scale_factor < float("inf"):
        raise OptionError("scale_factor", scale_factor, "use a number of at least 1")
    if scale_factor == 1:
        return [tape], _first
    return _directed(tape, Directive(scale=float(scale_factor))), _first


@qml.transform
def mitigate(
    tape: QuantumScript, method: Any = "zne"
) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Mitigate the errors of one QNode; the device's option ``mitigation`` does it for all.

    Args:
        tape: a QNode or a tape
        method: "readout", "zne", "calibrate" or "pec"; an object such as
            ``qstore.ZNE(scales=(1, 3, 5))``; or a list of them. None switches the device's off

    Returns:
        a QNode, or the tapes and a function of their results

    Raises:
        OptionError: a method that isn't one

    **Example**

    >>> dev = qml.device("qstore.ionq", wires=2)
    >>> @qstore.mitigate(method=["readout", "zne"])
    ... @qml.set_shots(1000)
    ... @qml.qnode(dev)
    ... def circuit(x):
    ...     qml.RX(x, 0)
    ...     return qml.expval(qml.Z(0))
    >>> bool(abs(circuit(0.0) - 1) < 0.2)
    True
    """
    settings = mitigation_of(method) or Mitigation()
    return _directed(tape, Directive(mitigation=settings)), _first
