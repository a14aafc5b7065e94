"""Compile a batch of tapes to native programs; tapes of one structure are bound together."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler import verify
from pennylane_qstore.compiler.operators.gate_set import has_rule
from pennylane_qstore.compiler.optimiser.optimise import Bound
from pennylane_qstore.compiler.tapes.directive import Directive, directive_of
from pennylane_qstore.compiler.tapes.measurements import in_computational_basis, qubits_of
from pennylane_qstore.compiler.templates.operation import BoundTemplate
from pennylane_qstore.compiler.templates.parameters import literal
from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.errors import CompileError, TemplateFileError
from pennylane_qstore.programs.program import Programs

_POINTS, _MOST_ROWS = 2, 8  # that loaded circuits are compared at: random ones, and the batch's
_PREPROCESS = "run the tape with qml.execute, or through the device's preprocess_transforms"
_REPORT = "This is an error in pennylane-qstore: please report it, with the tape."


class CircuitPlace(NamedTuple):
    """The origin of a circuit: a tape of the batch, and a row of its broadcast axis."""

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
    places: list[CircuitPlace]


class Labelled(NamedTuple):
    """Circuits, and the wires that they are on.

    Attributes:
        compiled: the circuits
        names: for each qubit of the programs, the wire that it is named after
        wires: the wire of each of the tape's qubits
        measured: the tape's qubits whose bits are measured
    """

    compiled: Compiled
    names: tuple[Any, ...]
    wires: tuple[Any, ...]
    measured: frozenset[int]


def compile_batch(tapes: Sequence[QuantumScript], wires: Any, target: Target) -> list[Compiled]:
    """Compile tapes to programs, one `Compiled` for each structure and number of shots.

    Args:
        tapes: from the device's preprocessing
        wires: of the device, or None
        target: what is compiled to

    Returns:
        the circuits of the batch, grouped by structure and shots

    Raises:
        CompileError: an operation without a rule, an angle that is no finite real number, a tape
            that has not been through the preprocessing; or a program that the API would refuse or,
            where the target asks for that check, one that doesn't do what its tape does
    """
    return [compiled for compiled, _, _ in _bound(tapes, wires, target)]


def labelled_batch(
    tapes: Sequence[QuantumScript], wires: Any, target: Target
) -> Iterator[Labelled]:
    """Yield the same circuits with the wires that they are on."""
    for compiled, bound, template in _bound(tapes, wires, target):
        labels = tuple(template.qubit_of) or (0,)
        names = tuple(labels[qubit] for qubit in bound.qubits)
        yield Labelled(compiled, names, labels, template.measured)


def _bound(
    tapes: Sequence[QuantumScript], wires: Any, target: Target
) -> list[tuple[Compiled, Bound, Template]]:
    """Return programs of one structure each, with what they were bound from."""
    together: dict[tuple[int, int | None, float], list[tuple[int, NDArray[Any]]]] = {}
    templates: dict[int, Template] = {}
    for index, tape in enumerate(tapes):
        template, params, directive = template_of(tape, wires)
        templates[template.number] = template
        scale = 1.0 if directive is None else directive.scale
        key = template.number, tape.shots.total_shots, scale
        together.setdefault(key, []).append((index, params))
    found = []
    for (number, shots, scale), carried in together.items():
        places = [
            CircuitPlace(index, row) for index, params in carried for row in range(len(params))
        ]
        rows = np.concatenate([params for _, params in carried])
        template = templates[number]
        bounds = template.bind(rows, target, scale)
        if template.take_unverified(target):
            _check_loaded(template, rows, target)
        for bound in bounds:
            own = [places[row] for row in bound.rows.tolist()]
            _check_ranges(bound.programs, own)
            if target.verify:
                _check(template, rows, bound, target, places)
            found.append((Compiled(bound.programs, shots, own), bound, template))
    return found


class Carried(NamedTuple):
    """The template and parameters that a device-level tape holds.

    Attributes:
        template: of its structure
        params: its angles, shape (batch, n_params)
        directive: how it is to be run, or None
    """

    template: Template
    params: NDArray[Any]
    directive: Directive | None


def template_of(tape: QuantumScript, wires: Any) -> Carried:
    """Read a device-level tape.

    Args:
        tape: from the device's preprocessing
        wires: of the device, or None

    Returns:
        its template, its angles and how it is to be run

    Raises:
        CompileError: the tape has not been through the preprocessing
    """
    return _carried(tape) or _one_off(tape, wires)


def _check_ranges(programs: Programs, places: Sequence[CircuitPlace]) -> None:
    refused = programs.refused()
    if refused is not None:
        tape, row = places[refused.row]
        raise CompileError(
            f"tape {tape}, circuit {row} of its batch: {refused.what}; nothing was sent. {_REPORT}"
        )


def _check_loaded(template: Template, rows: NDArray[Any], target: Target) -> None:
    """Compare circuits that a file of saved templates gave with the tape's, at random angles too.

    Raises:
        TemplateFileError: one of them is another circuit
    """
    points = np.random.default_rng().uniform(-np.pi, np.pi, (_POINTS, rows.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wide circuits are compared as far as verify=True does
        for params in (points, rows[:_MOST_ROWS]):
            for bound in template.bind(params, target):
                wrong = verify.mismatch(template, params, bound, target)
                if wrong is not None:
                    template.distrust(target)
                    raise TemplateFileError(
                        "the saved templates that were loaded have another circuit for this tape: "
                        f"{wrong.what} differs by {wrong.difference:.2g}; nothing was sent. Delete "
                        "the file, and call dev.cache.clear()"
                    )


def _check(
    template: Template,
    rows: NDArray[Any],
    bound: Bound,
    target: Target,
    places: Sequence[CircuitPlace],
) -> None:
    wrong = verify.mismatch(template, rows, bound, target)
    if wrong is not None:
        tape, row = places[wrong.row]
        raise CompileError(
            f"tape {tape}, circuit {row} of its batch: the program that was compiled for it is not "
            f"the tape's, {wrong.what} differs by {wrong.difference:.2g}; nothing was sent. "
            f"{_REPORT}"
        )


def _carried(tape: QuantumScript) -> Carried | None:
    operations = tape.operations
    if len(operations) == 1 and type(operations[0]) is BoundTemplate:
        carrier = operations[0]
        return Carried(carrier.template, carrier.params, carrier.directive)
    return None


def _one_off(tape: QuantumScript, wires: Any) -> Carried:
    """Return a template for a tape that has none, and its open angles, shape (batch, n_params)."""
    for measurement in tape.measurements:
        if not in_computational_basis(measurement):
            raise CompileError(f"{measurement} is not in the computational basis: {_PREPROCESS}")
    directive, plain = directive_of(tape)
    for place, op in enumerate(plain.operations):
        if not has_rule(op):
            raise CompileError(
                f"operation {place}, {op.name} on {op.wires.tolist()}, is no gate that the device "
                f"runs as it is: {_PREPROCESS}"
            )
    lifted, params = literal(plain)
    return Carried(Template(lifted, qubits_of(tape.wires, wires)), params, directive)
