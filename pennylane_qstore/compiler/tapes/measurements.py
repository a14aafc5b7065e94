"""Group a tape's measurements into as few circuits as possible, each in the computational basis."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import validate_device_wires
from pennylane.exceptions import DeviceError, DiagGatesUndefinedError
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMP,
)
from pennylane.operation import Operator
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.pauli import PauliSentence, PauliWord
from pennylane.tape import QuantumScript

from pennylane_qstore.pennylane_private import sample_dtype
from pennylane_qstore.tensors import to_numpy

# Turns an eigenvector of each Pauli operator to a basis state; SX is RX(π/2).
_TO_Z: dict[str, Callable[[Any], list[Operator]]] = {
    "X": lambda wire: [qml.Hadamard(wire)],
    "Y": lambda wire: [qml.SX(wire)],
    "Z": lambda _: [],
}


@dataclass(frozen=True, slots=True)
class _MeasurementPart:
    """What one circuit can show of a measurement: all of it, or a term of a sum.

    Attributes:
        of: the measurement's place in the tape
        axis_of: for each wire, what it must be turned from: a Pauli's letter, or an observable
        rotations: the gates that turn it, by axis
        measurement: what is measured after the turn; None for a Pauli word
        word: the Pauli word with Z for each letter; None for anything else
        coefficient: of the term
    """

    of: int
    axis_of: dict[Any, Hashable]
    rotations: dict[Hashable, list[Operator]]
    measurement: MeasurementProcess | None = None
    word: PauliWord | None = None
    coefficient: float = 1.0


@dataclass(slots=True)
class _SharedCircuit:
    """Parts that agree on every wire they share, on their way to a tape."""

    axis_of: dict[Any, Hashable] = field(default_factory=dict)
    rotations: dict[Hashable, list[Operator]] = field(default_factory=dict)
    parts: list[_MeasurementPart] = field(default_factory=list)

    def agrees(self, part: _MeasurementPart) -> bool:
        axis_of = self.axis_of
        return all(axis_of.get(wire, axis) == axis for wire, axis in part.axis_of.items())

    def add(self, part: _MeasurementPart) -> None:
        self.axis_of.update(part.axis_of)
        self.rotations.update(part.rotations)
        self.parts.append(part)


@qml.transform
def share_circuits(tape: QuantumScript) -> tuple[list[QuantumScript], Callable[..., Any]]:
    """Put measurements that agree on every shared wire into one circuit, and rotate them.

    An expectation value of a sum is taken apart into its terms. Parts agree where no wire is
    needed in two different bases (qubit-wise commutation); each goes to the first circuit that it
    agrees with, and a sum's Pauli words in one circuit are one measurement of it. The tapes that
    come out measure in the computational basis only.

    Returns:
        the circuits' tapes, and a function that puts their results in the tape's order
    """
    with qml.QueuingManager.stop_recording():
        # Gives a measurement without wires all of the tape's; on a device with wires it has them.
        (tape,), _ = validate_device_wires(tape, qml.wires.Wires(wire_order(tape.wires)))
        parts: list[_MeasurementPart] = []
        offsets: list[float | None] = []
        for place, measurement in enumerate(tape.measurements):
            own, offset = _parts(place, measurement)
            parts.extend(own)
            offsets.append(offset)
        circuits = _grouped(parts)
        measured = [_measured(circuit) for circuit in circuits]
        tapes = [
            _turned(tape, circuit, [measurement for _, measurement in found])
            for circuit, found in zip(circuits, measured, strict=True)
        ]
    sources = [[place for place, _ in found] for found in measured]

    def in_order(results: Sequence[Any]) -> Any:
        if not tape.shots.has_partitioned_shots:
            return _in_order(results, sources, offsets, tape.batch_size)
        return tuple(
            _in_order([result[i] for result in results], sources, offsets, tape.batch_size)
            for i in range(tape.shots.num_copies)
        )

    return tapes, in_order


def _in_order(
    results: Sequence[Any],
    sources: Sequence[Sequence[int]],
    offsets: Sequence[float | None],
    batch_size: int | None,
) -> Any:
    """Return the tape's results from its circuits': sums added up, everything in its place."""
    constant = np.zeros(() if batch_size is None else batch_size)
    values = [None if offset is None else constant + offset for offset in offsets]
    for own, result in zip(sources, results, strict=True):
        for place, value in zip(own, (result,) if len(own) == 1 else result, strict=True):
            values[place] = value if offsets[place] is None else values[place] + value
    return values[0] if len(values) == 1 else tuple(values)


def _grouped(parts: Sequence[_MeasurementPart]) -> list[_SharedCircuit]:
    circuits: list[_SharedCircuit] = []
    for part in parts:
        found = next((circuit for circuit in circuits if circuit.agrees(part)), None)
        if found is None:
            found = _SharedCircuit()
            circuits.append(found)
        found.add(part)
    return circuits


def _measured(circuit: _SharedCircuit) -> list[tuple[int, MeasurementProcess]]:
    """Return a circuit's measurements, each with the place of the tape's that it is for."""
    found = [(part.of, part.measurement) for part in circuit.parts if part.word is None]
    sums: dict[int, PauliSentence] = {}
    for part in circuit.parts:
        if part.word is not None:
            words = sums.setdefault(part.of, PauliSentence())
            words[part.word] = words.get(part.word, 0.0) + part.coefficient
    return [*found, *((place, qml.expval(words.operation())) for place, words in sums.items())]


def _turned(
    tape: QuantumScript, circuit: _SharedCircuit, measurements: Sequence[MeasurementProcess]
) -> QuantumScript:
    turns = [gate for gates in circuit.rotations.values() for gate in gates]
    return QuantumScript([*tape.operations, *turns], measurements, shots=tape.shots)


def _parts(
    place: int, measurement: MeasurementProcess
) -> tuple[list[_MeasurementPart], float | None]:
    """Return what must be measured for a measurement, and the constant of a sum or None."""
    obs = measurement.obs
    if not isinstance(measurement, ExpectationMP) or obs is None:
        return [_whole(place, measurement)], None
    if obs.pauli_rep is not None:
        return _words(place, obs.pauli_rep)
    if not isinstance(obs, qml.ops.Sum | qml.ops.LinearCombination):
        return [_whole(place, measurement)], None
    terms = [qml.s_prod(*term) for term in zip(*obs.terms(), strict=True)]
    found = [_parts(place, qml.expval(term)) for term in terms]
    return [part for own, _ in found for part in own], sum(offset or 0.0 for _, offset in found)


def _words(place: int, sentence: PauliSentence) -> tuple[list[_MeasurementPart], float]:
    parts, offset = [], 0.0
    for word, value in sentence.items():
        coefficient = float(np.real(to_numpy(value)))
        if not word:
            offset += coefficient
            continue
        axis_of = dict(word)
        in_z = PauliWord(dict.fromkeys(word, "Z"))
        rotations = _pauli_rotations(axis_of)
        parts.append(
            _MeasurementPart(place, axis_of, rotations, word=in_z, coefficient=coefficient)
        )
    return parts, offset


def _whole(place: int, measurement: MeasurementProcess) -> _MeasurementPart:
    """Return a measurement that one circuit shows all of."""
    obs = measurement.obs
    if obs is None:
        return _MeasurementPart(place, dict.fromkeys(measurement.wires, "Z"), {}, measurement)
    sentence = obs.pauli_rep
    # The basis of probabilities is PennyLane's choice even where all eigenvalues are the same.
    if sentence is not None and not isinstance(measurement, ProbabilityMP):
        axis_of = _pauli_axes(sentence)
        if axis_of is not None:
            turned = _replaced(measurement, obs=_in_z(sentence, measurement.wires))
            return _MeasurementPart(place, axis_of, _pauli_rotations(axis_of), turned)
    if isinstance(obs, BasisStateProjector):  # its eigenvalues would be an array over all states
        return _MeasurementPart(place, dict.fromkeys(obs.wires, "Z"), {}, measurement)
    if isinstance(obs, qml.SparseHamiltonian):
        obs = qml.Hermitian(obs.matrix(), obs.wires)
    axis_of, rotations = _axes(obs)
    turned = _replaced(measurement, wires=measurement.wires, eigvals=obs.eigvals())
    return _MeasurementPart(place, axis_of, rotations, turned)


def _pauli_axes(sentence: PauliSentence) -> dict[Any, Hashable] | None:
    """Return the one basis that shows all the words, or None where there is none."""
    axis_of: dict[Any, Hashable] = {}
    for word in sentence:
        for wire, axis in word.items():
            if axis_of.setdefault(wire, axis) != axis:
                return None
    return axis_of


def _pauli_rotations(axis_of: dict[Any, Hashable]) -> dict[Hashable, list[Operator]]:
    return {(wire, axis): _TO_Z[str(axis)](wire) for wire, axis in axis_of.items()}


def _in_z(sentence: PauliSentence, wires: qml.wires.Wires) -> Operator:
    """Return the observable with every Pauli letter read as Z; an identity keeps its wires."""
    words = {PauliWord(dict.fromkeys(word, "Z")): value for word, value in sentence.items()}
    return PauliSentence(words).operation(wire_order=wires)


def _axes(obs: Operator) -> tuple[dict[Any, Hashable], dict[Hashable, list[Operator]]]:
    """Find the axes of an observable that is no sum of commuting Pauli words.

    Factors of a product on wires of their own are turned one by one, so that another measurement
    can share the wires of some of them; anything else is turned as a whole.

    Returns:
        the axis of each wire, and the gates that rotate each axis

    Raises:
        DeviceError: nobody knows the observable's eigenvectors
    """
    factors = obs.operands if isinstance(obs, qml.ops.Prod) else (obs,)
    wires = [wire for factor in factors for wire in factor.wires]
    if len(wires) != len(set(wires)):
        factors = (obs,)
    axis_of: dict[Any, Hashable] = {}
    rotations: dict[Hashable, list[Operator]] = {}
    for factor in factors:
        letters = _letters(factor)
        if letters is not None:
            axis_of.update(letters)
            rotations.update(_pauli_rotations(letters))
            continue
        axis_of.update(dict.fromkeys(factor.wires, hash(factor)))
        try:
            rotations[hash(factor)] = factor.diagonalizing_gates()
        except DiagGatesUndefinedError:
            raise DeviceError(
                f"Observable {factor} is not supported: its eigenvectors are unknown"
            ) from None
    return axis_of, rotations


def _letters(factor: Operator) -> dict[Any, Hashable] | None:
    """Return the Pauli letter of each wire of a word; None for anything else."""
    if isinstance(factor, qml.ops.Sum | qml.ops.LinearCombination):
        return None  # PennyLane orders the outcomes of a sum by its eigenvalues
    sentence = factor.pauli_rep
    if sentence is None or len(sentence) != 1:
        return None
    (word,) = sentence
    return dict(word) if set(word) == set(factor.wires) else None


def _replaced(measurement: MeasurementProcess, **what: Any) -> MeasurementProcess:
    if isinstance(measurement, CountsMP):
        what["all_outcomes"] = measurement.all_outcomes
    if isinstance(measurement, ProbabilityMP):
        what = {"wires": measurement.wires}
    if isinstance(measurement, SampleMP):
        what["dtype"] = sample_dtype(measurement)
    return type(measurement)(**what)


def wire_order(wires: Iterable[Any]) -> list[Any]:
    """Return a tape's wires in the order of PennyLane's devices without wires.

    Integers from 0 on are in their own order, any others in the order of their first use.
    """
    used = list(wires)
    return sorted(used) if set(used) == set(range(len(used))) else used


def qubits_of(used: qml.wires.Wires, device_wires: Any) -> dict[Any, int]:
    """Return the qubit of each wire that a tape uses, in the order of the device's wires.

    Wires that no gate and no measurement names get no qubit: they'd cost time, and money.
    """
    wires = [wire for wire in device_wires if wire in used] if device_wires else wire_order(used)
    return {wire: qubit for qubit, wire in enumerate(wires)}


def in_computational_basis(measurement: MeasurementProcess) -> bool:
    """Return whether a measurement can be read from bits as it is."""
    if measurement.obs is None or isinstance(measurement.obs, BasisStateProjector):
        return True
    sentence = measurement.obs.pauli_rep
    return sentence is not None and all(axis == "Z" for word in sentence for axis in word.values())
