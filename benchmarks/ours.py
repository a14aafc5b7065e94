"""What our compiler makes of a tape: programs, their errors, and the time they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters
from pennylane.tape import QuantumScript

from benchmarks import corpus
from benchmarks.rivals import Counts, timed
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing
from pennylane_qstore.compiler.operators.angles import is_parametric
from pennylane_qstore.programs.program import Programs
from tests.compiler.native_matrix import (
    distance_up_to_names,
    outcome_probabilities,
    program_matrix,
)

BATCH, REPEATS, NUDGE = 100, 3, 0.1
_PREPARING = (qml.StatePrep, qml.MottonenStatePreparation, qml.AmplitudeEmbedding)


class Compiled(NamedTuple):
    """What we make of a circuit.

    Attributes:
        programs: one program
        seconds: to compile it, where its structure is new
    """

    programs: Programs
    seconds: float

    @property
    def counts(self) -> Counts:
        """(one-qubit, two-qubit) gates."""
        counted = self.programs.gate_counts()
        return counted["1q"], counted["2q"]


def ours(tape: QuantumScript, target: Target) -> Compiled:
    """A tape to our program, and the least time of a few to make it from nothing."""
    wires = sorted(tape.wires)
    found = []
    for _ in range(REPEATS):
        steps = _steps(wires, target, TemplateCache())
        start = perf_counter()
        ((programs, _, _),) = compile_batch(steps((tape,))[0], wires, target)
        found.append(Compiled(programs, perf_counter() - start))
    return min(found, key=lambda each: each.seconds)


def _steps(wires: Sequence[int], target: Target, cache: TemplateCache) -> Any:
    return preprocessing("benchmark", qml.wires.Wires(wires), None, cache, lambda: target)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a circuit, when the structure is known.

    Attributes:
        angles: how many a template leaves open
        bind: from arrays of angles
        tapes: from tapes of their own
        json: from tapes of their own to the text that is sent
    """

    angles: int
    bind: float
    tapes: float
    json: float


def times(gates: Sequence[Operator], wires: int, target: Target) -> Times:
    """Times a batch of circuits whose angles are near the circuit's own, as in training."""
    rng = np.random.default_rng(5)
    tapes = [corpus.tape(_nudged(gates, rng), wires) for _ in range(BATCH)]
    steps = _steps(range(wires), target, TemplateCache())
    for _ in range(2):
        batch, _ = steps(tapes)
    template = batch[0].operations[0].template
    params = np.array([each.operations[0].params[0] for each in batch])

    def from_tapes() -> Any:
        return compile_batch(steps(tapes)[0], range(wires), target)

    def to_json() -> list[list[str]]:
        return [programs.bodies() for programs, _, _ in from_tapes()]

    calls = (lambda: template.bind(params, target), from_tapes, to_json)
    return Times(params.shape[1], *(timed(call, 2 + REPEATS)[0] / BATCH for call in calls))


def _nudged(gates: Sequence[Operator], rng: np.random.Generator) -> list[Operator]:
    return [
        bind_new_parameters(
            op, [value + rng.normal(0, NUDGE, np.shape(value)) for value in op.data]
        )
        if is_parametric(op)
        else op
        for op in gates
    ]


def error(programs: Programs, gates: Sequence[Operator], expected: NDArray[Any]) -> float:
    """How far a program is from a circuit's unitary, or from its state where it prepares one.

    Args:
        programs: the program
        gates: what it was compiled from
        expected: the circuit's unitary
    """
    if any(isinstance(op, _PREPARING) for op in gates):
        return error_of_outcomes(programs, expected)
    return distance_up_to_names(expected, program_matrix(programs))


def error_of_outcomes(programs: Programs, expected: NDArray[Any]) -> float:
    """How far the probabilities that are read out are from those of a circuit's unitary."""
    found = outcome_probabilities(programs, int(np.log2(len(expected))))
    return float(np.abs(found - np.abs(expected[:, 0]) ** 2).max())
