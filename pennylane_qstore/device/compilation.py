"""Compile the circuits of a QNode's call without sending them: gates, drawing, counts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pennylane as qml
from pennylane import QNode
from pennylane.tape import QuantumScript

from pennylane_qstore.cloud.backend import Fidelities
from pennylane_qstore.compiler.batch import Labelled
from pennylane_qstore.compiler.templates.operation import operations
from pennylane_qstore.device.device import QStoreDevice
from pennylane_qstore.errors import OptionError
from pennylane_qstore.programs.outcomes import BitMap
from pennylane_qstore.programs.program import Programs

_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Compilation:
    """One circuit as it would be sent; ``print`` draws it.

    Attributes:
        backend: what it would run on
        programs: a batch of this one program: its gates, their numbers, its map of bits
        shots: how often it would run, or None
        names: for each qubit of the program, the wire that it is named after
        reading: a sentence that says what each measured bit stands for
        fidelity: the estimate by the backend's last characterization: the product of the median
            fidelities of its one-qubit gates, its two-qubit gates, and of the preparation and
            measurement of each qubit; None where the backend is a simulator or reports no medians
    """

    backend: str
    programs: Programs
    shots: int | None
    names: tuple[Any, ...]
    reading: str
    fidelity: float | None

    @property
    def circuit(self) -> list[dict[str, object]]:
        """The gates as Python values, as the API reads them."""
        return self.programs.circuits()[0]

    @property
    def qubits(self) -> int:
        """The number of qubits of the program that is sent."""
        return self.programs.qubits

    @property
    def depth(self) -> int:
        """The largest number of gates that follow one another."""
        return self.programs.depth()

    def gate_counts(self) -> dict[str, int]:
        """Return the numbers of gates as the API counts them: {"1q": …, "2q": …}."""
        return self.programs.gate_counts()

    def draw(self, decimals: int | None = _DECIMALS) -> str:
        """Return PennyLane's drawing of the gates that are sent, on the wires they are named after.

        Args:
            decimals: of their numbers, in turns (in radians for QIS gates); None leaves them out
        """
        tape = QuantumScript(operations(self.programs, self.names))
        drawn = qml.drawer.tape_text(
            tape, wire_order=self.names, show_all_wires=True, decimals=decimals
        )
        return str(drawn)

    def __str__(self) -> str:
        counts = self.gate_counts()
        told = [
            f"{self.backend}: {_number(self.qubits, 'qubit')}",
            f"{_number(counts['1q'], 'one-qubit gate')}",
            f"{_number(counts['2q'], 'two-qubit gate')}",
            f"depth {self.depth}",
        ]
        if self.shots is not None:
            told.append(_number(self.shots, "shot"))
        if self.fidelity is not None:
            told.append(f"estimated fidelity {self.fidelity:.3f}")
        return "\n".join([", ".join(told), self.draw(), self.reading])


def compile(
    circuit: Any, device: QStoreDevice | None = None
) -> Callable[..., Compilation | tuple[Compilation, ...]]:
    """Compile a QNode or a tape as the device would, without sending it.

    Args:
        circuit: a QNode, or a tape
        device: to compile for; None takes the QNode's

    Returns:
        a function of the QNode's arguments (of none for a tape) that gives a `Compilation`, or a
        tuple of them where the call becomes several circuits: measurements that can't share one,
        or a batch

    Raises:
        OptionError: there is no qstore.ionq device
        QStoreError: what the device raises for the same circuit before it sends it

    Example:
        >>> dev = qml.device("qstore.ionq", wires=2)
        >>> @qml.qnode(dev)
        ... def circuit(x):
        ...     qml.RX(x, 0)
        ...     qml.CNOT([0, 1])
        ...     return qml.probs(wires=[0, 1])
        >>> print(qstore.compile(circuit)(0.3))
        emulator: 2 qubits, 2 one-qubit gates, 0 two-qubit gates, depth 2
        0: ──GPI2(-0.250)──GPI2(0.202)─┤
        1: ────────────────────────────┤
        bits: 0 is that of 0; 1 is the parity of 0 and 1
    """
    chosen = getattr(circuit, "device", None) if device is None else device
    if not isinstance(chosen, QStoreDevice):
        raise OptionError("device", chosen, 'use a device of "qstore.ionq"')
    if not isinstance(circuit, QuantumScript | QNode):
        raise OptionError("circuit", circuit, "use a QNode, or a tape (a QuantumScript)")

    def compiled(*args: Any, **kwargs: Any) -> Compilation | tuple[Compilation, ...]:
        if isinstance(circuit, QuantumScript):
            tapes, _ = chosen.preprocess_transforms()((circuit,))
        else:
            node = circuit if device is None else circuit.update(device=device)
            tapes, _ = qml.workflow.construct_batch(node, level="device")(*args, **kwargs)
        fidelities = chosen.fidelities()
        found = {
            place: _compilation(chosen, each, row, fidelities)
            for each in chosen.compiled(tapes)
            for row, place in enumerate(each.compiled.places)
        }
        compilations = tuple(found[place] for place in sorted(found))
        return compilations[0] if len(compilations) == 1 else compilations

    return compiled


def _compilation(
    device: QStoreDevice, each: Labelled, row: int, fidelities: Fidelities | None
) -> Compilation:
    programs, shots, _ = each.compiled
    counts = programs.gate_counts()
    gates = counts["1q"], counts["2q"]
    return Compilation(
        device.backend,
        programs.row(row),
        shots,
        each.names,
        in_words(each, programs.bits_of(0)),
        None if fidelities is None else fidelities.of(*gates, programs.qubits),
    )


def in_words(each: Labelled, bits: BitMap | None) -> str:
    """Return a sentence that says what each measured bit stands for, by the wires' names."""
    if bits is None:
        return "bits: those of the wires"
    asked = bits.with_controls(each.measured)
    told = [f"{each.wires[qubit]} is {_parity(bits, qubit, each.names)}" for qubit in sorted(asked)]
    for controls, target in bits.gates:
        where = [str(wire) for qubit, wire in enumerate(each.wires) if controls >> qubit & 1]
        told.append(f"then {each.wires[target]} is flipped where {' and '.join(where)} are 1")
    return f"bits: {'; '.join(told)}"


def _parity(bits: BitMap, qubit: int, names: tuple[Any, ...]) -> str:
    places = [str(name) for k, name in enumerate(names) if bits.parities[qubit] >> k & 1]
    flipped = bits.flips >> qubit & 1
    match places:
        case []:
            return str(flipped)
        case [place]:
            told = f"that of {place}"
        case _:
            told = f"the parity of {' and '.join(places)}"
    return f"{told}, flipped" if flipped else told


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
