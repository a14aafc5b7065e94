"""Fold native programs at their entanglers, so that they carry more noise and do the same.

After an entangler G, pairs G⁻¹G are inserted into the compiled program, where no optimiser can take
them out again (unitary folding: Giurgica-Tiron et al., arXiv 2005.10921). The API's angles are 0 to
¼ turn, so an inverse is MS(φ₀ + ½, φ₁, θ), or GPi·ZZ(θ)·GPi on one of the two qubits. Coherent
over-rotation in proportion to the angle cancels in G⁻¹G (arXiv 2104.01119), so folding doesn't
amplify it.
"""

import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.program import Gate, Gates, Programs

HALF_TURN = 0.5
# The error of a one-qubit pulse as a part of an entangler's, where no characterization tells:
# IonQ's published noise model of Forte, 0.000266667 / 0.004949333.
PULSE_WEIGHT = 0.054
_SLOTS = {"gpi": 1, "gpi2": 1, "ms": 3, "zz": 1}
_ENTANGLERS = ("ms", "zz")
_CLOSE = 0.05  # a scale that is off by less needs no warning


class FoldedPrograms(NamedTuple):
    """Programs after folding.

    Attributes:
        programs: do what they did before
        scale: how much more error they have than before
    """

    programs: Programs
    scale: float


class _FoldLayout(NamedTuple):
    """The map from programs' numbers to those of their folded programs.

    Attributes:
        gates: of the folded programs
        slots: for each number, the number before that it is, or -1 for a zero
        shifts: what is added to each number, in turns
    """

    gates: Gates
    slots: NDArray[np.int_]
    shifts: NDArray[np.float64]


def fold_programs(programs: Programs, scale: float, weight: float = PULSE_WEIGHT) -> FoldedPrograms:
    """Insert pairs of an entangler and its inverse.

    Args:
        programs: native programs of one structure
        scale: how much more error is wanted, at least 1. The nearest number of pairs is taken, and
            shared out evenly over the entanglers
        weight: the error of a one-qubit pulse as a part of an entangler's

    Returns:
        the folded programs, and the scale that they reach, in which extra pulses are counted

    Raises:
        ValueError: the scale is less than 1, or the programs are not native
    """
    if not 1 <= scale < np.inf:
        raise ValueError(f"a scale factor is a number of at least 1, not {scale}")
    if programs.gateset != "native":
        raise ValueError("only programs of native gates can be folded")
    gates = programs.gates if isinstance(programs.gates, Gates) else Gates(programs.gates)
    layout = _layout(gates, _pairs(gates, scale))
    zero = np.zeros((len(programs), 1))
    numbers = np.concatenate([programs.numbers, zero], axis=1)[:, layout.slots] + layout.shifts
    numbers = np.where(numbers > HALF_TURN, numbers - 1, numbers)  # a phase, modulo one turn
    folded = Programs(
        programs.gateset, programs.qubits, layout.gates, numbers, programs.bits, programs.flips
    )
    return FoldedPrograms(
        folded, _errors(layout.gates, weight) / max(_errors(gates, weight), 1e-300)
    )


def fold_as_asked(programs: Programs, scale: float) -> Programs:
    """Fold programs to a scale that a user asked for.

    Args:
        programs: native programs of one structure
        scale: how many times as many entanglers are wanted

    Returns:
        the folded programs; a warning tells where the scale can't be reached

    Raises:
        CompileError: the scale is less than 1, or the programs are not native
    """
    try:
        folded = fold_programs(programs, scale).programs
    except ValueError as error:
        raise CompileError(f"a tape can't be folded: {error}") from None
    before, after = programs.gate_counts()["2q"], folded.gate_counts()["2q"]
    reached = after / before if before else 1.0
    if before and abs(reached - scale) > _CLOSE * scale:
        warnings.warn(
            f"a noise scale of {scale:g} was asked for, and {reached:.3g} is sent: the compiled "
            f"circuit has {before} two-qubit gates. Extrapolate with the scale that is sent",
            stacklevel=2,
        )
    return folded


def _pairs(gates: Gates, scale: float) -> tuple[int, ...]:
    """Return the number of pairs after each entangler, shared out evenly."""
    count = sum(gate.name in _ENTANGLERS for gate in gates)
    pairs = round((scale - 1) / 2 * count)
    ends = [(place + 1) * pairs // count for place in range(count)]
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


def _errors(gates: Gates, weight: float) -> float:
    """Return the error of a program in units of an entangler's."""
    pairs = sum(gate.name in _ENTANGLERS for gate in gates)
    return pairs + weight * (len(gates) - pairs)


@lru_cache(maxsize=256)
def _layout(gates: Gates, pairs: tuple[int, ...]) -> _FoldLayout:
    folded: list[Gate] = []
    slots: list[int] = []
    shifts: list[float] = []

    def add(gate: Gate, first: int, shift: float = 0.0) -> None:
        folded.append(gate)
        count = _SLOTS[gate.name]
        slots.extend(range(first, first + count) if first >= 0 else [-1] * count)
        shifts.extend([shift, *[0.0] * (count - 1)])

    first, remaining = 0, iter(pairs)
    for gate in gates:
        add(gate, first)
        for _ in range(next(remaining) if gate.name in _ENTANGLERS else 0):
            if gate.name == "ms":
                add(gate, first, HALF_TURN)
            else:
                flip = Gate("gpi", gate.qubits[:1])
                add(flip, -1)
                add(gate, first)
                add(flip, -1)
            add(gate, first)
        first += _SLOTS[gate.name]
    return _FoldLayout(Gates(folded), np.array(slots, dtype=int), np.array(shifts))
