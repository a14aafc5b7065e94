"""Twenty circuits to compare compilers by, as textbook gates and as PennyLane's operators."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from benchmarks.corpus import operators

_HERE = Path(__file__).parent
_WIDTH = re.compile(r"qreg q\[(\d+)\];")
_GATE = re.compile(r"(\w+)(?:\((.+)\))? (q\[\d+\](?:,q\[\d+\])*);")
_QUBIT = re.compile(r"\d+")
# OpenQASM 2's names, those of qelib1.inc and ``ryy``, which the files that use it define.
_TEXTBOOK: dict[str, Callable[..., Operator]] = {
    "h": qml.Hadamard,
    "x": qml.X,
    "z": qml.Z,
    "t": qml.T,
    "tdg": lambda wires: qml.adjoint(qml.T(wires)),
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "u1": qml.PhaseShift,
    "cx": qml.CNOT,
    "swap": qml.SWAP,
    "cu1": qml.ControlledPhaseShift,
    "rxx": qml.IsingXX,
    "ryy": qml.IsingYY,
    "rzz": qml.IsingZZ,
}


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit of the corpus.

    Attributes:
        name: its file's
        wires: how many
        qasm: its textbook gates as OpenQASM 2
    """

    name: str
    wires: int
    qasm: str

    def textbook(self) -> list[Operator]:
        """Its textbook gates, one operator each."""
        return [
            _TEXTBOOK[name](
                *map(float, filter(None, angles.split(","))),
                wires=[int(qubit) for qubit in _QUBIT.findall(qubits)],
            )
            for name, angles, qubits in _GATE.findall(self._body())
        ]

    def operators(self) -> list[Operator] | None:
        """The same unitary by PennyLane's own operators; None where they are the textbook's."""
        make = operators.FORMS.get(self.name)
        return None if make is None else make(self.textbook())

    def forms(self) -> dict[str, list[Operator]]:
        """The circuit in each of its forms, by "textbook" and "operators"."""
        own = self.operators()
        return {"textbook": self.textbook()} | ({} if own is None else {"operators": own})

    def _body(self) -> str:
        return self.qasm[_WIDTH.search(self.qasm).end() :]


def names() -> list[str]:
    """All circuits' names, in order."""
    return sorted(path.stem for path in _HERE.glob("*.qasm"))


def load(name: str) -> Circuit:
    """A circuit by its name."""
    qasm = (_HERE / f"{name}.qasm").read_text()
    return Circuit(name, int(_WIDTH.search(qasm)[1]), qasm)


def goals() -> dict[str, dict[str, dict[str, tuple[int, int]]]]:
    """The counts (one-qubit, two-qubit) to reach, by circuit, machine and mode.

    Machines are "forte" and "aria"; modes "exact" and, where the input |0…0⟩ makes sense,
    "measured".
    """
    found = json.loads((_HERE / "goals.json").read_text())
    return {
        name: {
            machine: {mode: tuple(counts) for mode, counts in modes.items()}
            for machine, modes in machines.items()
        }
        for name, machines in found.items()
    }


def tape(gates: Sequence[Operator], wires: int) -> QuantumScript:
    """Gates and a measurement of all wires."""
    return QuantumScript(gates, [qml.probs(wires=range(wires))])
