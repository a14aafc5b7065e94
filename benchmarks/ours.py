"""What our compiler makes of a tape: programs, their errors, and the time they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters
from pennylane.tape import QuantumScript

from benchmarks import corpus
from benchmarks.rivals import Counts, timed
from pennylane_qstore.compiler import TemplateCache, compile_batch, preprocessing
from pennylane_qstore.compiler.structure import is_parametric
from pennylane_qstore.program import Programs
from tests.compiler.native_matrix import distance_up_to_names, program_matrix

BATCH, REPEATS, NUDGE = 100, 3, 0.1
_SIGHTS = 2  # a structure with values of its own gets a template when it comes back
_PREPARING = (qml.StatePrep, qml.MottonenStatePreparation, qml.AmplitudeEmbedding)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What we make of a circuit.

    Attributes:
        programs: one program, when its structure has a template
        first: the counts of what is sent when the structure is first seen
        seconds: to compile it to a template, and bind it
        outcomes: maps the measured bits to the circuit's; None where they are the same
    """

    programs: Programs
    first: Counts
    seconds: float
    outcomes: Any

    @property
    def counts(self) -> Counts:
        """(one-qubit, two-qubit) gates."""
        return _counts(self.programs)


def _counts(programs: Programs) -> Counts:
    counted = programs.gate_counts()
    return counted["1q"], counted["2q"]


def ours(tape: QuantumScript, entangler: str, *, measurement_aware: bool) -> Compiled | None:
    """A tape to our program; None where there is no such mode yet.

    An operation that holds values, as a unitary does, is translated literally when it is first
    seen, and compiled when it is seen again.
    """
    if measurement_aware:
        return None
    wires = sorted(tape.wires)
    best: Compiled | None = None
    for _ in range(REPEATS):
        cache = TemplateCache()
        steps = _steps(wires, entangler, cache)
        first, seconds = None, 0.0
        for _ in range(_SIGHTS):
            start = perf_counter()
            batch, _ = steps((tape,))
            ((programs, _, _),) = compile_batch(batch, wires, entangler)
            seconds = perf_counter() - start
            first = first or _counts(programs)
            if cache.stats().misses:
                break
        if best is None or seconds < best.seconds:
            best = Compiled(programs, first, seconds, None)
    return best


def _steps(wires: Sequence[int], entangler: str, cache: TemplateCache) -> Any:
    return preprocessing("benchmark", qml.wires.Wires(wires), None, cache, lambda: entangler)


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


def times(gates: Sequence[Operator], wires: int, entangler: str) -> Times:
    """Times a batch of circuits whose angles are near the circuit's own, as in training."""
    rng = np.random.default_rng(5)
    tapes = [corpus.tape(_nudged(gates, rng), wires) for _ in range(BATCH)]
    steps = _steps(range(wires), entangler, TemplateCache())
    for _ in range(_SIGHTS):
        batch, _ = steps(tapes)
    template = batch[0].operations[0].template
    params = np.array([each.operations[0].params[0] for each in batch])

    def from_tapes() -> Any:
        return compile_batch(steps(tapes)[0], range(wires), entangler)

    def to_json() -> list[list[str]]:
        return [programs.bodies() for programs, _, _ in from_tapes()]

    calls = (lambda: template.bind(params, entangler), from_tapes, to_json)
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
    found = program_matrix(programs)
    if any(isinstance(op, _PREPARING) for op in gates):
        return float(np.abs(np.abs(found[:, 0]) ** 2 - np.abs(expected[:, 0]) ** 2).max())
    return distance_up_to_names(expected, found)
