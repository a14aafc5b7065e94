"""Reads OpenQASM 3 into the API's gates, with pyqasm as the parser.

IonQ accepts a subset of the language; the emulator accepts what pyqasm unrolls to gates, and
measurements at the end. The job of any other program fails after it was accepted, as in IonQ's
preflight.

`main` runs in a process that `intake/qasm_process.py` starts, without the rest of the package.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from pennylane_qstore.emulator.intake.qasm_size import (
    MOST_GATES,
    MOST_QUBITS,
    TOO_LONG,
    TOO_WIDE,
    ProgramError,
    check_size,
)

MISSING = "OpenQASM needs a parser: pip install 'pennylane-qstore[qasm]'."
MOST_CHARACTERS = 1_000_000

# The gates of unrolled programs: the API's name, and how many of the qubits are controls.
GATES: Mapping[str, tuple[str, int]] = {
    "x": ("x", 0),
    "y": ("y", 0),
    "z": ("z", 0),
    "h": ("h", 0),
    "s": ("s", 0),
    "sdg": ("si", 0),
    "t": ("t", 0),
    "tdg": ("ti", 0),
    "sx": ("v", 0),
    "sxdg": ("vi", 0),
    "rx": ("rx", 0),
    "ry": ("ry", 0),
    "rz": ("rz", 0),
    "p": ("z", 0),
    "cx": ("x", 1),
    "cy": ("y", 1),
    "cz": ("z", 1),
    "ch": ("h", 1),
    "cp": ("z", 1),
    "crx": ("rx", 1),
    "cry": ("ry", 1),
    "crz": ("rz", 1),
    "rxx": ("xx", 0),
    "ryy": ("yy", 0),
    "rzz": ("zz", 0),
    "swap": ("swap", 0),
    "ccx": ("x", 2),
    "cswap": ("swap", 1),
}
# Gates that aren't decomposed, so that they are counted and noisy as they were written.
WHOLE = ("p", "cy", "ch", "cp", "crx", "cry", "crz", "rxx", "ryy", "rzz", "cswap")
NOTHING = ("id", "gphase")
WITHOUT_EFFECT = (
    "Include",
    "QuantumBarrier",
    "QuantumPhase",
    "ConstantDeclaration",
    "QuantumGateDefinition",
    "DelayInstruction",
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program as the API's gates.

    Attributes:
        gates: its gates, as the API's JSON
        qubits: number of qubits; if bits are measured, the first qubits stand for the bits
        bits: how many of the first qubits are measured; None for all
        registers: name of each declared register of bits, and the qubits that stand for its bits
    """

    gates: list[dict[str, Any]]
    qubits: int
    bits: int | None
    registers: tuple[tuple[str, tuple[int, ...]], ...] = ()


def read_program(text: str) -> Program:
    """Read a program, unrolled by pyqasm.

    Its bits become the lowest qubits, in the order declared. Without a measurement, all qubits are
    measured, in the order declared.

    Returns:
        Its gates, qubits and measured bits.

    Raises:
        ProgramError: the program isn't OpenQASM 3, or uses what isn't emulated
    """
    if len(text) > MOST_CHARACTERS:
        raise ProgramError(f"A program may have {MOST_CHARACTERS} characters.")
    try:
        # Half a second that few need.
        openqasm3, pyqasm = import_module("openqasm3"), import_module("pyqasm")
    except ImportError as error:
        raise ProgramError(MISSING) from error
    # The job's failure says what it would log.
    logging.getLogger("pyqasm").setLevel(logging.CRITICAL)
    try:
        program = openqasm3.parse(text)
        check_size(program.statements)
        module = pyqasm.loads(program)
        module.unroll(external_gates=list(WHOLE))
        statements = module.unrolled_ast.statements
    except ProgramError:
        raise
    # The parser raises many kinds of exceptions.
    except Exception as error:
        raise ProgramError(f"The program can't be read: {str(error)[:300]}") from error
    return _QasmReader().read(statements)


class _QasmReader:
    """Converts the statements of an unrolled program to the API's gates."""

    def __init__(self) -> None:
        self._gates: list[dict[str, Any]] = []
        self._qubits: dict[str, int] = {}
        self._bits: dict[str, int] = {}
        self._declared = [0, 0]
        self._measured: dict[int, int] = {}
        self._touched: set[int] = set()
        self._takers: dict[str, Callable[[Any], None]] = {
            "QubitDeclaration": self._take_qubits,
            "ClassicalDeclaration": self._take_bits,
            "QuantumGate": self._take_gate,
            "QuantumMeasurementStatement": self._take_measurement,
            "QuantumReset": self._take_reset,
        }

    def read(self, statements: Iterable[Any]) -> Program:
        """Return the program's gates, qubits and measured bits."""
        for statement in statements:
            kind = type(statement).__name__
            if kind in self._takers:
                self._takers[kind](statement)
            elif kind not in WITHOUT_EFFECT:
                raise ProgramError(f"{_words(kind)} is not emulated.")
            if len(self._gates) > MOST_GATES:
                raise ProgramError(TOO_LONG)
        if not self._measured:
            return Program(self._gates, max(1, self._declared[0]), None)
        return self._by_bits()

    def _by_bits(self) -> Program:
        """Return the program with the qubit measured into bit k as qubit k, the rest behind."""
        bits = self._declared[1]
        names = dict(self._measured)
        spare = [q for q in range(self._declared[0]) if q not in names]
        names |= {qubit: bits + place for place, qubit in enumerate(spare)}
        for gate in self._gates:
            for role in ("targets", "controls"):
                gate[role] = [names[qubit] for qubit in gate[role]]
        ends = [*self._bits.values(), bits][1:]
        registers = tuple(
            (name, tuple(range(start, end)))
            for (name, start), end in zip(self._bits.items(), ends, strict=True)
        )
        return Program(self._gates, bits + len(spare), bits, registers)

    def _take_qubits(self, statement: Any) -> None:
        self._declare(self._qubits, 0, statement.qubit.name, statement.size)

    def _take_bits(self, statement: Any) -> None:
        if type(statement.type).__name__ == "BitType":
            self._declare(self._bits, 1, statement.identifier.name, statement.type.size)

    def _declare(self, names: dict[str, int], kind: int, name: str, size: Any) -> None:
        names[name] = self._declared[kind]
        self._declared[kind] += 1 if size is None else size.value
        if self._declared[kind] > MOST_QUBITS:
            raise ProgramError(TOO_WIDE)

    def _take_gate(self, statement: Any) -> None:
        name = statement.name.name
        if name in NOTHING:
            return
        if name not in GATES:
            raise ProgramError(f"The gate {name!r} is not emulated.")
        gate, controls = GATES[name]
        angles = [_number(argument) for argument in statement.arguments]
        for modifier in statement.modifiers:
            kind = modifier.modifier.name
            if kind == "ctrl":
                controls += 1 if modifier.argument is None else modifier.argument.value
            elif kind == "inv" and gate not in ("s", "t", "v"):
                angles = [-angle for angle in angles]
            else:
                raise ProgramError(f"The modifier {kind!r} of {name!r} is not emulated.")
        qubits = [self._place(self._qubits, qubit) for qubit in statement.qubits]
        if any(qubit in self._measured for qubit in qubits):
            raise ProgramError("A gate after a measurement of its qubit is not emulated.")
        self._touched.update(qubits)
        self._gates.append(
            {"gate": gate, "controls": qubits[:controls], "targets": qubits[controls:]}
            | ({"rotation": angles[0]} if angles else {})
        )

    def _take_reset(self, statement: Any) -> None:
        """Leave out a reset of a qubit that is still in its initial state."""
        qubit = self._place(self._qubits, statement.qubits)
        if qubit in self._touched or qubit in self._measured:
            raise ProgramError("A reset after a gate or a measurement of its qubit isn't emulated.")

    def _take_measurement(self, statement: Any) -> None:
        if statement.target is None:
            raise ProgramError("A measurement needs a bit that it goes to.")
        qubit = self._place(self._qubits, statement.measure.qubit)
        bit = self._place(self._bits, statement.target)
        if qubit in self._measured or bit in self._measured.values():
            raise ProgramError("Measuring a qubit twice, or into a bit twice, is not emulated.")
        self._measured[qubit] = bit

    def _place(self, names: Mapping[str, int], where: Any) -> int:
        if not hasattr(where, "indices"):
            return names[where.name]
        return names[where.name.name] + int(where.indices[0][0].value)


def _number(argument: Any) -> float:
    """Return the value of a literal, with its sign."""
    if type(argument).__name__ == "UnaryExpression":
        return -_number(argument.expression)
    return float(argument.value)


def _words(kind: str) -> str:
    """Return a statement's class name in words: "Branching statement"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize()


def main() -> None:
    """Read programs from the standard input and write what they come to, a line each."""
    with open(1, "w", encoding="utf-8", closefd=False) as answers:
        sys.stdout = sys.stderr  # what the parser prints isn't an answer
        for line in sys.stdin:
            try:
                body = asdict(read_program(json.loads(line)))
            except ProgramError as error:
                body = {"error": str(error)}
            answers.write(json.dumps(body) + "\n")
            answers.flush()
