"""A batch of tapes to programs: those of one structure bound together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler.bound import BoundTemplate
from pennylane_qstore.compiler.grouping import in_computational_basis, qubits_of
from pennylane_qstore.compiler.native import compile_native
from pennylane_qstore.compiler.numbers import columns
from pennylane_qstore.compiler.qis import compile_qis
from pennylane_qstore.compiler.template import Template
from pennylane_qstore.errors import CompileError
from pennylane_qstore.program import Programs


class Place(NamedTuple):
    """Where a circuit comes from: a tape of the batch, and a row of its broadcast axis."""

    tape: int
    row: int


class Compiled(NamedTuple):
    """Circuits of one structure and equal shots.

    Attributes:
        programs: the circuits
        shots: of each of them, or None
        places: where each of them comes from
    """

    programs: Programs
    shots: int | None
    places: list[Place]


def compile_batch(tapes: Sequence[QuantumScript], wires: Any, gates: str) -> list[Compiled]:
    """Tapes to programs, as few arrays as there are structures and shots.

    Args:
        tapes: from the device's preprocessing
        wires: of the device, or None
        gates: "ms" or "zz", the native entangler that the backend has, or "qis"

    Raises:
        CompileError: an operation without a rule, an angle that is no finite real number, or a
            tape that has not been through the preprocessing
    """
    compiled: list[Compiled] = []
    together: dict[tuple[int, int | None], list[int]] = {}
    for index, tape in enumerate(tapes):
        shots = tape.shots.total_shots
        if (carried := _carried(tape)) is not None:
            together.setdefault((id(carried.template), shots), []).append(index)
        else:
            programs = _literal(tape, wires, gates)
            places = [Place(index, row) for row in range(len(programs))]
            compiled.append(Compiled(programs, shots, places))
    for (_, shots), indices in together.items():
        carriers = [tapes[index].operations[0] for index in indices]
        rows = [carrier.params for carrier in carriers]
        places = [
            Place(index, row)
            for index, params in zip(indices, rows, strict=True)
            for row in range(len(params))
        ]
        template: Template = carriers[0].template
        for bound in template.bind(np.concatenate(rows), gates):
            own = [places[row] for row in bound.rows.tolist()]
            compiled.append(Compiled(bound.programs, shots, own))
    return compiled


def _carried(tape: QuantumScript) -> BoundTemplate | None:
    operations = tape.operations
    if len(operations) == 1 and isinstance(operations[0], BoundTemplate):
        return operations[0]
    return None


def _literal(tape: QuantumScript, wires: Any, gates: str) -> Programs:
    """A tape that has no template, gate by gate."""
    for measurement in tape.measurements:
        if not in_computational_basis(measurement):
            raise CompileError(
                f"{measurement} is not in the computational basis: run the tape with qml.execute, "
                "or through the device's preprocess_transforms"
            )
    own = [columns(op, place, tape.batch_size) for place, op in enumerate(tape.operations)]
    qubit_of = qubits_of(tape.wires, wires)
    batch = tape.batch_size or 1
    if gates == "qis":
        return compile_qis(tape.operations, own, qubit_of, batch)
    return compile_native(tape.operations, own, qubit_of, batch, gates)
