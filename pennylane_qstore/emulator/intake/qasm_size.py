"""Counts qubits and gates of a parsed OpenQASM program, and mends its ranges, before unrolling."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

MOST_QUBITS, MOST_GATES = 64, 150_000
TOO_WIDE = f"A program may have {MOST_QUBITS} qubits and as many bits."
TOO_LONG = f"A program may have {MOST_GATES} gates."
_LARGEST = 10**30  # a larger constant counts as infinite
_OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": lambda base, power: float(base) ** power,
}


class ProgramError(ValueError):
    """A program that can't be run: its job fails."""


def check_size(statements: Iterable[Any]) -> None:
    """Refuse a program that has too many qubits, bits or gates, and mend its ranges in place.

    A loop whose bounds aren't constant counts once: unrolling it has limits of its own.
    pyqasm 1.3.0 takes a step too many where a range's last value isn't its end ([0:2:7]), so such a
    range gets its last value as its end.

    Args:
        statements: of the program, as openqasm3 parses it

    Raises:
        ProgramError: there are too many, or a step but no constant range
    """
    if _SizeEstimate().of_block(statements) > MOST_GATES:
        raise ProgramError(TOO_LONG)


class _SizeEstimate:
    """The sizes, constants and definitions of a program, as far as it has been read."""

    def __init__(self) -> None:
        self._declared: dict[str, float] = {"qubits": 0, "bits": 0}
        self._sizes: dict[str, int] = {}
        self._constants: dict[str, float] = {}
        self._costs: dict[str, float] = {}
        self._counters: Mapping[str, Callable[[Any], float | None]] = {
            "QubitDeclaration": lambda s: self._declare("qubits", s.qubit.name, s.size),
            "ClassicalDeclaration": self._declare_bits,
            "ConstantDeclaration": self._define_constant,
            "QuantumGateDefinition": self._define,
            "SubroutineDefinition": self._define,
            "QuantumGate": self._of_gate,
            "ExpressionStatement": self._of_call,
            "ForInLoop": lambda s: self._rounds(s.set_declaration) * self.of_block(s.block),
            "BranchingStatement": lambda s: self.of_block((*s.if_block, *s.else_block)),
            "WhileLoop": lambda s: self.of_block(s.block),
            "Box": lambda s: self.of_block(s.body),
        }

    def of_block(self, statements: Iterable[Any]) -> float:
        """Return the number of gates of some statements; refuse too many qubits or bits."""
        total = 0.0
        for statement in statements:
            counter = self._counters.get(type(statement).__name__)
            total += 0 if counter is None else counter(statement) or 0
        return total

    def _declare(self, kind: str, name: str, size: Any) -> None:
        number = 1 if size is None else self._value(size) or 0
        self._declared[kind] += number
        if self._declared[kind] > MOST_QUBITS:
            raise ProgramError(TOO_WIDE)
        self._sizes[name] = int(number)

    def _declare_bits(self, statement: Any) -> None:
        if type(statement.type).__name__ == "BitType":
            self._declare("bits", statement.identifier.name, statement.type.size)

    def _define_constant(self, statement: Any) -> None:
        value = self._value(statement.init_expression)
        if value is not None:
            self._constants[statement.identifier.name] = value

    def _define(self, statement: Any) -> None:
        self._costs[statement.name.name] = self.of_block(statement.body)

    def _of_gate(self, gate: Any) -> float:
        # A gate on whole registers is one gate on each of their qubits.
        registers = [each.name for each in gate.qubits if not hasattr(each, "indices")]
        count = self._costs.get(gate.name.name, 1) * max(
            [1, *(self._sizes.get(name, 1) for name in registers)]
        )
        for modifier in gate.modifiers:
            if modifier.modifier.name == "pow":
                count *= abs(self._value(modifier.argument) or 1)
        return count

    def _of_call(self, statement: Any) -> float:
        name = getattr(statement.expression, "name", None)
        return self._costs.get(getattr(name, "name", ""), 0)

    def _rounds(self, values: Any) -> float:
        if hasattr(values, "values"):
            return len(values.values)
        if not hasattr(values, "step"):
            return 1
        start, end = self._value(values.start), self._value(values.end)
        step = 1 if values.step is None else self._value(values.step)
        if start is None or end is None or not step:
            if values.step is not None and step not in (1, -1):
                raise ProgramError("A loop with a step needs constant bounds.")
            return 1
        rounds = (end - start) / step + 1
        if not math.isfinite(rounds):
            return math.inf
        rounds = max(0, math.floor(rounds))
        if isinstance(start, int) and isinstance(step, int):
            values.end = import_module("openqasm3.ast").IntegerLiteral(start + (rounds - 1) * step)
        return rounds

    def _value(self, expression: Any) -> float | None:
        """Return the value of a constant expression; None if it isn't one."""
        match type(expression).__name__:
            case "IntegerLiteral" | "FloatLiteral":
                return expression.value if abs(expression.value) < _LARGEST else math.inf
            case "Identifier":
                return self._constants.get(expression.name)
            case "UnaryExpression" if expression.op.name == "-":
                value = self._value(expression.expression)
                return None if value is None else -value
            case "BinaryExpression" if expression.op.name in _OPERATORS:
                return self._combine(expression)
        return None

    def _combine(self, expression: Any) -> float | None:
        left, right = self._value(expression.lhs), self._value(expression.rhs)
        if left is None or right is None:
            return None
        try:
            value = _OPERATORS[expression.op.name](left, right)
        except (ArithmeticError, TypeError):
            return math.inf
        return value if isinstance(value, int | float) and abs(value) < _LARGEST else math.inf
