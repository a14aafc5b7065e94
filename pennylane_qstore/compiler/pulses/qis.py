"""Compile operations to IonQ's QIS gates, which IonQ compiles by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pennylane_qstore.compiler.circuit.columns import Column, tabled
from pennylane_qstore.compiler.operators.gate_set import (
    NATIVE,
    PENNYLANE_IONQ_ISING,
    PENNYLANE_IONQ_NATIVE,
)
from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.program import Gate, Programs

_NAMES = {
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "PhaseShift": "rz",  # the same up to a global phase
    "PauliX": "x",
    "PauliY": "y",
    "PauliZ": "z",
    "Hadamard": "h",
    "S": "s",
    "T": "t",
    "SX": "v",
    "Adjoint(S)": "si",
    "Adjoint(T)": "ti",
    "Adjoint(SX)": "vi",
    "CNOT": "cnot",
    "CZ": "cz",
    "SWAP": "swap",
    "IsingXX": "xx",
    "IsingYY": "yy",
    "IsingZZ": "zz",
}
_IDLE = {"Identity", "GlobalPhase", "Barrier"}
_ISING = dict(zip(PENNYLANE_IONQ_ISING, ("xx", "yy", "zz"), strict=True))


def compile_qis(
    operations: Sequence[Operator],
    columns: Sequence[Sequence[Column]],
    qubit_of: Mapping[Any, int],
    batch: int,
) -> Programs:
    """Operations of the gate set to QIS programs of one structure.

    Args:
        operations: of the gate set
        columns: each operation's parameters, of shape () or (batch,)
        qubit_of: the qubit of each wire
        batch: how many circuits the parameters make

    Returns:
        the programs, numbers of shape (batch, n_slots) in radians

    Raises:
        CompileError: an operation without a QIS gate, such as a native one
    """
    gates: list[Gate] = []
    numbers: list[Column] = []
    for place, (op, own) in enumerate(zip(operations, columns, strict=True)):
        if op.name in _IDLE:
            continue
        gates.append(Gate(_name(op, place), tuple([qubit_of[wire] for wire in op.wires])))
        numbers.extend(own)
    if not gates:  # IonQ fails an empty circuit
        gates.append(Gate("rz", (0,)))
        numbers.append(np.zeros(()))
    return Programs("qis", max(1, len(qubit_of)), tuple(gates), tabled(numbers, batch))


def _name(op: Operator, place: int) -> str:
    name = _ISING.get(type(op))
    if name is None and not isinstance(op, (*NATIVE, *PENNYLANE_IONQ_NATIVE)):
        name = _NAMES.get(op.name)
    if name is None:
        raise CompileError(f"operation {place}, {op}, has no QIS gate; use gateset='native'")
    return name
