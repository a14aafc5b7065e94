"""Literal translation of operations to GPi, GPi2 and MS or ZZ, with RZ as a change of frame.

Identities and their checks: IonQ, "Getting started with native gates". A frame of z turns on a
qubit stands for an RZ(2πz) that the gates before have left behind. Since

    GPi(φ)·RZ(2πz) = RZ(2πz)·GPi(φ-z)    GPi2(φ)·RZ(2πz) = RZ(2πz)·GPi2(φ-z)
    MS(φ₀, φ₁, θ)·RZ(2πz) = RZ(2πz)·MS(φ₀-z, φ₁, θ)   (RZ on the first qubit)

and ZZ commutes with it, a frame moves to the end of the circuit, where a measurement in the
computational basis can't see it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pennylane.operation import Operator

from pennylane_qstore import ops
from pennylane_qstore.compiler.circuit.columns import Column, tabled
from pennylane_qstore.compiler.operators.gate_set import PENNYLANE_IONQ_ISING, PENNYLANE_IONQ_NATIVE
from pennylane_qstore.compiler.pulses.angle_range import in_turns
from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.program import Gate, Programs

_X_AXIS, _Y_AXIS = 0.0, 0.25  # turns in the equator of the Bloch sphere


class _Writer:
    """Writes native gates one after another, carrying every qubit's frame in turns."""

    def __init__(self, qubits: int, entangler: str) -> None:
        self.entangler = entangler
        self.gates: list[Gate] = []
        self.numbers: list[Column | float] = []
        self._frames: list[Column | float] = [0.0] * qubits

    def turn(self, qubit: int, turns: Column | float) -> None:
        """RZ(2π·turns)."""
        self._frames[qubit] = self._frames[qubit] + turns

    def pi_pulse(self, qubit: int, phase: Column | float) -> None:
        """GPi about the axis at a phase."""
        self._write("gpi", (qubit,), _wrapped(phase - self._frames[qubit]))

    def half_pulse(self, qubit: int, phase: Column | float) -> None:
        """GPi2 about the axis at a phase."""
        self._write("gpi2", (qubit,), _wrapped(phase - self._frames[qubit]))

    def rotation(self, qubit: int, axis: float, turns: Column | float) -> None:
        """A rotation about an axis in the equator: the frame turned between two half pulses."""
        self.half_pulse(qubit, axis - 0.25)
        self.turn(qubit, turns)
        self.half_pulse(qubit, axis + 0.25)

    def hadamard(self, qubit: int) -> None:
        """RY(π/2)·Z."""
        self.turn(qubit, 0.5)
        self.half_pulse(qubit, _Y_AXIS)

    def ising(
        self, pair: tuple[int, int], phases: Sequence[Column | float], turns: Column | float
    ) -> None:
        """exp(-iπ·turns G(φ₀)⊗G(φ₁)), in the entangler the backend has."""
        if self.entangler == "ms":
            self._ms(pair, phases, turns)
            return
        for qubit, phase in zip(pair, phases, strict=True):
            self.half_pulse(qubit, phase - 0.25)
        self._zz(pair, turns)
        for qubit, phase in zip(pair, phases, strict=True):
            self.half_pulse(qubit, phase + 0.25)

    def ising_zz(self, pair: tuple[int, int], turns: Column | float) -> None:
        """exp(-iπ·turns Z⊗Z), in the entangler the backend has."""
        if self.entangler == "zz":
            self._zz(pair, turns)
            return
        for qubit in pair:
            self.half_pulse(qubit, _Y_AXIS)
        self._ms(pair, (_X_AXIS, _X_AXIS), turns)
        for qubit in pair:
            self.half_pulse(qubit, _Y_AXIS + 0.5)

    def _ms(
        self, pair: tuple[int, int], phases: Sequence[Column | float], turns: Column | float
    ) -> None:
        halves, rest = _folded(turns)
        for qubit, phase in zip(pair, phases, strict=True):
            self._pi_pulse_where(halves, qubit, phase)
        frames = [phase - self._frames[q] for q, phase in zip(pair, phases, strict=True)]
        first = frames[0] + np.where(rest < 0, 0.5, 0.0)  # MS(φ₀, φ₁, -θ) = MS(φ₀+1/2, φ₁, θ)
        self._write("ms", pair, _wrapped(first), _wrapped(frames[1]), np.abs(rest))

    def _zz(self, pair: tuple[int, int], turns: Column | float) -> None:
        halves, rest = _folded(turns)
        for qubit in pair:
            self.turn(qubit, np.where(halves, 0.5, 0.0))  # ZZ(θ+1/2) = -i (Z⊗Z) ZZ(θ)
        negative = rest < 0  # ZZ(-θ) = (X⊗1) ZZ(θ) (X⊗1); the API's angle is not negative
        self._pi_pulse_where(negative, pair[0], _X_AXIS)
        self._write("zz", pair, np.abs(rest))
        self._pi_pulse_where(negative, pair[0], _X_AXIS)

    def _pi_pulse_where(self, needed: Any, qubit: int, phase: Column | float) -> None:
        """A π pulse for some circuits of the batch; one structure has to serve them all."""
        if np.all(needed):
            self.pi_pulse(qubit, phase)
        elif np.any(needed):
            self.half_pulse(qubit, phase)
            self.half_pulse(qubit, phase + np.where(needed, 0.0, 0.5))

    def _write(self, name: str, qubits: tuple[int, ...], *numbers: Column | float) -> None:
        self.gates.append(Gate(name, qubits))
        self.numbers.extend(numbers)


def _folded(turns: Column | float) -> tuple[Any, Any]:
    """Return whether half turns taken off are odd in number, and the rest in [-¼, ¼] turns."""
    halves = np.rint(2 * np.asarray(turns))
    return halves % 2 == 1, turns - halves / 2


def _wrapped(turns: Any) -> Any:
    """Return the same phase in [-½, ½] turns."""
    return turns - np.rint(turns)


def _cz(write: _Writer, pair: tuple[int, int]) -> None:
    write.ising_zz(pair, 0.25)
    for qubit in pair:
        write.turn(qubit, -0.25)


def _cnot(write: _Writer, pair: tuple[int, int]) -> None:
    control, target = pair
    if write.entangler == "zz":
        write.hadamard(target)
        _cz(write, pair)
        write.hadamard(target)
        return
    write.half_pulse(control, _Y_AXIS)
    write.ising(pair, (_X_AXIS, _X_AXIS), 0.25)
    write.half_pulse(control, _Y_AXIS + 0.5)
    write.turn(control, -0.25)
    write.half_pulse(target, _X_AXIS + 0.5)


def _swap(write: _Writer, pair: tuple[int, int]) -> None:
    for ends in (pair, pair[::-1], pair):
        _cnot(write, ends)


Rule = Callable[[_Writer, Any, Sequence[Column]], None]

_BY_NAME: dict[str, Rule] = {
    "RX": lambda write, q, p: write.rotation(q[0], _X_AXIS, in_turns(p[0])),
    "RY": lambda write, q, p: write.rotation(q[0], _Y_AXIS, in_turns(p[0])),
    "RZ": lambda write, q, p: write.turn(q[0], in_turns(p[0])),
    "PhaseShift": lambda write, q, p: write.turn(q[0], in_turns(p[0])),
    "PauliX": lambda write, q, _: write.pi_pulse(q[0], _X_AXIS),
    "PauliY": lambda write, q, _: write.pi_pulse(q[0], _Y_AXIS),
    "PauliZ": lambda write, q, _: write.turn(q[0], 0.5),
    "Hadamard": lambda write, q, _: write.hadamard(q[0]),
    "S": lambda write, q, _: write.turn(q[0], 0.25),
    "T": lambda write, q, _: write.turn(q[0], 0.125),
    "SX": lambda write, q, _: write.half_pulse(q[0], _X_AXIS),
    "Adjoint(S)": lambda write, q, _: write.turn(q[0], -0.25),
    "Adjoint(T)": lambda write, q, _: write.turn(q[0], -0.125),
    "Adjoint(SX)": lambda write, q, _: write.half_pulse(q[0], _X_AXIS + 0.5),
    "CNOT": lambda write, q, _: _cnot(write, q),
    "CZ": lambda write, q, _: _cz(write, q),
    "SWAP": lambda write, q, _: _swap(write, q),
    "IsingXX": lambda write, q, p: write.ising(q, (_X_AXIS, _X_AXIS), in_turns(p[0])),
    "IsingYY": lambda write, q, p: write.ising(q, (_Y_AXIS, _Y_AXIS), in_turns(p[0])),
    "IsingZZ": lambda write, q, p: write.ising_zz(q, in_turns(p[0])),
    "Identity": lambda *_: None,
    "GlobalPhase": lambda *_: None,
    "Barrier": lambda *_: None,
}
_gpi, _gpi2, _ms = PENNYLANE_IONQ_NATIVE
_xx, _yy, _zz = PENNYLANE_IONQ_ISING
_BY_CLASS: dict[type[Operator], Rule] = {
    **dict.fromkeys((ops.GPI, _gpi), lambda write, q, p: write.pi_pulse(q[0], p[0])),
    **dict.fromkeys((ops.GPI2, _gpi2), lambda write, q, p: write.half_pulse(q[0], p[0])),
    **dict.fromkeys((ops.MS, _ms), lambda write, q, p: write.ising(q, p[:2], p[2])),
    ops.ZZ: lambda write, q, p: write.ising_zz(q, p[0]),
    _xx: _BY_NAME["IsingXX"],
    _yy: _BY_NAME["IsingYY"],
    _zz: _BY_NAME["IsingZZ"],
}


def compile_native(
    operations: Sequence[Operator],
    columns: Sequence[Sequence[Column]],
    qubit_of: Mapping[Any, int],
    batch: int,
    entangler: str,
) -> Programs:
    """Operations of the gate set to native programs of one structure.

    The programs' unitary is the operations', up to a global phase and an RZ on each qubit at the
    end. A circuit without a single pulse gets a pair that cancels, since IonQ fails empty ones.

    Args:
        operations: of the gate set
        columns: each operation's parameters, of shape () or (batch,)
        qubit_of: the qubit of each wire
        batch: how many circuits the parameters make
        entangler: "ms" or "zz", as the backend has

    Returns:
        the programs, numbers of shape (batch, n_slots), phases in [-½, ½], angles in [0, ¼] turns

    Raises:
        CompileError: an operation without a rule
    """
    write = _Writer(len(qubit_of), entangler)
    for place, (op, own) in enumerate(zip(operations, columns, strict=True)):
        rule = _BY_CLASS.get(type(op)) or _BY_NAME.get(op.name)
        if rule is None:
            raise CompileError(f"operation {place}, {op}, has no rule in IonQ's native gates")
        rule(write, tuple([qubit_of[wire] for wire in op.wires]), own)
    if not write.gates:
        write.half_pulse(0, 0.0)
        write.half_pulse(0, 0.5)
    return Programs(
        "native", max(1, len(qubit_of)), tuple(write.gates), tabled(write.numbers, batch)
    )
