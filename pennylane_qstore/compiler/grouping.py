"""A tape's measurements to as few circuits as show them all, each in the computational basis."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pennylane as qml
from pennylane.devices.preprocess import validate_device_wires
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.pauli import PauliSentence
from pennylane.tape import QuantumScript

# Turns an eigenvector of each Pauli operator to a basis state; SX is RX(π/2).
_TO_Z: dict[str, Callable[[Any], list[Operator]]] = {
    "X": lambda wire: [qml.Hadamard(wire)],
    "Y": lambda wire: [qml.SX(wire)],
    "Z": lambda _: [],
}


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a measurement needs to be read in the computational basis.

    Attributes:
        axis_of: for each wire, what it must be turned from: a Pauli's letter, or an observable
        rotations: the gates that turn it, by axis
        measurement: the measurement after the turn
    """

    axis_of: dict[Any, Hashable]
    rotations: dict[Hashable, list[Operator]]
    measurement: MeasurementProcess


@qml.transform
def share_circuits(tape: QuantumScript) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Puts measurements that agree on every wire they share into one circuit, and turns them.

    Measurements agree where no wire is needed in two different bases (qubit-wise commutation);
    each goes to the first circuit that it agrees with. The tapes that come out measure in the
    computational basis only.
    """
    with qml.QueuingManager.stop_recording():
        # Gives a measurement without wires all of the tape's; on a device with wires it has them.
        (tape,), _ = validate_device_wires(tape, qml.wires.Wires(wire_order(tape.wires)))
        bases = [_basis(measurement) for measurement in tape.measurements]
        groups = _grouped(bases)
        tapes = [_turned(tape, [bases[i] for i in group]) for group in groups]

    def in_order(results: Sequence[Any]) -> Any:
        if tape.shots.has_partitioned_shots:
            copies = range(tape.shots.num_copies)
            return tuple(_in_order(groups, [result[i] for result in results]) for i in copies)
        return _in_order(groups, results)

    return tapes, in_order


def _in_order(groups: list[list[int]], results: Sequence[Any]) -> Any:
    values: dict[int, Any] = {}
    for group, result in zip(groups, results, strict=True):
        values.update(zip(group, (result,) if len(group) == 1 else result, strict=True))
    return values[0] if len(values) == 1 else tuple(values[i] for i in range(len(values)))


def _grouped(bases: list[_Basis]) -> list[list[int]]:
    groups: list[tuple[dict[Any, Hashable], list[int]]] = []
    for index, basis in enumerate(bases):
        for axis_of, members in groups:
            if all(axis_of.get(wire, axis) == axis for wire, axis in basis.axis_of.items()):
                axis_of.update(basis.axis_of)
                members.append(index)
                break
        else:
            groups.append((dict(basis.axis_of), [index]))
    return [members for _, members in groups]


def _turned(tape: QuantumScript, bases: list[_Basis]) -> QuantumScript:
    rotations: dict[Hashable, list[Operator]] = {}
    for basis in bases:
        rotations.update(basis.rotations)
    turns = [gate for gates in rotations.values() for gate in gates]
    return QuantumScript(
        [*tape.operations, *turns], [basis.measurement for basis in bases], shots=tape.shots
    )


def _basis(measurement: MeasurementProcess) -> _Basis:
    if measurement.obs is None:
        return _Basis(dict.fromkeys(measurement.wires, "Z"), {}, measurement)
    sentence = measurement.obs.pauli_rep
    if sentence is not None and (axis_of := _pauli_axes(sentence)) is not None:
        turned = _in_z(sentence, measurement.wires)
        return _Basis(axis_of, _pauli_rotations(axis_of), _replaced(measurement, obs=turned))
    axis_of, rotations = _axes(measurement.obs)
    eigvals = measurement.obs.eigvals()
    turned = _replaced(measurement, wires=measurement.wires, eigvals=eigvals)
    return _Basis(axis_of, rotations, turned)


def _pauli_axes(sentence: PauliSentence) -> dict[Any, Hashable] | None:
    """The one basis that shows all the words, or None where there is none."""
    axis_of: dict[Any, Hashable] = {}
    for word in sentence:
        for wire, axis in word.items():
            if axis_of.setdefault(wire, axis) != axis:
                return None
    return axis_of


def _pauli_rotations(axis_of: dict[Any, Hashable]) -> dict[Hashable, list[Operator]]:
    return {(wire, axis): _TO_Z[str(axis)](wire) for wire, axis in axis_of.items()}


def _in_z(sentence: PauliSentence, wires: qml.wires.Wires) -> Operator:
    """The observable with every Pauli letter read as Z; an identity keeps its wires."""
    words = {
        qml.pauli.PauliWord(dict.fromkeys(word, "Z")): coefficient
        for word, coefficient in sentence.items()
    }
    return PauliSentence(words).operation(wire_order=wires)


def _axes(obs: Operator) -> tuple[dict[Any, Hashable], dict[Hashable, list[Operator]]]:
    """The axes of an observable that is no sum of commuting Pauli words.

    Factors of a product on wires of their own are turned one by one, so that another measurement
    can share the wires of some of them; anything else is turned as a whole.
    """
    factors = obs.operands if isinstance(obs, qml.ops.Prod) else (obs,)
    wires = [wire for factor in factors for wire in factor.wires]
    if len(wires) != len(set(wires)):
        factors = (obs,)
    axis_of: dict[Any, Hashable] = {}
    rotations: dict[Hashable, list[Operator]] = {}
    for factor in factors:
        sentence = factor.pauli_rep
        axes = _pauli_axes(sentence) if sentence is not None else None
        if axes is not None and len(factor.pauli_rep) == 1:
            axis_of.update(axes)
            rotations.update(_pauli_rotations(axes))
        else:
            axis_of.update(dict.fromkeys(factor.wires, factor.hash))
            rotations[factor.hash] = factor.diagonalizing_gates()
    return axis_of, rotations


def _replaced(measurement: MeasurementProcess, **what: Any) -> MeasurementProcess:
    if isinstance(measurement, qml.measurements.CountsMP):
        what["all_outcomes"] = measurement.all_outcomes
    if isinstance(measurement, qml.measurements.ProbabilityMP):
        what = {"wires": measurement.wires}
    if isinstance(measurement, qml.measurements.SampleMP):
        what["dtype"] = measurement.numeric_type
    return type(measurement)(**what)


def wire_order(wires: Iterable[Any]) -> list[Any]:
    """A tape's wires in the order that PennyLane's devices without wires give them.

    Integers from 0 on are in their own order, any others in the order of their first use.
    """
    used = list(wires)
    return sorted(used) if set(used) == set(range(len(used))) else used


def qubits_of(used: qml.wires.Wires, device_wires: Any) -> dict[Any, int]:
    """The qubit of each wire that a tape uses, in the order of the device's wires.

    Wires that no gate and no measurement names get no qubit: they'd cost time, and money.
    """
    wires = [wire for wire in device_wires if wire in used] if device_wires else wire_order(used)
    return {wire: qubit for qubit, wire in enumerate(wires)}
